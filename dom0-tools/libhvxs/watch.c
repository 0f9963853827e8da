/* SPDX-License-Identifier: MIT */
/*
 * Events wait in a queue until they are asked for. Who polls learns of them by
 * the connection being readable, or, when they were read on the way to some
 * reply, by an event counter that is raised while the queue isn't empty.
 */
#include "private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int hvxs_event_add(struct xs_handle *h, const char *data, unsigned int len)
{
	unsigned int count = xs_count_strings(data, len), i;
	struct event *e;
	char *to;

	if (count <= XS_WATCH_TOKEN || data[len - 1])
		return EPROTO;
	e = calloc(1, sizeof(*e));
	if (!e)
		return ENOMEM;
	e->count = count;
	e->strings = malloc(count * sizeof(char *) + len);
	if (!e->strings) {
		free(e);
		return ENOMEM;
	}
	to = memcpy(e->strings + count, data, len);
	for (i = 0; i < count; i++, to += strlen(to) + 1)
		e->strings[i] = to;
	*h->last_event = e;
	h->last_event = &e->next;
	pthread_cond_broadcast(&h->changed);
	return 0;
}

/* Takes the one at *p out of the queue; its strings stay. */
static char **event_take(struct xs_handle *h, struct event **p,
			 unsigned int *count)
{
	struct event *e = *p;
	char **strings = e->strings;

	*p = e->next;
	if (!e->next)
		h->last_event = p;
	if (count)
		*count = e->count;
	free(e);
	return strings;
}

void hvxs_events_free(struct xs_handle *h)
{
	while (h->events)
		free(event_take(h, &h->events, NULL));
}

void hvxs_waker_settle(struct xs_handle *h)
{
	hvxs_waker_raise(&h->waker, h->events);
}

int xs_fileno(struct xs_handle *h)
{
	int cancel = hvxs_enter(h), fd;

	if (h->waker.epoll < 0 && hvxs_waker_open(&h->waker) == 0) {
		if (h->fd < 0)
			hvxs_waker_arm(&h->waker, h->again->next_try);
		else if (hvxs_waker_add(&h->waker, h->fd))
			hvxs_waker_close(&h->waker);
	}
	fd = h->waker.epoll;
	hvxs_leave(h, cancel);
	return fd;
}

char **xs_check_watch(struct xs_handle *h)
{
	int cancel = hvxs_enter(h), error = EAGAIN;
	char **strings = NULL;

	if (!h->events && !h->error)
		hvxs_step(h, false, PTHREAD_CANCEL_DISABLE);
	if (h->events)
		strings = event_take(h, &h->events, NULL);
	else if (h->error)
		error = h->error;
	hvxs_leave(h, cancel);
	if (!strings)
		errno = error;
	return strings;
}

char **xs_read_watch(struct xs_handle *h, unsigned int *num)
{
	int cancel = hvxs_enter(h), error;
	char **strings = NULL;

	while (!h->events && !h->error)
		hvxs_step(h, true, cancel);
	if (h->events)
		strings = event_take(h, &h->events, num);
	error = h->error;
	hvxs_leave(h, cancel);
	if (!strings)
		errno = error;
	return strings;
}

static bool talk_watch(struct xs_handle *h, uint32_t type, const char *path,
		       const char *token)
{
	struct part parts[] = {
		{ path, strlen(path) + 1 },
		{ token, strlen(token) + 1 },
	};
	char *reply = hvxs_talk(h, XBT_NULL, type, parts, 2, NULL);

	free(reply);
	return reply;
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
	return talk_watch(h, XS_WATCH, path, token);
}

/* Throws away what a watch has brought that is no more. */
static void filter(struct xs_handle *h, const char *path, const char *token)
{
	struct event **p = &h->events;

	while (*p) {
		char **s = (*p)->strings;

		if (!strcmp(s[XS_WATCH_TOKEN], token) &&
		    xs_path_is_subpath(path, s[XS_WATCH_PATH]))
			free(event_take(h, p, NULL));
		else
			p = &(*p)->next;
	}
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
	int cancel;

	if (!talk_watch(h, XS_UNWATCH, path, token))
		return false;
	if (h->filter) {
		/* What the store sent before its reply has been read. */
		cancel = hvxs_enter(h);
		filter(h, path, token);
		hvxs_leave(h, cancel);
	}
	return true;
}
