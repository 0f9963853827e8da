/* SPDX-License-Identifier: MIT */
/*
 * Domains: introduced, shut down, released, and their ids used again. When one
 * ends, all that it had ends with it: connection, watches, transactions, its
 * entries in others' permissions, and the nodes that it owned. Of those, what
 * holds others' nodes becomes dom0's; the rest is removed.
 */
#ifndef HVXSTORED_DOM_H
#define HVXSTORED_DOM_H

#include "change.h"
#include "conn.h"

struct dom {
	struct conn *conn;
	uint64_t gfn;
	uint32_t port;			/* the domain's end */
	bool shut_down;
	bool kept;			/* its stream was there before us */
	int32_t target;
};

/* dir: where rings' streams lie; NULL: in memory only. Domain 0 is there from
 * then on. -1 and errno. */
int dom_init(const char *dir);
void dom_exit(void);

/* NULL if it is not introduced. */
struct dom *dom_find(unsigned int domid);

/*
 * Introduces a domain, or one that is already there with another port. 0 or an
 * errno. dom_load: the same without the hypervisor, from the state file;
 * dom_connect then does what is left for all, and drops those that are gone.
 */
int dom_introduce(unsigned int domid, uint64_t gfn, uint32_t port);
int dom_load(unsigned int domid, uint64_t gfn, uint32_t port);
void dom_connect(void);

/* Ends it: in the tree first, which tells what changed (the caller's to
 * clear), then everything else. */
void dom_purge(unsigned int domid, struct change **changes, unsigned int *n);
void dom_drop(unsigned int domid);
/* Both, with watches fired; dom_release: and the state file told before. */
void dom_end(unsigned int domid);
void dom_release(unsigned int domid);
/* A client gives it rights: its end must be noticed, introduced or not. */
void dom_notice(unsigned int domid);
/* The same, known from before; and whether it is so. */
void dom_set_noticed(unsigned int domid);
bool dom_is_noticed(unsigned int domid);
void dom_set_target(unsigned int domid, int32_t target);

/* An event channel's event; -1: look at all domains. */
void dom_event(void *arg, int port);

/* Calls fn for each that is introduced. */
void dom_each(void (*fn)(void *arg, unsigned int domid, struct dom *d),
	      void *arg);

#endif /* HVXSTORED_DOM_H */
