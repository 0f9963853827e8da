/* SPDX-License-Identifier: MIT */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

enum { FREE, TAKEN, ANSWERED };

/* On x86 stores become visible in program order; what is needed beyond is that
 * the compiler keeps it. */
#define later_store(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define STATE(kind, index)	((uint64_t)(index) << 32 | (kind))
#define KIND(state)		((uint32_t)(state))
#define INDEX(state)		((uint32_t)((state) >> 32))

static void all_unused(struct replay *p, struct replay_log *log, uint32_t size)
{
	uint32_t i;

	p->log = log;
	p->unused_count = 0;
	for (i = size; i-- > 0;)
		if (KIND(log->entry[i].state) == FREE)
			p->unused[p->unused_count++] = i;
}

void replay_start(struct replay *p, struct replay_log *log, struct ring *r)
{
	memset(log, 0, sizeof(*log));
	log->req_cons = r->req_cons;
	log->rsp_prod = r->rsp_prod;
	all_unused(p, log, r->size);
}

uint32_t replay_take(struct replay *p, struct ring *r)
{
	uint32_t n = p->unused[--p->unused_count];
	struct replay_entry *e = &p->log->entry[n];

	ring_read(r, e->slot);
	later_store(&e->state, STATE(TAKEN, r->req_cons));
	later_store(&p->log->req_cons, ++r->req_cons);
	return n;
}

void replay_answer(struct replay *p, struct ring *r, uint32_t entry,
		   const void *rsp, uint32_t bytes)
{
	struct replay_entry *e = &p->log->entry[entry];

	memset(e->answer, 0, sizeof(e->answer));
	memcpy(e->answer, rsp, bytes);
	later_store(&e->state, STATE(ANSWERED, r->rsp_prod));
	ring_write(r, e->answer, bytes);
	later_store(&p->log->rsp_prod, ++r->rsp_prod);
	later_store(&e->state, STATE(FREE, 0));
	p->unused[p->unused_count++] = entry;
}

/* Completes the step in which the process died. -1: no step leads here. */
static int settle(struct replay_log *log, struct ring *r,
		  struct replay_entry *e)
{
	uint32_t index = INDEX(e->state);

	switch (KIND(e->state)) {
	case FREE:
		return 0;
	case TAKEN:
		if (index == log->req_cons)
			log->req_cons = index + 1;
		return 0;
	case ANSWERED:
		if (index == log->rsp_prod) {
			r->rsp_prod = index;
			ring_write(r, e->answer, sizeof(e->answer));
			log->rsp_prod = index + 1;
		} else if (index != log->rsp_prod - 1) {
			return -1;
		}
		e->state = STATE(FREE, 0);
		return 0;
	}
	return -1;
}

/* Age of a request: how many were taken from the ring since. */
struct aged {
	uint32_t age, entry;
};

static int older_first(const void *a, const void *b)
{
	const struct aged *x = a, *y = b;

	return x->age < y->age ? 1 : x->age > y->age ? -1 : 0;
}

int replay_recover(struct replay *p, struct replay_log *log, struct ring *r,
		   uint16_t *taken)
{
	struct aged aged[REPLAY_MAX];
	uint32_t i, count = 0;

	for (i = 0; i < REPLAY_MAX; i++) {
		struct replay_entry *e = &log->entry[i];

		if (settle(log, r, e) || (KIND(e->state) != FREE && i >= r->size))
			return -1;
	}
	for (i = 0; i < r->size; i++) {
		uint64_t state = log->entry[i].state;

		if (KIND(state) == TAKEN)
			aged[count++] = (struct aged){
				log->req_cons - INDEX(state), i };
	}
	if (log->req_cons - log->rsp_prod != count)
		return -1;
	qsort(aged, count, sizeof(aged[0]), older_first);
	for (i = 0; i < count; i++)
		taken[i] = aged[i].entry;
	r->req_cons = log->req_cons;
	r->rsp_prod = r->published = log->rsp_prod;
	all_unused(p, log, r->size);
	return count;
}
