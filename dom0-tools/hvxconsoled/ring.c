/* SPDX-License-Identifier: MIT */
#include "ring.h"

#include <string.h>

static uint32_t load(const uint32_t *index)
{
	/* Pairs with the guest's barrier between its bytes, or its reading of
	 * ours, and its index. */
	return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

static void store(uint32_t *index, uint32_t value)
{
	/* Pairs with the guest's: the bytes first, then the index. */
	__atomic_store_n(index, value, __ATOMIC_RELEASE);
}

size_t ring_take_output(struct xencons_interface *ring, uint32_t *cons,
			char *buf, bool *odd)
{
	uint32_t prod = load(&ring->out_prod), len = prod - *cons, at, first;

	*odd = len > RING_OUT;
	if (*odd) {
		*cons = load(&ring->out_cons);
		len = prod - *cons;
		if (len > RING_OUT) {
			*cons = prod;
			return 0;
		}
	}
	at = MASK_XENCONS_IDX(*cons, ring->out);
	first = len < RING_OUT - at ? len : RING_OUT - at;
	memcpy(buf, ring->out + at, first);
	memcpy(buf + first, ring->out, len - first);
	*cons += len;
	return len;
}

void ring_release_output(struct xencons_interface *ring, uint32_t cons)
{
	store(&ring->out_cons, cons);
}

uint32_t ring_find_output(struct xencons_interface *ring, bool known,
			  uint32_t cons)
{
	uint32_t prod = load(&ring->out_prod), theirs = load(&ring->out_cons);

	/* Somebody else may have served it in between: then theirs is ahead. */
	if (known && prod - cons <= RING_OUT && theirs - cons > prod - cons)
		return cons;
	return prod - theirs <= RING_OUT ? theirs : prod;
}

uint32_t ring_find_input(struct xencons_interface *ring)
{
	uint32_t prod = load(&ring->in_prod), cons = load(&ring->in_cons);

	return prod - cons <= RING_IN ? prod : cons;
}

size_t ring_put_input(struct xencons_interface *ring, uint32_t *prod,
		      const char *data, size_t len)
{
	uint32_t cons = load(&ring->in_cons), used = *prod - cons, at, first;

	if (used > RING_IN) {
		*prod = cons;
		used = 0;
	}
	if (len > RING_IN - used)
		len = RING_IN - used;
	at = MASK_XENCONS_IDX(*prod, ring->in);
	first = len < RING_IN - at ? len : RING_IN - at;
	memcpy(ring->in + at, data, first);
	memcpy(ring->in, data + first, len - first);
	*prod += len;
	store(&ring->in_prod, *prod);
	return len;
}
