/* SPDX-License-Identifier: MIT */
/* What each guest is to have in the end, as policy.h says. */
#ifndef HVXALLOCD_SHARE_H
#define HVXALLOCD_SHARE_H

#include "policy.h"

/* The level at which all of the memory is dealt out, and what a guest has at
 * it. One that stays where it is (fixed, or not following) keeps what it has or
 * was promised. */
double share_level(const struct alloc_rules *r, const struct alloc_host *h,
		   const struct alloc_guest *g, unsigned int n);
uint64_t share_of(const struct alloc_rules *r, const struct alloc_host *h,
		  const struct alloc_guest *g, double level);
/* Whether the guest would give if it was asked. */
bool share_gives(int64_t now, const struct alloc_guest *g);

#endif /* HVXALLOCD_SHARE_H */
