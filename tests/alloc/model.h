/* SPDX-License-Identifier: MIT */
/*
 * A host that is played: guests with balloons of their own speed, whose use of
 * memory a trace says, and the allocator's policy turned once a second as the
 * daemon does it. Sizes in KiB, times in ms.
 */
#ifndef ALLOC_MODEL_H
#define ALLOC_MODEL_H

#include <stdio.h>
#include <hvxallocd/policy.h>

#define MODEL_GUESTS	1024
#define MODEL_EVENTS	65536
#define MODEL_STEP	100	/* ms of the played clock */
#define MODEL_ROUND	1000	/* between two rounds of the policy */
#define MODEL_HURRY	200	/* the same while something grows */
#define MODEL_SAMPLE	2000	/* between two samplings of a guest */

struct model_guest {
	struct alloc_guest g;
	uint64_t uses;		/* the truth, */
	uint64_t goal;		/* and where it goes */
	uint64_t ramp;		/* how fast it grows there: KiB a second; 0: at once */
	uint64_t out;		/* of it, what is swapped out */
	uint64_t back;		/* how fast that comes back; 0: at once */
	uint64_t speed;		/* of its balloon */
	bool deaf;		/* its balloon doesn't move */
	int64_t looked;		/* when its use was last sampled */
	double wanted, lost;	/* ms of work so far, in all and lost */
	uint64_t began;		/* its target when this phase did, */
	uint64_t peak, low;	/* and most and least in it */
};

/* From `at` on guests first to last use from low to high. */
struct model_event {
	int64_t at;
	unsigned int first, last;
	uint64_t low, high;
};

struct model {
	struct alloc_rules rules;
	uint64_t total, slack, reserved;
	bool fixed;		/* no policy: all stays as at the start */
	int64_t now, end, round;
	struct model_guest guest[MODEL_GUESTS];
	unsigned int guests;
	struct model_event event[MODEL_EVENTS];
	unsigned int events, next;
	uint32_t seed;
	/* What is measured. A phase is the time from event to event. */
	int64_t phase, changed;	/* its start, and the last new target in it */
	unsigned int phases, unsettled;
	int64_t settle_max, settle_sum;	/* until targets rest, ms */
	double overshoot;	/* most that a target of one that got more was above
				   where it came to rest */
	double dip;		/* most that a target was below where it began
				   and came to rest */
	double fairness;	/* Jain's index, the least at a phase's end */
	uint64_t changes;	/* targets set */
	const char *broken;	/* a rule that was found broken, or NULL */
};

/* 0, or -1: why says which line and what. The model is then to be forgotten. */
int model_read(struct model *m, FILE *f, char *why, size_t size);
/* One step; false at the end. */
bool model_step(struct model *m);
/* Closes the last phase. */
void model_end(struct model *m);
/* Of all guests: work lost, as a part of what was wanted. */
double model_lost(const struct model *m);
/* What nobody has. */
uint64_t model_free(const struct model *m);

#endif /* ALLOC_MODEL_H */
