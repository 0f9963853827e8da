/* SPDX-License-Identifier: MIT */
/*
 * The processes that serve a guest's devices: one of each kind for a guest that
 * has such devices. They are started before it runs, started again when they
 * die, and ended with it.
 */
#ifndef HVXD_BACKEND_H
#define HVXD_BACKEND_H

#include "hvxd.h"

struct store_txn;

/* f NULL: done. */
typedef void backend_done_fn(void *arg, const struct fault *f);

/* Can this configuration's devices be served? 0, or -1 and f. */
int backend_check(struct hvxd *hd, const struct guest_config *c,
		  struct fault *f);
/* The nodes of its devices, both sides. 0, or -1 and errno. */
int backend_put_nodes(struct dom *d, struct store_txn *t);
/* 0: done at once; 1: done comes; -1: f. */
int backend_start(struct dom *d, backend_done_fn *done, void *arg,
		  struct fault *f);
/* false: there is none (any more), done doesn't come. */
bool backend_stop(struct dom *d, backend_done_fn *done, void *arg);

#endif /* HVXD_BACKEND_H */
