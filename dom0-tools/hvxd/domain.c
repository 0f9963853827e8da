/* SPDX-License-Identifier: MIT */
/* The table of domains, and what each is called. */
#include "hvxd.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <json-c/json.h>
#include <common/server.h>
#include "backend.h"
#include "order.h"

const char *const dom_state_names[DOM_STATES] = {
	[DOM_BUILDING] = "building", [DOM_RUNNING] = "running",
	[DOM_PAUSED] = "paused", [DOM_SHUTDOWN] = "shutdown",
	[DOM_CRASHED] = "crashed", [DOM_DYING] = "dying",
	[DOM_RESTARTING] = "restarting", [DOM_FOREIGN] = "foreign",
};

struct waiter {
	struct waiter *next;
	enum dom_wait what;
	struct request *req;
};

/* ---- UUIDs ---- */

void uuid_text(const uint8_t *b, char *text)
{
	unsigned int i;

	for (i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*text++ = '-';
		text += sprintf(text, "%02x", b[i]);
	}
}

/* By hand: each census asks for each domain's, and sscanf is slow. */
static unsigned int nibble(char c)
{
	return c <= '9' ? c - '0' : (c | ' ') - 'a' + 10;
}

int uuid_bytes(const char *text, uint8_t *bytes)
{
	unsigned int i;

	if (strlen(text) != UUID_TEXT - 1)
		return -1;
	for (i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			if (*text++ != '-')
				return -1;
		if (!isxdigit((unsigned char)text[0]) ||
		    !isxdigit((unsigned char)text[1]))
			return -1;
		bytes[i] = nibble(text[0]) << 4 | nibble(text[1]);
		text += 2;
	}
	return 0;
}

/* ---- who waits for its end ---- */

void dom_wait(struct dom *d, enum dom_wait what, struct request *r)
{
	struct waiter *w = calloc(1, sizeof(*w));
	struct fault f;

	if (!w) {
		fault_set(&f, ENOMEM, NULL, d->name, "no memory");
		req_fail(r, &f);
		return;
	}
	w->what = what;
	w->req = r;
	w->next = d->waiters;
	d->waiters = w;
}

/* The next one of this kind, unlinked; NULL: none. */
static struct waiter *take(struct dom *d, enum dom_wait what)
{
	struct waiter **p = &d->waiters, *w;

	while ((w = *p) && w->what != what)
		p = &w->next;
	if (w)
		*p = w->next;
	return w;
}

void dom_tell_end(struct dom *d, const char *reason)
{
	struct json_object *o;
	struct waiter *w;

	while ((w = take(d, WAIT_END))) {
		o = json_object_new_object();
		json_object_object_add(o, "reason",
				       json_object_new_string(reason));
		req_ok(w->req, o);
		free(w);
	}
}

void dom_tell_stuck(struct dom *d, const struct fault *f)
{
	struct waiter *w;

	while ((w = take(d, WAIT_GONE))) {
		req_fail(w->req, f);
		free(w);
	}
}

/* ---- the table ---- */

struct dom *dom_new(struct hvxd *hd, const char *name, const char *uuid)
{
	struct dom *d = calloc(1, sizeof(*d)), **p = &hd->doms;

	if (!d)
		return NULL;
	d->name = strdup(name);
	if (!d->name) {
		free(d);
		return NULL;
	}
	d->hd = hd;
	snprintf(d->uuid, sizeof(d->uuid), "%s", uuid);
	d->domid = DOMID_NONE;
	d->since = d->started = wall_now();
	while (*p)
		p = &(*p)->next;
	*p = d;
	return d;
}

void dom_free(struct dom *d)
{
	struct dom **p = &d->hd->doms;
	struct waiter *w;

	while (*p != d)
		p = &(*p)->next;
	*p = d->next;
	order_drop(d);
	dom_tell_end(d, "destroyed");
	while ((w = take(d, WAIT_GONE))) {
		req_ok(w->req, NULL);
		free(w);
	}
	backend_leave(d);
	loop_del_timer(d->timer);
	guest_config_free(&d->config);
	free(d->name);
	free(d);
}

struct dom *dom_by_name(struct hvxd *hd, const char *name)
{
	struct dom *d = hd->doms;

	while (d && strcmp(d->name, name))
		d = d->next;
	return d;
}

struct dom *dom_by_uuid(struct hvxd *hd, const char *uuid)
{
	struct dom *d = hd->doms;

	while (d && strcasecmp(d->uuid, uuid))
		d = d->next;
	return d;
}

struct dom *dom_by_id(struct hvxd *hd, uint32_t domid)
{
	struct dom *d = hd->doms;

	if (domid == DOMID_NONE)
		return NULL;
	while (d && d->domid != domid)
		d = d->next;
	return d;
}

struct dom *dom_find(struct hvxd *hd, const char *what)
{
	struct dom *d = dom_by_name(hd, what);
	unsigned long id;
	char *end;

	if (d)
		return d;
	id = strtoul(what, &end, 10);
	if (isdigit((unsigned char)*what) && !*end && id < DOMID_NONE)
		return dom_by_id(hd, id);
	return dom_by_uuid(hd, what);
}

void dom_set_state(struct dom *d, enum dom_state state, const char *fmt, ...)
{
	va_list ap;

	if (d->state != state)
		d->since = wall_now();
	d->state = state;
	d->why[0] = 0;
	if (!fmt)
		return;
	va_start(ap, fmt);
	vsnprintf(d->why, sizeof(d->why), fmt, ap);
	va_end(ap);
}

int dom_set_name(struct dom *d, const char *name)
{
	char *copy = strdup(name), *second = strdup(name);

	if (!copy || !second) {
		free(copy);
		free(second);
		return -1;
	}
	free(d->name);
	d->name = copy;
	free(d->config.name);
	d->config.name = second;
	return 0;
}

enum dom_state dom_state_now(struct dom *d)
{
	struct xen_domctl_getdomaininfo info;

	if (d->state != DOM_RUNNING && d->state != DOM_PAUSED)
		return d->state;
	if (hvctl_domain_info(d->hd->hv, d->domid, &info))
		return d->state;
	if (info.flags & XEN_DOMINF_dying)
		return DOM_DYING;
	if (info.flags & XEN_DOMINF_shutdown)
		return DOM_SHUTDOWN;
	return info.flags & XEN_DOMINF_paused ? DOM_PAUSED : DOM_RUNNING;
}

struct json_object *dom_to_json(struct dom *d)
{
	struct json_object *o = json_object_new_object();
	enum dom_state state = dom_state_now(d);
	char time[32];

	if (d->domid != DOMID_NONE)
		json_object_object_add(o, "domid",
				       json_object_new_int(d->domid));
	json_object_object_add(o, "name", json_object_new_string(d->name));
	json_object_object_add(o, "uuid", json_object_new_string(d->uuid));
	json_object_object_add(o, "state", json_object_new_string(
						   dom_state_names[state]));
	json_object_object_add(o, "since", json_object_new_string(
						   wall_text(d->since, time)));
	json_object_object_add(o, "why", json_object_new_string(d->why));
	json_object_object_add(o, "restarts",
			       json_object_new_int(d->restarts));
	return o;
}
