/*
 * Guests for the scheduler's tests: vCPUs that compute, sleep and yield to a
 * pattern, on the machine of machine.h with the real sched/ modules.
 */
#ifndef HOST_SIM_H
#define HOST_SIM_H

#include "machine.h"

/* Runs `burst` ns, then sleeps `nap` ns; nap 0: runs for ever. */
struct sim_guest {
	struct vcpu *v;
	uint64_t burst, nap;
	bool yields;		/* at the end of a burst, instead of a nap */
	uint64_t used_at_wake;
};

#define SIM_MAX_GUESTS 64
#define SIM_STEP       100000	/* ns between looks at what runs */

struct sim {
	struct sim_guest guest[SIM_MAX_GUESTS];
	unsigned int nr;
};

extern struct sim sim;

/* A machine of that many CPUs, scheduler up, all idle. */
void sim_start(unsigned int cpus);
/* Everything gone; fails if a CPU that has nothing to do keeps a timer. */
void sim_stop(void);
struct domain *sim_domain(domid_t id, uint16_t weight, uint16_t cap);
/* A vCPU of d, up. */
struct sim_guest *sim_vcpu(struct domain *d, uint64_t burst, uint64_t nap);
void sim_run(uint64_t ns);
/* CPU time, ns; of a vCPU or of all of a domain's. */
uint64_t sim_used(struct vcpu *v);
uint64_t sim_domain_used(struct domain *d);

#endif
