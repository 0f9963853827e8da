/* SPDX-License-Identifier: MIT */
#include "blkif.h"

#include <string.h>

const char *const blk_kind_names[BLK_KINDS] = {
	"read", "write", "flush", "barrier", "discard"
};

static bool writes(enum blk_kind kind)
{
	return kind == BLK_WRITE || kind == BLK_BARRIER || kind == BLK_DISCARD;
}

static bool in_disk(const struct blk_op *op, const struct blk_limits *l)
{
	uint64_t unit = l->sector_size / BLK_SECTOR;

	return op->sector <= l->sectors &&
	       op->sectors <= l->sectors - op->sector &&
	       op->sector % unit == 0 && op->sectors % unit == 0;
}

static int parse_direct(const struct blkif_request *slot, struct blk_op *op,
			struct blkif_request_segment *seg)
{
	bool may_be_empty = op->kind == BLK_FLUSH || op->kind == BLK_BARRIER;

	op->sector = slot->sector_number;
	op->segments = slot->nr_segments;
	if (op->segments > BLKIF_MAX_SEGMENTS_PER_REQUEST ||
	    (op->kind == BLK_FLUSH && op->segments) ||
	    (!op->segments && !may_be_empty))
		return BLKIF_RSP_ERROR;
	memcpy(seg, slot->seg, op->segments * sizeof(*seg));
	return 0;
}

static int parse_indirect(const struct blkif_request *slot, struct blk_op *op)
{
	struct blkif_request_indirect in;

	memcpy(&in, slot, sizeof(in));
	op->id = in.id;
	op->asked = in.indirect_op;
	op->indirect = true;
	op->sector = in.sector_number;
	op->segments = in.nr_segments;
	op->indirect_ref = in.indirect_grefs[0];
	if (in.indirect_op == BLKIF_OP_READ)
		op->kind = BLK_READ;
	else if (in.indirect_op == BLKIF_OP_WRITE)
		op->kind = BLK_WRITE;
	else
		return BLKIF_RSP_EOPNOTSUPP;
	/* All that is allowed fits into one page of segments. */
	_Static_assert(BLK_INDIRECT_MAX * sizeof(struct blkif_request_segment)
		       <= 4096, "one page of segments");
	return op->segments && op->segments <= BLK_INDIRECT_MAX ? 0 :
		BLKIF_RSP_ERROR;
}

static int parse_discard(const struct blkif_request *slot,
			 const struct blk_limits *l, struct blk_op *op)
{
	struct blkif_request_discard d;

	memcpy(&d, slot, sizeof(d));
	op->sector = d.sector_number;
	op->sectors = d.nr_sectors;
	if (!l->discard || d.flag)
		return BLKIF_RSP_EOPNOTSUPP;
	return op->sectors && in_disk(op, l) ? 0 : BLKIF_RSP_ERROR;
}

static int parse_kind(const struct blkif_request *slot,
		      const struct blk_limits *l, struct blk_op *op,
		      struct blkif_request_segment *seg)
{
	switch (slot->operation) {
	case BLKIF_OP_READ:
		op->kind = BLK_READ;
		return parse_direct(slot, op, seg);
	case BLKIF_OP_WRITE:
		op->kind = BLK_WRITE;
		return parse_direct(slot, op, seg);
	case BLKIF_OP_WRITE_BARRIER:
		op->kind = BLK_BARRIER;
		return parse_direct(slot, op, seg);
	case BLKIF_OP_FLUSH_DISKCACHE:
		op->kind = BLK_FLUSH;
		return l->readonly ? BLKIF_RSP_EOPNOTSUPP :
			parse_direct(slot, op, seg);
	case BLKIF_OP_DISCARD:
		op->kind = BLK_DISCARD;
		return parse_discard(slot, l, op);
	case BLKIF_OP_INDIRECT:
		return parse_indirect(slot, op);
	default:
		return BLKIF_RSP_EOPNOTSUPP;
	}
}

int blkif_parse(const struct blkif_request *slot, const struct blk_limits *l,
		struct blk_op *op,
		struct blkif_request_segment
			seg[BLKIF_MAX_SEGMENTS_PER_REQUEST])
{
	int rc;

	*op = (struct blk_op){ .id = slot->id, .asked = slot->operation };
	rc = parse_kind(slot, l, op, seg);
	if (!rc && l->readonly && writes(op->kind))
		rc = BLKIF_RSP_ERROR;
	return rc;
}

int blkif_check_segments(struct blk_op *op, const struct blk_limits *l,
			 const struct blkif_request_segment *seg)
{
	unsigned int i, unit = l->sector_size / BLK_SECTOR;

	if (op->kind == BLK_DISCARD)
		return 0;
	op->sectors = 0;
	for (i = 0; i < op->segments; i++) {
		const struct blkif_request_segment *s = &seg[i];

		if (s->first_sect > s->last_sect ||
		    s->last_sect >= BLK_PAGE_SECTORS ||
		    s->first_sect % unit || (s->last_sect + 1u) % unit)
			return BLKIF_RSP_ERROR;
		op->sectors += s->last_sect - s->first_sect + 1u;
	}
	/* A flush's sector number means nothing. */
	return !op->segments || in_disk(op, l) ? 0 : BLKIF_RSP_ERROR;
}
