/* SPDX-License-Identifier: MIT */
#include "end.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include <common/log.h>
#include "backend.h"
#include "events.h"
#include "job.h"
#include "nodes.h"
#include "store.h"

/* First looks at a dying domain follow each other fast, later ones don't. */
#define TICK_MIN	1
#define TICK_MAX	100
#define TICK_STUCK	1000
/* So long it may take until it is said to be stuck. */
#define PATIENCE_MS	10000

enum phase { PHASE_BACKENDS, PHASE_KILL, PHASE_GONE, PHASE_NODES };

struct end {
	struct dom *d;
	enum phase phase;
	struct job *job;
	struct loop_timer *timer;
	int tick;			/* ms */
	int64_t since;			/* of waiting for it to be gone */
	bool stuck;			/* and it was told */
	end_done_fn *done;
	void *arg;
};

/* ---- being stuck ---- */

static void tell_stuck(struct end *e, const struct fault *f)
{
	struct json_object *more = json_object_new_object();

	json_object_object_add(more, "holders", json_object_new_string(
							f->hint));
	event_emit(e->d, "stuck", more, "%s", f->text);
	dom_tell_stuck(e->d, f);
}

static void stuck_dying(struct end *e)
{
	struct xen_domctl_getdomaininfo info;
	struct fault f;
	char who[200];

	if (hvctl_domain_info(e->d->hd->hv, e->d->domid, &info))
		return;
	fault_set(&f, EBUSY, "destroy", e->d->name,
		  "domain %u is dying, but %llu of its pages are still held",
		  e->d->domid, (unsigned long long)info.tot_pages);
	if (holders_list(who, sizeof(who)))
		fault_hint(&f, "processes that map guests' pages: %s", who);
	else
		fault_hint(&f, "no process of dom0 maps guests' pages: see hvxl dmesg");
	tell_stuck(e, &f);
}

/* ---- phases ---- */

static void step(struct end *e);

static void again(struct end *e, enum phase phase, int ms)
{
	e->phase = phase;
	loop_arm(e->timer, ms);
}

static void on_timer(void *arg)
{
	step(arg);
}

static void on_backends(void *arg, const struct fault *f)
{
	struct end *e = arg;

	(void)f;
	e->phase = PHASE_KILL;
	step(e);
}

/* In the child: giving back much memory takes long. */
static size_t run_destroy(void *arg, void *result)
{
	struct dom *d = arg;
	struct hvctl *hv = hvctl_open();
	int err = 0;

	if (!hv || hvctl_domain_destroy(hv, d->domid))
		err = errno;
	memcpy(result, &err, sizeof(err));
	return sizeof(err);
}

static void on_destroyed(void *arg, const void *result, size_t size,
			 const char *why)
{
	struct end *e = arg;
	int err = 0;

	e->job = NULL;
	if (size != sizeof(err)) {
		log_err("%s: destroying it: %s", e->d->name, why);
		again(e, PHASE_KILL, TICK_STUCK);
		return;
	}
	memcpy(&err, result, sizeof(err));
	if (err && err != ESRCH)
		log_warn("%s: destroying domain %u: %s", e->d->name,
			 e->d->domid, strerror(err));
	/* The store daemon has seen it die; this is for one that hasn't. */
	store_release(e->d->hd->store, e->d->domid);
	e->since = loop_now();
	e->phase = PHASE_GONE;
	step(e);
}

static void start_destroy(struct end *e)
{
	if (!end_domain_exists(e->d)) {
		e->phase = PHASE_NODES;
		step(e);
		return;
	}
	e->job = job_start(e->d->hd->loop, "hvxd-destroy", run_destroy, e->d,
			   -1, on_destroyed, e);
	if (!e->job) {
		log_err("%s: starting its destruction: %s", e->d->name,
			strerror(errno));
		again(e, PHASE_KILL, TICK_STUCK);
	}
}

bool end_domain_exists(struct dom *d)
{
	struct xen_domctl_getdomaininfo info;
	uint8_t handle[16];

	if (d->domid == DOMID_NONE)
		return false;
	if (hvctl_domain_info(d->hd->hv, d->domid, &info))
		return errno != ESRCH;
	/* The id may be another domain's by now. */
	return !uuid_bytes(d->uuid, handle) &&
	       !memcmp(handle, info.handle, sizeof(handle));
}

static void await_gone(struct end *e)
{
	if (!end_domain_exists(e->d)) {
		e->phase = PHASE_NODES;
		step(e);
		return;
	}
	if (!e->stuck && loop_now() - e->since > PATIENCE_MS) {
		e->stuck = true;
		stuck_dying(e);
	}
	e->tick = e->tick * 2 < TICK_MAX ? e->tick * 2 : TICK_MAX;
	/* A second call does no harm, and helps if the first was cut short. */
	if (e->stuck)
		again(e, PHASE_KILL, TICK_STUCK);
	else
		again(e, PHASE_GONE, e->tick);
}

static void remove_nodes(struct end *e)
{
	struct dom *d = e->d;
	struct fault f;

	if (d->domid == DOMID_NONE ||
	    !nodes_remove(d->hd->store, d->domid, d->uuid)) {
		loop_del_timer(e->timer);
		d->end = NULL;
		d->domid = DOMID_NONE;
		e->done(d, e->arg);
		free(e);
		return;
	}
	if (!e->stuck) {
		e->stuck = true;
		fault_errno(&f, "destroy", d->name,
			    "the domain is gone, but its store nodes can't be removed");
		tell_stuck(e, &f);
	}
	again(e, PHASE_NODES, TICK_STUCK);
}

static void step(struct end *e)
{
	switch (e->phase) {
	case PHASE_BACKENDS:
		if (!backend_stop(e->d, on_backends, e))
			on_backends(e, NULL);
		break;
	case PHASE_KILL:
		start_destroy(e);
		break;
	case PHASE_GONE:
		await_gone(e);
		break;
	case PHASE_NODES:
		remove_nodes(e);
		break;
	}
}

void end_begin(struct dom *d, end_done_fn *done, void *arg)
{
	struct end *e = calloc(1, sizeof(*e));

	if (!e || !(e->timer = loop_add_timer(d->hd->loop, on_timer, e))) {
		log_err("%s: no memory to end it", d->name);
		abort();
	}
	e->d = d;
	e->done = done;
	e->arg = arg;
	e->tick = TICK_MIN;
	d->end = e;
	/* It shall not run on while what it uses goes away. */
	if (end_domain_exists(d))
		hvctl_domain_pause(d->hd->hv, d->domid);
	step(e);
}

void end_poke(struct dom *d)
{
	struct end *e = d->end;

	if (e && !e->job && (e->phase == PHASE_GONE || e->stuck))
		loop_arm(e->timer, 0);
}
