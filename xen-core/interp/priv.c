/*
 * Privileged instructions of a guest, run on its virtual resources.
 *
 * A guest kernel runs in ring 3, so what it may not do faults and comes here.
 * The bytes are fetched once; what they say is what is done, whatever another
 * vCPU writes there meanwhile.  Only what this file knows is run: the rest is
 * the guest's own #GP.
 *
 * User code gets port I/O as far as its IOPL or bitmap says, and nothing else.
 */
#include "private.h"

#include <asm/cpu.h>
#include <hvx/console.h>
#include <hvx/domain.h>
#include <hvx/fpu.h>
#include <hvx/guest_access.h>
#include <hvx/layout.h>
#include <hvx/machine.h>
#include <hvx/pv.h>
#include <hvx/regs.h>
#include <hvx/traps.h>

#define MSR_KERNEL_GS	 0xc0000102
#define TI_SINGLE_STEP	 0x4000		/* DR6.BS */
#define REP_AT_ONCE	 64

/* What became of an instruction. */
enum outcome {
	DONE,		/* go on after it */
	REFUSED,	/* #GP for the guest */
	AGAIN,		/* nothing changed, or partly: run it again */
	INJECTED,	/* a fault was put into the guest */
};

/* ---- where the code runs ------------------------------------------------- */

/* Does that code selector name a 64-bit segment? */
static bool code_is_64bit(const struct vcpu *v, uint16_t sel)
{
	unsigned int i = sel >> 3, page = i >> 9;
	const uint64_t *gdt;

	if (likely(sel == SEL_GUEST_CS64))
		return true;
	if ((sel & 4) || i >= v->pv.gdt_ents || page >= GUEST_GDT_FRAMES ||
	    mfn_eq(v->pv.gdt_mfn[page], INVALID_MFN))
		return false;
	gdt = mfn_to_virt(v->pv.gdt_mfn[page]);
	return READ_ONCE(gdt[i & 511]) >> 53 & 1;
}

/* ---- single instructions ------------------------------------------------- */

static void set_pair(struct cpu_regs *regs, uint64_t val)
{
	regs->rax = (uint32_t)val;
	regs->rdx = val >> 32;
}

static uint64_t get_pair(const struct cpu_regs *regs)
{
	return (uint32_t)regs->rax | regs->rdx << 32;
}

static enum outcome run_rdmsr(struct vcpu *v, struct cpu_regs *regs)
{
	uint64_t val;

	if (msr_read(v, (uint32_t)regs->rcx, &val))
		return REFUSED;
	set_pair(regs, val);
	return DONE;
}

static enum outcome run_wrmsr(struct vcpu *v, struct cpu_regs *regs)
{
	return msr_write(v, (uint32_t)regs->rcx, get_pair(regs)) ? REFUSED :
								   DONE;
}

static enum outcome from_rc(int rc)
{
	return rc == 0 ? DONE : rc == -ERESTART ? AGAIN : REFUSED;
}

static enum outcome run_mov_cr(struct vcpu *v, struct cpu_regs *regs,
			       const struct insn *in)
{
	if (in->opcode == 0x22)
		return from_rc(cr_write(v, in->reg, *insn_gpr(regs, in->rm)));
	return from_rc(cr_read(v, in->reg, insn_gpr(regs, in->rm)));
}

static enum outcome run_mov_dr(struct vcpu *v, struct cpu_regs *regs,
			       const struct insn *in)
{
	if (!vcpu_has_debugreg(v, in->reg)) {
		pv_inject_trap(v, TRAP_UD, 0);
		return INJECTED;
	}
	if (in->opcode == 0x23)
		return from_rc(vcpu_set_debugreg(v, in->reg,
						 *insn_gpr(regs, in->rm)));
	*insn_gpr(regs, in->rm) = vcpu_get_debugreg(v, in->reg);
	return DONE;
}

static enum outcome run_lmsw(struct vcpu *v, struct cpu_regs *regs,
			     const struct insn *in)
{
	uint64_t cr0;
	uint16_t msw;

	if (in->is_mem) {
		if (in->seg != SEG_DEFAULT)
			return REFUSED;
		if (copy_from_guest(&msw, insn_address(in, regs), sizeof(msw)))
			return REFUSED;
	} else {
		msw = (uint16_t)*insn_gpr(regs, in->rm);
	}
	if (cr_read(v, 0, &cr0))
		return REFUSED;
	/* It can set PE, but not clear it. */
	return from_rc(cr_write(v, 0, (cr0 & ~0xeUL) | (msw & 0xf)));
}

static enum outcome run_rdtscp(struct vcpu *v, struct cpu_regs *regs)
{
	set_pair(regs, rdtsc());
	regs->rcx = v->pv.tsc_aux;
	return DONE;
}

static enum outcome run_group7(struct vcpu *v, struct cpu_regs *regs,
			       const struct insn *in)
{
	uint64_t va;

	switch (in->modrm) {
	case 0xd1:			/* XSETBV */
		return from_rc(xcr_write(v, (uint32_t)regs->rcx,
					 get_pair(regs)));
	case 0xf9:			/* RDTSCP: only where CR4.TSD is set */
		return run_rdtscp(v, regs);
	}
	switch (in->modrm >> 3 & 7) {
	case 6:
		return run_lmsw(v, regs, in);
	case 7:				/* INVLPG */
		if (!in->is_mem || in->seg != SEG_DEFAULT)
			return REFUSED;
		va = insn_address(in, regs);
		if (guest_addr_ok(va))
			tlb_flush_va_local(va);
		return DONE;
	default:
		return REFUSED;
	}
}

static void run_cpuid(struct vcpu *v, struct cpu_regs *regs)
{
	uint32_t out[4];

	cpuid_policy(v, (uint32_t)regs->rax, (uint32_t)regs->rcx, out);
	regs->rax = out[0];
	regs->rbx = out[1];
	regs->rcx = out[2];
	regs->rdx = out[3];
}

static enum outcome run_hlt(struct vcpu *v)
{
	WRITE_ONCE(v->info->evtchn_upcall_mask, 0);
	vcpu_block(v);
	return DONE;
}

static enum outcome run_0f(struct vcpu *v, struct cpu_regs *regs,
			   const struct insn *in)
{
	switch (in->opcode) {
	case 0x01:
		return run_group7(v, regs, in);
	case 0x06:
		fpu_set_ts(v, false);
		return DONE;
	case 0x08:
	case 0x09:
		/* Only who owns devices can need it. */
		if (v->d->is_hw)
			cpu_wbinvd();
		return DONE;
	case 0x20:
	case 0x22:
		return run_mov_cr(v, regs, in);
	case 0x21:
	case 0x23:
		return run_mov_dr(v, regs, in);
	case 0x30:
		return run_wrmsr(v, regs);
	case 0x31:
		set_pair(regs, rdtsc());
		return DONE;
	case 0x32:
		return run_rdmsr(v, regs);
	case 0xa2:
		run_cpuid(v, regs);
		return DONE;
	default:
		return REFUSED;
	}
}

/* ---- ports --------------------------------------------------------------- */

static void put_ax(struct cpu_regs *regs, unsigned int width, uint32_t val)
{
	if (width == 4)
		regs->rax = val;
	else if (width == 2)
		regs->rax = (regs->rax & ~0xffffUL) | (val & 0xffff);
	else
		regs->rax = (regs->rax & ~0xffUL) | (val & 0xff);
}

static enum outcome run_in_out(struct vcpu *v, struct cpu_regs *regs,
			       const struct insn *in)
{
	unsigned int width = !(in->opcode & 1) ? 1 : in->opsize ? 2 : 4;
	unsigned int port = in->opcode & 8 ? (uint16_t)regs->rdx :
					     (uint8_t)in->imm;

	if (!ioport_may_try(v, port, width))
		return REFUSED;
	if (in->opcode & 2)
		ioport_write(v->d, port, width, (uint32_t)regs->rax);
	else
		put_ax(regs, width, ioport_read(v->d, port, width));
	return DONE;
}

/* What the processor raises where there is no page, or no address. */
static void data_fault(struct vcpu *v, uint64_t va, uint32_t error_code)
{
	if (is_canonical(va))
		pv_inject_page_fault(v, va, error_code);
	else
		pv_inject_gp(v, 0);
}

/* One element; the fault, if any, is the guest's. */
static bool string_io_one(struct vcpu *v, struct cpu_regs *regs,
			  const struct insn *in, unsigned int width)
{
	unsigned int port = (uint16_t)regs->rdx;
	bool out = in->opcode & 2;
	uint64_t va = out ? regs->rsi : regs->rdi;
	uint32_t val = 0;

	if (in->addr32)
		va = (uint32_t)va;
	if (out) {
		if (copy_from_guest(&val, va, width)) {
			data_fault(v, va, 0);
			return false;
		}
		ioport_write(v->d, port, width, val);
		return true;
	}
	/* The port is read once: see first whether the value has a place. */
	if (copy_from_guest(&val, va, width) ||
	    copy_to_guest(va, &val, width)) {
		data_fault(v, va, PF_WRITE);
		return false;
	}
	val = ioport_read(v->d, port, width);
	if (copy_to_guest(va, &val, width)) {
		data_fault(v, va, PF_WRITE);
		return false;
	}
	return true;
}

static void advance(uint64_t *reg, int64_t by, bool addr32)
{
	*reg += (uint64_t)by;
	if (addr32)
		*reg = (uint32_t)*reg;
}

/* INS and OUTS: so many elements, then the guest runs it again. */
static enum outcome run_string_io(struct vcpu *v, struct cpu_regs *regs,
				  const struct insn *in)
{
	unsigned int width = !(in->opcode & 1) ? 1 : in->opsize ? 2 : 4;
	bool rep = in->rep || in->repne;
	int64_t step = regs->rflags & FLAG_DF ? -(int64_t)width : width;
	unsigned int n;

	if (in->seg != SEG_DEFAULT ||
	    !ioport_may_try(v, (uint16_t)regs->rdx, width))
		return REFUSED;
	for (n = 0; n < REP_AT_ONCE; n++) {
		uint64_t left = in->addr32 ? (uint32_t)regs->rcx : regs->rcx;

		if (rep && !left)
			return DONE;
		if (!string_io_one(v, regs, in, width))
			return INJECTED;
		advance(in->opcode & 2 ? &regs->rsi : &regs->rdi, step,
			in->addr32);
		if (!rep)
			return DONE;
		advance(&regs->rcx, -1, in->addr32);
	}
	return AGAIN;
}

/* What asks for I/O privilege, not for the kernel's. */
static bool is_for_user(const struct insn *in)
{
	return in->map == 0 &&
	       ((in->opcode >= 0x6c && in->opcode <= 0x6f) ||
		(in->opcode & 0xf4) == 0xe4 ||
		in->opcode == 0xfa || in->opcode == 0xfb);
}

static enum outcome run_1(struct vcpu *v, struct cpu_regs *regs,
			  const struct insn *in)
{
	if (in->opcode >= 0x6c && in->opcode <= 0x6f)
		return run_string_io(v, regs, in);
	if ((in->opcode & 0xf4) == 0xe4)
		return run_in_out(v, regs, in);
	switch (in->opcode) {
	case 0xf4:
		return run_hlt(v);
	case 0xfa:
	case 0xfb:
		if (!ioport_iopl_ok(v))
			return REFUSED;
		/*
		 * No effect: who could turn events off by CLI would expect
		 * POPF to turn them on again, which doesn't trap.
		 */
		return DONE;
	default:
		return REFUSED;
	}
}

/* ---- entry --------------------------------------------------------------- */

static void step_over(struct vcpu *v, struct cpu_regs *regs, unsigned int n)
{
	regs->rip += n;
	regs->rflags &= ~(uint64_t)FLAG_RF;
	if (unlikely(regs->rflags & FLAG_TF)) {
		v->pv.dr[6] |= TI_SINGLE_STEP;
		pv_inject_trap(v, TRAP_DB, 0);
	}
}

static enum outcome run(struct vcpu *v, struct cpu_regs *regs,
			const struct insn *in)
{
	if (in->lock)
		return REFUSED;
	if (!v->pv.kernel_mode && !is_for_user(in))
		return REFUSED;
	return in->map ? run_0f(v, regs, in) : run_1(v, regs, in);
}

bool interp_privileged(struct vcpu *v, struct cpu_regs *regs)
{
	struct insn in;

	if (!code_is_64bit(v, (uint16_t)regs->cs) || insn_fetch(regs, &in))
		return false;
	switch (run(v, regs, &in)) {
	case DONE:
		step_over(v, regs, in.length);
		return true;
	case AGAIN:
	case INJECTED:
		return true;
	default:
		return false;
	}
}

/* ud2a; "xen"; cpuid */
bool interp_forced(struct vcpu *v, struct cpu_regs *regs)
{
	static const uint8_t want[7] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f,
					 0xa2 };
	union {
		uint8_t b[8];
		uint64_t w;
	} is = { .w = 0 }, must = { .w = 0 };
	unsigned int i;

	/* Eight bytes are quicker than seven, where there are eight. */
	if (copy_from_guest(is.b, regs->rip,
			    (~regs->rip & ~PAGE_MASK) >= 7 ? 8 : sizeof(want)))
		return false;
	for (i = 0; i < sizeof(want); i++)
		must.b[i] = want[i];
	if ((is.w ^ must.w) << 8)
		return false;
	run_cpuid(v, regs);
	step_over(v, regs, sizeof(want));
	return true;
}
