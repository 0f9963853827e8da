/* SPDX-License-Identifier: MIT */
/* What clients ask for: a line in the table, and its handler, for each. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <common/server.h>
#include "backend.h"
#include "census.h"
#include "create.h"
#include "disk_stats.h"
#include "end.h"
#include "events.h"
#include "life.h"
#include "nodes.h"
#include "order.h"
#include "reservation.h"
#include "state.h"

/* A handler takes r; -1: it is answered with f. d: of "domain", if the table
 * says that there must be one. */
typedef int handler_fn(struct hvxd *hd, struct request *r,
		       struct json_object *args, struct dom *d,
		       struct fault *f);

/* ---- create ---- */

static struct json_object *identity(const struct dom *d)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "domid", json_object_new_int(d->domid));
	json_object_object_add(o, "name", json_object_new_string(d->name));
	json_object_object_add(o, "uuid", json_object_new_string(d->uuid));
	return o;
}

static void on_created(struct dom *d, const struct fault *f, void *arg)
{
	struct request *r = arg;

	if (f) {
		req_fail(r, f);
		life_forget(d);
		return;
	}
	event_emit(d, "created", NULL, NULL);
	if (d->state == DOM_RUNNING)
		event_emit(d, "unpaused", NULL, NULL);
	req_ok(r, identity(d));
}

/* The configuration from a request, with what it leaves open made up. */
static int read_config(struct json_object *args, struct guest_config *c,
		       struct fault *f)
{
	struct json_object *o = NULL;
	char why[GUEST_WHY] = "is missing";

	memset(c, 0, sizeof(*c));
	json_object_object_get_ex(args, "config", &o);
	if (!json_object_is_type(o, json_type_object) ||
	    guest_from_json(o, c, why))
		return fault_set(f, EINVAL, "config", c->name, "config: %s",
				 why);
	if ((!c->uuid && guest_config_make_uuid(c)) ||
	    guest_config_make_macs(c))
		return fault_errno(f, "config", c->name,
				   "making up its UUID and addresses");
	return 0;
}

static int check_uuid(struct hvxd *hd, const struct guest_config *c,
		      struct fault *f)
{
	const struct dom *other = dom_by_uuid(hd, c->uuid);
	uint8_t bytes[16];

	if (uuid_bytes(c->uuid, bytes))
		return fault_set(f, EINVAL, "config", c->uuid,
				 "%s is no UUID", c->uuid);
	if (!other)
		return 0;
	fault_set(f, EEXIST, "name", c->uuid,
		  "the domain %s has this UUID already", other->name);
	fault_hint(f, "leave uuid out of the configuration, or destroy %s",
		   other->name);
	return -1;
}

static int do_create(struct hvxd *hd, struct request *r,
		     struct json_object *args, struct dom *d, struct fault *f)
{
	struct guest_config c;
	bool paused;

	(void)d;
	if (proto_flag(args, "paused", &paused, f))
		return -1;
	if (read_config(args, &c, f) || check_config(hd, &c, f) ||
	    check_name(hd, c.name, NULL, f) || check_uuid(hd, &c, f) ||
	    (!reservation_offered() && check_memory(hd, &c, f)))
		goto fail;
	d = dom_new(hd, c.name, c.uuid);
	if (!d) {
		fault_errno(f, "name", c.name, "reserving its name");
		goto fail;
	}
	d->config = c;
	dom_set_state(d, DOM_BUILDING, NULL);
	create_begin(d, r, paused, on_created, r);
	return 0;
fail:
	guest_config_free(&c);
	return -1;
}

/* ---- ends ---- */

static int do_destroy(struct hvxd *hd, struct request *r,
		      struct json_object *args, struct dom *d, struct fault *f)
{
	(void)hd;
	(void)args;
	(void)f;
	life_destroy(d, r, "destroyed by request");
	return 0;
}

static int give_order(struct request *r, struct json_object *args,
		      struct dom *d, const char *what, struct fault *f)
{
	enum dom_state state = dom_state_now(d);
	bool wait;

	if (proto_flag(args, "wait", &wait, f))
		return -1;
	if (d->domid == DOMID_NONE || (state != DOM_RUNNING &&
				       state != DOM_PAUSED &&
				       state != DOM_FOREIGN)) {
		fault_set(f, EINVAL, "control", d->name, "%s is %s: it can't be told to %s",
			  d->name, dom_state_names[state], what);
		fault_hint(f, "hvxl destroy %s ends it in any state", d->name);
		return -1;
	}
	order_give(d, r, what, wait);
	return 0;
}

static int do_shutdown(struct hvxd *hd, struct request *r,
		       struct json_object *args, struct dom *d,
		       struct fault *f)
{
	(void)hd;
	return give_order(r, args, d, "poweroff", f);
}

static int do_reboot(struct hvxd *hd, struct request *r,
		     struct json_object *args, struct dom *d, struct fault *f)
{
	(void)hd;
	return give_order(r, args, d, "reboot", f);
}

/* ---- changes ---- */

static int refuse_foreign(const struct dom *d, struct fault *f)
{
	if (!dom_is_foreign(d))
		return 0;
	return fault_set(f, EPERM, NULL, d->name,
			 "%s was made by another toolstack, which keeps its configuration",
			 d->name);
}

static int do_rename(struct hvxd *hd, struct request *r,
		     struct json_object *args, struct dom *d, struct fault *f)
{
	const char *name;

	if (proto_string(args, "name", &name, f) || refuse_foreign(d, f) ||
	    check_name(hd, name, d, f))
		return -1;
	if (d->create || d->end || d->domid == DOMID_NONE)
		return fault_set(f, EBUSY, "name", d->name,
				 "%s is %s: it can be renamed when it runs",
				 d->name, dom_state_names[d->state]);
	if (nodes_rename(d, name, d->uuid))
		return fault_errno(f, "store", d->name, "renaming it");
	if (dom_set_name(d, name) || state_write(d))
		return fault_errno(f, "record", d->name, "renaming it");
	event_emit(d, "renamed", NULL, NULL);
	req_ok(r, NULL);
	return 0;
}

static int do_config(struct hvxd *hd, struct request *r,
		     struct json_object *args, struct dom *d, struct fault *f)
{
	struct json_object *o;

	(void)hd;
	(void)args;
	if (refuse_foreign(d, f))
		return -1;
	o = json_object_new_object();
	json_object_object_add(o, "config", guest_to_json(&d->config));
	req_ok(r, o);
	return 0;
}

/* Name and UUID are the domain's, whatever the new configuration says. */
static int keep_identity(struct dom *d, struct guest_config *c)
{
	char *name = strdup(d->name), *uuid = strdup(d->uuid);

	if (!name || !uuid) {
		free(name);
		free(uuid);
		return -1;
	}
	free(c->name);
	free(c->uuid);
	c->name = name;
	c->uuid = uuid;
	return 0;
}

static int do_config_update(struct hvxd *hd, struct request *r,
			    struct json_object *args, struct dom *d,
			    struct fault *f)
{
	struct guest_config c, old = d->config;

	if (refuse_foreign(d, f))
		return -1;
	if (d->create)
		return fault_set(f, EBUSY, "config", d->name,
				 "%s is being created", d->name);
	if (read_config(args, &c, f) || check_config(hd, &c, f)) {
		guest_config_free(&c);
		return -1;
	}
	if (keep_identity(d, &c)) {
		guest_config_free(&c);
		return fault_errno(f, "config", d->name, "taking it over");
	}
	d->config = c;
	if (state_write(d)) {
		fault_errno(f, "record", d->name, "writing its state file");
		d->config = old;
		guest_config_free(&c);
		return -1;
	}
	guest_config_free(&old);
	req_ok(r, NULL);
	return 0;
}

/* ---- devices ---- */

static int do_disk_attach(struct hvxd *hd, struct request *r,
			  struct json_object *args, struct dom *d,
			  struct fault *f)
{
	(void)hd;
	return device_attach(d, BACKEND_DISKS, args, r, f);
}

static int do_disk_detach(struct hvxd *hd, struct request *r,
			  struct json_object *args, struct dom *d,
			  struct fault *f)
{
	(void)hd;
	return device_detach(d, BACKEND_DISKS, args, r, f);
}

static int do_disk_resize(struct hvxd *hd, struct request *r,
			  struct json_object *args, struct dom *d,
			  struct fault *f)
{
	(void)hd;
	return device_resize(d, BACKEND_DISKS, args, r, f);
}

static int do_nic_attach(struct hvxd *hd, struct request *r,
			 struct json_object *args, struct dom *d,
			 struct fault *f)
{
	(void)hd;
	return device_attach(d, BACKEND_NICS, args, r, f);
}

static int do_nic_detach(struct hvxd *hd, struct request *r,
			 struct json_object *args, struct dom *d,
			 struct fault *f)
{
	(void)hd;
	return device_detach(d, BACKEND_NICS, args, r, f);
}

/* ---- questions ---- */

static int do_list(struct hvxd *hd, struct request *r,
		   struct json_object *args, struct dom *d, struct fault *f)
{
	struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();

	(void)args;
	(void)f;
	census_names(hd);
	for (d = hd->doms; d; d = d->next)
		json_object_array_add(list, dom_to_json(d));
	json_object_object_add(o, "domains", list);
	req_ok(r, o);
	return 0;
}

static int do_domain(struct hvxd *hd, struct request *r,
		     struct json_object *args, struct dom *d, struct fault *f)
{
	(void)hd;
	(void)args;
	(void)f;
	req_ok(r, dom_to_json(d));
	return 0;
}

static int do_disk_counters(struct hvxd *hd, struct request *r,
			 struct json_object *args, struct dom *d,
			 struct fault *f)
{
	struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();

	(void)args;
	(void)f;
	for (d = hd->doms; d; d = d->next)
		disk_stats_add(d, list);
	json_object_object_add(o, "disks", list);
	req_ok(r, o);
	return 0;
}

static int do_events(struct hvxd *hd, struct request *r,
		     struct json_object *args, struct dom *d, struct fault *f)
{
	(void)hd;
	(void)args;
	(void)d;
	(void)f;
	req_follow(r);
	return 0;
}

static int do_ping(struct hvxd *hd, struct request *r,
		   struct json_object *args, struct dom *d, struct fault *f)
{
	struct json_object *o = json_object_new_object();

	(void)hd;
	(void)args;
	(void)d;
	(void)f;
	json_object_object_add(o, "version", json_object_new_int(1));
	json_object_object_add(o, "pid", json_object_new_int(getpid()));
	req_ok(r, o);
	return 0;
}

/* ---- the table ---- */

static const struct op {
	const char *name;
	handler_fn *fn;
	bool on_domain;
} ops[] = {
	{ "create", do_create, false },
	{ "destroy", do_destroy, true },
	{ "shutdown", do_shutdown, true },
	{ "reboot", do_reboot, true },
	{ "rename", do_rename, true },
	{ "config", do_config, true },
	{ "config-update", do_config_update, true },
	{ "disk-attach", do_disk_attach, true },
	{ "disk-detach", do_disk_detach, true },
	{ "disk-resize", do_disk_resize, true },
	{ "nic-attach", do_nic_attach, true },
	{ "nic-detach", do_nic_detach, true },
	{ "list", do_list, false },
	{ "domain", do_domain, true },
	{ "disk-counters", do_disk_counters, false },
	{ "events", do_events, false },
	{ "ping", do_ping, false },
};

static int find_domain(struct hvxd *hd, struct json_object *args,
		       struct dom **d, struct fault *f)
{
	const char *what;

	if (proto_string(args, "domain", &what, f))
		return -1;
	if (!strcmp(what, "0") || !strcmp(what, "Domain-0"))
		return fault_set(f, EPERM, NULL, what,
				 "domain 0 is this one: it isn't hvxd's to change");
	*d = dom_find(hd, what);
	if (!*d) {
		/* It may have come, or been renamed, just now. */
		census_run(hd);
		census_names(hd);
		*d = dom_find(hd, what);
	}
	if (*d)
		return 0;
	fault_set(f, ENOENT, NULL, what, "there is no domain %s", what);
	fault_hint(f, "hvxl list shows those that there are");
	return -1;
}

void request_serve(void *arg, struct request *r, const struct proto_request *p)
{
	struct hvxd *hd = arg;
	struct dom *d = NULL;
	struct fault f;
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
		if (strcmp(p->what, ops[i].name))
			continue;
		if ((ops[i].on_domain && find_domain(hd, p->obj, &d, &f)) ||
		    ops[i].fn(hd, r, p->obj, d, &f))
			req_fail(r, &f);
		return;
	}
	fault_set(&f, ENOSYS, NULL, p->what, "hvxd can't do \"%.60s\"",
		  p->what);
	req_fail(r, &f);
}
