/*
 * Hypercalls by number: the table that entry.S calls through, multicalls, and
 * continuations.
 *
 * A handler that must stop half way leaves its progress in the arguments and
 * goes back to the guest with the instruction pointer on the SYSCALL again
 * (2 bytes, whichever way the guest got to it).  So a call in progress keeps
 * nothing in the core, interrupts and the scheduler get their turn, and a
 * guest that forges such arguments only makes a call with those arguments.
 */
#include <hvx/hypercall.h>

#include <asm/bitops.h>
#include <hvx/console.h>
#include <hvx/domain.h>
#include <hvx/guest_access.h>
#include <hvx/machine.h>
#include <hvx/string.h>
#include <hvx/traps.h>
#include <names.h>

#define SYSCALL_LENGTH 2
#define NR_HYPERCALLS  56

typedef void (*hypercall_fn)(void);	/* cast to what it is when called */

static long hc_unimplemented(struct vcpu *v)
{
	unsigned long nr = v->mc.active ? v->mc.call.op : v->regs.rax;

	return hypercall_unknown(v, nr, ~0UL);
}

/*
 * Arguments go by register, in the ABI's order; a handler that takes 32 bits
 * looks at the low half of its register.  So one call instruction serves all.
 */
#define ENTRY(nr, name) [nr] = (hypercall_fn)hc_##name,
#define HC0(nr, name, f) ENTRY(nr, name)
#define HC1(nr, name, f, t1, a1) ENTRY(nr, name)
#define HC2(nr, name, f, t1, a1, t2, a2) ENTRY(nr, name)
#define HC3(nr, name, f, t1, a1, t2, a2, t3, a3) ENTRY(nr, name)
#define HC4(nr, name, f, t1, a1, t2, a2, t3, a3, t4, a4) ENTRY(nr, name)
#define HC5(nr, name, f, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5) ENTRY(nr, name)
#define HCX(nr, name) [nr] = (hypercall_fn)hc_unimplemented,

const hypercall_fn hypercall_table[NR_HYPERCALLS] = {
#include <hypercalls.def>
	[11] = (hypercall_fn)hc_unimplemented,
	[42 + 1 ... 47] = (hypercall_fn)hc_unimplemented,
};
const unsigned long hypercall_count = NR_HYPERCALLS;

#define MAX_NOTED 64

/* Calls already complained about; full is full. */
static struct {
	unsigned long nr, cmd;
} noted[MAX_NOTED];
static unsigned int nr_noted;

long hypercall_unknown(struct vcpu *v, unsigned long nr, unsigned long cmd)
{
	static struct lock lock = LOCK_INIT;
	const char *name = nr < NR_HYPERCALLS ?
			   hypercall_name((unsigned int)nr) : NULL;
	unsigned int i, n;

	n = __atomic_load_n(&nr_noted, __ATOMIC_ACQUIRE);
	for (i = 0; i < n; i++)
		if (noted[i].nr == nr && noted[i].cmd == cmd)
			return -ENOSYS;
	spin_lock(&lock);
	if (nr_noted < MAX_NOTED) {
		noted[nr_noted].nr = nr;
		noted[nr_noted].cmd = cmd;
		__atomic_store_n(&nr_noted, nr_noted + 1, __ATOMIC_RELEASE);
		n = MAX_NOTED + 1;
	}
	spin_unlock(&lock);
	if (n <= MAX_NOTED)
		return -ENOSYS;
	if (cmd == ~0UL) {
		gprintk(v->d, "unknown hypercall %lu (%s) from %#lx\n", nr,
			name ? name : "no name", v->regs.rip);
	} else {
		const char *sub = hypercall_subop_name((unsigned int)nr, cmd);

		gprintk(v->d, "unknown %s %lu (%s) from %#lx\n",
			name ? name : "no name", cmd, sub ? sub : "no name",
			v->regs.rip);
	}
	return -ENOSYS;
}

/* Beyond the table: every number there is, so not worth a line each. */
long hypercall_bad_number(__maybe_unused struct vcpu *v,
			  __maybe_unused unsigned long nr)
{
	return -ENOSYS;
}

long hypercall_call(struct vcpu *v, unsigned long nr, const unsigned long a[5])
{
	long (*fn)(struct vcpu *, unsigned long, unsigned long, unsigned long,
		   unsigned long, unsigned long);

	if (nr >= NR_HYPERCALLS)
		return -ENOSYS;
	fn = (long (*)(struct vcpu *, unsigned long, unsigned long,
		       unsigned long, unsigned long, unsigned long))
		hypercall_table[index_clamp(nr, NR_HYPERCALLS)];
	return fn(v, a[0], a[1], a[2], a[3], a[4]);
}

long hypercall_continue(struct vcpu *v, unsigned int nr, unsigned int n, ...)
{
	struct cpu_regs *r = &v->regs;
	uint64_t *arg[5] = { &r->rdi, &r->rsi, &r->rdx, &r->r10, &r->r8 };
	__builtin_va_list ap;
	unsigned int i;

	__builtin_va_start(ap, n);
	if (v->mc.active) {
		v->mc.continued = true;
		for (i = 0; i < n; i++)
			v->mc.call.args[i] = __builtin_va_arg(ap,
							      unsigned long);
	} else {
		for (i = 0; i < n; i++)
			*arg[i] = __builtin_va_arg(ap, unsigned long);
		r->rip -= SYSCALL_LENGTH;
	}
	__builtin_va_end(ap);
	return (long)nr;
}

/* One entry; true if the list is to be gone on with. */
static bool multicall_one(struct vcpu *v, gva_t entry, long *rc)
{
	struct multicall_entry *c = &v->mc.call;

	*rc = copy_from_guest(c, entry, sizeof(*c));
	if (*rc)
		return false;
	v->mc.active = true;
	v->mc.continued = false;
	c->result = (unsigned long)hypercall_call(v, c->op, c->args);
	v->mc.active = false;

	if (unlikely(v->mc.continued)) {
		*rc = copy_to_guest(entry, c, sizeof(*c));
		return false;
	}
	/* An iret among them: the rest isn't the kernel's. */
	if (unlikely(!v->pv.kernel_mode))
		return false;
	*rc = copy_to_guest(entry + offsetof(struct multicall_entry, result),
			    &c->result, sizeof(c->result));
	return *rc == 0;
}

long hc_multicall(struct vcpu *v, gva_t list, unsigned int nr)
{
	long rc = 0;
	unsigned int i;

	if (v->mc.active)
		return -EINVAL;
	if (!guest_array_ok(list, nr, sizeof(struct multicall_entry)))
		return -EFAULT;
	for (i = 0; i < nr; i++) {
		gva_t entry = list + i * sizeof(struct multicall_entry);
		bool again;

		/* Also when one of them blocked, or another processor paused
		 * this vCPU: the rest when it runs again. */
		if (i && (preempt_needed() || READ_ONCE(v->pause_flags)))
			return hypercall_continue(v, __HYPERVISOR_multicall, 2,
						  entry,
						  (unsigned long)(nr - i));
		if (multicall_one(v, entry, &rc))
			continue;
		again = v->mc.continued;
		v->mc.continued = false;
		if (rc)
			return rc;
		if (again)
			return hypercall_continue(v, __HYPERVISOR_multicall, 2,
						  entry,
						  (unsigned long)(nr - i));
		return (long)v->regs.rax;	/* the iret's */
	}
	return 0;
}
