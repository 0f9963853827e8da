/* SPDX-License-Identifier: MIT */
/*
 * A handle that outlives its connection. What the store knew of it, and forgot
 * with the connection, is kept here: its watches, which are set again, and its
 * transactions, which are dead from then on. Callers see numbers of ours for
 * transactions, so that an old one is never taken for one of the new
 * connection.
 */
#include "private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAUSE_FIRST	5		/* ms between tries, then doubled */
#define PAUSE_LAST	100
/* A connection that lasted less, ms, doesn't make the next pause short. */
#define LASTED		1000

int hvxs_again_init(struct xs_handle *h)
{
	h->again = calloc(1, sizeof(*h->again));
	if (!h->again)
		return -1;
	h->again->patience = -1;
	h->again->pause = PAUSE_FIRST;
	h->again->since = hvxs_now();
	return 0;
}

static void watch_free(struct watch *w)
{
	free(w->path);
	free(w->token);
	free(w);
}

void hvxs_again_free(struct xs_handle *h)
{
	struct again *a = h->again;

	if (!a)
		return;
	while (a->watches) {
		struct watch *w = a->watches;

		a->watches = w->next;
		watch_free(w);
	}
	while (a->transactions) {
		struct transaction *tx = a->transactions;

		a->transactions = tx->next;
		free(tx);
	}
	free(a);
	h->again = NULL;
}

void hvxs_patience(struct xs_handle *h, int ms)
{
	int cancel = hvxs_enter(h);

	if (h->again)
		h->again->patience = ms;
	hvxs_leave(h, cancel);
}

unsigned int hvxs_reconnects(struct xs_handle *h)
{
	int cancel = hvxs_enter(h);
	unsigned int n = h->again ? h->again->count : 0;

	hvxs_leave(h, cancel);
	return n;
}

/* ---- transactions ---- */

static struct transaction **find_tx(struct again *a, uint32_t id)
{
	struct transaction **p = &a->transactions;

	while (*p && (*p)->id != id)
		p = &(*p)->next;
	return p;
}

int hvxs_again_tx(struct xs_handle *h, uint32_t id, uint32_t type,
		  uint32_t *wire)
{
	struct transaction **p = find_tx(h->again, id), *tx = *p;
	bool dead;

	if (!tx)
		return ENOENT;
	*wire = tx->wire;
	dead = tx->dead;
	if (type == XS_TRANSACTION_END) {
		*p = tx->next;
		free(tx);
	}
	return dead ? EAGAIN : 0;
}

/* A transaction has begun: its reply gets our number. */
static int tx_begun(struct xs_handle *h, struct request *r)
{
	struct transaction *tx = calloc(1, sizeof(*tx));
	char *text = malloc(16);

	if (!tx || !text) {
		free(tx);
		free(text);
		return ENOMEM;
	}
	tx->wire = strtoul(r->reply, NULL, 10);
	do {
		tx->id = ++h->again->next_tx;
	} while (!tx->id || *find_tx(h->again, tx->id));
	tx->next = h->again->transactions;
	h->again->transactions = tx;
	free(r->reply);
	r->reply = text;
	r->reply_len = snprintf(text, 16, "%u", tx->id);
	return 0;
}

/* ---- watches ---- */

/* A watch's request is its path and its token. */
static const char *path_of(const struct request *r)
{
	return r->message + sizeof(r->head);
}

static const char *token_of(const struct request *r)
{
	return path_of(r) + strlen(path_of(r)) + 1;
}

static int watch_set(struct xs_handle *h, const struct request *r)
{
	struct watch **p = &h->again->watches, *w = calloc(1, sizeof(*w));

	if (w) {
		w->path = strdup(path_of(r));
		w->token = strdup(token_of(r));
	}
	if (!w || !w->path || !w->token) {
		if (w)
			watch_free(w);
		return ENOMEM;
	}
	while (*p)
		p = &(*p)->next;
	*p = w;
	return 0;
}

static void watch_gone(struct xs_handle *h, const struct request *r)
{
	struct watch **p, *w;

	for (p = &h->again->watches; (w = *p); p = &w->next)
		if (!strcmp(w->path, path_of(r)) &&
		    !strcmp(w->token, token_of(r))) {
			*p = w->next;
			watch_free(w);
			return;
		}
}

/* Puts requests that set all watches before those that wait. */
static int set_watches(struct xs_handle *h)
{
	struct request *first = NULL, **end = &first, *r;
	struct watch *w;

	for (w = h->again->watches; w; w = w->next) {
		struct part parts[] = {
			{ w->path, strlen(w->path) + 1 },
			{ w->token, strlen(w->token) + 1 },
		};

		r = malloc(sizeof(*r));
		if (!r || hvxs_request_make(r, XS_WATCH, 0, parts, 2)) {
			free(r);
			goto out_free;
		}
		r->orphan = true;
		r->head.req_id = ++h->next_id;
		*end = r;
		end = &r->next;
	}
	*end = h->requests;
	h->requests = first;
	return 0;

out_free:
	while ((r = first)) {
		first = r->next;
		free(r);
	}
	return -1;
}

/* ---- a request's beginning and end ---- */

void hvxs_again_asked(struct xs_handle *h, const struct request *r)
{
	/* From now on it is not to be set again, whatever the store says. */
	if (r->head.type == XS_UNWATCH)
		watch_gone(h, r);
}

int hvxs_again_answered(struct xs_handle *h, struct request *r, int error)
{
	uint32_t type = r->head.type;

	/* The first time has done it, or the connection's end has. */
	if (error == ENOENT && r->repeated &&
	    (type == XS_RM || type == XS_UNWATCH || type == XS_RELEASE))
		return 0;
	if (error || r->orphan)
		return error;
	if (type == XS_WATCH)
		return watch_set(h, r);
	if (type == XS_TRANSACTION_START)
		return tx_begun(h, r);
	return 0;
}

/* ---- losing a connection, and finding one ---- */

static void sort_request(struct xs_handle *h, struct request *r)
{
	bool sent = r->sent;

	r->sent = 0;
	if (r->orphan)
		hvxs_request_finish(h, r, ECONNRESET);
	else if (r->head.tx_id)
		hvxs_request_finish(h, r, EAGAIN);
	else if (sent && r->head.type == XS_CONTROL)
		hvxs_request_finish(h, r, ECONNRESET);
	else if (sent)
		r->repeated = true;
}

void hvxs_again_lost(struct xs_handle *h)
{
	struct again *a = h->again;
	struct transaction *tx;
	struct request *r, *next;
	int64_t now = hvxs_now();

	if (now - a->since >= LASTED) {
		a->pause = PAUSE_FIRST;
		a->lost_at = now;
	} else if (!a->lost_at) {
		a->lost_at = now;
	}
	a->next_try = now + a->pause;
	hvxs_waker_arm(&h->waker, a->next_try);
	for (tx = a->transactions; tx; tx = tx->next)
		tx->dead = true;
	for (r = h->requests; r; r = next) {
		next = r->next;
		sort_request(h, r);
	}
}

static bool dial(struct xs_handle *h)
{
	struct again *a = h->again;

	h->fd = hvxs_dial(true, &h->is_socket);
	if (h->fd >= 0 &&
	    (hvxs_waker_add(&h->waker, h->fd) || set_watches(h))) {
		close(h->fd);
		h->fd = -1;
	}
	a->pause = a->pause < PAUSE_LAST / 2 ? 2 * a->pause : PAUSE_LAST;
	if (h->fd < 0) {
		a->next_try = hvxs_now() + a->pause;
		hvxs_waker_arm(&h->waker, a->next_try);
		return false;
	}
	hvxs_waker_arm(&h->waker, 0);
	a->since = hvxs_now();
	a->count++;
	return true;
}

int hvxs_again_step(struct xs_handle *h)
{
	struct again *a = h->again;
	int64_t now = hvxs_now(), end = a->lost_at + a->patience;
	int64_t until;

	if (now >= a->next_try && dial(h))
		return 0;
	if (a->patience >= 0 && now >= end && h->requests) {
		while (h->requests)
			hvxs_request_finish(h, h->requests, ENOTCONN);
		return 0;
	}
	until = a->next_try;
	if (a->patience >= 0 && end > now && end < until)
		until = end;
	return until > now ? until - now : 0;
}
