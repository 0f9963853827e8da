/* SPDX-License-Identifier: MIT */
/*
 * A call to the grant device costs more than a page's copy, so copies are
 * collected from all requests of a round. Pages that are kept mapped need no
 * call.
 */
#include "blkback.h"

#include <string.h>

static void keep(struct kept *kept, const struct request *req)
{
	uint32_t refs[BLK_INDIRECT_MAX];
	unsigned int i;

	for (i = 0; i < req->op.segments; i++)
		refs[i] = req->seg[i].gref;
	kept_map(kept, refs, req->op.segments);
}

/* False: this page isn't kept. */
static bool copy_kept(const struct kept *kept,
		      const struct blkif_request_segment *seg, uint8_t *local,
		      bool to_guest)
{
	uint8_t *page = kept ? kept_find(kept, seg->gref) : NULL;
	uint32_t bytes = blkif_segment_bytes(seg);

	if (!page)
		return false;
	page += seg->first_sect * BLK_SECTOR;
	memcpy(to_guest ? page : local, to_guest ? local : page, bytes);
	return true;
}

static void add(struct copies *c, struct request *req,
		const struct blkif_request_segment *seg, uint8_t *local,
		bool to_guest)
{
	c->owner[c->count] = req;
	c->op[c->count++] = (struct grant_copy){
		.local = local,
		.ref = seg->gref,
		.offset = seg->first_sect * BLK_SECTOR,
		.len = blkif_segment_bytes(seg),
		.to_guest = to_guest,
	};
}

void copies_add(struct service *s, struct request *req, bool to_guest)
{
	const struct kept *kept = req->q->kept;
	struct copies *c = &s->copies;
	uint8_t *at = req->buffer;
	bool by_call = false;
	unsigned int i;

	if (c->count + req->op.segments > COPIES_MAX)
		copies_run(s);
	if (kept)
		keep(req->q->kept, req);
	req->bad_copy = false;
	for (i = 0; i < req->op.segments; i++) {
		const struct blkif_request_segment *seg = &req->seg[i];

		if (!copy_kept(kept, seg, at, to_guest)) {
			add(c, req, seg, at, to_guest);
			by_call = true;
		}
		at += blkif_segment_bytes(seg);
	}
	if (!by_call)
		request_copied(req);
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
