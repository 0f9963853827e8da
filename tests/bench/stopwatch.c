/* SPDX-License-Identifier: MIT */
/*
 * stopwatch NAME N COMMAND...: runs a command N times and prints the shortest
 * time, as "BENCH NAME-us MICROSECONDS". Its output goes to /dev/null. With
 * %d in an argument, that is the number of the run, from 1. Ends with 1 when
 * a run failed, and then prints no time.
 *
 * stopwatch NAME until FILE PATTERN COMMAND...: once, until a line of FILE has
 * PATTERN in it (a minute at most).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "quiet.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static char **numbered(char **argv, int n)
{
	static char *out[64];
	static char text[64][512];
	int i;

	for (i = 0; argv[i] && i < 63; i++) {
		char *at = strstr(argv[i], "%d");

		out[i] = argv[i];
		if (at) {
			snprintf(text[i], sizeof(text[i]), "%.*s%d%s",
				 (int)(at - argv[i]), argv[i], n, at + 2);
			out[i] = text[i];
		}
	}
	out[i] = NULL;
	return out;
}

static int has(const char *path, const char *pattern)
{
	static char buf[1 << 20];
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(buf, 1, sizeof(buf) - 1, f) : 0;

	buf[n] = 0;
	if (f)
		fclose(f);
	return strstr(buf, pattern) != NULL;
}

static int until(const char *name, char **argv)
{
	double start = now();

	if (run_quietly(argv + 2))
		return 1;
	while (!has(argv[0], argv[1])) {
		if (now() - start > 60e6)
			return 1;
		usleep(2000);
	}
	printf("BENCH %s-us %.0f\n", name, now() - start);
	return 0;
}

int main(int argc, char **argv)
{
	double best = 0, t;
	int i, n;

	if (argc < 4)
		return 2;
	if (!strcmp(argv[2], "until"))
		return until(argv[1], argv + 3);
	n = atoi(argv[2]);
	for (i = 1; i <= n; i++) {
		t = now();
		if (run_quietly(numbered(argv + 3, i))) {
			fprintf(stderr, "stopwatch: %s: run %d failed\n",
				argv[1], i);
			return 1;
		}
		t = now() - t;
		best = i == 1 || t < best ? t : best;
	}
	printf("BENCH %s-us %.0f\n", argv[1], best);
	return 0;
}
