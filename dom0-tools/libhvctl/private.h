/* SPDX-License-Identifier: MIT */
/* What the files of libhvctl share. */
#ifndef LIBHVCTL_PRIVATE_H
#define LIBHVCTL_PRIVATE_H

#include <libhvctl/hvctl.h>
#include "linux.h"

/* core.c: the arena. head: starts it again, with 1024 zero bytes for the call's
 * own structure; take: more; NULL and ENOBUFS if it is used up. */
void *hvctl_arena_head(struct hvctl *h);
void *hvctl_arena_take(struct hvctl *h, size_t size);
/* What is left of the arena in units of size. */
size_t hvctl_arena_room(struct hvctl *h, size_t size);
long hvctl_call1(struct hvctl *h, unsigned int op, uint64_t a);
long hvctl_call2(struct hvctl *h, unsigned int op, uint64_t a, uint64_t b);
long hvctl_call4(struct hvctl *h, unsigned int op, uint64_t a, uint64_t b,
		 uint64_t c, uint64_t d);
/* A domctl structure in the arena, zero but for its head. */
struct xen_domctl *hvctl_domctl_new(struct hvctl *h, uint32_t cmd,
				    uint32_t domid);
int hvctl_domctl_do(struct hvctl *h, struct xen_domctl *op);

#endif /* LIBHVCTL_PRIVATE_H */
