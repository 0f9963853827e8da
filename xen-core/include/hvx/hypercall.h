/*
 * Dispatch of hypercalls, multicalls and continuations.
 *
 * A handler is `long hc_NAME(struct vcpu *v, args...)`, prototyped below from
 * hypercalls.def.  It returns the guest's rax: a result or -errno.
 *
 * Continuations: a handler that stops at a preemption point returns
 * hypercall_continue(v, nr, n, args...): the same call is made again with
 * those arguments when the vCPU next runs (rip is set back to the SYSCALL, or
 * the multicall entry is rewritten).  All state is in the arguments, which the
 * guest can see and forge: each entry checks them as if they were new.
 */
#ifndef HVX_HYPERCALL_H
#define HVX_HYPERCALL_H

#include <abi/domctl.h>
#include <abi/platform.h>
#include <abi/sysctl.h>
#include <abi/xen.h>
#include <hvx/types.h>

struct vcpu;

#define HC_PTR(type) gva_t
#define HC_PREEMPT   1
#define HC_PV	     2

#define HC0(nr, name, flags) long hc_##name(struct vcpu *v);
#define HC1(nr, name, flags, t1, a1) long hc_##name(struct vcpu *v, t1 a1);
#define HC2(nr, name, flags, t1, a1, t2, a2)                                   \
	long hc_##name(struct vcpu *v, t1 a1, t2 a2);
#define HC3(nr, name, flags, t1, a1, t2, a2, t3, a3)                           \
	long hc_##name(struct vcpu *v, t1 a1, t2 a2, t3 a3);
#define HC4(nr, name, flags, t1, a1, t2, a2, t3, a3, t4, a4)                   \
	long hc_##name(struct vcpu *v, t1 a1, t2 a2, t3 a3, t4 a4);
#define HC5(nr, name, flags, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5)           \
	long hc_##name(struct vcpu *v, t1 a1, t2 a2, t3 a3, t4 a4, t5 a5);
#define HCX(nr, name)
#include <hypercalls.def>
#undef HC0
#undef HC1
#undef HC2
#undef HC3
#undef HC4
#undef HC5
#undef HCX

/* Arrange for the call to be made again with these arguments (n of them);
 * the value to return from the handler. */
long hypercall_continue(struct vcpu *v, unsigned int nr, unsigned int n, ...);
/* One hypercall by number: the multicall's and the dispatcher's way. */
long hypercall_call(struct vcpu *v, unsigned long nr, const unsigned long a[5]);
/* Note once for each (nr, cmd) that it isn't known; returns -ENOSYS. */
long hypercall_unknown(struct vcpu *v, unsigned long nr, unsigned long cmd);

#endif
