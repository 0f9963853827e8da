/* SPDX-License-Identifier: MIT */
/* What clients ask for: a line in the table, and its handler, for each. */
#include "allocd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <json-c/json.h>

#define MOST_KIB	((int64_t)16 << 30)

/* A handler takes r; -1: it is answered with f. */
typedef int handler_fn(struct allocd *a, struct request *r,
		       struct json_object *args, struct fault *f);

static void add_size(struct json_object *o, const char *key, uint64_t kib)
{
	json_object_object_add(o, key, json_object_new_int64(kib));
}

static void add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static int get_size(struct json_object *args, const char *key, int64_t *out,
		    struct fault *f)
{
	struct json_object *o;

	if (json_object_object_get_ex(args, key, &o) &&
	    json_object_is_type(o, json_type_int)) {
		*out = json_object_get_int64(o);
		if (*out >= 0 && *out <= MOST_KIB)
			return 0;
	}
	return fault_set(f, EINVAL, NULL, key,
			 "%s: expected a number of KiB up to 16 TiB", key);
}

/* ---- status ---- */

static struct json_object *guest_json(const struct allocd *a, unsigned int i)
{
	struct json_object *o = json_object_new_object();
	const struct alloc_guest *g = &a->guests[i];
	const struct info *in = &a->infos[i];

	add_size(o, "domid", g->domid);
	add_text(o, "name", in->name);
	json_object_object_add(o, "managed",
			       json_object_new_boolean(in->managed));
	add_size(o, "current", g->current);
	if (in->guarantee)
		add_size(o, "cpu_guarantee", in->guarantee);
	if (in->burst >= 0)
		add_size(o, "cpu_burst", in->burst);
	if (in->states_at) {
		add_size(o, "cpu_used", in->used);
		add_size(o, "cpu_waited", in->waited);
	}
	if (!in->managed)
		return o;
	add_size(o, "target", g->target);
	add_size(o, "share", in->share);
	add_size(o, "floor", g->floor);
	add_size(o, "max", g->max);
	add_size(o, "weight", g->weight);
	add_text(o, "source", use_source_names[g->source]);
	if (g->source != USE_NONE)
		add_size(o, "used", g->used);
	add_text(o, "why", alloc_why_names[in->why]);
	add_text(o, "text", in->reason);
	return o;
}

static struct json_object *host_json(const struct allocd *a)
{
	struct json_object *o = json_object_new_object();

	add_size(o, "total", a->total);
	add_size(o, "free", a->host.free);
	add_size(o, "slack", a->host.slack);
	add_size(o, "reserved", a->host.reserved);
	add_size(o, "there", policy_there(&a->host, a->guests, a->count));
	return o;
}

static struct json_object *reservations_json(const struct allocd *a)
{
	struct json_object *list = json_object_new_array(), *o;
	const struct reservation *v;

	for (v = a->reservations; v; v = v->next) {
		o = json_object_new_object();
		add_text(o, "name", v->name);
		add_size(o, "kib", v->kib);
		json_object_object_add(o, "granted",
				       json_object_new_boolean(v->granted));
		json_object_array_add(list, o);
	}
	return list;
}

static int do_status(struct allocd *a, struct request *r,
		     struct json_object *args, struct fault *f)
{
	struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();
	unsigned int i;

	(void)args;
	(void)f;
	for (i = 0; i < a->count; i++)
		json_object_array_add(list, guest_json(a, i));
	json_object_object_add(o, "host", host_json(a));
	json_object_object_add(o, "settings", settings_json(a));
	json_object_object_add(o, "guests", list);
	json_object_object_add(o, "reservations", reservations_json(a));
	req_ok(r, o);
	return 0;
}

/* ---- plans and reservations ---- */

static int do_plan(struct allocd *a, struct request *r,
		   struct json_object *args, struct fault *f)
{
	int64_t kib, vcpus = 0, each = 0;
	struct json_object *o;
	struct fault none;

	if (get_size(args, "kib", &kib, f))
		return -1;
	if (observe_memory(a))
		return fault_errno(f, "memory", NULL, "looking for memory");
	observe_new(a);
	o = plan_json(a, kib);
	/* These needn't be said. */
	if (!get_size(args, "vcpus", &vcpus, &none) && vcpus <= 512 &&
	    (get_size(args, "guarantee", &each, &none) || each <= 51200))
		json_object_object_add(o, "cpus", pins_json(
			a, vcpus, vcpus ? each / vcpus : 0));
	req_ok(r, o);
	return 0;
}

/* 32 hexadecimal digits, with or without dashes. */
static int read_handle(const char *text, uint8_t *out)
{
	unsigned int n = 0;

	for (; *text && n < 16; n++) {
		text += *text == '-';
		if (sscanf(text, "%2hhx", &out[n]) != 1 || !text[1])
			return -1;
		text += 2;
	}
	return n == 16 && !*text ? 0 : -1;
}

static int do_reserve(struct allocd *a, struct request *r,
		      struct json_object *args, struct fault *f)
{
	const char *name, *uuid;
	uint8_t handle[16];
	int64_t kib;

	if (proto_string(args, "name", &name, f) ||
	    proto_string(args, "uuid", &uuid, f) ||
	    get_size(args, "kib", &kib, f))
		return -1;
	if (read_handle(uuid, handle))
		return fault_set(f, EINVAL, NULL, "uuid", "%s is no UUID",
				 uuid);
	reserve(a, r, name, handle, kib);
	return 0;
}

/* ---- settings ---- */

static int check_guest(const struct allocd *a, int i, const char *key,
		       int64_t n, struct fault *f)
{
	const struct alloc_guest *g = &a->guests[i];
	bool managed = a->infos[i].managed;

	if (!strcmp(key, "weight") && (n < 1 || n > 65535))
		return fault_set(f, EINVAL, "set", key,
				 "a weight is 1 to 65535, not %" PRId64, n);
	if (!strcmp(key, "floor") && managed && (uint64_t)n > g->max)
		return fault_set(f, EINVAL, "set", key,
				 "a floor of %" PRId64 " MiB is more than its maximum, %" PRIu64,
				 n >> 10, g->max >> 10);
	if (!strcmp(key, "max") && managed && (uint64_t)n < g->floor)
		return fault_set(f, EINVAL, "set", key,
				 "a maximum of %" PRId64 " MiB is less than its floor, %" PRIu64,
				 n >> 10, g->floor >> 10);
	return 0;
}

static int set_guest(struct allocd *a, int i, const char *key, int64_t n,
		     struct fault *f)
{
	static const struct { const char *key, *node; } nodes[] = {
		{ "floor", "dynamic-min" }, { "max", "dynamic-max" },
		{ "weight", "weight" },
	};
	size_t k;

	for (k = 0; k < 3; k++) {
		if (strcmp(nodes[k].key, key))
			continue;
		if (check_guest(a, i, key, n, f))
			return -1;
		if (put_memory(a, a->guests[i].domid, nodes[k].node, n))
			return fault_errno(f, "set", a->infos[i].name,
					   "writing it to the store");
		decision(a, i, "memory-set", NULL, "%s is %" PRId64 "%s now",
			 key, k == 2 ? n : n >> 10, k == 2 ? "" : " MiB");
		return 0;
	}
	return fault_set(f, EINVAL, "set", key,
			 "%s: a domain has floor, max and weight", key);
}

static int set_one(struct allocd *a, int i, const char *key,
		   struct json_object *value, struct fault *f)
{
	int64_t n = json_object_get_int64(value);

	if (!json_object_is_type(value, json_type_int) || n < 0 ||
	    n > MOST_KIB)
		return fault_set(f, EINVAL, "set", key,
				 "%s: expected a number", key);
	if (i >= 0)
		return set_guest(a, i, key, n, f);
	if (!settings_has(key))
		return fault_set(f, EINVAL, "set", key,
				 "there is no setting %.40s", key);
	if (settings_set(a, key, n, f))
		return -1;
	decision(a, -1, "memory-set", NULL, "%s is %" PRId64 " now", key, n);
	return 0;
}

static int do_set(struct allocd *a, struct request *r,
		  struct json_object *args, struct fault *f)
{
	struct json_object *o;
	const char *who;
	int i = -1;

	if (json_object_object_get_ex(args, "domain", &o)) {
		if (proto_string(args, "domain", &who, f))
			return -1;
		i = find_guest(a, who);
		if (i < 0)
			return fault_set(f, ENOENT, "set", who,
					 "there is no domain %.60s", who);
	}
	if (!json_object_object_get_ex(args, "values", &o) ||
	    !json_object_is_type(o, json_type_object))
		return fault_set(f, EINVAL, NULL, "values",
				 "values: expected an object");
	json_object_object_foreach(o, key, value)
		if (set_one(a, i, key, value, f))
			return -1;
	/* What seldom changes did. */
	a->rounds = 0;
	round_soon(a);
	req_ok(r, NULL);
	return 0;
}

/* ---- processors ---- */

static int do_bind(struct allocd *a, struct request *r,
		   struct json_object *args, struct fault *f)
{
	const char *who;
	int i;

	if (proto_string(args, "domain", &who, f))
		return -1;
	i = find_guest(a, who);
	if (i < 0)
		return fault_set(f, ENOENT, "bind", who,
				 "there is no domain %.60s", who);
	if (pins_apply(a, i))
		return fault_errno(f, "bind", who, "binding its vCPUs");
	req_ok(r, NULL);
	return 0;
}

/* ---- the rest ---- */

static int do_events(struct allocd *a, struct request *r,
		     struct json_object *args, struct fault *f)
{
	(void)a;
	(void)args;
	(void)f;
	req_follow(r);
	return 0;
}

static int do_ping(struct allocd *a, struct request *r,
		   struct json_object *args, struct fault *f)
{
	struct json_object *o = json_object_new_object();

	(void)a;
	(void)args;
	(void)f;
	add_size(o, "version", 1);
	add_size(o, "pid", getpid());
	req_ok(r, o);
	return 0;
}

static const struct op {
	const char *name;
	handler_fn *fn;
} ops[] = {
	{ "status", do_status },
	{ "plan", do_plan },
	{ "reserve", do_reserve },
	{ "set", do_set },
	{ "bind", do_bind },
	{ "events", do_events },
	{ "ping", do_ping },
};

void request_serve(void *arg, struct request *r, const struct proto_request *p)
{
	struct allocd *a = arg;
	struct fault f;
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
		if (strcmp(p->what, ops[i].name))
			continue;
		if (ops[i].fn(a, r, p->obj, &f))
			req_fail(r, &f);
		return;
	}
	fault_set(&f, ENOSYS, NULL, p->what, "hvxallocd can't do \"%.60s\"",
		  p->what);
	req_fail(r, &f);
}
