/*
 * What a guest kernel tells the core once: where its handlers, callbacks and
 * stack are; and the small calls about FPU and debug registers.
 */
#include <hvx/pv.h>

#include <abi/callback.h>
#include <hvx/domain.h>
#include <hvx/fpu.h>
#include <hvx/guest_access.h>
#include <hvx/hypercall.h>
#include <hvx/interp.h>
#include <hvx/machine.h>
#include <hvx/string.h>

bool guest_addr_ok(uint64_t a)
{
	return is_canonical(a) &&
	       (a < HYPERVISOR_VIRT_START || a >= HYPERVISOR_VIRT_END);
}

/* The list ends with address 0, wherever that is: so it may be long. */
long hc_set_trap_table(struct vcpu *v, gva_t traps)
{
	struct trap_info t;
	unsigned int i;

	if (!traps) {
		memset(v->pv.traps, 0, sizeof(v->pv.traps));
		return 0;
	}
	for (i = 0;; i++) {
		if (i && preempt_needed())
			return hypercall_continue(
				v, __HYPERVISOR_set_trap_table, 1,
				traps + i * sizeof(t));
		if (copy_from_guest_index(&t, traps, i))
			return -EFAULT;
		if (!t.address)
			return 0;
		if (!guest_addr_ok(t.address))
			return -EINVAL;
		t.cs = fix_guest_cs(t.cs);
		v->pv.traps[t.vector] = t;
	}
}

long hc_stack_switch(struct vcpu *v, unsigned long ss, unsigned long sp)
{
	v->pv.kernel_ss = (ss & 0xffff) | 3;
	v->pv.kernel_sp = sp;
	return 0;
}

static long register_callback(struct vcpu *v, unsigned int type,
			      unsigned int flags, uint64_t address)
{
	bool mask = flags & CALLBACKF_mask_events;

	if (!guest_addr_ok(address))
		return -EINVAL;
	switch (type) {
	case CALLBACKTYPE_event:
		v->pv.event_rip = address;
		return 0;
	case CALLBACKTYPE_failsafe:
		v->pv.failsafe_rip = address;
		v->pv.failsafe_masks_events = mask;
		return 0;
	case CALLBACKTYPE_syscall:
		v->pv.syscall_rip = address;
		v->pv.syscall_masks_events = mask;
		return 0;
	case CALLBACKTYPE_syscall32:
		v->pv.syscall32_rip = address;
		v->pv.syscall32_masks_events = mask;
		return 0;
	case CALLBACKTYPE_sysenter:
		v->pv.sysenter_rip = address;
		v->pv.sysenter_masks_events = mask;
		return 0;
	case CALLBACKTYPE_nmi:
		v->pv.nmi_rip = address;
		return 0;
	default:
		return -ENOSYS;
	}
}

static long unregister_callback(struct vcpu *v, unsigned int type)
{
	switch (type) {
	case CALLBACKTYPE_event:
	case CALLBACKTYPE_failsafe:
	case CALLBACKTYPE_syscall:
		return -EINVAL;
	case CALLBACKTYPE_syscall32:
		v->pv.syscall32_rip = 0;
		return 0;
	case CALLBACKTYPE_sysenter:
		v->pv.sysenter_rip = 0;
		return 0;
	case CALLBACKTYPE_nmi:
		v->pv.nmi_rip = 0;
		return 0;
	default:
		return -ENOSYS;
	}
}

long hc_callback_op(struct vcpu *v, int cmd, gva_t arg)
{
	struct callback_register r;
	struct callback_unregister u;

	switch (cmd) {
	case CALLBACKOP_register:
		if (copy_from_guest(&r, arg, sizeof(r)))
			return -EFAULT;
		return register_callback(v, r.type, r.flags, r.address);
	case CALLBACKOP_unregister:
		if (copy_from_guest(&u, arg, sizeof(u)))
			return -EFAULT;
		return unregister_callback(v, u.type);
	default:
		return hypercall_unknown(v, __HYPERVISOR_callback_op,
					 (unsigned int)cmd);
	}
}

long hc_set_callbacks(struct vcpu *v, unsigned long event,
		      unsigned long failsafe, unsigned long syscall)
{
	if (!guest_addr_ok(event) || !guest_addr_ok(failsafe) ||
	    !guest_addr_ok(syscall))
		return -EINVAL;
	v->pv.event_rip = event;
	v->pv.failsafe_rip = failsafe;
	v->pv.syscall_rip = syscall;
	return 0;
}

long hc_fpu_taskswitch(struct vcpu *v, int set)
{
	fpu_set_ts(v, set);
	return 0;
}

long hc_set_debugreg(struct vcpu *v, int reg, unsigned long value)
{
	return vcpu_set_debugreg(v, (unsigned int)reg, value);
}

long hc_get_debugreg(struct vcpu *v, int reg)
{
	if (!vcpu_has_debugreg(v, (unsigned int)reg))
		return -ENODEV;
	return (long)vcpu_get_debugreg(v, (unsigned int)reg);
}

long hc_set_gdt(struct vcpu *v, gva_t frames, unsigned int entries)
{
	unsigned int i, nr = DIV_ROUND_UP(entries, 512);
	mfn_t mfn[GUEST_GDT_FRAMES];
	unsigned long m;

	if (entries > FIRST_RESERVED_GDT_ENTRY)
		return -EINVAL;
	for (i = 0; i < nr; i++) {
		if (copy_from_guest_index(&m, frames, i))
			return -EFAULT;
		mfn[i] = _mfn(m);
	}
	return pv_set_gdt(v, mfn, nr, entries);
}
