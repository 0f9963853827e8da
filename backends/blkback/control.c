/* SPDX-License-Identifier: MIT */
/*
 * The parent's requests: a packet each, see backends/README.md. The parent is
 * trusted; what it says is checked for its sake.
 */
#include "blkback.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "common/log.h"

#define PACKET	4096

struct call {
	struct service *s;
	struct json_object *in;
	int64_t id;
	int fd;				/* that came along, or -1 */
};

/* ---- saying ------------------------------------------------------------- */

/* Takes obj. A parent that doesn't read loses what it doesn't take. */
static void say(struct service *s, struct json_object *obj)
{
	const char *text = json_object_to_json_string_ext(obj,
						JSON_C_TO_STRING_PLAIN);

	if (s->control >= 0 && send(s->control, text, strlen(text),
				    MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("control: %s", strerror(errno));
	json_object_put(obj);
}

static void add_text(struct json_object *to, const char *key, const char *text)
{
	json_object_object_add(to, key, json_object_new_string(text));
}

static void add_number(struct json_object *to, const char *key, uint64_t n)
{
	json_object_object_add(to, key, json_object_new_uint64(n));
}

static struct json_object *reply(int64_t id, const char *key,
				 struct json_object *value)
{
	struct json_object *obj = json_object_new_object();

	json_object_object_add(obj, "id", json_object_new_int64(id));
	json_object_object_add(obj, key, value);
	return obj;
}

static void answer_ok(struct call *c, struct json_object *value)
{
	say(c->s, reply(c->id, "ok", value));
}

static void answer_error(struct call *c, int error, const char *text)
{
	struct json_object *e = json_object_new_object();

	add_text(e, "errno", strerrorname_np(error) ? strerrorname_np(error) :
		 "EIO");
	add_text(e, "text", text);
	say(c->s, reply(c->id, "error", e));
}

void control_event(struct service *s, const char *event, const struct vbd *v,
		   int error, const char *text)
{
	struct json_object *obj = json_object_new_object();

	add_text(obj, "event", event);
	if (v)
		add_number(obj, "device", v->device);
	if (error && strerrorname_np(error))
		add_text(obj, "errno", strerrorname_np(error));
	if (text)
		add_text(obj, "text", text);
	say(s, obj);
}

void control_detached(struct service *s, int64_t id)
{
	say(s, reply(id, "ok", json_object_new_object()));
}

/* ---- arguments ---------------------------------------------------------- */

static uint64_t number(struct call *c, const char *key)
{
	struct json_object *value = json_object_object_get(c->in, key);

	return value ? json_object_get_uint64(value) : 0;
}

static bool flag(struct call *c, const char *key)
{
	return json_object_get_boolean(json_object_object_get(c->in, key));
}

static const char *text(struct call *c, const char *key)
{
	const char *s = json_object_get_string(
				json_object_object_get(c->in, key));

	return s ? s : "";
}

/* ---- doing -------------------------------------------------------------- */

static void do_attach(struct call *c)
{
	struct disk_spec spec = {
		.offset = number(c, "offset"),
		.length = number(c, "length"),
		.sector_size = number(c, "sector-size"),
		.readonly = flag(c, "readonly"),
		.discard = flag(c, "discard"),
		.shared = flag(c, "shared"),
	};
	uint32_t device = number(c, "device");
	struct json_object *ok;
	char why[DISK_WHY];
	struct vbd *v;
	int fd = c->fd;

	if (fd < 0) {
		answer_error(c, EBADF, "attach brings no descriptor");
		return;
	}
	if (vbd_find(c->s, device)) {
		answer_error(c, EEXIST, "the guest has this device");
		return;
	}
	c->fd = -1;
	v = vbd_attach(c->s, device, text(c, "vdev"), fd, &spec, why);
	if (!v) {
		answer_error(c, errno, why);
		return;
	}
	ok = json_object_new_object();
	add_number(ok, "sectors", v->disk.limits.sectors);
	answer_ok(c, ok);
}

static void do_detach(struct call *c, struct vbd *v)
{
	vbd_detach(v, flag(c, "force"), c->id);
}

static void do_resize(struct call *c, struct vbd *v)
{
	struct json_object *ok;
	char why[DISK_WHY];

	if (disk_resize(&v->disk, why)) {
		answer_error(c, errno, why);
		return;
	}
	if (!xs_set_size(v)) {
		answer_error(c, errno, "the store doesn't take the size");
		return;
	}
	ok = json_object_new_object();
	add_number(ok, "sectors", v->disk.limits.sectors);
	answer_ok(c, ok);
}

static void do_stats(struct call *c, struct vbd *v)
{
	struct json_object *ok = json_object_new_object();
	const struct counters *n = &v->count;
	unsigned int i, in_flight = 0;

	for (i = 0; i < STATE_QUEUES; i++)
		in_flight += v->queue[i].in_flight;
	add_number(ok, "read-requests", n->requests[BLK_READ]);
	add_number(ok, "write-requests", n->requests[BLK_WRITE] +
		   n->requests[BLK_BARRIER]);
	add_number(ok, "flush-requests", n->requests[BLK_FLUSH]);
	add_number(ok, "discard-requests", n->requests[BLK_DISCARD]);
	add_number(ok, "read-sectors", n->read_sectors);
	add_number(ok, "write-sectors", n->written_sectors);
	add_number(ok, "errors", n->errors);
	add_number(ok, "in-flight", in_flight);
	answer_ok(c, ok);
}

static void on_disk(struct call *c, void (*fn)(struct call *, struct vbd *))
{
	struct vbd *v = vbd_find(c->s, number(c, "device"));

	if (v)
		fn(c, v);
	else
		answer_error(c, ENODEV, "the guest has no such device");
}

static void dispatch(struct call *c)
{
	const char *what = text(c, "do");

	if (!strcmp(what, "attach"))
		do_attach(c);
	else if (!strcmp(what, "detach"))
		on_disk(c, do_detach);
	else if (!strcmp(what, "resize"))
		on_disk(c, do_resize);
	else if (!strcmp(what, "stats"))
		on_disk(c, do_stats);
	else
		answer_error(c, EINVAL,
			     "attach, detach, resize and stats are known");
}

/* ---- hearing ------------------------------------------------------------ */

/* Bytes; 0: the parent has hung up; -1: nothing there. */
static ssize_t receive(int from, char *packet, int *fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { packet, PACKET - 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(from, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c;

	*fd = -1;
	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR) ? -1 : 0;
	c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(c), sizeof(int));
	packet[n] = 0;
	return n;
}

static void hear(struct service *s, const char *packet, int fd)
{
	struct call c = { .s = s, .fd = fd };

	c.in = json_tokener_parse(packet);
	if (json_object_is_type(c.in, json_type_object)) {
		c.id = json_object_get_int64(
				json_object_object_get(c.in, "id"));
		dispatch(&c);
	} else {
		log_err("control: not a JSON object: %.60s", packet);
	}
	json_object_put(c.in);
	if (c.fd >= 0)
		close(c.fd);
}

struct watched {
	struct service *s;
	struct loop_fd *entry;
};
static struct watched parent;

static void on_control(void *arg, uint32_t events)
{
	struct service *s = arg;
	char packet[PACKET];
	ssize_t n;
	int fd;

	(void)events;
	while ((n = receive(s->control, packet, &fd)) > 0)
		hear(s, packet, fd);
	if (n == 0) {
		loop_del_fd(parent.entry);
		close(s->control);
		s->control = -1;
		if (!s->disks)
			loop_stop(s->loop);
	}
	service_round(s);
}

int control_start(struct service *s)
{
	parent.entry = loop_add_fd(s->loop, s->control, EPOLLIN, on_control, s);
	if (!parent.entry)
		return -1;
	control_event(s, "ready", NULL, 0, NULL);
	return 0;
}
