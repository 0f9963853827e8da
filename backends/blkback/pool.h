/* SPDX-License-Identifier: MIT */
/*
 * Buffers for data on its way: runs of pages from an area of fixed size, which
 * is this process's limit on data in flight. Pages that nobody uses for a while
 * go back to the system.
 */
#ifndef BLKBACK_POOL_H
#define BLKBACK_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POOL_PAGE	4096u
#define POOL_PAGES	2048u		/* 8 MiB */
/* Pages of a part of it: a run is within one, and no longer. */
#define POOL_PART	256u

struct pool {
	uint8_t *area;
	uint64_t used[POOL_PAGES / 64];
	uint32_t hint;			/* where to look first */
	uint32_t used_pages;
};

/* 0, or -1 and errno. */
int pool_init(struct pool *p);
void pool_destroy(struct pool *p);
/* A run of pages for so many bytes, POOL_PART pages at most; NULL: no run is long
 * enough now. */
void *pool_get(struct pool *p, size_t bytes);
void pool_put(struct pool *p, void *at, size_t bytes);
bool pool_is_unused(const struct pool *p);
/* Gives the memory of an unused pool back. */
void pool_trim(struct pool *p);

#endif /* BLKBACK_POOL_H */
