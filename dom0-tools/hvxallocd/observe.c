/* SPDX-License-Identifier: MIT */
/* From the hypervisor and the store to what the policy is told. What a guest
 * wrote is a number or nothing. */
#include "allocd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <abi/domctl.h>

/* Domains asked for at once. */
#define BATCH		256
/* What seldom changes is read in every so many rounds, all of one that can't be
 * moved among it. */
#define SELDOM		16
/* A new domain is looked at again and again for so long, until it has its nodes:
 * they come late, and together. */
#define NEW_MS		20000
/* Looks at a machine where memory changes hands all the time. */
#define TRIES		8
#define KIB(pages)	((uint64_t)(pages) << 2)

/* In the order in which they are read; those from NODE_NAME on seldom. */
enum node {
	NODE_TARGET, NODE_USED, NODE_NAME, NODE_MOST, NODE_FLOOR, NODE_MAX,
	NODE_WEIGHT, NODE_GUARANTEE, NODE_BURST, NODE_BIND, NODES
};
static const char *const nodes[NODES] = {
	[NODE_TARGET] = "memory/target", [NODE_USED] = "memory/meminfo",
	[NODE_NAME] = "name", [NODE_MOST] = "memory/static-max",
	[NODE_FLOOR] = "memory/dynamic-min", [NODE_MAX] = "memory/dynamic-max",
	[NODE_WEIGHT] = "memory/weight",
	[NODE_GUARANTEE] = "hvx/cpu-guarantee",
	[NODE_BURST] = "hvx/cpu-burst",
	[NODE_BIND] = "hvx/cpu-bind",
};

/* ---- the hypervisor ---- */

static int make_room(struct allocd *a, unsigned int n)
{
	unsigned int room = n + n / 2 + 16;
	void *g, *i, *m, *v;

	if (n <= a->room)
		return 0;
	g = reallocarray(a->guests, room, sizeof(*a->guests));
	a->guests = g ? g : a->guests;
	i = reallocarray(a->infos, room, sizeof(*a->infos));
	a->infos = i ? i : a->infos;
	m = reallocarray(a->moves, room, sizeof(*a->moves));
	a->moves = m ? m : a->moves;
	v = reallocarray(a->gives, room, sizeof(*a->gives));
	a->gives = v ? v : a->gives;
	if (!g || !i || !m || !v)
		return -1;
	a->room = room;
	return 0;
}

static bool same(const struct allocd *a, unsigned int i,
		 const struct xen_domctl_getdomaininfo *d)
{
	return i < a->count && a->guests[i].domid == d->domain &&
	       !memcmp(a->infos[i].handle, d->handle, sizeof(d->handle));
}

/* Leaves room at i for d, or closes the gap of those that went. Both lists
 * ascend by domid; an id may have come to another domain. */
static int match(struct allocd *a, unsigned int i,
		 const struct xen_domctl_getdomaininfo *d)
{
	unsigned int gone = 0;

	if (same(a, i, d))
		return 0;
	if (make_room(a, a->count + 1))
		return -1;
	while (i + gone < a->count && a->guests[i + gone].domid < d->domain)
		hear_no_more(a, i + gone++);
	memmove(a->guests + i, a->guests + i + gone,
		(a->count - i - gone) * sizeof(*a->guests));
	memmove(a->infos + i, a->infos + i + gone,
		(a->count - i - gone) * sizeof(*a->infos));
	a->count -= gone;
	if (same(a, i, d))
		return 0;
	if (i == a->count || a->guests[i].domid != d->domain) {
		memmove(a->guests + i + 1, a->guests + i,
			(a->count - i) * sizeof(*a->guests));
		memmove(a->infos + i + 1, a->infos + i,
			(a->count - i) * sizeof(*a->infos));
		a->count++;
	}
	memset(&a->guests[i], 0, sizeof(a->guests[i]));
	memset(&a->infos[i], 0, sizeof(a->infos[i]));
	a->guests[i].domid = d->domain;
	a->infos[i].since = loop_now();
	memcpy(a->infos[i].handle, d->handle, sizeof(d->handle));
	return 0;
}

static void take_info(struct allocd *a, unsigned int i,
		      const struct xen_domctl_getdomaininfo *d)
{
	uint32_t still = XEN_DOMINF_dying | XEN_DOMINF_shutdown |
			 XEN_DOMINF_paused;

	a->guests[i].current = KIB(d->tot_pages);
	a->infos[i].still = d->flags & still;
	a->guests[i].fixed = !a->infos[i].managed || a->infos[i].still;
	a->infos[i].outstanding = KIB(d->outstanding_pages);
	a->infos[i].vcpus = d->max_vcpu_id + 1;
}

static int take_domains(struct allocd *a)
{
	static struct xen_domctl_getdomaininfo list[BATCH];
	uint32_t first = 0;
	unsigned int seen = 0;
	int i, n;

	do {
		n = hvctl_domain_list(a->hv, first, BATCH, list);
		if (n < 0)
			return -1;
		for (i = 0; i < n; i++) {
			if (match(a, seen, &list[i]))
				return -1;
			take_info(a, seen++, &list[i]);
			first = list[i].domain + 1;
		}
	} while (n == BATCH);
	while (a->count > seen)
		hear_no_more(a, --a->count);
	return 0;
}

static bool same_room(const struct xen_sysctl_physinfo *a,
		      const struct xen_sysctl_physinfo *b)
{
	return a->free_pages == b->free_pages &&
	       a->outstanding_pages == b->outstanding_pages;
}

int observe_memory(struct allocd *a)
{
	struct xen_sysctl_physinfo before, info;
	unsigned int tries = 0;

	/* What is claimed while domains are listed would be counted twice or not
	 * at all, and a guest refused that fits: so what is free must be the same
	 * before and after. To ask for that costs little; a list, something for
	 * each domain. */
	if (hvctl_physinfo(a->hv, &info))
		return -1;
	do {
		before = info;
		if (take_domains(a) || hvctl_physinfo(a->hv, &info))
			return -1;
	} while (!same_room(&before, &info) && ++tries < TRIES);
	a->total = KIB(info.total_pages);
	a->host.free = info.free_pages > info.outstanding_pages
			       ? KIB(info.free_pages - info.outstanding_pages)
			       : 0;
	a->cpus = info.nr_cpus;
	a->host.now = loop_now();
	a->host.reserved = reserved(a);
	return 0;
}

/* ---- the store ---- */

bool store_number(const char *text, uint64_t *out)
{
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	*out = strtoull(text, &end, 10);
	return !*end && *out <= UINT64_C(16) << 30;
}

static void take_class(struct info *in, char **value)
{
	uint64_t n;

	in->guarantee = 0;
	in->burst = -1;
	if (store_number(value[NODE_GUARANTEE], &n) && n <= 100 * in->vcpus)
		in->guarantee = n;
	if (store_number(value[NODE_BURST], &n) && n <= 100 * in->vcpus)
		in->burst = n;
	in->bind = store_number(value[NODE_BIND], &n) && n;
}

static void take_seldom(struct alloc_guest *g, struct info *in, char **value)
{
	uint64_t floor, max, most, weight;

	snprintf(in->name, sizeof(in->name), "%s",
		 value[NODE_NAME] ? value[NODE_NAME] : "");
	take_class(in, value);
	in->known = value[NODE_TARGET];
	in->managed = store_number(value[NODE_TARGET], &most) &&
		      store_number(value[NODE_FLOOR], &floor) &&
		      store_number(value[NODE_MAX], &max) &&
		      floor <= max && max;
	if (!in->managed)
		return;
	if (store_number(value[NODE_MOST], &most) && most < max)
		max = most;
	g->max = max;
	g->floor = floor < max ? floor : max;
	g->weight = 256;
	if (store_number(value[NODE_WEIGHT], &weight) && weight && weight <= 65535)
		g->weight = weight;
}

bool agent_speaks(const struct allocd *a, unsigned int i, int64_t ms)
{
	const struct info *in = &a->infos[i];

	return in->told && (!ms || a->host.now - in->told_at < ms);
}

/* An agent that lives never tells the same for long. */
static void take_told(struct allocd *a, unsigned int i, const char *value)
{
	struct info *in = &a->infos[i];
	uint64_t told;

	if (!store_number(value, &told))
		told = 0;
	if (told != in->told)
		in->told_at = a->host.now;
	in->told = told;
}

/* A kernel holds memory that it hardly ever touches: its image and what it took
 * at its start, and 64 bytes to describe each page that the guest may have. */
static uint64_t held_unseen(const struct allocd *a, const struct alloc_guest *g)
{
	return a->unseen ? a->unseen + g->max / 64 : 0;
}

static void take_use(struct allocd *a, unsigned int i)
{
	struct alloc_guest *g = &a->guests[i];
	const struct info *in = &a->infos[i];

	g->used = 0;
	g->source = USE_NONE;
	if (agent_speaks(a, i, a->silence)) {
		g->used = in->told;
		g->source = USE_AGENT;
	} else if (in->sampled) {
		g->used = in->sampled + held_unseen(a, g);
		g->used = g->used < g->current ? g->used : g->current;
		g->source = USE_SAMPLED;
	}
}

static void take_values(struct allocd *a, unsigned int i, char **value,
			bool seldom)
{
	struct alloc_guest *g = &a->guests[i];

	if (seldom)
		take_seldom(g, &a->infos[i], value);
	if (!store_number(value[NODE_TARGET], &g->target))
		g->target = g->current;
	g->fixed = !a->infos[i].managed || a->infos[i].still;
	take_told(a, i, value[NODE_USED]);
	take_use(a, i);
}

static void read_guest(struct allocd *a, unsigned int i, bool seldom)
{
	unsigned int n = seldom ? NODES : NODE_NAME, k;
	char path[NODES][64], *value[NODES] = { NULL };
	const char *paths[NODES];

	for (k = 0; k < n; k++) {
		snprintf(path[k], sizeof(path[k]), "/local/domain/%u/%s",
			 a->guests[i].domid, nodes[k]);
		paths[k] = path[k];
	}
	hvxs_read_many(a->xs, paths, n, value);
	take_values(a, i, value, seldom);
	for (k = 0; k < n; k++)
		free(value[k]);
}

static bool is_new(const struct allocd *a, unsigned int i)
{
	const struct info *in = &a->infos[i];

	return !in->known && a->host.now - in->since < NEW_MS;
}

/* Whether all is to be read of guest i in this round. */
static bool is_due(const struct allocd *a, unsigned int i)
{
	return !a->rounds || (a->rounds + i) % SELDOM == 0 || is_new(a, i);
}

void observe_new(struct allocd *a)
{
	unsigned int i;

	for (i = 0; i < a->count; i++)
		if (is_new(a, i))
			read_guest(a, i, true);
}

int observe(struct allocd *a)
{
	unsigned int i;

	if (observe_memory(a))
		return -1;
	for (i = 0; i < a->count; i++) {
		struct alloc_guest *g = &a->guests[i];
		bool due = is_due(a, i);

		if (due || (a->infos[i].managed && g->floor < g->max))
			read_guest(a, i, due);
		policy_observe(&a->rules, a->host.now, g);
	}
	return 0;
}

int find_guest(const struct allocd *a, const char *who)
{
	unsigned int i;
	char id[16];

	for (i = 0; i < a->count; i++) {
		snprintf(id, sizeof(id), "%u", a->guests[i].domid);
		if (!strcmp(who, id) || !strcmp(who, a->infos[i].name))
			return i;
	}
	return -1;
}
