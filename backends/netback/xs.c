/* SPDX-License-Identifier: MIT */
/*
 * A card's nodes in the store. The front end's are a guest's words: numbers are
 * read with their limits, and nothing else is.
 */
#include "netback.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "libhvxs/hvxs.h"

struct nodes xs_nodes(const struct service *s, uint32_t device)
{
	return (struct nodes){ s->xs, "hvif", "vif", s->domid, device };
}

bool xs_offer(struct vif *v)
{
	const struct nodes *n = &v->dev.nodes;

	return nodes_put(n, "feature-sg", "1") &&
		nodes_put(n, "feature-gso-tcpv4", "1") &&
		nodes_put(n, "feature-gso-tcpv6", "1") &&
		nodes_put(n, "feature-ipv6-csum-offload", "1") &&
		nodes_put(n, "feature-rx-copy", "1") &&
		nodes_put(n, "feature-rx-flip", "0") &&
		nodes_put(n, "feature-multicast-control", "1") &&
		nodes_put(n, "feature-split-event-channels", "1") &&
		nodes_put(n, "multi-queue-max-queues", "%u", v->taps);
}

/* ---- what the front end wrote ------------------------------------------- */

/* What isn't 1 is off. */
static bool front_flag(const struct nodes *n, const char *node)
{
	uint32_t on = 0;

	return nodes_number(n, "", node, 1, &on) == NUMBER_OK && on;
}

static bool read_ports(const struct nodes *n, const char *prefix,
		       struct queue_nodes *q)
{
	enum number both = nodes_number(n, prefix, "event-channel", INT32_MAX,
					&q->tx_port);

	if (both != NUMBER_MISSING) {
		q->rx_port = q->tx_port;
		return both == NUMBER_OK;
	}
	return nodes_number(n, prefix, "event-channel-tx", INT32_MAX,
			    &q->tx_port) == NUMBER_OK &&
		nodes_number(n, prefix, "event-channel-rx", INT32_MAX,
			     &q->rx_port) == NUMBER_OK;
}

static bool read_queue(const struct nodes *n, struct front *f, uint32_t queue)
{
	struct queue_nodes *q = &f->queue[queue];
	char prefix[24] = "";

	if (f->queues > 1)
		snprintf(prefix, sizeof(prefix), "queue-%" PRIu32 "/", queue);
	return nodes_number(n, prefix, "tx-ring-ref", UINT32_MAX,
			    &q->tx_ref) == NUMBER_OK &&
		nodes_number(n, prefix, "rx-ring-ref", UINT32_MAX,
			     &q->rx_ref) == NUMBER_OK &&
		read_ports(n, prefix, q);
}

static void read_taste(const struct nodes *n, struct vnet_taste *taste)
{
	taste->sg = front_flag(n, "feature-sg");
	taste->gso4 = taste->sg && front_flag(n, "feature-gso-tcpv4");
	taste->gso6 = taste->sg && front_flag(n, "feature-gso-tcpv6");
	taste->csum4 = !front_flag(n, "feature-no-csum-offload");
	taste->csum6 = front_flag(n, "feature-ipv6-csum-offload");
}

bool xs_read_front(struct vif *v, struct front *f, const char **why)
{
	const struct nodes *n = &v->dev.nodes;
	uint32_t i;

	memset(f, 0, sizeof(*f));
	f->queues = 1;
	*why = "it doesn't ask for copies (request-rx-copy)";
	if (!front_flag(n, "request-rx-copy"))
		return false;
	*why = "it doesn't tell of new rx slots (feature-rx-notify)";
	if (!front_flag(n, "feature-rx-notify"))
		return false;
	*why = "its number of queues is not what was offered";
	if (nodes_number(n, "", "multi-queue-num-queues", v->taps,
			 &f->queues) == NUMBER_BAD || !f->queues)
		return false;
	*why = "its ring-ref or event-channel is missing or no number";
	for (i = 0; i < f->queues; i++)
		if (!read_queue(n, f, i))
			return false;
	read_taste(n, &f->taste);
	f->chooses_groups = front_flag(n, "request-multicast-control");
	return true;
}

/* ---- watching ----------------------------------------------------------- */

static void on_watch(void *arg, uint32_t events)
{
	struct service *s = arg;
	uint32_t device;
	struct vif *v;

	(void)events;
	while (nodes_changed(s->xs, &device)) {
		v = vif_find(s, device);
		if (v)
			vif_step(v);
	}
	service_round(s);
}

bool xs_start(struct service *s)
{
	s->xs = nodes_open("hvif", "vif", s->domid);
	return s->xs && loop_add_fd(s->loop, xs_fileno(s->xs), EPOLLIN,
				    on_watch, s);
}
