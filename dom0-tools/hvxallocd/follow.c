/* SPDX-License-Identifier: MIT */
/*
 * Whether a guest follows its target, and what it is thought to use.
 *
 * A guest that is behind its target and comes no nearer for some time is let be
 * for a longer time, and then asked again: memory that it keeps is counted as
 * its own, whatever it was told.
 */
#include "policy.h"

#include <inttypes.h>
#include <stdio.h>

/* Balloon drivers count a little differently from the hypervisor. */
#define NEAR		2048
/* So much is a movement. */
#define STEP		256
/* What a guest used counts for at least so many ms, and at most twice that. */
#define STRETCH		8000

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* Rises at once, and falls when the peak is over for good. */
static void observe_use(int64_t now, struct alloc_guest *g)
{
	struct alloc_past *p = &g->past;

	if (!p->known || now - p->used_since >= STRETCH) {
		p->used[1] = p->known ? p->used[0] : 0;
		p->used[0] = 0;
		p->used_since = now;
	}
	if (g->used > p->used[0])
		p->used[0] = g->used;
}

static uint64_t used_lately(const struct alloc_guest *g)
{
	const struct alloc_past *p = &g->past;

	if (!p->known)
		return g->used;
	return p->used[0] > p->used[1] ? p->used[0] : p->used[1];
}

uint64_t policy_need(const struct alloc_rules *r, const struct alloc_guest *g)
{
	uint64_t need = used_lately(g);

	if (g->source == USE_NONE)
		return g->max;
	need += need * r->headroom / 100;
	if (need < g->floor)
		return g->floor;
	return need > g->max ? g->max : need;
}

static void observe_way(const struct alloc_rules *r, int64_t now,
			struct alloc_guest *g)
{
	struct alloc_past *p = &g->past;
	uint64_t off = distance(g->current, g->target);

	if (!p->known || off <= NEAR ||
	    off + STEP <= distance(p->nearest, g->target)) {
		p->nearest = g->current;
		p->moved = now;
		p->wont_shrink = 0;
		/* At its goal it may be since the promise was taken back. */
		if (off > NEAR)
			p->wont_grow = 0;
		return;
	}
	if (now - p->moved < r->follow || policy_stuck(now, g) != WHY_STEADY)
		return;
	if (g->current > g->target)
		p->wont_shrink = now + r->retry;
	else
		p->wont_grow = now + r->retry;
	/* When it is asked again, it has as long as at first. */
	p->moved = now + r->retry;
}

void policy_observe(const struct alloc_rules *r, int64_t now,
		    struct alloc_guest *g)
{
	observe_use(now, g);
	if (g->fixed)
		g->past.moved = now;
	else
		observe_way(r, now, g);
	g->past.known = true;
}

void policy_applied(int64_t now, uint64_t target, struct alloc_guest *g)
{
	struct alloc_past *p = &g->past;

	if (target == g->target)
		return;
	/* Only from its goal, or to the other side, a new way begins: else a
	 * target that keeps moving would never be missed. */
	if (distance(g->current, g->target) <= NEAR ||
	    (g->current > g->target) != (g->current > target))
		p->moved = now;
	p->nearest = g->current;
	/* Taking a promise back is no movement of the policy's own. */
	if (p->wont_grow <= now || target > g->target) {
		p->direction = target > g->target ? 1 : -1;
		p->set = now;
	}
	g->target = target;
}

enum alloc_why policy_stuck(int64_t now, const struct alloc_guest *g)
{
	if (now < g->past.wont_shrink)
		return WHY_WONT_SHRINK;
	return now < g->past.wont_grow ? WHY_WONT_GROW : WHY_STEADY;
}

/* ---- words ---- */

const char *const alloc_why_names[WHY_COUNT] = {
	[WHY_STEADY] = "steady", [WHY_FIXED] = "fixed",
	[WHY_FLOOR] = "floor", [WHY_NEED] = "need", [WHY_SHARE] = "share",
	[WHY_IDLE] = "idle", [WHY_YIELD] = "yield",
	[WHY_RESERVE] = "reserve", [WHY_NO_ROOM] = "no-room",
	[WHY_SETTLE] = "settle", [WHY_WONT_SHRINK] = "wont-shrink",
	[WHY_WONT_GROW] = "wont-grow",
};

static const char *const sentences[WHY_COUNT] = {
	[WHY_STEADY] = "it has its share",
	[WHY_FIXED] = "its size is fixed",
	[WHY_FLOOR] = "it gets what it is guaranteed",
	[WHY_NEED] = "it uses what it has",
	[WHY_SHARE] = "it gets its share of what others leave",
	[WHY_IDLE] = "it doesn't use what it gives, and others need it",
	[WHY_YIELD] = "it has more than its weight's share",
	[WHY_RESERVE] = "it gives for a guest that is to be created",
	[WHY_NO_ROOM] = "it should grow, and nothing is free",
	[WHY_SETTLE] = "it was just moved the other way",
	[WHY_WONT_SHRINK] = "it doesn't give back what it was asked for",
	[WHY_WONT_GROW] = "it doesn't take what it was given",
};

const char *policy_reason(const struct alloc_move *m,
			  const struct alloc_guest *g, char *buf)
{
	int n = snprintf(buf, 160, "%s", sentences[m->why]);

	if (m->why == WHY_WONT_SHRINK || m->why == WHY_WONT_GROW)
		snprintf(buf + n, 160 - n, ": it has %" PRIu64
			 " MiB, and its target is %" PRIu64, g->current >> 10,
			 g->target >> 10);
	else if (g->source != USE_NONE)
		snprintf(buf + n, 160 - n, " (it uses %" PRIu64 " MiB, says %s)",
			 g->used >> 10, g->source == USE_AGENT
			 ? "its agent" : "the hypervisor");
	return buf;
}
