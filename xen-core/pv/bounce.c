/*
 * Traps into a PV guest: what the processor would do for an exception, done
 * on the guest kernel's stack.  A frame is, from its lowest address:
 *
 *   rcx r11 [ds es fs gs] [error code] rip cs rflags rsp ss
 *
 * with the event mask as it was in the upper half of cs's word, and cs's
 * privilege level saying which mode was left (0 kernel, 3 user).
 *
 * The frame is written through the guest's own address space: a stack that
 * isn't there costs the guest its life and nobody else's.
 */
#include <hvx/pv.h>

#include <hvx/console.h>
#include <hvx/domain.h>
#include <hvx/guest_access.h>
#include <hvx/layout.h>
#include <hvx/traps.h>

/* What is pushed between r11 and rip. */
struct extra {
	unsigned int nr;
	uint64_t word[4];
};

static uint64_t visible_flags(const struct vcpu *v, bool masked)
{
	uint64_t fl = v->regs.rflags & ~(uint64_t)(FLAG_IF | FLAG_IOPL);

	if (!masked)
		fl |= FLAG_IF;
	if (v->d->vm_assist & BIT(VMASST_TYPE_architectural_iopl))
		fl |= (uint64_t)v->pv.iopl << 12;
	return fl;
}

/* Inlined for each kind of frame: this is half the way of every system call. */
static inline __attribute__((always_inline)) void
bounce(struct vcpu *v, uint64_t rip, bool mask_events, const struct extra *x)
{
	struct cpu_regs *r = &v->regs;
	uint64_t frame[11], sp, *f = frame;
	uint64_t cs = r->cs & 0xfffc;
	bool masked;
	unsigned int i;

	if (v->pv.kernel_mode) {
		sp = r->rsp;
	} else {
		cs |= 3;
		sp = v->pv.kernel_sp;
		pv_toggle_mode(v);
	}
	masked = READ_ONCE(v->info->evtchn_upcall_mask);
	*f++ = r->rcx;
	*f++ = r->r11;
	for (i = 0; i < x->nr; i++)
		*f++ = x->word[i];
	*f++ = r->rip;
	*f++ = cs | (uint64_t)masked << 32;
	*f++ = visible_flags(v, masked);
	*f++ = r->rsp;
	*f++ = r->ss;

	sp = (sp & ~15UL) - (unsigned long)((char *)f - (char *)frame);
	if (unlikely(!rip)) {
		domain_crash(v->d, "trap %#x with no handler", r->entry_vector);
		return;
	}
	if (unlikely(copy_to_guest(sp, frame, (unsigned long)((char *)f -
							(char *)frame)))) {
		domain_crash(v->d, "no kernel stack at %#lx for a trap", sp);
		return;
	}
	if (mask_events)
		WRITE_ONCE(v->info->evtchn_upcall_mask, 1);
	r->rip = rip;
	r->cs = SEL_GUEST_CS64;
	r->rflags = (r->rflags & FLAGS_GUEST &
		     ~(uint64_t)(FLAG_TF | FLAG_RF | FLAG_AC)) |
		    FLAG_IF | 2;
	r->rsp = sp;
	r->ss = SEL_GUEST_DS;
	/* rcx and r11 are in the frame: the quick way out may lose them. */
	r->entry_vector = ENTRY_SYSCALL;
}

static const struct extra no_extra;

static bool has_error_code(unsigned int vector)
{
	return (vector >= 10 && vector <= 14) || vector == TRAP_DF ||
	       vector == TRAP_AC;
}

void pv_inject_trap(struct vcpu *v, unsigned int vector, uint32_t error_code)
{
	const struct trap_info *ti = &v->pv.traps[vector & 0xff];

	if (has_error_code(vector)) {
		struct extra x = { 1, { error_code } };

		bounce(v, ti->address, TI_GET_IF(ti), &x);
	} else {
		bounce(v, ti->address, TI_GET_IF(ti), &no_extra);
	}
}

void pv_inject_gp(struct vcpu *v, uint32_t error_code)
{
	pv_inject_trap(v, TRAP_GP, error_code);
}

void pv_inject_page_fault(struct vcpu *v, gva_t cr2, uint32_t error_code)
{
	/* Kernel and user both run in ring 3: say which it was. */
	error_code &= ~PF_USER;
	if (!v->pv.kernel_mode)
		error_code |= PF_USER;
	v->info->arch.cr2 = cr2;
	v->pv.cr2_shadow = cr2;
	pv_inject_trap(v, TRAP_PF, error_code);
}

void pv_inject_failsafe(struct vcpu *v)
{
	struct extra x = { 4,
			   { v->pv.ds, v->pv.es, v->pv.fs, v->pv.gs } };

	if (!v->pv.failsafe_rip) {
		domain_crash(v->d, "return frame can't be loaded");
		return;
	}
	pv_read_selectors(v, x.word);
	bounce(v, v->pv.failsafe_rip, v->pv.failsafe_masks_events, &x);
}

void pv_deliver_event(struct vcpu *v)
{
	bounce(v, v->pv.event_rip, true, &no_extra);
}

/* To the callback, or else to vector 2's handler; with neither it is lost. */
void pv_deliver_nmi(struct vcpu *v)
{
	uint64_t rip = v->pv.nmi_rip ? v->pv.nmi_rip :
				       v->pv.traps[TRAP_NMI].address;

	if (v->pv.nmi_masked ||
	    !__atomic_exchange_n(&v->pv.nmi_pending, false, __ATOMIC_SEQ_CST) ||
	    !rip)
		return;
	v->pv.nmi_masked = true;
	bounce(v, rip, true, &no_extra);
}

void pv_user_syscall(struct vcpu *v)
{
	if (unlikely(!v->pv.syscall_rip)) {
		pv_inject_trap(v, TRAP_UD, 0);
		return;
	}
	bounce(v, v->pv.syscall_rip, v->pv.syscall_masks_events, &no_extra);
}

/*
 * 32-bit SYSCALL.  From kernel mode, or with no handler, it is what a
 * processor says where SYSCALL isn't there.
 */
void pv_user_syscall32(struct vcpu *v)
{
	if (v->pv.kernel_mode || !v->pv.syscall32_rip) {
		v->regs.rip -= 2;
		pv_inject_trap(v, TRAP_UD, 0);
		return;
	}
	bounce(v, v->pv.syscall32_rip, v->pv.syscall32_masks_events,
	       &no_extra);
}
