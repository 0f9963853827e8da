/* SPDX-License-Identifier: MIT */
#include "life.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <abi/sched.h>
#include <json-c/json.h>
#include <common/log.h>
#include <common/server.h>
#include "create.h"
#include "end.h"
#include "events.h"
#include "nodes.h"
#include "order.h"
#include "state.h"

void life_free_name(struct hvxd *hd, const char *name, char *buf, size_t size)
{
	unsigned int n = 0;

	do {
		snprintf(buf, size, "%s-%u", name, ++n);
	} while (dom_by_name(hd, buf));
}

void life_forget(struct dom *d)
{
	state_remove(d->hd, d->uuid);
	dom_free(d);
}

/* ---- ends ---- */

static void on_destroyed(struct dom *d, void *arg)
{
	(void)arg;
	event_emit(d, "destroyed", NULL, "%s", d->why);
	life_forget(d);
}

void life_destroy(struct dom *d, struct request *r, const char *why)
{
	struct fault f;

	if (r)
		dom_wait(d, WAIT_GONE, r);
	if (d->create) {
		fault_set(&f, ECANCELED, "create", d->name,
			  "it was destroyed while it was created");
		create_cancel(d, &f);
		return;
	}
	dom_set_state(d, DOM_DYING, "%s", why);
	state_write(d);
	if (!d->end)
		end_begin(d, on_destroyed, NULL);
}

/* ---- restarts ---- */

static void on_started(struct dom *d, const struct fault *f, void *arg)
{
	(void)arg;
	if (!f) {
		event_emit(d, "created", NULL, "restart %u", d->restarts);
		return;
	}
	log_err("%s: can't be started again: %s", d->name, f->text);
	life_forget(d);
}

void life_start_again(struct dom *d)
{
	struct fault f;

	d->restarted = wall_now();
	d->restarts++;
	dom_set_state(d, DOM_BUILDING, NULL);
	if (!check_config(d->hd, &d->config, &f) &&
	    !check_memory(d->hd, &d->config, &f)) {
		create_begin(d, NULL, false, on_started, NULL);
		return;
	}
	event_emit(d, "create-failed", NULL, "%s", f.text);
	on_started(d, &f, NULL);
}

static void on_timer(void *arg)
{
	life_start_again(arg);
}

static void on_ended(struct dom *d, void *arg)
{
	(void)arg;
	if (d->state != DOM_RESTARTING) {
		on_destroyed(d, NULL);
		return;
	}
	state_write(d);
	if (!d->timer)
		d->timer = loop_add_timer(d->hd->loop, on_timer, d);
	if (!d->timer)
		on_destroyed(d, NULL);
	else
		loop_arm(d->timer, d->delay);
}

void life_resume_restart(struct dom *d)
{
	d->delay = 0;
	end_begin(d, on_ended, NULL);
}

static void restart(struct dom *d, int64_t delay)
{
	event_emit(d, "restarting", NULL, delay ? "in %lld s, as it was restarted just before"
						: NULL,
		   (long long)(delay + 999) / 1000);
	dom_set_state(d, DOM_RESTARTING, "%s", d->why);
	d->delay = delay;
	state_write(d);
	end_begin(d, on_ended, NULL);
}

/* ---- putting aside ---- */

/* A domain like d in the table: its name, UUID and configuration. */
static struct dom *copy(struct dom *d)
{
	struct json_object *o = guest_to_json(&d->config);
	struct dom *n = o ? dom_new(d->hd, d->name, d->uuid) : NULL;
	char why[GUEST_WHY];

	if (n && guest_from_json(o, &n->config, why)) {
		log_err("%s: its configuration: %s", d->name, why);
		dom_free(n);
		n = NULL;
	}
	json_object_put(o);
	return n;
}

static int put_aside(struct dom *d, char *uuid)
{
	struct guest_config made = { 0 };
	uint8_t handle[16];
	char name[256];
	int rc = -1;

	life_free_name(d->hd, d->name, name, sizeof(name));
	if (guest_config_make_uuid(&made))
		return -1;
	uuid_bytes(made.uuid, handle);
	if (!hvctl_domain_set_handle(d->hd->hv, d->domid, handle) &&
	    !nodes_rename(d, name, made.uuid) && !dom_set_name(d, name)) {
		snprintf(uuid, UUID_TEXT, "%s", made.uuid);
		rc = 0;
	}
	guest_config_free(&made);
	return rc;
}

/* The shut-down domain stays under another name and UUID; one like it is
 * started under its own. */
static void rename_restart(struct dom *d, int64_t delay)
{
	char uuid[UUID_TEXT];
	struct dom *n = copy(d);

	if (!n || put_aside(d, uuid)) {
		log_err("%s: can't be put aside: %s; it is kept as it is",
			d->name, strerror(errno));
		if (n)
			dom_free(n);
		return;
	}
	snprintf(d->uuid, sizeof(d->uuid), "%s", uuid);
	free(d->config.uuid);
	d->config.uuid = strdup(uuid);
	event_emit(d, "renamed", NULL, "it was %s, which is started again",
		   n->name);
	state_write(d);
	n->restarts = d->restarts;
	n->restarted = d->restarted;
	dom_set_state(n, DOM_RESTARTING, "%s", d->why);
	n->delay = delay;
	event_emit(n, "restarting", NULL, NULL);
	on_ended(n, NULL);
}

/* ---- the hypervisor says that it has shut down ---- */

static void tell_shutdown(struct dom *d, const char *reason, const char *note,
			  bool crashed)
{
	struct json_object *more = json_object_new_object();

	json_object_object_add(more, "reason", json_object_new_string(reason));
	event_emit(d, crashed ? "crashed" : "shutdown", more, note ? "%s, %s"
								   : "%s",
		   reason, note);
}

void life_shutdown(struct dom *d, unsigned int reason)
{
	bool crashed = reason == SHUTDOWN_crash || reason == SHUTDOWN_watchdog;
	const char *name = life_reason_name(reason);
	struct life_verdict v;

	v = life_decide(&d->config, reason, wall_now(), d->restarted,
			d->hd->restart_interval);
	dom_set_state(d, crashed ? DOM_CRASHED : DOM_SHUTDOWN, "%s", name);
	tell_shutdown(d, name, v.note, crashed);
	order_drop(d);
	dom_tell_end(d, name);
	switch (v.act) {
	case LIFE_KEEP:
		state_write(d);
		break;
	case LIFE_DESTROY:
		life_destroy(d, NULL, name);
		break;
	case LIFE_RESTART:
		restart(d, v.delay);
		break;
	case LIFE_RENAME_RESTART:
		rename_restart(d, v.delay);
		break;
	}
}
