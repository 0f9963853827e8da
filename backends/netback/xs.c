/* SPDX-License-Identifier: MIT */
/*
 * A card's nodes in the store. The front end's are a guest's words: numbers are
 * read with their limits, and nothing else is.
 *
 * When the store's daemon goes away, so does this process: its successor opens
 * the store again, for which this one has no rights any more.
 */
#include "netback.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/log.h"
#include "libhvxs/hvxs.h"

#define PATH	128

static void back_path(const struct vif *v, char *path, const char *node)
{
	snprintf(path, PATH, "/local/domain/0/backend/hvif/%" PRIu32 "/%" PRIu32
		 "/%s", v->s->domid, v->device, node);
}

static void front_path(const struct vif *v, char *path, const char *node)
{
	snprintf(path, PATH, "/local/domain/%" PRIu32 "/device/vif/%" PRIu32
		 "/%s", v->s->domid, v->device, node);
}

static void lost(void)
{
	log_err("the store is gone (%s): ending, to be started again",
		strerror(errno));
	exit(EXIT_FAILURE);
}

/* The node's text, to be freed; NULL: there is none. */
static char *read_node(struct vif *v, const char *path)
{
	char *text = xs_read(v->s->xs, XBT_NULL, path, NULL);

	if (!text && errno != ENOENT && errno != EACCES)
		lost();
	return text;
}

static bool put(struct vif *v, const char *node, unsigned int number)
{
	char path[PATH], text[16];
	int len = snprintf(text, sizeof(text), "%u", number);

	back_path(v, path, node);
	return xs_write(v->s->xs, XBT_NULL, path, text, len);
}

/* ---- states ------------------------------------------------------------- */

static enum bus_state state_at(struct vif *v, const char *path)
{
	char *text = read_node(v, path);
	enum bus_state state = bus_parse(text);

	free(text);
	return state;
}

enum bus_state xs_own_state(struct vif *v)
{
	char path[PATH];

	back_path(v, path, "state");
	return state_at(v, path);
}

enum bus_state xs_front_state(struct vif *v)
{
	char path[PATH];

	front_path(v, path, "state");
	return state_at(v, path);
}

bool xs_set_state(struct vif *v, enum bus_state state)
{
	char path[PATH], *front;

	/* Nodes that were removed under us are not to come back. */
	back_path(v, path, "frontend");
	front = read_node(v, path);
	free(front);
	return front && put(v, "state", state);
}

bool xs_offer(struct vif *v)
{
	return put(v, "feature-sg", 1) &&
		put(v, "feature-gso-tcpv4", 1) &&
		put(v, "feature-gso-tcpv6", 1) &&
		put(v, "feature-ipv6-csum-offload", 1) &&
		put(v, "feature-rx-copy", 1) &&
		put(v, "feature-rx-flip", 0) &&
		put(v, "feature-multicast-control", 1) &&
		put(v, "feature-split-event-channels", 1) &&
		put(v, "multi-queue-max-queues", v->taps);
}

/* ---- what the front end wrote ------------------------------------------- */

enum number { NUMBER_OK, NUMBER_MISSING, NUMBER_BAD };

static enum number front_number(struct vif *v, const char *prefix,
				const char *node, uint32_t max, uint32_t *out)
{
	char path[PATH], name[64], *text, *end;
	unsigned long long n;
	enum number found;

	snprintf(name, sizeof(name), "%s%s", prefix, node);
	front_path(v, path, name);
	text = read_node(v, path);
	if (!text)
		return NUMBER_MISSING;
	errno = 0;
	n = strtoull(text, &end, 10);
	found = errno || end == text || *end || text[0] < '0' ||
		text[0] > '9' || n > max ? NUMBER_BAD : NUMBER_OK;
	free(text);
	if (found == NUMBER_OK)
		*out = n;
	return found;
}

/* What isn't 1 is off. */
static bool front_flag(struct vif *v, const char *node)
{
	uint32_t on = 0;

	return front_number(v, "", node, 1, &on) == NUMBER_OK && on;
}

static bool read_ports(struct vif *v, const char *prefix, struct queue_nodes *n)
{
	enum number both = front_number(v, prefix, "event-channel", INT32_MAX,
					&n->tx_port);

	if (both != NUMBER_MISSING) {
		n->rx_port = n->tx_port;
		return both == NUMBER_OK;
	}
	return front_number(v, prefix, "event-channel-tx", INT32_MAX,
			    &n->tx_port) == NUMBER_OK &&
		front_number(v, prefix, "event-channel-rx", INT32_MAX,
			     &n->rx_port) == NUMBER_OK;
}

static bool read_queue(struct vif *v, struct front *f, uint32_t queue)
{
	struct queue_nodes *n = &f->queue[queue];
	char prefix[24] = "";

	if (f->queues > 1)
		snprintf(prefix, sizeof(prefix), "queue-%" PRIu32 "/", queue);
	return front_number(v, prefix, "tx-ring-ref", UINT32_MAX,
			    &n->tx_ref) == NUMBER_OK &&
		front_number(v, prefix, "rx-ring-ref", UINT32_MAX,
			     &n->rx_ref) == NUMBER_OK &&
		read_ports(v, prefix, n);
}

static void read_taste(struct vif *v, struct vnet_taste *taste)
{
	taste->sg = front_flag(v, "feature-sg");
	taste->gso4 = taste->sg && front_flag(v, "feature-gso-tcpv4");
	taste->gso6 = taste->sg && front_flag(v, "feature-gso-tcpv6");
	taste->csum4 = !front_flag(v, "feature-no-csum-offload");
	taste->csum6 = front_flag(v, "feature-ipv6-csum-offload");
}

bool xs_read_front(struct vif *v, struct front *f, const char **why)
{
	uint32_t i;

	memset(f, 0, sizeof(*f));
	f->queues = 1;
	*why = "it doesn't ask for copies (request-rx-copy)";
	if (!front_flag(v, "request-rx-copy"))
		return false;
	*why = "it doesn't tell of new rx slots (feature-rx-notify)";
	if (!front_flag(v, "feature-rx-notify"))
		return false;
	*why = "its number of queues is not what was offered";
	if (front_number(v, "", "multi-queue-num-queues", v->taps,
			 &f->queues) == NUMBER_BAD || !f->queues)
		return false;
	*why = "its ring-ref or event-channel is missing or no number";
	for (i = 0; i < f->queues; i++)
		if (!read_queue(v, f, i))
			return false;
	read_taste(v, &f->taste);
	f->chooses_groups = front_flag(v, "request-multicast-control");
	return true;
}

/* ---- watching ----------------------------------------------------------- */

void xs_follow(struct vif *v)
{
	char path[PATH], token[16];

	front_path(v, path, "state");
	snprintf(token, sizeof(token), "%" PRIu32, v->device);
	if (!xs_watch(v->s->xs, path, token))
		log_err("%s: the store watches no more: %s", v->name,
			strerror(errno));
}

void xs_unfollow(struct vif *v)
{
	char path[PATH], token[16];

	front_path(v, path, "state");
	snprintf(token, sizeof(token), "%" PRIu32, v->device);
	xs_unwatch(v->s->xs, path, token);
}

static void on_watch(void *arg, uint32_t events)
{
	struct service *s = arg;
	struct vif *v;
	char **event;

	(void)events;
	while ((event = xs_check_watch(s->xs))) {
		v = vif_find(s, strtoul(event[XS_WATCH_TOKEN], NULL, 10));
		free(event);
		if (v)
			vif_step(v);
	}
	if (errno != EAGAIN)
		lost();
	service_round(s);
}

bool xs_start(struct service *s)
{
	s->xs = xs_open(0);
	return s->xs && loop_add_fd(s->loop, xs_fileno(s->xs), EPOLLIN,
				    on_watch, s);
}
