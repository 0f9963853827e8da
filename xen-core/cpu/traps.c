/*
 * The dispatcher's C half for traps: from a guest, each goes to the module
 * that serves it, or to the guest itself; from the core, a fault is either
 * expected (the exception table: guest copies, segment loads, the return to a
 * guest) or the end.
 */
#include <hvx/traps.h>

#include <asm/cpu.h>
#include <asm/seg.h>
#include <hvx/console.h>
#include <hvx/domain.h>
#include <hvx/guest_access.h>
#include <hvx/interp.h>
#include <hvx/ipi.h>
#include <hvx/layout.h>
#include <hvx/pcpu.h>
#include <hvx/pv.h>

struct extable_entry {
	uint64_t fault, fixup;
};

extern const struct extable_entry __start_ex_table[], __stop_ex_table[];

static const char *const trap_names[] = {
	"divide error", "debug", "NMI", "breakpoint", "overflow",
	"bound range", "invalid opcode", "no FPU", "double fault",
	"coprocessor segment", "invalid TSS", "segment not present",
	"stack fault", "general protection", "page fault", "spurious",
	"x87 error", "alignment check", "machine check", "SIMD error",
};

static const char *trap_name(unsigned int vector)
{
	return vector < ARRAY_SIZE(trap_names) ? trap_names[vector] : "trap";
}

#define INSN_INT 0xcd

static bool in_ldt_window(const struct vcpu *v, gva_t va)
{
	gva_t base = LDT_WINDOW((unsigned long)v->id);

	return va >= base && va < base + 0x10000;
}

static void guest_page_fault(struct vcpu *v)
{
	gva_t va = read_cr2();
	uint32_t ec = v->regs.error_code;

	if (v->pv.kernel_mode && !(ec & PF_RSVD)) {
		if ((ec & (PF_PRESENT | PF_WRITE | PF_INSN)) ==
			    (PF_PRESENT | PF_WRITE) &&
		    ptwr_handle(v, &v->regs, va))
			return;
	}
	if (unlikely(in_ldt_window(v, va))) {
		unsigned long at = va - LDT_WINDOW((unsigned long)v->id);

		if (pv_map_ldt_page(v, at))
			return;
		/* The guest knows its LDT by its own address. */
		if (v->pv.ldt_ents && !(ec & PF_USER))
			va = v->pv.ldt_base + at;
	}
	pv_inject_page_fault(v, va, ec);
}

/* `int n` of a guest: the IDT refuses it, and the error code says n. */
static bool guest_software_interrupt(struct vcpu *v)
{
	const struct trap_info *ti;
	unsigned int vector;
	uint8_t insn[2];

	/* The instruction itself says n best: QEMU before 8 doubles the error
	 * code's.  Rewritten meanwhile, it names another of the guest's own. */
	if (copy_from_guest(insn, v->regs.rip, sizeof(insn)) ||
	    insn[0] != INSN_INT)
		return false;
	vector = insn[1];
	ti = &v->pv.traps[vector];
	if (!ti->address)
		return false;
	if (!v->pv.kernel_mode && TI_GET_DPL(ti) < 3)
		return false;
	if (v->pv.kernel_mode && TI_GET_DPL(ti) < 1)
		return false;
	v->regs.rip += 2;
	pv_inject_trap(v, vector, 0);
	return true;
}

static void guest_general_protection(struct vcpu *v)
{
	uint32_t ec = v->regs.error_code;

	if (ec & 1)
		goto inject;
	if (ec & 2) {
		if (guest_software_interrupt(v))
			return;
	} else if (interp_privileged(v, &v->regs)) {
		return;
	}
inject:
	pv_inject_gp(v, ec);
}

static void guest_debug(struct vcpu *v)
{
	uint64_t dr6 = read_dr6();

	write_dr6(0xffff0ff0);
	v->pv.dr[6] |= dr6 & 0xe00f;
	pv_inject_trap(v, TRAP_DB, 0);
}

static void guest_no_fpu(struct vcpu *v)
{
	clts();
	if (!v->pv.ts)
		return;
	v->pv.ts = false;
	pv_inject_trap(v, TRAP_NM, 0);
}

void trap_from_guest(struct vcpu *v)
{
	struct cpu_regs *regs = &v->regs;
	unsigned int vector = regs->entry_vector;

	switch (vector) {
	case TRAP_PF:
		guest_page_fault(v);
		break;
	case TRAP_GP:
		guest_general_protection(v);
		break;
	case TRAP_DB:
		guest_debug(v);
		break;
	case TRAP_UD:
		if (!interp_forced(v, regs))
			pv_inject_trap(v, TRAP_UD, 0);
		break;
	case TRAP_NM:
		guest_no_fpu(v);
		break;
	case TRAP_DE:
	case TRAP_BP:
	case TRAP_OF:
	case TRAP_BR:
	case TRAP_MF:
	case TRAP_XM:
		pv_inject_trap(v, vector, 0);
		break;
	case TRAP_TS:
	case TRAP_NP:
	case TRAP_SS:
	case TRAP_AC:
		pv_inject_trap(v, vector, regs->error_code);
		break;
	default:
		if (vector < 32) {
			domain_crash(v->d, "unexpected trap %u", vector);
			break;
		}
		irq_dispatch(vector, regs);
		/* The kick of who asked for it comes this way. */
		if (unlikely(READ_ONCE(v->pv.nmi_pending)))
			pv_deliver_nmi(v);
		break;
	}
}

static uint64_t extable_find(uint64_t rip)
{
	const struct extable_entry *e;

	for (e = __start_ex_table; e < __stop_ex_table; e++)
		if (e->fault == rip)
			return e->fixup;
	return 0;
}

/*
 * The return to the guest itself faulted: its frame names what can't be
 * loaded.  Its registers are still in v->regs, whole.
 */
static void __noreturn failed_return(void)
{
	struct pcpu *pc = this_pcpu();
	struct vcpu *v = pc->current;

	pv_inject_failsafe(v);
	enter_guest(v, pc->stack_top);
}

void trap_from_core(struct cpu_regs *regs)
{
	unsigned int vector = regs->entry_vector;
	uint64_t fixup;

	if (vector >= 32) {
		irq_dispatch(vector, regs);
		return;
	}
	if (regs->rip == (uint64_t)exit_iretq)
		failed_return();
	if (vector == TRAP_PF) {
		struct vcpu *v = this_pcpu()->current;
		gva_t va = read_cr2();

		/* Loading a selector of a page-wise mapped LDT. */
		if (v && !v->is_idle && in_ldt_window(v, va) &&
		    pv_map_ldt_page(v, va - LDT_WINDOW((unsigned long)v->id)))
			return;
	}
	fixup = extable_find(regs->rip);
	if (fixup) {
		regs->rip = fixup;
		return;
	}
	panic_trap(regs, trap_name(vector));
}

void trap_on_ist(struct cpu_regs *regs)
{
	switch (regs->entry_vector) {
	case TRAP_NMI:
		this_pcpu()->nmi_count++;
		if (smp_stop_wanted())
			machine_halt();
		break;
	case TRAP_DB:
		/* A guest's watchpoint hit by the core on its behalf, or the
		 * delayed #DB of MOV SS: nobody's business. */
		write_dr6(0xffff0ff0);
		regs->rflags &= ~(uint64_t)FLAG_TF;
		break;
	default:
		panic_trap(regs, trap_name(regs->entry_vector));
	}
}

void exit_run_softirqs(__maybe_unused struct vcpu *v)
{
	softirq_run();
}
