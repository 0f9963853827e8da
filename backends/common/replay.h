/* SPDX-License-Identifier: MIT */
/*
 * Requests in flight, in memory that outlives the process: the next process
 * answers what this one took from the ring and didn't answer, each once.
 *
 * An entry goes free -> taken -> answered -> free. Each step is one aligned
 * store, made after what it stands for, so that a process killed between any
 * two instructions leaves one of these:
 *
 *   taken n, req_cons = n      the copy is whole; only req_cons lags
 *   taken n, req_cons > n      in flight
 *   answered n, rsp_prod = n   the response may be in its slot or not: it is
 *                              written again, the guest hasn't been shown it
 *   answered n, rsp_prod > n   done, but for the entry's release
 *
 * The guest is shown responses (ring_publish) up to rsp_prod at most, so
 * what it may have seen is never written twice.
 *
 * The memory is not the guest's, but the dead process may have been in its
 * hands: replay_recover believes nothing that it hasn't checked.
 */
#ifndef BACKENDS_REPLAY_H
#define BACKENDS_REPLAY_H

#include <stdint.h>
#include "ring.h"

#define REPLAY_MAX	512		/* slots of a ring at most */
#define REPLAY_SLOT	112		/* bytes of a request at most */
#define REPLAY_ANSWER	16		/* bytes of a response at most */

struct replay_entry {
	uint64_t state;			/* kind; index in the upper half */
	uint64_t answer[REPLAY_ANSWER / 8];
	uint64_t slot[REPLAY_SLOT / 8];
};

/* In the memory that stays; all zero is an empty one. */
struct replay_log {
	uint32_t req_cons, rsp_prod;
	struct replay_entry entry[REPLAY_MAX];
};

/* This process's view of a log. */
struct replay {
	struct replay_log *log;
	uint16_t unused[REPLAY_MAX];	/* a stack of free entries */
	uint32_t unused_count;
};

/* Takes over a log for a ring of the same size as before. The ring's indices
 * are set from it; taken (REPLAY_MAX of them) gets the numbers of entries in
 * flight, oldest first. Returns how many, -1: the log contradicts itself. */
int replay_recover(struct replay *p, struct replay_log *log, struct ring *r,
		   uint16_t *taken);
/* Begins a log with the indices at which a new ring starts. */
void replay_start(struct replay *p, struct replay_log *log, struct ring *r);

/* Copies the ring's next request into an entry; its number, which is less than
 * the ring's size. Only if ring_peek was positive. There is always room: unanswered requests fit into the ring,
 * and the ring into the log. */
uint32_t replay_take(struct replay *p, struct ring *r);
/* Puts the response to an entry into the ring and frees the entry. bytes: a
 * multiple of 8, REPLAY_ANSWER at most. */
void replay_answer(struct replay *p, struct ring *r, uint32_t entry,
		   const void *rsp, uint32_t bytes);
static inline const void *replay_slot(const struct replay *p, uint32_t entry)
{
	return p->log->entry[entry].slot;
}

#endif /* BACKENDS_REPLAY_H */
