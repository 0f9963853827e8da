/* SPDX-License-Identifier: MIT */
/* What a guest that is to come costs, and whom. */
#include "policy.h"

#include <string.h>
#include "share.h"

/* What it has, or may take at any moment. */
static uint64_t holds(const struct alloc_guest *g)
{
	return g->current > g->target ? g->current : g->target;
}

static uint64_t spare(int64_t now, const struct alloc_guest *g)
{
	if (!share_gives(now, g) || holds(g) <= g->floor)
		return 0;
	return holds(g) - g->floor;
}

/* By the shares that are left when it is there. */
static void who_gives(const struct alloc_rules *r, const struct alloc_host *h,
		      const struct alloc_guest *g, unsigned int n,
		      uint64_t *give)
{
	double level = share_level(r, h, g, n);
	unsigned int i;

	for (i = 0; i < n; i++) {
		uint64_t share = share_of(r, h, &g[i], level);

		give[i] = share_gives(h->now, &g[i]) && holds(&g[i]) > share
				  ? holds(&g[i]) - share : 0;
	}
}

void policy_plan(const struct alloc_rules *r, const struct alloc_host *h,
		 const struct alloc_guest *g, unsigned int n, uint64_t need,
		 uint64_t *give, struct alloc_plan *out)
{
	uint64_t wanted = policy_spoken_for(h, g, n) + need;
	struct alloc_host after = *h;
	unsigned int i;

	out->need = need;
	out->there = policy_there(h, g, n);
	out->could = 0;
	for (i = 0; i < n; i++) {
		give[i] = spare(h->now, &g[i]);
		out->could += give[i];
	}
	out->missing = h->free + out->could < wanted
			       ? wanted - h->free - out->could : 0;
	if (out->missing)
		return;
	after.reserved += need;
	if (out->there < need)
		who_gives(r, &after, g, n, give);
	else
		memset(give, 0, n * sizeof(*give));
}
