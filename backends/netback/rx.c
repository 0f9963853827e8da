/* SPDX-License-Identifier: MIT */
/*
 * Frames for the guest: read from the tap while the guest has slots for them,
 * copied by one call, answered together. A frame for which there are too few
 * is held, one a queue, and nothing more is read: what comes then waits in the
 * tap, which is bounded, or is dropped by the kernel.
 */
#include "netback.h"

#include <errno.h>
#include <string.h>
#include "tap.h"

/* A turn ends after so many frames that aren't for the guest. */
#define DROPS		64u

/* ---- from the tap ------------------------------------------------------- */

static bool mine(const struct queue *q, const struct tap *t)
{
	return (unsigned int)(t - t->v->tap) % t->v->queues ==
		(unsigned int)(q - q->v->queue);
}

/* A tap of q with something in it; NULL: none. */
static struct tap *readable(struct queue *q)
{
	struct vif *v = q->v;
	unsigned int i;

	for (i = 0; i < v->taps; i++)
		if (v->tap[i].readable && mine(q, &v->tap[i]))
			return &v->tap[i];
	return NULL;
}

/* Reads a frame to where f is to have it. 1; 0: nothing is there; -1: it isn't
 * for the guest. */
static int read_frame(struct queue *q, struct frame *f)
{
	struct vif *v = q->v;
	struct tap *t = readable(q);
	struct virtio_net_hdr h;
	ssize_t len;

	if (!t)
		return 0;
	len = tap_read(t->fd, &h, f->at, NET_RX_MAX);
	if (len < 0) {
		t->readable = false;
		return 0;
	}
	if (!vnet_from_tap(&h, f->at, len, &v->taste, &f->rx) ||
	    !mcast_wants(&v->mcast, f->at)) {
		v->count.rx_dropped++;
		return -1;
	}
	return 1;
}

/* ---- the frame that waits ----------------------------------------------- */

static void poll_taps(struct queue *q, bool on)
{
	struct vif *v = q->v;
	unsigned int i;

	for (i = 0; i < v->taps; i++) {
		struct tap *t = &v->tap[i];

		if (!mine(q, t) || !t->entry || t->polled == on)
			continue;
		t->polled = on;
		loop_set_events(t->entry, on ? EPOLLIN : 0);
	}
}

static void hold(struct queue *q, const struct frame *f)
{
	if (q->holding)
		return;
	memcpy(q->held, f->at, f->rx.len);
	q->held_rx = f->rx;
	q->held_since = loop_now();
	q->holding = true;
	poll_taps(q, false);
	loop_arm(q->v->s->tick, 1000);
}

static void let_go(struct queue *q)
{
	q->holding = false;
	poll_taps(q, true);
	if (!q->starved)
		return;
	q->starved = false;
	vif_set_carrier(q->v);
}

void rx_discard(struct queue *q)
{
	struct batch *b = q->v->s->batch;
	struct virtio_net_hdr h;
	unsigned int i;

	for (i = 0; i < q->v->taps; i++) {
		struct tap *t = &q->v->tap[i];

		while (mine(q, t) && tap_read(t->fd, &h, b->area,
					      NET_RX_MAX) >= 0)
			q->v->count.rx_dropped++;
	}
}

/* ---- to the guest ------------------------------------------------------- */

static void lay_out(struct queue *q, struct frame *f, unsigned int slots)
{
	struct netif_rx_request slot[NET_PIECES + 1] = { { 0 } };
	struct net_piece piece[NET_PIECES + 1];
	struct batch *b = q->v->s->batch;
	unsigned int i, pieces;

	for (i = 0; i < slots; i++, q->rx.req_cons++)
		ring_read(&q->rx, &slot[i]);
	pieces = netif_fill_rx(slot, &f->rx, piece, b->answer + b->slots);
	batch_add(b, f, piece, pieces, true);
	/* What to say instead should a copy fail; ids are all it needs. */
	for (i = 0; i < slots; i++)
		b->id[b->slots + i] = slot[i].id;
	f->first_slot = b->slots;
	f->slots = slots;
	b->slots += slots;
	b->frames++;
}

enum step { STEP_TAKEN, STEP_NONE, STEP_FULL, STEP_HELD };

/* The next frame: the one held, or from a tap. */
static enum step next(struct queue *q, struct frame *f)
{
	struct batch *b = q->v->s->batch;
	unsigned int drops;
	int got;

	f->at = batch_room(b, NET_RX_MAX, q->large ? 0 : ANYWHERE);
	if (!f->at)
		return STEP_FULL;
	if (q->holding) {
		memcpy(f->at, q->held, q->held_rx.len);
		f->rx = q->held_rx;
		return STEP_TAKEN;
	}
	for (drops = 0; drops < DROPS; drops++) {
		got = read_frame(q, f);
		if (got >= 0)
			return got ? STEP_TAKEN : STEP_NONE;
	}
	return STEP_FULL;
}

/* Fills the batch. room: the guest's slots; *need: those that are missing. */
static enum step gather(struct queue *q, unsigned int room, unsigned int *need)
{
	struct batch *b = q->v->s->batch;

	while (b->frames < BATCH_FRAMES) {
		struct frame *f = &b->frame[b->frames];
		enum step step = next(q, f);
		unsigned int slots;

		if (step != STEP_TAKEN)
			return step;
		slots = netif_rx_slots(&f->rx);
		if (slots > room - b->slots) {
			hold(q, f);
			*need = slots;
			return STEP_HELD;
		}
		if (q->holding)
			let_go(q);
		f->len = f->rx.len;
		q->large = f->len > NET_PAGE;
		lay_out(q, f, slots);
	}
	return STEP_FULL;
}

static void check(struct queue *q, const struct frame *f)
{
	struct batch *b = q->v->s->batch;
	struct vif *v = q->v;

	if (batch_copied(b, f)) {
		v->count.rx_frames++;
		v->count.rx_bytes += f->len;
		return;
	}
	v->count.rx_errors++;
	vif_complain(v, "a frame for the guest is lost",
		     "a grant of its rx ring can't be written");
	netif_fail_rx(b->id + f->first_slot, f->slots,
		      b->answer + f->first_slot);
}

static void finish(struct queue *q)
{
	struct service *s = q->v->s;
	struct batch *b = s->batch;
	unsigned int i;

	if (!b->slots)
		return;
	grants_copy(s->grants, b->copy, b->copies);
	for (i = 0; i < b->frames; i++)
		check(q, &b->frame[i]);
	q->idle_kicks = 0;
	if (answers_give(&q->st->rx, &q->rx, b->answer, b->slots,
			 sizeof(struct netif_rx_response)))
		ports_notify(s->ports, q->rx_port);
}

enum turn rx_turn(struct queue *q, const char **why)
{
	unsigned int need = 0;
	enum step step;
	int room;

	if (!q->holding && !readable(q))
		return TURN_DONE;
	*why = "its rx ring's index is impossible";
	room = ring_peek(&q->rx);
	if (room < 0)
		return TURN_BROKEN;
	batch_begin(q->v->s->batch);
	step = gather(q, room, &need);
	finish(q);
	if (step == STEP_FULL)
		return TURN_MORE;
	if (step == STEP_NONE)
		return TURN_DONE;
	room = ring_rearm_for(&q->rx, need);
	return room < 0 ? TURN_BROKEN :
		(unsigned int)room >= need ? TURN_MORE : TURN_DONE;
}
