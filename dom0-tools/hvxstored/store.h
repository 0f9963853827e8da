/* SPDX-License-Identifier: MIT */
/* The store as a whole: its start from what is kept, and its end. */
#ifndef HVXSTORED_STORE_H
#define HVXSTORED_STORE_H

#include <common/loop.h>

#include "change.h"
#include "txn.h"

/*
 * dir: where state is kept, NULL: nowhere. The store is complete afterwards,
 * and serves rings once the loop runs; the hypervisor, if there is to be one,
 * was opened before. -1, and said why.
 */
int store_start(struct loop *l, const char *dir);
/* What is kept stays as it is: the next start goes on with it. */
void store_stop(void);

/* Watches of changes that were made to a tree that was `old`. */
void store_fire(struct node *old, const struct change *c, unsigned int n,
		unsigned int cause);

#endif /* HVXSTORED_STORE_H */
