/* SPDX-License-Identifier: MIT */
/*
 * A disk's nodes in the store. The front end's are a guest's words: numbers
 * are read with their limits, and everything else is compared.
 *
 * When the store's daemon goes away, so does this process: its successor opens
 * the store again, for which this one has no rights any more.
 */
#include "blkback.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>
#include "common/log.h"

#define PATH	128

static void back_path(const struct vbd *v, char *path, const char *node)
{
	snprintf(path, PATH, "/local/domain/0/backend/hvbd/%" PRIu32 "/%" PRIu32
		 "/%s", v->s->domid, v->device, node);
}

static void front_path(const struct vbd *v, char *path, const char *node)
{
	snprintf(path, PATH, "/local/domain/%" PRIu32 "/device/vbd/%" PRIu32
		 "/%s", v->s->domid, v->device, node);
}

static void lost(void)
{
	log_err("the store is gone (%s): ending, to be started again",
		strerror(errno));
	exit(EXIT_FAILURE);
}

/* The node's text, to be freed; NULL: there is none. */
static char *read_node(struct vbd *v, const char *path)
{
	unsigned int len;
	char *text = xs_read(v->s->xs, XBT_NULL, path, &len);

	if (!text && errno != ENOENT && errno != EACCES)
		lost();
	return text;
}

static bool put(struct vbd *v, const char *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static bool put(struct vbd *v, const char *node, const char *fmt, ...)
{
	char path[PATH], text[32];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	back_path(v, path, node);
	return xs_write(v->s->xs, XBT_NULL, path, text, len);
}

/* ---- states ------------------------------------------------------------- */

static enum bus_state state_at(struct vbd *v, const char *path)
{
	char *text = read_node(v, path);
	enum bus_state state = bus_parse(text);

	free(text);
	return state;
}

enum bus_state xs_own_state(struct vbd *v)
{
	char path[PATH];

	back_path(v, path, "state");
	return state_at(v, path);
}

enum bus_state xs_front_state(struct vbd *v)
{
	char path[PATH];

	front_path(v, path, "state");
	return state_at(v, path);
}

bool xs_set_state(struct vbd *v, enum bus_state state)
{
	char path[PATH], *front;

	/* Nodes that were removed under us are not to come back. */
	back_path(v, path, "frontend");
	front = read_node(v, path);
	free(front);
	return front && put(v, "state", "%d", state);
}

/* ---- what we write ------------------------------------------------------ */

bool xs_offer(struct vbd *v)
{
	const struct blk_limits *l = &v->disk.limits;

	return put(v, "max-ring-page-order", "4") &&
		put(v, "multi-queue-max-queues", "%u", STATE_QUEUES) &&
		put(v, "feature-max-indirect-segments", "%u",
		    BLK_INDIRECT_MAX) &&
		put(v, "feature-persistent", "1") &&
		put(v, "feature-flush-cache", "%d", !l->readonly) &&
		put(v, "feature-barrier", "%d", !l->readonly) &&
		put(v, "feature-discard", "%d", l->discard) &&
		put(v, "discard-granularity", "%" PRIu32, v->disk.physical) &&
		put(v, "discard-alignment", "0") &&
		put(v, "discard-secure", "0");
}

bool xs_describe(struct vbd *v)
{
	const struct blk_limits *l = &v->disk.limits;

	return put(v, "sectors", "%" PRIu64, l->sectors) &&
		put(v, "info", "%d", l->readonly ? VDISK_READONLY : 0) &&
		put(v, "sector-size", "%" PRIu32, l->sector_size) &&
		put(v, "physical-sector-size", "%" PRIu32, v->disk.physical);
}

/* The front end looks again when the state is written, the same or not. */
bool xs_set_size(struct vbd *v)
{
	return put(v, "sectors", "%" PRIu64, v->disk.limits.sectors) &&
		(v->own != BUS_CONNECTED || xs_set_state(v, v->own));
}

/* ---- what the front end wrote ------------------------------------------- */

enum number { NUMBER_OK, NUMBER_MISSING, NUMBER_BAD };

static enum number front_number(struct vbd *v, const char *prefix,
				const char *node, uint32_t max, uint32_t *out)
{
	char path[PATH], name[64], *text, *end;
	unsigned long long n;

	snprintf(name, sizeof(name), "%s%s", prefix, node);
	front_path(v, path, name);
	text = read_node(v, path);
	if (!text)
		return NUMBER_MISSING;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] < '0' || text[0] > '9' ||
	    n > max) {
		free(text);
		return NUMBER_BAD;
	}
	free(text);
	*out = n;
	return NUMBER_OK;
}

static bool read_refs(struct vbd *v, const char *prefix, struct front *f,
		      uint32_t queue)
{
	uint32_t i, *ref = f->refs[queue];
	char node[24];

	for (i = 0; i < f->ring_pages; i++) {
		snprintf(node, sizeof(node), "ring-ref%" PRIu32, i);
		if (front_number(v, prefix, node, UINT32_MAX, &ref[i]) !=
		    NUMBER_OK)
			break;
	}
	if (i == 0 && f->ring_pages == 1)
		return front_number(v, prefix, "ring-ref", UINT32_MAX, ref) ==
			NUMBER_OK;
	return i == f->ring_pages;
}

static bool read_queue(struct vbd *v, struct front *f, uint32_t queue)
{
	char prefix[24] = "";

	if (f->queues > 1)
		snprintf(prefix, sizeof(prefix), "queue-%" PRIu32 "/", queue);
	return read_refs(v, prefix, f, queue) &&
		front_number(v, prefix, "event-channel", INT32_MAX,
			     &f->port[queue]) == NUMBER_OK;
}

static bool protocol_fits(struct vbd *v)
{
	char path[PATH], *text;
	bool fits;

	front_path(v, path, "protocol");
	text = read_node(v, path);
	fits = !text || !strcmp(text, "x86_64-abi");
	free(text);
	return fits;
}

bool xs_read_front(struct vbd *v, struct front *f, const char **why)
{
	uint32_t i, order = 0;

	memset(f, 0, sizeof(*f));
	f->queues = 1;
	*why = "its protocol is not x86_64-abi";
	if (!protocol_fits(v))
		return false;
	*why = "its ring-page-order is not 0 to 4";
	if (front_number(v, "", "ring-page-order", 4, &order) == NUMBER_BAD)
		return false;
	f->ring_pages = 1u << order;
	*why = "its feature-persistent is not 0 or 1";
	if (front_number(v, "", "feature-persistent", 1, &f->persistent) ==
	    NUMBER_BAD)
		return false;
	*why = "its number of queues is not what was offered";
	if (front_number(v, "", "multi-queue-num-queues", STATE_QUEUES,
			 &f->queues) == NUMBER_BAD || !f->queues)
		return false;
	*why = "its ring-ref or event-channel is missing or no number";
	for (i = 0; i < f->queues; i++)
		if (!read_queue(v, f, i))
			return false;
	return true;
}

/* ---- watching ----------------------------------------------------------- */

void xs_follow(struct vbd *v)
{
	char path[PATH], token[16];

	front_path(v, path, "state");
	snprintf(token, sizeof(token), "%" PRIu32, v->device);
	if (!xs_watch(v->s->xs, path, token))
		log_err("%s: the store watches no more: %s", v->name,
			strerror(errno));
}

void xs_unfollow(struct vbd *v)
{
	char path[PATH], token[16];

	front_path(v, path, "state");
	snprintf(token, sizeof(token), "%" PRIu32, v->device);
	xs_unwatch(v->s->xs, path, token);
}

static void on_watch(void *arg, uint32_t events)
{
	struct service *s = arg;
	struct vbd *v;
	char **event;

	(void)events;
	/* However often a state was written meanwhile, it is looked at once. */
	while ((event = xs_check_watch(s->xs))) {
		v = vbd_find(s, strtoul(event[XS_WATCH_TOKEN], NULL, 10));
		free(event);
		if (v)
			v->changed = true;
	}
	if (errno != EAGAIN)
		lost();
	for (v = s->disks; v; v = v->next)
		if (v->changed) {
			v->changed = false;
			vbd_step(v);
		}
	service_round(s);
}

bool xs_start(struct service *s)
{
	s->xs = xs_open(0);
	return s->xs && loop_add_fd(s->loop, xs_fileno(s->xs), EPOLLIN,
				    on_watch, s);
}
