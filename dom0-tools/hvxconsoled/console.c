/* SPDX-License-Identifier: MIT */
#include "console.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <common/log.h>

/* Ports served before others get their turn in the loop */
#define PORTS_A_ROUND	64

/* ---- from the guest ---- */

static void log_pending(struct console *c)
{
	uint64_t pos = history_logged(&c->history);
	const char *data;
	size_t len;

	while ((len = history_at(&c->history, &pos, &data))) {
		if (logfile_write(&c->log, data, len) && !c->log_failed) {
			c->log_failed = true;
			log_warn("%s: %s: %s; its output is not kept there",
				 c->name, c->log.path, strerror(errno));
		}
		pos += len;
	}
	history_set_logged(&c->history, pos);
}

static void feed_readers(struct console *c)
{
	struct reader *r, *next;

	for (r = c->readers; r; r = next) {
		next = r->next;
		if (!r->full)
			reader_feed(r);
	}
}

/* What the guest has in its ring; the count. */
static size_t take_output(struct console *c)
{
	uint32_t cons = history_cons(&c->history), began = cons;
	char buf[RING_OUT];
	size_t len;
	bool odd;

	len = ring_take_output(c->ring, &cons, buf, &odd);
	if (odd && !c->odd) {
		c->odd = true;
		log_warn("%s: its console's ring made no sense, at %u",
			 c->name, began);
	}
	if (len) {
		history_add(&c->history, buf, len);
		log_pending(c);
	}
	if (odd)
		history_set_cons(&c->history, cons);
	if (cons != began)
		ring_release_output(c->ring, cons);
	c->bytes += len;
	return len;
}

/* What we have for it; the count. */
static size_t give_input(struct console *c)
{
	bool was_full = c->input_len == sizeof(c->input);
	size_t len;

	if (!c->input_len)
		return 0;
	len = ring_put_input(c->ring, &c->in_prod, c->input, c->input_len);
	c->input_len -= len;
	memmove(c->input, c->input + len, c->input_len);
	if (was_full && len)
		readers_resume(c);
	return len;
}

/* Both ways once; the guest is told if it has got anything. */
static void serve(struct console *c)
{
	size_t out = take_output(c), in = give_input(c);

	if (out || in)
		hyper_notify(c->all->hyper, c->port);
	if (out)
		feed_readers(c);
}

static void new_slice(struct console *c)
{
	int64_t slice = loop_now() / SLICE_MS;

	if (c->slice != slice) {
		c->slice = slice;
		c->events = 0;
		c->bytes = 0;
	}
}

static void on_event(struct console *c)
{
	if (c->throttled)
		return;
	new_slice(c);
	c->events++;
	serve(c);
	if (c->events < SLICE_EVENTS && c->bytes < SLICE_BYTES) {
		hyper_unmask(c->all->hyper, c->port);
		return;
	}
	c->throttled = true;
	loop_arm(c->all->tick, SLICE_MS - loop_now() % SLICE_MS);
}

static void on_ports(void *arg, uint32_t events)
{
	struct consoles *all = arg;
	int i, port;

	(void)events;
	for (i = 0; i < PORTS_A_ROUND; i++) {
		port = hyper_pending(all->hyper);
		if (port < 0)
			return;
		if ((unsigned int)port < all->ports && all->by_port[port])
			on_event(all->by_port[port]);
	}
}

/* ---- to the guest ---- */

size_t console_input(struct console *c, const char *data, size_t len)
{
	if (len > sizeof(c->input) - c->input_len)
		len = sizeof(c->input) - c->input_len;
	memcpy(c->input + c->input_len, data, len);
	c->input_len += len;
	if (c->ring && give_input(c))
		hyper_notify(c->all->hyper, c->port);
	return len;
}

/* ---- connecting ---- */

static int note_port(struct consoles *all, int port, struct console *c)
{
	if ((unsigned int)port >= all->ports) {
		unsigned int n = port + 64;
		struct console **longer = realloc(all->by_port,
						  n * sizeof(*longer));

		if (!longer)
			return -1;
		memset(longer + all->ports, 0,
		       (n - all->ports) * sizeof(*longer));
		all->by_port = longer;
		all->ports = n;
	}
	all->by_port[port] = c;
	return 0;
}

static void disconnect(struct console *c)
{
	struct consoles *all = c->all;

	if (!c->ring)
		return;
	take_output(c);
	all->by_port[c->port] = NULL;
	hyper_unbind(all->hyper, c->port);
	hyper_unmap_console(all->hyper, c->ring, c->granted);
	c->ring = NULL;
	c->port = -1;
	c->throttled = false;
}

int console_connect(struct console *c, unsigned long mfn, uint32_t remote)
{
	struct hyper *h = c->all->hyper;
	int error;

	if (c->ring && c->mfn == mfn && c->remote == remote)
		return 0;
	disconnect(c);
	c->ring = hyper_map_console(h, c->domid, mfn, &c->granted);
	if (!c->ring)
		return -1;
	c->port = hyper_bind(h, c->domid, remote);
	if (c->port < 0)
		goto out_unmap;
	if (note_port(c->all, c->port, c))
		goto out_unbind;
	c->mfn = mfn;
	c->remote = remote;
	history_set_cons(&c->history,
			 ring_find_output(c->ring, c->known,
					  history_cons(&c->history)));
	c->known = false;
	c->in_prod = ring_find_input(c->ring);
	/* What it did before we were there was told to nobody. */
	serve(c);
	hyper_notify(h, c->port);
	return 0;

out_unbind:
	hyper_unbind(h, c->port);
out_unmap:
	error = errno;
	hyper_unmap_console(h, c->ring, c->granted);
	c->ring = NULL;
	c->port = -1;
	errno = error;
	return -1;
}

/* ---- life ---- */

struct console *console_find(struct consoles *all, uint32_t domid)
{
	struct console *c;

	for (c = all->list; c; c = c->next)
		if (c->domid == domid && !c->gone)
			return c;
	return NULL;
}

struct console *console_new(struct consoles *all, uint32_t domid,
			    const uint8_t uuid[16], const char *name)
{
	struct console *c = calloc(1, sizeof(*c));
	bool kept;

	if (!c)
		return NULL;
	c->all = all;
	c->domid = domid;
	memcpy(c->uuid, uuid, 16);
	c->port = c->terminal = c->slave = c->watch = -1;
	c->log.fd = -1;
	c->name = strdup(name);
	if (!c->name ||
	    history_open(&c->history, all->history_folder, domid, uuid, &kept))
		goto out_free;
	if (terminal_open(c))
		goto out_close;
	if (all->log_folder &&
	    logfile_open(&c->log, all->log_folder, name, all->log_limit))
		log_warn("%s: no log: %s: %s", name,
			 c->log.path ? c->log.path : name, strerror(errno));
	if (kept)
		log_pending(c);
	c->known = kept && history_total(&c->history);
	c->next = all->list;
	all->list = c;
	return c;

out_close:
	history_close(&c->history, !kept);
out_free:
	free(c->name);
	free(c);
	return NULL;
}

static void console_free(struct console *c)
{
	struct console **p = &c->all->list;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	while (c->readers)
		reader_end(c->readers);
	terminal_close(c);
	disconnect(c);
	logfile_close(&c->log);
	history_close(&c->history, c->gone);
	free(c->name);
	free(c);
}

void console_end(struct console *c)
{
	disconnect(c);
	c->gone = true;
	c->gone_at = loop_now();
	feed_readers(c);
	loop_arm(c->all->tick, 0);
}

uint64_t console_start(const struct console *c)
{
	uint64_t total = history_total(&c->history);

	return total > HISTORY_SIZE ? total - HISTORY_SIZE : 0;
}

int console_look(struct console *c, int fd, uint64_t pos)
{
	unsigned int n = 0;
	struct reader *r;

	for (r = c->readers; r; r = r->next)
		n++;
	if (n >= READERS_MAX) {
		errno = EUSERS;
		return -1;
	}
	r = reader_add(c, fd, pos, false);
	if (!r)
		return -1;
	reader_feed(r);
	return 0;
}

/* ---- all of them ---- */

/* Readers have had what they lack, or long enough. */
static bool lingers(const struct console *c)
{
	const struct reader *r;

	if (loop_now() - c->gone_at >= LINGER_MS)
		return false;
	for (r = c->readers; r; r = r->next)
		if (!r->off)
			return true;
	return false;
}

static void on_tick(void *arg)
{
	struct consoles *all = arg;
	struct console *c, *next;
	bool more = false;

	for (c = all->list; c; c = next) {
		next = c->next;
		if (c->gone && !lingers(c)) {
			console_free(c);
		} else if (c->gone) {
			more = true;
		} else if (c->throttled) {
			c->throttled = false;
			on_event(c);
		}
		/* on_event has armed the timer if it was too much again. */
	}
	if (more)
		loop_arm(all->tick, SLICE_MS);
}

int consoles_init(struct consoles *all)
{
	all->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (all->inotify < 0)
		return -1;
	all->tick = loop_add_timer(all->loop, on_tick, all);
	all->events = loop_add_fd(all->loop, hyper_fd(all->hyper), EPOLLIN,
				  on_ports, all);
	all->opens = loop_add_fd(all->loop, all->inotify, EPOLLIN,
				 terminal_opens, all);
	return all->tick && all->events && all->opens ? 0 : -1;
}

void consoles_free(struct consoles *all)
{
	while (all->list)
		console_free(all->list);
	loop_del_fd(all->events);
	loop_del_fd(all->opens);
	loop_del_timer(all->tick);
	if (all->inotify >= 0)
		close(all->inotify);
	free(all->by_port);
}
