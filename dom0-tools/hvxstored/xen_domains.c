/* SPDX-License-Identifier: MIT */
/* Which domains there are, and how they are: asked of the hypervisor. */
#include "xen.h"

#include <errno.h>
#include <stdlib.h>
#include <libhvctl/hvctl.h>

#define BATCH	256

/* Opened by the first question, for good. */
static struct hvctl *handle(void)
{
	static struct hvctl *h;

	if (!h)
		h = hvctl_open();
	return h;
}

static enum xen_state state_of(const struct xen_domctl_getdomaininfo *i)
{
	if (i->flags & XEN_DOMINF_dying)
		return XEN_DYING;
	return i->flags & XEN_DOMINF_shutdown ? XEN_SHUTDOWN : XEN_RUNNING;
}

int xen_domains(xen_domain_fn *fn, void *arg)
{
	struct xen_domctl_getdomaininfo *info = calloc(BATCH, sizeof(*info));
	uint32_t first = 0;
	int n = -1, i;

	if (!info || !handle())
		goto out;
	do {
		n = hvctl_domain_list(handle(), first, BATCH, info);
		for (i = 0; i < n; i++) {
			fn(arg, info[i].domain, state_of(&info[i]));
			first = info[i].domain + 1;
		}
	} while (n == BATCH);
out:
	free(info);
	return n < 0 ? -1 : 0;
}

bool xen_domain_exists(unsigned int domid)
{
	struct xen_domctl_getdomaininfo info;

	return handle() && !hvctl_domain_info(handle(), domid, &info) &&
	       !(info.flags & XEN_DOMINF_dying);
}
