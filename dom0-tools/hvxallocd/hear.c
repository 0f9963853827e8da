/* SPDX-License-Identifier: MIT */
/*
 * What agents tell, when they tell it: a guest whose use grows may swap before
 * the next round, so that one comes sooner. What shrinks can wait, and what
 * agents tell now and then to be known alive.
 */
#include "allocd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define TOLD	"/local/domain/%u/memory/meminfo"

void hear_guest(struct allocd *a, unsigned int i)
{
	struct info *in = &a->infos[i];
	char path[64];

	if (in->heard || !in->managed)
		return;
	snprintf(path, sizeof(path), TOLD, a->guests[i].domid);
	in->heard = xs_watch(a->xs, path, "told") || errno == EEXIST;
}

void hear_no_more(struct allocd *a, unsigned int i)
{
	char path[64];

	if (!a->infos[i].heard)
		return;
	snprintf(path, sizeof(path), TOLD, a->guests[i].domid);
	xs_unwatch(a->xs, path, "told");
}

static int guest_of(const struct allocd *a, const char *path)
{
	unsigned int domid, i;
	int end = 0;

	if (sscanf(path, TOLD "%n", &domid, &end) != 1 || path[end])
		return -1;
	for (i = 0; i < a->count; i++)
		if (a->guests[i].domid == domid)
			return (int)i;
	return -1;
}

void heard(struct allocd *a, const char *path)
{
	int i = guest_of(a, path);
	unsigned int len;
	uint64_t told;
	char *value;

	if (i < 0)
		return;
	value = xs_read(a->xs, XBT_NULL, path, &len);
	if (store_number(value, &told) &&
	    told >= a->infos[i].told + a->rules.band / 2)
		round_hurry(a);
	free(value);
}

static void on_store(void *arg, uint32_t events)
{
	struct allocd *a = arg;
	char **event;

	(void)events;
	while ((event = xs_check_watch(a->xs))) {
		heard(a, event[XS_WATCH_PATH]);
		free(event);
	}
}

int hear_start(struct allocd *a)
{
	return loop_add_fd(a->loop, xs_fileno(a->xs), EPOLLIN, on_store, a)
		       ? 0 : -1;
}
