/* SPDX-License-Identifier: MIT */
/* Targets: the shares, and how guests get there. What is remembered of a guest
 * is in follow.c, what a new one costs in plan.c. */
#include "policy.h"

#include "share.h"

const struct alloc_rules alloc_default_rules = {
	.tax = 90,
	.headroom = 25,
	.rate = 256 << 10,
	.band = 8 << 10,
	.settle = 10000,
	.follow = 10000,
	.retry = 60000,
};

/* What moves by less isn't worth a message; a piece of a way must be more. */
#define GRAIN	1024
/* ms in which a target's next step is part of the same way. */
#define ON_THE_WAY	1000

const char *const use_source_names[USE_SOURCES] = {
	[USE_NONE] = "none", [USE_SAMPLED] = "sampled", [USE_AGENT] = "agent",
};

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

uint64_t policy_spoken_for(const struct alloc_host *h,
			   const struct alloc_guest *g, unsigned int n)
{
	uint64_t spoken_for = h->slack + h->reserved;
	unsigned int i;

	for (i = 0; i < n; i++)
		spoken_for += less(g[i].target, g[i].current);
	return spoken_for;
}

uint64_t policy_there(const struct alloc_host *h, const struct alloc_guest *g,
		      unsigned int n)
{
	return less(h->free, policy_spoken_for(h, g, n));
}

/* What is near enough not to begin a way; larger guests by more: three percent.
 * A way that was begun is gone to its end. */
static uint64_t band(const struct alloc_rules *r, const struct alloc_host *h,
		     const struct alloc_guest *g, int direction)
{
	if (g->past.direction == direction && h->now - g->past.set < ON_THE_WAY)
		return GRAIN;
	return max(r->band, g->target / 32);
}

/* How far a target may move in this round. */
static uint64_t stride(const struct alloc_rules *r, const struct alloc_host *h,
		       const struct alloc_guest *g)
{
	int64_t ms = g->past.set ? h->now - g->past.set : 1000;

	ms = ms < 0 ? 0 : ms > 1000 ? 1000 : ms;
	return r->rate * ms / 1000;
}

static bool settling(const struct alloc_rules *r, const struct alloc_host *h,
		     const struct alloc_guest *g, int direction, bool pressed)
{
	return g->past.direction == -direction &&
	       h->now - g->past.set < r->settle / (pressed ? 4 : 1);
}

/* ---- down ---- */

static enum alloc_why why_down(const struct alloc_host *h,
			       const struct alloc_guest *g,
			       const struct alloc_rules *r, uint64_t share)
{
	if (h->reserved)
		return WHY_RESERVE;
	return g->source != USE_NONE && policy_need(r, g) <= share ? WHY_IDLE
								   : WHY_YIELD;
}

/* For a guest that is to come nothing waits, for one in need a little. */
static void shrink(const struct alloc_rules *r, const struct alloc_host *h,
		   const struct alloc_guest *g, bool pressed,
		   struct alloc_move *m)
{
	uint64_t step = stride(r, h, g);

	if (h->reserved) {
		m->target = m->share;
	} else if (settling(r, h, g, -1, pressed)) {
		m->why = WHY_SETTLE;
		return;
	} else {
		m->target = max(m->share, less(g->target, step));
	}
	m->why = why_down(h, g, r, m->share);
}

/* One that takes no more gives up what it was promised beyond. */
static bool withdraw(const struct alloc_guest *g, int64_t now,
		     struct alloc_move *m)
{
	if (policy_stuck(now, g) != WHY_WONT_GROW)
		return false;
	m->target = min(g->target, max(g->current, g->floor));
	m->why = WHY_WONT_GROW;
	return true;
}

/* One that doesn't give is asked for no more than is due: its floor may have
 * been raised to what it keeps anyway. */
static void keep(const struct alloc_guest *g, struct alloc_move *m)
{
	m->why = WHY_WONT_SHRINK;
	if (g->target < g->floor)
		m->target = min(g->floor, max(g->current, g->target));
}

/* pressed: what another needs isn't there. */
static void move_down(const struct alloc_rules *r, const struct alloc_host *h,
		      const struct alloc_guest *g, bool pressed,
		      struct alloc_move *m)
{
	uint64_t off = less(g->target, m->share);

	if (policy_stuck(h->now, g) == WHY_WONT_SHRINK)
		keep(g, m);
	else if (off >= band(r, h, g, -1) / (pressed ? 4 : 1) ||
		 (off && g->target > g->max) || (off && h->reserved))
		shrink(r, h, g, pressed, m);
}

/* ---- up ---- */

/* What a guest is to grow by, in one of two classes: what it needs, and what it
 * has a share in beyond that. */
struct wish {
	uint64_t need, rest;
};

static struct wish wish(const struct alloc_rules *r, const struct alloc_host *h,
			const struct alloc_guest *g, const struct alloc_move *m)
{
	struct wish w = { 0, 0 };
	uint64_t off = less(m->share, g->target), urgent;

	if (g->fixed || policy_stuck(h->now, g) != WHY_STEADY)
		return w;
	if (off < band(r, h, g, 1) && g->target >= g->floor)
		return w;
	off = min(off, stride(r, h, g));
	urgent = min(m->share, g->source == USE_NONE ? g->floor
						     : policy_need(r, g));
	w.need = min(off, less(urgent, g->target));
	if (!settling(r, h, g, 1, false))
		w.rest = off - w.need;
	return w;
}

static uint64_t part(uint64_t of, uint64_t have, uint64_t all)
{
	return have >= all ? of : (uint64_t)((double)of * have / all);
}

static enum alloc_why why_up(const struct alloc_guest *g, const struct wish *w)
{
	if (g->target < g->floor)
		return WHY_FLOOR;
	return w->need ? WHY_NEED : WHY_SHARE;
}

/* What all are to grow by. */
static struct wish wishes(const struct alloc_rules *r,
			  const struct alloc_host *h,
			  const struct alloc_guest *g, unsigned int n,
			  const struct alloc_move *out)
{
	struct wish sum = { 0, 0 };
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct wish w = wish(r, h, &g[i], &out[i]);

		sum.need += w.need;
		sum.rest += w.rest;
	}
	return sum;
}

static void grow(const struct alloc_rules *r, const struct alloc_host *h,
		 const struct alloc_guest *g, unsigned int n, uint64_t there,
		 const struct wish *all, struct alloc_move *out)
{
	uint64_t over = less(there, all->need), got;
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct wish w = wish(r, h, &g[i], &out[i]);

		if (!w.need && !w.rest)
			continue;
		got = part(w.need, there, all->need) +
		      part(w.rest, over, all->rest);
		if (got < max(GRAIN, r->band / 4) && got < w.need + w.rest) {
			out[i].why = WHY_NO_ROOM;
			continue;
		}
		out[i].target = g[i].target + got;
		out[i].why = why_up(&g[i], &w);
	}
}

void policy_targets(const struct alloc_rules *r, const struct alloc_host *h,
		    const struct alloc_guest *g, unsigned int n,
		    struct alloc_move *out)
{
	double level = share_level(r, h, g, n);
	uint64_t there = policy_there(h, g, n);
	struct wish all;
	unsigned int i;

	for (i = 0; i < n; i++) {
		out[i].share = share_of(r, h, &g[i], level);
		out[i].target = g[i].target;
		out[i].why = g[i].fixed ? WHY_FIXED : WHY_STEADY;
	}
	all = wishes(r, h, g, n, out);
	for (i = 0; i < n; i++)
		if (!g[i].fixed && !withdraw(&g[i], h->now, &out[i]))
			move_down(r, h, &g[i], all.need > there, &out[i]);
	grow(r, h, g, n, there, &all, out);
}
