/* SPDX-License-Identifier: MIT */
/*
 * libhvctl: the control interface of the hypervisor, as functions.
 *
 * One function for each thing that tools ask; structures are the ABI's own
 * (hypercalls/abi). All return 0 (or a count where it says so), or -1 with
 * errno as the hypervisor set it. A handle belongs to one thread. Nothing here
 * prints, and nothing here keeps state of a domain.
 */
#ifndef LIBHVCTL_HVCTL_H
#define LIBHVCTL_HVCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <abi/domctl.h>
#include <abi/sysctl.h>

struct hvctl;

/* NULL and errno if there is no privcmd device: not dom0, or no module. */
struct hvctl *hvctl_open(void);
/* The same with so many pages for arguments (8 at least): for who asks little
 * and ends soon, since each page costs time at open and at close. */
struct hvctl *hvctl_open_sized(unsigned int pages);
void hvctl_close(struct hvctl *h);
/* Hypercalls made through the handle so far. */
uint64_t hvctl_calls(const struct hvctl *h);

/* ---- the hypervisor and the machine ---- */

struct hvctl_version {
	unsigned int major, minor;
	char extra[16];
	char caps[1024];		/* "xen-3.0-x86_64 ..." */
	char changeset[64];
	char command_line[1024];
	char compiler[64], compile_by[16], compile_domain[32], compile_date[32];
	char build_id[64];		/* hexadecimal, empty if it has none */
	unsigned long virt_start;
	unsigned long page_size;
};

int hvctl_version(struct hvctl *h, struct hvctl_version *out);
int hvctl_physinfo(struct hvctl *h, struct xen_sysctl_physinfo *out);
int hvctl_sched_id(struct hvctl *h, uint32_t *id);
/* Message ring: up to size bytes from index on, which moves; the count. */
int hvctl_dmesg(struct hvctl *h, char *buf, size_t size, uint32_t *index,
		bool clear);
int hvctl_debug_keys(struct hvctl *h, const char *keys);
/* At most max entries; the count that there are. */
int hvctl_topology(struct hvctl *h, struct xen_sysctl_cputopo *out,
		   unsigned int max);
int hvctl_numa(struct hvctl *h, struct xen_sysctl_meminfo *out,
	       uint32_t *distance, unsigned int max);
/* The pool with this id or the next; map of size bytes: its CPUs. */
int hvctl_cpupool_info(struct hvctl *h, uint32_t id,
		       struct xen_sysctl_cpupool_op *out, uint8_t *map,
		       size_t size);
int hvctl_credit_global_get(struct hvctl *h, uint32_t pool,
			    struct xen_sysctl_credit_schedule *out);
/* In: what to set; out: what is set now. */
int hvctl_credit_global_set(struct hvctl *h, uint32_t pool,
			    struct xen_sysctl_credit_schedule *inout);

/* ---- domains ---- */

/* Those with an id of first and above, ascending; the count. */
int hvctl_domain_list(struct hvctl *h, uint32_t first, unsigned int max,
		      struct xen_domctl_getdomaininfo *out);
/* errno ESRCH: there is no such domain. */
int hvctl_domain_info(struct hvctl *h, uint32_t domid,
		      struct xen_domctl_getdomaininfo *out);
/* *domid: the wish, or 0 for any; then the id given. */
int hvctl_domain_create(struct hvctl *h, struct xen_domctl_createdomain *how,
			uint32_t *domid);
/* Goes on until all is released, which takes long for much memory. */
int hvctl_domain_destroy(struct hvctl *h, uint32_t domid);
int hvctl_domain_pause(struct hvctl *h, uint32_t domid);
int hvctl_domain_unpause(struct hvctl *h, uint32_t domid);
int hvctl_domain_resume(struct hvctl *h, uint32_t domid);
/* reason: SHUTDOWN_* */
int hvctl_domain_shutdown(struct hvctl *h, uint32_t domid, unsigned int reason);
int hvctl_domain_max_mem(struct hvctl *h, uint32_t domid, uint64_t kib);
int hvctl_domain_max_vcpus(struct hvctl *h, uint32_t domid, unsigned int n);
int hvctl_domain_set_handle(struct hvctl *h, uint32_t domid,
			    const xen_domain_handle_t handle);
/* A bit for each node that the domain's memory may come from. */
int hvctl_node_affinity_get(struct hvctl *h, uint32_t domid, uint8_t *map,
			    unsigned int nodes);
int hvctl_domain_set_tsc_native(struct hvctl *h, uint32_t domid);
/* Pages kept for the domain until it has as many; 0 gives up the claim. */
int hvctl_domain_claim(struct hvctl *h, uint32_t domid, unsigned long pages);
/* Tells the domain's kernel at its start that it may grow to so much memory;
 * otherwise what it is built with is all that it has room for. */
int hvctl_domain_memory_map(struct hvctl *h, uint32_t domid, uint64_t kib);
int hvctl_domain_trigger(struct hvctl *h, uint32_t domid, uint32_t trigger,
			 uint32_t vcpu);
/*
 * How much of its memory a domain uses, by watching `samples` of its frames
 * (xen-core/pv/sample.c).  A call ends the interval that the one before began,
 * tells what came of it, and begins the next; with samples 0 it only ends.  The
 * first has nothing to tell: watched is 0.  So the caller's rate is the rate,
 * and the interval should be long enough for what is used to be used once:
 * seconds.  How sure it is: with k frames touched, about 1 / sqrt(k).
 *
 * Takes some milliseconds for each GiB that the domain has, most of them
 * asleep: the domain is paused in between, for much less than one.  Not for the
 * caller's own domain (EINVAL).  errno EOPNOTSUPP: the hypervisor can't, as
 * Xen can't; ENOMEM, ESRCH.
 */
#define HVCTL_WS_MAX_SAMPLES XEN_DOMCTL_HVX_WS_MAX_SAMPLES

struct hvctl_working_set {
	uint64_t kib;			/* estimate: total * touched / watched */
	uint64_t total_kib;		/* what the domain has */
	uint32_t watched, touched;	/* frames; watched 0: no estimate */
	uint32_t unseen;		/* mappings left out for lack of room: if
					 * many, kib is too low */
	uint64_t out_kib, in_kib;	/* it swapped out and in, or the like */
	uint64_t interval_ns;
	uint64_t core_ns;		/* hypervisor's time, in dom0's account */
};

int hvctl_working_set(struct hvctl *h, uint32_t domid, uint32_t samples,
		      struct hvctl_working_set *out);
/* What came of the interval so far, which goes on; watched is 0 if there is none.
 * Costs much less: only the watched frames are looked at. */
int hvctl_working_set_so_far(struct hvctl *h, uint32_t domid,
			     struct hvctl_working_set *out);
/* A port of the domain that remote may bind to; the port. */
int hvctl_evtchn_alloc(struct hvctl *h, uint32_t domid, uint32_t remote);

/* ---- vCPUs ---- */

int hvctl_vcpu_info(struct hvctl *h, uint32_t domid, uint32_t vcpu,
		    struct xen_domctl_getvcpuinfo *out);
/* By RUNSTATE_*, ns of all vCPUs together. -1 and EOPNOTSUPP: not on Xen. */
int hvctl_run_states(struct hvctl *h, uint32_t domid, uint64_t *time);
/* Bit maps of bytes, CPU 0 in bit 0 of byte 0; either may be NULL. set: what
 * came of it is written back. */
int hvctl_vcpu_affinity_get(struct hvctl *h, uint32_t domid, uint32_t vcpu,
			    uint8_t *hard, uint8_t *soft, unsigned int cpus);
int hvctl_vcpu_affinity_set(struct hvctl *h, uint32_t domid, uint32_t vcpu,
			    uint8_t *hard, uint8_t *soft, unsigned int cpus,
			    bool force);
int hvctl_credit_get(struct hvctl *h, uint32_t domid,
		     struct xen_domctl_sched_credit *out);
int hvctl_credit_set(struct hvctl *h, uint32_t domid,
		     const struct xen_domctl_sched_credit *in);
/* The same of the scheduler that runs, credit or credit2. */
int hvctl_share_get(struct hvctl *h, uint32_t domid,
		    struct xen_domctl_sched_credit *out);
int hvctl_share_set(struct hvctl *h, uint32_t domid,
		    const struct xen_domctl_sched_credit *in);

#endif /* LIBHVCTL_HVCTL_H */
