/*
 * The only ways into the core while guests run, and the only way back out.
 *
 * From a guest the CPU (or the SYSCALL stub of the CPU's own, desc.c) sets the
 * stack pointer to the end of current->regs, so what is pushed here lands in
 * the vCPU; `regs` stands first in struct vcpu, so after the last push the
 * stack pointer is the vCPU.  Then the pCPU's own stack is taken, empty.
 * From the core (idle, or a window that preempt_needed() opens) the frame
 * stays on the pCPU's stack.
 *
 * All registers are cleared once saved: no guest value is left to speculate
 * with.
 */
#include <asm/offsets.h>
#include <hvx/layout.h>

#define ENTRY_SYSCALL	0x100
#define FLAG_TF		0x100

	.macro save_gprs
	push	%rdi
	push	%rsi
	push	%rdx
	push	%rcx
	push	%rax
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	$0			/* regs.unused */
	.endm

	.macro clear_gprs_but_args
	xor	%ebx, %ebx
	xor	%ebp, %ebp
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	.endm

	.macro clear_gprs
	clear_gprs_but_args
	xor	%eax, %eax
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	.endm

	/* All but rcx, r11, rsp and the base, which is the caller's last. */
	.macro load_gprs base
	mov	REGS_r15(\base), %r15
	mov	REGS_r14(\base), %r14
	mov	REGS_r13(\base), %r13
	mov	REGS_r12(\base), %r12
	mov	REGS_rbp(\base), %rbp
	mov	REGS_rbx(\base), %rbx
	mov	REGS_r10(\base), %r10
	mov	REGS_r9(\base), %r9
	mov	REGS_r8(\base), %r8
	mov	REGS_rax(\base), %rax
	mov	REGS_rdx(\base), %rdx
	mov	REGS_rsi(\base), %rsi
	.endm

	/* To what was interrupted, from the registers on this stack. */
	.macro return_to_core
	mov	%rsp, %rdi
	load_gprs %rdi
	mov	REGS_r11(%rdi), %r11
	mov	REGS_rcx(%rdi), %rcx
	mov	REGS_rdi(%rdi), %rdi
	add	$(REGS_rip), %rsp
	iretq
	.endm

	.text

/*
 * SYSCALL by a guest, 64-bit.  rcx: its rip, r11: its rflags, rsp: end of
 * current->regs; the guest's rsp is in pcpu->guest_rsp.
 */
	.globl	entry_syscall
entry_syscall:
	push	$SEL_GUEST_DS
	push	$0
	push	%r11
	push	$SEL_GUEST_CS64
	push	%rcx
	sub	$8, %rsp
	movl	$ENTRY_SYSCALL, 4(%rsp)
	save_gprs
	mov	%rsp, %r12			/* r12: struct vcpu */
	mov	VCPU_pcpu(%r12), %rbx
	mov	PCPU_guest_rsp(%rbx), %rcx
	mov	%rcx, REGS_rsp(%r12)
	mov	PCPU_stack_top(%rbx), %rsp
	cmpb	$0, VCPU_kernel_mode(%r12)
	je	syscall_from_user

	/* A hypercall: rdi rsi rdx r10 r8 become arguments 2 to 6. */
	mov	%r8, %r9
	mov	%r10, %r8
	mov	%rdx, %rcx
	mov	%rsi, %rdx
	mov	%rdi, %rsi
	mov	%r12, %rdi
	clear_gprs_but_args
	cmp	hypercall_count(%rip), %rax
	jae	hypercall_out_of_range
	sbb	%r10, %r10			/* all ones: in range; also */
	and	%r10, %rax			/* when speculated past the jae */
	lea	hypercall_table(%rip), %r10
	call	*(%r10,%rax,8)
	mov	%rax, REGS_rax(%r12)

/*
 * Leave to the guest r12.  Entered with the pCPU's stack empty.
 */
	.globl	exit_to_guest
exit_to_guest:
	mov	VCPU_pcpu(%r12), %rbx
	cmpl	$0, PCPU_softirq_pending(%rbx)
	jne	exit_softirq
	mov	VCPU_info(%r12), %rcx
	movzwl	(%rcx), %eax			/* al pending, ah masked */
	dec	%eax
	jz	exit_event			/* hot: exactly 0x0001 */
exit_restore:
	cmpl	$ENTRY_SYSCALL, REGS_entry_vector(%r12)
	jne	exit_iret
	mov	REGS_rip(%r12), %rcx
	mov	%rcx, %rax			/* SYSRET faults in ring 0 on a */
	sar	$47, %rax			/* rip that isn't canonical */
	inc	%eax
	cmp	$1, %eax
	ja	exit_iret
	mov	REGS_rflags(%r12), %r11
	mov	%r12, %rdi
	load_gprs %rdi
	mov	REGS_rsp(%rdi), %rsp
	mov	REGS_rdi(%rdi), %rdi
	sysretq

exit_iret:
	pushq	REGS_ss(%r12)
	pushq	REGS_rsp(%r12)
	pushq	REGS_rflags(%r12)
	pushq	REGS_cs(%r12)
	pushq	REGS_rip(%r12)
	mov	%r12, %rdi
	load_gprs %rdi
	mov	REGS_r11(%rdi), %r11
	mov	REGS_rcx(%rdi), %rcx
	mov	REGS_rdi(%rdi), %rdi
	.globl	exit_iretq
exit_iretq:
	iretq					/* may fault: traps.c */

exit_softirq:
	mov	%r12, %rdi
	call	exit_run_softirqs		/* may switch and not return */
	jmp	exit_to_guest

exit_event:
	mov	%r12, %rdi
	call	pv_deliver_event
	jmp	exit_to_guest

hypercall_out_of_range:
	mov	%rax, %rsi
	mov	%r12, %rdi
	call	hypercall_bad_number
	mov	%rax, REGS_rax(%r12)
	jmp	exit_to_guest

syscall_from_user:
	clear_gprs
	mov	%r12, %rdi
	call	pv_user_syscall
	jmp	exit_to_guest

/* SYSCALL from 32-bit user code: rcx eip, r11 eflags, no hypercall ever. */
	.globl	entry_syscall32
entry_syscall32:
	push	$SEL_GUEST_DS
	push	$0
	push	%r11
	push	$SEL_GUEST_CS32
	push	%rcx
	sub	$8, %rsp
	movl	$0, 4(%rsp)
	save_gprs
	mov	%rsp, %r12
	mov	VCPU_pcpu(%r12), %rbx
	mov	PCPU_guest_rsp(%rbx), %rcx
	mov	%rcx, REGS_rsp(%r12)
	mov	PCPU_stack_top(%rbx), %rsp
	clear_gprs
	mov	%r12, %rdi
	call	pv_user_syscall32
	jmp	exit_to_guest

/*
 * Continue on this CPU as guest r12 / as idle, after a switch: nothing of the
 * old stack is of use any more.  rdi: the vCPU; rsi: the stack's top.
 */
	.globl	enter_guest
enter_guest:
	mov	%rdi, %r12
	mov	%rsi, %rsp
	xor	%ebp, %ebp
	jmp	exit_to_guest

	.globl	enter_idle
enter_idle:
	mov	%rsi, %rsp
	xor	%ebp, %ebp
	call	idle_loop
	ud2

/*
 * Exceptions and interrupts.  The stubs push an error code where the CPU
 * doesn't, note the vector, and go on in common_entry.
 */
	.macro	stub vec
	.balign	16
stub_\vec:
	.if	(\vec == 8) || ((\vec >= 10) && (\vec <= 14)) || (\vec == 17) || (\vec == 21) || (\vec == 29) || (\vec == 30)
	.else
	push	$0
	.endif
	movl	$\vec, 4(%rsp)
	.if	(\vec == 2) || (\vec == 8) || (\vec == 18)
	jmp	ist_entry
	.elseif	\vec == 1
	jmp	debug_entry
	.else
	jmp	common_entry
	.endif
	.endm

	.altmacro
	.macro	stub_n n
	stub	\n
	.endm
	.set	vec, 0
	.rept	256
	stub_n	%vec
	.set	vec, vec + 1
	.endr

	.macro	stub_addr n
	.quad	stub_\n
	.endm
	.section .rodata
	.balign	8
	.globl	trap_stubs
trap_stubs:
	.set	vec, 0
	.rept	256
	stub_addr %vec
	.set	vec, vec + 1
	.endr
	.noaltmacro
	.text

common_entry:
	testb	$3, 16(%rsp)			/* cs */
	jz	entry_from_core
entry_from_guest:
	save_gprs
	mov	%rsp, %r12
	mov	VCPU_pcpu(%r12), %rbx
	mov	PCPU_stack_top(%rbx), %rsp
	clear_gprs
	cld
	mov	%r12, %rdi
	call	trap_from_guest
	jmp	exit_to_guest

entry_from_core:
	save_gprs
	mov	%rsp, %rdi
	cld
	mov	%rsp, %rbp
	call	trap_from_core
	return_to_core

/*
 * #DB has a stack of its own: after MOV SS a guest's SYSCALL can raise it on
 * the first instruction of the core, with the guest's stack pointer loaded.
 * From a guest the frame moves to where the others' frames go.
 */
debug_entry:
	testb	$3, 16(%rsp)
	jz	ist_entry
	push	%rax
	push	%rbx
	mov	%rsp, %rbx
	and	$~(CPU_AREA_SIZE - 1), %rbx
	mov	%rsp, %rax
	mov	PCPU_regs_end(%rbx), %rsp
	pushq	56(%rax)			/* ss */
	pushq	48(%rax)
	pushq	40(%rax)
	pushq	32(%rax)
	pushq	24(%rax)			/* rip */
	pushq	16(%rax)			/* vector and error code */
	mov	(%rax), %rbx
	mov	8(%rax), %rax
	jmp	entry_from_guest

/* NMI, #DF, #MC, and #DB in the core: on their own stack, and back. */
ist_entry:
	save_gprs
	mov	%rsp, %rdi
	cld
	call	trap_on_ist
	return_to_core

/*
 * INT3 and friends of a guest raise the vectors above directly.  The
 * hypercall page: 32 bytes a call, filled for a guest by hypercall_page.c.
 */
	.section .note.GNU-stack, "", @progbits
