/* SPDX-License-Identifier: MIT */
#include "many.h"

#include <errno.h>
#include <liburing.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/uio.h>
#include "tap.h"

/* Fewer are not worth the ring. */
#define FEW		2u

struct many {
	struct io_uring ring;
	bool lent;
	struct iovec iov[MANY_MAX][2];
};

struct many *many_open(void)
{
	struct many *m = calloc(1, sizeof(*m));

	if (m)
		m->lent = !io_uring_queue_init(MANY_MAX, &m->ring, 0);
	return m;
}

void many_close(struct many *m)
{
	if (m->lent)
		io_uring_queue_exit(&m->ring);
	free(m);
}

static void one_by_one(int fd, struct many_frame *f, unsigned int count)
{
	for (; count; count--, f++)
		f->took = tap_write(fd, &f->h, f->at, f->len) ?
			(int32_t)f->len : -1;
}

static void place(struct many *m, int fd, struct many_frame *f, unsigned int i)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&m->ring);

	m->iov[i][0] = (struct iovec){ &f->h, sizeof(f->h) };
	m->iov[i][1] = (struct iovec){ f->at, f->len };
	io_uring_prep_writev(sqe, fd, m->iov[i], 2, 0);
	io_uring_sqe_set_data64(sqe, i);
	f->took = -1;
}

/* How many the kernel took: less than all when it is short of memory. */
static unsigned int submit(struct many *m, unsigned int count)
{
	unsigned int taken = 0;
	int n;

	while (taken < count) {
		n = io_uring_submit_and_wait(&m->ring, count - taken);
		if (n > 0)
			taken += n;
		else if (n != -EINTR)
			break;
	}
	return taken;
}

/* Waits for all of them: their memory is ours again then. */
static void reap(struct many *m, struct many_frame *f, unsigned int count)
{
	struct io_uring_cqe *cqe;
	unsigned int i;
	int rc;

	while (count) {
		rc = io_uring_wait_cqe(&m->ring, &cqe);
		if (rc == -EINTR || rc == -EAGAIN)
			continue;
		if (rc)
			abort();	/* nothing but a slip of ours */
		i = io_uring_cqe_get_data64(cqe);
		if (cqe->res >= (int)sizeof(f[i].h))
			f[i].took = cqe->res - (int)sizeof(f[i].h);
		io_uring_cqe_seen(&m->ring, cqe);
		count--;
	}
}

void many_write(struct many *m, int fd, struct many_frame *f,
		unsigned int count)
{
	unsigned int i, taken;

	if (!m->lent || count < FEW) {
		one_by_one(fd, f, count);
		return;
	}
	for (i = 0; i < count; i++)
		place(m, fd, &f[i], i);
	taken = submit(m, count);
	reap(m, f, taken);
	if (taken == count)
		return;
	/* What still stands in the ring must not be submitted later on. */
	io_uring_queue_exit(&m->ring);
	m->lent = false;
	one_by_one(fd, f + taken, count - taken);
}
