/* SPDX-License-Identifier: MIT */
#include "order.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <common/server.h>
#include "nodes.h"

#define NODE		"control/shutdown"
#define LOOK_MS		100
#define PATIENCE_MS	10000

struct order {
	struct order *next;
	struct dom *d;
	struct request *req;
	char what[16];
	bool wait;
	int64_t deadline;
	struct loop_timer *timer;
};

static void heard(struct dom *d, struct request *r, bool wait)
{
	if (wait)
		dom_wait(d, WAIT_END, r);
	else
		req_ok(r, NULL);
}

static void order_free(struct order *o)
{
	struct order **p = &o->d->orders;

	while (*p != o)
		p = &(*p)->next;
	*p = o->next;
	loop_del_timer(o->timer);
	free(o);
}

static void deaf(struct order *o)
{
	struct fault f;

	nodes_set(o->d->hd, o->d->domid, NODE, "");
	fault_set(&f, ENOTSUP, "control", o->d->name,
		  "the guest doesn't listen to %s: it announces no control/feature-%s and took nothing up in %d s",
		  o->what, o->what, PATIENCE_MS / 1000);
	fault_hint(&f, "is it still booting? else: hvxl destroy %s",
		   o->d->name);
	req_fail(o->req, &f);
	order_free(o);
}

static void on_look(void *arg)
{
	struct order *o = arg;
	char now[32];

	nodes_read(o->d->hd, o->d->domid, NODE, now, sizeof(now));
	if (strcmp(now, o->what)) {
		heard(o->d, o->req, o->wait);
		order_free(o);
	} else if (loop_now() >= o->deadline) {
		deaf(o);
	} else {
		loop_arm(o->timer, LOOK_MS);
	}
}

static void watch_for_it(struct dom *d, struct request *r, const char *what,
			 bool wait)
{
	struct order *o = calloc(1, sizeof(*o));
	struct fault f;

	if (o)
		o->timer = loop_add_timer(d->hd->loop, on_look, o);
	if (!o || !o->timer) {
		free(o);
		fault_set(&f, ENOMEM, "control", d->name, "no memory");
		req_fail(r, &f);
		return;
	}
	o->d = d;
	o->req = r;
	o->wait = wait;
	snprintf(o->what, sizeof(o->what), "%s", what);
	o->deadline = loop_now() + PATIENCE_MS;
	o->next = d->orders;
	d->orders = o;
	loop_arm(o->timer, LOOK_MS);
}

void order_give(struct dom *d, struct request *r, const char *what, bool wait)
{
	char node[64], listens[8];
	struct fault f;

	snprintf(node, sizeof(node), "control/feature-%s", what);
	nodes_read(d->hd, d->domid, node, listens, sizeof(listens));
	if (nodes_set(d->hd, d->domid, NODE, what)) {
		fault_errno(&f, "control", d->name,
			    "writing its control/shutdown");
		req_fail(r, &f);
	} else if (!strcmp(listens, "1")) {
		heard(d, r, wait);
	} else {
		watch_for_it(d, r, what, wait);
	}
}

void order_drop(struct dom *d)
{
	while (d->orders) {
		heard(d, d->orders->req, d->orders->wait);
		order_free(d->orders);
	}
}
