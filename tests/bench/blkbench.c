/* SPDX-License-Identifier: MIT */
/*
 * In a guest: one kind of access to a disk, several rounds, of which the best
 * counts:
 *
 *	blkbench DEVICE KIND ROUNDS
 *
 * It prints operations a second for 4 KiB at random, one at a time or 32 at
 * once, and kB/s for 1 MiB in order; and how many KiB all rounds moved.
 */
#define _GNU_SOURCE		/* O_DIRECT */
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

#define BIG	(1u << 20)

static const struct kind {
	const char *name;
	int write;
	unsigned int bytes, together, count;	/* count: for each process */
	double unit;				/* what an operation counts */
} kinds[] = {
	{ "4k-read-qd1", 0, 4096, 1, 300, 1 },
	{ "4k-write-qd1", 1, 4096, 1, 300, 1 },
	{ "4k-read-qd32", 0, 4096, 32, 20, 1 },
	{ "4k-write-qd32", 1, 4096, 32, 20, 1 },
	{ "1m-read", 0, BIG, 1, 24, 1048.576 },
	{ "1m-write", 1, BIG, 1, 24, 1048.576 },
};
#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

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
	const struct kind *k = argc == 4 ? find(argv[2]) : NULL;
	int rounds = k ? atoi(argv[3]) : 0, r;
	double best = 0, one;

	if (rounds < 1) {
		fprintf(stderr, "usage: blkbench DEVICE KIND ROUNDS\n");
		return 2;
	}
	for (r = 0; r < rounds; r++) {
		one = measure(argv[1], k, r);
		best = one > best ? one : best;
	}
	printf("BLK %s %.0f %llu\n", k->name, best,
	       (unsigned long long)rounds * k->count * k->together *
	       k->bytes / 1024);
	return 0;
}
