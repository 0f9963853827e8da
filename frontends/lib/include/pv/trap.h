/*
 * Traps of a PV guest kernel, and how a test expects one.
 *
 * An instruction that may fault is written with FIX(): its address and the one
 * after it go to a table; if it faults, the fault is recorded in the vCPU's
 * struct fault and the kernel goes on after it. What isn't in the table, such
 * as a jump into nowhere, goes through trap_call(). Vectors that are no faults
 * (int3, int n) get a hook. Any other trap ends the guest with a failed
 * verdict and the registers on the console.
 */
#ifndef PV_TRAP_H
#define PV_TRAP_H

#define TRAP_DE		0
#define TRAP_DB		1
#define TRAP_NMI	2
#define TRAP_BP		3
#define TRAP_OF		4
#define TRAP_UD		6
#define TRAP_NM		7
#define TRAP_TS		10
#define TRAP_NP		11
#define TRAP_SS		12
#define TRAP_GP		13
#define TRAP_PF		14
#define TRAP_MF		16
#define TRAP_AC		17
#define TRAP_XM		19

/* Not vectors of the processor: the callbacks, told apart in struct regs. */
#define TRAP_EVENT	256
#define TRAP_FAILSAFE	257
#define TRAP_SYSCALL	258

/* The number of the iret call, checked against the ABI in trap.c. */
#define TRAP_IRET_CALL	23

/* The one software interrupt that the library lets user mode raise. */
#define TRAP_SOFT	0x80

#ifndef __ASSEMBLY__
#include <stdint.h>
#include <stdbool.h>

struct regs {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
	uint64_t rax, rcx, rdx, rsi, rdi;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* A fault that the guest expected. @count tells whether one came at all. */
struct fault {
	unsigned int count;
	unsigned int vector;
	uint64_t error, rip, cr2, rflags;
};

struct fixup {
	uint64_t from, to;
};

#define FIX(insn)					\
	"771: " insn "\n"				\
	"772:\n"					\
	".pushsection .fixup_table, \"a\"\n"		\
	".quad 771b, 772b\n"				\
	".popsection\n"

/* Forget the last fault; then look at what came. */
struct fault *fault_clear(void);
const struct fault *fault_last(void);
bool fault_was(unsigned int vector);

/* Called with the trap's registers; what it leaves in them is resumed. */
typedef void (*trap_hook_t)(struct regs *regs);
trap_hook_t trap_hook(unsigned int vector, trap_hook_t fn);

/* Call @target(@arg) and come back even if the jump itself faults. */
void trap_call(unsigned long target, unsigned long arg);

/* The stubs that lead to trap_entry(), by vector. */
extern const unsigned long trap_stubs[];

void trap_init(void);
const void *trap_table(void);
void trap_entry(struct regs *regs);

/*
 * Run @rip in user mode on stack @rsp with @rdi, until it traps, makes a system
 * call or (with no such handler) is killed; gives how it came back. The user
 * page table must be loaded.
 */
const struct regs *user_run(unsigned long rip, unsigned long rsp,
			    unsigned long rdi);
/* The same with all registers given; events are delivered meanwhile. */
const struct regs *user_run_regs(const struct regs *regs);

/* Entry points of entry.S */
void event_callback(void);
void failsafe_callback(void);
void syscall_callback(void);
#endif
#endif
