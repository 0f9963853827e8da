/* SPDX-License-Identifier: MIT */
/*
 * block-list, -attach, -detach, -resize, and network-* likewise. Lists come from the
 * store; what changes a domain is hvxd's work.
 */
#include "cmds.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include "args.h"
#include "cfg.h"
#include "devices.h"
#include "disk_stats.h"
#include "hvxd_client.h"
#include "hvxl.h"
#include "out.h"

/* ---- lists ---- */

struct kind {
	const char *name;	/* in the store */
	void (*head)(FILE *out);
	void (*table)(FILE *out, const struct device *d, unsigned int n);
	bool nic;
};

static const struct kind disks = {
	"vbd", table_disks_head, table_disks, false
};
static const struct kind nics = { "vif", table_nics_head, table_nics, true };

static void list_one(const struct kind *kind, uint32_t domid,
		     struct json_object *json)
{
	struct device *list;
	unsigned int n = devices_list(domid, kind->name, &list);

	if (json)
		json_devices(json, list, n, domid, kind->nic);
	else
		kind->table(stdout, list, n);
	devices_free(list, n);
}

static int show_json(const struct kind *kind, struct json_object *list)
{
	struct json_object *stats = kind->nic ? NULL : disk_stats_ask();

	if (!kind->nic)
		disk_stats_to_devices(stats, list);
	json_object_put(stats);
	return json_print(stdout, list);
}

static int list_devices(const struct kind *kind, int argc, char **argv)
{
	struct json_object *json = NULL;
	int i, n, rc = 0;
	uint32_t domid;
	char **rest;

	n = args_plain(argc, argv, 1, argc, &rest);
	store();
	if (hvxl.json)
		json = json_new_list();
	else
		kind->head(stdout);
	for (i = 0; i < n; i++) {
		if (domain_lookup(rest[i], &domid)) {
			list_one(kind, domid, json);
			continue;
		}
		tell("%s is an invalid domain identifier (rc=-6)", rest[i]);
		rc = 1;
	}
	return json ? show_json(kind, json) | rc : rc;
}

int cmd_block_list(int argc, char **argv)
{
	return list_devices(&disks, argc, argv);
}

int cmd_network_list(int argc, char **argv)
{
	return list_devices(&nics, argc, argv);
}

/* ---- attach and detach ---- */

/* Several arguments are one spec, as if they stood in one with commas. */
static char *join(char **words, int n)
{
	char *text = xstrdup(n ? words[0] : ""), *more;
	int i;

	for (i = 1; i < n; i++) {
		more = xformat("%s,%s", text, words[i]);
		free(text);
		text = more;
	}
	return text;
}

/* Asks hvxd; args gets the domain. */
static int ask(const char *command, const char *what, uint32_t domid,
	       struct json_object *args)
{
	struct hvxd *h = hvxd_need(command);
	struct json_object *answer;
	struct hvxd_error e;
	char *name;

	json_object_object_add(args, "domain", json_object_new_int64(domid));
	answer = hvxd_ask(h, what, args, NULL, NULL, &e);
	hvxd_close(h);
	if (answer) {
		json_object_put(answer);
		return 0;
	}
	name = domain_name_shown(domid);
	hvxd_fail(command, name, &e);
	free(name);
	return 1;
}

/* What can be attached: a spec becomes hvxd's argument, or NULL and why. */
struct attachable {
	const char *command, *what;	/* hvxl's, hvxd's */
	const char *argument, *shown;
	struct json_object *(*parse)(const char *spec, char *why);
};

static struct json_object *parse_disk(const char *spec, char *why)
{
	struct json_object *json = NULL;
	struct guest_disk disk;

	if (!cfg_parse_disk(spec, &disk, why)) {
		/* hvxd works in another folder. */
		if (hvxl.dry_run || !guest_disk_make_absolute(&disk))
			json = disk_to_json(&disk);
		else
			snprintf(why, CFG_WHY, "no memory");
	}
	guest_disk_free(&disk);
	return json;
}

static struct json_object *parse_nic(const char *spec, char *why)
{
	struct json_object *json = NULL;
	struct guest_vif vif;

	if (!cfg_parse_vif(spec, &vif, why)) {
		json = vif_to_json(&vif, 0);
		/* Which number is free hvxd knows. */
		json_object_object_del(json, "devid");
	}
	guest_vif_free(&vif);
	return json;
}

static const struct attachable a_disk = {
	"block-attach", "disk-attach", "disk", "disk", parse_disk
};
static const struct attachable a_nic = {
	"network-attach", "nic-attach", "nic", "vif", parse_nic
};

/* least: how many arguments there must be. */
static int attach(const struct attachable *a, int least, int argc, char **argv)
{
	struct json_object *args, *json;
	char why[CFG_WHY], **rest, *spec;
	uint32_t domid;
	int n, rc;

	n = args_plain(argc, argv, least, argc, &rest);
	domid = domain_find(rest[0]);
	spec = join(rest + 1, n - 1);
	json = a->parse(spec, why);
	if (!json) {
		rc = fail("%s: %s: %s", a->command, spec, why);
		free(spec);
		return rc;
	}
	if (*why)
		warn("%s: %s", spec, why);
	free(spec);
	if (hvxl.dry_run) {
		printf("%s: ", a->shown);
		json_print_xl(json, stdout);
		json_object_put(json);
		return 0;
	}
	args = json_object_new_object();
	json_object_object_add(args, a->argument, json);
	return ask(a->command, a->what, domid, args);
}

int cmd_block_attach(int argc, char **argv)
{
	return attach(&a_disk, 2, argc, argv);
}

int cmd_network_attach(int argc, char **argv)
{
	return attach(&a_nic, 1, argc, argv);
}

const struct option_def detach_options[] = {
	{ OPT_FORCE, "force", NULL,
	  "At once: the guest loses what it had under way" },
	{ 0 }
};

static int detach(int argc, char **argv, const char *what,
		  int (*find)(uint32_t domid, const char *text, uint32_t *id))
{
	struct json_object *args;
	bool force = hvxl.force;
	uint32_t domid, id;
	const char *arg;
	char **rest;
	int c;

	while ((c = args_next(argc, argv, &arg)) >= 0)
		force |= c == OPT_FORCE;
	args_rest(argc, argv, 2, 2, &rest);
	domid = domain_find(rest[0]);
	if (find(domid, rest[1], &id))
		return 1;
	if (only_dry_run("%s %u of domain %u", what, id, domid))
		return 0;
	args = json_object_new_object();
	json_object_object_add(args, "device", json_object_new_int64(id));
	json_object_object_add(args, "force", json_object_new_boolean(force));
	return ask(argv[0], what, domid, args);
}

/* Whether the domain has it. */
static bool has_device(uint32_t domid, const char *kind, uint32_t id)
{
	char *backend = store_get("/libxl/%u/device/%s/%u/backend", domid,
				  kind, id);
	bool has = backend;

	free(backend);
	return has;
}

static int find_disk(uint32_t domid, const char *text, uint32_t *id)
{
	if (guest_vdev_number(text, id))
		return fail("%s names no disk; they are called like xvda, or "
			    "51712", text);
	if (has_device(domid, "vbd", *id))
		return 0;
	tell("Error: Device %s not connected.", text);
	return fail("`%s block-list %u` shows those there are", hvxl.prog,
		    domid);
}

static bool find_mac(uint32_t domid, const char *mac, uint32_t *id)
{
	struct device *list;
	unsigned int i, n = devices_list(domid, "vif", &list);
	bool found = false;

	for (i = 0; i < n && !found; i++) {
		found = !strcmp(list[i].mac, mac);
		*id = list[i].id;
	}
	devices_free(list, n);
	return found;
}

static int find_nic(uint32_t domid, const char *text, uint32_t *id)
{
	unsigned long n;
	char mac[18];

	if (parse_number(text, UINT32_MAX, &n)) {
		*id = n;
		if (has_device(domid, "vif", n))
			return 0;
	} else if (!guest_canonical_mac(text, mac) &&
		   find_mac(domid, mac, id)) {
		return 0;
	}
	tell("Unknown device %s.", text);
	return fail("`%s network-list %u` shows those there are", hvxl.prog,
		    domid);
}

int cmd_block_detach(int argc, char **argv)
{
	return detach(argc, argv, "disk-detach", find_disk);
}

int cmd_block_resize(int argc, char **argv)
{
	struct json_object *args;
	uint32_t domid, id;
	char **rest;

	args_plain(argc, argv, 2, 2, &rest);
	domid = domain_find(rest[0]);
	if (find_disk(domid, rest[1], &id))
		return 1;
	if (only_dry_run("disk-resize %u of domain %u", id, domid))
		return 0;
	args = json_object_new_object();
	json_object_object_add(args, "device", json_object_new_int64(id));
	return ask(argv[0], "disk-resize", domid, args);
}

int cmd_network_detach(int argc, char **argv)
{
	return detach(argc, argv, "nic-detach", find_nic);
}
