/* SPDX-License-Identifier: MIT */
#include "ring.h"

/* An aligned access that the compiler neither splits nor repeats. */
#define shared_load(p)		__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define shared_store(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)

uint32_t ring_slots(size_t bytes, uint32_t slot_bytes)
{
	size_t room = (bytes - sizeof(struct ring_head)) / slot_bytes;
	uint32_t n = 1;

	while (2 * (size_t)n <= room)
		n *= 2;
	return n;
}

void ring_init(struct ring *r, void *shared, size_t bytes, uint32_t slot_bytes)
{
	*r = (struct ring){ .shared = shared, .slot_bytes = slot_bytes,
			    .size = ring_slots(bytes, slot_bytes) };
}

int ring_peek(const struct ring *r)
{
	uint32_t prod = shared_load(&r->shared->req_prod);
	uint32_t waiting = prod - r->req_cons;
	uint32_t unanswered = r->req_cons - r->rsp_prod;

	/* A slot is the guest's again only once it is answered. */
	if (waiting > r->size - unanswered)
		return -1;
	return waiting;
}

static uint32_t *slot_at(const struct ring *r, uint32_t index)
{
	uint8_t *first = (uint8_t *)(r->shared + 1);

	return (uint32_t *)(void *)
		(first + (size_t)(index & (r->size - 1)) * r->slot_bytes);
}

void ring_read(const struct ring *r, void *slot)
{
	const uint32_t *from = slot_at(r, r->req_cons);
	uint32_t *to = slot;
	uint32_t i;

	for (i = 0; i < r->slot_bytes / 4; i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

void ring_write(const struct ring *r, const void *rsp, size_t bytes)
{
	uint32_t *to = slot_at(r, r->rsp_prod);
	const uint32_t *from = rsp;
	uint32_t i;

	for (i = 0; i < bytes / 4; i++)
		__atomic_store_n(&to[i], from[i], __ATOMIC_RELAXED);
}

bool ring_publish(struct ring *r)
{
	uint32_t old = r->published, now = r->rsp_prod;

	shared_store(&r->shared->rsp_prod, now);
	r->published = now;
	/* Partner: the guest writes rsp_event, then looks at rsp_prod. One of
	 * the two sees the other's store. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return now - shared_load(&r->shared->rsp_event) < now - old;
}

int ring_rearm(const struct ring *r)
{
	return ring_rearm_for(r, 1);
}

int ring_rearm_for(const struct ring *r, uint32_t count)
{
	shared_store(&r->shared->req_event, r->req_cons + count);
	/* Partner: the guest writes req_prod, then looks at req_event. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return ring_peek(r);
}
