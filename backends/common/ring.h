/* SPDX-License-Identifier: MIT */
/*
 * Checked access to a ring that a guest can write at any time.
 *
 * An index of the guest is read once and its distance checked before it is
 * believed; a slot is read once, into private memory. What the back end has
 * consumed and answered is known from private counters only: the shared copies
 * are written, never read back.
 */
#ifndef BACKENDS_RING_H
#define BACKENDS_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The head of every ring page (io/ring.h has it inside of its macros). */
struct ring_head {
	uint32_t req_prod, req_event;
	uint32_t rsp_prod, rsp_event;
	uint8_t pad[48];
};

struct ring {
	struct ring_head *shared;
	uint32_t size;			/* slots, a power of two */
	uint32_t slot_bytes;		/* a multiple of 4 */
	uint32_t req_cons, rsp_prod;	/* ours; they run freely */
	uint32_t published;		/* rsp_prod as the guest knows it */
};

/* Slots of slot_bytes in a ring of so many bytes. */
uint32_t ring_slots(size_t bytes, uint32_t slot_bytes);
void ring_init(struct ring *r, void *shared, size_t bytes, uint32_t slot_bytes);

/* How many requests wait; -1 if the guest's index can't be true. */
int ring_peek(const struct ring *r);
/* Copies the next request; only after ring_peek told that there is one. The
 * caller advances req_cons. */
void ring_read(const struct ring *r, void *slot);
/* Writes a response (at most a slot, a multiple of 4 bytes) at rsp_prod, which
 * the caller advances. */
void ring_write(const struct ring *r, const void *rsp, size_t bytes);
/* Shows the guest all responses so far. True: it wants to be notified. */
bool ring_publish(struct ring *r);
/* Asks for an event with the next request; as ring_peek, for those that came
 * before the question. */
int ring_rearm(const struct ring *r);
/* The same with the request after which there are so many. */
int ring_rearm_for(const struct ring *r, uint32_t count);

#endif /* BACKENDS_RING_H */
