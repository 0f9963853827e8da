/*
 * Time: the system clock from the TSC, the wall clock, and what guests read
 * (vcpu_time_info, shared_info's wc_*).
 */
#ifndef HVX_TIME_H
#define HVX_TIME_H

#include <hvx/machine.h>

struct domain;
struct vcpu;

/* Boot CPU, after acpi_init: find and calibrate; the clock starts here. */
void time_init(void);
/* Each CPU: its timer; on others than the first, compares its TSC with the
 * boot CPU's, which meanwhile waits in machine_relax(). */
void time_init_cpu(void);
extern uint64_t tsc_khz;
extern bool tsc_reliable;	/* same on all CPUs, never stops */

/* Refresh v's vcpu_time_info if what it holds is no longer right. */
void time_update_vcpu(struct vcpu *v);
/* The copy at v->time_area, after it was registered by one of its domain. */
void time_update_area(struct vcpu *v);
/* Rewrite d's wall clock in shared_info. */
void time_update_wallclock(struct domain *d);
/* dom0 says what time it is: sec.nsec held at system time `at`. */
void time_set_wallclock(uint64_t sec, uint32_t nsec, uint64_t at);
/* TSC ticks to ns and back, by this CPU's scale. */
uint64_t tsc_to_ns(uint64_t ticks);
uint64_t ns_to_tsc(uint64_t ns);
/* Spin; for hardware's waits of at most some ms. */
void time_delay_us(unsigned int us);
/* Counts a second, by the TSC, of a counter that doesn't wrap for 10 ms. */
uint64_t time_measure_counter(uint64_t (*read)(void));

/* VEC_TIMER arrived. */
void time_interrupt(void);
/* The boot CPU's half of the comparison; machine_relax() calls it. */
extern bool time_sync_wanted;
void time_sync_serve(void);

#endif
