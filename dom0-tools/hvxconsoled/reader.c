/* SPDX-License-Identifier: MIT */
/*
 * Those who look. Nothing waits for them: what doesn't fit into their socket or
 * terminal now stays in the history until it does, or is overwritten.
 */
#include "console.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

void reader_events(struct reader *r)
{
	struct console *c = r->console;
	uint32_t events = 0;

	if (!r->off && c->input_len < sizeof(c->input))
		events |= EPOLLIN;
	if (r->full)
		events |= EPOLLOUT;
	loop_set_events(r->source, events);
}

void reader_end(struct reader *r)
{
	struct reader **p = &r->console->readers;

	while (*p != r)
		p = &(*p)->next;
	*p = r->next;
	loop_del_fd(r->source);
	if (!r->terminal)
		close(r->fd);
	free(r);
}

void reader_feed(struct reader *r)
{
	struct console *c = r->console;
	bool was_full = r->full;
	const char *data;
	size_t len;

	if (r->off)
		return;
	r->full = false;
	while (!r->full && (len = history_at(&c->history, &r->pos, &data))) {
		ssize_t n = write(r->fd, data, len);

		if (n > 0) {
			r->pos += n;
		} else if (n < 0 && errno == EAGAIN) {
			r->full = true;
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else if (!r->terminal) {
			reader_end(r);
			return;
		} else {
			break;
		}
	}
	if (c->gone && !r->full && !r->terminal)
		reader_end(r);
	else if (r->full != was_full)
		reader_events(r);
}

static void take_input(struct reader *r)
{
	struct console *c = r->console;
	char buf[RING_IN];
	size_t room = sizeof(c->input) - c->input_len;
	ssize_t n;

	if (!room)
		return;
	n = read(r->fd, buf, room);
	if (n > 0) {
		console_input(c, buf, n);
		/* All of them, since it is full for all. */
		if (c->input_len == sizeof(c->input))
			readers_resume(c);
	} else if (!r->terminal && (n == 0 || errno != EAGAIN)) {
		reader_end(r);
	}
}

static void on_reader(void *arg, uint32_t events)
{
	struct reader *r = arg;

	if (events & EPOLLOUT) {
		reader_feed(r);
	} else if (events & EPOLLIN) {
		take_input(r);
	} else if (!r->terminal) {
		reader_end(r);		/* hung up */
	}
}

struct reader *reader_add(struct console *c, int fd, uint64_t pos,
			  bool terminal)
{
	struct reader *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->console = c;
	r->fd = fd;
	r->pos = pos;
	r->terminal = terminal;
	r->source = loop_add_fd(c->all->loop, fd, EPOLLIN, on_reader, r);
	if (!r->source) {
		free(r);
		return NULL;
	}
	r->next = c->readers;
	c->readers = r;
	return r;
}

void readers_resume(struct console *c)
{
	struct reader *r;

	for (r = c->readers; r; r = r->next)
		reader_events(r);
}
