/* SPDX-License-Identifier: MIT */
/*
 * A file that outlives the process, as memory: of fixed size, mostly holes, so
 * that only what was used takes memory. Its first eight bytes say whose it is.
 */
#ifndef BACKENDS_STATEFILE_H
#define BACKENDS_STATEFILE_H

#include <stddef.h>
#include <stdint.h>

/* Maps fd's file, which an empty one becomes: bytes of 0 behind magic, a number
 * that isn't 0. NULL and errno; EUCLEAN: it has another size or magic. */
void *statefile_map(int fd, size_t bytes, uint64_t magic);

#endif /* BACKENDS_STATEFILE_H */
