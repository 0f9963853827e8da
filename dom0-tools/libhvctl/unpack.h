/* SPDX-License-Identifier: MIT */
/*
 * A kernel file, unpacked: bzImage (xz, gzip, lz4, zstd, or plain inside), ELF
 * or gzipped ELF to an ELF image in memory.
 *
 * Decompressors are big and a guest's kernel is not trusted, so the work is
 * done by a child that can only read the file and write the image: no other
 * descriptor, no system call beyond, bounded memory, time and output. A plain
 * ELF image has nothing to unpack and needs no child.
 */
#ifndef LIBHVCTL_UNPACK_H
#define LIBHVCTL_UNPACK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* An image is at most this big. */
#define UNPACK_MAX	(512UL << 20)

struct unpack {
	pid_t child;			/* 0: none, or none any more */
	int out;			/* memory file of the image */
	const void *image;		/* once finished */
	size_t size;
};

/*
 * Starts the child, if one is needed. NULL, or why not; then nothing is left open. image: a memory
 * file (which stays the caller's, and can be sealed): empty, for the image, or
 * sealed against writing, with the image of an earlier unpacking of path, which
 * is then taken as it is; 0 or less: none.
 */
const char *unpack_start(struct unpack *u, const char *path, int image);
/* Waits for it and maps the image. NULL, or why there is none; unpack_end is
 * called either way. */
const char *unpack_finish(struct unpack *u);
/* Ends a child that still runs, unmaps and closes; safe to repeat. */
void unpack_end(struct unpack *u);

/*
 * The part without processes, for the child and for fuzzers: unpacks size
 * bytes at file, calling put for each piece of the image. 0 or one of:
 */
enum {
	UNPACK_OK, UNPACK_SHORT, UNPACK_UNKNOWN, UNPACK_CORRUPT, UNPACK_TOO_BIG,
	UNPACK_NO_MEMORY, UNPACK_OLD,
};
typedef int unpack_put(void *arg, const void *data, size_t size);
int unpack_image(const uint8_t *file, size_t size, unpack_put *put, void *arg);

#endif /* LIBHVCTL_UNPACK_H */
