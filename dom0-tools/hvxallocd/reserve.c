/* SPDX-License-Identifier: MIT */
/*
 * Memory for guests that are to come: reserve, free, give. A reservation is
 * held by its client's connection, so that a client which dies leaves nothing
 * behind. What the new domain has or has claimed is the hypervisor's to count,
 * and no longer reserved; domains are known by their UUIDs.
 */
#include "allocd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>

/* So long guests have to give what a new one waits for. */
#define WAIT_MS		30000

static uint64_t uncovered(const struct allocd *a, const struct reservation *v)
{
	unsigned int i;

	for (i = 0; i < a->count; i++) {
		uint64_t has = a->guests[i].current + a->infos[i].outstanding;

		if (memcmp(a->infos[i].handle, v->handle, sizeof(v->handle)))
			continue;
		/* It is claimed at once; what the hypervisor itself takes for
		 * it is taken by then. */
		return has > v->kib / 2 ? 0 : v->kib;
	}
	return v->kib;
}

static uint64_t reserved_before(const struct allocd *a,
				const struct reservation *end)
{
	const struct reservation *v;
	uint64_t sum = 0;

	for (v = a->reservations; v && v != end; v = v->next)
		sum += uncovered(a, v);
	return sum;
}

uint64_t reserved(const struct allocd *a)
{
	return reserved_before(a, NULL);
}

/* ---- plans ---- */

static void add_size(struct json_object *o, const char *key, uint64_t kib)
{
	json_object_object_add(o, key, json_object_new_int64(kib));
}

static struct json_object *giver(struct allocd *a, unsigned int i)
{
	struct json_object *o = json_object_new_object();
	const struct alloc_guest *g = &a->guests[i];
	enum alloc_why stuck = policy_stuck(a->host.now, g);

	json_object_object_add(o, "domid", json_object_new_int64(g->domid));
	json_object_object_add(o, "name",
			       json_object_new_string(a->infos[i].name));
	add_size(o, "has", g->current);
	add_size(o, "floor", a->infos[i].managed ? g->floor : g->current);
	add_size(o, "gives", a->gives[i]);
	if (stuck == WHY_WONT_SHRINK)
		json_object_object_add(o, "why", json_object_new_string(
				"it doesn't give back what it was asked for"));
	else if (g->fixed)
		json_object_object_add(o, "why", json_object_new_string(
			a->infos[i].managed ? "it is paused, or ends"
					    : "its size is fixed"));
	return o;
}

static void make_plan(struct allocd *a, uint64_t need, struct alloc_plan *p)
{
	policy_plan(&a->rules, &a->host, a->guests, a->count, need, a->gives,
		    p);
}

/* A plan that was made just now. */
static struct json_object *plan_to_json(struct allocd *a,
					const struct alloc_plan *p)
{
	struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();
	unsigned int i;

	add_size(o, "need", p->need);
	add_size(o, "free", p->there);
	add_size(o, "could", p->could);
	add_size(o, "missing", p->missing);
	for (i = 0; i < a->count; i++)
		if (a->gives[i] || a->infos[i].managed)
			json_object_array_add(list, giver(a, i));
	json_object_object_add(o, "guests", list);
	return o;
}

struct json_object *plan_json(struct allocd *a, uint64_t need)
{
	struct alloc_plan p;

	make_plan(a, need, &p);
	return plan_to_json(a, &p);
}

/* ---- reservations ---- */

static void forget(struct reservation *v)
{
	struct reservation **p = &v->a->reservations;

	while (*p != v)
		p = &(*p)->next;
	*p = v->next;
	v->a->host.reserved = reserved(v->a);
	free(v);
}

/* Whether any isn't granted yet. */
static bool some_wait(const struct allocd *a)
{
	const struct reservation *v = a->reservations;

	while (v && v->granted)
		v = v->next;
	return v;
}

/* A round's work grows with the number of guests, so that creates ask for none
 * as long as there is room: what was kept is dealt out by the next. */
static void on_gone(void *arg)
{
	struct reservation *v = arg;
	struct allocd *a = v->a;

	forget(v);
	if (some_wait(a))
		round_soon(a);
}

static unsigned long mib(uint64_t kib)
{
	return kib >> 10;
}

static void refuse(struct reservation *v, const struct alloc_plan *p,
		   const char *why)
{
	struct json_object *more = json_object_new_object();
	struct fault f;

	fault_set(&f, ENOMEM, "memory", v->name,
		  "it needs %lu MiB; %lu MiB are free and guests could give %lu MiB%s",
		  mib(p->need), mib(p->there), mib(p->could), why);
	fault_hint(&f, "%lu MiB are missing: end a guest, or lower a floor (hvxl alloc status shows them, hvxl alloc plan who could give)",
		   mib(p->missing + 1023));
	json_object_object_add(more, "name", json_object_new_string(v->name));
	json_object_object_add(more, "plan", plan_to_json(v->a, p));
	decision(v->a, -1, "reservation-refused", more, "%s", f.text);
	req_fail(v->req, &f);
	forget(v);
}

static void grant(struct reservation *v)
{
	struct json_object *o = json_object_new_object();
	struct json_object *more = json_object_new_object();

	v->granted = true;
	add_size(o, "kib", v->kib);
	json_object_object_add(more, "name", json_object_new_string(v->name));
	decision(v->a, -1, "reservation-granted", more,
		 "%lu MiB are kept for it", mib(v->kib));
	req_tell(v->req, o);
}

/* What is free, when those that were granted have theirs. */
static uint64_t there(struct allocd *a)
{
	struct alloc_host h = a->host;
	const struct reservation *v;

	h.reserved = 0;
	for (v = a->reservations; v; v = v->next)
		h.reserved += v->granted ? uncovered(a, v) : 0;
	return policy_there(&h, a->guests, a->count);
}

/* Decides on v: granted, refused (it is gone then), or left waiting. A small
 * one needn't wait behind a large one, as long as both can be served. */
static void consider(struct allocd *a, struct reservation *v)
{
	struct alloc_plan p;

	a->host.reserved = reserved_before(a, v);
	make_plan(a, v->kib, &p);
	a->host.reserved = reserved(a);
	if (p.missing)
		refuse(v, &p, "");
	else if (there(a) >= v->kib)
		grant(v);
	else if (a->host.now > v->until)
		refuse(v, &p, ", but didn't within 30 s");
}

bool reserve_turn(struct allocd *a)
{
	struct reservation *v, *next;

	for (v = a->reservations; v; v = next) {
		next = v->next;
		if (!v->granted)
			consider(a, v);
	}
	return some_wait(a);
}

void reserve(struct allocd *a, struct request *r, const char *name,
	     const uint8_t *handle, uint64_t kib)
{
	struct reservation *v = calloc(1, sizeof(*v)), **p;
	struct fault f;

	if (!v || observe_memory(a)) {
		fault_errno(&f, "memory", name, "looking for memory");
		req_fail(r, &f);
		free(v);
		return;
	}
	observe_new(a);
	v->a = a;
	v->req = r;
	v->kib = kib;
	v->until = a->host.now + WAIT_MS;
	snprintf(v->name, sizeof(v->name), "%s", name);
	memcpy(v->handle, handle, sizeof(v->handle));
	for (p = &a->reservations; *p; p = &(*p)->next)
		;
	*p = v;
	req_hold(r, on_gone, v);
	a->host.reserved = reserved(a);
	consider(a, v);
	/* Who waits is served by the next round, which asks guests to give. */
	if (some_wait(a))
		round_soon(a);
}
