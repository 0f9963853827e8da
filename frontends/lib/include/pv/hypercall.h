/*
 * The guest's side of a hypercall, by both ways that the ABI has.
 *
 * hypercall() enters by a bare SYSCALL from guest kernel mode, as Debian's
 * kernels do; hypercall_by_page() goes through the page that the hypervisor
 * filled at boot (ELF note HYPERCALL_PAGE). Both take up to five arguments in
 * rdi, rsi, rdx, r10 and r8 and give back rax; rcx and r11 are clobbered by the
 * first and kept by the second.
 */
#ifndef PV_HYPERCALL_H
#define PV_HYPERCALL_H

#include <stdint.h>
#include <stddef.h>
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

static inline long hc_xen_version(int cmd, void *arg)
{
	return hypercall2(__HYPERVISOR_xen_version, cmd, arg);
}

static inline long hc_console_io(int cmd, int count, const char *s)
{
	return hypercall3(__HYPERVISOR_console_io, cmd, count, s);
}

static inline long hc_sched_op(int cmd, void *arg)
{
	return hypercall2(__HYPERVISOR_sched_op, cmd, arg);
}

static inline long hc_event_channel_op(int cmd, void *arg)
{
	return hypercall2(__HYPERVISOR_event_channel_op, cmd, arg);
}

static inline long hc_memory_op(unsigned long cmd, void *arg)
{
	return hypercall2(__HYPERVISOR_memory_op, cmd, arg);
}

static inline long hc_vcpu_op(int cmd, unsigned int vcpu, void *arg)
{
	return hypercall3(__HYPERVISOR_vcpu_op, cmd, vcpu, arg);
}

static inline long hc_mmu_update(const struct mmu_update *req,
				 unsigned int count, unsigned int *done,
				 unsigned int dom)
{
	return hypercall4(__HYPERVISOR_mmu_update, req, count, done, dom);
}

static inline long hc_mmuext_op(const struct mmuext_op *op, unsigned int count,
				unsigned int *done, unsigned int dom)
{
	return hypercall4(__HYPERVISOR_mmuext_op, op, count, done, dom);
}

static inline long hc_update_va_mapping(unsigned long va, uint64_t pte,
					unsigned long flags)
{
	return hypercall3(__HYPERVISOR_update_va_mapping, va, pte, flags);
}

static inline long hc_set_trap_table(const struct trap_info *table)
{
	return hypercall1(__HYPERVISOR_set_trap_table, table);
}

static inline long hc_stack_switch(unsigned long ss, unsigned long sp)
{
	return hypercall2(__HYPERVISOR_stack_switch, ss, sp);
}

static inline long hc_callback_op(int cmd, const void *arg)
{
	return hypercall2(__HYPERVISOR_callback_op, cmd, arg);
}

static inline long hc_set_timer_op(uint64_t deadline_ns)
{
	return hypercall1(__HYPERVISOR_set_timer_op, deadline_ns);
}

static inline long hc_vm_assist(unsigned int cmd, unsigned int type)
{
	return hypercall2(__HYPERVISOR_vm_assist, cmd, type);
}

static inline long hc_multicall(struct multicall_entry *list, unsigned int n)
{
	return hypercall2(__HYPERVISOR_multicall, list, n);
}

static inline long hc_grant_table_op(unsigned int cmd, void *op,
				     unsigned int count)
{
	return hypercall3(__HYPERVISOR_grant_table_op, cmd, op, count);
}

static inline long hc_physdev_op(int cmd, void *arg)
{
	return hypercall2(__HYPERVISOR_physdev_op, cmd, arg);
}

static inline long hc_set_segment_base(unsigned int which, unsigned long base)
{
	return hypercall2(__HYPERVISOR_set_segment_base, which, base);
}

static inline long hc_fpu_taskswitch(int set)
{
	return hypercall1(__HYPERVISOR_fpu_taskswitch, set);
}

static inline long hc_set_debugreg(int reg, unsigned long value)
{
	return hypercall2(__HYPERVISOR_set_debugreg, reg, value);
}

static inline long hc_get_debugreg(int reg)
{
	return hypercall1(__HYPERVISOR_get_debugreg, reg);
}

static inline long hc_set_gdt(const unsigned long *frames, unsigned int entries)
{
	return hypercall2(__HYPERVISOR_set_gdt, frames, entries);
}

static inline long hc_update_descriptor(uint64_t maddr, uint64_t desc)
{
	return hypercall2(__HYPERVISOR_update_descriptor, maddr, desc);
}

#endif
