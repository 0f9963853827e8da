/* SPDX-License-Identifier: MIT */
#include "reservation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <json-c/json.h>
#include <common/log.h>
#include <common/proto.h>
#include "create.h"

#define SOCKET_PATH	"/run/hvx/hvxallocd.sock"
/* What the hypervisor needs for a domain beside its memory, KiB. */
#define OVERHEAD_KIB	1024
/* It answers at once; a hypervisor's daemon doesn't wait for one that hangs. */
#define SEND_MS		200

struct reservation {
	struct dom *d;
	int fd;
	struct loop_fd *watch;
	struct proto_in in;
	bool answered;
	reservation_fn *fn;
	void *arg;
};

static const char *socket_path(void)
{
	const char *path = getenv("HVXALLOCD_SOCKET");

	return path ? path : SOCKET_PATH;
}

bool reservation_offered(void)
{
	return !access(socket_path(), F_OK);
}

static int connect_to(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_usec = SEND_MS * 1000 };
	int fd;

	if (strlen(path) >= sizeof(a.sun_path))
		return -1;
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (!setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) &&
	    !connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	close(fd);
	return -1;
}

static int send_request(int fd, const struct dom *d)
{
	struct json_object *o = json_object_new_object();
	const char *text;
	char *line = NULL;
	int n, rc = -1;

	json_object_object_add(o, "id", json_object_new_int(1));
	json_object_object_add(o, "do", json_object_new_string("reserve"));
	json_object_object_add(o, "name", json_object_new_string(d->name));
	json_object_object_add(o, "uuid", json_object_new_string(d->uuid));
	json_object_object_add(o, "kib", json_object_new_int64(
				       d->config.memory_kb + OVERHEAD_KIB));
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	n = asprintf(&line, "%s\n", text);
	if (n > 0 && send(fd, line, n, MSG_NOSIGNAL) == n)
		rc = 0;
	free(line);
	json_object_put(o);
	return rc;
}

/* ---- the answer ---- */

static const char *member(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) && v
		       ? json_object_get_string(v) : "";
}

static void read_refusal(struct json_object *e, const struct dom *d,
			 struct fault *f)
{
	fault_set(f, strcmp(member(e, "errno"), "ENOMEM") ? EIO : ENOMEM,
		  "memory", d->name, "%s", member(e, "text"));
	if (*member(e, "hint"))
		fault_hint(f, "%s", member(e, "hint"));
}

static void answer(struct reservation *v, const char *line, size_t len)
{
	struct proto_request p;
	struct json_object *e;
	struct fault f;

	/* An answer is no request: that it asks for nothing is fine. */
	proto_parse(line, len, &p, &f);
	if (v->answered || !p.obj) {
		json_object_put(p.obj);
		return;
	}
	v->answered = true;
	if (json_object_object_get_ex(p.obj, "ok", &e)) {
		json_object_put(p.obj);
		v->fn(v->arg, NULL);
		return;
	}
	json_object_object_get_ex(p.obj, "error", &e);
	read_refusal(e, v->d, &f);
	json_object_put(p.obj);
	v->fn(v->arg, &f);
}

/* Without it what is free decides, as where there is none. */
static void lost(struct reservation *v)
{
	struct fault f;

	loop_del_fd(v->watch);
	v->watch = NULL;
	if (v->answered)
		return;
	v->answered = true;
	log_warn("%s: hvxallocd ended before it answered", v->d->name);
	v->fn(v->arg, check_memory(v->d->hd, &v->d->config, &f) ? &f : NULL);
}

/* One answer comes, after which v may be no more. */
static void on_answer(void *arg, uint32_t events)
{
	struct reservation *v = arg;
	char buf[4096], *line;
	size_t len;
	ssize_t n = recv(v->fd, buf, sizeof(buf), MSG_DONTWAIT);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || proto_feed(&v->in, buf, n))
		lost(v);
	else if (proto_line(&v->in, &line, &len))
		answer(v, line, len);
}

struct reservation *reservation_ask(struct dom *d, reservation_fn *fn,
				    void *arg)
{
	struct reservation *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->d = d;
	v->fn = fn;
	v->arg = arg;
	v->fd = connect_to(socket_path());
	if (v->fd < 0) {
		free(v);
		return NULL;
	}
	v->watch = loop_add_fd(d->hd->loop, v->fd, EPOLLIN, on_answer, v);
	if (v->watch && !send_request(v->fd, d))
		return v;
	reservation_end(v);
	return NULL;
}

void reservation_end(struct reservation *v)
{
	if (!v)
		return;
	loop_del_fd(v->watch);
	close(v->fd);
	proto_free(&v->in);
	free(v);
}
