/*
 * A vCPU of a guest: its stack, and what the library keeps for it.
 *
 * Each vCPU's stack is STACK_SIZE long and aligned to its size, with struct cpu
 * at the bottom, so any code finds its own by masking the stack pointer. Kernel
 * code runs from the top; traps from user mode start at the middle, so that the
 * kernel context that entered user mode survives until it is resumed.
 */
#ifndef PV_CPU_H
#define PV_CPU_H

#define STACK_SIZE	16384
#define MAX_CPUS	4

/* Offset known to entry.S, checked in cpu.c. */
#define CPU_USER_SP	0

#ifndef __ASSEMBLY__
#include <stdint.h>
#include <stdbool.h>
#include <abi/xen.h>
#include <pv/trap.h>

struct cpu {
	unsigned long user_sp;		/* see user_enter() in entry.S */
	unsigned int id;
	struct vcpu_info *info;		/* in shared_info, until it moves */
	struct fault fault;		/* the last fault that was expected */
	unsigned long resume;		/* where an unlisted fault goes on, or 0 */
	unsigned long resume_sp;
	struct regs user;		/* how user mode was left */
	unsigned long user_cr2;
	void (*fn)(void *arg);		/* what a second vCPU runs */
	void *arg;
	volatile bool done;
};

static inline struct cpu *this_cpu(void)
{
	unsigned long sp;

	asm("mov %%rsp, %0" : "=r" (sp));
	return (struct cpu *)(sp & -(unsigned long)STACK_SIZE);
}

struct cpu *cpu_get(unsigned int id);

static inline struct vcpu_info *cpu_vcpu_info(void)
{
	return this_cpu()->info;
}

/* Tell the hypervisor about this vCPU's traps, callbacks and user stack. */
void cpu_init(unsigned int id);

/*
 * Start vCPU @id at @fn(@arg) in the caller's page tables. Gives the
 * hypervisor's error. When @fn returns, the vCPU takes itself down and
 * cpu_get(id)->done is set; it can be started again.
 */
long cpu_start(unsigned int id, void (*fn)(void *arg), void *arg);
void cpu_wait(unsigned int id);

static inline void cpu_relax(void)
{
	asm volatile("pause" : : : "memory");
}

#endif
#endif
