/* SPDX-License-Identifier: MIT */
/*
 * A card's life. The front end's state is looked at again after each step of
 * ours. Closing takes no time, as nothing is in flight between two rounds.
 */
#include "netback.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "common/log.h"
#include "tap.h"

#define COMPLAINT_MS	1000
#define TALK_MS		1000
#define TALK_LINES	4u

struct vif *vif_find(struct service *s, uint32_t device)
{
	struct vif *v;

	for (v = s->vifs; v; v = v->next)
		if (v->dev.nodes.device == device && !v->dev.gone)
			return v;
	return NULL;
}

void vif_complain(struct vif *v, const char *what, const char *why)
{
	int64_t now = loop_now();

	if (v->last_complaint && now - v->last_complaint < COMPLAINT_MS)
		return;
	v->last_complaint = now;
	log_warn("%s: %s: %s", v->dev.name, what, why);
}

/* Whether one more line is said: a guest that comes and goes without end gets
 * a few in each second. */
static bool may_talk(struct vif *v)
{
	int64_t now = loop_now();

	if (now - v->talk_since >= TALK_MS) {
		v->talk_since = now;
		v->talk = 0;
	}
	return v->talk++ < TALK_LINES;
}

/* ---- the tap ------------------------------------------------------------ */

static bool takes_frames(const struct vif *v)
{
	unsigned int i;

	for (i = 0; i < v->queues; i++)
		if (!v->queue[i].starved)
			return true;
	return false;
}

void vif_set_carrier(struct vif *v)
{
	int up = takes_frames(v);

	if (up == v->carrier)
		return;
	v->carrier = up;
	if (tap_set_carrier(v->tap[0].fd, up))
		log_warn("%s: carrier: %s", v->dev.name, strerror(errno));
}

static void poll_taps(struct vif *v, bool on)
{
	unsigned int i;

	for (i = 0; i < v->taps; i++) {
		v->tap[i].polled = on;
		v->tap[i].readable = on;
		if (v->tap[i].entry)
			loop_set_events(v->tap[i].entry,
					on ? EPOLLIN : 0);
	}
}

static void set_offloads(struct vif *v)
{
	unsigned int flags = vnet_offloads(&v->taste);

	if (tap_set_offloads(v->tap[0].fd, flags))
		log_warn("%s: offloads: %s", v->dev.name, strerror(errno));
}

/* ---- connecting --------------------------------------------------------- */

static void close_queues(struct vif *v)
{
	while (v->queues)
		queue_close(&v->queue[--v->queues]);
	loop_arm(v->refill, -1);
	poll_taps(v, false);
	vif_set_carrier(v);
}

/* 0, or -1 and errno with all closed. */
static int open_queues(struct vif *v, const struct front *f, bool resume)
{
	int error;

	while (v->queues < f->queues) {
		unsigned int i = v->queues;

		if (queue_open(&v->queue[i], v, &v->st->queue[i], &f->queue[i],
			       resume)) {
			error = errno;
			close_queues(v);
			errno = error;
			return -1;
		}
		v->queues++;
	}
	return 0;
}

static void connect_guest(struct vif *v, bool resume)
{
	const char *why;
	struct front f;
	unsigned int i;

	if (!xs_read_front(v, &f, &why)) {
		vif_break(v, why);
		return;
	}
	v->taste = f.taste;
	set_offloads(v);
	if (open_queues(v, &f, resume)) {
		vif_break(v, strerror(errno));
		return;
	}
	/* The list of groups ended with the process that had it: then all of
	 * them are for the guest. */
	v->mcast = (struct mcast){ .chosen = f.chooses_groups && !resume };
	if (v->dev.own != BUS_CONNECTED)
		device_set_own(&v->dev, BUS_CONNECTED);
	poll_taps(v, true);
	vif_set_carrier(v);
	/* What was answered, or put into a ring, while nobody was here. */
	for (i = 0; resume && i < v->queues; i++)
		queue_notify(&v->queue[i]);
	if (may_talk(v))
		log_info("%s: %s, %u queue(s)", v->dev.name,
			 resume ? "goes on" : "connected", v->queues);
	control_event(v->s, "connected", v, NULL);
}

/* ---- leaving ------------------------------------------------------------ */

static void leave(struct vif *v)
{
	bool was = v->queues > 0;

	close_queues(v);
	device_set_own(&v->dev, BUS_CLOSED);
	if (was) {
		if (may_talk(v))
			log_info("%s: disconnected", v->dev.name);
		control_event(v->s, "disconnected", v, NULL);
	}
	v->dev.gone = v->dev.going;
}

void vif_break(struct vif *v, const char *text)
{
	if (may_talk(v))
		log_err("%s: stopped: %s", v->dev.name, text);
	control_event(v->s, "broken", v, text);
	leave(v);
}

/* The loop would tell of it for ever. */
static void forget_taps(struct vif *v)
{
	unsigned int i;

	for (i = 0; i < STATE_QUEUES; i++) {
		if (v->tap[i].entry)
			loop_del_fd(v->tap[i].entry);
		v->tap[i].entry = NULL;
	}
}

void vif_lose_tap(struct vif *v)
{
	forget_taps(v);
	vif_break(v, "its tap was deleted");
}

static void release(struct vif *v)
{
	struct service *s = v->s;
	struct vif **p = &s->vifs;
	unsigned int i;

	while (*p != v)
		p = &(*p)->next;
	*p = v->next;
	nodes_unfollow(&v->dev.nodes);
	state_forget(v->st);
	forget_taps(v);
	for (i = 0; i < v->taps; i++)
		close(v->tap[i].fd);
	loop_del_timer(v->refill);
	for (i = 0; i < v->dev.detaches; i++)
		control_detached(s, v->dev.detach[i]);
	free(v);
	if (!s->vifs && !s->parent)
		loop_stop(s->loop);
}

void vif_settle(struct service *s)
{
	struct vif *v, *next;

	for (v = s->vifs; v; v = next) {
		next = v->next;
		if (v->dev.gone)
			release(v);
	}
}

/* ---- steps -------------------------------------------------------------- */

static void act(struct vif *v, enum bus_act what)
{
	switch (what) {
	case BUS_NOTHING:
		break;
	case BUS_OFFER:
		device_offered(&v->dev, xs_offer(v));
		break;
	case BUS_CONNECT:
		connect_guest(v, false);
		break;
	case BUS_CLOSE:
		device_set_own(&v->dev, BUS_CLOSING);
		break;
	case BUS_LEAVE:
		leave(v);
		break;
	}
}

void vif_step(struct vif *v)
{
	unsigned int i;

	for (i = 0; i < DEVICE_STEPS && !v->dev.gone; i++) {
		enum bus_act what = device_next(&v->dev);

		if (what == BUS_NOTHING)
			break;
		act(v, what);
	}
	if (device_is_orphan(&v->dev, v->s->parent))
		v->dev.gone = true;
}

bool vif_detach(struct vif *v, bool force, int64_t id)
{
	if (!device_detach(&v->dev, force, id))
		return false;
	/* Closed already: nobody has to let go. */
	if (v->dev.own == BUS_CLOSED)
		v->dev.gone = true;
	else
		vif_step(v);
	return true;
}

/* ---- attaching ---------------------------------------------------------- */

static struct vif *make(struct service *s, uint32_t device, const char *name,
			const struct vif_spec *spec)
{
	struct vif *v = calloc(1, sizeof(*v));
	struct timespec now;
	unsigned int i;

	if (!v)
		return NULL;
	v->s = s;
	v->dev.nodes = xs_nodes(s, device);
	v->carrier = -1;
	snprintf(v->dev.name, sizeof(v->dev.name), "%s", name);
	clock_gettime(CLOCK_MONOTONIC, &now);
	rate_init(&v->rate, spec->rate_bytes, spec->rate_interval,
		  now.tv_sec * 1000000ull + now.tv_nsec / 1000);
	for (i = 0; i < STATE_QUEUES; i++)
		v->queue[i] = (struct queue){ .v = v, .tx_port = -1,
					      .rx_port = -1 };
	return v;
}

static int take_taps(struct vif *v, const struct vif_spec *spec)
{
	unsigned int i;

	for (i = 0; i < spec->taps; i++, v->taps++) {
		struct tap *t = &v->tap[i];

		t->v = v;
		t->fd = spec->tap[i];
		if (tap_prepare(t->fd))
			return -1;
		t->entry = loop_add_fd(v->s->loop, t->fd, 0, queue_on_tap, t);
		if (!t->entry)
			return -1;
	}
	return 0;
}

static void begin(struct vif *v)
{
	v->next = v->s->vifs;
	v->s->vifs = v;
	device_begin(&v->dev);
	if (v->dev.own == BUS_UNKNOWN)
		v->dev.own = BUS_INITIALISING;
	if (v->dev.own == BUS_CONNECTED &&
	    nodes_front_state(&v->dev.nodes) == BUS_CONNECTED)
		connect_guest(v, true);
	else
		vif_set_carrier(v);
	vif_step(v);
}

/* What is left of an attach that failed; the descriptors are the caller's. */
static void unmake(struct vif *v)
{
	forget_taps(v);
	if (v->refill)
		loop_del_timer(v->refill);
	free(v);
}

static const char *prepare(struct vif *v, const struct vif_spec *spec)
{
	v->refill = loop_add_timer(v->s->loop, vif_on_refill, v);
	if (!v->refill)
		return "no timer";
	if (take_taps(v, spec))
		return "a descriptor is not a tap with IFF_VNET_HDR and "
			"IFF_NO_PI";
	v->st = state_find(v->s->state, v->dev.nodes.device);
	if (v->st)
		return NULL;
	errno = ENOSPC;
	return "a guest has 16 cards at most";
}

struct vif *vif_attach(struct service *s, uint32_t device, const char *name,
		       const struct vif_spec *spec, char why[VIF_WHY])
{
	struct vif *v = make(s, device, name, spec);
	const char *failed = v ? prepare(v, spec) : "no memory";
	int error = errno;
	unsigned int i;

	if (!failed) {
		begin(v);
		return v;
	}
	snprintf(why, VIF_WHY, "%s", failed);
	if (v)
		unmake(v);
	for (i = 0; i < spec->taps; i++)
		close(spec->tap[i]);
	errno = error;
	return NULL;
}
