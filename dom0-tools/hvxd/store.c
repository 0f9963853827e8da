/* SPDX-License-Identifier: MIT */
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libhvxs/hvxs.h>
#include <common/log.h>

#define WATCHES_MAX	8
#define RECONNECT_MS	500
/* A transaction that conflicts this often conflicts with itself. */
#define TRIES_MAX	100
/* Writes that wait to go to the store together: a message and a wait for each
 * would be most of what a create takes. */
#define PUTS_MAX	16

struct put {
	char *path, *value;
	char rights[32];
	unsigned int rights_len;
};

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

static int done(struct store *s, bool ok)
{
	if (ok)
		return 0;
	is_lost(s);
	return -1;
}

static void forget_puts(struct store_txn *t)
{
	unsigned int i;
	int err = errno;

	for (i = 0; i < t->count; i++) {
		free(t->puts[i].path);
		free(t->puts[i].value);
	}
	t->count = 0;
	errno = err;
}

/* What waits is written. */
static int send_puts(struct store_txn *t)
{
	struct hvxs_node nodes[PUTS_MAX];
	struct store *s = t->store;
	unsigned int i;

	for (i = 0; i < t->count; i++)
		nodes[i] = (struct hvxs_node){
			.path = t->puts[i].path, .value = t->puts[i].value,
			.rights = t->puts[i].rights,
			.rights_len = t->puts[i].rights_len,
		};
	errno = ENOTCONN;
	if (!t->failed &&
	    (!s->xs || done(s, hvxs_write_many(s->xs, t->id, nodes, t->count))))
		t->failed = errno;
	forget_puts(t);
	errno = t->failed;
	return t->failed ? -1 : 0;
}

static int try_once(struct store *s, store_txn_fn *fn, void *arg)
{
	struct put puts[PUTS_MAX];
	struct store_txn t = { .store = s, .puts = puts };
	int rc, err;

	if (!ready(s))
		return -1;
	t.id = xs_transaction_start(s->xs);
	if (t.id == XBT_NULL) {
		is_lost(s);
		return -1;
	}
	rc = fn(&t, arg);
	if (!rc)
		rc = send_puts(&t);
	forget_puts(&t);
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

/* As the store's protocol has it: who owns the node, and who else reads it. */
static unsigned int rights_of(enum store_perm perm, uint32_t domid,
			      char text[32])
{
	switch (perm) {
	case PERM_TOOLS:
		return sprintf(text, "n0%cr%u", 0, domid) + 1;
	case PERM_GUEST:
		return sprintf(text, "n%u", domid) + 1;
	case PERM_GUEST_SHOWN:
		return sprintf(text, "n%u%cr0", domid, 0) + 1;
	default:
		return 0;
	}
}

int txn_put(struct store_txn *t, uint32_t domid, enum store_perm perm,
	    const char *path, const char *value)
{
	struct put *p;

	if (t->count == PUTS_MAX && send_puts(t))
		return -1;
	p = &t->puts[t->count++];
	p->path = strdup(path);
	p->value = strdup(value);
	p->rights_len = rights_of(perm, domid, p->rights);
	if (p->path && p->value)
		return 0;
	t->failed = errno = ENOMEM;
	return -1;
}

char **txn_list(struct store_txn *t, const char *path, unsigned int *n)
{
	char **list = NULL;

	*n = 0;
	if (send_puts(t))
		return NULL;
	errno = ENOTCONN;
	if (t->store->xs)
		list = xs_directory(t->store->xs, t->id, path, n);
	return list;
}

int txn_remove(struct store_txn *t, const char *path)
{
	struct store *s = t->store;

	if (send_puts(t))
		return -1;
	if (xs_rm(s->xs, t->id, path) || errno == ENOENT)
		return 0;
	return done(s, false);
}

bool txn_exists(struct store_txn *t, const char *path)
{
	unsigned int n;
	void *value = NULL;

	if (!send_puts(t))
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

void store_read_many(struct store *s, const char *const *paths, unsigned int n,
		     char **values)
{
	memset(values, 0, n * sizeof(*values));
	if (ready(s))
		hvxs_read_many(s->xs, paths, n, values);
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
