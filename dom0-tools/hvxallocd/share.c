/* SPDX-License-Identifier: MIT */
/*
 * One number, the level, says what all guests hold: level times weight is what
 * a guest may pay, and each pays for used and for idle memory. What a guest
 * holds only grows with the level, so the level at which all of the memory is
 * dealt out is found by halving.
 */
#include "share.h"

/* More than a double has bits. */
#define ROUNDS	56

bool share_gives(int64_t now, const struct alloc_guest *g)
{
	return !g->fixed && policy_stuck(now, g) != WHY_WONT_SHRINK;
}

static uint64_t most(int64_t now, const struct alloc_guest *g)
{
	uint64_t at = g->current > g->floor ? g->current : g->floor;

	if (policy_stuck(now, g) == WHY_WONT_GROW && at < g->max)
		return at;
	return g->max;
}

/* What the guest holds at this level. */
static uint64_t held(const struct alloc_rules *r, int64_t now,
		     const struct alloc_guest *g, double level)
{
	uint64_t limit = most(now, g);
	double need = policy_need(r, g), lately = policy_need_lately(r, g);
	double idle = 100.0 / (100 - r->tax), cool = idle > 2 ? idle / 2 : 1;
	double pays = level * g->weight, holds = pays;

	if (pays > need)
		holds = need + (pays - need) / cool;
	if (holds > lately)
		holds = lately + (pays - need - (lately - need) * cool) / idle;
	if (holds <= g->floor)
		return g->floor;
	return holds >= limit ? limit : (uint64_t)holds;
}

static uint64_t all_held(const struct alloc_rules *r, int64_t now,
			 const struct alloc_guest *g, unsigned int n,
			 double level)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		if (share_gives(now, &g[i]))
			sum += held(r, now, &g[i], level);
	return sum;
}

/* At this level each guest is at its maximum. */
static double top_level(const struct alloc_rules *r,
			const struct alloc_guest *g, unsigned int n)
{
	double top = 1;
	unsigned int i;

	for (i = 0; i < n; i++) {
		double level = (double)g[i].max * 100 / (100 - r->tax) /
			       g[i].weight;

		top = level > top ? level : top;
	}
	return top;
}

/* All that guests which move can have together. */
static uint64_t pool(const struct alloc_host *h, const struct alloc_guest *g,
		     unsigned int n)
{
	uint64_t all = h->free, not = h->slack + h->reserved;
	unsigned int i;

	for (i = 0; i < n; i++)
		if (share_gives(h->now, &g[i]))
			all += g[i].current;
		else if (g[i].target > g[i].current)
			not += g[i].target - g[i].current;
	return all > not ? all - not : 0;
}

double share_level(const struct alloc_rules *r, const struct alloc_host *h,
		   const struct alloc_guest *g, unsigned int n)
{
	uint64_t all = pool(h, g, n);
	double low = 0, high = top_level(r, g, n);
	unsigned int i;

	if (all_held(r, h->now, g, n, high) <= all)
		return high;
	for (i = 0; i < ROUNDS; i++) {
		double middle = (low + high) / 2;

		if (all_held(r, h->now, g, n, middle) <= all)
			low = middle;
		else
			high = middle;
	}
	return low;
}

uint64_t share_of(const struct alloc_rules *r, const struct alloc_host *h,
		  const struct alloc_guest *g, double level)
{
	if (share_gives(h->now, g))
		return held(r, h->now, g, level);
	return g->fixed ? g->target : g->current;
}
