/* SPDX-License-Identifier: MIT */
#include "kernels.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEPT		8
#define KEEP_MS		(5 * 60 * 1000)
#define KEEP_MAX	(128L << 20)	/* bytes, all of them */
#define LET_GO_MS	1000

/* What tells a file that was replaced or written from the one it was. */
struct mark {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime, ctime;
};

struct kernel {
	int fd;				/* -1: none */
	off_t size;
	struct mark mark;
	int64_t used;
};

/* Marks taken by kernels_get, until kernels_put. */
struct pending {
	struct pending *next;
	int fd;
	struct mark mark;
};

struct kernels {
	struct loop_timer *timer;
	struct kernel kept[KEPT];
	int leaving;			/* memory file of one no longer kept */
	struct pending *pending;
};

static int mark_of(const char *path, struct mark *m)
{
	struct stat st;

	memset(m, 0, sizeof(*m));
	if (stat(path, &st))
		return -1;
	m->dev = st.st_dev;
	m->ino = st.st_ino;
	m->size = st.st_size;
	m->mtime = st.st_mtim;
	m->ctime = st.st_ctim;
	return 0;
}

static bool same(const struct mark *a, const struct mark *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->mtime.tv_sec == b->mtime.tv_sec &&
	       a->mtime.tv_nsec == b->mtime.tv_nsec &&
	       a->ctime.tv_sec == b->ctime.tv_sec &&
	       a->ctime.tv_nsec == b->ctime.tv_nsec;
}

static void drop(struct kernel *k)
{
	if (k->fd >= 0)
		close(k->fd);
	memset(k, 0, sizeof(*k));
	k->fd = -1;
}

static void leave(struct kernels *ks)
{
	if (ks->leaving >= 0)
		close(ks->leaving);
	ks->leaving = -1;
}

/*
 * Gives up k to make room. The kernel needs a while to free an image's pages, and
 * whoever wants the room is a create, which must not wait for that: the timer
 * closes it. Only one is left so at a time, which bounds the memory.
 */
static void evict(struct kernels *ks, struct kernel *k)
{
	leave(ks);
	ks->leaving = k->fd;
	k->fd = -1;
	drop(k);
}

static void arm(struct kernels *ks)
{
	int64_t now = loop_now(), next = ks->leaving >= 0 ? LET_GO_MS : -1;
	struct kernel *k;

	for (k = ks->kept; k < ks->kept + KEPT; k++) {
		int64_t left = k->used + KEEP_MS - now;

		if (k->fd >= 0 && (next < 0 || left < next))
			next = left > 0 ? left : 0;
	}
	loop_arm(ks->timer, next);
}

static void on_timer(void *arg)
{
	struct kernels *ks = arg;
	int64_t now = loop_now();
	struct kernel *k;

	leave(ks);
	for (k = ks->kept; k < ks->kept + KEPT; k++)
		if (k->fd >= 0 && now - k->used >= KEEP_MS)
			drop(k);
	arm(ks);
}

struct kernels *kernels_new(struct loop *l)
{
	struct kernels *ks = calloc(1, sizeof(*ks));
	struct kernel *k;

	if (!ks)
		return NULL;
	for (k = ks->kept; k < ks->kept + KEPT; k++)
		k->fd = -1;
	ks->leaving = -1;
	ks->timer = loop_add_timer(l, on_timer, ks);
	return ks;
}

void kernels_free(struct kernels *ks)
{
	struct pending *p;
	struct kernel *k;

	if (!ks)
		return;
	for (k = ks->kept; k < ks->kept + KEPT; k++)
		drop(k);
	leave(ks);
	while ((p = ks->pending)) {
		ks->pending = p->next;
		free(p);
	}
	loop_del_timer(ks->timer);
	free(ks);
}

int kernels_get(struct kernels *ks, const char *path)
{
	struct pending *p;
	struct kernel *k;
	struct mark m;

	if (mark_of(path, &m))
		return -1;
	for (k = ks->kept; k < ks->kept + KEPT; k++) {
		if (k->fd < 0 || !same(&k->mark, &m))
			continue;
		k->used = loop_now();
		return fcntl(k->fd, F_DUPFD_CLOEXEC, 3);
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		return -1;
	p->mark = m;
	p->fd = memfd_create("kernel", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (p->fd < 0) {
		free(p);
		return -1;
	}
	p->next = ks->pending;
	ks->pending = p;
	return p->fd;
}

/* Room for size bytes more: the slot for them, or NULL. */
static struct kernel *make_room(struct kernels *ks, off_t size)
{
	for (;;) {
		struct kernel *k, *oldest = NULL, *empty = NULL;
		off_t sum = size;

		for (k = ks->kept; k < ks->kept + KEPT; k++) {
			sum += k->size;
			if (k->fd < 0)
				empty = k;
			else if (!oldest || k->used < oldest->used)
				oldest = k;
		}
		if (empty && sum <= KEEP_MAX)
			return empty;
		if (!oldest)
			return NULL;
		evict(ks, oldest);
	}
}

static bool is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && seals & F_SEAL_WRITE;
}

void kernels_put(struct kernels *ks, const char *path, int fd)
{
	struct pending **at = &ks->pending, *p;
	off_t size = lseek(fd, 0, SEEK_END);
	struct kernel *k;
	struct mark now;

	while (*at && (*at)->fd != fd)
		at = &(*at)->next;
	p = *at;
	if (p)
		*at = p->next;
	k = p && size > 0 && is_sealed(fd) && !mark_of(path, &now) &&
	    same(&now, &p->mark) ? make_room(ks, size) : NULL;
	if (k) {
		k->fd = fd;
		k->size = size;
		k->mark = p->mark;
		k->used = loop_now();
		arm(ks);
	} else {
		close(fd);
	}
	free(p);
}
