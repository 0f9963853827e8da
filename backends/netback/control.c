/* SPDX-License-Identifier: MIT */
/* The parent's requests, see backends/README.md. */
#include "netback.h"

#include <errno.h>
#include <string.h>
#include "backends/common/parent.h"

/* ---- events ------------------------------------------------------------- */

void control_event(struct service *s, const char *event, const struct vif *v,
		   const char *text)
{
	parent_event(s->parent, event, &v->dev.nodes.device, 0, text);
}

void control_detached(struct service *s, int64_t id)
{
	parent_ok(s->parent, id, json_object_new_object());
}

/* ---- doing -------------------------------------------------------------- */

static void do_attach(struct service *s, struct call *c)
{
	uint32_t device = call_number(c, "device");
	struct vif_spec spec = {
		.rate_bytes = call_number(c, "rate-bytes"),
		.rate_interval = call_number(c, "rate-interval"),
		.taps = c->fds,
	};
	char why[VIF_WHY];
	struct json_object *ok;
	struct vif *v;

	if (!c->fds || c->fds > STATE_QUEUES) {
		call_error(c, EBADF, "attach brings 1 to 4 descriptors");
		return;
	}
	if (vif_find(s, device)) {
		call_error(c, EEXIST, "the guest has this device");
		return;
	}
	memcpy(spec.tap, c->fd, c->fds * sizeof(int));
	c->fds = 0;
	v = vif_attach(s, device, call_text(c, "vif"), &spec, why);
	if (!v) {
		call_error(c, errno, why);
		return;
	}
	ok = json_object_new_object();
	parent_add_number(ok, "queues", v->taps);
	call_ok(c, ok);
}

static void do_detach(struct vif *v, struct call *c)
{
	if (!vif_detach(v, call_flag(c, "force"), c->id))
		call_error(c, EBUSY, "it is being detached");
}

static void do_stats(struct vif *v, struct call *c)
{
	struct json_object *ok = json_object_new_object();
	const struct counters *n = &v->count;

	parent_add_number(ok, "tx-packets", n->tx_frames);
	parent_add_number(ok, "tx-bytes", n->tx_bytes);
	parent_add_number(ok, "tx-dropped", n->tx_dropped);
	parent_add_number(ok, "tx-errors", n->tx_errors);
	parent_add_number(ok, "rx-packets", n->rx_frames);
	parent_add_number(ok, "rx-bytes", n->rx_bytes);
	parent_add_number(ok, "rx-dropped", n->rx_dropped);
	parent_add_number(ok, "rx-errors", n->rx_errors);
	parent_add_number(ok, "queues", v->queues);
	json_object_object_add(ok, "carrier",
			       json_object_new_boolean(v->carrier > 0));
	call_ok(c, ok);
}

static void hear(void *arg, struct call *c)
{
	static const struct {
		const char *name;
		void (*fn)(struct vif *v, struct call *c);
	} list[] = {
		{ "detach", do_detach }, { "stats", do_stats },
	};
	const char *what = call_text(c, "do");
	struct service *s = arg;
	struct vif *v = vif_find(s, call_number(c, "device"));
	unsigned int i;

	if (!strcmp(what, "attach")) {
		do_attach(s, c);
		return;
	}
	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (strcmp(what, list[i].name))
			continue;
		if (v)
			list[i].fn(v, c);
		else
			call_error(c, ENODEV, "the guest has no such device");
		return;
	}
	call_error(c, EINVAL, "attach, detach and stats are known");
}

static void heard(void *arg)
{
	service_round(arg);
}

static void hung_up(void *arg)
{
	struct service *s = arg;
	struct vif *v;

	s->parent = NULL;
	for (v = s->vifs; v; v = v->next)
		vif_step(v);
	if (!s->vifs)
		loop_stop(s->loop);
}

int control_start(struct service *s, int fd)
{
	static const struct parent_fns fns = { hear, heard, hung_up };

	s->parent = parent_start(s->loop, fd, &fns, s);
	return s->parent ? 0 : -1;
}
