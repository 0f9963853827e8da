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
#define MAX_LINE	(1024 * 1024)

struct hvxd {
	int fd;
	uint64_t last_id;
	char *buf;		/* what was read: used bytes of size */
	size_t used, size;
	size_t taken;		/* of them, lines already handed on */
};

struct hvxd *hvxd_from_fd(int fd)
{
	struct hvxd *h = xalloc(1, sizeof(*h));

	h->fd = fd;
	return h;
}

struct hvxd *hvxd_open(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = getenv("HVXD_SOCKET");
	int fd, err;

	path = path ? path : SOCKET_PATH;
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

/* The next line without its end, good until the next call. NULL: the end (errno
 * 0) or an error. */
static char *next_line(struct hvxd *h)
{
	size_t seen = h->taken;

	for (;;) {
		char *start = h->buf + h->taken, *end = NULL;
		ssize_t n;

		if (h->used > seen)
			end = memchr(h->buf + seen, '\n', h->used - seen);
		if (end) {
			*end = 0;
			h->taken = end + 1 - h->buf;
			return start;
		}
		seen = h->used - h->taken;
		n = read_more(h);
		if (n <= 0) {
			errno = n ? errno : 0;
			return NULL;
		}
	}
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

static void lost(struct hvxd_error *e, const char *doing)
{
	e->stage = xstrdup("connection");
	if (errno)
		e->text = xformat("hvxd can't be %s: %s", doing,
				  strerror(errno));
	else
		e->text = xstrdup("hvxd ended before it answered");
	e->hint = xstrdup("see `journalctl -u hvxd`");
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
		lost(e, "asked");
	free(line);
	json_object_put(o);
	return rc;
}

/* The next message that belongs to the last request. */
static struct json_object *next_message(struct hvxd *h, struct hvxd_error *e)
{
	for (;;) {
		struct json_object *o, *id;
		char *line = next_line(h);

		if (!line) {
			lost(e, "heard");
			return NULL;
		}
		o = json_tokener_parse(line);
		if (json_object_is_type(o, json_type_object) &&
		    json_object_object_get_ex(o, "id", &id) &&
		    (uint64_t)json_object_get_int64(id) == h->last_id)
			return o;
		json_object_put(o);
	}
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

int hvxd_follow(struct hvxd *h, hvxd_event_fn *fn, void *arg,
		struct hvxd_error *e)
{
	struct json_object *args = json_object_new_object(), *o, *v;

	json_object_object_add(args, "follow", json_object_new_boolean(true));
	if (hvxd_send(h, "events", args, e))
		return -1;
	while ((o = next_message(h, e))) {
		bool on = true;

		if (json_object_object_get_ex(o, "error", &v)) {
			read_error(e, v);
			json_object_put(o);
			return -1;
		}
		if (json_object_object_get_ex(o, "event", &v))
			on = fn(arg, v);
		json_object_put(o);
		if (!on)
			return 0;
	}
	return -1;
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
	const char *text = e->text ? e->text : "hvxd gives no reason";
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
