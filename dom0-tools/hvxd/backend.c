/* SPDX-License-Identifier: MIT */
#include "backend.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static const struct kind {
	const char *program;
	const char *devices;
} kinds[] = {
	{ "blkback", "disks" },
	{ "netback", "network cards" },
};

static unsigned int count(const struct guest_config *c, unsigned int kind)
{
	return kind ? c->vif_count : c->disk_count;
}

int backend_check(struct hvxd *hd, const struct guest_config *c,
		  struct fault *f)
{
	unsigned int i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (!count(c, i))
			continue;
		fault_set(f, ENOTSUP, "devices", c->name,
			  "its %s need the program %s/%s, which this hvxd can't start",
			  kinds[i].devices, hd->backend_folder,
			  kinds[i].program);
		fault_hint(f, "leave out its %s", kinds[i].devices);
		return -1;
	}
	return 0;
}

int backend_put_nodes(struct dom *d, struct store_txn *t)
{
	(void)d;
	(void)t;
	return 0;
}

int backend_start(struct dom *d, backend_done_fn *done, void *arg,
		  struct fault *f)
{
	(void)d;
	(void)done;
	(void)arg;
	(void)f;
	return 0;
}

bool backend_stop(struct dom *d, backend_done_fn *done, void *arg)
{
	(void)d;
	(void)done;
	(void)arg;
	return false;
}
