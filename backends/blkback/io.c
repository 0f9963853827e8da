/* SPDX-License-Identifier: MIT */
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/falloc.h>
#include <stdlib.h>

#define REAP	64
#define PARTS	16u
/* Pinning costs about as much for each page as a few transfers of it do, so a part
 * is pinned when it has been used so many times over. */
#define PIN_AFTER	4u

struct part {
	uint64_t moved;			/* bytes, since it was pinned last */
	bool pinned;
};

struct io {
	struct io_uring ring;
	uintptr_t area;
	size_t part_bytes;
	unsigned int parts;		/* 0: nothing is ever pinned */
	struct part part[PARTS];
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

void io_area(struct io *io, void *area, size_t part, unsigned int parts)
{
	if (parts > PARTS ||
	    io_uring_register_buffers_sparse(&io->ring, parts))
		return;
	io->area = (uintptr_t)area;
	io->part_bytes = part;
	io->parts = parts;
}

static bool set_part(struct io *io, unsigned int n, const struct iovec *pages)
{
	bool done = io_uring_register_buffers_update_tag(&io->ring, n, pages,
							 NULL, 1) == 1;

	io->part[n].moved = 0;
	if (done)
		io->part[n].pinned = pages->iov_len;
	return done;
}

bool io_unpin(struct io *io)
{
	const struct iovec none = { NULL, 0 };
	bool all = true;
	unsigned int n;

	for (n = 0; n < io->parts; n++) {
		io->part[n].moved = 0;
		if (io->part[n].pinned && !set_part(io, n, &none))
			all = false;
	}
	return all;
}

/* The part that a transfer's data is in, if that is pinned; -1: it isn't. */
static int pinned_part(struct io *io, const void *data, uint32_t bytes)
{
	size_t at = (uintptr_t)data - io->area;
	unsigned int n;

	if (!io->parts || at >= io->parts * io->part_bytes ||
	    at % io->part_bytes + bytes > io->part_bytes)
		return -1;
	n = at / io->part_bytes;
	io->part[n].moved += bytes;
	if (!io->part[n].pinned &&
	    io->part[n].moved >= PIN_AFTER * io->part_bytes) {
		const struct iovec pages = {
			(void *)(io->area + n * io->part_bytes), io->part_bytes
		};

		set_part(io, n, &pages);
	}
	return io->part[n].pinned ? (int)n : -1;
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
	int part = pinned_part(io, to, bytes);

	if (part < 0)
		io_uring_prep_read(sqe, fd, to, bytes, offset);
	else
		io_uring_prep_read_fixed(sqe, fd, to, bytes, offset, part);
	io_uring_sqe_set_data(sqe, op);
}

void io_write(struct io *io, struct io_op *op, int fd, const void *from,
	      uint32_t bytes, uint64_t offset)
{
	struct io_uring_sqe *sqe = place(io);
	int part = pinned_part(io, from, bytes);

	if (part < 0)
		io_uring_prep_write(sqe, fd, from, bytes, offset);
	else
		io_uring_prep_write_fixed(sqe, fd, from, bytes, offset, part);
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
