/* SPDX-License-Identifier: MIT */
/*
 * Kernels that were unpacked lately, as sealed memory files: unpacking takes
 * longer than all else in a create. A file counts as the same one by device,
 * inode, size and times; a few are kept, for some minutes after their last use.
 */
#ifndef HVXD_KERNELS_H
#define HVXD_KERNELS_H

#include <common/loop.h>

struct kernels;

struct kernels *kernels_new(struct loop *l);
void kernels_free(struct kernels *k);

/*
 * A memory file for the kernel at path: sealed, with its image, or empty, to be
 * unpacked into. It is the caller's, to be given back by kernels_put, which
 * keeps it if it is sealed by then and path is still what it was. -1 and errno.
 */
int kernels_get(struct kernels *k, const char *path);
void kernels_put(struct kernels *k, const char *path, int fd);

#endif /* HVXD_KERNELS_H */
