/* SPDX-License-Identifier: MIT */
/*
 * What is behind a disk: a file, a block device, or a region of either; or an
 * image, by its server's socket, which keeps others from it. A file's or device's
 * region is locked on the open file (F_OFD_SETLK), so that the kernel refuses
 * overlaps between any two back ends for as long as one of them, or something
 * that it submitted, lives.
 */
#ifndef BLKBACK_DISK_H
#define BLKBACK_DISK_H

#include <stdbool.h>
#include <stdint.h>
#include "blkif.h"
#include "image.h"

#define DISK_WHY	160

struct disk_spec {
	uint64_t offset, length;	/* bytes; length 0: to the end */
	uint32_t sector_size;		/* 0: what suits */
	bool readonly, discard, shared;
	bool image;			/* the descriptor is a server's socket */
};

struct disk {
	int fd;				/* -1: there is an image */
	struct image *image;
	struct disk_spec spec;
	struct blk_limits limits;
	uint32_t physical;		/* physical sector size, bytes */
	bool block;			/* a block device */
	bool direct;			/* past dom0's page cache */
};

/* Takes fd, also when it fails: -1, errno, and a sentence in why. */
int disk_open(struct disk *d, int fd, const struct disk_spec *spec,
	      char why[DISK_WHY]);
void disk_close(struct disk *d);
/* Looks at the size again. 0, or -1 likewise; then nothing has changed. */
int disk_resize(struct disk *d, char why[DISK_WHY]);
/* By io_uring, or by the image's server. */
void disk_read(struct disk *d, struct io *io, struct io_op *op, void *to,
	       uint32_t bytes, uint64_t offset);
void disk_write(struct disk *d, struct io *io, struct io_op *op,
		const void *from, uint32_t bytes, uint64_t offset);
void disk_sync(struct disk *d, struct io *io, struct io_op *op);
void disk_discard(struct disk *d, struct io *io, struct io_op *op,
		  uint64_t offset, uint64_t bytes);
/* The place of a sector in the file. */
static inline uint64_t disk_offset(const struct disk *d, uint64_t sector)
{
	return d->spec.offset + sector * BLK_SECTOR;
}

#endif /* BLKBACK_DISK_H */
