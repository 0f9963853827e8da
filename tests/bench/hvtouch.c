/* SPDX-License-Identifier: MIT */
/*
 * hvtouch MIB SECONDS | MIB xROUNDS: in a guest, writes to each page of MIB MiB
 * again and again, for so long or so often. Says "touching MIB" when all have
 * been touched once, and at the end "touched MIB: N rounds, M us, S us stolen"
 * (of this machine's processors by others, /proc/stat).
 *
 * hvtouch MIB idle: touches once and then waits for SIGTERM; tells how many KiB
 * the kernel takes for referenced then: "referenced KIB of KIB".
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096UL

static unsigned char *memory;
static size_t pages;

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void touch_all(unsigned char value)
{
	for (size_t i = 0; i < pages; i++)
		*(volatile unsigned char *)(memory + i * PAGE) = value;
}

static uint64_t stolen_us(void)
{
	unsigned long long steal = 0;
	FILE *f = fopen("/proc/stat", "r");

	if (f) {
		(void)!fscanf(f, "cpu %*u %*u %*u %*u %*u %*u %*u %llu",
			      &steal);
		fclose(f);
	}
	return steal * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

static void run(unsigned long mib, uint64_t us, unsigned long rounds)
{
	uint64_t start = now_us(), stolen = stolen_us(), took;
	unsigned long n = 0;

	do {
		touch_all((unsigned char)n++);
		took = now_us() - start;
	} while (rounds ? n < rounds : took < us);
	printf("touched %lu: %lu rounds, %llu us, %llu us stolen\n", mib, n,
	       (unsigned long long)took,
	       (unsigned long long)(stolen_us() - stolen));
}

/* The mapping's "Referenced" in smaps; 0 if it isn't there. */
static unsigned long referenced_kib(void)
{
	unsigned long from, to, kib = 0;
	bool ours = false;
	char line[512];
	FILE *f = fopen("/proc/self/smaps", "r");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			ours = from <= (unsigned long)memory &&
			       to > (unsigned long)memory;
		else if (ours && sscanf(line, "Referenced: %lu", &kib) == 1)
			break;
	}
	if (f)
		fclose(f);
	return kib;
}

int main(int argc, char **argv)
{
	unsigned long mib, kib;
	sigset_t term;
	int sig;

	mib = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	if (!mib)
		return 2;
	pages = mib * (1048576 / PAGE);
	memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		perror("hvtouch");
		return 1;
	}
	touch_all(1);
	printf("touching %lu\n", mib);
	fflush(stdout);
	if (!strcmp(argv[2], "idle")) {
		sigemptyset(&term);
		sigaddset(&term, SIGTERM);
		sigprocmask(SIG_BLOCK, &term, NULL);
		sigwait(&term, &sig);
		kib = referenced_kib();
		printf("referenced %lu of %lu\n", kib, mib * 1024);
	} else if (argv[2][0] == 'x') {
		run(mib, 0, strtoul(argv[2] + 1, NULL, 10));
	} else {
		run(mib, strtoul(argv[2], NULL, 10) * 1000000, 0);
	}
	return 0;
}
