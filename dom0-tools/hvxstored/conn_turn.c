/* SPDX-License-Identifier: MIT */
/*
 * Turns: who has something to do stands in a line, does a little of it, and
 * goes to its end again if there is more. The loop wakes us as long as anybody
 * waits.
 */
#include "conn_private.h"
#include "dom.h"
#include "handover.h"
#include "mem.h"
#include "quota.h"
#include "ring.h"
#include "state.h"
#include "wire.h"

#include <errno.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUDGET		16		/* requests a turn */
#define OUT_HIGH	16384u		/* unsent bytes that stop input */
#define ACCEPTS		16		/* a round */
#define REST_TRIES	8		/* looks for the rest of a message */

static struct conn_list ready = TAILQ_HEAD_INITIALIZER(ready);
static struct loop *loop;
static struct loop_fd *wake, *listener;
static struct loop_timer *hold_timer, *accept_timer;
static int wake_fd = -1, listen_fd = -1;
static bool awake;			/* the loop knows that some wait */
static struct conn *holder;

void conn_kick(struct conn *c)
{
	if (c->in_ready || c->dead)
		return;
	c->in_ready = true;
	TAILQ_INSERT_TAIL(&ready, c, ready);
}

void conn_unready(struct conn *c)
{
	if (c->in_ready)
		TAILQ_REMOVE(&ready, c, ready);
	c->in_ready = false;
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

/* ---- service ---- */

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
	/* The rest, where the circle begins again, is for the next time. */
	n = recv(c->fd, v[0].iov_base, v[0].iov_len, MSG_DONTWAIT);
	if (n > 0)
		stream_in_got(&c->s, n);
	else if (!n || (errno != EAGAIN && errno != EINTR))
		conn_drop(c);
}

/* Only a part of a message has come. */
static bool has_part(const struct conn *c)
{
	size_t n = stream_in_ready(&c->s);
	struct xsd_sockmsg hdr;

	if (c->dead || !n || n >= sizeof(hdr) + XENSTORE_PAYLOAD_MAX)
		return false;
	if (n < sizeof(hdr))
		return true;
	stream_in_peek(&c->s, 0, &hdr, sizeof(hdr));
	return hdr.len <= XENSTORE_PAYLOAD_MAX && n < sizeof(hdr) + hdr.len;
}

/*
 * libxenstore sends a message in pieces, its head first. To sleep until the rest
 * is there would take longer than it takes to come, and cost the client a wake-up
 * more; to look a few times takes next to nothing.
 */
static void read_rest(struct conn *c)
{
	unsigned int n;

	for (n = 0; n < REST_TRIES && has_part(c); n++) {
		sched_yield();
		read_socket(c);
	}
}

static void write_socket(struct conn *c)
{
	struct iovec v[2];
	ssize_t n;

	while (!c->dead && stream_out_data(&c->s, v)) {
		n = send(c->fd, v[0].iov_base, v[0].iov_len,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			stream_out_sent(&c->s, n);
		else if (errno != EINTR)
			break;
	}
	if (!c->dead && stream_out_pending(&c->s) && errno != EAGAIN)
		conn_drop(c);
	conn_pop_marks(c, false);
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

	if (readable) {
		read_socket(c);
		read_rest(c);
	}
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
	conn_pop_marks(c, false);
	if (got || sent)
		xen_notify(&c->link);
	if (more || (got && can_serve(c)) || (sent && waits(c)))
		conn_kick(c);
}

static void turn(struct conn *c, bool readable)
{
	if (c->dead)
		return;
	if (conn_is_ring(c))
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
	conn_reap();
	set_awake(!TAILQ_EMPTY(&ready));
	handover_do_request();
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
	conn_free_all();
	loop_del_fd(listener);
	loop_del_fd(wake);
	loop_del_timer(hold_timer);
	loop_del_timer(accept_timer);
	close(wake_fd);
	wake_fd = listen_fd = -1;
	listener = wake = NULL;
	awake = false;
}
