/* SPDX-License-Identifier: MIT */
/*
 * Memory kept by hvxallocd for a domain that is to come. The reservation is the
 * connection: it ends with it, whoever of the two dies.
 */
#ifndef HVXD_RESERVATION_H
#define HVXD_RESERVATION_H

#include "hvxd.h"

struct reservation;

/* From the loop: f NULL: the memory is there. */
typedef void reservation_fn(void *arg, const struct fault *f);

/* Whether hvxallocd seems to serve. */
bool reservation_offered(void);
/* Asks for the memory of d's configuration, and what the hypervisor needs for
 * it; hvxallocd may let other guests give, which takes a while. NULL: it isn't
 * there. Where it ends before it answers, what is free decides. */
struct reservation *reservation_ask(struct dom *d, reservation_fn *fn,
				    void *arg);
/* The memory is claimed, or no longer wanted; fn isn't called any more. NULL is
 * fine. */
void reservation_end(struct reservation *v);

#endif /* HVXD_RESERVATION_H */
