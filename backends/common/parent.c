/* SPDX-License-Identifier: MIT */
#include "parent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "common/log.h"

#define PACKET	4096

struct parent {
	int fd;
	struct loop_fd *entry;
	const struct parent_fns *fns;
	void *arg;
};

/* ---- saying ------------------------------------------------------------- */

void parent_say(struct parent *p, struct json_object *obj)
{
	const char *text = json_object_to_json_string_ext(obj,
						JSON_C_TO_STRING_PLAIN);

	if (p && send(p->fd, text, strlen(text),
		      MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("control: %s", strerror(errno));
	json_object_put(obj);
}

void parent_add_text(struct json_object *to, const char *key, const char *text)
{
	json_object_object_add(to, key, json_object_new_string(text));
}

void parent_add_number(struct json_object *to, const char *key, uint64_t n)
{
	json_object_object_add(to, key, json_object_new_uint64(n));
}

void parent_event(struct parent *p, const char *event, const uint32_t *device,
		  int error, const char *text)
{
	struct json_object *obj = json_object_new_object();

	parent_add_text(obj, "event", event);
	if (device)
		parent_add_number(obj, "device", *device);
	if (error && strerrorname_np(error))
		parent_add_text(obj, "errno", strerrorname_np(error));
	if (text)
		parent_add_text(obj, "text", text);
	parent_say(p, obj);
}

static struct json_object *reply(int64_t id, const char *key,
				 struct json_object *value)
{
	struct json_object *obj = json_object_new_object();

	json_object_object_add(obj, "id", json_object_new_int64(id));
	json_object_object_add(obj, key, value);
	return obj;
}

void parent_ok(struct parent *p, int64_t id, struct json_object *value)
{
	parent_say(p, reply(id, "ok", value));
}

void call_ok(struct call *c, struct json_object *value)
{
	parent_ok(c->p, c->id, value);
}

void call_error(struct call *c, int error, const char *text)
{
	struct json_object *e = json_object_new_object();
	const char *name = strerrorname_np(error);

	parent_add_text(e, "errno", name ? name : "EIO");
	parent_add_text(e, "text", text);
	parent_say(c->p, reply(c->id, "error", e));
}

/* ---- arguments ---------------------------------------------------------- */

uint64_t call_number(const struct call *c, const char *key)
{
	return json_object_get_uint64(json_object_object_get(c->in, key));
}

bool call_flag(const struct call *c, const char *key)
{
	return json_object_get_boolean(json_object_object_get(c->in, key));
}

const char *call_text(const struct call *c, const char *key)
{
	const char *s = json_object_get_string(
				json_object_object_get(c->in, key));

	return s ? s : "";
}

/* ---- hearing ------------------------------------------------------------ */

static void take_fds(struct msghdr *m, struct call *c)
{
	struct cmsghdr *head = CMSG_FIRSTHDR(m);
	size_t bytes;

	c->fds = 0;
	if (!head || head->cmsg_level != SOL_SOCKET ||
	    head->cmsg_type != SCM_RIGHTS)
		return;
	/* The room was for so many: the kernel has closed any further ones. */
	bytes = head->cmsg_len - CMSG_LEN(0);
	memcpy(c->fd, CMSG_DATA(head), bytes);
	c->fds = bytes / sizeof(int);
}

/* Bytes; 0: the parent has hung up; -1: nothing there. */
static ssize_t receive(int from, char *packet, struct call *c)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int) * PARENT_FDS)];
	} control;
	struct iovec iov = { packet, PACKET - 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(from, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR) ? -1 : 0;
	take_fds(&m, c);
	packet[n] = 0;
	return n;
}

static void hear(struct parent *p, const char *packet, struct call *c)
{
	c->p = p;
	c->in = json_tokener_parse(packet);
	if (json_object_is_type(c->in, json_type_object)) {
		c->id = json_object_get_int64(
				json_object_object_get(c->in, "id"));
		p->fns->hear(p->arg, c);
	} else {
		log_err("control: not a JSON object: %.60s", packet);
	}
	json_object_put(c->in);
	while (c->fds)
		close(c->fd[--c->fds]);
}

static void on_socket(void *arg, uint32_t events)
{
	struct parent *p = arg;
	const struct parent_fns *fns = p->fns;
	void *owner = p->arg;
	char packet[PACKET];
	struct call c;
	ssize_t n;

	(void)events;
	while ((n = receive(p->fd, packet, &c)) > 0)
		hear(p, packet, &c);
	if (n == 0) {
		loop_del_fd(p->entry);
		close(p->fd);
		free(p);
		fns->hung_up(owner);
	}
	fns->heard(owner);
}

struct parent *parent_start(struct loop *l, int fd,
			    const struct parent_fns *fns, void *arg)
{
	struct parent *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	*p = (struct parent){ .fd = fd, .fns = fns, .arg = arg };
	p->entry = loop_add_fd(l, fd, EPOLLIN, on_socket, p);
	if (!p->entry) {
		free(p);
		return NULL;
	}
	parent_event(p, "ready", NULL, 0, NULL);
	return p;
}
