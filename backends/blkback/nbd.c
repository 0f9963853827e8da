/* SPDX-License-Identifier: MIT */
/*
 * Images by libnbd. The library says in the midst of its own work that something
 * has ended; it is put on a list, since its end may lead to the next request.
 */
#include "image.h"

#include <errno.h>
#include <libnbd.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/* So long the server, which has said hello already, may take to tell about its
 * image. The guest's other disks wait meanwhile. */
#define GREET_MS	10000
#define GREET_STEP_MS	1000

struct nbd {
	struct image image;		/* first: it is the nbd */
	struct nbd_handle *h;
	struct io_op *ended, **tail;
};

static struct nbd *from_image(struct image *m)
{
	return (struct nbd *)(void *)m;
}

/* ---- what has ended ----------------------------------------------------- */

static void put(struct io_op *op)
{
	struct nbd *n = from_image(op->image);

	op->next = NULL;
	*n->tail = op;
	n->tail = &op->next;
}

static int on_done(void *arg, int *error)
{
	struct io_op *op = arg;

	if (*error)
		op->res = -*error;
	put(op);
	return 1;
}

static unsigned int reap(struct image *m)
{
	struct nbd *n = from_image(m);
	unsigned int all = 0;
	struct io_op *op;

	while ((op = n->ended)) {
		n->ended = op->next;
		if (!n->ended)
			n->tail = &n->ended;
		op->done(op, op->res);
		all++;
	}
	return all;
}

/* ---- asking ------------------------------------------------------------- */

/* res: what it ends with if it goes well. */
static nbd_completion_callback begin(struct image *m, struct io_op *op, int res)
{
	op->image = m;
	op->res = res;
	return (nbd_completion_callback){ .callback = on_done,
					  .user_data = op };
}

/* cookie: what the library answered; -1: it hasn't taken the request. */
static void asked(struct io_op *op, int64_t cookie)
{
	int error = cookie < 0 ? nbd_get_errno() : 0;

	if (cookie >= 0)
		return;
	op->res = error ? -error : -EIO;
	put(op);
}

static void do_read(struct image *m, struct io_op *op, void *to, uint32_t bytes,
		    uint64_t offset)
{
	asked(op, nbd_aio_pread(from_image(m)->h, to, bytes, offset,
				begin(m, op, bytes), 0));
}

static void do_write(struct image *m, struct io_op *op, const void *from,
		     uint32_t bytes, uint64_t offset)
{
	asked(op, nbd_aio_pwrite(from_image(m)->h, from, bytes, offset,
				 begin(m, op, bytes), 0));
}

static void do_sync(struct image *m, struct io_op *op)
{
	asked(op, nbd_aio_flush(from_image(m)->h, begin(m, op, 0), 0));
}

/* Not trim, after which anything may be read. */
static void do_discard(struct image *m, struct io_op *op, uint64_t offset,
		       uint64_t bytes)
{
	asked(op, nbd_aio_zero(from_image(m)->h, bytes, offset,
			       begin(m, op, 0), 0));
}

/* ---- the connection ----------------------------------------------------- */

static bool alive(const struct image *m)
{
	const struct nbd *n = (const struct nbd *)(const void *)m;

	return !nbd_aio_is_dead(n->h) && !nbd_aio_is_closed(n->h);
}

static uint32_t events(const struct image *m)
{
	const struct nbd *n = (const struct nbd *)(const void *)m;
	unsigned int to = nbd_aio_get_direction(n->h);

	return (to & LIBNBD_AIO_DIRECTION_READ ? EPOLLIN : 0) |
		(to & LIBNBD_AIO_DIRECTION_WRITE ? EPOLLOUT : 0);
}

static void on_events(struct image *m, uint32_t what)
{
	struct nbd *n = from_image(m);

	if (what & ~EPOLLOUT && alive(m))
		nbd_aio_notify_read(n->h);
	if (what & EPOLLOUT && alive(m) && events(m) & EPOLLOUT)
		nbd_aio_notify_write(n->h);
}

static void nbd_free(struct image *m)
{
	struct nbd *n = from_image(m);

	nbd_close(n->h);
	free(n);
}

static const struct image_fns fns = {
	.free = nbd_free, .alive = alive, .events = events,
	.on_events = on_events, .reap = reap, .read = do_read,
	.write = do_write, .sync = do_sync, .discard = do_discard,
};

/* 0, or -1 and errno. */
static int greet(struct nbd *n, int sock)
{
	int ms;

	if (nbd_aio_connect_socket(n->h, sock)) {
		/* Otherwise it is the library's already, which has closed it. */
		if (nbd_aio_is_created(n->h))
			close(sock);
		errno = ECONNRESET;
		return -1;
	}
	for (ms = 0; !nbd_aio_is_ready(n->h); ms += GREET_STEP_MS) {
		if (ms >= GREET_MS) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (nbd_poll(n->h, GREET_STEP_MS) < 0) {
			errno = ECONNRESET;
			return -1;
		}
	}
	return 0;
}

static int describe(struct nbd *n, const char **why)
{
	int64_t bytes = nbd_get_size(n->h);

	if (bytes < 0 || nbd_can_flush(n->h) != 1) {
		*why = "its server can't make writes durable, or has no size";
		errno = ENOTSUP;
		return -1;
	}
	n->image.fd = nbd_aio_get_fd(n->h);
	n->image.bytes = bytes;
	n->image.readonly = nbd_is_read_only(n->h) != 0;
	n->image.discard = nbd_can_zero(n->h) == 1;
	return 0;
}

struct image *image_open(int sock, const char **why)
{
	struct nbd *n = calloc(1, sizeof(*n));
	int error;

	*why = "no memory";
	if (n)
		n->h = nbd_create();
	if (!n || !n->h) {
		close(sock);
		goto out_free;
	}
	n->image.fns = &fns;
	n->tail = &n->ended;
	nbd_set_pread_initialize(n->h, false);
	*why = "its server doesn't answer";
	if (!greet(n, sock) && !describe(n, why))
		return &n->image;
	error = errno;
	nbd_close(n->h);
	free(n);
	errno = error;
	return NULL;

out_free:
	free(n);
	errno = ENOMEM;
	return NULL;
}
