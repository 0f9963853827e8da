/* SPDX-License-Identifier: MIT */
/*
 * What a wild guest does to its page tables: pin, unpin, link, map, write an
 * entry by a call or by a store, clear, load as the user's table; with entries
 * that are good, bad, or almost good. Several vCPUs may do it at once.
 */
#ifndef GUESTS_CHURN_H
#define GUESTS_CHURN_H

#include <stdint.h>

struct random {
	uint64_t state;			/* never 0 */
};

/* A number below n. */
unsigned int pick(struct random *r, unsigned int n);
/* Once, first: takes the frames.  foreign: one that isn't the caller's; only the
 * control domain can ask where there is RAM (foreign_mfn). */
void churn_prepare(unsigned long foreign_frame);
/* So many operations; how many were allowed. */
unsigned int churn(struct random *r, unsigned int rounds);
/* Undoes all; the frames that aren't ordinary pages again. */
unsigned int churn_release(void);

#endif
