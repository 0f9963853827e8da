/* SPDX-License-Identifier: MIT */
/*
 * What disks have done: each backend is asked for each of its disks, all at
 * once. A backend that has not answered in time, or has gone, is left out: one
 * guest's never keeps the figures of the others from who asked.
 */
#include <stdlib.h>
#include <json-c/json.h>
#include <common/server.h>
#include "backend.h"

#define PATIENCE_MS	500

struct count {
	struct request *req;		/* NULL: answered */
	struct json_object *disks;	/* what has come */
	unsigned int open;		/* questions without an answer */
	struct loop_timer *limit;
};

struct question {
	struct count *count;
	uint32_t domid;
	unsigned int number;
};

static void answer(struct count *c)
{
	struct json_object *o;

	if (!c->req)
		return;
	o = json_object_new_object();
	json_object_object_add(o, "disks", c->disks);
	req_ok(c->req, o);
	c->req = NULL;
	c->disks = NULL;
}

/* A late answer still finds its question. */
static void close_one(struct count *c)
{
	if (--c->open)
		return;
	answer(c);
	loop_del_timer(c->limit);
	free(c);
}

static void on_limit(void *arg)
{
	answer(arg);
}

static void on_counters(void *arg, struct json_object *packet)
{
	struct question *q = arg;
	struct json_object *ok;

	if (q->count->req && packet &&
	    json_object_object_get_ex(packet, "ok", &ok)) {
		json_object_object_add(ok, "domid",
				       json_object_new_int64(q->domid));
		json_object_object_add(ok, "device",
				       json_object_new_int64(q->number));
		json_object_array_add(q->count->disks, json_object_get(ok));
	}
	close_one(q->count);
	free(q);
}

static void ask(struct count *c, struct channel *channel, const struct dom *d,
		unsigned int number)
{
	struct backend_attach a = { .args = json_object_new_object() };
	struct question *q = calloc(1, sizeof(*q));

	if (!q) {
		json_object_put(a.args);
		return;
	}
	q->count = c;
	q->domid = d->domid;
	q->number = number;
	json_object_object_add(a.args, "device",
			       json_object_new_int64(number));
	if (channel_ask(channel, "stats", &a, on_counters, q))
		free(q);
	else
		c->open++;
}

static void ask_all(struct count *c, struct hvxd *hd)
{
	struct channel *channel;
	struct dom *d;
	unsigned int i;

	for (d = hd->doms; d; d = d->next) {
		channel = backend_channel(d, BACKEND_DISKS);
		for (i = 0; channel && i < disks_kind.count(&d->config); i++)
			ask(c, channel, d, disks_kind.number(&d->config, i));
	}
}

int counters_request(struct hvxd *hd, struct request *r, struct fault *f)
{
	struct count *c = calloc(1, sizeof(*c));

	if (c)
		c->limit = loop_add_timer(hd->loop, on_limit, c);
	if (!c || !c->limit) {
		free(c);
		return fault_errno(f, "devices", "disks", "counting");
	}
	c->req = r;
	c->disks = json_object_new_array();
	/* One more, so that none of those asked is the last too early. */
	c->open = 1;
	ask_all(c, hd);
	loop_arm(c->limit, PATIENCE_MS);
	close_one(c);
	return 0;
}
