/*
 * What belongs to one processor.  It stands at the base of the CPU's area
 * (layout.h), so the stack pointer alone finds it.
 */
#ifndef HVX_PCPU_H
#define HVX_PCPU_H

#include <hvx/cpumask.h>
#include <hvx/machine.h>
#include <hvx/types.h>

struct vcpu;

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, iomap_base;
} __packed;

struct pcpu {
	/* Entry path (offsets in cpu/offsets.c). */
	unsigned long guest_rsp;	/* scratch of the SYSCALL entry */
	unsigned long regs_end;		/* just past current->regs */
	struct vcpu *current;
	unsigned long stack_top;
	uint32_t softirq_pending;	/* bits of enum softirq; atomic */

	unsigned int id;
	uint32_t apic_id;
	struct vcpu *idle;
	unsigned long cr3;		/* loaded now */
	struct vcpu *fpu_owner;		/* whose state is in the registers */
	uint64_t cr4;
	uint64_t tsc_aux;		/* of the vCPU that ran last */
	uint64_t tsc_hz;
	uint64_t nmi_count, irq_count;
	uint64_t idle_ns;		/* time spent asleep */
	struct tss tss;
	mfn_t gdt_mfn;			/* the page with the reserved entries */
	uint64_t gdt[512] __aligned(4096); /* mapped as page 14 of each GDT */
};

/* Host tests put their own asm/current.h first on the include path. */
#include <asm/current.h>

struct pcpu *pcpu_of(unsigned int cpu);

#endif
