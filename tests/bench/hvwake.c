/* SPDX-License-Identifier: MIT */
/*
 * hvwake SECONDS [COMMAND...]: how late this machine answers. Again and again
 * it sleeps for a time between 1 and 20 ms, and looks how much later than that
 * it woke; with COMMAND, how long that takes, its output thrown away. Prints
 * "N times: mean US, p99 US, most US us". Ends with 1 when the command failed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "quiet.h"

#define MOST	100000

static uint32_t late[MOST];
static unsigned int count;

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* From 1 to 20 ms, evenly and without a beat. */
static int64_t sleep_some(void)
{
	static uint32_t seed = 1;
	int64_t until = now_ns() + 1000000;
	struct timespec t;

	seed = seed * 1664525 + 1013904223;
	until += (int64_t)(seed >> 8) * 19000000 >> 24;
	t.tv_sec = until / 1000000000;
	t.tv_nsec = until % 1000000000;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
	return until;
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void print(void)
{
	uint64_t sum = 0;
	unsigned int i;

	qsort(late, count, sizeof(*late), ascending);
	for (i = 0; i < count; i++)
		sum += late[i];
	printf("%u times: mean %u, p99 %u, most %u us\n", count,
	       (unsigned int)(sum / count), late[(count - 1) * 99 / 100],
	       late[count - 1]);
}

int main(int argc, char **argv)
{
	int64_t end, from;

	if (argc < 2)
		return 2;
	end = now_ns() + (int64_t)atoi(argv[1]) * 1000000000;
	do {
		from = sleep_some();
		if (argc > 2) {
			from = now_ns();
			if (run_quietly(argv + 2))
				return 1;
		}
		late[count++] = (uint32_t)((now_ns() - from) / 1000);
	} while (count < MOST && now_ns() < end);
	print();
	return 0;
}
