/*
 * The seam between logic and machine.  Logic (build.mk: logic-y) reaches the
 * hardware through these calls only; tests/host/machine.c implements them for
 * a host program: an arena of frames, a clock that the test turns, CPUs as
 * numbers.
 */
#ifndef HVX_MACHINE_H
#define HVX_MACHINE_H

#include <hvx/cpumask.h>
#include <hvx/lock.h>
#include <hvx/types.h>

struct vcpu;

/* Frames: every frame of RAM is mapped for the core, all the time. */
#include <asm/frames.h>	/* mfn_to_virt() */
mfn_t virt_to_mfn(const void *p);

/* Nanoseconds since the core started; monotonic on and across CPUs. */
uint64_t time_now(void);
/* Ask for a timer interrupt on this CPU at that time (0: none wanted). */
void time_set_deadline(uint64_t when);

/* The CPU this code runs on, CPUs that are up. */
unsigned int cpu_id(void);
extern cpumask_t cpu_online;

/* Make that CPU leave guest mode or idle soon; harmless if it is neither. */
void cpu_kick(unsigned int cpu);

/* Drop cached translations, wait until done.  Guest mappings are never
 * global, so a CR3 load does it. */
void tlb_flush_local(void);
void tlb_flush_va_local(gva_t va);
void tlb_flush_mask(cpumask_t cpus);
void tlb_flush_va_mask(cpumask_t cpus, gva_t va);
/* Write back and drop all caches of this CPU. */
void machine_flush_cache(void);

/*
 * Has something more urgent turned up?  Opens a short window for interrupts
 * and says whether this CPU should leave what it does (softirq pending).
 */
bool preempt_needed(void);

/* Deferred work of a CPU, done before it returns to a guest or sleeps. */
enum softirq {
	SOFTIRQ_HOLD,		/* hvx/ipi.h */
	SOFTIRQ_SCHEDULE,
	SOFTIRQ_TIMER,
	SOFTIRQ_AUDIT,		/* hvx/keys.h */
};
void softirq_raise(enum softirq nr);			/* on this CPU */
void softirq_raise_on(unsigned int cpu, enum softirq nr); /* and kick it */

/* Raw copies to and from the current guest's address space; the number of
 * bytes NOT copied.  Only hvx/guest_access.h calls them. */
unsigned long machine_copy_from_guest(void *to, gva_t from, unsigned long n);
unsigned long machine_copy_to_guest(gva_t to, const void *from,
				    unsigned long n);

/* Load what v runs with, leave its predecessor; called by sched/core.c as
 * the last act of a schedule, does not return on the machine. */
void machine_switch(struct vcpu *prev, struct vcpu *next);

/* The end: reboot (or, with noreboot, halt), halt. */
void __noreturn machine_restart(void);
void __noreturn machine_halt(void);

#endif
