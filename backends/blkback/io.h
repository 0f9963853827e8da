/* SPDX-License-Identifier: MIT */
/*
 * Reads, writes, syncs and discards by io_uring. Only one thread uses a ring.
 *
 * The ring keeps a reference to the descriptor `held` until all that was
 * submitted has ended, also after the process was killed: the kernel lets go
 * of it last. A lock on it therefore tells a successor when nothing of this
 * process can reach the disk any more.
 */
#ifndef BLKBACK_IO_H
#define BLKBACK_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct io;

struct image;

struct io_op {
	/* res: bytes, or -errno */
	void (*done)(struct io_op *op, int res);
	/* Kept by an image (image.h) while it is under way there. */
	struct image *image;
	struct io_op *next;
	int res;
};

/* entries: how many can be queued between two submits. NULL and errno. */
struct io *io_open(unsigned int entries, int held);
/* Waits for nothing: what is in flight ends by itself, uncalled. */
void io_close(struct io *io);
/*
 * The data of transfers is in an area of some parts, of part bytes each. Parts that
 * much goes through are pinned: the kernel has their pages at hand, and doesn't look
 * them up for each transfer. Called once, by who may lock memory: the kernel then
 * counts none for this ring. A kernel that can't (before 5.19) does without.
 */
void io_area(struct io *io, void *area, size_t part, unsigned int parts);
/* Lets go of the pages, while nothing is under way. False: some stay pinned, and
 * must not be given back to the system. */
bool io_unpin(struct io *io);
/* Readable when something is done. */
int io_fd(const struct io *io);

void io_read(struct io *io, struct io_op *op, int fd, void *to, uint32_t bytes,
	     uint64_t offset);
void io_write(struct io *io, struct io_op *op, int fd, const void *from,
	      uint32_t bytes, uint64_t offset);
void io_sync(struct io *io, struct io_op *op, int fd);
/* Data that reads as zeros afterwards. */
void io_discard(struct io *io, struct io_op *op, int fd, uint64_t offset,
		uint64_t bytes);

/* Hands what is queued to the kernel. False: it didn't take all, try again. */
bool io_submit(struct io *io);
/* Calls done for what has ended; how many. */
unsigned int io_reap(struct io *io);

#endif /* BLKBACK_IO_H */
