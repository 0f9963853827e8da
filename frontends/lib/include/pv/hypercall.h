/*
 * The guest's side of a hypercall, by both ways that the ABI has.
 *
 * HYPERVISOR_xxx() of the table are what a guest calls by rights. A test also
 * passes what no type would let through: hypercall() enters by a bare SYSCALL
 * from guest kernel mode with any number and arguments; hypercall_by_page()
 * goes through the page that the hypervisor filled at boot (ELF note
 * HYPERCALL_PAGE). Both take up to five arguments in rdi, rsi, rdx, r10 and r8
 * and give back rax; rcx and r11 are clobbered by the first and kept by the
 * second.
 */
#ifndef PV_HYPERCALL_H
#define PV_HYPERCALL_H

#include <stdint.h>
#include <stddef.h>
#include <stubs.h>
#include <abi/xen.h>
#include <abi/errno.h>
#include <abi/event_channel.h>
#include <abi/sched.h>
#include <abi/memory.h>
#include <abi/physdev.h>
#include <abi/vcpu.h>
#include <abi/version.h>
#include <abi/callback.h>
#include <abi/features.h>
#include <abi/grant_table.h>

/* An unchecked argument: a pointer, a number, or rubbish on purpose. */
typedef unsigned long hcarg_t;

static inline long hypercall(unsigned long nr, hcarg_t a1, hcarg_t a2,
			     hcarg_t a3, hcarg_t a4, hcarg_t a5)
{
	register unsigned long r10 asm("r10") = a4;
	register unsigned long r8 asm("r8") = a5;
	long ret = nr;

	asm volatile("syscall"
		     : "+a" (ret), "+D" (a1), "+S" (a2), "+d" (a3),
		       "+r" (r10), "+r" (r8)
		     : : "rcx", "r11", "memory");
	return ret;
}

/* The same through the hypercall page; @nr must be below 128. */
long hypercall_by_page(unsigned long nr, hcarg_t a1, hcarg_t a2, hcarg_t a3,
		       hcarg_t a4, hcarg_t a5);

#define HC(x) ((hcarg_t)(x))
#define hypercall0(nr)			hypercall(nr, 0, 0, 0, 0, 0)
#define hypercall1(nr, a)		hypercall(nr, HC(a), 0, 0, 0, 0)
#define hypercall2(nr, a, b)		hypercall(nr, HC(a), HC(b), 0, 0, 0)
#define hypercall3(nr, a, b, c)		hypercall(nr, HC(a), HC(b), HC(c), 0, 0)
#define hypercall4(nr, a, b, c, d) \
	hypercall(nr, HC(a), HC(b), HC(c), HC(d), 0)

/* Fill a guest handle whatever type its header gives it. */
#define handle_set(h, p) do {						\
		unsigned long handle_set_p = (unsigned long)(p);	\
		_Static_assert(sizeof(h) == sizeof(handle_set_p), "handle"); \
		__builtin_memcpy(&(h), &handle_set_p, sizeof(h));	\
	} while (0)

#endif
