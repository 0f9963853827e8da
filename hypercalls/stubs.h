/* SPDX-License-Identifier: MIT */
/*
 * The guests' side: an inline function HYPERVISOR_NAME(args) for each line of
 * hypercalls.def, typed by the table.
 *
 * Two ways in. The default is a bare SYSCALL from guest kernel mode, which
 * destroys rcx and r11. With HYPERCALL_BY_PAGE defined, the call goes to
 * hypercall_page + 32 * number, and the guest provides that page (ELF note
 * HYPERCALL_PAGE, or MSR 0x40000000). The CALL needs code built with
 * -mno-red-zone.
 *
 * The hypervisor may overwrite the argument registers, and debug builds do.
 */
#ifndef HYPERCALLS_STUBS_H
#define HYPERCALLS_STUBS_H

#include <abi/domctl.h>
#include <abi/platform.h>
#include <abi/sysctl.h>
#include <abi/xen-mca.h>
#include <abi/xen.h>
#include <abi/xenpmu.h>

#ifdef HYPERCALL_BY_PAGE
extern char hypercall_page[];

#define HYPERCALL_ENTER		"call *%[entry]"
#define HYPERCALL_ENTRY(nr)	[entry] "r" (hypercall_page + 32 * (nr))
#else
#define HYPERCALL_ENTER		"syscall"
#define HYPERCALL_ENTRY(nr)
#endif

/* The only asm here. Arguments that a call doesn't have are passed as 0. */
static inline __attribute__((always_inline)) long
hypercall_enter(unsigned int nr, unsigned long a1, unsigned long a2,
		unsigned long a3, unsigned long a4, unsigned long a5)
{
	register unsigned long r10 __asm__("r10") = a4;
	register unsigned long r8 __asm__("r8") = a5;
	long ret = nr;

	__asm__ volatile(HYPERCALL_ENTER
			 : "+a" (ret), "+D" (a1), "+S" (a2), "+d" (a3),
			   "+r" (r10), "+r" (r8)
			 : HYPERCALL_ENTRY(nr)
			 : "rcx", "r11", "memory");
	return ret;
}

#define HC_PTR(T)	T *
#define HC_WORD(a)	((unsigned long)(a))
#define HC_STUB(name)	static inline long HYPERVISOR_##name

#define HC0(nr, name, flags)						\
HC_STUB(name)(void)							\
{									\
	return hypercall_enter(nr, 0, 0, 0, 0, 0);			\
}
#define HC1(nr, name, flags, t1, a1)					\
HC_STUB(name)(t1 a1)							\
{									\
	return hypercall_enter(nr, HC_WORD(a1), 0, 0, 0, 0);		\
}
#define HC2(nr, name, flags, t1, a1, t2, a2)				\
HC_STUB(name)(t1 a1, t2 a2)						\
{									\
	return hypercall_enter(nr, HC_WORD(a1), HC_WORD(a2), 0, 0, 0);	\
}
#define HC3(nr, name, flags, t1, a1, t2, a2, t3, a3)			\
HC_STUB(name)(t1 a1, t2 a2, t3 a3)					\
{									\
	return hypercall_enter(nr, HC_WORD(a1), HC_WORD(a2),		\
			       HC_WORD(a3), 0, 0);			\
}
#define HC4(nr, name, flags, t1, a1, t2, a2, t3, a3, t4, a4)		\
HC_STUB(name)(t1 a1, t2 a2, t3 a3, t4 a4)				\
{									\
	return hypercall_enter(nr, HC_WORD(a1), HC_WORD(a2),		\
			       HC_WORD(a3), HC_WORD(a4), 0);		\
}
#define HC5(nr, name, flags, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5)	\
HC_STUB(name)(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5)			\
{									\
	return hypercall_enter(nr, HC_WORD(a1), HC_WORD(a2),		\
			       HC_WORD(a3), HC_WORD(a4), HC_WORD(a5));	\
}
#include <hypercalls.def>
#undef HC_STUB
#undef HC_WORD
#undef HC_PTR

#endif /* HYPERCALLS_STUBS_H */
