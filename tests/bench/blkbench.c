/* SPDX-License-Identifier: MIT */
/*
 * Reads and writes of a guest's disks, in turns, so that what else the machine
 * does falls on all of them:
 *
 *	blkbench ROUNDS DEVICE...
 *
 * For each disk and kind of access the best and the median round is printed:
 * operations a second for 4 KiB at random, one at a time or 32 at once, and
 * MB/s for 1 MiB in order.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/fs.h>

#define ROUNDS	64
#define DISKS	8
#define BIG	(1u << 20)

static const struct kind {
	const char *name;
	int write;
	unsigned int bytes, together, count;	/* count: for each process */
	double unit;				/* of the figure, in operations */
} kinds[] = {
	{ "4k-read-qd1", 0, 4096, 1, 300, 1 },
	{ "4k-write-qd1", 1, 4096, 1, 300, 1 },
	{ "4k-read-qd32", 0, 4096, 32, 20, 1 },
	{ "4k-write-qd32", 1, 4096, 32, 20, 1 },
	{ "1m-read", 0, BIG, 1, 24, 1.048576 },
	{ "1m-write", 1, BIG, 1, 24, 1.048576 },
};
#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

static double result[DISKS][KINDS][ROUNDS];

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int fail(const char *what)
{
	fprintf(stderr, "blkbench: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static void work(const char *path, const struct kind *k, unsigned int seed)
{
	int fd = open(path, O_RDWR | O_DIRECT);
	uint64_t bytes, at = 0, pieces, r = seed * 2654435761u + 1;
	void *buffer;
	unsigned int i;

	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &bytes) ||
	    posix_memalign(&buffer, 4096, BIG))
		fail(path);
	memset(buffer, seed, BIG);
	pieces = bytes / k->bytes;
	for (i = 0; i < k->count; i++) {
		ssize_t n;

		r = r * 6364136223846793005u + 1442695040888963407u;
		at = k->bytes == BIG ? i % pieces : (r >> 33) % pieces;
		n = k->write ? pwrite(fd, buffer, k->bytes, at * k->bytes) :
			pread(fd, buffer, k->bytes, at * k->bytes);
		if (n != (ssize_t)k->bytes)
			fail(path);
	}
	close(fd);
	free(buffer);
}

/* A figure for one round. */
static double measure(const char *path, const struct kind *k, unsigned int seed)
{
	double t = now();
	unsigned int i;
	int status;

	if (k->together == 1) {
		work(path, k, seed);
	} else {
		for (i = 0; i < k->together; i++)
			if (fork() == 0) {
				work(path, k, seed * 64 + i);
				_exit(0);
			}
		while (wait(&status) > 0)
			if (status)
				fail("a process");
	}
	return k->together * k->count * k->unit / (now() - t);
}

static int smaller(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[1]) : 0, disks = argc - 2, r, d;
	unsigned int k;

	if (rounds < 1 || rounds > ROUNDS || disks > DISKS) {
		fprintf(stderr, "usage: blkbench ROUNDS DEVICE...\n");
		return 2;
	}
	for (r = 0; r < rounds; r++)
		for (k = 0; k < KINDS; k++)
			for (d = 0; d < disks; d++)
				result[d][k][r] = measure(argv[2 + d],
							  &kinds[k], r);
	for (d = 0; d < disks; d++)
		for (k = 0; k < KINDS; k++) {
			qsort(result[d][k], rounds, sizeof(double), smaller);
			printf("BENCH %s %s best %.0f median %.0f\n",
			       argv[2 + d], kinds[k].name,
			       result[d][k][rounds - 1],
			       result[d][k][rounds / 2]);
		}
	return 0;
}
