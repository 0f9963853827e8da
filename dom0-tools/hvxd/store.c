/* SPDX-License-Identifier: MIT */
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <libhvxs/hvxs.h>
#include <common/log.h>

#define WATCHES_MAX	8
#define RECONNECT_MS	500
/* A transaction that conflicts this often conflicts with itself. */
#define TRIES_MAX	100

struct store {
	struct loop *loop;
	struct xs_handle *xs;		/* NULL: lost */
	struct loop_fd *watch;
	struct loop_timer *reconnect;
	store_watch_fn *fn;
	void *arg;
	const char *watched[WATCHES_MAX];
	unsigned int nr_watched;
};

/* ---- the connection ---- */

static void on_watch(void *arg, uint32_t events);

static void disconnect(struct store *s)
{
	loop_del_fd(s->watch);
	s->watch = NULL;
	if (s->xs)
		xs_close(s->xs);
	s->xs = NULL;
}

static int connect_now(struct store *s)
{
	unsigned int i;

	s->xs = xs_open(XS_OPEN_SOCKETONLY);
	if (!s->xs)
		return -1;
	for (i = 0; i < s->nr_watched; i++)
		if (!xs_watch(s->xs, s->watched[i], s->watched[i]))
			goto fail;
	s->watch = loop_add_fd(s->loop, xs_fileno(s->xs), EPOLLIN, on_watch, s);
	if (s->watch)
		return 0;
fail:
	disconnect(s);
	return -1;
}

static void lost(struct store *s)
{
	if (!s->xs)
		return;
	log_warn("the store is gone: %s; looking for it", strerror(errno));
	disconnect(s);
	loop_arm(s->reconnect, RECONNECT_MS);
}

static void on_reconnect(void *arg)
{
	struct store *s = arg;

	if (s->xs)
		return;
	if (connect_now(s)) {
		loop_arm(s->reconnect, RECONNECT_MS);
		return;
	}
	log_info("the store is back");
	s->fn(s->arg, "");
}

static void on_watch(void *arg, uint32_t events)
{
	struct store *s = arg;
	char **event;

	errno = EAGAIN;
	while (s->xs && (event = xs_check_watch(s->xs))) {
		s->fn(s->arg, event[XS_WATCH_PATH]);
		free(event);
		errno = EAGAIN;
	}
	if (errno != EAGAIN || events & (EPOLLHUP | EPOLLERR))
		lost(s);
}

struct store *store_open(struct loop *l, store_watch_fn *fn, void *arg)
{
	struct store *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->loop = l;
	s->fn = fn;
	s->arg = arg;
	s->reconnect = loop_add_timer(l, on_reconnect, s);
	if (!s->reconnect || connect_now(s)) {
		loop_del_timer(s->reconnect);
		free(s);
		return NULL;
	}
	return s;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	disconnect(s);
	loop_del_timer(s->reconnect);
	free(s);
}

/* Has the call that just failed shown that the connection is dead? */
static bool is_lost(struct store *s)
{
	int err = errno;

	if (err != EPIPE && err != ECONNRESET && err != EBADF &&
	    err != ENOTCONN && err != EIO)
		return false;
	lost(s);
	errno = ENOTCONN;
	return true;
}

/* A live connection, if need be a new one, at once. */
static bool ready(struct store *s)
{
	if (!s->xs && !connect_now(s)) {
		loop_arm(s->reconnect, -1);
		log_info("the store is back");
	}
	if (!s->xs)
		errno = ENOTCONN;
	return s->xs;
}

int store_watch(struct store *s, const char *path)
{
	if (s->nr_watched == WATCHES_MAX) {
		errno = ENOSPC;
		return -1;
	}
	s->watched[s->nr_watched++] = path;
	if (ready(s) && xs_watch(s->xs, path, path))
		return 0;
	return -1;
}

/* ---- transactions ---- */

static int try_once(struct store *s, store_txn_fn *fn, void *arg)
{
	struct store_txn t = { .store = s };
	int rc, err;

	if (!ready(s))
		return -1;
	t.id = xs_transaction_start(s->xs);
	if (t.id == XBT_NULL) {
		is_lost(s);
		return -1;
	}
	rc = fn(&t, arg);
	err = errno;
	if (!s->xs) {
		errno = ENOTCONN;
		return -1;
	}
	if (!xs_transaction_end(s->xs, t.id, rc) && !rc) {
		is_lost(s);
		return -1;
	}
	errno = err;
	return rc;
}

int store_transact(struct store *s, store_txn_fn *fn, void *arg)
{
	unsigned int tries = 0, reconnected = 0;
	int rc;

	/* A store that has just been started again gets a second chance. */
	do {
		rc = try_once(s, fn, arg);
	} while (rc && ((errno == EAGAIN && ++tries < TRIES_MAX) ||
			(errno == ENOTCONN && !reconnected++)));
	return rc;
}

static int done(struct store *s, bool ok)
{
	if (ok)
		return 0;
	is_lost(s);
	return -1;
}

int txn_put(struct store_txn *t, uint32_t domid, enum store_perm perm,
	    const char *path, const char *value)
{
	struct xs_permissions p[2] = {
		{ perm == PERM_TOOLS ? 0 : domid, XS_PERM_NONE },
		{ perm == PERM_TOOLS ? domid : 0, XS_PERM_READ },
	};
	struct store *s = t->store;

	if (!s->xs) {
		errno = ENOTCONN;
		return -1;
	}
	if (done(s, xs_write(s->xs, t->id, path, value, strlen(value))))
		return -1;
	if (perm == PERM_PARENT)
		return 0;
	return done(s, xs_set_permissions(s->xs, t->id, path, p,
					  perm == PERM_GUEST ? 1 : 2));
}

char **txn_list(struct store_txn *t, const char *path, unsigned int *n)
{
	char **list = NULL;

	*n = 0;
	errno = ENOTCONN;
	if (t->store->xs)
		list = xs_directory(t->store->xs, t->id, path, n);
	return list;
}

int txn_remove(struct store_txn *t, const char *path)
{
	struct store *s = t->store;

	if (!s->xs) {
		errno = ENOTCONN;
		return -1;
	}
	if (xs_rm(s->xs, t->id, path) || errno == ENOENT)
		return 0;
	return done(s, false);
}

bool txn_exists(struct store_txn *t, const char *path)
{
	unsigned int n;
	void *value = NULL;

	if (t->store->xs)
		value = xs_read(t->store->xs, t->id, path, &n);
	free(value);
	return value;
}

/* ---- single calls ---- */

char *store_read(struct store *s, const char *path)
{
	unsigned int n;
	char *value;

	if (!ready(s))
		return NULL;
	value = xs_read(s->xs, XBT_NULL, path, &n);
	if (!value && is_lost(s) && ready(s))
		value = xs_read(s->xs, XBT_NULL, path, &n);
	return value;
}

int store_write(struct store *s, const char *path, const char *value)
{
	if (!ready(s))
		return -1;
	if (xs_write(s->xs, XBT_NULL, path, value, strlen(value)))
		return 0;
	if (is_lost(s) && ready(s))
		return done(s, xs_write(s->xs, XBT_NULL, path, value,
					strlen(value)));
	return -1;
}

int store_introduce(struct store *s, uint32_t domid, unsigned long mfn,
		    uint32_t port)
{
	if (!ready(s))
		return -1;
	if (xs_introduce_domain(s->xs, domid, mfn, port))
		return 0;
	if (is_lost(s) && ready(s))
		return done(s, xs_introduce_domain(s->xs, domid, mfn, port));
	return -1;
}

int store_release(struct store *s, uint32_t domid)
{
	if (!ready(s))
		return -1;
	if (xs_release_domain(s->xs, domid) || errno == ENOENT ||
	    errno == EINVAL)
		return 0;
	return done(s, false);
}
