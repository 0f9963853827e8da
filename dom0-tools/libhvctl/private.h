/* SPDX-License-Identifier: MIT */
/* What the files of libhvctl share: the handle, and its way to the kernel. */
#ifndef LIBHVCTL_PRIVATE_H
#define LIBHVCTL_PRIVATE_H

#include <libhvctl/hvctl.h>

/*
 * Hypercall arguments must lie in memory that the kernel never moves. A handle
 * has one arena of it: each call takes what it needs from the start again.
 */
struct hvctl {
	void *call, *foreign;		/* the two libraries' handles */
	char *arena;
	size_t used, size;
	uint64_t calls;
};

/* linux.c */
int hvctl_linux_open(struct hvctl *h, unsigned int pages);
void hvctl_linux_close(struct hvctl *h);
long hvctl_linux_call(struct hvctl *h, unsigned int op, unsigned int n,
		      const uint64_t *args);
/* Frames of a domain in our address space, or NULL; all of them or none. */
void *hvctl_map(struct hvctl *h, uint32_t domid, size_t n,
		const unsigned long *mfns);
void hvctl_unmap(struct hvctl *h, void *p, size_t n);
/* The first frame of a domain's grant table, or NULL. */
void *hvctl_map_grants(struct hvctl *h, uint32_t domid, void **token);
void hvctl_unmap_grants(struct hvctl *h, void *token);

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
