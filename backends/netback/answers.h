/* SPDX-License-Identifier: MIT */
/*
 * Answers on their way into a ring, in memory that outlives the process.
 *
 * Each request is answered once and in the ring's order: a front end keeps a
 * buffer for each, and takes a second answer, or a missing one, for an attack.
 * Nothing is in flight between two rounds: what a round took it answers at
 * once. So all that a successor has to know is whether a process died while it
 * was writing answers over requests:
 *
 *   count = 0      nothing is lost; the guest's rsp_prod is where to go on
 *   count = n      answers first .. first + n - 1 are whole in here;
 *                  rsp_prod = first: perhaps some are in their slots, the guest
 *                  has been shown none: they are written again;
 *                  rsp_prod = first + n: it has been shown all of them
 *
 * rsp_prod is the guest's memory. A false one harms nobody but the guest.
 */
#ifndef NETBACK_ANSWERS_H
#define NETBACK_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>
#include "backends/common/ring.h"

#define ANSWERS_MAX	256u

/* In the memory that stays; all zero is an empty one. */
struct answers {
	uint64_t span;			/* first; count in the upper half */
	uint64_t answer[ANSWERS_MAX];
};

/* Writes answers of so many bytes each to the next slots, which the caller has
 * taken, and shows them. True: the guest wants to be notified. */
bool answers_give(struct answers *a, struct ring *r, const uint64_t *answer,
		  unsigned int count, unsigned int bytes);
/* A new ring: nothing is known of it. */
void answers_forget(struct answers *a);
/* Finds out where a ring stands, and finishes what a predecessor began. -1:
 * ring and log contradict each other. */
int answers_recover(struct answers *a, struct ring *r, unsigned int bytes);

#endif /* NETBACK_ANSWERS_H */
