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
/* So long after its last step a balloon is thought to move. */
#define ON_ITS_WAY	2000
/* So much is a movement. */
#define STEP		256
/* ms for which what a guest used counts as used now, and as used lately: at
 * least so long, and at most twice that. What is sampled comes seldom, and falls
 * short when a guest waits for its disk. */
static const int64_t stretch_now[USE_SOURCES] = {
	[USE_NONE] = 2000, [USE_AGENT] = 2000, [USE_SAMPLED] = 3000,
};
#define LATELY		7000
/* Looks at a guest that is about to need more come so many times as often. */
#define QUICK		10

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static void stretch_add(struct alloc_stretch *s, int64_t now, int64_t length,
			uint64_t used)
{
	if (now - s->since >= length) {
		s->most[1] = s->most[0];
		s->least[1] = s->least[0];
		s->most[0] = s->least[0] = used;
		s->since = now;
	}
	if (used > s->most[0])
		s->most[0] = used;
	if (used < s->least[0])
		s->least[0] = used;
}

static uint64_t stretch_most(const struct alloc_stretch *s)
{
	return s->most[0] > s->most[1] ? s->most[0] : s->most[1];
}

static uint64_t stretch_least(const struct alloc_stretch *s)
{
	return s->least[0] < s->least[1] ? s->least[0] : s->least[1];
}

/* Who tells something else than before knows nothing of what grew. */
static void observe_use(int64_t now, struct alloc_guest *g)
{
	struct alloc_past *p = &g->past;

	if (!p->known || p->source != g->source) {
		p->now = (struct alloc_stretch){
			{ g->used, g->used }, { g->used, g->used }, now };
		p->lately = p->now;
		p->source = g->source;
	}
	stretch_add(&p->now, now, stretch_now[g->source], g->used);
	stretch_add(&p->lately, now, LATELY, g->used);
}

uint64_t policy_rise(const struct alloc_guest *g)
{
	uint64_t least = stretch_least(&g->past.now);

	return g->past.known && g->used > least ? g->used - least : 0;
}

static uint64_t need_of(const struct alloc_rules *r,
			const struct alloc_guest *g, uint64_t used,
			uint64_t rise)
{
	uint64_t room = used * r->headroom / 100, need;

	if (g->source == USE_NONE)
		return g->max;
	if (rise > used / 3)
		rise = used / 3;
	need = used + (room > rise ? room : rise);
	if (need < g->floor)
		return g->floor;
	return need > g->max ? g->max : need;
}

uint64_t policy_need(const struct alloc_rules *r, const struct alloc_guest *g)
{
	uint64_t used = g->past.known ? stretch_most(&g->past.now) : g->used;

	return need_of(r, g, used, policy_rise(g));
}

uint64_t policy_need_lately(const struct alloc_rules *r,
			    const struct alloc_guest *g)
{
	uint64_t used = g->past.known ? stretch_most(&g->past.lately) : 0;
	uint64_t need = policy_need(r, g), lately = need_of(r, g, used, 0);

	return lately > need ? lately : need;
}

int64_t policy_look_every(const struct alloc_guest *g, int64_t usual)
{
	bool full = g->used + g->used / 4 >= g->current;

	if (!full && policy_rise(g) < g->used / 8)
		return usual;
	return usual / QUICK > 0 ? usual / QUICK : 1;
}

/* Its balloon moves, or hasn't had the time to. */
static bool is_on_its_way(int64_t now, const struct alloc_guest *g)
{
	return !g->fixed && distance(g->current, g->target) > NEAR &&
	       now - g->past.moved < ON_ITS_WAY;
}

bool policy_hurries(const struct alloc_rules *r, const struct alloc_host *h,
		    const struct alloc_guest *g, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (is_on_its_way(h->now, &g[i]) ||
		    (!g[i].fixed && policy_rise(&g[i]) > r->band))
			return true;
	return false;
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
