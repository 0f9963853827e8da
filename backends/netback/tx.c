/* SPDX-License-Identifier: MIT */
/*
 * Frames from the guest: a private copy of all slots that wait, the packets in
 * them, one call for the data of all of these, one to write them to the tap; then
 * all are answered.
 */
#include "netback.h"

#include <time.h>

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ull + t.tv_nsec / 1000;
}

/* How many; -1: the guest's index can't be true. The ring isn't advanced. */
static int copy_slots(struct ring *r, struct netif_tx_request *slot)
{
	uint32_t begin = r->req_cons;
	int i, count = ring_peek(r);

	for (i = 0; i < count; i++, r->req_cons++)
		ring_read(r, &slot[i]);
	r->req_cons = begin;
	return count;
}

/* False: not now; the queue is called again when it may go on. */
static bool within_rate(struct queue *q, uint32_t len)
{
	uint64_t wait = rate_take(&q->v->rate, len, now_us());

	if (!wait)
		return true;
	q->limited = true;
	loop_arm(q->v->refill, wait / 1000 + 1);
	return false;
}

/* A large frame's second piece is the first of its data, and is followed by
 * whole pages: all of these lie in the guest's pages as they do in ours. */
static uint32_t page_offset(const struct net_tx *tx)
{
	if (tx->len <= NET_PAGE || tx->pieces < 2)
		return ANYWHERE;
	return (tx->piece[1].offset - tx->piece[0].len) % NET_PAGE;
}

/* False: it doesn't fit into this batch, or isn't to go now. */
static bool add(struct queue *q, struct frame *f)
{
	struct batch *b = q->v->s->batch;

	f->first_copy = f->copies = 0;
	if (f->tx.kind == NET_TX_FRAME) {
		f->at = batch_room(b, f->tx.len, page_offset(&f->tx));
		if (!f->at || !within_rate(q, f->tx.len))
			return false;
		f->len = f->tx.len;
		batch_add(b, f, f->tx.piece, f->tx.pieces, false);
	}
	f->first_slot = b->slots;
	b->slots += f->tx.slots;
	b->frames++;
	return true;
}

/* False: the last packet goes on where the guest has put nothing. */
static bool gather(struct queue *q, const struct netif_tx_request *slot,
		   unsigned int count)
{
	struct batch *b = q->v->s->batch;

	while (b->slots < count && b->frames < BATCH_FRAMES) {
		struct frame *f = &b->frame[b->frames];

		if (!netif_parse_tx(slot + b->slots, count - b->slots, &f->tx))
			return false;
		if (!add(q, f))
			break;
	}
	return true;
}

static int16_t refuse(struct queue *q, const char *why)
{
	q->v->count.tx_errors++;
	vif_complain(q->v, "a packet of the guest is refused", why);
	return NETIF_RSP_ERROR;
}

static int16_t change_groups(struct queue *q, const struct net_tx *tx)
{
	bool done = tx->mcast_add ? mcast_add(&q->v->mcast, tx->mcast) :
		mcast_del(&q->v->mcast, tx->mcast);

	return done ? NETIF_RSP_OKAY : NETIF_RSP_ERROR;
}

static int tap_for(const struct queue *q)
{
	unsigned int n = q - q->v->queue;

	return q->v->tap[n % q->v->taps].fd;
}

/* The status to answer with; TO_TAP: what becomes of m. */
#define TO_TAP		1
static int16_t look_at(struct queue *q, struct frame *f, struct many_frame *m)
{
	struct vif *v = q->v;
	const char *why;

	if (f->tx.kind == NET_TX_MCAST)
		return change_groups(q, &f->tx);
	if (f->tx.kind == NET_TX_BAD)
		return refuse(q, f->tx.why);
	if (!batch_copied(v->s->batch, f))
		return refuse(q, "a grant of it can't be copied");
	why = vnet_to_tap(&f->tx, f->at, &f->len, &m->h);
	if (why)
		return refuse(q, why);
	m->at = f->at;
	m->len = f->len;
	return TO_TAP;
}

/* Those of the batch that may go; the tap takes them, or doesn't. */
static void write_all(struct queue *q, int16_t *status)
{
	struct vif *v = q->v;
	struct batch *b = v->s->batch;
	unsigned int i, n = 0;

	for (i = 0; i < b->frames; i++) {
		status[i] = look_at(q, &b->frame[i], &b->many[n]);
		n += status[i] == TO_TAP;
	}
	many_write(v->s->many, tap_for(q), b->many, n);
	for (i = n = 0; i < b->frames; i++) {
		if (status[i] != TO_TAP)
			continue;
		if (b->many[n].took < 0) {
			status[i] = NETIF_RSP_DROPPED;
			v->count.tx_dropped++;
		} else {
			status[i] = NETIF_RSP_OKAY;
			v->count.tx_frames++;
			v->count.tx_bytes += b->many[n].len;
		}
		n++;
	}
}

static void finish(struct queue *q, const struct netif_tx_request *slot)
{
	struct service *s = q->v->s;
	struct batch *b = s->batch;
	int16_t status[BATCH_FRAMES];
	unsigned int i;

	if (!b->slots)
		return;
	grants_copy(s->grants, b->copy, b->copies);
	write_all(q, status);
	for (i = 0; i < b->frames; i++) {
		struct frame *f = &b->frame[i];

		netif_answer_tx(slot + f->first_slot, &f->tx, status[i],
				b->answer + f->first_slot);
	}
	q->tx.req_cons += b->slots;
	q->idle_kicks = 0;
	if (answers_give(&q->st->tx, &q->tx, b->answer, b->slots,
			 sizeof(struct netif_tx_response)))
		ports_notify(s->ports, q->tx_port);
}

enum turn tx_turn(struct queue *q, const char **why)
{
	struct netif_tx_request slot[ANSWERS_MAX];
	struct batch *b = q->v->s->batch;
	int waiting;
	bool whole;

	if (q->limited)
		return TURN_DONE;
	*why = "its tx ring's index is impossible";
	waiting = copy_slots(&q->tx, slot);
	if (waiting < 0)
		return TURN_BROKEN;
	batch_begin(b);
	whole = gather(q, slot, waiting);
	finish(q, slot);
	if (!whole) {
		*why = "a packet lacks its last slots";
		return TURN_BROKEN;
	}
	if (q->limited)
		return TURN_DONE;
	if (b->slots < (unsigned int)waiting)
		return TURN_MORE;
	waiting = ring_rearm(&q->tx);
	return waiting < 0 ? TURN_BROKEN : waiting ? TURN_MORE : TURN_DONE;
}
