/* SPDX-License-Identifier: MIT */
/*
 * A dom0 for tools under test: libhvctl's and the store's calls, answered from
 * one piece of memory that processes share, so that a command may run in a
 * child and what it did is seen afterwards.
 */
#ifndef TESTS_HOST_FAKE_DOM0_H
#define TESTS_HOST_FAKE_DOM0_H

#include <stdbool.h>
#include <libhvctl/hvctl.h>

#define FAKE_DOMAINS	32
#define FAKE_VCPUS	4
#define FAKE_CPUS	4
#define FAKE_NODES	256

struct fake_domain {
	bool there;
	struct xen_domctl_getdomaininfo info;
	struct xen_domctl_sched_credit credit;
	uint64_t max_kib;		/* as set; 0: never */
	uint8_t hard[FAKE_VCPUS], soft[FAKE_VCPUS];
	unsigned int pauses;
	unsigned int triggers;
	bool sticky;		/* destroyed, it stays as a dying one */
};

struct fake_node {
	char path[128], value[128];
};

struct fake_dom0 {
	struct fake_domain domains[FAKE_DOMAINS];	/* by id */
	struct fake_node nodes[FAKE_NODES];
	struct xen_sysctl_credit_schedule credit;
	unsigned int opened_hypervisor, opened_store;
	unsigned int reads;			/* of the store's nodes */
	unsigned int lists;			/* of domains */
	void (*after_list)(void);		/* what happens then; or NULL */
	unsigned int commits_to_refuse;		/* with EAGAIN */
	bool no_hypervisor, no_store;
	uint64_t free_pages;		/* that the hypervisor says it has */
	/* Guests that take notice of control/shutdown at once. */
	bool obedient;
	char keys[32];
};

extern struct fake_dom0 *dom0;

/* dom0 with 512 MiB and two processors, and nothing else. */
void fake_dom0_reset(void);
struct fake_domain *fake_domain_add(unsigned int id, const char *name,
				    unsigned int mib, unsigned int vcpus);
const char *fake_node(const char *path);	/* NULL: none */
void fake_node_set(const char *path, const char *value);

#endif /* TESTS_HOST_FAKE_DOM0_H */
