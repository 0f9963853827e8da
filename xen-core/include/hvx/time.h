/*
 * Time: the system clock from the TSC, the wall clock, and what guests read
 * (vcpu_time_info, shared_info's wc_*).
 */
#ifndef HVX_TIME_H
#define HVX_TIME_H

#include <hvx/machine.h>

struct domain;
struct vcpu;

void time_init(void);		/* boot CPU: find and calibrate */
void time_init_cpu(void);
extern uint64_t tsc_khz;
extern bool tsc_reliable;	/* same on all CPUs, never stops */

/* Refresh v's vcpu_time_info if what it holds is no longer right. */
void time_update_vcpu(struct vcpu *v);
/* Rewrite d's wall clock in shared_info. */
void time_update_wallclock(struct domain *d);
/* Wall clock now: seconds and ns since 1970. */
void time_wallclock(uint64_t *sec, uint32_t *nsec);
/* dom0 says what time it is: sec.nsec held at system time `at`. */
void time_set_wallclock(uint64_t sec, uint32_t nsec, uint64_t at);
/* TSC ticks to ns and back, by this CPU's scale. */
uint64_t tsc_to_ns(uint64_t ticks);
uint64_t ns_to_tsc(uint64_t ns);

#endif
