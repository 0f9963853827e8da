/* SPDX-License-Identifier: MIT */
/*
 * destroy and rename: hvxd's work, who keeps a domain's configuration. While it
 * is away domains can be destroyed all the same, and of those that another
 * tool made it keeps nothing that would have to be renamed.
 */
#include "cmds.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <libhvxs/hvxs.h>
#include "args.h"
#include "direct.h"
#include "hvxd_client.h"
#include "hvxl.h"

static void show_step(void *arg, const char *step)
{
	(void)arg;
	detail("%s", step);
}

/* Asks hvxd and tells what it says. */
static int ask(struct hvxd *h, const char *what, struct json_object *args,
	       const char *who)
{
	struct hvxd_error e;
	struct json_object *answer = hvxd_ask(h, what, args, show_step, NULL,
					      &e);

	if (!answer)
		return hvxd_fail(what, who, &e);
	json_object_put(answer);
	return 0;
}

const struct option_def destroy_options[] = {
	{ 'f', NULL, NULL, "Permit destroying domain 0" },
	{ 0 }
};

int cmd_destroy(int argc, char **argv)
{
	bool force = hvxl.force;
	const char *arg;
	struct hvxd *h;
	uint32_t domid;
	char **rest;
	int c, rc;

	while ((c = args_next(argc, argv, &arg)) >= 0)
		force |= c == 'f';
	args_rest(argc, argv, 1, 1, &rest);
	domid = domain_find(rest[0]);
	if (!domid && !force) {
		tell("Not destroying domain 0; use -f to force.");
		return fail("destroy: all guests' devices would go with it");
	}
	if (only_dry_run("destroy domain %u", domid))
		return 0;
	h = hvxd_open();
	if (h) {
		rc = ask(h, "destroy", hvxd_domain_args(domid), rest[0]);
	} else {
		/* Another tool's domain is none of hvxd's anyway. */
		if (!domain_is_foreign(NULL, domid))
			warn("hvxd does not answer: destroying domain %u "
			     "without it", domid);
		rc = direct_destroy(domid);
	}
	hvxd_close(h);
	return rc;
}

/* ---- rename ---- */

static bool name_is_taken(const char *name)
{
	uint32_t domid;

	return domain_lookup_name(name, &domid);
}

/* Why name is none for a domain, or NULL. Digits alone would be taken for an
 * id, a slash for a path. */
static const char *name_unfit(const char *name)
{
	if (!*name)
		return "a name can't be empty";
	if (strspn(name, "0123456789") == strlen(name))
		return "a name of digits alone would be taken for an id";
	return strchr(name, '/') ? "a name can't have a slash" : NULL;
}

static int rename_foreign(uint32_t domid, const char *name)
{
	struct xen_domctl_getdomaininfo info;
	char *path;
	int rc;

	if (hvctl_domain_info(hv(), domid, &info))
		return fail_domain("rename", domid);
	path = xformat("/local/domain/%u/name", domid);
	rc = store_put(path, name);
	free(path);
	if (rc)
		return fail("rename: the store refuses domain %u's name: %s",
			    domid, strerror(errno));
	return 0;
}

int cmd_rename(int argc, char **argv)
{
	struct json_object *args;
	const char *why;
	struct hvxd *h;
	uint32_t domid;
	char **rest;
	int rc;

	args_plain(argc, argv, 2, 2, &rest);
	domid = domain_find(rest[0]);
	why = name_unfit(rest[1]);
	if (why)
		return fail("rename: %s: %s", rest[1], why);
	if (name_is_taken(rest[1]))
		return fail("rename: there is a domain %s already", rest[1]);
	if (only_dry_run("rename domain %u to %s", domid, rest[1]))
		return 0;
	h = hvxd_open();
	if (domain_is_foreign(h, domid)) {
		rc = rename_foreign(domid, rest[1]);
	} else {
		if (!h)
			h = hvxd_need("rename");
		args = hvxd_domain_args(domid);
		json_object_object_add(args, "name",
				       json_object_new_string(rest[1]));
		rc = ask(h, "rename", args, rest[0]);
	}
	hvxd_close(h);
	return rc;
}
