/* SPDX-License-Identifier: MIT */
/*
 * libhvxs: a client of the store, with libxenstore's calls.
 *
 * The store is a tree of small values that domains share: paths of names and
 * slashes, bytes at each node, an owner and rights. A program compiled against
 * Debian's <xenstore.h> links with this library as it is; programs of our own
 * include this header instead.
 *
 * Errors. A call that fails returns NULL, false, XBT_NULL or -1 and sets errno:
 * to what the store said (ENOENT, EACCES, EINVAL, ENOSPC, EAGAIN, ...), E2BIG
 * for what doesn't fit into a message (XENSTORE_PAYLOAD_MAX, path included),
 * EBADF once the connection is lost. Nothing here prints.
 *
 * Memory. What comes back as a pointer is one piece from malloc(), free() it.
 *
 * Transactions. t is XBT_NULL, or what xs_transaction_start() gave. A commit
 * that fails with EAGAIN changed nothing: start again from its beginning.
 *
 * Threads. Any number of threads may use a handle at once; requests of several
 * are under way together. There is no thread behind it: who waits, for a reply
 * or an event, reads for all others as well. After fork() the child may only
 * call xs_daemon_destroy_postfork().
 *
 * Events. xs_watch() asks to be told of changes to a node and all below it; the
 * first event comes at once. xs_read_watch() waits for the next event;
 * programs with a loop poll xs_fileno() and call xs_check_watch() until it says
 * EAGAIN. Events wait in the handle while requests run; none is lost.
 */
#ifndef LIBHVXS_HVXS_H
#define LIBHVXS_HVXS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <abi/io/xs_wire.h>

#pragma GCC visibility push(default)

#define XBT_NULL		0

/* Flags of xs_open. The first two mean nothing any more. */
#define XS_OPEN_READONLY	(1UL << 0)
#define XS_OPEN_SOCKETONLY	(1UL << 1)
/* Once xs_unwatch() has returned no event comes for that token from that path
 * or below. A token is then to be used for one path, not for another below. */
#define XS_UNWATCH_FILTER	(1UL << 2)
/* Ours: the handle survives the store's end; see hvxs_patience(). */
#define HVXS_RECONNECT		(1UL << 16)

struct xs_handle;
typedef uint32_t xs_transaction_t;

struct xs_permissions {
	unsigned int id;		/* a domain */
	unsigned int perms;		/* bits: */
#define XS_PERM_NONE		0x00
#define XS_PERM_READ		0x01
#define XS_PERM_WRITE		0x02
#define XS_PERM_ENOENT_OK	0x04	/* these three: never on the wire */
#define XS_PERM_OWNER		0x08
#define XS_PERM_IGNORE		0x10
};

/* ---- the connection --------------------------------------------------- */

/* To the daemon's socket, or where there is none to the store of this domain
 * by the kernel. A socket that nobody serves is ECONNREFUSED, not a reason to
 * wait in the kernel. */
struct xs_handle *xs_open(unsigned long flags);
/* NULL is allowed. No other thread may be in a call. */
void xs_close(struct xs_handle *h);

/* Older names of xs_open(0) and xs_close(). */
struct xs_handle *xs_daemon_open(void);
struct xs_handle *xs_daemon_open_readonly(void);
struct xs_handle *xs_domain_open(void);
void xs_daemon_close(struct xs_handle *h);
/* In a child after fork(): forgets the handle, the parent's stays whole. */
void xs_daemon_destroy_postfork(struct xs_handle *h);

/*
 * Of a handle opened with HVXS_RECONNECT: when the store ends or is started
 * anew, it is dialled again, with growing pauses up to a tenth of a second; all
 * watches are set again, so each of them fires once more (what changed in
 * between is thus seen); requests under way are sent again, but for those of a
 * transaction, which fail with EAGAIN as if it had met a conflict, and
 * xs_control_command(), which fails with ECONNRESET since it may have been
 * carried out. A request waits until the store has been away for ms
 * milliseconds (negative, as at first: for ever), and then fails with ENOTCONN.
 * xs_fileno() becomes readable when it is time to try: xs_check_watch() does.
 */
void hvxs_patience(struct xs_handle *h, int ms);
/* How many times the handle has been connected anew. */
unsigned int hvxs_reconnects(struct xs_handle *h);

/* ---- nodes ------------------------------------------------------------ */

/* Names of a node's children, in one piece. Long ones come in several messages,
 * and are consistent all the same. */
char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path,
		    unsigned int *num);
/* A byte 0 follows the value; it isn't counted in len, which may be NULL. */
void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
	      unsigned int *len);
/* Ours: n nodes at once. values: as xs_read gives them, NULL where one can't be
 * read; with all requests under way together this takes little longer than one. */
void hvxs_read_many(struct xs_handle *h, const char *const *paths,
		    unsigned int n, char **values);
/* Ours: n nodes written, in this order, in little more time than one takes. Best
 * in a transaction: of one that failed (errno is the first's) the next may have
 * been written. */
struct hvxs_node {
	const char *path, *value;
	const char *rights;		/* strings such as "n0", "r5"; */
	unsigned int rights_len;	/* with their 0s; 0: they stay */
};
bool hvxs_write_many(struct xs_handle *h, xs_transaction_t t,
		     const struct hvxs_node *nodes, unsigned int n);
/* Makes the node, and those above it, if they aren't there. */
bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
	      const void *data, unsigned int len);
/* True also if it is there already. */
bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path);
/* With all below it. */
bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path);

/* The first names the owner, and what those may who aren't listed. */
struct xs_permissions *xs_get_permissions(struct xs_handle *h,
					  xs_transaction_t t, const char *path,
					  unsigned int *num);
bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t,
			const char *path, struct xs_permissions *perms,
			unsigned int num);
/* Always false, ENOSYS. */
bool xs_restrict(struct xs_handle *h, unsigned int domid);

/* XBT_NULL if it can't be started. */
xs_transaction_t xs_transaction_start(struct xs_handle *h);
/* The id is used up, whatever comes of it. */
bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abandon);

/* ---- watches ---------------------------------------------------------- */

/* path may also be @introduceDomain or @releaseDomain. */
bool xs_watch(struct xs_handle *h, const char *path, const char *token);
bool xs_unwatch(struct xs_handle *h, const char *path, const char *token);
/* For poll() alone. -1 and errno on failure. */
int xs_fileno(struct xs_handle *h);
/* [XS_WATCH_PATH] and [XS_WATCH_TOKEN]. EAGAIN: none is there now. */
char **xs_check_watch(struct xs_handle *h);
/* Waits for it. num: how many strings, may be NULL. */
char **xs_read_watch(struct xs_handle *h, unsigned int *num);

/* ---- domains: for the tools in dom0 ----------------------------------- */

bool xs_introduce_domain(struct xs_handle *h, unsigned int domid,
			 unsigned long mfn, unsigned int evtchn);
bool xs_set_target(struct xs_handle *h, unsigned int domid,
		   unsigned int target);
bool xs_resume_domain(struct xs_handle *h, unsigned int domid);
bool xs_release_domain(struct xs_handle *h, unsigned int domid);
char *xs_get_domain_path(struct xs_handle *h, unsigned int domid);
/* False, too, if the store can't be asked. */
bool xs_is_domain_introduced(struct xs_handle *h, unsigned int domid);
/* What the daemon answers. */
char *xs_control_command(struct xs_handle *h, const char *cmd, void *data,
			 unsigned int len);
char *xs_debug_command(struct xs_handle *h, const char *cmd, void *data,
		       unsigned int len);
/* The port by which the domain is asked to suspend, or -1. */
int xs_suspend_evtchn_port(int domid);

/* ---- helpers ---------------------------------------------------------- */

/* By the bytes: equal, or below. */
bool xs_path_is_subpath(const char *parent, const char *child);
/* num strings such as "n0", "r5". False: one of them isn't a right; errno. */
bool xs_strings_to_perms(struct xs_permissions *perms, unsigned int num,
			 const char *strings);
/* The way back. False: it doesn't fit, or can't be said; errno. */
bool xs_perm_to_string(const struct xs_permissions *perm, char *buf,
		       size_t size);
/* Strings in len bytes, each ended by a 0. */
unsigned int xs_count_strings(const char *strings, unsigned int len);
bool xs_write_all(int fd, const void *data, unsigned int len);
/* Where the daemon is looked for; XENSTORED_RUNDIR and XENSTORED_PATH say
 * otherwise. */
const char *xs_daemon_rundir(void);
const char *xs_daemon_socket(void);
const char *xs_daemon_socket_ro(void);

#pragma GCC visibility pop

#endif /* LIBHVXS_HVXS_H */
