/* SPDX-License-Identifier: MIT */
/*
 * A limit on what a guest sends: so many bytes in each interval. A packet may
 * go while any of an interval's bytes are left, and what it takes beyond them
 * is missing in those that follow: exact in the long run, and no packet is too
 * long to be ever sent.
 */
#ifndef NETBACK_RATE_H
#define NETBACK_RATE_H

#include <stdint.h>

struct rate {
	uint64_t bytes;			/* in an interval; 0: no limit */
	uint32_t interval;		/* us */
	uint64_t begun;			/* us, when this interval began */
	int64_t left;			/* bytes */
};

/* interval 0: Xen's, 50 ms. now: us of a clock that doesn't go back. */
static inline void rate_init(struct rate *r, uint64_t bytes, uint32_t interval,
			     uint64_t now)
{
	*r = (struct rate){ .bytes = bytes < INT32_MAX ? bytes : INT32_MAX,
			    .interval = interval ? interval : 50000,
			    .begun = now };
	r->left = r->bytes;
}

/* 0: it may go, and is counted. Else us until it is worth asking again. */
static inline uint64_t rate_take(struct rate *r, uint32_t len, uint64_t now)
{
	uint64_t passed;

	if (!r->bytes)
		return 0;
	passed = (now - r->begun) / r->interval;
	if (passed) {
		/* What wasn't used isn't saved. left never falls below minus
		 * one packet, so that so many intervals are as good as any. */
		if (passed > UINT16_MAX + 1u)
			r->left = r->bytes;
		else
			r->left += passed * r->bytes;
		if (r->left > (int64_t)r->bytes)
			r->left = r->bytes;
		r->begun += passed * r->interval;
	}
	if (r->left <= 0)
		return r->begun + r->interval - now;
	r->left -= len;
	return 0;
}

#endif /* NETBACK_RATE_H */
