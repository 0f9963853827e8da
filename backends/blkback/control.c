/* SPDX-License-Identifier: MIT */
/* What the parent asks of a guest's disks: see backends/README.md. */
#include "blkback.h"

#include <errno.h>
#include <string.h>
#include "backends/common/parent.h"

void control_event(struct service *s, const char *event, const struct vbd *v,
		   int error, const char *text)
{
	parent_event(s->parent, event, &v->dev.nodes.device, error, text);
}

void control_detached(struct service *s, int64_t id)
{
	parent_ok(s->parent, id, json_object_new_object());
}

/* ---- requests ----------------------------------------------------------- */

static void do_attach(struct service *s, struct call *c)
{
	struct disk_spec spec = {
		.offset = call_number(c, "offset"),
		.length = call_number(c, "length"),
		.sector_size = call_number(c, "sector-size"),
		.readonly = call_flag(c, "readonly"),
		.discard = call_flag(c, "discard"),
		.shared = call_flag(c, "shared"),
		.image = call_flag(c, "image"),
	};
	uint32_t device = call_number(c, "device");
	struct json_object *ok;
	char why[DISK_WHY];
	struct vbd *v;

	if (c->fds != 1) {
		call_error(c, EBADF, "attach brings one descriptor");
		return;
	}
	if (vbd_find(s, device)) {
		call_error(c, EEXIST, "the guest has this device");
		return;
	}
	c->fds = 0;
	v = vbd_attach(s, device, call_text(c, "vdev"), c->fd[0], &spec, why);
	if (!v) {
		call_error(c, errno, why);
		return;
	}
	ok = json_object_new_object();
	parent_add_number(ok, "sectors", v->disk.limits.sectors);
	call_ok(c, ok);
}

static void do_detach(struct call *c, struct vbd *v)
{
	if (!vbd_detach(v, call_flag(c, "force"), c->id))
		call_error(c, EBUSY, "it is being detached");
}

static void do_resize(struct call *c, struct vbd *v)
{
	struct json_object *ok;
	char why[DISK_WHY];

	if (disk_resize(&v->disk, why)) {
		call_error(c, errno, why);
		return;
	}
	if (!xs_set_size(v)) {
		call_error(c, errno, "the store doesn't take the size");
		return;
	}
	ok = json_object_new_object();
	parent_add_number(ok, "sectors", v->disk.limits.sectors);
	call_ok(c, ok);
}

static void do_stats(struct call *c, struct vbd *v)
{
	struct json_object *ok = json_object_new_object();
	const struct state_counts *n = &v->st->count;
	unsigned int i, in_flight = 0;

	for (i = 0; i < STATE_QUEUES; i++)
		in_flight += v->queue[i].in_flight;
	parent_add_number(ok, "read-requests", n->reads);
	parent_add_number(ok, "write-requests", n->writes);
	parent_add_number(ok, "flush-requests", n->flushes);
	parent_add_number(ok, "discard-requests", n->discards);
	parent_add_number(ok, "read-sectors", n->read_sectors);
	parent_add_number(ok, "write-sectors", n->written_sectors);
	parent_add_number(ok, "errors", n->errors);
	parent_add_number(ok, "in-flight", in_flight);
	call_ok(c, ok);
}

static void on_disk(struct service *s, struct call *c,
		    void (*fn)(struct call *, struct vbd *))
{
	struct vbd *v = vbd_find(s, call_number(c, "device"));

	if (v)
		fn(c, v);
	else
		call_error(c, ENODEV, "the guest has no such device");
}

static void hear(void *arg, struct call *c)
{
	struct service *s = arg;
	const char *what = call_text(c, "do");

	if (!strcmp(what, "attach"))
		do_attach(s, c);
	else if (!strcmp(what, "detach"))
		on_disk(s, c, do_detach);
	else if (!strcmp(what, "resize"))
		on_disk(s, c, do_resize);
	else if (!strcmp(what, "stats"))
		on_disk(s, c, do_stats);
	else
		call_error(c, EINVAL,
			     "attach, detach, resize and stats are known");
}

static void heard(void *arg)
{
	service_round(arg);
}

static void hung_up(void *arg)
{
	struct service *s = arg;
	struct vbd *v;

	s->parent = NULL;
	for (v = s->disks; v; v = v->next)
		vbd_step(v);
	if (!s->disks)
		loop_stop(s->loop);
}

int control_start(struct service *s, int fd)
{
	static const struct parent_fns fns = { hear, heard, hung_up };

	s->parent = parent_start(s->loop, fd, &fns, s);
	return s->parent ? 0 : -1;
}
