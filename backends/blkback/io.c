/* SPDX-License-Identifier: MIT */
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/falloc.h>
#include <stdlib.h>

#define REAP	64

struct io {
	struct io_uring ring;
};

struct io *io_open(unsigned int entries, int held)
{
	struct io *io = calloc(1, sizeof(*io));
	int rc;

	if (!io)
		return NULL;
	rc = io_uring_queue_init(entries, &io->ring, IORING_SETUP_CLAMP);
	if (rc)
		goto out_free;
	rc = io_uring_register_files(&io->ring, &held, 1);
	if (rc)
		goto out_exit;
	return io;

out_exit:
	io_uring_queue_exit(&io->ring);
out_free:
	free(io);
	errno = -rc;
	return NULL;
}

void io_close(struct io *io)
{
	io_uring_queue_exit(&io->ring);
	free(io);
}

int io_fd(const struct io *io)
{
	return io->ring.ring_fd;
}

bool io_submit(struct io *io)
{
	int n;

	while (io_uring_sq_ready(&io->ring)) {
		n = io_uring_submit(&io->ring);
		/* The kernel is short of memory, or wants its completions
		 * fetched first. */
		if (n <= 0 && n != -EINTR)
			return false;
	}
	return true;
}

/* A free place in the submission ring: it is as long as all that can be asked
 * for at once, unless the kernel refused to take what was queued. */
static struct io_uring_sqe *place(struct io *io)
{
	struct io_uring_sqe *sqe;

	while (!(sqe = io_uring_get_sqe(&io->ring))) {
		io_submit(io);
		if (io_uring_sq_space_left(&io->ring) == 0)
			io_uring_submit_and_wait(&io->ring, 1);
	}
	return sqe;
}

void io_read(struct io *io, struct io_op *op, int fd, void *to, uint32_t bytes,
	     uint64_t offset)
{
	struct io_uring_sqe *sqe = place(io);

	io_uring_prep_read(sqe, fd, to, bytes, offset);
	io_uring_sqe_set_data(sqe, op);
}

void io_write(struct io *io, struct io_op *op, int fd, const void *from,
	      uint32_t bytes, uint64_t offset)
{
	struct io_uring_sqe *sqe = place(io);

	io_uring_prep_write(sqe, fd, from, bytes, offset);
	io_uring_sqe_set_data(sqe, op);
}

void io_sync(struct io *io, struct io_op *op, int fd)
{
	struct io_uring_sqe *sqe = place(io);

	io_uring_prep_fsync(sqe, fd, IORING_FSYNC_DATASYNC);
	io_uring_sqe_set_data(sqe, op);
}

void io_discard(struct io *io, struct io_op *op, int fd, uint64_t offset,
		uint64_t bytes)
{
	struct io_uring_sqe *sqe = place(io);

	io_uring_prep_fallocate(sqe, fd, FALLOC_FL_PUNCH_HOLE |
				FALLOC_FL_KEEP_SIZE, offset, bytes);
	io_uring_sqe_set_data(sqe, op);
}

unsigned int io_reap(struct io *io)
{
	struct io_uring_cqe *cqe[REAP];
	unsigned int i, n, all = 0;

	while ((n = io_uring_peek_batch_cqe(&io->ring, cqe, REAP))) {
		for (i = 0; i < n; i++) {
			struct io_op *op = io_uring_cqe_get_data(cqe[i]);
			int res = cqe[i]->res;

			op->done(op, res);
		}
		io_uring_cq_advance(&io->ring, n);
		all += n;
	}
	return all;
}
