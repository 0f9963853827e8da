/* SPDX-License-Identifier: MIT */
#include "census.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <common/log.h>
#include "backend.h"
#include "end.h"
#include "events.h"
#include "life.h"
#include "nodes.h"
#include "state.h"

#define INTERVAL_MS	5000
#define DOMAINS_STEP	256
/* More than that many that came at once are looked at among all. */
#define CAME_MAX	8

struct census {
	struct xen_domctl_getdomaininfo *info;	/* by id */
	bool *known;				/* they are in our table */
	unsigned int n;
};

static void put(struct census *c)
{
	free(c->info);
	free(c->known);
}

/* All domains; to be put. */
static int take(struct hvxd *hd, struct census *c)
{
	unsigned int room = 0;
	int n = 0;

	*c = (struct census){ 0 };
	do {
		void *more;

		room += DOMAINS_STEP;
		more = realloc(c->info, room * sizeof(*c->info));
		if (!more) {
			put(c);
			return -1;
		}
		c->info = more;
		n = hvctl_domain_list(hd->hv, 0, room, c->info);
	} while (n == (int)room);
	if (n >= 0)
		c->known = calloc(n + 1, sizeof(*c->known));
	if (!c->known) {
		put(c);
		return -1;
	}
	c->n = n;
	return 0;
}

static int by_id(const void *domid, const void *info)
{
	uint32_t a = *(const uint32_t *)domid;
	uint32_t b = ((const struct xen_domctl_getdomaininfo *)info)->domain;

	return a < b ? -1 : a > b;
}

/* What there is of d. Its id is no new domain's then; nor if another has it by
 * now, as long as d's own end is ours to see to. */
static const struct xen_domctl_getdomaininfo *find(struct census *c,
						   const struct dom *d)
{
	struct xen_domctl_getdomaininfo *info;
	uint8_t handle[16];
	bool same;

	info = bsearch(&d->domid, c->info, c->n, sizeof(*info), by_id);
	if (!info)
		return NULL;
	same = !uuid_bytes(d->uuid, handle) &&
	       !memcmp(info->handle, handle, sizeof(handle));
	c->known[info - c->info] = same || !dom_is_foreign(d);
	return same ? info : NULL;
}

/* value: of its node, or NULL. */
static void foreign_name(const char *value, uint32_t domid, char *name,
			 size_t size)
{
	if (value && *value)
		snprintf(name, size, "%s", value);
	else
		snprintf(name, size, "domain-%u", domid);
}

static bool is_named_elsewhere(const struct dom *d)
{
	return dom_is_foreign(d) && d->domid != DOMID_NONE;
}

static void take_name(struct dom *d, const char *value)
{
	char name[256], *copy;

	foreign_name(value, d->domid, name, sizeof(name));
	copy = strcmp(name, d->name) ? strdup(name) : NULL;
	if (copy) {
		free(d->name);
		d->name = copy;
	}
}

/* All of them by one exchange with the store: each create asks. */
void census_names(struct hvxd *hd)
{
	unsigned int n = 0, i = 0;
	uint32_t *domids;
	char **values;
	struct dom *d;

	for (d = hd->doms; d; d = d->next)
		n += is_named_elsewhere(d);
	domids = calloc(n + 1, sizeof(*domids));
	values = calloc(n + 1, sizeof(*values));
	for (d = hd->doms; domids && d; d = d->next)
		if (is_named_elsewhere(d))
			domids[i++] = d->domid;
	if (n && domids && values &&
	    !nodes_read_all(hd, domids, n, "name", values))
		for (d = hd->doms, i = 0; d; d = d->next)
			if (is_named_elsewhere(d))
				take_name(d, values[i++]);
	for (i = 0; values && i < n; i++)
		free(values[i]);
	free(domids);
	free(values);
}

static void add_foreign(struct hvxd *hd,
			const struct xen_domctl_getdomaininfo *info)
{
	char node[256], name[256], uuid[UUID_TEXT];
	struct dom *d;

	uuid_text(info->handle, uuid);
	nodes_read(hd, info->domain, "name", node, sizeof(node));
	foreign_name(node, info->domain, name, sizeof(name));
	d = dom_new(hd, name, uuid);
	if (!d)
		return;
	d->domid = info->domain;
	dom_set_state(d, DOM_FOREIGN, "made by another toolstack");
	log_info("%s (%u): made by another toolstack: let alone", name,
		 d->domid);
}

/* Others' that came since the last look, by ids above those seen then; false if
 * all must be looked at: there is none, or too many, as when ids begin again. */
static bool add_came(struct hvxd *hd)
{
	struct xen_domctl_getdomaininfo info[CAME_MAX];
	int i, n;

	n = hvctl_domain_list(hd->hv, hd->last_id + 1, CAME_MAX, info);
	if (n <= 0 || n == CAME_MAX)
		return false;
	for (i = 0; i < n; i++)
		if (!(info[i].flags & XEN_DOMINF_dying) &&
		    !dom_by_id(hd, info[i].domain))
			add_foreign(hd, &info[i]);
	hd->last_id = info[n - 1].domain;
	return true;
}

static void add_new(struct hvxd *hd, const struct census *c)
{
	unsigned int i;

	for (i = 0; i < c->n; i++) {
		const struct xen_domctl_getdomaininfo *info = &c->info[i];

		if (info->domain && !c->known[i] &&
		    !(info->flags & XEN_DOMINF_dying))
			add_foreign(hd, info);
	}
}

static void on_remnants(struct dom *d, void *arg)
{
	(void)arg;
	event_emit(d, "destroyed", NULL, "%s", d->why);
	life_forget(d);
}

static void is_gone(struct dom *d)
{
	if (dom_is_foreign(d)) {
		log_info("%s (%u): gone", d->name, d->domid);
		dom_free(d);
		return;
	}
	dom_set_state(d, DOM_DYING, "it was destroyed by another tool");
	end_begin(d, on_remnants, NULL);
}

/* One domain of the table; may free it. */
static void compare(struct dom *d, const struct xen_domctl_getdomaininfo *info)
{
	unsigned int reason;

	if (d->end) {
		end_poke(d);
		return;
	}
	if (d->create || d->domid == DOMID_NONE)
		return;
	if (!info) {
		is_gone(d);
		return;
	}
	if (!(info->flags & XEN_DOMINF_shutdown) ||
	    info->flags & XEN_DOMINF_dying)
		return;
	reason = info->flags >> XEN_DOMINF_shutdownshift &
		 XEN_DOMINF_shutdownmask;
	if (dom_is_foreign(d))
		dom_tell_end(d, life_reason_name(reason));
	else if (d->state == DOM_RUNNING || d->state == DOM_PAUSED)
		life_shutdown(d, reason);
}

void census_run(struct hvxd *hd)
{
	struct dom *d, *next;
	struct census c;

	loop_arm(hd->census, INTERVAL_MS);
	if (take(hd, &c)) {
		log_err("the hypervisor's list of domains: %s",
			strerror(errno));
		return;
	}
	hd->look_at_all = false;
	hd->looked_at_all = loop_now();
	for (d = hd->doms; d; d = next) {
		next = d->next;
		compare(d, find(&c, d));
	}
	add_new(hd, &c);
	hd->last_id = c.n ? c.info[c.n - 1].domain : 0;
	put(&c);
}

void census_wanted(struct hvxd *hd, bool came)
{
	hd->look_at_all |= !came;
	loop_arm(hd->census, 0);
}

void census_due(struct hvxd *hd)
{
	int64_t left = hd->looked_at_all + INTERVAL_MS - loop_now();

	if (hd->look_at_all || left <= 0 || !add_came(hd))
		census_run(hd);
	else
		loop_arm(hd->census, left);
}

/* ---- after a restart of hvxd ---- */

/* A killed hvxd may not have got to write down the id. */
static void find_by_uuid(struct dom *d, const struct census *c)
{
	uint8_t handle[16];
	unsigned int i;

	if (uuid_bytes(d->uuid, handle))
		return;
	for (i = 0; i < c->n; i++)
		if (!memcmp(c->info[i].handle, handle, sizeof(handle)))
			d->domid = c->info[i].domain;
}

static void on_half(struct dom *d, void *arg)
{
	(void)arg;
	event_emit(d, "destroyed", NULL, "hvxd ended while it was created");
	life_forget(d);
}

static void take_over(struct dom *d,
		      const struct xen_domctl_getdomaininfo *info)
{
	backend_adopt(d);
	/* It was ready to start, but not started. */
	if (d->state == DOM_RUNNING && info->flags & XEN_DOMINF_paused &&
	    !info->cpu_time)
		hvctl_domain_unpause(d->hd->hv, d->domid);
}

static void resume_one(struct dom *d, struct census *c)
{
	const struct xen_domctl_getdomaininfo *info;

	find_by_uuid(d, c);
	info = find(c, d);
	switch (d->state) {
	case DOM_RUNNING:
	case DOM_PAUSED:
		if (info)
			take_over(d, info);
		break;
	case DOM_RESTARTING:
		life_resume_restart(d);
		break;
	case DOM_BUILDING:
		dom_set_state(d, DOM_DYING, "half built");
		state_write(d);
		end_begin(d, on_half, NULL);
		break;
	case DOM_DYING:
		life_destroy(d, NULL, d->why);
		break;
	default:
		break;
	}
}

void census_start(struct hvxd *hd)
{
	struct dom *d, *next;
	struct census c;

	if (take(hd, &c)) {
		log_err("the hypervisor's list of domains: %s",
			strerror(errno));
		return;
	}
	for (d = hd->doms; d; d = next) {
		next = d->next;
		resume_one(d, &c);
	}
	put(&c);
	census_run(hd);
}
