/* SPDX-License-Identifier: MIT */
/*
 * Devices that come, go and grow while their guest runs. What is attached belongs to
 * the domain's configuration from then on, and comes again with a restart.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include <common/server.h>
#include "backend.h"
#include "state.h"
#include "store.h"

/* So long a guest may take to let go before who asked for it is told. */
#define LET_GO_S	10

struct device_change {
	struct hvxd *hd;
	char uuid[UUID_TEXT];		/* of its domain, which may go */
	unsigned int kind, number;
	struct request *req;		/* NULL: answered */
	struct loop_timer *limit;	/* of a detach */
};

static const struct backend_kind *kind_of(const struct device_change *c)
{
	return backend_kinds[c->kind];
}

static struct device_change *change_new(struct dom *d, unsigned int kind,
					unsigned int i, struct request *r)
{
	struct device_change *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->hd = d->hd;
	strcpy(c->uuid, d->uuid);
	c->kind = kind;
	c->number = backend_kinds[kind]->number(&d->config, i);
	c->req = r;
	return c;
}

/* Its place in the configuration; -1: it has none. */
static int place(struct dom *d, unsigned int kind, unsigned int number)
{
	unsigned int i;

	for (i = 0; i < backend_kinds[kind]->count(&d->config); i++)
		if (backend_kinds[kind]->number(&d->config, i) == number)
			return i;
	return -1;
}

/* ---- nodes ---- */

static int put_nodes(struct store_txn *t, void *arg)
{
	return device_nodes_put(arg, t);
}

static int remove_nodes(struct store_txn *t, void *arg)
{
	struct device_nodes *n = arg;

	if (txn_remove(t, n->front) || txn_remove(t, n->back) ||
	    (*n->shown && txn_remove(t, n->shown)))
		return -1;
	return txn_remove(t, n->record);
}

/* Nodes, tap and configuration of device i. */
static void undo(struct dom *d, unsigned int kind, unsigned int i)
{
	struct device_nodes n = device_nodes(d, backend_kinds[kind], i);

	store_transact(d->hd->store, remove_nodes, &n);
	backend_kinds[kind]->forget(d, i);
	backend_kinds[kind]->drop(&d->config, i);
	state_write(d);
}

static struct json_object *number_object(unsigned int number)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "device", json_object_new_int64(number));
	return o;
}

/* ---- attach ---- */

static void on_attached(void *arg, const struct fault *f)
{
	struct device_change *c = arg;
	struct dom *d = dom_by_uuid(c->hd, c->uuid);
	int i = d ? place(d, c->kind, c->number) : -1;

	if (f && i >= 0) {
		backend_dropped(d, c->kind);
		undo(d, c->kind, i);
	}
	if (f)
		req_fail(c->req, f);
	else
		req_ok(c->req, number_object(c->number));
	free(c);
}

static int is_running(struct dom *d, struct fault *f)
{
	enum dom_state state = dom_state_now(d);

	if (!dom_is_foreign(d) && !d->create && !d->end &&
	    (state == DOM_RUNNING || state == DOM_PAUSED))
		return 0;
	return fault_set(f, EINVAL, "devices", d->name,
			 "%s is %s: its devices can't be changed", d->name,
			 dom_state_names[state]);
}

/* It is the last of the configuration now. */
static int serve(struct dom *d, unsigned int kind, unsigned int i,
		 struct request *r, struct fault *f)
{
	struct device_nodes n = device_nodes(d, backend_kinds[kind], i);
	struct device_change *c;

	if (place(d, kind, backend_kinds[kind]->number(&d->config, i)) !=
	    (int)i)
		return fault_set(f, EEXIST, "devices", d->name,
				 "%s has such a device already", d->name);
	if (backend_check(d->hd, &d->config, f))
		return -1;
	if (store_transact(d->hd->store, put_nodes, &n))
		return fault_errno(f, "store", d->name, "writing its nodes");
	c = change_new(d, kind, i, r);
	if (c && !backend_add(d, kind, on_attached, c, f)) {
		state_write(d);
		return 0;
	}
	if (!c)
		fault_set(f, ENOMEM, "devices", d->name, "no memory");
	free(c);
	store_transact(d->hd->store, remove_nodes, &n);
	return -1;
}

int device_attach(struct dom *d, unsigned int kind, struct json_object *args,
		  struct request *r, struct fault *f)
{
	const struct backend_kind *k = backend_kinds[kind];
	struct json_object *o = NULL;
	char why[GUEST_WHY] = "is missing";
	unsigned int i = k->count(&d->config);

	if (is_running(d, f))
		return -1;
	json_object_object_get_ex(args, k->device, &o);
	if (!json_object_is_type(o, json_type_object) ||
	    k->add(&d->config, o, why))
		return fault_set(f, EINVAL, "devices", k->device, "%s: %s",
				 k->device, why);
	if (!serve(d, kind, i, r, f))
		return 0;
	k->drop(&d->config, i);
	return -1;
}

/* ---- detach ---- */

static void change_free(struct device_change *c)
{
	loop_del_timer(c->limit);
	free(c);
}

static void answer(struct device_change *c, const struct fault *f)
{
	if (f)
		req_fail(c->req, f);
	else
		req_ok(c->req, NULL);
	c->req = NULL;
}

static void on_detached(void *arg, const struct fault *f)
{
	struct device_change *c = arg;
	struct dom *d = dom_by_uuid(c->hd, c->uuid);
	int i = d ? place(d, c->kind, c->number) : -1;

	if (!f && i >= 0) {
		undo(d, c->kind, i);
		backend_dropped(d, c->kind);
	}
	answer(c, f);
	change_free(c);
}

/* The detach goes on. */
static void on_limit(void *arg)
{
	struct device_change *c = arg;
	struct dom *d = dom_by_uuid(c->hd, c->uuid);
	struct fault f;

	if (!d)
		return;
	fault_set(&f, EBUSY, "devices", d->name,
		  "%s has not let go of the %s in %d s", d->name,
		  kind_of(c)->device, LET_GO_S);
	fault_hint(&f, "it goes as soon as the guest uses it no more;"
		   " --force takes it away: what is under way fails and is lost");
	answer(c, &f);
}

/* The guest sees by the backend's nodes that its device shall go. */
static int set_offline(struct device_change *c, struct dom *d)
{
	char path[128];

	snprintf(path, sizeof(path), "/local/domain/0/backend/%s/%u/%u/online",
		 kind_of(c)->back, d->domid, c->number);
	return store_write(d->hd->store, path, "0");
}

/* Place of the device that args name; -1: f. */
static int named_device(struct dom *d, unsigned int kind,
			struct json_object *args, struct fault *f)
{
	struct json_object *o = NULL;
	int i;

	if (is_running(d, f))
		return -1;
	json_object_object_get_ex(args, "device", &o);
	i = json_object_is_type(o, json_type_int)
		    ? place(d, kind, json_object_get_int64(o)) : -1;
	if (i < 0)
		fault_set(f, ENOENT, "devices", d->name, "%s has no such %s",
			  d->name, backend_kinds[kind]->device);
	return i;
}

int device_detach(struct dom *d, unsigned int kind, struct json_object *args,
		  struct request *r, struct fault *f)
{
	struct device_change *c;
	bool force;
	int i;

	if (proto_flag(args, "force", &force, f))
		return -1;
	i = named_device(d, kind, args, f);
	if (i < 0)
		return -1;
	c = change_new(d, kind, i, r);
	if (c)
		c->limit = loop_add_timer(d->hd->loop, on_limit, c);
	if (!c || !c->limit) {
		free(c);
		return fault_set(f, ENOMEM, "devices", d->name, "no memory");
	}
	/* backend_drop may be done, and c gone, when it returns. */
	loop_arm(c->limit, LET_GO_S * 1000);
	if (!set_offline(c, d) &&
	    !backend_drop(d, kind, i, force, on_detached, c, f))
		return 0;
	change_free(c);
	return -1;
}

/* ---- resize ---- */

static void on_resized(void *arg, const struct fault *f)
{
	struct device_change *c = arg;

	if (f)
		req_fail(c->req, f);
	else
		req_ok(c->req, NULL);
	free(c);
}

int device_resize(struct dom *d, unsigned int kind, struct json_object *args,
		  struct request *r, struct fault *f)
{
	int i = named_device(d, kind, args, f);
	struct device_change *c;

	if (i < 0)
		return -1;
	c = change_new(d, kind, i, r);
	if (!c)
		return fault_set(f, ENOMEM, "devices", d->name, "no memory");
	if (!backend_resize(d, kind, i, on_resized, c, f))
		return 0;
	free(c);
	return -1;
}
