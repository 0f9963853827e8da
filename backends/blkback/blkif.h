/* SPDX-License-Identifier: MIT */
/*
 * What a guest asks of a disk: from a private copy of a ring's slot to an
 * operation that is safe to carry out, or to a refusal. Pure functions: no
 * shared memory, no descriptor.
 */
#ifndef BLKBACK_BLKIF_H
#define BLKBACK_BLKIF_H

#include <stdbool.h>
#include <stdint.h>
#include <abi/io/blkif.h>

#define BLK_SECTOR		512u
#define BLK_INDIRECT_MAX	256u	/* segments of an indirect request */
#define BLK_PAGE_SECTORS	8u

enum blk_kind { BLK_READ, BLK_WRITE, BLK_FLUSH, BLK_BARRIER, BLK_DISCARD };
#define BLK_KINDS	(BLK_DISCARD + 1)
extern const char *const blk_kind_names[BLK_KINDS];

struct blk_limits {
	uint64_t sectors;		/* of the disk, in 512 bytes */
	uint32_t sector_size;		/* 512 or 4096 */
	bool readonly, discard;
};

/* A request; within the disk once its segments are checked. */
struct blk_op {
	uint64_t id;
	uint64_t sector, sectors;	/* in 512 bytes */
	enum blk_kind kind;
	uint8_t asked;			/* the operation to answer with */
	bool indirect;
	uint16_t segments;
	uint32_t indirect_ref;		/* the page that holds the segments */
};

/* Reads a slot. 0, or the status to answer with; op's id and asked are right in
 * either case. What has direct segments has them in seg, to be checked. */
int blkif_parse(const struct blkif_request *slot, const struct blk_limits *l,
		struct blk_op *op,
		struct blkif_request_segment
			seg[BLKIF_MAX_SEGMENTS_PER_REQUEST]);
/* Checks op's segments, and sums up its sectors. 0, or the status. */
int blkif_check_segments(struct blk_op *op, const struct blk_limits *l,
			 const struct blkif_request_segment *seg);

static inline uint32_t blkif_segment_bytes(const struct blkif_request_segment *s)
{
	return (s->last_sect - s->first_sect + 1u) * BLK_SECTOR;
}

#endif /* BLKBACK_BLKIF_H */
