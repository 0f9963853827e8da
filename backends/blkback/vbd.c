/* SPDX-License-Identifier: MIT */
/*
 * A disk's life. The front end's state is looked at again after each step of
 * ours; a step that must wait for requests in flight (leaving) is finished by
 * vbd_settle.
 */
#include "blkback.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "common/log.h"

#define ERROR_PAUSE_MS	1000
/* A guest connects once in its life, or a few times. More often in a second,
 * and it waits: each time costs us hypercalls, store writes and messages. */
#define CONNECTS	4u
#define CONNECTS_MS	1000

struct vbd *vbd_find(struct service *s, uint32_t device)
{
	struct vbd *v;

	for (v = s->disks; v; v = v->next)
		if (v->dev.nodes.device == device && !v->dev.gone)
			return v;
	return NULL;
}

static unsigned int in_flight(const struct vbd *v)
{
	unsigned int i, n = 0;

	for (i = 0; i < STATE_QUEUES; i++)
		n += v->queue[i].in_flight;
	return n;
}

static void close_queues(struct vbd *v)
{
	unsigned int i;

	for (i = 0; i < STATE_QUEUES; i++)
		if (v->queue[i].v)
			queue_close(&v->queue[i]);
}

/* Opens the queues that v->st describes. 0, or -1 and errno. */
static int open_queues(struct vbd *v, bool resume)
{
	unsigned int i;

	for (i = 0; i < v->st->queues; i++) {
		if (!queue_open(&v->queue[i], v, &v->st->queue[i], resume))
			continue;
		/* Others may have begun requests: they end first. */
		v->draining = true;
		return -1;
	}
	return 0;
}

/* ---- connecting --------------------------------------------------------- */

static void remember(struct vbd *v, const struct front *f)
{
	struct state_disk *st = v->st;
	unsigned int i;

	st->queues = f->queues;
	st->ring_pages = f->ring_pages;
	st->persistent = f->persistent;
	for (i = 0; i < f->queues; i++) {
		memcpy(st->queue[i].refs, f->refs[i], sizeof(f->refs[i]));
		st->queue[i].port = f->port[i];
	}
}

static void connected(struct vbd *v)
{
	__atomic_store_n(&v->st->connected, 1, __ATOMIC_RELEASE);
	if (!xs_describe(v))
		log_warn("%s: the store doesn't take the disk's size",
			 v->dev.name);
	device_set_own(&v->dev, BUS_CONNECTED);
	log_info("%s: connected, %u queue(s) of %u page(s)%s", v->dev.name,
		 v->st->queues, v->st->ring_pages,
		 v->st->persistent ? ", persistent grants" : "");
	control_event(v->s, "connected", v, 0, NULL);
}

static void connect_guest(struct vbd *v)
{
	const char *why;
	struct front f;

	if (!xs_read_front(v, &f, &why)) {
		vbd_break(v, why);
		return;
	}
	remember(v, &f);
	if (open_queues(v, false))
		vbd_break(v, strerror(errno));
	else
		connected(v);
}

/* The predecessor may have been killed at any moment: what the state says has
 * to make sense. */
static bool was_connected(const struct vbd *v)
{
	const struct state_disk *st = v->st;

	return st->connected && st->queues >= 1 &&
		st->queues <= STATE_QUEUES && st->ring_pages >= 1 &&
		st->ring_pages <= STATE_RING_PAGES &&
		!(st->ring_pages & (st->ring_pages - 1));
}

static void resume(struct vbd *v)
{
	if (open_queues(v, true)) {
		vbd_break(v, strerror(errno));
		return;
	}
	log_info("%s: goes on with %u request(s) in flight", v->dev.name,
		 in_flight(v));
	if (v->dev.own < BUS_CONNECTED)
		connected(v);
}

/* ---- leaving ------------------------------------------------------------ */

static void left(struct vbd *v)
{
	bool was = v->st->connected;

	close_queues(v);
	v->draining = false;
	__atomic_store_n(&v->st->connected, 0, __ATOMIC_RELEASE);
	device_set_own(&v->dev, BUS_CLOSED);
	if (was) {
		log_info("%s: disconnected", v->dev.name);
		control_event(v->s, "disconnected", v, 0, NULL);
	}
	v->dev.gone = v->dev.going;
}

static void leave(struct vbd *v)
{
	if (v->queue[0].v)
		v->draining = true;
	else
		left(v);
}

void vbd_break(struct vbd *v, const char *text)
{
	log_err("%s: stopped: %s", v->dev.name, text);
	control_event(v->s, "broken", v, 0, text);
	leave(v);
}

static void release(struct vbd *v)
{
	struct service *s = v->s;
	struct vbd **p = &s->disks;
	unsigned int i;

	while (*p != v)
		p = &(*p)->next;
	*p = v->next;
	nodes_unfollow(&v->dev.nodes);
	state_forget(v->st);
	loop_del_fd(v->image);
	disk_close(&v->disk);
	for (i = 0; i < v->dev.detaches; i++)
		control_detached(s, v->dev.detach[i]);
	free(v);
	if (!s->disks && !s->parent)
		loop_stop(s->loop);
}

void vbd_settle(struct service *s)
{
	struct vbd *v, *next;

	for (v = s->disks; v; v = next) {
		next = v->next;
		if (v->draining && !in_flight(v)) {
			left(v);
			vbd_step(v);
		}
		if (v->dev.gone)
			release(v);
	}
}

/* ---- steps -------------------------------------------------------------- */

static void act(struct vbd *v, enum bus_act what)
{
	switch (what) {
	case BUS_NOTHING:
		break;
	case BUS_OFFER:
		device_offered(&v->dev, xs_offer(v));
		break;
	case BUS_CONNECT:
		connect_guest(v);
		break;
	case BUS_CLOSE:
		device_set_own(&v->dev, BUS_CLOSING);
		break;
	case BUS_LEAVE:
		leave(v);
		break;
	}
}

/* One more connection; false: it has to wait. */
static bool may_connect(struct vbd *v)
{
	int64_t now = loop_now();

	if (now - v->second >= CONNECTS_MS) {
		v->second = now;
		v->connects = 0;
	}
	if (v->connects++ < CONNECTS)
		return true;
	v->hurried = true;
	loop_arm(v->s->later, CONNECTS_MS - (now - v->second));
	return false;
}

void vbd_on_later(void *arg)
{
	struct service *s = arg;
	struct vbd *v;

	for (v = s->disks; v; v = v->next)
		if (v->hurried) {
			v->hurried = false;
			vbd_step(v);
		}
	service_round(s);
}

void vbd_step(struct vbd *v)
{
	unsigned int i;

	for (i = 0; i < DEVICE_STEPS && !v->draining && !v->dev.gone; i++) {
		enum bus_act what = device_next(&v->dev);

		if (what == BUS_NOTHING ||
		    (what == BUS_CONNECT && !may_connect(v)))
			break;
		act(v, what);
	}
	if (!v->draining && device_is_orphan(&v->dev, v->s->parent))
		v->dev.gone = true;
}

bool vbd_detach(struct vbd *v, bool force, int64_t id)
{
	if (!device_detach(&v->dev, force, id))
		return false;
	/* Closed already: nobody has to let go. */
	if (v->dev.own == BUS_CLOSED && !v->draining)
		v->dev.gone = true;
	else
		vbd_step(v);
	return true;
}

void vbd_io_error(struct vbd *v, enum blk_kind kind, int error)
{
	struct state_counts *n = &v->st->count;
	int64_t now = loop_now();
	char text[80];

	n->error = error;
	n->error_kind = kind;
	n->error_time = time(NULL);
	if (v->last_error && now - v->last_error < ERROR_PAUSE_MS)
		return;
	v->last_error = now;
	snprintf(text, sizeof(text), "%s: %s",
		 blk_kind_names[kind], strerror(error));
	log_err("%s: the guest gets an I/O error: %s", v->dev.name, text);
	control_event(v->s, "io-error", v, error, text);
}

/* ---- attaching ---------------------------------------------------------- */

static struct vbd *make(struct service *s, uint32_t device, const char *name)
{
	struct vbd *v = calloc(1, sizeof(*v));
	unsigned int i;

	if (!v)
		return NULL;
	v->s = s;
	v->dev.nodes = xs_nodes(s, device);
	v->disk.fd = -1;
	snprintf(v->dev.name, sizeof(v->dev.name), "%s", name);
	order_init(&v->order);
	for (i = 0; i < STATE_QUEUES; i++)
		v->queue[i].port = -1;
	return v;
}

static bool watch_image(struct vbd *v)
{
	if (!v->disk.image)
		return true;
	v->image_events = EPOLLIN;
	v->image = loop_add_fd(v->s->loop, v->disk.image->fd, EPOLLIN,
			       service_on_image, v);
	return v->image;
}

static void begin(struct vbd *v)
{
	v->next = v->s->disks;
	v->s->disks = v;
	device_begin(&v->dev);
	if (was_connected(v)) {
		resume(v);
	} else if (v->dev.own == BUS_CONNECTED || v->dev.own == BUS_UNKNOWN) {
		/* A predecessor that died between two steps of leaving, or a
		 * node that nobody wrote. */
		v->dev.own = v->dev.own == BUS_CONNECTED ? BUS_CLOSING :
			BUS_INITIALISING;
	}
	vbd_step(v);
}

struct vbd *vbd_attach(struct service *s, uint32_t device, const char *name,
		       int fd, const struct disk_spec *spec,
		       char why[DISK_WHY])
{
	struct vbd *v = make(s, device, name);
	int error;

	if (!v) {
		snprintf(why, DISK_WHY, "no memory");
		errno = ENOMEM;
		return NULL;
	}
	if (disk_open(&v->disk, fd, spec, why))
		goto out_free;
	if (!watch_image(v)) {
		snprintf(why, DISK_WHY, "no memory");
		errno = ENOMEM;
		goto out_close;
	}
	v->st = state_find(s->state, device);
	if (!v->st) {
		snprintf(why, DISK_WHY, "a guest has %u disks at most",
			 STATE_DISKS);
		errno = ENOSPC;
		goto out_close;
	}
	begin(v);
	return v;

out_close:
	error = errno;
	loop_del_fd(v->image);
	disk_close(&v->disk);
	errno = error;
out_free:
	free(v);
	return NULL;
}
