/* SPDX-License-Identifier: MIT */
/* Apart from wall.c, since tests bring their own. */
#include "wall.h"

#include <time.h>

int64_t wall_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
