/* SPDX-License-Identifier: MIT */
/*
 * The handle, and its way to the kernel. linux.c has it with Xen's headers, which
 * define what our ABI's would define again: so none of these here.
 */
#ifndef LIBHVCTL_LINUX_H
#define LIBHVCTL_LINUX_H

#include <stddef.h>
#include <stdint.h>

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

#endif /* LIBHVCTL_LINUX_H */
