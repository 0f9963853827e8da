/* SPDX-License-Identifier: MIT */
#include "allocd.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <json-c/json.h>
#include <common/log.h>

/* Weights and caps follow what guests used over some rounds. */
#define CPU_ROUNDS	4
/* From round to round while a guest that is to come waits for memory, or one
 * grows; and so many times as long as a round takes at least. */
#define HURRY_MS	200
#define HURRY_ROUNDS	8

static int64_t less(int64_t a, int64_t b)
{
	return a > b ? a - b : 0;
}

static void tell_move(struct allocd *a, unsigned int i, uint64_t from)
{
	struct json_object *more = json_object_new_object();
	const struct alloc_move *m = &a->moves[i];

	json_object_object_add(more, "from", json_object_new_int64(from >> 10));
	json_object_object_add(more, "to",
			       json_object_new_int64(m->target >> 10));
	json_object_object_add(more, "why",
			       json_object_new_string(alloc_why_names[m->why]));
	decision(a, i, "memory-target", more, "%s", a->infos[i].reason);
}

static bool is_stuck(enum alloc_why why)
{
	return why == WHY_WONT_SHRINK || why == WHY_WONT_GROW;
}

static void move(struct allocd *a, unsigned int i)
{
	struct alloc_guest *g = &a->guests[i];
	const struct alloc_move *m = &a->moves[i];
	struct info *in = &a->infos[i];
	uint64_t from = g->target;
	bool news = is_stuck(m->why) && in->why != m->why;

	policy_reason(m, g, in->reason);
	in->why = m->why;
	in->share = m->share;
	if (m->target != from) {
		if (!apply_target(a, i, m->target))
			tell_move(a, i, from);
		else if (errno != ESRCH)
			log_warn("%s (%u): its target can't be set: %s",
				 in->name, g->domid, strerror(errno));
	}
	if (news)
		decision(a, i, "memory-stuck", NULL, "%s", in->reason);
}

/* ms from the beginning of a round to the next one's. */
static int64_t hurry_ms(const struct allocd *a, int64_t took)
{
	int64_t ms = took * HURRY_ROUNDS;

	ms = ms > HURRY_MS ? ms : HURRY_MS;
	return ms < a->interval ? ms : a->interval;
}

void round_run(struct allocd *a)
{
	bool waiting;
	unsigned int i;
	int64_t took;

	a->round_at = loop_now();

	if (observe(a)) {
		log_warn("the hypervisor can't be asked: %s", strerror(errno));
		loop_arm(a->timer, a->interval);
		return;
	}
	waiting = reserve_turn(a);
	policy_targets(&a->rules, &a->host, a->guests, a->count, a->moves);
	for (i = 0; i < a->count; i++) {
		hear_guest(a, i);
		move(a, i);
	}
	sample_some(a);
	if (a->rounds % CPU_ROUNDS == 0)
		cpu_round(a);
	pins_round(a);
	a->rounds++;
	took = loop_now() - a->round_at;
	a->hurry = hurry_ms(a, took);
	if (waiting || policy_hurries(&a->rules, &a->host, a->guests, a->count))
		loop_arm(a->timer, less(a->hurry, took));
	else
		loop_arm(a->timer, a->interval);
}

void round_soon(struct allocd *a)
{
	loop_arm(a->timer, 0);
}

void round_hurry(struct allocd *a)
{
	loop_arm(a->timer, less(a->hurry, loop_now() - a->round_at));
}
