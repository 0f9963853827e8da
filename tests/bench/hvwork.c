/* SPDX-License-Identifier: MIT */
/*
 * hvwork MIB SECONDS: in a guest, work that needs MIB MiB of memory: adds up a
 * page and writes the sum into it, again and again; fifteen times in sixteen one
 * of the first two fifths, else any of them. What of it has no room is swapped
 * out, and has to be waited for. Says "working MIB" when all
 * pages are there, and at the end "worked MIB: N pages in M us". The time begins
 * with the program's: making the pages is part of it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define PAGE	4096UL
#define WORDS	(PAGE / sizeof(uint64_t))

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void work(uint64_t *page)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < WORDS; i++)
		sum += page[i];
	page[0] = sum + 1;
}

static uint64_t any(uint64_t below)
{
	static uint64_t seed = 88172645463325252;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

static uint64_t choose(uint64_t pages)
{
	return any(any(16) ? pages * 2 / 5 : pages);
}

int main(int argc, char **argv)
{
	uint64_t start = now_us(), n = 0, pages, us, took;
	unsigned long mib;
	uint64_t *memory;

	mib = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
	if (!mib)
		return 2;
	us = strtoul(argv[2], NULL, 10) * 1000000;
	pages = mib * (1048576 / PAGE);
	memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		perror("hvwork");
		return 1;
	}
	for (uint64_t i = 0; i < pages; i++)
		memory[i * WORDS] = i;
	printf("working %lu\n", mib);
	fflush(stdout);
	while ((took = now_us() - start) < us) {
		work(memory + choose(pages) * WORDS);
		n++;
	}
	printf("worked %lu: %llu pages in %llu us\n", mib,
	       (unsigned long long)n, (unsigned long long)took);
	return 0;
}
