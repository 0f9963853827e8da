/* SPDX-License-Identifier: MIT */
#include "hyper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <libhvctl/hvctl.h>

#define AT_ONCE		128

static struct hyper_domain *add(struct hyper_domain *list, int count,
				const struct xen_domctl_getdomaininfo *info,
				int n)
{
	int i;

	list = realloc(list, (count + n + 1) * sizeof(*list));
	for (i = 0; list && i < n; i++) {
		struct hyper_domain *d = &list[count + i];

		*d = (struct hyper_domain){ .domid = info[i].domain };
		memcpy(d->uuid, info[i].handle, 16);
		d->dying = info[i].flags & XEN_DOMINF_dying;
	}
	return list;
}

int hyper_domains(struct hyper *h, uint32_t first, struct hyper_domain **out)
{
	static struct xen_domctl_getdomaininfo info[AT_ONCE];
	static struct hvctl *ctl;
	struct hyper_domain *list = NULL, *longer;
	int count = 0, n;

	(void)h;
	if (!ctl && !(ctl = hvctl_open()))
		return -1;
	do {
		n = hvctl_domain_list(ctl, first, AT_ONCE, info);
		longer = n < 0 ? NULL : add(list, count, info, n);
		if (!longer) {
			free(list);
			return -1;
		}
		list = longer;
		count += n;
		if (n)
			first = info[n - 1].domain + 1;
	} while (n == AT_ONCE);
	*out = list;
	return count;
}
