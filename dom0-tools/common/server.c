/* SPDX-License-Identifier: MIT */
/*
 * The socket: nothing here blocks on a client. What a client doesn't read is
 * kept up to OUT_MAX bytes; then the client is dropped, which costs it nothing
 * but the answers.
 */
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "log.h"

#define OUT_MAX		(4u << 20)
#define CLIENTS_MAX	256
/* Requests that a client may have under way. */
#define REQUESTS_MAX	1024

struct client {
	struct server *server;
	struct client *next;
	int fd;
	struct loop_fd *watch;
	struct proto_in in;
	char *out;
	size_t out_len;
	unsigned int requests;
	bool closing;			/* once out is written */
};

struct request {
	struct request *next;		/* of the server's */
	struct server *server;
	struct client *client;		/* NULL: hung up */
	struct json_object *id;
	bool follows;
	req_gone_fn *gone;		/* of one that is held */
	void *gone_arg;
};

struct server {
	struct loop *loop;
	server_serve_fn *serve;
	void *arg;
	int fd;
	char *path;
	struct loop_fd *watch;
	struct client *clients;
	unsigned int nr_clients;
	struct request *requests;
};

/* ---- requests ---- */

static void req_free(struct request *r)
{
	struct request **p = &r->server->requests;

	while (*p != r)
		p = &(*p)->next;
	*p = r->next;
	if (r->client)
		r->client->requests--;
	json_object_put(r->id);
	free(r);
}

static void client_drop(struct client *c)
{
	struct client **p = &c->server->clients;
	struct request *r, *next;

	for (r = c->server->requests; r; r = next) {
		next = r->next;
		if (r->client != c)
			continue;
		r->client = NULL;
		if (r->gone)
			r->gone(r->gone_arg);
		if (r->follows || r->gone)
			req_free(r);
	}
	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	c->server->nr_clients--;
	loop_del_fd(c->watch);
	close(c->fd);
	proto_free(&c->in);
	free(c->out);
	free(c);
}

static void client_flush(struct client *c)
{
	while (c->out_len) {
		ssize_t n = send(c->fd, c->out, c->out_len, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			/* The loop sees the hang-up and drops it. */
			c->out_len = 0;
			shutdown(c->fd, SHUT_RDWR);
			break;
		}
		memmove(c->out, c->out + n, c->out_len - n);
		c->out_len -= n;
	}
	if (c->closing && !c->out_len)
		shutdown(c->fd, SHUT_RDWR);
	loop_set_events(c->watch, EPOLLIN | (c->out_len ? EPOLLOUT : 0));
}

/* Never drops the client at once: callers walk lists. */
static void client_send(struct client *c, const char *text, size_t len)
{
	char *out = NULL;

	if (c->out_len + len + 1 <= OUT_MAX)
		out = realloc(c->out, c->out_len + len + 1);
	if (!out) {
		log_warn("a client doesn't read its answers: dropped");
		shutdown(c->fd, SHUT_RDWR);
		return;
	}
	memcpy(out + c->out_len, text, len);
	out[c->out_len + len] = '\n';
	c->out = out;
	c->out_len += len + 1;
	client_flush(c);
}

/* msg is put. */
static void req_send(struct request *r, struct json_object *msg)
{
	const char *text;
	size_t len;

	if (r->client && msg) {
		if (r->id)
			json_object_object_add(msg, "id",
					       json_object_get(r->id));
		text = json_object_to_json_string_length(
			msg, JSON_C_TO_STRING_PLAIN |
				     JSON_C_TO_STRING_NOSLASHESCAPE, &len);
		client_send(r->client, text, len);
	}
	json_object_put(msg);
}

void req_progress(struct request *r, const char *stage)
{
	if (r)
		req_send(r, proto_progress(stage));
}

void req_tell(struct request *r, struct json_object *answer)
{
	struct json_object *msg = json_object_new_object();

	json_object_object_add(msg, "ok",
			       answer ? answer : json_object_new_object());
	req_send(r, msg);
}

void req_ok(struct request *r, struct json_object *answer)
{
	if (!r) {
		json_object_put(answer);
		return;
	}
	req_tell(r, answer);
	req_free(r);
}

void req_fail(struct request *r, const struct fault *f)
{
	if (!r)
		return;
	req_send(r, proto_error(f));
	req_free(r);
}

void req_hold(struct request *r, req_gone_fn *gone, void *arg)
{
	r->gone = gone;
	r->gone_arg = arg;
}

void req_follow(struct request *r)
{
	r->follows = true;
	if (!r->client)
		req_free(r);
}

void server_event(struct server *s, struct json_object *event)
{
	struct request *r;

	for (r = s ? s->requests : NULL; r; r = r->next) {
		struct json_object *msg;

		if (!r->follows)
			continue;
		msg = json_object_new_object();
		json_object_object_add(msg, "event", json_object_get(event));
		req_send(r, msg);
	}
	json_object_put(event);
}

/* ---- clients ---- */

static struct request *req_new(struct client *c, struct json_object *id)
{
	struct request *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->server = c->server;
	r->client = c;
	r->id = json_object_get(id);
	r->next = c->server->requests;
	c->server->requests = r;
	c->requests++;
	return r;
}

static void client_line(struct client *c, const char *line, size_t len)
{
	struct proto_request p;
	struct fault f;
	int rc = proto_parse(line, len, &p, &f);
	struct request *r = req_new(c, p.id);

	if (r && !rc && c->requests > REQUESTS_MAX)
		rc = fault_set(&f, EBUSY, NULL, NULL,
			       "%u requests of this client are under way",
			       c->requests - 1);
	if (r && rc)
		req_fail(r, &f);
	else if (r)
		c->server->serve(c->server->arg, r, &p);
	json_object_put(p.obj);
}

static void client_overlong(struct client *c)
{
	struct request *r = req_new(c, NULL);
	struct fault f;

	fault_set(&f, errno, NULL, NULL, "a line may have %u bytes",
		  PROTO_LINE_MAX);
	if (r)
		req_fail(r, &f);
	c->closing = true;
	client_flush(c);
}

static void on_client(void *arg, uint32_t events)
{
	struct client *c = arg;
	char buf[16384], *line;
	size_t len;
	ssize_t n;

	if (events & EPOLLOUT)
		client_flush(c);
	n = recv(c->fd, buf, sizeof(buf), 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_drop(c);
		return;
	}
	if (c->closing)
		return;
	if (proto_feed(&c->in, buf, n)) {
		client_overlong(c);
		return;
	}
	while (proto_line(&c->in, &line, &len))
		if (len)
			client_line(c, line, len);
}

static void on_connect(void *arg, uint32_t events)
{
	struct server *s = arg;
	struct client *c;
	int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	c = s->nr_clients < CLIENTS_MAX ? calloc(1, sizeof(*c)) : NULL;
	if (c) {
		c->server = s;
		c->fd = fd;
		c->watch = loop_add_fd(s->loop, fd, EPOLLIN, on_client, c);
	}
	if (!c || !c->watch) {
		log_warn("too many clients: one is refused");
		close(fd);
		free(c);
		return;
	}
	c->next = s->clients;
	s->clients = c;
	s->nr_clients++;
}

/* ---- the socket ---- */

static int listen_at(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd, rc;

	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	unlink(path);
	rc = bind(fd, (struct sockaddr *)&a, sizeof(a));
	if (rc || chmod(path, 0600) || listen(fd, 64)) {
		rc = errno;
		close(fd);
		errno = rc;
		return -1;
	}
	return fd;
}

struct server *server_new(struct loop *l, const char *path,
			  server_serve_fn *serve, void *arg)
{
	struct server *s = calloc(1, sizeof(*s));
	mode_t mask;
	int err;

	if (!s)
		return NULL;
	s->loop = l;
	s->serve = serve;
	s->arg = arg;
	mask = umask(0177);
	s->fd = listen_at(path);
	err = errno;
	umask(mask);
	if (s->fd < 0) {
		free(s);
		errno = err;
		return NULL;
	}
	s->path = strdup(path);
	s->watch = loop_add_fd(l, s->fd, EPOLLIN, on_connect, s);
	return s;
}

void server_free(struct server *s)
{
	struct request *r;

	if (!s)
		return;
	while (s->clients)
		client_drop(s->clients);
	while ((r = s->requests))
		req_free(r);
	loop_del_fd(s->watch);
	close(s->fd);
	unlink(s->path);
	free(s->path);
	free(s);
}

unsigned int server_clients(const struct server *s)
{
	return s->nr_clients;
}
