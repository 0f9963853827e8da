/* SPDX-License-Identifier: MIT */
#include "nodes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/log.h"
#include "libhvxs/hvxs.h"

#define PATH	128

static void back_path(const struct nodes *n, char *path, const char *node)
{
	snprintf(path, PATH, "/local/domain/0/backend/%s/%" PRIu32 "/%" PRIu32
		 "/%s", n->back, n->domid, n->device, node);
}

static void front_path(const struct nodes *n, char *path, const char *node)
{
	snprintf(path, PATH, "/local/domain/%" PRIu32 "/device/%s/%" PRIu32
		 "/%s", n->domid, n->front, n->device, node);
}

static void lost(void)
{
	log_err("the store is gone (%s): ending, to be started again",
		strerror(errno));
	exit(EXIT_FAILURE);
}

static char *read_path(const struct nodes *n, const char *path)
{
	unsigned int len;
	char *text = xs_read(n->xs, XBT_NULL, path, &len);

	if (!text && errno != ENOENT && errno != EACCES)
		lost();
	return text;
}

static enum bus_state state_at(const struct nodes *n, const char *path)
{
	char *text = read_path(n, path);
	enum bus_state state = bus_parse(text);

	free(text);
	return state;
}

static bool restrict_to(struct xs_handle *xs, const char *back,
			const char *front, uint32_t domid)
{
	char text[2 * PATH], *answer;
	int n;

	n = snprintf(text, PATH, "r:/local/domain/%" PRIu32 "/device/%s",
		     domid, front) + 1;
	n += snprintf(text + n, PATH, "w:/local/domain/0/backend/%s/%" PRIu32,
		      back, domid) + 1;
	answer = xs_control_command(xs, "restrict", text, n);
	free(answer);
	return answer;
}

struct xs_handle *nodes_open(const char *back, const char *front,
			     uint32_t domid)
{
	struct xs_handle *xs = xs_open(0);

	if (xs && !restrict_to(xs, back, front, domid))
		log_warn("the store's daemon leaves this process all rights there: %s",
			 strerror(errno));
	return xs;
}

/* ---- the back end's ----------------------------------------------------- */

bool nodes_put(const struct nodes *n, const char *node, const char *fmt, ...)
{
	char path[PATH], text[32];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	back_path(n, path, node);
	return xs_write(n->xs, XBT_NULL, path, text, len);
}

enum bus_state nodes_own_state(const struct nodes *n)
{
	char path[PATH];

	back_path(n, path, "state");
	return state_at(n, path);
}

bool nodes_set_state(const struct nodes *n, enum bus_state state)
{
	char path[PATH], *front;

	/* Nodes that were removed under us are not to come back. */
	back_path(n, path, "frontend");
	front = read_path(n, path);
	free(front);
	return front && nodes_put(n, "state", "%d", state);
}

/* ---- the front end's ---------------------------------------------------- */

enum bus_state nodes_front_state(const struct nodes *n)
{
	char path[PATH];

	front_path(n, path, "state");
	return state_at(n, path);
}

char *nodes_read(const struct nodes *n, const char *node)
{
	char path[PATH];

	front_path(n, path, node);
	return read_path(n, path);
}

static bool parse(const char *text, uint32_t max, uint32_t *out)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] < '0' || text[0] > '9' ||
	    number > max)
		return false;
	*out = number;
	return true;
}

enum number nodes_number(const struct nodes *n, const char *prefix,
			 const char *node, uint32_t max, uint32_t *out)
{
	char name[64], *text;
	bool ok;

	snprintf(name, sizeof(name), "%s%s", prefix, node);
	text = nodes_read(n, name);
	if (!text)
		return NUMBER_MISSING;
	ok = parse(text, max, out);
	free(text);
	return ok ? NUMBER_OK : NUMBER_BAD;
}

/* ---- watching ----------------------------------------------------------- */

static void watch_of(const struct nodes *n, char *path, char token[16])
{
	front_path(n, path, "state");
	snprintf(token, 16, "%" PRIu32, n->device);
}

bool nodes_follow(const struct nodes *n)
{
	char path[PATH], token[16];

	watch_of(n, path, token);
	return xs_watch(n->xs, path, token);
}

void nodes_unfollow(const struct nodes *n)
{
	char path[PATH], token[16];

	watch_of(n, path, token);
	xs_unwatch(n->xs, path, token);
}

bool nodes_changed(struct xs_handle *xs, uint32_t *device)
{
	char **event = xs_check_watch(xs);

	if (!event && errno != EAGAIN)
		lost();
	if (!event)
		return false;
	*device = strtoul(event[XS_WATCH_TOKEN], NULL, 10);
	free(event);
	return true;
}
