/* SPDX-License-Identifier: MIT */
/*
 * A request's way: taken from the ring into the log, parsed, given its turn
 * among the disk's writes, given a buffer; data is copied in, read or written,
 * copied out; the answer goes through the log into the ring.
 *
 * No call goes deeper for a longer queue: whatever may begin is put on
 * s->ready and begun by the round. The number of requests is bounded by the
 * rings, their data by the pool.
 */
#include "blkback.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "common/log.h"

/* Passes of a round before others (control, store) get their turn. */
#define PASSES		32
/* The pause that a port gets after IDLE_KICKS events with nothing in them. */
#define IDLE_KICK_MS	10
#define TRIM_MS		2000

void list_init(struct request_list *l)
{
	l->head = NULL;
	l->tail = &l->head;
}

static void list_add(struct request_list *l, struct request *req)
{
	req->next = NULL;
	*l->tail = req;
	l->tail = &req->next;
}

static struct request *list_take(struct request_list *l)
{
	struct request *req = l->head;

	if (req) {
		l->head = req->next;
		if (!l->head)
			l->tail = &l->head;
	}
	return req;
}

static struct request *from_order(struct order_item *it)
{
	return (struct request *)(void *)
		((uint8_t *)it - offsetof(struct request, order));
}

/* ---- the answer --------------------------------------------------------- */

static void count_answer(struct state_counts *n, const struct blk_op *op,
			 int status)
{
	if (status) {
		n->errors++;
		return;
	}
	switch (op->kind) {
	case BLK_READ:
		n->reads++;
		n->read_sectors += op->sectors;
		break;
	case BLK_WRITE:
	case BLK_BARRIER:
		n->writes++;
		n->written_sectors += op->sectors;
		break;
	case BLK_FLUSH:
		n->flushes++;
		break;
	case BLK_DISCARD:
		n->discards++;
		break;
	}
}

static void leave_order(struct request *req)
{
	struct vbd *v = req->q->v;
	struct order_item *it;

	order_leave(&v->order);
	while ((it = order_next(&v->order)))
		list_add(&v->s->ready, from_order(it));
}

static void answer(struct request *req, int status)
{
	struct queue *q = req->q;
	struct service *s = q->v->s;
	struct blkif_response rsp;

	/* Padding too is seen by the guest. */
	memset(&rsp, 0, sizeof(rsp));
	rsp.id = req->op.id;
	rsp.operation = req->op.asked;
	rsp.status = status;
	count_answer(&q->v->st->count, &req->op, status);
	if (req->buffer)
		pool_put(&s->pool, req->buffer, req->bytes);
	if (req->seg != req->direct)
		free(req->seg);
	replay_answer(&q->replay, &q->ring, req->entry, &rsp, sizeof(rsp));
	q->dirty = true;
	q->in_flight--;
	if (req->ordered)
		leave_order(req);
}

/* ---- carrying out ------------------------------------------------------- */

static void next_piece(struct request *req)
{
	struct vbd *v = req->q->v;
	uint64_t at = disk_offset(&v->disk, req->op.sector) + req->done;
	uint8_t *data = req->buffer + req->done;
	uint32_t left = req->bytes - req->done;

	if (req->op.kind == BLK_READ)
		disk_read(&v->disk, v->s->io, &req->io, data, left, at);
	else
		disk_write(&v->disk, v->s->io, &req->io, data, left, at);
}

/* A barrier: what is written already, itself, and then it is safe, too. */
enum { BARRIER_BEFORE, BARRIER_WRITE, BARRIER_AFTER };

static void submit(struct request *req)
{
	struct vbd *v = req->q->v;

	switch (req->op.kind) {
	case BLK_READ:
	case BLK_WRITE:
		next_piece(req);
		break;
	case BLK_BARRIER:
		if (req->step == BARRIER_WRITE)
			next_piece(req);
		else
			disk_sync(&v->disk, v->s->io, &req->io);
		break;
	case BLK_FLUSH:
		disk_sync(&v->disk, v->s->io, &req->io);
		break;
	case BLK_DISCARD:
		disk_discard(&v->disk, v->s->io, &req->io,
			     disk_offset(&v->disk, req->op.sector),
			     req->op.sectors * BLK_SECTOR);
		break;
	}
}

static void failed(struct request *req, int error)
{
	if (req->op.kind == BLK_DISCARD && error == EOPNOTSUPP) {
		answer(req, BLKIF_RSP_EOPNOTSUPP);
		return;
	}
	vbd_io_error(req->q->v, req->op.kind, error);
	answer(req, BLKIF_RSP_ERROR);
}

static void transferred(struct request *req, int res)
{
	/* A file that became shorter than it was. */
	if (res == 0) {
		failed(req, EIO);
		return;
	}
	req->done += res;
	if (req->done < req->bytes)
		next_piece(req);
	else if (req->op.kind == BLK_READ)
		copies_add(req->q->v->s, req, true);
	else if (req->op.kind == BLK_WRITE)
		answer(req, BLKIF_RSP_OKAY);
	else {
		req->step = BARRIER_AFTER;
		submit(req);
	}
}

static void io_done(struct io_op *op, int res)
{
	struct request *req = (struct request *)(void *)op;
	bool transfer = req->op.kind == BLK_READ || req->op.kind == BLK_WRITE ||
		(req->op.kind == BLK_BARRIER && req->step == BARRIER_WRITE);

	if (res == -EAGAIN || res == -EINTR) {
		submit(req);
	} else if (res < 0) {
		failed(req, -res);
	} else if (transfer) {
		transferred(req, res);
	} else if (req->op.kind == BLK_BARRIER && req->step == BARRIER_BEFORE &&
		   req->bytes) {
		req->step = BARRIER_WRITE;
		submit(req);
	} else {
		answer(req, BLKIF_RSP_OKAY);
	}
}

void request_copied(struct request *req)
{
	if (req->bad_copy)
		answer(req, BLKIF_RSP_ERROR);
	else if (req->op.kind == BLK_READ)
		answer(req, BLKIF_RSP_OKAY);
	else
		submit(req);
}

/* It has its turn. False: there is no buffer for it now. */
static bool begin(struct request *req)
{
	struct service *s = req->q->v->s;

	if (req->bytes) {
		req->buffer = pool_get(&s->pool, req->bytes);
		if (!req->buffer)
			return false;
	}
	if (req->bytes && req->op.kind != BLK_READ)
		copies_add(s, req, false);
	else
		submit(req);
	return true;
}

/* ---- taking ------------------------------------------------------------- */

/* The page of segments, read once. */
static int fetch_indirect(struct request *req)
{
	struct grant_copy op = { .ref = req->op.indirect_ref };
	size_t bytes = req->op.segments * sizeof(*req->seg);
	struct kept *kept = req->q->kept;
	const void *page = NULL;

	req->seg = malloc(bytes);
	if (!req->seg) {
		req->seg = req->direct;
		return BLKIF_RSP_ERROR;
	}
	if (kept) {
		kept_map(kept, &op.ref, 1);
		page = kept_find(kept, op.ref);
	}
	if (page) {
		memcpy(req->seg, page, bytes);
		return 0;
	}
	op.local = req->seg;
	op.len = bytes;
	grants_copy(req->q->v->s->grants, &op, 1);
	return op.failed ? BLKIF_RSP_ERROR : 0;
}

static int parse(struct request *req)
{
	const struct blk_limits *l = &req->q->v->disk.limits;
	struct blkif_request slot;
	int status;

	memcpy(&slot, replay_slot(&req->q->replay, req->entry), sizeof(slot));
	status = blkif_parse(&slot, l, &req->op, req->direct);
	if (!status && req->op.indirect)
		status = fetch_indirect(req);
	if (!status)
		status = blkif_check_segments(&req->op, l, req->seg);
	if (!status && req->op.kind != BLK_DISCARD)
		req->bytes = req->op.sectors * BLK_SECTOR;
	return status;
}

static void start(struct queue *q, uint32_t entry)
{
	struct request *req = &q->request[entry];
	struct vbd *v = q->v;
	int status;

	*req = (struct request){ .q = q, .entry = entry, .io.done = io_done };
	req->seg = req->direct;
	q->in_flight++;
	status = parse(req);
	if (status) {
		answer(req, status);
		return;
	}
	if (req->op.kind != BLK_READ) {
		req->ordered = true;
		req->order.alone = req->op.kind == BLK_FLUSH ||
				   req->op.kind == BLK_BARRIER;
		if (!order_enter(&v->order, &req->order))
			return;
	}
	list_add(&v->s->ready, req);
}

static void take(struct queue *q)
{
	int waiting = ring_peek(&q->ring);
	bool any = false;

	if (!waiting)
		waiting = ring_rearm(&q->ring);
	while (waiting > 0 && !q->v->s->starved.head) {
		any = true;
		start(q, replay_take(&q->replay, &q->ring));
		if (!--waiting)
			waiting = ring_rearm(&q->ring);
	}
	if (any)
		q->idle_kicks = 0;
	if (waiting < 0)
		vbd_break(q->v, "the ring's index can't be true");
	/* What is left waits for buffers. */
	q->kicked = waiting > 0;
}

/* ---- rounds ------------------------------------------------------------- */

static void publish(struct queue *q)
{
	bool wanted = ring_publish(&q->ring);

	if (wanted || q->resumed)
		ports_notify(q->v->s->ports, q->port);
	q->dirty = q->resumed = false;
}

static bool begin_all(struct service *s)
{
	struct request *req;
	bool any = false;

	while (s->starved.head && begin(s->starved.head)) {
		list_take(&s->starved);
		any = true;
	}
	while ((req = list_take(&s->ready))) {
		any = true;
		if (s->starved.head || !begin(req))
			list_add(&s->starved, req);
	}
	return any;
}

static bool take_all(struct service *s)
{
	bool any = false;
	struct vbd *v;
	unsigned int i;

	for (v = s->disks; v; v = v->next)
		for (i = 0; i < STATE_QUEUES; i++) {
			struct queue *q = &v->queue[i];

			if (!q->kicked || v->draining || s->starved.head)
				continue;
			take(q);
			any = true;
		}
	return any;
}

static void publish_all(struct service *s)
{
	struct vbd *v;
	unsigned int i;

	for (v = s->disks; v; v = v->next)
		for (i = 0; i < STATE_QUEUES; i++)
			if (v->queue[i].dirty)
				publish(&v->queue[i]);
}

static unsigned int reap_images(struct service *s)
{
	unsigned int n = 0;
	struct vbd *v;

	for (v = s->disks; v; v = v->next)
		if (v->disk.image)
			n += v->disk.image->fns->reap(v->disk.image);
	return n;
}

/* What their sockets are to be watched for. */
static void watch_images(struct service *s)
{
	struct vbd *v;

	for (v = s->disks; v; v = v->next) {
		const struct image *m = v->disk.image;
		uint32_t events;

		if (!v->image)
			continue;
		if (!m->fns->alive(m)) {
			log_err("%s: its image's server has gone", v->dev.name);
			loop_del_fd(v->image);
			v->image = NULL;
			continue;
		}
		events = m->fns->events(m);
		if (events != v->image_events)
			loop_set_events(v->image, events);
		v->image_events = events;
	}
}

static bool pass(struct service *s)
{
	bool any = take_all(s);

	any |= begin_all(s);
	copies_run(s);
	any |= !io_submit(s->io);
	any |= io_reap(s->io) > 0;
	any |= reap_images(s) > 0;
	copies_run(s);
	publish_all(s);
	return any;
}

void service_round(struct service *s)
{
	unsigned int i;

	for (i = 0; i < PASSES; i++)
		if (!pass(s))
			break;
	if (i == PASSES)
		loop_arm(s->again, 0);
	loop_arm(s->idle, TRIM_MS);
	watch_images(s);
	vbd_settle(s);
}

/* ---- what the loop calls ------------------------------------------------ */

static struct queue *queue_of(struct service *s, int port)
{
	struct vbd *v;
	unsigned int i;

	for (v = s->disks; v; v = v->next)
		for (i = 0; i < STATE_QUEUES; i++)
			if (v->queue[i].port == port)
				return &v->queue[i];
	return NULL;
}

/* A port stays masked until its queue has been looked at, and longer when
 * its events are for nothing. */
static void unmask_all(struct service *s, bool also_idle)
{
	bool slow = false;
	struct vbd *v;
	unsigned int i;

	for (v = s->disks; v; v = v->next)
		for (i = 0; i < STATE_QUEUES; i++) {
			struct queue *q = &v->queue[i];

			if (!q->masked)
				continue;
			if (q->idle_kicks > IDLE_KICKS && !also_idle) {
				slow = true;
				continue;
			}
			q->masked = false;
			ports_unmask(s->ports, q->port);
		}
	if (slow)
		loop_arm(s->slow, IDLE_KICK_MS);
}

void service_on_ports(void *arg, uint32_t events)
{
	struct service *s = arg;
	int port;

	(void)events;
	while ((port = ports_next(s->ports)) >= 0) {
		struct queue *q = queue_of(s, port);

		if (!q)
			continue;
		q->kicked = q->masked = true;
		q->idle_kicks++;
	}
	service_round(s);
	unmask_all(s, false);
}

void service_on_io(void *arg, uint32_t events)
{
	(void)events;
	service_round(arg);
}

void service_on_image(void *arg, uint32_t events)
{
	struct vbd *v = arg;

	v->disk.image->fns->on_events(v->disk.image, events);
	service_round(v->s);
}

void service_on_again(void *arg)
{
	service_round(arg);
}

void service_on_slow(void *arg)
{
	unmask_all(arg, true);
}

void service_on_idle(void *arg)
{
	struct service *s = arg;

	/* Where the kernel keeps a page, the process must not get another. */
	if (pool_is_unused(&s->pool) && io_unpin(s->io))
		pool_trim(&s->pool);
}

/* ---- opening and closing ------------------------------------------------ */

static int map_ring(struct queue *q, uint32_t pages, bool resume)
{
	size_t bytes = (size_t)pages * GRANT_PAGE;
	void *shared = grants_map(q->v->s->grants, q->st->refs, pages, true);
	uint16_t taken[REPLAY_MAX];
	int i, count;

	if (!shared)
		return -1;
	ring_init(&q->ring, shared, bytes, sizeof(union blkif_sring_entry));
	q->request = calloc(q->ring.size, sizeof(*q->request));
	if (!q->request)
		goto out_unmap;
	/* Without it everything works, only slower. */
	if (q->v->st->persistent)
		q->kept = kept_new(q->v->s->grants);
	if (!resume) {
		replay_start(&q->replay, &q->st->log, &q->ring);
		return 0;
	}
	count = replay_recover(&q->replay, &q->st->log, &q->ring, taken);
	if (count < 0) {
		errno = EUCLEAN;
		goto out_free;
	}
	for (i = 0; i < count; i++)
		start(q, taken[i]);
	return 0;

out_free:
	kept_free(q->kept);
	q->kept = NULL;
	free(q->request);
	q->request = NULL;
out_unmap:
	i = errno;
	grants_unmap(q->v->s->grants, shared, pages);
	errno = i;
	q->ring.shared = NULL;
	return -1;
}

int queue_open(struct queue *q, struct vbd *v, struct state_queue *st,
	       bool resume)
{
	*q = (struct queue){ .v = v, .st = st, .port = -1 };
	/* The port first: once a request is begun there is no way back. */
	q->port = ports_bind(v->s->ports, st->port);
	if (q->port < 0)
		return -1;
	if (map_ring(q, v->st->ring_pages, resume)) {
		int rc = errno;

		ports_unbind(v->s->ports, q->port);
		q->port = -1;
		errno = rc;
		return -1;
	}
	/* What the guest did while nobody listened made no event, and what the
	 * predecessor answered may not have been told. */
	q->kicked = true;
	q->dirty = q->resumed = resume;
	return 0;
}

void queue_close(struct queue *q)
{
	struct service *s = q->v->s;

	kept_free(q->kept);
	if (q->ring.shared)
		grants_unmap(s->grants, q->ring.shared, q->v->st->ring_pages);
	if (q->port >= 0)
		ports_unbind(s->ports, q->port);
	free(q->request);
	*q = (struct queue){ .port = -1 };
}
