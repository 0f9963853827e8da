/* SPDX-License-Identifier: MIT */
/*
 * A disk whose format somebody else knows: a server at the other end of a
 * socket (qemu-nbd). What is asked for ends in reap, never within the call that
 * asks.
 *
 * image_open is in nbd.c, by libnbd; or in image_none.c for a program without
 * that library, which costs each process half a megabyte of memory.
 */
#ifndef BLKBACK_IMAGE_H
#define BLKBACK_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include "io.h"

struct image;

struct image_fns {
	/* Without anything under way. */
	void (*free)(struct image *m);
	/* False: the server has gone, and fd needs no look any more. */
	bool (*alive)(const struct image *m);
	/* What to wait for at fd; changes with every call below. */
	uint32_t (*events)(const struct image *m);
	void (*on_events)(struct image *m, uint32_t events);
	/* Calls done for what has ended; how many. */
	unsigned int (*reap)(struct image *m);
	/* As those of io.h. Without a server they end with an error. */
	void (*read)(struct image *m, struct io_op *op, void *to,
		     uint32_t bytes, uint64_t offset);
	void (*write)(struct image *m, struct io_op *op, const void *from,
		      uint32_t bytes, uint64_t offset);
	void (*sync)(struct image *m, struct io_op *op);
	void (*discard)(struct image *m, struct io_op *op, uint64_t offset,
			uint64_t bytes);
};

/* The head of an implementation's own struct. */
struct image {
	const struct image_fns *fns;
	int fd;				/* for epoll */
	uint64_t bytes;
	bool readonly, discard;
};

/* Greets the server at sock, which it takes, also when it fails: NULL, errno,
 * and why. */
struct image *image_open(int sock, const char **why);

#endif /* BLKBACK_IMAGE_H */
