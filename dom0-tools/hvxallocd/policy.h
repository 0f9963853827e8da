/* SPDX-License-Identifier: MIT */
/*
 * Who gets how much memory: from what was observed to targets with reasons.
 * Nothing here reads a clock, a socket or the hypervisor, and nothing allocates:
 * the daemon and the simulator call the same functions. Sizes are in KiB, times
 * in ms of one clock.
 *
 * What holds for each call of policy_targets:
 *  - What guests have, or were promised if that is more, and what is reserved for
 *    new guests and kept as slack, is together never more than there is: a guest
 *    grows only into memory that is free now, not into what another is to return.
 *  - No target is below a guest's floor or above its maximum, except that a guest
 *    which was there already is left there when nothing is free.
 *  - With the same observations targets come to rest.
 *
 * The share. Each guest has a price for what it holds: a page in use counts once,
 * an idle one 1/(1-tax) times, and one that was in use until lately half of that.
 * Memory is dealt out so that all that aren't at their floor or maximum hold, by
 * price, as their weights are. With a tax of 0 only weights count, with one near 1
 * hardly anything but use; a guest whose use nobody knows counts as if it used
 * all it has.
 *
 * Fast up, slowly down. A guest that swaps has lost more than one that waits for
 * memory to come: so a guest whose use grows is taken to grow as much again, and
 * gets that before it is used. What it no longer uses it keeps for a while, unless
 * another is in need.
 */
#ifndef HVXALLOCD_POLICY_H
#define HVXALLOCD_POLICY_H

#include <stdbool.h>
#include <stdint.h>

enum use_source { USE_NONE, USE_SAMPLED, USE_AGENT, USE_SOURCES };
extern const char *const use_source_names[USE_SOURCES];

/* Most and least of a guest's use in this stretch of time and the one before. */
struct alloc_stretch {
	uint64_t most[2], least[2];
	int64_t since;		/* when this one began */
};

/* What is remembered of a guest from round to round; all zero: nothing. Only
 * policy_observe and policy_applied change it. */
struct alloc_past {
	bool known;
	enum use_source source;	/* of what is remembered of its use */
	struct alloc_stretch now, lately;	/* some seconds, and more */
	uint64_t nearest;	/* what it had when it last came nearer */
	int64_t moved;		/* when that was */
	int64_t set;		/* when its target was last changed, */
	int direction;		/* up or down: 1, -1; 0: not yet */
	/* Until then it isn't asked, since it didn't follow. */
	int64_t wont_shrink, wont_grow;
};

struct alloc_guest {
	uint32_t domid;
	uint64_t floor, max;	/* floor <= max */
	uint64_t current;	/* has */
	uint64_t target;	/* was told to have, and may have */
	uint64_t used;		/* of source; without one nothing */
	unsigned int weight;	/* 1 to 65535 */
	enum use_source source;
	bool fixed;		/* not to be moved: paused, dying, unmanaged */
	struct alloc_past past;
};

struct alloc_host {
	uint64_t free;		/* that nobody has or has claimed */
	uint64_t slack;		/* of it, never to be given to guests */
	uint64_t reserved;	/* likewise, for guests that are to come */
	int64_t now;
};

struct alloc_rules {
	unsigned int tax;	/* percent, 0 to 99 */
	unsigned int headroom;	/* percent of its use that a guest needs beside */
	uint64_t rate;		/* KiB that a target moves in a second at most */
	uint64_t band;		/* differences below this are let be */
	int64_t settle;		/* ms before a target moves the other way */
	int64_t follow;		/* ms in which a guest must get nearer */
	int64_t retry;		/* ms until one that didn't is asked again */
};
extern const struct alloc_rules alloc_default_rules;

enum alloc_why {
	WHY_STEADY,		/* has what it should have */
	WHY_FIXED,
	WHY_FLOOR,		/* grows to its floor */
	WHY_NEED,		/* grows, since it uses what it has */
	WHY_SHARE,		/* grows to its share of what is left */
	WHY_IDLE,		/* gives what it doesn't use */
	WHY_YIELD,		/* gives what is more than its share */
	WHY_RESERVE,		/* gives for a guest that is to come */
	WHY_NO_ROOM,		/* should grow, and nothing is free */
	WHY_SETTLE,		/* was just moved the other way */
	WHY_WONT_SHRINK,	/* was asked to give, and doesn't */
	WHY_WONT_GROW,		/* was given more, and doesn't take it */
	WHY_COUNT
};
extern const char *const alloc_why_names[WHY_COUNT];

struct alloc_move {
	uint64_t target;	/* what it is to be told; unchanged: the old one */
	uint64_t share;		/* what it is to have in the end */
	enum alloc_why why;
};

/* First of all, for each guest: takes what was observed into its past. */
void policy_observe(const struct alloc_rules *r, int64_t now,
		    struct alloc_guest *g);
/* out: n moves. */
void policy_targets(const struct alloc_rules *r, const struct alloc_host *h,
		    const struct alloc_guest *g, unsigned int n,
		    struct alloc_move *out);
/* The guest was told its new target, which is in it then. */
void policy_applied(int64_t now, uint64_t target, struct alloc_guest *g);

/* Whether the next round should come soon: something grows, or is on its way. */
bool policy_hurries(const struct alloc_rules *r, const struct alloc_host *h,
		    const struct alloc_guest *g, unsigned int n);
/* The ms from one look at what a guest uses to the next, where one usually is
 * every so many. */
int64_t policy_look_every(const struct alloc_guest *g, int64_t usual);

/* What it needs now: its use and headroom, more while it grows, within floor and
 * maximum; its maximum if its use isn't known. */
uint64_t policy_need(const struct alloc_rules *r, const struct alloc_guest *g);
/* The same of what it used lately: not less. */
uint64_t policy_need_lately(const struct alloc_rules *r,
			    const struct alloc_guest *g);
/* What its use grew by in the last seconds. */
uint64_t policy_rise(const struct alloc_guest *g);
/* Whether a guest is behind its target and not getting nearer: WHY_WONT_*, or
 * WHY_STEADY. */
enum alloc_why policy_stuck(int64_t now, const struct alloc_guest *g);
/* A sentence for m, in buf (at least 160 bytes), which is returned. */
const char *policy_reason(const struct alloc_move *m,
			  const struct alloc_guest *g, char *buf);

/* ---- guests that are to come ------------------------------------------ */

struct alloc_plan {
	uint64_t need;
	uint64_t there;		/* free for it now */
	uint64_t could;		/* what guests could give, floors kept */
	uint64_t missing;	/* of need, when all that is given; 0: it fits */
};

/* give: n sizes, what each guest would give (or, when it doesn't fit, could). */
void policy_plan(const struct alloc_rules *r, const struct alloc_host *h,
		 const struct alloc_guest *g, unsigned int n, uint64_t need,
		 uint64_t *give, struct alloc_plan *out);
/* Of what is free, what isn't for new guests: slack, reserved, promised. */
uint64_t policy_spoken_for(const struct alloc_host *h,
			   const struct alloc_guest *g, unsigned int n);
/* The rest of it. */
uint64_t policy_there(const struct alloc_host *h, const struct alloc_guest *g,
		      unsigned int n);

#endif /* HVXALLOCD_POLICY_H */
