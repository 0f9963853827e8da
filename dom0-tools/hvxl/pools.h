/* SPDX-License-Identifier: MIT */
/* CPU pools: what the hypervisor and the store know of them. */
#ifndef HVXL_POOLS_H
#define HVXL_POOLS_H

#include <stdbool.h>
#include <stdint.h>

#define POOL_CPUS	1024	/* more than any machine that is supported */

struct pool {
	uint32_t id, sched;
	unsigned int domains;
	char *name;
	uint8_t cpus[POOL_CPUS / 8];	/* a bit each */
};

/* All pools, ascending; the count. */
unsigned int pools_list(struct pool **out);
void pools_free(struct pool *list, unsigned int n);
/* To be freed; "Pool-N" if it was never given another. */
char *pool_name(uint32_t id);
bool pool_has_cpu(const struct pool *p, unsigned int cpu);
unsigned int pool_cpu_count(const struct pool *p);

#endif /* HVXL_POOLS_H */
