/* SPDX-License-Identifier: MIT */
/*
 * In a guest: one kind of access to a disk, several rounds, of which the best
 * counts:
 *
 *	blkbench DEVICE KIND ROUNDS
 *
 * It prints operations a second for 4 KiB at random, one at a time or 32 at
 * once, and kB/s for 1 MiB in order; and how many KiB all rounds moved. One
 * process keeps them all under way by io_submit: what is timed is the disk, not
 * how processes are made or scheduled.
 */
#define _GNU_SOURCE		/* O_DIRECT */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>

#define BIG	(1u << 20)
#define DEPTH	32

static const struct kind {
	const char *name;
	int write;
	unsigned int bytes, together, count;
	double unit;				/* what an operation counts */
} kinds[] = {
	{ "4k-read-qd1", 0, 4096, 1, 1000, 1 },
	{ "4k-write-qd1", 1, 4096, 1, 1000, 1 },
	{ "4k-read-qd32", 0, 4096, DEPTH, 2000, 1 },
	{ "4k-write-qd32", 1, 4096, DEPTH, 2000, 1 },
	{ "1m-read", 0, BIG, 1, 24, 1048.576 },
	{ "1m-write", 1, BIG, 1, 24, 1048.576 },
};
#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

struct run {
	const struct kind *k;
	int fd;
	aio_context_t queue;
	uint64_t pieces, random;
	unsigned int begun;
	void *buffer[DEPTH];
	struct iocb op[DEPTH];
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
	fprintf(stderr, "blkbench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void prepare(struct run *r, const char *path)
{
	const struct kind *k = r->k;
	uint64_t bytes;
	unsigned int i;

	r->fd = open(path, O_RDWR | O_DIRECT);
	if (r->fd < 0 || ioctl(r->fd, BLKGETSIZE64, &bytes))
		fail(path);
	r->pieces = bytes / k->bytes;
	if (syscall(SYS_io_setup, DEPTH, &r->queue))
		fail("io_setup");
	for (i = 0; i < k->together; i++) {
		if (posix_memalign(&r->buffer[i], 4096, k->bytes))
			fail("memory");
		memset(r->buffer[i], i + 1, k->bytes);
	}
}

/* The next operation in op[i]. */
static void fill(struct run *r, unsigned int i)
{
	const struct kind *k = r->k;
	uint64_t at;

	r->random = r->random * 6364136223846793005u + 1442695040888963407u;
	at = k->bytes == BIG ? r->begun % r->pieces :
		(r->random >> 33) % r->pieces;
	r->op[i] = (struct iocb){
		.aio_data = i,
		.aio_lio_opcode = k->write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD,
		.aio_fildes = r->fd,
		.aio_buf = (uintptr_t)r->buffer[i],
		.aio_nbytes = k->bytes,
		.aio_offset = at * k->bytes,
	};
	r->begun++;
}

/* All in list, however many calls that takes. */
static void submit(struct run *r, struct iocb **list, long count)
{
	long n;

	for (; count; count -= n, list += n) {
		n = syscall(SYS_io_submit, r->queue, count, list);
		if (n <= 0)
			fail("io_submit");
	}
}

/* What has ended, at least one; the same number is begun anew, if there are so
 * many. How many have ended. */
static unsigned int turn(struct run *r)
{
	struct iocb *again[DEPTH];
	struct io_event e[DEPTH];
	long i, n, count = 0;

	n = syscall(SYS_io_getevents, r->queue, 1, DEPTH, e, NULL);
	if (n <= 0)
		fail("io_getevents");
	for (i = 0; i < n; i++) {
		if (e[i].res != r->k->bytes) {
			errno = e[i].res < 0 ? -e[i].res : EIO;
			fail(r->k->name);
		}
		if (r->begun == r->k->count)
			continue;
		fill(r, e[i].data);
		again[count++] = &r->op[e[i].data];
	}
	submit(r, again, count);
	return n;
}

/* A figure for one round. */
static double measure(struct run *r)
{
	struct iocb *first[DEPTH];
	unsigned int i, ended = 0;
	double t = now();

	r->begun = 0;
	for (i = 0; i < r->k->together; i++) {
		fill(r, i);
		first[i] = &r->op[i];
	}
	submit(r, first, r->k->together);
	while (ended < r->k->count)
		ended += turn(r);
	return r->k->count * r->k->unit / (now() - t);
}

static const struct kind *find(const char *name)
{
	unsigned int k;

	for (k = 0; k < KINDS; k++)
		if (!strcmp(kinds[k].name, name))
			return &kinds[k];
	return NULL;
}

int main(int argc, char **argv)
{
	struct run r = { .k = argc == 4 ? find(argv[2]) : NULL };
	int rounds = r.k ? atoi(argv[3]) : 0, i;
	double best = 0, one;

	if (rounds < 1) {
		fprintf(stderr, "usage: blkbench DEVICE KIND ROUNDS\n");
		return 2;
	}
	prepare(&r, argv[1]);
	for (i = 0; i < rounds; i++) {
		one = measure(&r);
		best = one > best ? one : best;
	}
	printf("BLK %s %.0f %llu\n", r.k->name, best,
	       (unsigned long long)rounds * r.k->count * r.k->bytes / 1024);
	return 0;
}
