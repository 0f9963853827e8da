/* SPDX-License-Identifier: MIT */
/*
 * hvws DOMID SAMPLES SECONDS COUNT: watches a domain's working set for COUNT
 * intervals, one after the other, and prints a line for each: "ws KIB of KIB
 * (TOUCHED of WATCHED, UNSEEN unseen) in MS ms, core US us". KIB is the
 * estimate. At the end nothing is watched any more.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <libhvctl/hvctl.h>

static void print(const struct hvctl_working_set *w)
{
	printf("ws %" PRIu64 " of %" PRIu64 " (%u of %u, %u unseen, %" PRIu64
	       " out %" PRIu64 " in) in %" PRIu64 " ms, core %" PRIu64 " us\n", w->kib, w->total_kib, w->touched,
	       w->watched, w->unseen, w->out_kib, w->in_kib, w->interval_ns / 1000000,
	       w->core_ns / 1000);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	uint32_t domid, samples;
	struct hvctl_working_set w;
	struct hvctl *h;
	double seconds;
	int i, count;

	if (argc != 5)
		return 2;
	domid = (uint32_t)atoi(argv[1]);
	samples = (uint32_t)atoi(argv[2]);
	seconds = atof(argv[3]);
	count = atoi(argv[4]);
	h = hvctl_open();
	for (i = 0; h && i <= count; i++) {
		struct timespec t = { .tv_sec = (time_t)seconds };

		t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
		if (hvctl_working_set(h, domid, i < count ? samples : 0, &w))
			break;
		if (i)
			print(&w);
		if (i < count)
			nanosleep(&t, NULL);
	}
	if (i <= count) {
		fprintf(stderr, "hvws: domain %u: %s\n", domid,
			strerror(errno));
		return 1;
	}
	hvctl_close(h);
	return 0;
}
