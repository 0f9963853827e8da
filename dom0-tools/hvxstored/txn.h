/* SPDX-License-Identifier: MIT */
/*
 * Transactions. Each sees the tree as it was at its start, changed by itself;
 * a root costs nothing to keep (tree.h). It remembers what it looked at, and
 * what it did. At the commit, if nothing else changed meanwhile, its tree
 * becomes the tree. If something did, what it looked at must be now as it was
 * then, or the client has to try again; then what it did is done once more.
 * A transaction that only read never fails: it ran at its start.
 */
#ifndef HVXSTORED_TXN_H
#define HVXSTORED_TXN_H

#include "change.h"
#include "conn.h"

/* The tree that all see who are in no transaction. */
extern struct node *store_root;

enum txn_look {
	LOOK_VALUE = 1,
	LOOK_PERMS = 2,
	LOOK_KIDS = 4,			/* which children there are */
	LOOK_BELOW = 8,			/* everything below */
	LOOK_ABOVE = 16,		/* down to where the path exists */
};

struct look;

struct txn {
	uint32_t id;
	struct conn *conn;
	struct node *base, *root;
	uint64_t began;			/* store_changes at the start */
	bool doomed;			/* the commit will say EAGAIN */
	int64_t bytes;			/* counted for the domain */
	struct tally tally;
	struct look **looks;		/* by hash */
	unsigned int looks_n, looks_size;
	struct change *changes;
	unsigned int changes_n, changes_room;
	TAILQ_ENTRY(txn) of_conn, by_age;
};

/* *out, or an errno. */
int txn_start(struct conn *c, struct txn **out);
/* One that an earlier life of the daemon began: bound to fail. */
void txn_restore(struct conn *c, uint32_t id);
struct txn *txn_find(struct conn *c, uint32_t id);
void txn_end(struct txn *t);
void txn_end_all(struct conn *c);

/* Remembers that the client learned something of path. 0 or an errno. */
int txn_look(struct txn *t, const char *path, unsigned int what);
/* Does a change in it; takes what c holds, whatever comes of it. */
int txn_change(struct txn *t, struct change *c);

/*
 * Makes it the tree: 0, or EAGAIN, or ENOSPC. *old: the tree before, a
 * reference for the caller. The transaction is not ended by it.
 */
int txn_commit(struct txn *t, struct node **old);

/* Changes to the tree so far; to be called after each. Old transactions of
 * guests, which keep what has changed since from being freed, are given up. */
extern uint64_t store_changes;
void txn_count_change(void);
/* No id below this is given out. */
extern uint32_t txn_next_id;

#endif /* HVXSTORED_TXN_H */
