/* SPDX-License-Identifier: MIT */
#include "pool.h"

#include <string.h>
#include <sys/mman.h>

int pool_init(struct pool *p)
{
	memset(p, 0, sizeof(*p));
	p->area = mmap(NULL, (size_t)POOL_PAGES * POOL_PAGE,
		       PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return p->area == MAP_FAILED ? -1 : 0;
}

void pool_destroy(struct pool *p)
{
	munmap(p->area, (size_t)POOL_PAGES * POOL_PAGE);
}

static bool is_used(const struct pool *p, uint32_t page)
{
	return p->used[page / 64] >> page % 64 & 1;
}

static void set_used(struct pool *p, uint32_t first, uint32_t count, bool used)
{
	uint32_t i;

	for (i = first; i < first + count; i++) {
		uint64_t bit = 1ull << i % 64;

		if (used)
			p->used[i / 64] |= bit;
		else
			p->used[i / 64] &= ~bit;
	}
	p->used_pages += used ? count : -count;
}

/* The first run of free pages within [from, to), and within a part; to: none. */
static uint32_t find_run(const struct pool *p, uint32_t from, uint32_t to,
			 uint32_t count)
{
	uint32_t i, run = 0;

	for (i = from; i < to; i++) {
		if (i % POOL_PART == 0)
			run = 0;
		run = is_used(p, i) ? 0 : run + 1;
		if (run == count)
			return i + 1 - count;
	}
	return to;
}

static uint32_t pages_of(size_t bytes)
{
	return (bytes + POOL_PAGE - 1) / POOL_PAGE;
}

void *pool_get(struct pool *p, size_t bytes)
{
	uint32_t count = pages_of(bytes), at;

	if (count > POOL_PAGES - p->used_pages)
		return NULL;
	at = find_run(p, p->hint, POOL_PAGES, count);
	if (at == POOL_PAGES)
		at = find_run(p, 0, POOL_PAGES, count);
	if (at == POOL_PAGES)
		return NULL;
	set_used(p, at, count, true);
	p->hint = at + count;
	return p->area + (size_t)at * POOL_PAGE;
}

void pool_put(struct pool *p, void *at, size_t bytes)
{
	uint32_t first = ((uint8_t *)at - p->area) / POOL_PAGE;

	set_used(p, first, pages_of(bytes), false);
	/* Low pages first: a shallow queue stays in few of them. */
	if (first < p->hint)
		p->hint = first;
}

bool pool_is_unused(const struct pool *p)
{
	return !p->used_pages;
}

void pool_trim(struct pool *p)
{
	if (pool_is_unused(p))
		madvise(p->area, (size_t)POOL_PAGES * POOL_PAGE, MADV_DONTNEED);
}
