/*
 * Where every trap, callback and system call of the guest arrives.
 *
 * Order for a trap from kernel mode: a hook, then the table of expected faults,
 * then the resume address of trap_call(). From user mode: events are served
 * and user mode goes on, anything else ends user_run().
 */
#include <pv/console.h>
#include <pv/cpu.h>
#include <pv/event.h>
#include <pv/hypercall.h>
#include <pv/mem.h>
#include <pv/report.h>
#include <pv/trap.h>

#define NR_HOOKS	260

_Static_assert(TRAP_IRET_CALL == __HYPERVISOR_iret, "entry.S knows the number");

extern const struct fixup fixup_table_start[], fixup_table_end[];

void user_enter(struct cpu *c, const struct regs *r);
void user_leave(struct cpu *c) __attribute__((noreturn));
void trap_call_asm(unsigned long target, unsigned long arg,
		   unsigned long *resume);

static trap_hook_t hooks[NR_HOOKS];
static struct trap_info traps[22];

trap_hook_t trap_hook(unsigned int vector, trap_hook_t fn)
{
	trap_hook_t old = hooks[vector];

	hooks[vector] = fn;
	return old;
}

struct fault *fault_clear(void)
{
	struct fault *f = &this_cpu()->fault;

	f->count = 0;
	f->vector = 0;
	f->error = f->rip = f->cr2 = f->rflags = 0;
	return f;
}

const struct fault *fault_last(void)
{
	asm volatile("" : : : "memory");
	return &this_cpu()->fault;
}

bool fault_was(unsigned int vector)
{
	const struct fault *f = fault_last();

	return f->count == 1 && f->vector == vector;
}

static void record(struct cpu *c, const struct regs *regs)
{
	struct fault *f = &c->fault;

	f->count++;
	f->vector = (unsigned int)regs->vector;
	f->error = regs->error;
	f->rip = regs->rip;
	f->cr2 = cpu_vcpu_info()->arch.cr2;
	f->rflags = regs->rflags;
}

static bool fixed_up(struct cpu *c, struct regs *regs)
{
	const struct fixup *x;

	for (x = fixup_table_start; x < fixup_table_end; x++) {
		if (x->from != regs->rip)
			continue;
		record(c, regs);
		regs->rip = x->to;
		return true;
	}
	if (c->resume) {
		record(c, regs);
		regs->rip = c->resume;
		regs->rsp = c->resume_sp;
		c->resume = 0;
		return true;
	}
	return false;
}

static void die(const struct regs *r)
{
	printf("FAIL unexpected trap %lu, error %lx, cr2 %lx, vcpu %u\n",
	       r->vector, r->error, cpu_vcpu_info()->arch.cr2, this_cpu()->id);
	printf("rip %lx:%016lx rflags %lx rsp %lx:%lx\n", r->cs & 0xffff,
	       r->rip, r->rflags, r->ss & 0xffff, r->rsp);
	printf("rax %lx rbx %lx rcx %lx rdx %lx rsi %lx rdi %lx rbp %lx\n",
	       r->rax, r->rbx, r->rcx, r->rdx, r->rsi, r->rdi, r->rbp);
	printf("r8 %lx r9 %lx r10 %lx r11 %lx r12 %lx r13 %lx r14 %lx r15 %lx\n",
	       r->r8, r->r9, r->r10, r->r11, r->r12, r->r13, r->r14, r->r15);
	check_quiet(false, "unexpected trap %lu", r->vector);
	report_finish();
}

void trap_entry(struct regs *regs)
{
	struct cpu *c = this_cpu();

	if (regs->vector < NR_HOOKS && hooks[regs->vector]) {
		hooks[regs->vector](regs);
		return;
	}
	if (regs->vector == TRAP_EVENT) {
		event_upcall_fn();
		return;
	}
	if (regs->cs & 3) {
		c->user = *regs;
		c->user_cr2 = cpu_vcpu_info()->arch.cr2;
		user_leave(c);
	}
	if (!fixed_up(c, regs))
		die(regs);
}

const struct regs *user_run_regs(const struct regs *given)
{
	struct cpu *c = this_cpu();
	struct regs regs = *given;
	bool enabled = event_enabled();

	event_disable();
	regs.cs = FLAT_USER_CS64;
	regs.ss = FLAT_USER_SS64;
	user_enter(c, &regs);
	if (enabled)
		event_enable();
	return &c->user;
}

const struct regs *user_run(unsigned long rip, unsigned long rsp,
			    unsigned long rdi)
{
	struct regs regs = {
		.rip = rip, .rsp = rsp, .rdi = rdi, .rflags = 0x202,
	};

	return user_run_regs(&regs);
}

void trap_call(unsigned long target, unsigned long arg)
{
	trap_call_asm(target, arg, &this_cpu()->resume);
}

const void *trap_table(void)
{
	return traps;
}

/* int3, into and the software vector may be raised by user mode: DPL 3. */
static unsigned char trap_flags(unsigned int vector)
{
	if (vector == TRAP_BP || vector == TRAP_OF || vector == TRAP_SOFT)
		return 3;
	return 0;
}

void trap_init(void)
{
	unsigned int i;

	for (i = 0; i < 21; i++) {
		unsigned int vector = i < 20 ? i : TRAP_SOFT;

		traps[i].vector = (unsigned char)vector;
		traps[i].flags = trap_flags(vector);
		traps[i].cs = FLAT_KERNEL_CS64;
		traps[i].address = trap_stubs[i];
	}
}
