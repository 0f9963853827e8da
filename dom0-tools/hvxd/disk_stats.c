/* SPDX-License-Identifier: MIT */
#include "disk_stats.h"

#include <json-c/json.h>
#include <common/json_put.h>
#include "backend.h"

int disk_counts(struct dom *d, unsigned int i, struct state_counts *c)
{
	char path[320];

	backend_state_path(d, disks_kind.program, path, sizeof(path));
	return stats_read(path, d->config.disks[i].number, c);
}

static struct json_object *one(struct dom *d, unsigned int i)
{
	struct json_object *o = json_object_new_object();
	struct state_counts c = { .reads = 0 };
	char text[80];

	disk_counts(d, i, &c);
	put_number(o, "domid", d->domid);
	put_number(o, "device", d->config.disks[i].number);
	put_text(o, "vdev", d->config.disks[i].vdev);
	put_number(o, "read-requests", c.reads);
	put_number(o, "write-requests", c.writes);
	put_number(o, "flush-requests", c.flushes);
	put_number(o, "discard-requests", c.discards);
	put_number(o, "read-sectors", c.read_sectors);
	put_number(o, "write-sectors", c.written_sectors);
	put_number(o, "errors", c.errors);
	put_text(o, "error", stats_error(&c, text, sizeof(text)));
	put_number(o, "error-time", c.error_time);
	return o;
}

void disk_stats_add(struct dom *d, struct json_object *list)
{
	unsigned int i;

	for (i = 0; d->domid != DOMID_NONE && i < d->config.disk_count; i++)
		json_object_array_add(list, one(d, i));
}
