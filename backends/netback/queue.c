/* SPDX-License-Identifier: MIT */
/*
 * The queues of all cards: whose turn it is, and the events that say so. Each
 * queue has a turn of one batch either way, then the next one; a guest that
 * floods one card delays its others by a batch.
 */
#include "netback.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "tap.h"

/* Passes of a round before others (control, store) get their turn. */
#define PASSES		16
/* The pause that a port gets after IDLE_KICKS events with nothing in them. */
#define IDLE_KICK_MS	10
/* A guest that hasn't made room for a frame in this time takes none. */
#define STARVED_MS	10000

/* ---- a batch ------------------------------------------------------------ */

int batch_init(struct service *s)
{
	s->batch = calloc(1, sizeof(*s->batch));
	if (!s->batch)
		return -1;
	s->many = many_open();
	s->batch->area = grants_area(s->grants, BATCH_BYTES);
	return s->many && s->batch->area ? 0 : -1;
}

void batch_begin(struct batch *b)
{
	b->used = b->frames = b->copies = b->slots = 0;
}

uint8_t *batch_room(struct batch *b, uint32_t len, uint32_t offset)
{
	uint32_t at = b->used;

	if (offset != ANYWHERE)
		at += (offset - at) % NET_PAGE;
	if (at > BATCH_BYTES || len > BATCH_BYTES - at ||
	    b->copies + NET_PIECES > BATCH_COPIES)
		return NULL;
	b->used = at;
	return b->area + at;
}

void batch_add(struct batch *b, struct frame *f, const struct net_piece *piece,
	       unsigned int pieces, bool to_guest)
{
	uint8_t *at = f->at;
	unsigned int i;

	f->first_copy = b->copies;
	f->copies = pieces;
	for (i = 0; i < pieces; i++) {
		b->copy[b->copies++] = (struct grant_copy){
			.local = at, .ref = piece[i].ref,
			.offset = piece[i].offset, .len = piece[i].len,
			.to_guest = to_guest };
		at += piece[i].len;
	}
	/* Cache lines of their own. */
	b->used += (f->len + 63) & ~63u;
	if (b->used > BATCH_BYTES)
		b->used = BATCH_BYTES;
}

bool batch_copied(const struct batch *b, const struct frame *f)
{
	unsigned int i;

	for (i = 0; i < f->copies; i++)
		if (b->copy[f->first_copy + i].failed)
			return false;
	return true;
}

/* ---- opening and closing ------------------------------------------------ */

static int open_ring(struct service *s, struct ring *r, uint32_t ref,
		     uint32_t slot_bytes)
{
	void *page = grants_map(s->grants, &ref, 1, true);

	if (!page)
		return -1;
	ring_init(r, page, GRANT_PAGE, slot_bytes);
	return 0;
}

static void close_ring(struct service *s, struct ring *r)
{
	if (r->shared)
		grants_unmap(s->grants, r->shared, 1);
	r->shared = NULL;
}

static int open_rings(struct queue *q, const struct queue_nodes *n)
{
	struct service *s = q->v->s;

	return open_ring(s, &q->tx, n->tx_ref,
			 sizeof(union netif_tx_sring_entry)) ||
		open_ring(s, &q->rx, n->rx_ref,
			  sizeof(union netif_rx_sring_entry)) ? -1 : 0;
}

static int start_rings(struct queue *q, bool resume)
{
	if (!resume) {
		answers_forget(&q->st->tx);
		answers_forget(&q->st->rx);
	}
	if (!answers_recover(&q->st->tx, &q->tx,
			     sizeof(struct netif_tx_response)) &&
	    !answers_recover(&q->st->rx, &q->rx,
			     sizeof(struct netif_rx_response)))
		return 0;
	errno = EUCLEAN;
	return -1;
}

static int bind_ports(struct queue *q, const struct queue_nodes *n)
{
	struct ports *p = q->v->s->ports;

	q->tx_port = ports_bind(p, n->tx_port);
	if (q->tx_port < 0)
		return -1;
	q->rx_port = n->rx_port == n->tx_port ? q->tx_port :
		ports_bind(p, n->rx_port);
	return q->rx_port < 0 ? -1 : 0;
}

int queue_open(struct queue *q, struct vif *v, struct state_queue *st,
	       const struct queue_nodes *nodes, bool resume)
{
	int error;

	*q = (struct queue){ .v = v, .st = st, .tx_port = -1, .rx_port = -1 };
	q->held = malloc(NET_RX_MAX);
	if (q->held && !open_rings(q, nodes) && !start_rings(q, resume) &&
	    !bind_ports(q, nodes))
		return 0;
	error = errno;
	queue_close(q);
	errno = error;
	return -1;
}

void queue_close(struct queue *q)
{
	struct service *s = q->v->s;

	if (q->rx_port >= 0 && q->rx_port != q->tx_port)
		ports_unbind(s->ports, q->rx_port);
	if (q->tx_port >= 0)
		ports_unbind(s->ports, q->tx_port);
	close_ring(s, &q->tx);
	close_ring(s, &q->rx);
	free(q->held);
	*q = (struct queue){ .v = q->v, .tx_port = -1, .rx_port = -1 };
}

void queue_notify(struct queue *q)
{
	ports_notify(q->v->s->ports, q->tx_port);
	if (q->rx_port != q->tx_port)
		ports_notify(q->v->s->ports, q->rx_port);
}

/* ---- turns -------------------------------------------------------------- */

/* True: there is more to do. A broken queue takes its card along. */
static bool turn(struct queue *q)
{
	const char *why;
	enum turn tx = tx_turn(q, &why), rx = TURN_DONE;

	if (tx != TURN_BROKEN)
		rx = rx_turn(q, &why);
	if (tx != TURN_BROKEN && rx != TURN_BROKEN)
		return tx == TURN_MORE || rx == TURN_MORE;
	vif_break(q->v, why);
	return false;
}

static bool pass(struct service *s)
{
	bool more = false;
	struct vif *v;
	unsigned int i;

	for (v = s->vifs; v; v = v->next)
		for (i = 0; i < v->queues; i++)
			more |= turn(&v->queue[i]);
	return more;
}

void service_round(struct service *s)
{
	unsigned int i;

	for (i = 0; i < PASSES; i++)
		if (!pass(s))
			break;
	if (i == PASSES)
		loop_arm(s->again, 0);
	vif_settle(s);
}

/* ---- what the loop calls ------------------------------------------------ */

static bool is_of(struct queue *q, int port)
{
	if (q->tx_port == port)
		q->tx_masked = true;
	else if (q->rx_port == port)
		q->rx_masked = true;
	else
		return false;
	q->idle_kicks++;
	return true;
}

static void mark(struct service *s, int port)
{
	struct vif *v;
	unsigned int i;

	for (v = s->vifs; v; v = v->next)
		for (i = 0; i < v->queues; i++)
			if (is_of(&v->queue[i], port))
				return;
}

static void unmask(struct queue *q)
{
	if (q->tx_masked)
		ports_unmask(q->v->s->ports, q->tx_port);
	if (q->rx_masked)
		ports_unmask(q->v->s->ports, q->rx_port);
	q->tx_masked = q->rx_masked = false;
}

/* A port stays masked until its queue has had its turn, and longer when its
 * events are for nothing. */
static void unmask_all(struct service *s, bool also_idle)
{
	bool slow = false;
	struct vif *v;
	unsigned int i;

	for (v = s->vifs; v; v = v->next)
		for (i = 0; i < v->queues; i++) {
			struct queue *q = &v->queue[i];

			if (q->idle_kicks <= IDLE_KICKS || also_idle)
				unmask(q);
			else
				slow |= q->tx_masked || q->rx_masked;
		}
	if (slow)
		loop_arm(s->slow, IDLE_KICK_MS);
}

void service_on_ports(void *arg, uint32_t events)
{
	struct service *s = arg;
	int port;

	(void)events;
	while ((port = ports_next(s->ports)) >= 0)
		mark(s, port);
	service_round(s);
	unmask_all(s, false);
}

void service_on_again(void *arg)
{
	service_round(arg);
}

/* Events may have been asked for while the port was masked: look first. */
void service_on_slow(void *arg)
{
	service_round(arg);
	unmask_all(arg, true);
}

void queue_on_tap(void *arg, uint32_t events)
{
	struct tap *t = arg;

	if (events & EPOLLIN)
		t->readable = true;
	if (events & (EPOLLERR | EPOLLHUP))
		vif_lose_tap(t->v);
	service_round(t->v->s);
}

void vif_on_refill(void *arg)
{
	struct vif *v = arg;
	unsigned int i;

	for (i = 0; i < v->queues; i++)
		v->queue[i].limited = false;
	service_round(v->s);
}

/* ---- guests that take nothing ------------------------------------------- */

static bool tick(struct queue *q)
{
	if (!q->holding)
		return false;
	if (!q->starved && loop_now() - q->held_since >= STARVED_MS) {
		q->starved = true;
		vif_complain(q->v, "frames for the guest are dropped",
			     "it has made no room for 10 s");
		vif_set_carrier(q->v);
	}
	if (q->starved)
		rx_discard(q);
	return true;
}

void service_on_tick(void *arg)
{
	struct service *s = arg;
	bool any = false;
	struct vif *v;
	unsigned int i;

	for (v = s->vifs; v; v = v->next)
		for (i = 0; i < v->queues; i++)
			any |= tick(&v->queue[i]);
	service_round(s);
	if (any)
		loop_arm(s->tick, 1000);
}
