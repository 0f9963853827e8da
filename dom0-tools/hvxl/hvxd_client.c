/* SPDX-License-Identifier: MIT */
/* Asking hvxd: the client's side of its protocol. */
#include "hvxd_client.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "hvxl.h"
#include "out.h"

#define SOCKET_PATH	"/run/hvx/hvxd.sock"
#define ALLOCD_PATH	"/run/hvx/hvxallocd.sock"
#define MAX_LINE	(1024 * 1024)

struct hvxd {
	int fd;
	const char *name;	/* whom it leads to */
	uint64_t last_id;
	char *buf;		/* what was read: used bytes of size */
	size_t used, size;
	size_t taken;		/* of them, lines already handed on */
};

struct hvxd *hvxd_from_fd(int fd)
{
	struct hvxd *h = xalloc(1, sizeof(*h));

	h->fd = fd;
	h->name = "hvxd";
	return h;
}

static struct hvxd *open_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, err;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return NULL;
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		err = errno;
		close(fd);
		errno = err;
		return NULL;
	}
	return hvxd_from_fd(fd);
}

struct hvxd *hvxd_open(void)
{
	const char *path = getenv("HVXD_SOCKET");

	return open_at(path ? path : SOCKET_PATH);
}

struct hvxd *allocd_open(void)
{
	const char *path = getenv("HVXALLOCD_SOCKET");
	struct hvxd *h = open_at(path ? path : ALLOCD_PATH);

	if (h)
		h->name = "hvxallocd";
	return h;
}

int hvxd_fd(const struct hvxd *h)
{
	return h->fd;
}

void hvxd_close(struct hvxd *h)
{
	if (!h)
		return;
	close(h->fd);
	free(h->buf);
	free(h);
}

void hvxd_error_free(struct hvxd_error *e)
{
	free(e->stage);
	free(e->object);
	free(e->code);
	free(e->text);
	free(e->hint);
	memset(e, 0, sizeof(*e));
}

/* ---- lines ---- */

static int send_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -1;
		p += sent;
		n -= sent;
	}
	return 0;
}

/* Makes room and reads once. 0: the end, -1 and errno. */
static ssize_t read_more(struct hvxd *h)
{
	ssize_t n;

	if (h->taken) {
		memmove(h->buf, h->buf + h->taken, h->used - h->taken);
		h->used -= h->taken;
		h->taken = 0;
	}
	if (h->used > MAX_LINE) {
		errno = EMSGSIZE;
		return -1;
	}
	if (h->used == h->size) {
		h->size = h->size ? 2 * h->size : 4096;
		h->buf = xrealloc(h->buf, h->size, 1);
	}
	do {
		n = read(h->fd, h->buf + h->used, h->size - h->used);
	} while (n < 0 && errno == EINTR);
	if (n > 0)
		h->used += n;
	return n;
}

/* The next whole line of what was read, without its end, good until more is
 * read; or NULL. */
static char *line_here(struct hvxd *h)
{
	char *start = h->buf + h->taken, *end = NULL;

	if (h->used > h->taken)
		end = memchr(start, '\n', h->used - h->taken);
	if (!end)
		return NULL;
	*end = 0;
	h->taken = end + 1 - h->buf;
	return start;
}

/* The next line. NULL: the end (errno 0) or an error. */
static char *next_line(struct hvxd *h)
{
	char *line;

	while (!(line = line_here(h))) {
		ssize_t n = read_more(h);

		if (n <= 0) {
			errno = n ? errno : 0;
			return NULL;
		}
	}
	return line;
}

/* ---- requests and answers ---- */

static char *text_of(struct json_object *o, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v) ||
	    !json_object_is_type(v, json_type_string))
		return NULL;
	return xstrdup(json_object_get_string(v));
}

static void read_error(struct hvxd_error *e, struct json_object *o)
{
	e->stage = text_of(o, "stage");
	e->object = text_of(o, "object");
	e->code = text_of(o, "errno");
	e->text = text_of(o, "text");
	e->hint = text_of(o, "hint");
}

static void lost(const struct hvxd *h, struct hvxd_error *e, const char *doing)
{
	e->stage = xstrdup("connection");
	if (errno)
		e->text = xformat("%s can't be %s: %s", h->name, doing,
				  strerror(errno));
	else
		e->text = xformat("%s ended before it answered", h->name);
	e->hint = xformat("see `journalctl -u %s`", h->name);
}

int hvxd_send(struct hvxd *h, const char *what, struct json_object *args,
	      struct hvxd_error *e)
{
	struct json_object *o = args ? args : json_object_new_object();
	char *line;
	int rc;

	memset(e, 0, sizeof(*e));
	json_object_object_add(o, "id", json_object_new_int64(++h->last_id));
	json_object_object_add(o, "do", json_object_new_string(what));
	line = xformat("%s\n", json_object_to_json_string_ext(
				       o, JSON_C_TO_STRING_PLAIN));
	rc = send_all(h->fd, line, strlen(line));
	if (rc)
		lost(h, e, "asked");
	free(line);
	json_object_put(o);
	return rc;
}

/* A line as a message, if it belongs to the last request; else NULL. */
static struct json_object *message(const struct hvxd *h, const char *line)
{
	struct json_object *o = json_tokener_parse(line), *id;

	if (json_object_is_type(o, json_type_object) &&
	    json_object_object_get_ex(o, "id", &id) &&
	    (uint64_t)json_object_get_int64(id) == h->last_id)
		return o;
	json_object_put(o);
	return NULL;
}

/* The next message that belongs to the last request. */
static struct json_object *next_message(struct hvxd *h, struct hvxd_error *e)
{
	struct json_object *o;
	char *line;

	while ((line = next_line(h))) {
		o = message(h, line);
		if (o)
			return o;
	}
	lost(h, e, "heard");
	return NULL;
}

struct json_object *hvxd_answer(struct hvxd *h, hvxd_progress_fn *progress,
				void *arg, struct hvxd_error *e)
{
	struct json_object *o, *v;

	while ((o = next_message(h, e))) {
		if (json_object_object_get_ex(o, "ok", &v)) {
			v = v ? json_object_get(v) : json_object_new_object();
			json_object_put(o);
			return v;
		}
		if (json_object_object_get_ex(o, "error", &v)) {
			read_error(e, v);
			json_object_put(o);
			return NULL;
		}
		if (progress && json_object_object_get_ex(o, "progress", &v))
			progress(arg, json_object_get_string(v));
		json_object_put(o);
	}
	return NULL;
}

struct json_object *hvxd_ask(struct hvxd *h, const char *what,
			     struct json_object *args,
			     hvxd_progress_fn *progress, void *arg,
			     struct hvxd_error *e)
{
	if (hvxd_send(h, what, args, e))
		return NULL;
	return hvxd_answer(h, progress, arg, e);
}

int hvxd_events_begin(struct hvxd *h, struct hvxd_error *e)
{
	struct json_object *args = json_object_new_object();

	json_object_object_add(args, "follow", json_object_new_boolean(true));
	return hvxd_send(h, "events", args, e);
}

/* 1: go on, 0: fn has enough, -1: an error instead. o is put. */
static int take_event(struct json_object *o, hvxd_event_fn *fn, void *arg,
		      struct hvxd_error *e)
{
	struct json_object *v;
	int rc = 1;

	if (json_object_object_get_ex(o, "error", &v)) {
		read_error(e, v);
		rc = -1;
	} else if (json_object_object_get_ex(o, "event", &v)) {
		rc = fn(arg, v);
	}
	json_object_put(o);
	return rc;
}

int hvxd_events_come(struct hvxd *h, hvxd_event_fn *fn, void *arg,
		     struct hvxd_error *e)
{
	ssize_t n = read_more(h);
	char *line;
	int rc = 1;

	if (n <= 0) {
		errno = n ? errno : 0;
		lost(h, e, "heard");
		return -1;
	}
	while (rc == 1 && (line = line_here(h))) {
		struct json_object *o = message(h, line);

		rc = o ? take_event(o, fn, arg, e) : 1;
	}
	return rc;
}

int hvxd_follow(struct hvxd *h, hvxd_event_fn *fn, void *arg,
		struct hvxd_error *e)
{
	int rc = 1;

	if (hvxd_events_begin(h, e))
		return -1;
	while (rc == 1)
		rc = hvxd_events_come(h, fn, arg, e);
	return rc;
}

/* ---- in the words of a command ---- */

struct hvxd *hvxd_need(const char *what)
{
	struct hvxd *h = hvxd_open();

	if (!h)
		die("%s: hvxd does not answer (%s), and it owns domains' "
		    "lives; start it with `systemctl start hvxd`, or `hvxd` in "
		    "a terminal", what, strerror(errno));
	return h;
}

struct json_object *hvxd_domain_args(uint32_t domid)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "domain", json_object_new_int64(domid));
	return o;
}

/* Of each domain that is its own hvxd keeps a file, also while it is away. */
static bool has_file(uint32_t domid)
{
	struct xen_domctl_getdomaininfo info;
	char uuid[37], *path;
	bool there;

	if (hvctl_domain_info(hv(), domid, &info))
		return false;
	uuid_text(info.handle, uuid);
	path = xformat("/run/hvx/domains/%s.json", uuid);
	there = !access(path, F_OK);
	free(path);
	return there;
}

bool domain_is_foreign(struct hvxd *h, uint32_t domid)
{
	struct json_object *answer;
	struct hvxd_error e;
	bool foreign = false;
	char *state;

	if (!h)
		return !has_file(domid);
	answer = hvxd_ask(h, "domain", hvxd_domain_args(domid), NULL, NULL,
			  &e);
	if (answer) {
		state = text_of(answer, "state");
		foreign = state && !strcmp(state, "foreign");
		free(state);
	}
	json_object_put(answer);
	hvxd_error_free(&e);
	return foreign;
}

int hvxd_fail(const char *what, const char *object, struct hvxd_error *e)
{
	const char *text = e->text ? e->text : "no reason was given";
	int len = strlen(text);

	/* A sentence there is a clause here. */
	if (len && text[len - 1] == '.')
		len--;
	detail("stage %s, object %s, %s", e->stage ? e->stage : "-",
	       e->object ? e->object : "-", e->code ? e->code : "-");
	fail("%s%s%s: %.*s%s%s", what, object ? " " : "", object ? object : "",
	     len, text, e->hint ? "; " : "", e->hint ? e->hint : "");
	hvxd_error_free(e);
	return 1;
}
