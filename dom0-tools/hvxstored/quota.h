/* SPDX-License-Identifier: MIT */
/*
 * What each domain uses of the store, and may use. Domain 0 is counted and not
 * limited. Changes that may yet be given up are gathered in a tally.
 */
#ifndef HVXSTORED_QUOTA_H
#define HVXSTORED_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <abi/xen.h>

#define QUOTA_DOMAINS	DOMID_FIRST_RESERVED

struct usage {
	int32_t nodes, watches, transactions;
	int64_t bytes;			/* nodes, watches, queues, transactions */
	int32_t outstanding;		/* replies and events on their way */
	bool warned;
};

/* Limits of a guest, each set by name (quota_set). */
struct limits {
	int64_t nodes, watches, transactions, transaction_nodes, permissions,
		node_size, outstanding, memory;
};
extern struct limits limits;

struct quota_name {
	const char *name, *what;
	int64_t *limit;
};
/* The entry i, or NULL after the last. */
const struct quota_name *quota_entry(unsigned int i);
/* False: no such name, or no sense in the value. */
bool quota_set(const char *name, int64_t value);

/* Never NULL. */
struct usage *quota_of(unsigned int domid);
/* To look at; zeros for who never used anything. */
const struct usage *quota_of_or_none(unsigned int domid);
/* Whether so much more is within a guest's memory. */
bool quota_memory_ok(unsigned int domid, int64_t more);
/* All limits as at first, and nothing used. */
void quota_reset(void);

struct tally_entry {
	uint16_t domid;
	int32_t nodes;
	int64_t bytes;
};

struct tally {
	unsigned int n, room;
	struct tally_entry *e;
};

void tally_add(struct tally *t, unsigned int domid, int nodes, int64_t bytes);
/* What it has for a domain; zeros if nothing. */
struct tally_entry tally_of(const struct tally *t, unsigned int domid);
/* Adds it to the domains' usage, and empties it. */
void tally_commit(struct tally *t);
void tally_free(struct tally *t);

#endif /* HVXSTORED_QUOTA_H */
