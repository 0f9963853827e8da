/* SPDX-License-Identifier: MIT */
#include "answers.h"

#include <string.h>

/* x86 shows stores in program order; the compiler has to keep it. */
#define later_store(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define SPAN(first, count)	((uint64_t)(count) << 32 | (first))
#define FIRST(span)		((uint32_t)(span))
#define COUNT(span)		((uint32_t)((span) >> 32))

static bool write_all(const struct answers *a, struct ring *r,
		      unsigned int count, unsigned int bytes)
{
	unsigned int i;

	for (i = 0; i < count; i++, r->rsp_prod++)
		ring_write(r, &a->answer[i], bytes);
	return ring_publish(r);
}

bool answers_give(struct answers *a, struct ring *r, const uint64_t *answer,
		  unsigned int count, unsigned int bytes)
{
	bool notify;

	memcpy(a->answer, answer, count * sizeof(*answer));
	later_store(&a->span, SPAN(r->rsp_prod, count));
	notify = write_all(a, r, count, bytes);
	later_store(&a->span, 0);
	return notify;
}

void answers_forget(struct answers *a)
{
	later_store(&a->span, 0);
}

int answers_recover(struct answers *a, struct ring *r, unsigned int bytes)
{
	uint32_t shown = __atomic_load_n(&r->shared->rsp_prod,
					 __ATOMIC_ACQUIRE);
	uint64_t span = a->span;

	r->req_cons = r->rsp_prod = r->published = shown;
	if (!COUNT(span))
		return 0;
	if (COUNT(span) > ANSWERS_MAX || COUNT(span) > r->size)
		return -1;
	if (shown == FIRST(span)) {
		write_all(a, r, COUNT(span), bytes);
		r->req_cons = r->rsp_prod;
	} else if (shown != FIRST(span) + COUNT(span)) {
		return -1;
	}
	later_store(&a->span, 0);
	return 0;
}
