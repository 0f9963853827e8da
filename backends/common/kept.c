/* SPDX-License-Identifier: MIT */
/*
 * A hash table with linear probing, never more than a third full. A reference
 * that couldn't be mapped stays in it without a page: it isn't tried again, or
 * a guest could make each request cost a failing call.
 */
#include "kept.h"

#include <stdbool.h>
#include <stdlib.h>

#define PLACES	4096u
#define TOGETHER 32u		/* mapped by one call */

struct place {
	void *page;		/* NULL: refused */
	uint32_t ref;
	bool used;
};

struct run {
	void *at;
	unsigned int count;
};

struct kept {
	struct grants *g;
	unsigned int refs, runs;
	struct place place[PLACES];
	struct run run[KEPT_MAX];	/* as they were mapped */
};

struct kept *kept_new(struct grants *g)
{
	struct kept *k = calloc(1, sizeof(*k));

	if (k)
		k->g = g;
	return k;
}

void kept_free(struct kept *k)
{
	unsigned int i;

	if (!k)
		return;
	for (i = 0; i < k->runs; i++)
		grants_unmap(k->g, k->run[i].at, k->run[i].count);
	free(k);
}

/* Where a reference is, or would be. */
static unsigned int place_of(const struct kept *k, uint32_t ref)
{
	unsigned int i = ref * 2654435761u >> 20;

	while (k->place[i].used && k->place[i].ref != ref)
		i = (i + 1) % PLACES;
	return i;
}

void *kept_find(const struct kept *k, uint32_t ref)
{
	const struct place *p = &k->place[place_of(k, ref)];

	return p->used ? p->page : NULL;
}

static void map_run(struct kept *k, const uint32_t *refs, unsigned int count)
{
	uint8_t *at = grants_map(k->g, refs, count, true);
	unsigned int i;

	if (!at)
		return;
	k->run[k->runs++] = (struct run){ at, count };
	for (i = 0; i < count; i++)
		k->place[place_of(k, refs[i])].page = at + (size_t)i * GRANT_PAGE;
}

void kept_map(struct kept *k, const uint32_t *refs, unsigned int count)
{
	uint32_t want[TOGETHER];
	unsigned int i, n = 0;

	for (i = 0; i < count; i++) {
		struct place *p = &k->place[place_of(k, refs[i])];

		if (p->used || k->refs == KEPT_MAX)
			continue;
		*p = (struct place){ .ref = refs[i], .used = true };
		k->refs++;
		want[n++] = refs[i];
		if (n == TOGETHER) {
			map_run(k, want, n);
			n = 0;
		}
	}
	if (n)
		map_run(k, want, n);
}
