/* SPDX-License-Identifier: MIT */
/*
 * A disk's nodes in the store. The front end's are a guest's words: numbers
 * are read with their limits, and everything else is compared.
 */
#include "blkback.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "libhvxs/hvxs.h"

struct nodes xs_nodes(const struct service *s, uint32_t device)
{
	return (struct nodes){ s->xs, "hvbd", "vbd", s->domid, device };
}

/* ---- what we write ------------------------------------------------------ */

bool xs_offer(struct vbd *v)
{
	const struct nodes *n = &v->dev.nodes;
	const struct blk_limits *l = &v->disk.limits;

	return nodes_put(n, "max-ring-page-order", "4") &&
		nodes_put(n, "multi-queue-max-queues", "%u", STATE_QUEUES) &&
		nodes_put(n, "feature-max-indirect-segments", "%u",
		    BLK_INDIRECT_MAX) &&
		nodes_put(n, "feature-persistent", "1") &&
		nodes_put(n, "feature-flush-cache", "%d", !l->readonly) &&
		nodes_put(n, "feature-barrier", "%d", !l->readonly) &&
		nodes_put(n, "feature-discard", "%d", l->discard) &&
		nodes_put(n, "discard-granularity", "%" PRIu32, v->disk.physical) &&
		nodes_put(n, "discard-alignment", "0") &&
		nodes_put(n, "discard-secure", "0");
}

bool xs_describe(struct vbd *v)
{
	const struct nodes *n = &v->dev.nodes;
	const struct blk_limits *l = &v->disk.limits;

	return nodes_put(n, "sectors", "%" PRIu64, l->sectors) &&
		nodes_put(n, "info", "%d", l->readonly ? VDISK_READONLY : 0) &&
		nodes_put(n, "sector-size", "%" PRIu32, l->sector_size) &&
		nodes_put(n, "physical-sector-size", "%" PRIu32, v->disk.physical);
}

/* The front end looks again when the state is written, the same or not. */
bool xs_set_size(struct vbd *v)
{
	const struct nodes *n = &v->dev.nodes;

	return nodes_put(n, "sectors", "%" PRIu64, v->disk.limits.sectors) &&
		(v->dev.own != BUS_CONNECTED ||
		 nodes_set_state(n, v->dev.own));
}

/* ---- what the front end wrote ------------------------------------------- */

static bool read_refs(const struct nodes *n, const char *prefix,
		      struct front *f, uint32_t queue)
{
	uint32_t i, *ref = f->refs[queue];
	char node[24];

	for (i = 0; i < f->ring_pages; i++) {
		snprintf(node, sizeof(node), "ring-ref%" PRIu32, i);
		if (nodes_number(n, prefix, node, UINT32_MAX, &ref[i]) !=
		    NUMBER_OK)
			break;
	}
	if (i == 0 && f->ring_pages == 1)
		return nodes_number(n, prefix, "ring-ref", UINT32_MAX, ref) ==
			NUMBER_OK;
	return i == f->ring_pages;
}

static bool read_queue(const struct nodes *n, struct front *f, uint32_t queue)
{
	char prefix[24] = "";

	if (f->queues > 1)
		snprintf(prefix, sizeof(prefix), "queue-%" PRIu32 "/", queue);
	return read_refs(n, prefix, f, queue) &&
		nodes_number(n, prefix, "event-channel", INT32_MAX,
			     &f->port[queue]) == NUMBER_OK;
}

static bool protocol_fits(const struct nodes *n)
{
	char *text = nodes_read(n, "protocol");
	bool fits = !text || !strcmp(text, "x86_64-abi");

	free(text);
	return fits;
}

bool xs_read_front(struct vbd *v, struct front *f, const char **why)
{
	const struct nodes *n = &v->dev.nodes;
	uint32_t i, order = 0;

	memset(f, 0, sizeof(*f));
	f->queues = 1;
	*why = "its protocol is not x86_64-abi";
	if (!protocol_fits(n))
		return false;
	*why = "its ring-page-order is not 0 to 4";
	if (nodes_number(n, "", "ring-page-order", 4, &order) == NUMBER_BAD)
		return false;
	f->ring_pages = 1u << order;
	*why = "its feature-persistent is not 0 or 1";
	if (nodes_number(n, "", "feature-persistent", 1, &f->persistent) ==
	    NUMBER_BAD)
		return false;
	*why = "its number of queues is not what was offered";
	if (nodes_number(n, "", "multi-queue-num-queues", STATE_QUEUES,
			 &f->queues) == NUMBER_BAD || !f->queues)
		return false;
	*why = "its ring-ref or event-channel is missing or no number";
	for (i = 0; i < f->queues; i++)
		if (!read_queue(n, f, i))
			return false;
	return true;
}

/* ---- watching ----------------------------------------------------------- */

static void on_watch(void *arg, uint32_t events)
{
	struct service *s = arg;
	uint32_t device;
	struct vbd *v;

	(void)events;
	/* However often a state was written meanwhile, it is looked at once. */
	while (nodes_changed(s->xs, &device)) {
		v = vbd_find(s, device);
		if (v)
			v->changed = true;
	}
	for (v = s->disks; v; v = v->next)
		if (v->changed) {
			v->changed = false;
			vbd_step(v);
		}
	service_round(s);
}

bool xs_start(struct service *s)
{
	s->xs = nodes_open("hvbd", "vbd", s->domid);
	return s->xs && loop_add_fd(s->loop, xs_fileno(s->xs), EPOLLIN,
				    on_watch, s);
}
