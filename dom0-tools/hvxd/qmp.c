/* SPDX-License-Identifier: MIT */
#include "qmp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <json-c/json.h>
#include <common/json_put.h>
#include "disk_stats.h"

#define CLIENTS		4
#define REQUEST_MAX	4096
#define DEPTH		8

struct client {
	struct qmp *q;
	int fd;				/* -1: this place is free */
	struct loop_fd *watch;
	struct json_tokener *tokener;
	size_t fed;			/* bytes of a request that isn't whole */
};

struct qmp {
	struct dom *d;
	int fd;
	struct loop_fd *watch;
	char path[108];
	struct client client[CLIENTS];
};

/* ---- answers ---- */

static struct json_object *stats_of(struct dom *d, unsigned int i)
{
	struct json_object *o = json_object_new_object();
	struct state_counts c = { .reads = 0 };

	disk_counts(d, i, &c);
	put_number(o, "rd_bytes", c.read_sectors * 512);
	put_number(o, "wr_bytes", c.written_sectors * 512);
	put_number(o, "rd_operations", c.reads);
	put_number(o, "wr_operations", c.writes);
	put_number(o, "flush_operations", c.flushes);
	return o;
}

static struct json_object *image_of(struct dom *d, unsigned int i)
{
	const struct guest_disk *disk = &d->config.disks[i];
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "file", json_object_new_string(
				       disk->target ? disk->target : ""));
	json_object_object_add(o, "ro",
			       json_object_new_boolean(!disk->readwrite));
	return o;
}

static struct json_object *each_disk(struct dom *d, const char *key,
				     struct json_object *(*fn)(struct dom *,
							       unsigned int))
{
	struct json_object *list = json_object_new_array(), *o;
	unsigned int i;

	for (i = 0; i < d->config.disk_count; i++) {
		o = json_object_new_object();
		json_object_object_add(o, "device", json_object_new_string(
					       d->config.disks[i].vdev));
		json_object_object_add(o, key, fn(d, i));
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *unknown(void)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "class",
			       json_object_new_string("CommandNotFound"));
	json_object_object_add(o, "desc", json_object_new_string(
		"this is hvxd, which knows query-block and query-blockstats"));
	return o;
}

static struct json_object *answer_to(struct dom *d, const char *command)
{
	struct json_object *o = json_object_new_object();

	if (!strcmp(command, "qmp_capabilities"))
		json_object_object_add(o, "return", json_object_new_object());
	else if (!strcmp(command, "query-blockstats"))
		json_object_object_add(o, "return",
				       each_disk(d, "stats", stats_of));
	else if (!strcmp(command, "query-block"))
		json_object_object_add(o, "return",
				       each_disk(d, "inserted", image_of));
	else
		json_object_object_add(o, "error", unknown());
	return o;
}

/* ---- clients ---- */

static void hang_up(struct client *c)
{
	loop_del_fd(c->watch);
	close(c->fd);
	json_tokener_free(c->tokener);
	c->fd = -1;
}

/* 0, or -1: it doesn't take the answer. */
static int answer(struct client *c, struct json_object *request)
{
	struct json_object *o = NULL, *command = NULL;
	const char *text;
	size_t len;
	ssize_t n;

	json_object_object_get_ex(request, "execute", &command);
	text = command ? json_object_get_string(command) : NULL;
	o = answer_to(c->q->d, text ? text : "");
	text = json_object_to_json_string_length(o, JSON_C_TO_STRING_PLAIN,
						 &len);
	n = send(c->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	json_object_put(o);
	return n == (ssize_t)len ? 0 : -1;
}

/* Requests stand one after the other, with nothing between them or blanks.
 * 0, or -1: the client isn't worth more. */
static int feed(struct client *c, const char *text, size_t len)
{
	struct json_object *o;
	int rc = 0;

	while (!rc && len) {
		size_t used;

		o = json_tokener_parse_ex(c->tokener, text, len);
		used = json_tokener_get_parse_end(c->tokener);
		if (!o) {
			c->fed += len;
			return json_tokener_get_error(c->tokener) ==
				json_tokener_continue && c->fed < REQUEST_MAX
				? 0 : -1;
		}
		rc = json_object_is_type(o, json_type_object) ?
			answer(c, o) : -1;
		json_object_put(o);
		c->fed = 0;
		text += used;
		len -= used;
	}
	return rc;
}

static void on_client(void *arg, uint32_t events)
{
	struct client *c = arg;
	char buf[1024];
	ssize_t n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || feed(c, buf, n))
		hang_up(c);
}

static int greet(struct client *c, int fd)
{
	c->tokener = json_tokener_new_ex(DEPTH);
	if (!c->tokener)
		return -1;
	c->watch = loop_add_fd(c->q->d->hd->loop, fd, EPOLLIN, on_client, c);
	if (!c->watch) {
		json_tokener_free(c->tokener);
		return -1;
	}
	c->fd = fd;
	c->fed = 0;
	return 0;
}

static void on_connect(void *arg, uint32_t events)
{
	struct qmp *q = arg;
	int fd = accept4(q->fd, NULL, NULL, SOCK_CLOEXEC);
	unsigned int i = 0;

	(void)events;
	if (fd < 0)
		return;
	while (i < CLIENTS && q->client[i].fd >= 0)
		i++;
	if (i == CLIENTS || greet(&q->client[i], fd))
		close(fd);
}

/* ---- the socket ---- */

static int listen_at(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	strcpy(to.sun_path, path);
	unlink(path);
	if (!bind(fd, (struct sockaddr *)&to, sizeof(to)) &&
	    !chmod(path, 0600) && !listen(fd, CLIENTS))
		return fd;
	close(fd);
	return -1;
}

struct qmp *qmp_new(struct dom *d)
{
	struct qmp *q = calloc(1, sizeof(*q));
	unsigned int i;

	if (!q)
		return NULL;
	q->d = d;
	for (i = 0; i < CLIENTS; i++)
		q->client[i] = (struct client){ .q = q, .fd = -1 };
	snprintf(q->path, sizeof(q->path), "%s/qmp-libxenstat-%u",
		 d->hd->xen_folder, d->domid);
	q->fd = listen_at(q->path);
	if (q->fd >= 0)
		q->watch = loop_add_fd(d->hd->loop, q->fd, EPOLLIN, on_connect,
				       q);
	if (q->watch)
		return q;
	qmp_free(q);
	return NULL;
}

void qmp_free(struct qmp *q)
{
	unsigned int i;

	if (!q)
		return;
	for (i = 0; i < CLIENTS; i++)
		if (q->client[i].fd >= 0)
			hang_up(&q->client[i]);
	loop_del_fd(q->watch);
	if (q->fd >= 0) {
		close(q->fd);
		unlink(q->path);
	}
	free(q);
}
