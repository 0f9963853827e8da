/*
 * Locks.  The core runs with interrupts off, so a lock needs no irq variant;
 * a CPU that spins keeps serving TLB flush requests (machine_relax), so a
 * holder may wait for a flush.  Never held across a preemption point, never
 * across a return to a guest.
 *
 * Order, outermost first (take only downwards):
 *   ctl_lock         domctl and sysctl that change what exists
 *   domain.lock      a domain's life, its vCPU table, its reservation
 *   grant_table.lock then maptrack lock
 *   evtchn_domain.lock   (two domains: lower address first)
 *   pirq/irq lock
 *   sched run queue lock   (two CPUs: lower number first)
 *   timer queue lock of a CPU
 *   buddy lock
 *   console lock
 */
#ifndef HVX_LOCK_H
#define HVX_LOCK_H

#include <hvx/types.h>

struct lock {
	uint32_t taken;
};

#define LOCK_INIT { 0 }

/* In machine.h's hands: asm/ on the machine, pthread-free stubs on a host. */
void machine_relax(void);

static inline bool spin_trylock(struct lock *l)
{
	return __atomic_exchange_n(&l->taken, 1, __ATOMIC_ACQUIRE) == 0;
}

static inline void spin_lock(struct lock *l)
{
	while (unlikely(!spin_trylock(l)))
		while (__atomic_load_n(&l->taken, __ATOMIC_RELAXED))
			machine_relax();
}

static inline void spin_unlock(struct lock *l)
{
	__atomic_store_n(&l->taken, 0, __ATOMIC_RELEASE);
}

#endif
