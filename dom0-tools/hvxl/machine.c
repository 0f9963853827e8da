/* SPDX-License-Identifier: MIT */
/* The machine's processors, as sets of CPUs in configurations name them. */
#include "machine.h"

#include <stdlib.h>
#include <string.h>
#include "hvxl.h"

/* A configuration can be checked (create -n) where there is no hypervisor. */
void machine_read(struct cfg_host *host)
{
	struct hvctl *h = hv_or_null();
	struct xen_sysctl_physinfo phys;
	struct xen_sysctl_cputopo *topo;
	uint32_t *nodes;
	int i, n;

	memset(host, 0, sizeof(*host));
	if (!h || hvctl_physinfo(h, &phys))
		return;
	host->cpus = phys.max_cpu_id + 1;
	topo = xalloc(host->cpus, sizeof(*topo));
	n = hvctl_topology(h, topo, host->cpus);
	if (n == (int)host->cpus) {
		nodes = xalloc(n, sizeof(*nodes));
		for (i = 0; i < n; i++)
			nodes[i] = topo[i].node;
		host->node_of_cpu = nodes;
	}
	free(topo);
}

void machine_free(struct cfg_host *host)
{
	/* Made above: ours to free. */
	free((void *)(uintptr_t)host->node_of_cpu);
	memset(host, 0, sizeof(*host));
}
