/* SPDX-License-Identifier: MIT */
/*
 * A domain's working set: an operation of hvx's own, done by pieces. The
 * domain is paused during a piece, so it gets time to run between two.
 */
#include <libhvctl/hvctl.h>

#include <errno.h>
#include <time.h>
#include "private.h"

static void ws_from_abi(const struct xen_domctl_hvx_working_set *ws,
			struct hvctl_working_set *out)
{
	out->total_kib = ws->pages * 4;
	out->kib = ws->watched ?
		   out->total_kib * ws->touched / ws->watched : 0;
	out->watched = ws->watched;
	out->touched = ws->touched;
	out->unseen = ws->unseen;
	out->out_kib = (uint64_t)ws->paged_out * 4;
	out->in_kib = (uint64_t)ws->paged_in * 4;
	out->interval_ns = ws->interval_ns;
	out->core_ns = ws->core_ns;
}

static int ask(struct hvctl *h, uint32_t domid, uint32_t samples, uint32_t keep,
	       struct hvctl_working_set *out)
{
	static const struct timespec pause = { .tv_nsec = 1000000 };
	struct xen_domctl *op;

	for (;;) {
		op = hvctl_domctl_new(h, XEN_DOMCTL_hvx_working_set, domid);
		op->u.hvx_working_set.samples = samples;
		op->u.hvx_working_set.keep = keep;
		if (hvctl_domctl_do(h, op))
			break;
		if (!op->u.hvx_working_set.more) {
			ws_from_abi(&op->u.hvx_working_set, out);
			return 0;
		}
		nanosleep(&pause, NULL);
	}
	if (errno == ENOSYS)
		errno = EOPNOTSUPP;
	return -1;
}

int hvctl_working_set(struct hvctl *h, uint32_t domid, uint32_t samples,
		      struct hvctl_working_set *out)
{
	return ask(h, domid, samples, 0, out);
}

int hvctl_working_set_so_far(struct hvctl *h, uint32_t domid,
			     struct hvctl_working_set *out)
{
	return ask(h, domid, 0, 1, out);
}
