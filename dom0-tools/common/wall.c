/* SPDX-License-Identifier: MIT */
#include "wall.h"

#include <stdio.h>
#include <time.h>

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
