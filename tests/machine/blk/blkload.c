/* SPDX-License-Identifier: MIT */
/*
 * Load with verification, in a guest: several processes, each with a part of
 * the disk for itself, write pieces of 4 to 128 KiB and read them back.
 *
 *	blkload DEVICE PROCESSES SECONDS
 *	blkload DEVICE sync	writes block after block, makes each durable,
 *				and says so: until someone pulls the plug
 *
 * Every 4 KiB block carries its number and how often it was written, which the
 * process remembers: a lost, stale, misplaced or torn block is found when the
 * block is read, at random and all of them at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/fs.h>

#define BLOCK	4096u
#define PIECE	32u			/* blocks at most */

struct tally {
	unsigned long writes, reads, flushes, blocks;
};

static struct worker {
	int fd;
	uint64_t first, count;		/* blocks */
	uint32_t *times;		/* how often each was written */
	uint64_t seed;
	uint8_t *buffer;
	struct tally *tally;
} w;

static uint64_t random_number(void)
{
	w.seed ^= w.seed << 13;
	w.seed ^= w.seed >> 7;
	w.seed ^= w.seed << 17;
	return w.seed;
}

static void die(const char *what, uint64_t block)
{
	printf("blkload: %s at block %llu: %s\n", what,
	       (unsigned long long)block, strerror(errno));
	_exit(1);
}

static uint64_t word(uint64_t block, uint32_t times, unsigned int i)
{
	return (block << 32 | times) * 0x9e3779b97f4a7c15ull + i;
}

static void fill(uint8_t *to, uint64_t block, uint32_t times)
{
	uint64_t *p = (void *)to;
	unsigned int i;

	for (i = 0; i < BLOCK / 8; i++)
		p[i] = word(block, times, i);
}

static void check(const uint8_t *from, uint64_t block, uint32_t times)
{
	const uint64_t *p = (const void *)from;
	unsigned int i;

	for (i = 0; i < BLOCK / 8; i++)
		if (p[i] != (times ? word(block, times, i) : 0)) {
			printf("blkload: block %llu of %u writes: word %u is %llx, not %llx (the write before: %llx)\n",
			       (unsigned long long)block, times, i,
			       (unsigned long long)p[i],
			       (unsigned long long)word(block, times, i),
			       (unsigned long long)word(block, times - 1, i));
			_exit(1);
		}
}

static void write_piece(uint64_t at, unsigned int n)
{
	ssize_t want = (ssize_t)n * BLOCK;
	unsigned int i;

	for (i = 0; i < n; i++)
		fill(w.buffer + i * BLOCK, w.first + at + i,
		     ++w.times[at + i]);
	if (pwrite(w.fd, w.buffer, want, (w.first + at) * BLOCK) != want)
		die("write", w.first + at);
	w.tally->writes++;
	w.tally->blocks += n;
}

static void read_piece(uint64_t at, unsigned int n)
{
	ssize_t want = (ssize_t)n * BLOCK;
	unsigned int i;

	memset(w.buffer, 0x5a, want);
	if (pread(w.fd, w.buffer, want, (w.first + at) * BLOCK) != want)
		die("read", w.first + at);
	for (i = 0; i < n; i++)
		check(w.buffer + i * BLOCK, w.first + at + i,
		      w.times[at + i]);
	w.tally->reads++;
	w.tally->blocks += n;
}

static void one(void)
{
	uint64_t r = random_number();
	unsigned int n = r % 3 ? 1 : 1 + (r >> 8) % PIECE;
	uint64_t at = (r >> 16) % (w.count - n);

	if (r >> 60 == 0) {
		if (fdatasync(w.fd))
			die("flush", 0);
		w.tally->flushes++;
	} else if (r >> 60 < 9) {
		write_piece(at, n);
	} else {
		read_piece(at, n);
	}
}

static int work(time_t end)
{
	uint64_t at;

	while (time(NULL) < end)
		one();
	for (at = 0; at < w.count; at += PIECE)
		read_piece(at, w.count - at < PIECE ? w.count - at : PIECE);
	if (fdatasync(w.fd))
		die("flush", 0);
	return 0;
}

static int sync_for_ever(const char *device)
{
	static uint8_t block[BLOCK];
	uint64_t bytes, i;
	int fd = open(device, O_RDWR);

	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &bytes))
		die(device, 0);
	for (i = 0; i < bytes / BLOCK; i++) {
		fill(block, i, 1);
		if (pwrite(fd, block, BLOCK, i * BLOCK) != BLOCK ||
		    fdatasync(fd))
			die("write", i);
		printf("blkload: durable %llu\n", (unsigned long long)i);
		fflush(stdout);
	}
	return 0;
}

static void begin(const char *device, unsigned int i, unsigned int n)
{
	uint64_t bytes;

	w.fd = open(device, O_RDWR | O_DIRECT);
	if (w.fd < 0 || ioctl(w.fd, BLKGETSIZE64, &bytes))
		die(device, 0);
	w.count = bytes / BLOCK / n;
	w.first = i * w.count;
	w.seed = 88172645463325252ull + i * 7919;
	w.times = calloc(w.count, sizeof(*w.times));
	if (!w.times || posix_memalign((void **)&w.buffer, BLOCK,
				       PIECE * BLOCK))
		die("memory", 0);
	w.tally += i;
}

int main(int argc, char **argv)
{
	unsigned int i, n = argc > 2 ? atoi(argv[2]) : 0;
	struct tally sum = { 0, 0, 0, 0 };
	struct tally *t;
	int status, bad = 0;
	time_t end;

	if (argc == 3 && !strcmp(argv[2], "sync"))
		return sync_for_ever(argv[1]);
	if (argc != 4 || !n) {
		fprintf(stderr, "usage: blkload DEVICE PROCESSES SECONDS | sync\n");
		return 2;
	}
	end = time(NULL) + atoi(argv[3]);
	t = mmap(NULL, n * sizeof(*t), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	w.tally = t;
	for (i = 0; i < n; i++)
		if (fork() == 0) {
			begin(argv[1], i, n);
			_exit(work(end));
		}
	while (wait(&status) > 0)
		bad |= status;
	for (i = 0; i < n; i++) {
		sum.writes += t[i].writes;
		sum.reads += t[i].reads;
		sum.flushes += t[i].flushes;
		sum.blocks += t[i].blocks;
	}
	printf("blkload: %s %s %lu writes %lu reads %lu flushes %lu KiB\n",
	       argv[1], bad ? "FAILED" : "ok", sum.writes, sum.reads,
	       sum.flushes, sum.blocks * 4);
	return bad ? 1 : 0;
}
