/* SPDX-License-Identifier: MIT */
/*
 * hvxd's connection to the store. A store that went away is looked for again;
 * what was asked meanwhile fails with ENOTCONN.
 */
#ifndef HVXD_STORE_H
#define HVXD_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <common/loop.h>

struct store;

/* Something that was watched has changed: the path, "" after a new connection,
 * when anything may have. */
typedef void store_watch_fn(void *arg, const char *path);

/* NULL and errno: no store now. */
struct store *store_open(struct loop *l, store_watch_fn *fn, void *arg);
void store_close(struct store *s);
/* Kept over a new connection. path must live as long as the store. */
int store_watch(struct store *s, const char *path);

/*
 * Runs fn in a transaction until it is committed; fn may run several times.
 * fn's -1 with errno ends it with nothing changed. 0, or -1 and errno.
 */
struct put;
struct store_txn {
	struct store *store;
	uint32_t id;
	struct put *puts;		/* not yet sent */
	unsigned int count;
	int failed;			/* errno of one that was: for all others */
};
typedef int store_txn_fn(struct store_txn *t, void *arg);
int store_transact(struct store *s, store_txn_fn *fn, void *arg);

/* Who may do what with a new node. */
enum store_perm {
	PERM_PARENT,			/* as its parent */
	PERM_TOOLS,			/* dom0's, the guest reads */
	PERM_GUEST,			/* the guest's alone */
	PERM_GUEST_SHOWN,		/* the guest's, dom0 reads */
};
/* Writes a node, or makes it (with value ""); others of the transaction see it.
 * That it can't be written may be a later call's failure. */
int txn_put(struct store_txn *t, uint32_t domid, enum store_perm perm,
	    const char *path, const char *value);
/* The names below path: free as one. NULL and errno. */
char **txn_list(struct store_txn *t, const char *path, unsigned int *n);
/* Removes it with all below; that it isn't there is fine. */
int txn_remove(struct store_txn *t, const char *path);
bool txn_exists(struct store_txn *t, const char *path);

/* Outside of a transaction. NULL and errno, or to be freed. */
char *store_read(struct store *s, const char *path);
/* n at once; NULL for each that isn't there. */
void store_read_many(struct store *s, const char *const *paths, unsigned int n,
		     char **values);
int store_write(struct store *s, const char *path, const char *value);
int store_introduce(struct store *s, uint32_t domid, unsigned long mfn,
		    uint32_t port);
/* That it isn't introduced is fine. */
int store_release(struct store *s, uint32_t domid);

#endif /* HVXD_STORE_H */
