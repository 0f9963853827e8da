/* SPDX-License-Identifier: MIT */
/* The wall clock: what is kept over a restart of hvxd is told by it. */
#include "hvxd.h"

#include <stdio.h>
#include <time.h>

int64_t wall_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

const char *wall_text(int64_t ms, char *buf)
{
	time_t s = ms / 1000;
	struct tm tm;
	size_t n;

	gmtime_r(&s, &tm);
	n = strftime(buf, 24, "%Y-%m-%dT%H:%M:%S", &tm);
	sprintf(buf + n, ".%03dZ", (int)(ms % 1000));
	return buf;
}
