/* SPDX-License-Identifier: MIT */
/*
 * A ring page, a log of requests in flight and segments, all of a stranger's
 * making: what comes out of the parser is within the disk and the page, or it
 * is refused.
 */
#include "backends/blkback/blkif.h"
#include "backends/common/replay.h"

#include <stdlib.h>
#include <string.h>

#define PAGE	4096

static struct {
	uint8_t page[PAGE];
	struct replay_log log;
} shared;

static void need(bool truth)
{
	if (!truth)
		abort();
}

static struct blk_limits limits(uint8_t how)
{
	struct blk_limits l = {
		.sectors = (how & 1 ? 64ull << 30 : 4096) & ~7ull,
		.sector_size = how & 2 ? 4096 : 512,
		.readonly = how & 4, .discard = !(how & 8),
	};

	return l;
}

static void check_op(const struct blk_op *op, const struct blk_limits *l,
		     const struct blkif_request_segment *seg)
{
	uint64_t unit = l->sector_size / BLK_SECTOR, sum = 0;
	unsigned int i;

	need(!l->readonly || op->kind == BLK_READ);
	need(op->segments <= BLK_INDIRECT_MAX);
	for (i = 0; i < op->segments; i++) {
		uint32_t bytes = blkif_segment_bytes(&seg[i]);

		need(seg[i].first_sect * BLK_SECTOR + bytes <= PAGE);
		sum += bytes;
	}
	if (op->kind != BLK_DISCARD)
		need(sum == op->sectors * BLK_SECTOR);
	if (!op->sectors)
		return;
	need(op->sector % unit == 0 && op->sectors % unit == 0);
	need(op->sector < l->sectors);
	need(op->sectors <= l->sectors - op->sector);
}

static void serve(const struct blkif_request *slot, const struct blk_limits *l)
{
	struct blkif_request_segment direct[BLKIF_MAX_SEGMENTS_PER_REQUEST];
	struct blkif_request_segment *seg = direct;
	struct blk_op op;
	int status = blkif_parse(slot, l, &op, direct);

	if (!status && op.indirect) {
		need(op.segments && op.segments <= BLK_INDIRECT_MAX);
		seg = malloc(op.segments * sizeof(*seg));
		need(seg);
		memcpy(seg, shared.page, op.segments * sizeof(*seg));
	}
	if (!status)
		status = blkif_check_segments(&op, l, seg);
	need(status <= 0 && status >= BLKIF_RSP_EOPNOTSUPP);
	if (!status)
		check_op(&op, l, seg);
	if (seg != direct)
		free(seg);
}

static void answer(struct replay *p, struct ring *r, uint32_t entry)
{
	struct blkif_response rsp;

	memset(&rsp, 0, sizeof(rsp));
	replay_answer(p, r, entry, &rsp, sizeof(rsp));
}

static void run(struct replay *p, struct ring *r, const struct blk_limits *l)
{
	uint32_t rounds = 0;

	while (ring_peek(r) > 0) {
		uint32_t entry = replay_take(p, r);
		struct blkif_request slot;

		need(entry < r->size);
		memcpy(&slot, replay_slot(p, entry), sizeof(slot));
		serve(&slot, l);
		answer(p, r, entry);
		/* A guest that never stops is one of these pages, too. */
		if (++rounds > 2 * r->size)
			break;
	}
	ring_publish(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint16_t taken[REPLAY_MAX];
	struct blk_limits l;
	struct replay p;
	struct ring r;
	int i, n;

	if (size < 2)
		return 0;
	l = limits(data[0]);
	memset(&shared, 0, sizeof(shared));
	memcpy(shared.page, data + 2, size - 2 < PAGE ? size - 2 : PAGE);
	if (size > PAGE + 2)
		memcpy(&shared.log, data + 2 + PAGE, size - 2 - PAGE <
		       sizeof(shared.log) ? size - 2 - PAGE :
		       sizeof(shared.log));
	ring_init(&r, shared.page, PAGE, sizeof(union blkif_sring_entry));
	if (data[1] & 1) {
		n = replay_recover(&p, &shared.log, &r, taken);
		for (i = 0; i < n; i++)
			answer(&p, &r, taken[i]);
		if (n < 0)
			return 0;
	} else {
		r.req_cons = r.rsp_prod = r.published =
			(uint32_t)data[1] << 24;
		replay_start(&p, &shared.log, &r);
	}
	run(&p, &r, &l);
	return 0;
}
