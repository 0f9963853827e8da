/*
 * Traps, callbacks and the ways to user mode and back.
 *
 * The hypervisor pushes rcx, r11, an error code where the processor has one,
 * and rip, cs, rflags, rsp, ss; the low two bits of cs are 0 for guest kernel
 * and 3 for user. Each stub turns that into struct regs (pv/trap.h) and calls
 * trap_entry(). The way back is the iret hypercall, which sets the event mask
 * from the saved flags and switches the page tables in one step.
 */
#include <pv/cpu.h>
#include <pv/trap.h>

	.text

.macro save_regs
	pushq %rdi
	pushq %rsi
	pushq %rdx
	pushq %rcx
	pushq %rax
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
.endm

/* rsp = struct regs without vector and error; rcx and r11 are the guest's. */
common_entry:
	save_regs
	cld
	movq %rsp, %rbx
	movq %rsp, %rdi
	andq $-16, %rsp
	call trap_entry
	movq %rbx, %rsp
resume_regs:
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rax
	popq %rcx
	popq %rdx
	popq %rsi
	popq %rdi
	addq $16, %rsp
	pushq $0		/* flags: a full iret, not a sysret */
	pushq %rcx
	pushq %r11
	pushq %rax
	movl $TRAP_IRET_CALL, %eax
	syscall
	ud2

.macro trap_stub nr:req, has_error
trap_\nr:
	popq %rcx
	popq %r11
	.ifb \has_error
	pushq $0
	.endif
	pushq $\nr
	jmp common_entry
	.pushsection .rodata
	.quad trap_\nr
	.popsection
.endm

	.pushsection .rodata
	.balign 8
	.globl trap_stubs
trap_stubs:
	.popsection

	trap_stub 0
	trap_stub 1
	trap_stub 2
	trap_stub 3
	trap_stub 4
	trap_stub 5
	trap_stub 6
	trap_stub 7
	trap_stub 8, error
	trap_stub 9
	trap_stub 10, error
	trap_stub 11, error
	trap_stub 12, error
	trap_stub 13, error
	trap_stub 14, error
	trap_stub 15
	trap_stub 16
	trap_stub 17, error
	trap_stub 18
	trap_stub 19
	trap_stub 0x80

	.globl event_callback
event_callback:
	popq %rcx
	popq %r11
	pushq $0
	pushq $TRAP_EVENT
	jmp common_entry

	.globl syscall_callback
syscall_callback:
	popq %rcx
	popq %r11
	pushq $0
	pushq $TRAP_SYSCALL
	jmp common_entry

	/* The frame carries ds, es, fs and gs: a selector didn't load. */
	.globl failsafe_callback
failsafe_callback:
	popq %rcx
	popq %r11
	addq $32, %rsp
	pushq $0
	pushq $TRAP_FAILSAFE
	jmp common_entry

	/*
	 * void user_enter(struct cpu *c, const struct regs *r): keep what C
	 * wants kept, leave the stack pointer in c, and become r. Events must
	 * be masked: r lies above the kept registers.
	 */
	.globl user_enter
user_enter:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, CPU_USER_SP(%rdi)
	movq %rsi, %rsp
	jmp resume_regs

	/* void user_leave(struct cpu *c): return from c's user_enter(). */
	.globl user_leave
user_leave:
	movq CPU_USER_SP(%rdi), %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret

	/*
	 * void trap_call_asm(target, arg, unsigned long *resume): call target
	 * with the resume address and stack pointer set in resume[0..1].
	 */
	.globl trap_call_asm
trap_call_asm:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	pushq %rdx
	leaq 1f(%rip), %rax
	movq %rax, (%rdx)
	movq %rsp, 8(%rdx)
	movq %rdi, %rax
	movq %rsi, %rdi
	call *%rax
1:	popq %rdx
	movq $0, (%rdx)
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret

	/* A second vCPU starts here; rdi and rsp as cpu_start() set them. */
	.globl cpu_entry
cpu_entry:
	cld
	xorl %ebp, %ebp
	call cpu_main
	ud2

	.section .note.GNU-stack, "", @progbits
