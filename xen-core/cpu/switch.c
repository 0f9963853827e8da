/*
 * Leaving one vCPU for another on this CPU.  Interrupts are off; the
 * scheduler has chosen, and nothing of its stack is needed after.
 *
 * A guest's registers need no copy: they live in its struct vcpu.  What is in
 * the processor is saved for the old one (segments, bases, FPU) and loaded
 * for the new one.  The idle vCPU uses none of that, and runs on the core's
 * own tables.
 */
#include <hvx/machine.h>

#include <asm/cpu.h>
#include <asm/msr.h>
#include <asm/seg.h>
#include <hvx/console.h>
#include <hvx/domain.h>
#include <hvx/fpu.h>
#include <hvx/hypercall.h>
#include <hvx/interp.h>
#include <hvx/layout.h>
#include <hvx/paging.h>
#include <hvx/pcpu.h>
#include <hvx/pv.h>
#include <hvx/time.h>
#include <hvx/traps.h>

void pv_read_selectors(__maybe_unused const struct vcpu *v, uint64_t sel[4])
{
	sel[0] = read_ds();
	sel[1] = read_es();
	sel[2] = read_fs();
	sel[3] = read_gs();
}

static void save_segments(struct vcpu *v)
{
	uint64_t gs = rdmsr(MSR_GS_BASE), shadow = rdmsr(MSR_KERNEL_GS_BASE);

	v->pv.ds = read_ds();
	v->pv.es = read_es();
	v->pv.fs = read_fs();
	v->pv.gs = read_gs();
	v->pv.fs_base = rdmsr(MSR_FS_BASE);
	v->pv.gs_base_kernel = v->pv.kernel_mode ? gs : shadow;
	v->pv.gs_base_user = v->pv.kernel_mode ? shadow : gs;
}

/* A selector that no longer loads becomes null: nobody dies of it. */
static void load_segments(struct vcpu *v)
{
	bool k = v->pv.kernel_mode;

	(void)load_ds(v->pv.ds);
	(void)load_es(v->pv.es);
	(void)load_fs(v->pv.fs);
	(void)load_gs(v->pv.gs);
	wrmsr(MSR_FS_BASE, v->pv.fs_base);
	wrmsr(MSR_GS_BASE, k ? v->pv.gs_base_kernel : v->pv.gs_base_user);
	wrmsr(MSR_KERNEL_GS_BASE,
	      k ? v->pv.gs_base_user : v->pv.gs_base_kernel);
}

/* The CPU's own page stands in the window of whoever runs on it. */
static void load_descriptor_tables(struct pcpu *pc, struct vcpu *v)
{
	struct desc_ptr gdt = {
		.limit = (GDT_RESERVED_FIRST_PAGE + 1) * PAGE_SIZE - 1,
		.base = GDT_WINDOW((unsigned long)v->id),
	};
	uint64_t pte = mfn_to_paddr(pc->gdt_mfn) | 0x8000000000000063UL;

	v->pv.desc_l1[GDT_RESERVED_FIRST_PAGE] = pte;
	lgdt(&gdt);
	pv_load_ldt(v, pc);
}

static void leave(struct vcpu *v)
{
	save_segments(v);
	fpu_save(v);
	debug_regs_unload(v);
}

static void enter(struct pcpu *pc, struct vcpu *v)
{
	uint64_t cr4 = vcpu_hw_cr4(v);

	__atomic_or_fetch(&v->d->dirty_cpus, cpumask_of(pc->id),
			  __ATOMIC_SEQ_CST);
	v->pcpu = pc;
	pc->current = v;
	pc->regs_end = (unsigned long)(&v->regs + 1);
	pc->tss.rsp[0] = pc->regs_end;
	if (pc->cr4 != cr4) {
		pc->cr4 = cr4;
		write_cr4(cr4);
	}
	pv_load_base(v);
	load_descriptor_tables(pc, v);
	load_segments(v);
	fpu_restore(v);
	debug_regs_load(v);
	msr_load_vcpu(v);
	if (unlikely(READ_ONCE(v->pv.nmi_pending)))
		pv_deliver_nmi(v);
	time_update_vcpu(v);
	vcpu_runstate_publish(v);
}

void machine_switch(struct vcpu *prev, struct vcpu *next)
{
	struct pcpu *pc = this_pcpu();

	if (prev && !prev->is_idle)
		leave(prev);
	if (next->is_idle) {
		pc->current = next;
		next->pcpu = pc;
		paging_load_idle(pc);
		if (prev && !prev->is_idle)
			__atomic_and_fetch(&prev->d->dirty_cpus,
					   ~cpumask_of(pc->id),
					   __ATOMIC_SEQ_CST);
		sched_switch_done(prev);
		enter_idle(next, pc->stack_top);
	}
	enter(pc, next);
	if (prev && !prev->is_idle && prev->d != next->d)
		__atomic_and_fetch(&prev->d->dirty_cpus, ~cpumask_of(pc->id),
				   __ATOMIC_SEQ_CST);
	sched_switch_done(prev);
	enter_guest(next, pc->stack_top);
}

void pv_load_base(struct vcpu *v)
{
	struct pcpu *pc = v->pcpu;
	paddr_t base = v->pv.kernel_mode ? v->pv.cr3_kernel : v->pv.cr3_user;

	if (pc->cr3 == base)
		return;
	pc->cr3 = base;
	write_cr3(base);
}

void pv_toggle_mode(struct vcpu *v)
{
	v->pv.kernel_mode = !v->pv.kernel_mode;
	swapgs();
	pv_load_base(v);
	if (unlikely(v->sched.publish_due) && v->pv.kernel_mode)
		vcpu_runstate_publish(v);
}

/* The selector as the user mode will have it: its base comes with it. */
static void load_user_gs(uint16_t sel)
{
	swapgs();
	(void)load_gs(sel ? sel | 3 : 0);
	swapgs();
}

/* The current vCPU's only: once for each context switch of its kernel. */
long hc_set_segment_base(struct vcpu *v, unsigned int which, unsigned long base)
{
	if (which != SEGBASE_GS_USER_SEL && !is_canonical(base))
		return -EINVAL;
	switch (which) {
	case SEGBASE_FS:
		wrmsr(MSR_FS_BASE, base);
		v->pv.fs_base = base;
		return 0;
	case SEGBASE_GS_USER:
		wrmsr(MSR_KERNEL_GS_BASE, base);
		v->pv.gs_base_user = base;
		return 0;
	case SEGBASE_GS_KERNEL:
		wrmsr(MSR_GS_BASE, base);
		v->pv.gs_base_kernel = base;
		return 0;
	case SEGBASE_GS_USER_SEL:
		load_user_gs((uint16_t)base);
		return 0;
	default:
		return -EINVAL;
	}
}

void idle_loop(void)
{
	struct pcpu *pc = this_pcpu();
	uint64_t start;

	for (;;) {
		softirq_run();
		if (READ_ONCE(pc->softirq_pending))
			continue;
		start = time_now();
		irq_wait();
		pc->idle_ns += time_now() - start;
	}
}
