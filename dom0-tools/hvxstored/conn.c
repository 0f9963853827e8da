/* SPDX-License-Identifier: MIT */
#include "conn_private.h"
#include "dom.h"
#include "mem.h"
#include "quota.h"
#include "ring.h"
#include "state.h"
#include "txn.h"
#include "watch.h"

#include <unistd.h>

#define OUT_MAX_SOCKET	((size_t)16 << 20)
#define OUT_MAX_DOM0	((size_t)64 << 20)

struct conn_list conns = TAILQ_HEAD_INITIALIZER(conns);
static bool any_dead;
static struct conn **ports;		/* by our end's number */
static int ports_n;

/* ---- beginning and end ---- */

struct conn *conn_new(int fd, unsigned int domid)
{
	struct conn *c = mem_zero(sizeof(*c));

	c->fd = fd;
	c->who.domid = domid;
	c->who.target = -1;
	c->link.port = -1;
	TAILQ_INIT(&c->watches);
	TAILQ_INIT(&c->txns);
	TAILQ_INSERT_TAIL(&conns, c, all);
	return c;
}

struct conn *conn_new_ring(unsigned int domid, const char *dir, bool *kept)
{
	struct stream s;
	struct conn *c;

	*kept = false;
	if (!dir)
		stream_new(&s);
	else if (stream_open(&s, dir, domid, kept))
		return NULL;
	c = conn_new(-1, domid);
	c->s = s;
	c->held = s.h->error;
	return c;
}

struct conn *conn_by_port(int port)
{
	struct conn *c = port < ports_n ? ports[port] : NULL;

	return c && c->link.port == port ? c : NULL;
}

void conn_attach(struct conn *c, const struct ring_link *link)
{
	if (c->link.port >= 0 && conn_by_port(c->link.port) == c)
		ports[c->link.port] = NULL;
	c->link = *link;
	if (link->port >= ports_n) {
		int n = link->port * 2 + 64;

		ports = mem_resize(ports, n * sizeof(*ports));
		memset(ports + ports_n, 0, (n - ports_n) * sizeof(*ports));
		ports_n = n;
	}
	if (link->port >= 0)
		ports[link->port] = c;
	/* Either side may have moved while nobody looked. */
	conn_kick(c);
	xen_notify(&c->link);
}

static void unmark(struct conn *c, const struct mark *m)
{
	struct usage *u = quota_of(m->domid);
	struct dom *d;

	(void)c;
	if (m->life != perm_life(m->domid))
		return;
	u->outstanding--;
	d = dom_find(m->domid);
	if (d && u->outstanding == limits.outstanding - 1)
		conn_kick(d->conn);
}

/* Messages that were sent, or all, burden nobody any more. */
void conn_pop_marks(struct conn *c, bool all)
{
	struct mark *m;

	while (c->mark_n) {
		m = &c->marks[c->mark_first];
		if (!all && m->end > c->s.h->out_sent)
			return;
		c->mark_first = (c->mark_first + 1) % c->mark_room;
		c->mark_n--;
		unmark(c, m);
	}
}

static void push_mark(struct conn *c, unsigned int domid)
{
	struct mark *new;
	unsigned int i, room;

	if (!domid)
		return;
	if (c->mark_n == c->mark_room) {
		room = c->mark_room ? c->mark_room * 2 : 16;
		new = mem_get(room * sizeof(*new));
		for (i = 0; i < c->mark_n; i++)
			new[i] = c->marks[(c->mark_first + i) % c->mark_room];
		free(c->marks);
		c->marks = new;
		c->mark_first = 0;
		c->mark_room = room;
	}
	c->marks[(c->mark_first + c->mark_n++) % c->mark_room] = (struct mark){
		c->s.out_next, domid, perm_life(domid) };
	quota_of(domid)->outstanding++;
}

void conn_free(struct conn *c, bool keep)
{
	conn_unready(c);
	TAILQ_REMOVE(&conns, c, all);
	/* First, so that a file that is kept still names what is open. */
	stream_free(&c->s, keep);
	conn_pop_marks(c, true);
	watch_remove_all(c);
	txn_end_all(c);
	if (!conn_is_ring(c)) {
		loop_del_fd(c->watcher);
		close(c->fd);
	}
	if (c->link.port >= 0 && conn_by_port(c->link.port) == c)
		ports[c->link.port] = NULL;
	xen_detach(&c->link);
	free(c->marks);
	free(c->fence);
	free(c);
}

/* Who is dropped goes at the end of the round: somebody up the stack may yet
 * look at it. A ring's watches and rights go at once. */
void conn_drop(struct conn *c)
{
	if (c->dead)
		return;
	c->dead = true;
	any_dead = true;
	conn_release_guests(c);
	if (!conn_is_ring(c))
		return;
	watch_remove_all(c);
	txn_end_all(c);
	if (c->link.port >= 0 && conn_by_port(c->link.port) == c)
		ports[c->link.port] = NULL;
	xen_detach(&c->link);
	stream_free(&c->s, false);
	stream_new(&c->s);
	c->mark_n = 0;
}

void conn_reap(void)
{
	struct conn *c, *next;

	if (!any_dead)
		return;
	any_dead = false;
	for (c = TAILQ_FIRST(&conns); c; c = next) {
		next = TAILQ_NEXT(c, all);
		if (c->dead)
			conn_free(c, false);
	}
}

void conn_free_all(void)
{
	while (!TAILQ_EMPTY(&conns))
		conn_free(TAILQ_FIRST(&conns), true);
	free(ports);
	ports = NULL;
	ports_n = 0;
	any_dead = false;
}

void conn_reset(struct conn *c)
{
	if (!TAILQ_EMPTY(&c->watches)) {
		state_put_reset(c->who.domid);
		state_commit(NULL);
	}
	watch_remove_all(c);
	txn_end_all(c);
	conn_pop_marks(c, true);
	c->held = false;
}

void conn_error(struct conn *c, uint32_t error, const char *why)
{
	if (!conn_is_ring(c)) {
		log_warn("a client of the socket: %s; dropped", why);
		conn_drop(c);
		return;
	}
	log_warn("d%u: %s; its ring is stopped until it connects anew",
		 c->who.domid, why);
	conn_reset(c);
	c->held = true;
	c->s.h->error = error;
	c->s.h->in_done = c->s.h->in_got;
	c->s.h->out_sent = c->s.h->out_put;
	stream_in_take(&c->s, 0);
	if (c->link.page) {
		ring_show_error(c->link.page, error);
		xen_notify(&c->link);
	}
}

/* ---- messages ---- */

void conn_reply(struct conn *c, const struct xsd_sockmsg *hdr, const void *data)
{
	if (!stream_out_reserve(&c->s, sizeof(*hdr) + hdr->len, SIZE_MAX)) {
		conn_error(c, XENSTORE_ERROR_COMM, "no memory for its replies");
		return;
	}
	stream_out_stage(&c->s, hdr, sizeof(*hdr));
	stream_out_stage(&c->s, data, hdr->len);
	push_mark(c, c->who.domid);
}

/* What may wait for a client that does not look. */
static bool event_fits(struct conn *c, size_t n)
{
	size_t max = conn_is_ring(c) ? OUT_MAX_DOM0 : OUT_MAX_SOCKET;

	if (c->who.domid) {
		if (!quota_memory_ok(c->who.domid,
				     stream_out_pending(&c->s) + n))
			return false;
		max = SIZE_MAX;
	}
	return stream_out_reserve(&c->s, n, max);
}

bool conn_event(struct conn *c, const char *data, size_t len,
		unsigned int cause, uint64_t *end)
{
	struct xsd_sockmsg hdr = { .type = XS_WATCH_EVENT, .len = len };

	if (c->dead || c->held)
		return false;
	if (!event_fits(c, sizeof(hdr) + len)) {
		if (!conn_is_ring(c))
			conn_error(c, 0, "it does not read its events");
		else if (!c->dropped_events)
			log_warn("d%u: does not read its events; some are lost",
				 c->who.domid);
		c->dropped_events = true;
		return false;
	}
	stream_out_stage(&c->s, &hdr, sizeof(hdr));
	stream_out_stage(&c->s, data, len);
	push_mark(c, cause);
	stream_publish(&c->s);
	*end = c->s.out_next;
	conn_kick(c);
	return true;
}
