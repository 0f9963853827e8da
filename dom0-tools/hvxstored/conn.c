/* SPDX-License-Identifier: MIT */
#include "conn.h"
#include "dom.h"
#include "mem.h"
#include "quota.h"
#include "ring.h"
#include "state.h"
#include "txn.h"
#include "watch.h"
#include "wire.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUDGET		16		/* requests a turn */
#define OUT_HIGH	16384u		/* unsent bytes that stop input */
#define OUT_MAX_SOCKET	((size_t)16 << 20)
#define OUT_MAX_DOM0	((size_t)64 << 20)
#define ACCEPTS		16		/* a round */

struct conn_list conns = TAILQ_HEAD_INITIALIZER(conns);
static struct conn_list ready = TAILQ_HEAD_INITIALIZER(ready);
static struct loop *loop;
static struct loop_fd *wake, *listener;
static struct loop_timer *hold_timer, *accept_timer;
static int wake_fd = -1, listen_fd = -1;
static bool awake;			/* the loop knows that some wait */
static bool any_dead;
static struct conn *holder;
static struct conn **ports;		/* by our end's number */
static int ports_n;

static bool is_ring(const struct conn *c)
{
	return c->fd < 0;
}

/* ---- who has a turn ---- */

void conn_kick(struct conn *c)
{
	if (c->in_ready || c->dead)
		return;
	c->in_ready = true;
	TAILQ_INSERT_TAIL(&ready, c, ready);
}

static void set_awake(bool is)
{
	uint64_t one = 1;

	if (is == awake)
		return;
	awake = is;
	if (is)
		(void)!write(wake_fd, &one, sizeof(one));
	else
		(void)!read(wake_fd, &one, sizeof(one));
}

/* ---- beginning and end ---- */

static struct conn *conn_new(int fd, unsigned int domid)
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
static void pop_marks(struct conn *c, bool all)
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

static void conn_free(struct conn *c, bool keep)
{
	if (c->in_ready)
		TAILQ_REMOVE(&ready, c, ready);
	TAILQ_REMOVE(&conns, c, all);
	/* First, so that a file that is kept still names what is open. */
	stream_free(&c->s, keep);
	pop_marks(c, true);
	watch_remove_all(c);
	txn_end_all(c);
	if (!is_ring(c)) {
		loop_del_fd(c->watcher);
		close(c->fd);
	}
	if (c->link.port >= 0 && conn_by_port(c->link.port) == c)
		ports[c->link.port] = NULL;
	xen_detach(&c->link);
	free(c->marks);
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
	if (holder == c)
		conn_release_guests(c);
	if (!is_ring(c))
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

static void reap(void)
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

void conn_reset(struct conn *c)
{
	if (!TAILQ_EMPTY(&c->watches)) {
		state_put_reset(c->who.domid);
		state_commit(NULL);
	}
	watch_remove_all(c);
	txn_end_all(c);
	pop_marks(c, true);
	c->held = false;
}

void conn_error(struct conn *c, uint32_t error, const char *why)
{
	if (!is_ring(c)) {
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

/* ---- guests wait ---- */

void conn_hold_guests(struct conn *c, int ms)
{
	holder = c;
	loop_arm(hold_timer, ms);
}

void conn_release_guests(struct conn *c)
{
	struct conn *g;

	if (!holder || (c && c != holder))
		return;
	holder = NULL;
	loop_arm(hold_timer, -1);
	TAILQ_FOREACH(g, &conns, all)
		if (!who_is_privileged(&g->who))
			conn_kick(g);
}

static void on_hold_timer(void *arg)
{
	(void)arg;
	conn_release_guests(NULL);
	conn_run();
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
	size_t max = is_ring(c) ? OUT_MAX_DOM0 : OUT_MAX_SOCKET;

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
		if (!is_ring(c))
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

static bool can_serve(const struct conn *c)
{
	if (c->dead || c->held || stream_out_pending(&c->s) >= OUT_HIGH)
		return false;
	return who_is_privileged(&c->who) ||
	       (!holder && quota_of(c->who.domid)->outstanding <
			   limits.outstanding);
}

/* Whether a whole message waits; one that is too long ends the connection. */
static bool next_message(struct conn *c, struct xsd_sockmsg *hdr)
{
	size_t n = stream_in_ready(&c->s);

	if (n < sizeof(*hdr))
		return false;
	stream_in_peek(&c->s, 0, hdr, sizeof(*hdr));
	if (hdr->len > XENSTORE_PAYLOAD_MAX) {
		conn_error(c, XENSTORE_ERROR_PROTO, "a message is too long");
		return false;
	}
	return n >= sizeof(*hdr) + hdr->len;
}

/* Whether a request could be served at once. */
static bool waits(struct conn *c)
{
	struct xsd_sockmsg hdr;

	return can_serve(c) && next_message(c, &hdr);
}

/* True if there is more to do. */
static bool serve(struct conn *c)
{
	char payload[XENSTORE_PAYLOAD_MAX + 1];
	struct xsd_sockmsg hdr;
	unsigned int n;

	for (n = 0; can_serve(c) && next_message(c, &hdr); n++) {
		if (n == BUDGET)
			return true;
		stream_in_peek(&c->s, sizeof(hdr), payload, hdr.len);
		payload[hdr.len] = 0;
		stream_in_take(&c->s, sizeof(hdr) + hdr.len);
		wire_handle(c, &hdr, payload);
		state_tidy();
	}
	return false;
}

/* ---- a turn ---- */

static void read_socket(struct conn *c)
{
	struct iovec v[2];
	ssize_t n;

	if (!stream_in_room(&c->s, v))
		return;
	n = readv(c->fd, v, 2);
	if (n > 0)
		stream_in_got(&c->s, n);
	else if (!n || (errno != EAGAIN && errno != EINTR))
		conn_drop(c);
}

static void write_socket(struct conn *c)
{
	struct msghdr m = { 0 };
	struct iovec v[2];
	ssize_t n;

	m.msg_iov = v;
	m.msg_iovlen = 2;
	while (!c->dead && stream_out_data(&c->s, v)) {
		n = sendmsg(c->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			stream_out_sent(&c->s, n);
		else if (errno != EINTR)
			break;
	}
	if (!c->dead && stream_out_pending(&c->s) && errno != EAGAIN)
		conn_drop(c);
	pop_marks(c, false);
}

static void want(struct conn *c)
{
	struct iovec v[2];
	uint32_t events = stream_out_pending(&c->s) ? EPOLLOUT : 0;

	if (can_serve(c) && stream_in_room(&c->s, v))
		events |= EPOLLIN;
	if (!c->dead && events != c->events) {
		c->events = events;
		loop_set_events(c->watcher, events);
	}
}

static void turn_socket(struct conn *c, bool readable)
{
	bool more;

	if (readable)
		read_socket(c);
	more = serve(c);
	if (c->dead)
		return;
	write_socket(c);
	/* Replies that went out may have made room to serve on. */
	if (more || waits(c))
		conn_kick(c);
	want(c);
}

/* The guest asks for a new start, in its page. */
static void check_reset(struct conn *c)
{
	if (!ring_wants_reset(c->link.page))
		return;
	conn_reset(c);
	ring_clear(c->link.page, &c->s);
	ring_reset_done(c->link.page);
	xen_notify(&c->link);
}

static void turn_ring(struct conn *c)
{
	ssize_t got = 0, sent;
	bool more;

	if (!c->link.page)
		return;
	check_reset(c);
	if (c->held)
		return;
	if (can_serve(c))
		got = ring_receive(c->link.page, &c->s);
	more = got >= 0 && serve(c);
	if (c->dead || c->held)
		return;
	sent = got < 0 ? -1 : ring_send(c->link.page, &c->s);
	if (sent < 0) {
		conn_error(c, XENSTORE_ERROR_RINGIDX,
			   "a ring index is out of range");
		return;
	}
	pop_marks(c, false);
	if (got || sent)
		xen_notify(&c->link);
	if (more || (got && can_serve(c)) || (sent && waits(c)))
		conn_kick(c);
}

static void turn(struct conn *c, bool readable)
{
	if (c->dead)
		return;
	if (is_ring(c))
		turn_ring(c);
	else
		turn_socket(c, readable);
}

void conn_run(void)
{
	struct conn *c, *last = TAILQ_LAST(&ready, conn_list);
	bool end = !last;

	while (!end && (c = TAILQ_FIRST(&ready))) {
		end = c == last;
		TAILQ_REMOVE(&ready, c, ready);
		c->in_ready = false;
		turn(c, false);
	}
	reap();
	set_awake(!TAILQ_EMPTY(&ready));
}

static void on_wake(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
	conn_run();
}

static void on_socket(void *arg, uint32_t events)
{
	struct conn *c = arg;

	if (!(events & (EPOLLIN | EPOLLOUT)))
		conn_drop(c);
	turn(c, events & EPOLLIN);
	conn_run();
}

struct conn *conn_new_socket(int fd)
{
	struct conn *c = conn_new(fd, 0);

	stream_new(&c->s);
	c->events = EPOLLIN;
	c->watcher = loop_add_fd(loop, fd, EPOLLIN, on_socket, c);
	if (!c->watcher) {
		conn_free(c, false);
		return NULL;
	}
	return c;
}

static void on_listen(void *arg, uint32_t events)
{
	int n, fd;

	(void)arg;
	(void)events;
	for (n = 0; n < ACCEPTS; n++) {
		fd = accept4(listen_fd, NULL, NULL,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			conn_new_socket(fd);
		} else if (errno == EMFILE || errno == ENFILE) {
			/* Those who wait stay; look again when some left. */
			log_warn("no descriptor for a client: %s",
				 strerror(errno));
			loop_set_events(listener, 0);
			loop_arm(accept_timer, 200);
			return;
		} else {
			return;
		}
	}
}

static void on_accept_timer(void *arg)
{
	(void)arg;
	loop_set_events(listener, EPOLLIN);
}

int conn_listen(int fd)
{
	listen_fd = fd;
	listener = loop_add_fd(loop, fd, EPOLLIN, on_listen, NULL);
	return listener ? 0 : -1;
}

int conn_init(struct loop *l)
{
	loop = l;
	hold_timer = loop_add_timer(l, on_hold_timer, NULL);
	accept_timer = loop_add_timer(l, on_accept_timer, NULL);
	wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (wake_fd < 0 || !hold_timer || !accept_timer)
		return -1;
	wake = loop_add_fd(l, wake_fd, EPOLLIN, on_wake, NULL);
	return wake ? 0 : -1;
}

void conn_exit(void)
{
	holder = NULL;
	while (!TAILQ_EMPTY(&conns))
		conn_free(TAILQ_FIRST(&conns), true);
	loop_del_fd(listener);
	loop_del_fd(wake);
	loop_del_timer(hold_timer);
	loop_del_timer(accept_timer);
	close(wake_fd);
	free(ports);
	ports = NULL;
	ports_n = 0;
	wake_fd = listen_fd = -1;
	listener = wake = NULL;
	awake = any_dead = false;
}
