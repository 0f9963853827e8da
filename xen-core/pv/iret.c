/*
 * The iret hypercall: a guest kernel returns to where a trap came from, or to
 * its user mode.  The frame is the guest's memory, read once; privilege,
 * interrupt and I/O flags are what they must be whatever it says.  A selector
 * or address in it that doesn't load is found by the processor, on the way
 * out (traps.c, failed_return).
 */
#include <hvx/pv.h>

#include <hvx/domain.h>
#include <hvx/guest_access.h>
#include <hvx/hypercall.h>
#include <hvx/layout.h>
#include <hvx/traps.h>

long hc_iret(struct vcpu *v)
{
	struct cpu_regs *r = &v->regs;
	struct iret_context c;

	if (unlikely(copy_from_guest(&c, r->rsp, sizeof(c)))) {
		domain_crash(v->d, "iret frame at %#lx isn't there", r->rsp);
		return 0;
	}
	if ((c.cs & 3) == 3) {
		if (unlikely(!v->pv.cr3_user)) {
			domain_crash(v->d, "iret to user mode, no user table");
			return 0;
		}
		pv_toggle_mode(v);
	}
	if (v->d->vm_assist & BIT(VMASST_TYPE_architectural_iopl))
		v->pv.iopl = c.rflags >> 12 & 3;
	r->rip = c.rip;
	r->cs = (c.cs & 0xffff) | 3;
	r->rflags = (c.rflags & FLAGS_GUEST) | FLAG_IF | 2;
	r->rsp = c.rsp;
	r->ss = (c.ss & 0xffff) | 3;
	WRITE_ONCE(v->info->evtchn_upcall_mask, !(c.rflags & FLAG_IF));

	/* SYSRET gives flat selectors and takes rcx and r11 for itself. */
	if (!(c.flags & VGCF_in_syscall) || r->cs != SEL_GUEST_CS64 ||
	    r->ss != SEL_GUEST_DS) {
		r->entry_vector = 0;
		r->rcx = c.rcx;
		r->r11 = c.r11;
	}
	v->pv.nmi_masked = false;
	if (unlikely(READ_ONCE(v->pv.nmi_pending))) {
		r->rax = c.rax;
		pv_deliver_nmi(v);
	}
	return (long)c.rax;
}
