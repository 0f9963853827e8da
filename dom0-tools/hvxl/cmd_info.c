/* SPDX-License-Identifier: MIT */
/* info: the machine and its hypervisor. */
#include "cmds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "args.h"
#include "hvxl.h"
#include "out.h"
#include "pools.h"

#define MAX_NODES	64

const struct option_def info_options[] = {
	{ 'n', "numa", NULL, "Processors, nodes and devices, too" },
	{ 0 }
};

static void need(int rc, const char *what)
{
	if (rc < 0)
		die("the hypervisor does not tell %s: %s", what,
		    strerror(errno));
}

static unsigned int free_cpus(const struct xen_sysctl_physinfo *phys)
{
	struct pool *pools;
	unsigned int i, n = pools_list(&pools), used = 0;

	for (i = 0; i < n; i++)
		used += pool_cpu_count(&pools[i]);
	pools_free(pools, n);
	return used < phys->nr_cpus ? phys->nr_cpus - used : 0;
}

static void read_numa(struct host_info *h)
{
	int n;

	h->numa = true;
	h->cpus = xalloc(h->phys.max_cpu_id + 1, sizeof(*h->cpus));
	n = hvctl_topology(hv(), h->cpus, h->phys.max_cpu_id + 1);
	need(n, "its processors' places");
	h->cpu_count = n;
	h->nodes = xalloc(MAX_NODES, sizeof(*h->nodes));
	h->distances = xalloc(MAX_NODES * MAX_NODES, sizeof(*h->distances));
	n = hvctl_numa(hv(), h->nodes, h->distances, MAX_NODES);
	need(n, "its nodes");
	h->node_count = n;
}

static void read_host(struct host_info *h, bool numa)
{
	memset(h, 0, sizeof(*h));
	uname(&h->uname);
	need(hvctl_version(hv(), &h->version), "its version");
	need(hvctl_physinfo(hv(), &h->phys), "what the machine has");
	h->scheduler = sched_name(sched_id());
	h->free_cpus = free_cpus(&h->phys);
	if (numa)
		read_numa(h);
}

int cmd_info(int argc, char **argv)
{
	struct host_info h;
	bool numa = false;
	const char *arg;
	char **rest;
	int c, rc = 0;

	while ((c = args_next(argc, argv, &arg)) >= 0)
		numa |= c == 'n';
	c = args_rest(argc, argv, 0, 1, &rest);
	read_host(&h, numa);
	if (hvxl.json)
		rc = json_print(stdout, json_info(&h));
	else
		table_info(stdout, &h, c ? rest[0] : NULL);
	free(h.cpus);
	free(h.nodes);
	free(h.distances);
	free(h.devices);
	return rc;
}
