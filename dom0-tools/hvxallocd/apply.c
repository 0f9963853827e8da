/* SPDX-License-Identifier: MIT */
/* A target, to the guest and to the hypervisor, as mem-set does it. */
#include "allocd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What libxl adds to a domain's limit for what isn't the guest's RAM, KiB. */
#define LIMIT_SLACK_KIB	1024

static int put(struct allocd *a, const char *path, uint64_t n)
{
	char value[32];

	snprintf(value, sizeof(value), "%" PRIu64, n);
	return xs_write(a->xs, XBT_NULL, path, value, strlen(value)) ? 0 : -1;
}

int put_memory(struct allocd *a, uint32_t domid, const char *node, uint64_t n)
{
	char path[96];

	snprintf(path, sizeof(path), "/local/domain/%u/memory/%s", domid, node);
	return put(a, path, n);
}

/* Where libxl notes it, too, in MiB. */
static void put_vm(struct allocd *a, const uint8_t *h, uint64_t kib)
{
	char path[64];

	snprintf(path, sizeof(path),
		 "/vm/%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x/memory",
		 h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8], h[9],
		 h[10], h[11], h[12], h[13], h[14], h[15]);
	put(a, path, kib >> 10);
}

/* The limit is raised before the guest is told, and lowered after: it can
 * neither keep nor take what it was not given. */
int apply_target(struct allocd *a, unsigned int i, uint64_t target)
{
	struct alloc_guest *g = &a->guests[i];
	uint64_t limit = target + LIMIT_SLACK_KIB;
	bool up = target > g->target;

	if (up && hvctl_domain_max_mem(a->hv, g->domid, limit))
		return -1;
	if (put_memory(a, g->domid, "target", target)) {
		int err = errno;

		if (up)
			hvctl_domain_max_mem(a->hv, g->domid,
					     g->target + LIMIT_SLACK_KIB);
		errno = err;
		return -1;
	}
	if (!up)
		hvctl_domain_max_mem(a->hv, g->domid, limit);
	if (g->domid)
		put_vm(a, a->infos[i].handle, target);
	policy_applied(a->host.now, target, g);
	return 0;
}
