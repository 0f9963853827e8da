/* SPDX-License-Identifier: MIT */
/* CPU pools: what the hypervisor and the store know of them. */
#include "pools.h"

#include <stdlib.h>
#include <string.h>
#include "hvxl.h"

unsigned int pools_list(struct pool **out)
{
	struct xen_sysctl_cpupool_op op;
	struct pool *list = NULL, *p;
	unsigned int n = 0;
	uint32_t id = 0;

	for (;;) {
		list = xrealloc(list, n + 1, sizeof(*list));
		p = &list[n];
		memset(p, 0, sizeof(*p));
		if (hvctl_cpupool_info(hv(), id, &op, p->cpus, POOL_CPUS / 8))
			break;
		p->id = op.cpupool_id;
		p->sched = op.sched_id;
		p->domains = op.n_dom;
		p->name = pool_name(op.cpupool_id);
		n++;
		id = op.cpupool_id + 1;
	}
	*out = list;
	return n;
}

void pools_free(struct pool *list, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		free(list[i].name);
	free(list);
}

char *pool_name(uint32_t id)
{
	char *name = store_get("/local/pool/%u/name", id);

	if (name)
		return name;
	return xformat("Pool-%u", id);
}

bool pool_has_cpu(const struct pool *p, unsigned int cpu)
{
	return p->cpus[cpu / 8] >> cpu % 8 & 1;
}

unsigned int pool_cpu_count(const struct pool *p)
{
	unsigned int i, n = 0;

	for (i = 0; i < POOL_CPUS; i++)
		n += pool_has_cpu(p, i);
	return n;
}
