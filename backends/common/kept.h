/* SPDX-License-Identifier: MIT */
/*
 * Persistent grants: pages that a guest grants once and uses for many requests
 * stay mapped, so that data is copied without a call. What a guest makes us
 * keep is limited; what is not kept is copied by grants_copy.
 *
 * The pages are the guest's: it may write them at any time.
 */
#ifndef BACKENDS_KEPT_H
#define BACKENDS_KEPT_H

#include <stdint.h>
#include "grants.h"

/* A ring of 32 requests of 32 pages and one of segments, and some more. */
#define KEPT_MAX	1280u

struct kept;

/* NULL: no memory. */
struct kept *kept_new(struct grants *g);
/* Unmaps all; NULL is fine. */
void kept_free(struct kept *k);

/* Maps those of refs that aren't yet, as far as it can. */
void kept_map(struct kept *k, const uint32_t *refs, unsigned int count);
/* The page, or NULL: it is not kept. */
void *kept_find(const struct kept *k, uint32_t ref);

#endif /* BACKENDS_KEPT_H */
