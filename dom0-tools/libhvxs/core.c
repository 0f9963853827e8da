/* SPDX-License-Identifier: MIT */
/*
 * One connection, many requests. A request stands in the handle's list from its
 * making to its reply, which carries its number. Its thread drives the
 * connection by hvxs_step() until the reply is there: it sends what is unsent,
 * reads if nobody does, and hands out what it reads, replies to their requests
 * and events to their queue.
 */
#include "private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A thread that only wants to write looks again after that many ms, since the
 * reader may have closed the descriptor meanwhile. */
#define WRITE_WAIT	100
/* Requests sent by one call. */
#define SENT_TOGETHER	16

/* ---- handles ---- */

static struct xs_handle *handle_new(void)
{
	struct xs_handle *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->fd = h->waker.epoll = h->waker.event = h->waker.timer = -1;
	h->last_event = &h->events;
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->changed, NULL);
	return h;
}

static void handle_free(struct xs_handle *h)
{
	int saved = errno;

	if (h->fd >= 0)
		close(h->fd);
	hvxs_waker_close(&h->waker);
	hvxs_events_free(h);
	hvxs_again_free(h);
	pthread_cond_destroy(&h->changed);
	pthread_mutex_destroy(&h->lock);
	free(h);
	errno = saved;
}

struct xs_handle *xs_open(unsigned long flags)
{
	struct xs_handle *h = handle_new();

	if (!h)
		return NULL;
	h->filter = flags & XS_UNWATCH_FILTER;
	h->fd = hvxs_dial(false, &h->is_socket);
	if (h->fd < 0)
		goto out_free;
	/* The kernel's device outlives the store by itself. */
	if ((flags & HVXS_RECONNECT) && h->is_socket && hvxs_again_init(h))
		goto out_free;
	return h;

out_free:
	handle_free(h);
	return NULL;
}

void xs_close(struct xs_handle *h)
{
	if (h)
		handle_free(h);
}

void xs_daemon_destroy_postfork(struct xs_handle *h)
{
	/* The lock may have been another thread's when the process split; it
	 * is not taken, and the copies of descriptors can be closed. */
	xs_close(h);
}

int hvxs_enter(struct xs_handle *h)
{
	int cancel;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	pthread_mutex_lock(&h->lock);
	return cancel;
}

void hvxs_leave(struct xs_handle *h, int cancel)
{
	int saved = errno;

	hvxs_waker_settle(h);
	pthread_mutex_unlock(&h->lock);
	pthread_setcancelstate(cancel, NULL);
	errno = saved;
}

/* ---- requests ---- */

int hvxs_request_make(struct request *r, uint32_t type, uint32_t tx,
		      const struct part *parts, unsigned int n)
{
	char *to = r->message + sizeof(r->head);
	unsigned int i;

	memset(r, 0, offsetof(struct request, message));
	r->head = (struct xsd_sockmsg){ .type = type, .tx_id = tx };
	for (i = 0; i < n; i++) {
		if (parts[i].len > XENSTORE_PAYLOAD_MAX - r->head.len)
			return E2BIG;
		if (parts[i].len)
			memcpy(to + r->head.len, parts[i].data, parts[i].len);
		r->head.len += parts[i].len;
	}
	r->len = sizeof(r->head) + r->head.len;
	return 0;
}

void hvxs_request_queue(struct xs_handle *h, struct request *r)
{
	struct request **p;

	r->head.req_id = ++h->next_id;
	if (h->again)
		hvxs_again_asked(h, r);
	for (p = &h->requests; *p; p = &(*p)->next)
		;
	*p = r;
}

void hvxs_request_finish(struct xs_handle *h, struct request *r, int error)
{
	struct request **p;

	for (p = &h->requests; *p != r; p = &(*p)->next)
		;
	*p = r->next;
	r->error = error;
	r->done = true;
	if (r->orphan) {
		free(r->reply);
		free(r);
	}
	pthread_cond_broadcast(&h->changed);
}

static struct request *first_unsent(struct xs_handle *h)
{
	struct request *r;

	for (r = h->requests; r && r->sent == r->len; r = r->next)
		;
	return r;
}

/* From r on, as many as one call takes. */
static ssize_t send_from(struct xs_handle *h, struct request *r)
{
	struct iovec v[SENT_TOGETHER];
	unsigned int n = 0;

	for (; r && n < SENT_TOGETHER; r = r->next)
		v[n++] = (struct iovec){ r->message + r->sent,
					 r->len - r->sent };
	return hvxs_send(h, v, n);
}

static void count_sent(struct request *r, size_t n)
{
	for (; n; r = r->next) {
		size_t some = r->len - r->sent < n ? r->len - r->sent : n;

		r->sent += some;
		n -= some;
	}
}

/* Sends what goes without waiting. */
static void flush(struct xs_handle *h)
{
	struct request *r;

	while ((r = first_unsent(h))) {
		ssize_t n = send_from(h, r);

		if (n > 0) {
			count_sent(r, n);
		} else if (n < 0 && errno == EAGAIN) {
			return;
		} else if (!h->is_socket) {
			hvxs_request_finish(h, r, n < 0 ? errno : EIO);
		} else {
			/* Whoever reads sees the end, and what came before. */
			shutdown(h->fd, SHUT_RDWR);
			return;
		}
	}
}

/* ---- what comes in ---- */

static int error_number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} errors[] = {
		{ "E2BIG", E2BIG }, { "EACCES", EACCES }, { "EAGAIN", EAGAIN },
		{ "EBADF", EBADF }, { "EBUSY", EBUSY }, { "EEXIST", EEXIST },
		{ "EINVAL", EINVAL }, { "EIO", EIO }, { "EISCONN", EISCONN },
		{ "EISDIR", EISDIR }, { "ENOENT", ENOENT },
		{ "ENOMEM", ENOMEM }, { "ENOSPC", ENOSPC },
		{ "ENOSYS", ENOSYS }, { "ENOTEMPTY", ENOTEMPTY },
		{ "EPERM", EPERM }, { "EROFS", EROFS }, { "ESRCH", ESRCH },
	};
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (!strcmp(errors[i].name, name))
			return errors[i].number;
	return EINVAL;
}

/* The connection is no more; the reader says so. */
static void lost(struct xs_handle *h, int error)
{
	h->in_len = 0;
	if (h->again) {
		hvxs_waker_del(&h->waker, h->fd);
		close(h->fd);
		h->fd = -1;
		hvxs_again_lost(h);
		return;
	}
	/* The descriptor stays, for those who poll it. */
	h->error = error;
	while (h->requests)
		hvxs_request_finish(h, h->requests, error);
}

static int take_reply(struct xs_handle *h, const struct xsd_sockmsg *head,
		      const char *body)
{
	struct request *r;
	int error = 0;

	for (r = h->requests; r; r = r->next)
		if (r->head.req_id == head->req_id && r->sent == r->len)
			break;
	if (!r)
		return 0;
	r->reply = malloc(head->len + 1);
	if (!r->reply)
		return ENOMEM;
	memcpy(r->reply, body, head->len);
	r->reply[head->len] = 0;
	r->reply_len = head->len;
	if (head->type == XS_ERROR)
		error = error_number(r->reply);
	else if (head->type != r->head.type)
		error = EIO;
	if (h->again)
		error = hvxs_again_answered(h, r, error);
	if (error && r->orphan)
		return error;
	hvxs_request_finish(h, r, error);
	return 0;
}

/* Hands out all whole messages. 0, or why the connection can't go on. */
static int take_messages(struct xs_handle *h)
{
	struct xsd_sockmsg head;
	size_t at = 0;
	int error = 0;

	while (!error && h->in_len - at >= sizeof(head)) {
		const char *body = h->in + at + sizeof(head);

		memcpy(&head, h->in + at, sizeof(head));
		if (head.len > XENSTORE_PAYLOAD_MAX)
			return EPROTO;
		if (h->in_len - at - sizeof(head) < head.len)
			break;
		if (head.type == XS_WATCH_EVENT)
			error = hvxs_event_add(h, body, head.len);
		else
			error = take_reply(h, &head, body);
		at += sizeof(head) + head.len;
	}
	h->in_len -= at;
	memmove(h->in, h->in + at, h->in_len);
	return error;
}

/* ---- one step ---- */

static void stop_reading(void *arg)
{
	struct xs_handle *h = arg;

	pthread_mutex_lock(&h->lock);
	h->reading = false;
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
}

/* Waits for pause ms if there is one; else reads, once something is there. */
static ssize_t wait_or_read(struct xs_handle *h, bool wait, bool unsent,
			    int pause)
{
	if (pause || (wait && unsent))
		hvxs_wait(h->fd, unsent, pause ? pause : -1);
	if (pause) {
		errno = EAGAIN;
		return -1;
	}
	return hvxs_recv(h, h->in + h->in_len, sizeof(h->in) - h->in_len,
			 wait && !unsent);
}

/* The same as the only one, without the lock. */
static ssize_t read_unlocked(struct xs_handle *h, bool wait, int pause,
			     int cancel)
{
	bool unsent = first_unsent(h);
	ssize_t n;
	int error;

	h->reading = true;
	hvxs_waker_settle(h);
	pthread_mutex_unlock(&h->lock);
	pthread_cleanup_push(stop_reading, h);
	pthread_setcancelstate(cancel, NULL);
	n = wait_or_read(h, wait, unsent, pause);
	error = errno;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_cleanup_pop(0);
	pthread_mutex_lock(&h->lock);
	h->reading = false;
	pthread_cond_broadcast(&h->changed);
	errno = error;
	return n;
}

static void read_step(struct xs_handle *h, bool wait, int cancel)
{
	ssize_t n = read_unlocked(h, wait, 0, cancel);
	int error = 0;

	if (n > 0) {
		h->in_len += n;
		error = take_messages(h);
	} else if (n == 0) {
		error = EBADF;
	} else if (errno != EAGAIN) {
		error = errno;
	}
	if (error)
		lost(h, error);
}

static void dial_step(struct xs_handle *h, bool wait, int cancel)
{
	int pause = hvxs_again_step(h);

	/* Who only polls isn't called again before the store has spoken. */
	if (h->fd >= 0)
		flush(h);
	else if (pause && wait)
		read_unlocked(h, true, pause, cancel);
}

static void unlock(void *arg)
{
	pthread_mutex_unlock(arg);
}

/* Another thread reads, or dials. */
static void follow_step(struct xs_handle *h, int cancel)
{
	if (h->fd >= 0 && first_unsent(h)) {
		int fd = h->fd;

		hvxs_waker_settle(h);
		pthread_mutex_unlock(&h->lock);
		hvxs_wait(fd, true, WRITE_WAIT);
		pthread_mutex_lock(&h->lock);
		return;
	}
	hvxs_waker_settle(h);
	pthread_cleanup_push(unlock, &h->lock);
	pthread_setcancelstate(cancel, NULL);
	pthread_cond_wait(&h->changed, &h->lock);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_cleanup_pop(0);
}

void hvxs_step(struct xs_handle *h, bool wait, int cancel)
{
	if (h->fd >= 0)
		flush(h);
	if (h->reading) {
		if (wait)
			follow_step(h, cancel);
	} else if (h->fd < 0) {
		dial_step(h, wait, cancel);
	} else {
		read_step(h, wait, cancel);
	}
}

char *hvxs_talk(struct xs_handle *h, xs_transaction_t t, uint32_t type,
		const struct part *parts, unsigned int n, unsigned int *len)
{
	struct request r = { .reply = NULL };
	uint32_t wire = t;
	int cancel = hvxs_enter(h), error = h->error;

	if (!error && h->again && t)
		error = hvxs_again_tx(h, t, type, &wire);
	if (!error)
		error = hvxs_request_make(&r, type, wire, parts, n);
	if (!error) {
		hvxs_request_queue(h, &r);
		while (!r.done)
			hvxs_step(h, true, PTHREAD_CANCEL_DISABLE);
		error = r.error;
	}
	hvxs_leave(h, cancel);
	if (error) {
		free(r.reply);
		errno = error;
		return NULL;
	}
	if (len)
		*len = r.reply_len;
	return r.reply;
}

/* Queues what can be; the others are done, and failed. */
static void queue_all(struct xs_handle *h, xs_transaction_t t,
		      const struct ask *asks, unsigned int n,
		      struct request *list)
{
	uint32_t wire = t;
	int error = h->error;
	unsigned int i;

	if (!error && n && h->again && t)
		error = hvxs_again_tx(h, t, asks->type, &wire);
	for (i = 0; i < n; i++) {
		list[i].error = error;
		if (!error)
			list[i].error = hvxs_request_make(
				&list[i], asks[i].type, wire, asks[i].parts,
				asks[i].n);
		list[i].done = list[i].error;
		if (list[i].done)
			list[i].reply = NULL;
		else
			hvxs_request_queue(h, &list[i]);
	}
}

void hvxs_talk_many(struct xs_handle *h, xs_transaction_t t, struct ask *asks,
		    unsigned int n)
{
	struct request *list = malloc(n * sizeof(*list));
	int cancel = hvxs_enter(h);
	unsigned int i;

	if (list)
		queue_all(h, t, asks, n, list);
	for (i = 0; i < n; i++) {
		while (list && !list[i].done)
			hvxs_step(h, true, PTHREAD_CANCEL_DISABLE);
		asks[i].error = list ? list[i].error : ENOMEM;
		asks[i].reply = list ? list[i].reply : NULL;
		if (asks[i].error) {
			free(asks[i].reply);
			asks[i].reply = NULL;
		}
	}
	hvxs_leave(h, cancel);
	free(list);
}
