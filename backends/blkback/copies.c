/* SPDX-License-Identifier: MIT */
/*
 * A call to the grant device costs more than a page's copy, so copies are
 * collected from all requests of a round.
 */
#include "blkback.h"

void copies_add(struct service *s, struct request *req, bool to_guest)
{
	struct copies *c = &s->copies;
	uint8_t *at = req->buffer;
	unsigned int i;

	if (c->count + req->op.segments > COPIES_MAX)
		copies_run(s);
	req->bad_copy = false;
	for (i = 0; i < req->op.segments; i++) {
		const struct blkif_request_segment *seg = &req->seg[i];

		c->owner[c->count] = req;
		c->op[c->count++] = (struct grant_copy){
			.local = at,
			.ref = seg->gref,
			.offset = seg->first_sect * BLK_SECTOR,
			.len = blkif_segment_bytes(seg),
			.to_guest = to_guest,
		};
		at += blkif_segment_bytes(seg);
	}
}

void copies_run(struct service *s)
{
	struct copies *c = &s->copies;
	unsigned int i, count = c->count;

	if (!count)
		return;
	grants_copy(s->grants, c->op, count);
	c->count = 0;
	for (i = 0; i < count; i++) {
		struct request *req = c->owner[i];

		req->bad_copy |= c->op[i].failed;
		if (i + 1 == count || c->owner[i + 1] != req)
			request_copied(req);
	}
}
