/* SPDX-License-Identifier: MIT */
/*
 * Connections: sockets of dom0's programs, and a ring for each domain. None
 * waits for another: input is read as it comes, a few requests are served, and
 * it is the next one's turn; a client that doesn't take its replies is not
 * read any more, and what others have for it is bounded.
 */
#ifndef HVXSTORED_CONN_H
#define HVXSTORED_CONN_H

#include <stdbool.h>
#include <sys/queue.h>
#include <common/loop.h>

#include "perm.h"
#include "stream.h"
#include "xen.h"

struct fence;
struct watch;
struct txn;

/* Who caused a message, until it has been sent. */
struct mark {
	uint64_t end;			/* position of its last byte + 1 */
	uint16_t domid;
	uint32_t life;
};

struct conn {
	struct who who;
	bool dead;			/* freed at the end of the round */
	bool held;			/* a ring in an error state */
	bool in_ready;
	int fd;				/* -1: a ring */
	struct fence *fence;		/* NULL: it may do all of its domain's */
	struct loop_fd *watcher;
	uint32_t events;		/* that it waits for */
	struct ring_link link;		/* page NULL: not connected */
	struct stream s;
	struct mark *marks;		/* circle, by position */
	unsigned int mark_first, mark_n, mark_room;
	unsigned int again;		/* commits in a row that failed */
	bool dropped_events;		/* said once */
	TAILQ_ENTRY(conn) all, ready;
	TAILQ_HEAD(watch_list, watch) watches;
	TAILQ_HEAD(txn_list, txn) txns;
};

TAILQ_HEAD(conn_list, conn);
extern struct conn_list conns;

/* The loop that all connections live in. */
int conn_init(struct loop *l);
/* Drops all; what lies in files stays there. */
void conn_exit(void);

/* Takes the descriptor, also on failure (NULL and errno). */
struct conn *conn_new_socket(int fd);
/* For a domain, not yet connected; its stream in a file of dir, or only in
 * memory if dir is NULL. NULL and errno. */
struct conn *conn_new_ring(unsigned int domid, const char *dir, bool *kept);
/* Serves connections on a listening socket. */
int conn_listen(int fd);

/* Its page and port are there (link), its indices are set. */
void conn_attach(struct conn *c, const struct ring_link *link);
/* NULL if none has it. */
struct conn *conn_by_port(int port);
/* Something may have moved: its turn comes. */
void conn_kick(struct conn *c);
/* Forgets watches, transactions, and bytes under way. */
void conn_reset(struct conn *c);
/* Ends it; freed later. A ring's file goes. */
void conn_drop(struct conn *c);
/* Stops serving a ring that broke the rules: XENSTORE_ERROR_*. */
void conn_error(struct conn *c, uint32_t error, const char *why);

/* Queues a reply; only from the handling of a request. */
void conn_reply(struct conn *c, const struct xsd_sockmsg *hdr,
		const void *data);
/*
 * Queues an event that a request of `cause` made: false if there is no room
 * for it. *end: the position where it ends.
 */
bool conn_event(struct conn *c, const char *data, size_t len,
		unsigned int cause, uint64_t *end);
/* The turns of those that wait, after one's own. */
void conn_run(void);

/*
 * Guests wait while a privileged client, which lost too many races, tries its
 * transaction once more; until it ends, or ms have passed.
 */
void conn_hold_guests(struct conn *c, int ms);
void conn_release_guests(struct conn *c);

#endif /* HVXSTORED_CONN_H */
