/*
 * user: into user mode and back.
 *
 * What must hold: iret enters ring 3 on the user page table with the flags and
 * registers asked for; a system call, an exception or a permitted software
 * interrupt comes back to the guest kernel on the stack of stack_switch, marked
 * as user; nothing that user mode does is taken for a hypercall or a
 * privileged act. A broken hypervisor serves a user's SYSCALL, leaves the
 * kernel mapped, or lets interrupts or I/O privilege slip through.
 */
#include <pv/cpu.h>
#include <pv/event.h>
#include <pv/hypercall.h>
#include <pv/insn.h>
#include <pv/mem.h>
#include <pv/report.h>
#include <pv/string.h>

#define CODE_VA		0x400000ul
#define STACK_VA	0x401000ul

static unsigned char *code;
static uint64_t *user_root;

/* A user table with one code and one stack page. */
static void build_tables(void)
{
	uint64_t *l[5];
	unsigned int level;
	void *stack = page_alloc();

	code = page_alloc();
	for (level = 1; level <= 4; level++)
		l[level] = page_alloc();
	l[1][pt_index(CODE_VA, 1)] = va_pte(code, PTE_KERN_RO);
	l[1][pt_index(STACK_VA, 1)] = va_pte(stack, PTE_KERN | PTE_NX);
	for (level = 2; level <= 4; level++)
		l[level][pt_index(CODE_VA, level)] =
			va_pte(l[level - 1], PTE_TABLE);
	for (level = 1; level <= 4; level++)
		page_set_ro(l[level]);
	user_root = l[4];
	check(!pin_table(user_root, 4), "the user's table pins");
	check(!mmuext_mfn(MMUEXT_NEW_USER_BASEPTR, va_to_mfn(user_root)),
	      "and is loaded");
}

static const struct regs *run(const void *bytes, size_t len)
{
	memcpy(code, bytes, len);
	return user_run(CODE_VA, STACK_VA + PAGE_SIZE - 16, 0x1234);
}

#define RUN(bytes) run(bytes, sizeof(bytes) - 1)

static void check_syscall(void)
{
	/* mov $17,%eax; xor %edi,%edi; mov $0x77,%ebx; syscall */
	const struct regs *r = RUN("\xb8\x11\x00\x00\x00\x31\xff"
				   "\xbb\x77\x00\x00\x00\x0f\x05");

	check(r->vector == TRAP_SYSCALL, "a user's syscall is the kernel's");
	check(r->rax == 17, "and no hypercall");
	check(r->rip == CODE_VA + 14, "rip is behind it");
	check(r->rbx == 0x77 && r->rsp == STACK_VA + PAGE_SIZE - 16,
	      "registers and stack pointer are the user's");
	check((r->cs & 3) == 3 && (r->ss & 3) == 3, "cs and ss say user");
	check(r->rflags & 0x200, "interrupts were on");
	check(!(r->rflags & 0x3000), "I/O privilege was 0");
	check(!event_enabled(), "events are masked on the way in");
}

static void check_one(unsigned int vector, const char *what,
		      const struct regs *r)
{
	check(r->vector == vector && (r->cs & 3) == 3, "%s", what);
	if (r->vector != vector)
		note("%s came as %lu error %lx", what, r->vector, r->error);
}

static void check_exceptions(void)
{
	const struct regs *r;

	check_one(TRAP_UD, "ud2", RUN("\x0f\x0b"));
	check_one(TRAP_BP, "int3", RUN("\xcc"));
	check_one(TRAP_SOFT, "int 0x80", RUN("\xcd\x80"));
	check_one(TRAP_DE, "division by zero", RUN("\x31\xc9\xf7\xf1"));
	check_one(TRAP_GP, "hlt", RUN("\xf4"));
	check_one(TRAP_GP, "cli", RUN("\xfa"));
	check_one(TRAP_GP, "in", RUN("\xec"));
	check_one(TRAP_GP, "rdmsr of EFER", RUN("\xb9\x80\x00\x00\xc0\x0f\x32"));
	check_one(TRAP_GP, "mov from cr0", RUN("\x0f\x20\xc0"));
	check_one(TRAP_GP, "clts", RUN("\x0f\x06"));
	check_one(TRAP_GP, "swapgs", RUN("\x0f\x01\xf8"));
	check_one(TRAP_GP, "int 0x30", RUN("\xcd\x30"));

	/* mov 0xffffffff80100000,%rax */
	r = RUN("\x48\xa1\x00\x00\x10\x80\xff\xff\xff\xff");
	check_one(TRAP_PF, "a read of the kernel", r);
	check(r->error == 4 && this_cpu()->user_cr2 == VIRT_BASE + 0x100000,
	      "not present, by the user, at its address");
	/* mov %rax,0xffff830000000000 */
	r = RUN("\x48\xa3\x00\x00\x00\x00\x00\x83\xff\xff");
	check_one(TRAP_PF, "a write to the hypervisor", r);
	check((r->error & 6) == 6, "by the user, a write");
	/* mov %rax,0x400000 */
	r = RUN("\x48\xa3\x00\x00\x40\x00\x00\x00\x00\x00");
	check(r->vector == TRAP_PF && r->error == 7, "a write to its code");
	/* jmp to the stack page: mov $0x401000,%eax; jmp *%rax */
	r = RUN("\xb8\x00\x10\x40\x00\xff\xe0");
	check(r->vector == TRAP_PF && (r->error & 0x15) == 0x15,
	      "execution of its stack");
}

/* The kernel asks for flags that no guest may have. */
static void check_flags(void)
{
	struct regs regs = {
		.rip = CODE_VA, .rsp = STACK_VA + 4096 - 16,
		.rflags = 0x202 | 0x3000 | 0x4000 | 0x20000,
	};
	const struct regs *r;

	/* pushfq; pop %rax; syscall */
	memcpy(code, "\x9c\x58\x0f\x05", 4);
	r = user_run_regs(&regs);
	check(r->vector == TRAP_SYSCALL && !(r->rax & 0x3000) &&
	      (r->rax & 0x200), "iret forces IOPL 0 and IF");
	check(!(r->rax & 0x20000), "and no VM86");
	check(!(r->rax & 0x4000), "and no NT");
}

static void check_bases(void)
{
	const struct regs *r;

	HYPERVISOR_set_segment_base(SEGBASE_GS_USER, CODE_VA);
	HYPERVISOR_set_segment_base(SEGBASE_GS_KERNEL, (unsigned long)&user_root);
	/* mov %gs:0,%eax; syscall */
	r = RUN("\x65\x8b\x04\x25\x00\x00\x00\x00\x0f\x05");
	check((r->rax & 0xffffffff) == 0x25048b65, "the user's GS base");
	check(rdmsr(MSR_GS_BASE) == (unsigned long)&user_root,
	      "the kernel's is back in the kernel");
}

static volatile unsigned int events;

static void count_event(unsigned int port)
{
	(void)port;
	events++;
}

/* An event that is pending and masked is delivered when iret unmasks. */
static void check_event(void)
{
	long port = event_bind_ipi(0);
	const struct regs *r;

	event_disable();
	event_set_handler((unsigned int)port, count_event);
	event_send((unsigned int)port);
	check(events == 0, "no event while masked");
	r = RUN("\x0f\x05");
	check(r->vector == TRAP_SYSCALL && events == 1,
	      "iret delivers it, then user mode goes on");
}

void guest_main(void)
{
	build_tables();
	check_syscall();
	check_exceptions();
	check_flags();
	check_bases();
	check_event();
}
