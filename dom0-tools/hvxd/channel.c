/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <json-c/json.h>
#include "backend.h"

#define PACKET_MAX	65536

struct question {
	struct question *next;
	int id;
	channel_answer_fn *fn;
	void *arg;
};

struct channel {
	int fd;
	struct loop_fd *watch;
	int next_id;
	struct question *questions;
	channel_event_fn *fn;
	void *arg;
};

static struct question *take(struct channel *c, int id)
{
	struct question **p = &c->questions, *q;

	while ((q = *p) && q->id != id)
		p = &q->next;
	if (q)
		*p = q->next;
	return q;
}

static void hear(struct channel *c, struct json_object *o)
{
	struct json_object *id;
	struct question *q;

	if (!json_object_object_get_ex(o, "id", &id)) {
		c->fn(c->arg, o);
		return;
	}
	q = take(c, json_object_get_int(id));
	if (q)
		q->fn(q->arg, o);
	free(q);
}

static void hung_up(struct channel *c)
{
	struct question *q;

	while ((q = c->questions)) {
		c->questions = q->next;
		q->fn(q->arg, NULL);
		free(q);
	}
	c->fn(c->arg, NULL);
}

static void on_packet(void *arg, uint32_t events)
{
	static char buf[PACKET_MAX];
	struct channel *c = arg;
	struct json_object *o;
	ssize_t n = recv(c->fd, buf, sizeof(buf) - 1, MSG_DONTWAIT);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hung_up(c);
		return;
	}
	buf[n] = 0;
	o = json_tokener_parse(buf);
	if (json_object_is_type(o, json_type_object))
		hear(c, o);
	json_object_put(o);
}

struct channel *channel_new(struct loop *l, int fd, channel_event_fn *fn,
			    void *arg)
{
	struct channel *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->fd = fd;
	c->fn = fn;
	c->arg = arg;
	c->watch = loop_add_fd(l, fd, EPOLLIN, on_packet, c);
	if (!c->watch) {
		free(c);
		return NULL;
	}
	return c;
}

void channel_free(struct channel *c)
{
	struct question *q;

	if (!c)
		return;
	while ((q = c->questions)) {
		c->questions = q->next;
		free(q);
	}
	loop_del_fd(c->watch);
	close(c->fd);
	free(c);
}

static int send_packet(int sock, const char *text, size_t len, const int *fd,
		       unsigned int fds)
{
	union {
		char buf[CMSG_SPACE(sizeof(int) * BACKEND_FDS)];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { (char *)(uintptr_t)text, len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *h;

	if (fds) {
		m.msg_control = control.buf;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * fds);
		h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int) * fds);
		memcpy(CMSG_DATA(h), fd, sizeof(int) * fds);
	}
	return sendmsg(sock, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -1 : 0;
}

int channel_ask(struct channel *c, const char *what, struct backend_attach *a,
		channel_answer_fn *fn, void *arg)
{
	struct question *q = calloc(1, sizeof(*q));
	const char *text;
	unsigned int i;
	size_t len;
	int rc = -1;

	if (q) {
		q->id = ++c->next_id;
		q->fn = fn;
		q->arg = arg;
		json_object_object_add(a->args, "id",
				       json_object_new_int(q->id));
		json_object_object_add(a->args, "do",
				       json_object_new_string(what));
		text = json_object_to_json_string_length(
			a->args, JSON_C_TO_STRING_PLAIN, &len);
		rc = send_packet(c->fd, text, len, a->fd, a->fds);
	}
	for (i = 0; i < a->fds; i++)
		close(a->fd[i]);
	json_object_put(a->args);
	if (rc) {
		free(q);
		return -1;
	}
	q->next = c->questions;
	c->questions = q;
	return 0;
}

static int errno_of(const char *name)
{
	int i;

	for (i = 1; name && i < 134; i++)
		if (strerrorname_np(i) && !strcmp(strerrorname_np(i), name))
			return i;
	return EIO;
}

int channel_fault(struct json_object *answer, const char *stage,
		  const char *object, struct fault *f)
{
	struct json_object *e, *name = NULL, *text = NULL;

	if (!answer)
		return fault_set(f, EIO, stage, object,
				 "%s: its backend has died", object);
	if (!json_object_object_get_ex(answer, "error", &e))
		return 0;
	json_object_object_get_ex(e, "errno", &name);
	json_object_object_get_ex(e, "text", &text);
	return fault_set(f, errno_of(json_object_get_string(name)), stage,
			 object, "%s: %s", object,
			 text ? json_object_get_string(text) : "is refused");
}
