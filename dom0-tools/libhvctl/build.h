/* SPDX-License-Identifier: MIT */
/*
 * Builds the memory of a 64-bit PV guest: kernel, initramfs, p2m, page tables,
 * start_info and the first vCPU, by the PV boot protocol (abi/xen.h, struct
 * start_info; notes of abi/elfnote.h).
 *
 * The domain exists already, without memory, with its limits set and its two
 * ports allocated. On failure the domain is left for the caller to destroy;
 * nothing else remains.
 */
#ifndef LIBHVCTL_BUILD_H
#define LIBHVCTL_BUILD_H

#include <libhvctl/hvctl.h>

/* Pages for arguments (hvctl_open_sized) with which building takes the fewest
 * calls. */
#define HVCTL_BUILD_PAGES	18

struct hvctl_build {
	/* What to build */
	const char *kernel;		/* path: bzImage or ELF, gzip or not */
	int image;			/* as for unpack_start; 0: none */
	const char *ramdisk;		/* path, or NULL */
	const char *cmdline;		/* at most MAX_GUEST_CMDLINE - 1 */
	uint64_t memory_kib;		/* now; the limit is the domain's */
	unsigned int vcpus;
	uint32_t console_port, store_port;
	uint32_t console_domid, store_domid;	/* who serves the rings */

	/* What came of it */
	unsigned long console_mfn, store_mfn;
	unsigned long nr_pages;
	uint64_t calls;			/* hypercalls that it took */
	const char *stage;		/* where it failed */
	char error[256];		/* why, in words */
};

/* 0, or -1 with errno, stage and error. */
int hvctl_build(struct hvctl *h, uint32_t domid, struct hvctl_build *b);

#endif /* LIBHVCTL_BUILD_H */
