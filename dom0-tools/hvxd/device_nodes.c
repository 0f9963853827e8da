/* SPDX-License-Identifier: MIT */
/* Where a device's nodes are, and in which order they are written: the same for
 * each kind. What is in them the kinds know (disks.c, nics.c). */
#include <stdio.h>
#include <string.h>
#include "backend.h"
#include "store.h"

struct device_nodes device_nodes(struct dom *d, const struct backend_kind *kind,
				 unsigned int i)
{
	struct device_nodes n = { .d = d, .kind = kind, .i = i };

	n.number = kind->number(&d->config, i);
	snprintf(n.back, sizeof(n.back), "/local/domain/0/backend/%s/%u/%u",
		 kind->back, d->domid, n.number);
	snprintf(n.front, sizeof(n.front), "/local/domain/%u/device/%s/%u",
		 d->domid, kind->front, n.number);
	snprintf(n.record, sizeof(n.record), "/libxl/%u/device/%s/%u",
		 d->domid, kind->front, n.number);
	if (kind->shown)
		snprintf(n.shown, sizeof(n.shown),
			 "/local/domain/0/backend/%s/%u/%u", kind->shown,
			 d->domid, n.number);
	return n;
}

static int put_front(const struct device_nodes *n, struct store_txn *t)
{
	uint32_t id = n->d->domid;

	return device_node(t, id, PERM_GUEST_SHOWN, n->front, "", "%s", "") ||
	       device_node(t, id, PERM_PARENT, n->front, "backend", "%s",
			   n->back) ||
	       device_node(t, id, PERM_PARENT, n->front, "backend-id", "0") ||
	       device_node(t, id, PERM_PARENT, n->front, "state", "1") ||
	       n->kind->put_front(n, t)
		       ? -1 : 0;
}

int device_nodes_put(const struct device_nodes *n, struct store_txn *t)
{
	if (n->kind->put_back(n, t, n->back, PERM_TOOLS) ||
	    put_front(n, t) ||
	    n->kind->put_back(n, t, n->record, PERM_PARENT) ||
	    (n->kind->put_shown && n->kind->put_shown(n, t)))
		return -1;
	return device_node(t, n->d->domid, PERM_PARENT, n->record, "backend",
			   "%s", n->back);
}

bool device_from_dom0(const char *domain)
{
	return !domain || !strcmp(domain, "0") || !strcmp(domain, "Domain-0");
}
