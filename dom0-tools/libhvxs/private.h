/* SPDX-License-Identifier: MIT */
/*
 * What the files of libhvxs share.
 *
 * A handle is one connection. Its lock guards all of it but `in`, which belongs
 * to the thread that reads. At most one does (`reading`), without the lock;
 * others sleep on `changed`, and whoever stops reading wakes them, so that one
 * takes over.
 */
#ifndef LIBHVXS_PRIVATE_H
#define LIBHVXS_PRIVATE_H

#include <pthread.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <libhvxs/hvxs.h>

#define MESSAGE_MAX	(sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX)

/* A message to the store, from its making to its reply. */
struct request {
	struct request *next;
	size_t len, sent;		/* bytes of message */
	bool repeated;			/* once sent on a connection now lost */
	bool orphan;			/* nobody waits; freed by its reply */
	bool done;
	int error;			/* then, 0 or errno */
	char *reply;			/* malloc'd; a 0 follows */
	unsigned int reply_len;
	union {
		struct xsd_sockmsg head;
		char message[MESSAGE_MAX];
	};
};

struct event {
	struct event *next;
	unsigned int count;		/* of strings */
	char **strings;			/* in one piece, the caller's later */
};

/* What xs_fileno needs; -1: not there. */
struct waker {
	int epoll, event, timer;
	bool raised;			/* event is readable */
};

struct watch {
	struct watch *next;
	char *path, *token;
};

/* A transaction as the caller knows it, and as the store does. */
struct transaction {
	struct transaction *next;
	uint32_t id, wire;
	bool dead;			/* with its connection */
};

/* Of a handle that is connected anew. */
struct again {
	int patience;			/* ms, -1: for ever */
	int64_t since, lost_at, next_try;	/* ms */
	int pause;			/* ms, before the try after next */
	unsigned int count;
	uint32_t next_tx;
	struct watch *watches;
	struct transaction *transactions;
};

struct xs_handle {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int fd;				/* -1: lost, to be dialled again */
	bool is_socket;
	int error;			/* lost for good, and why */
	bool reading;
	bool filter;			/* XS_UNWATCH_FILTER */
	uint32_t next_id;
	struct request *requests;	/* not answered, oldest first */
	struct event *events, **last_event;
	struct waker waker;
	struct again *again;		/* NULL: a loss is for good */
	size_t in_len;
	char in[2 * MESSAGE_MAX];
};

/* ---- core.c ---- */

struct part {
	const void *data;
	size_t len;
};

/* Between these two a thread can't be cancelled. */
int hvxs_enter(struct xs_handle *h);
void hvxs_leave(struct xs_handle *h, int cancel);
/* Gets the connection on: sends, reads what came, dials. Waits for something
 * to happen if asked to; cancel: the state of cancellation meanwhile. */
void hvxs_step(struct xs_handle *h, bool wait, int cancel);
/* Sends a request and waits for its reply; malloc'd, a 0 behind its len
 * bytes; NULL and errno. */
char *hvxs_talk(struct xs_handle *h, xs_transaction_t t, uint32_t type,
		const struct part *parts, unsigned int n, unsigned int *len);
/* A request of one or two parts, and what came of it. */
struct ask {
	uint32_t type;
	unsigned int n;
	struct part parts[2];
	char *reply;			/* as hvxs_talk gives it; NULL: failed */
	int error;			/* then, an errno */
};
/* All of them under way together; the store serves them in this order. */
void hvxs_talk_many(struct xs_handle *h, xs_transaction_t t, struct ask *asks,
		    unsigned int n);
void hvxs_request_queue(struct xs_handle *h, struct request *r);
void hvxs_request_finish(struct xs_handle *h, struct request *r, int error);
/* Fills in a message. 0 or errno. */
int hvxs_request_make(struct request *r, uint32_t type, uint32_t tx,
		      const struct part *parts, unsigned int n);

/* ---- watch.c ---- */

/* Takes in an event's strings. 0 or errno. */
int hvxs_event_add(struct xs_handle *h, const char *data, unsigned int len);
void hvxs_events_free(struct xs_handle *h);
/* Makes xs_fileno's descriptor tell whether events wait. */
void hvxs_waker_settle(struct xs_handle *h);

/* ---- again.c: of a handle with h->again, unless it says otherwise ---- */

int hvxs_again_init(struct xs_handle *h);
void hvxs_again_free(struct xs_handle *h);	/* of any */
/* The connection is gone: sorts what was under way. */
void hvxs_again_lost(struct xs_handle *h);
/* Tries to have one again, if it is time. ms to wait before the next step; 0:
 * something has changed. */
int hvxs_again_step(struct xs_handle *h);
/* A request is about to stand in the list, or its reply has come: 0 or errno,
 * to be taken for what the store said. */
void hvxs_again_asked(struct xs_handle *h, const struct request *r);
int hvxs_again_answered(struct xs_handle *h, struct request *r, int error);
/* The store's number of the caller's transaction, which a request of type
 * names. 0 or errno. */
int hvxs_again_tx(struct xs_handle *h, uint32_t id, uint32_t type,
		  uint32_t *wire);

/* ---- linux.c ---- */

int64_t hvxs_now(void);			/* ms */
/* -1 and errno. only: a socket or nothing. */
int hvxs_dial(bool only_socket, bool *is_socket);
/* As much as goes without waiting; -1 and errno, EAGAIN: nothing does. The
 * kernel's device takes one message at once. */
ssize_t hvxs_send(struct xs_handle *h, struct iovec *v, unsigned int n);
/* 0: the other side has hung up. */
ssize_t hvxs_recv(struct xs_handle *h, char *data, size_t len, bool wait);
/* Whether fd can be read, or written if asked, at most ms from now. */
bool hvxs_wait(int fd, bool to_write, int ms);
/* Without a waker these do nothing. */
int hvxs_waker_open(struct waker *w);
void hvxs_waker_close(struct waker *w);
int hvxs_waker_add(struct waker *w, int fd);
void hvxs_waker_del(struct waker *w, int fd);
void hvxs_waker_raise(struct waker *w, bool raise);
void hvxs_waker_arm(struct waker *w, int64_t at);	/* ms; 0: not */

#endif /* LIBHVXS_PRIVATE_H */
