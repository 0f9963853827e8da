/* SPDX-License-Identifier: MIT */
/*
 * Requests and responses of a paravirtual disk. Sectors are 512 bytes here
 * whatever the disk's own are; segments are granted pages.
 */
#ifndef ABI_IO_BLKIF_H
#define ABI_IO_BLKIF_H

#include <abi/grant_table.h>
#include <abi/io/ring.h>

typedef uint16_t blkif_vdev_t;
typedef uint64_t blkif_sector_t;

#define BLKIF_OP_READ			0
#define BLKIF_OP_WRITE			1
#define BLKIF_OP_WRITE_BARRIER		2
#define BLKIF_OP_FLUSH_DISKCACHE	3
#define BLKIF_OP_RESERVED_1		4
#define BLKIF_OP_DISCARD		5
#define BLKIF_OP_INDIRECT		6

#define BLKIF_MAX_SEGMENTS_PER_REQUEST	11
#define BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST 8

struct blkif_request_segment {
	grant_ref_t gref;
	uint8_t first_sect, last_sect;	/* in the page, both inclusive */
};

struct blkif_request {
	uint8_t operation;		/* BLKIF_OP_* */
	uint8_t nr_segments;
	blkif_vdev_t handle;
	uint64_t id;			/* given back in the response */
	blkif_sector_t sector_number;
	struct blkif_request_segment seg[BLKIF_MAX_SEGMENTS_PER_REQUEST];
};

struct blkif_request_discard {
	uint8_t operation;		/* BLKIF_OP_DISCARD */
	uint8_t flag;			/* BLKIF_DISCARD_SECURE */
	blkif_vdev_t handle;
	uint64_t id;
	blkif_sector_t sector_number;
	uint64_t nr_sectors;
};

#define BLKIF_DISCARD_SECURE		(1 << 0)

/* The segments are in pages of their own. */
struct blkif_request_indirect {
	uint8_t operation;		/* BLKIF_OP_INDIRECT */
	uint8_t indirect_op;		/* BLKIF_OP_READ or _WRITE */
	uint16_t nr_segments;
	uint64_t id;
	blkif_sector_t sector_number;
	blkif_vdev_t handle;
	grant_ref_t indirect_grefs[BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST];
};

struct blkif_response {
	uint64_t id;
	uint8_t operation;
	int16_t status;			/* BLKIF_RSP_* */
};

#define BLKIF_RSP_EOPNOTSUPP		(-2)
#define BLKIF_RSP_ERROR			(-1)
#define BLKIF_RSP_OKAY			0

DEFINE_RING_TYPES(blkif, struct blkif_request, struct blkif_response);

/* The store's "info" of a disk. */
#define VDISK_CDROM			0x1
#define VDISK_REMOVABLE			0x2
#define VDISK_READONLY			0x4

#endif /* ABI_IO_BLKIF_H */
