/* SPDX-License-Identifier: MIT */
/*
 * A domain's end: backends, domain, store nodes, in this order, each safe on
 * what isn't there, so that the same end serves a domain that ran, one that is
 * half built, and one of which only nodes are left.
 *
 * The end has come when the hypervisor knows the domain no more. One that is
 * dying, but has pages that somebody still maps, is told as stuck, with those
 * who may hold them; the end goes on as soon as they let go.
 */
#ifndef HVXD_END_H
#define HVXD_END_H

#include "hvxd.h"

/* Nothing is left but d and its state file. From the loop, or from end_begin. */
typedef void end_done_fn(struct dom *d, void *arg);

/* Begins it; d has no end and no create under way (but may be the domain of a
 * failed one). */
void end_begin(struct dom *d, end_done_fn *done, void *arg);
/* Something has changed: look again now, not at the next tick. */
void end_poke(struct dom *d);
/* Does the hypervisor still know it? */
bool end_domain_exists(struct dom *d);

/* holders.c: dom0's processes that map other domains' pages, as one line. The
 * number of them. */
unsigned int holders_list(char *buf, size_t size);

#endif /* HVXD_END_H */
