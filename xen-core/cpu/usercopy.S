/*
 * Copies between the core and the current guest's address space:
 *
 *   unsigned long machine_copy_from_guest(void *to, gva_t from, unsigned long n)
 *   unsigned long machine_copy_to_guest(gva_t to, const void *from,
 *				       unsigned long n)
 *
 * rdi to, rsi from, rdx n; the result in rax is the number of bytes not
 * copied.  Clobbers rcx, rdx, rsi, rdi, r8, r9.  The addresses have been
 * checked against the core's own range; a page that isn't there, or isn't
 * writable, faults at one of the marked instructions, and the trap handler
 * goes on at the fixup that __ex_table names for it.
 *
 * Structures of 8, 16, 24 and 32 bytes are most of all copies; the rest goes by
 * 8 bytes and then by one.
 */
	.macro	on_fault insn, fixup
	.section __ex_table, "a"
	.balign	8
	.quad	\insn, \fixup
	.previous
	.endm

	.text
	.globl	machine_copy_from_guest, machine_copy_to_guest
	.hidden	machine_copy_from_guest, machine_copy_to_guest
	.type	machine_copy_from_guest, @function
	.type	machine_copy_to_guest, @function
	.balign	16
machine_copy_from_guest:
machine_copy_to_guest:
	cmp	$16, %rdx
	je	16f
	cmp	$8, %rdx
	je	8f
	cmp	$32, %rdx
	je	32f
	cmp	$24, %rdx
	je	24f
	mov	%edx, %eax
	mov	%rdx, %rcx
	and	$7, %eax			/* the tail */
	shr	$3, %rcx
1:	rep movsq
	mov	%eax, %ecx
2:	rep movsb
	xor	%eax, %eax
	ret
3:	lea	(%rax, %rcx, 8), %rax		/* fault at 1 */
	ret
4:	mov	%rcx, %rax			/* fault at 2 */
	ret

8:	mov	(%rsi), %rcx
9:	mov	%rcx, (%rdi)
	xor	%eax, %eax
	ret

16:	mov	(%rsi), %rcx
17:	mov	8(%rsi), %rdx
18:	mov	%rcx, (%rdi)
19:	mov	%rdx, 8(%rdi)
	xor	%eax, %eax
	ret

24:	mov	(%rsi), %rcx
25:	mov	8(%rsi), %rdx
26:	mov	16(%rsi), %r8
27:	mov	%rcx, (%rdi)
28:	mov	%rdx, 8(%rdi)
29:	mov	%r8, 16(%rdi)
	xor	%eax, %eax
	ret

32:	mov	(%rsi), %rcx
33:	mov	8(%rsi), %rdx
34:	mov	16(%rsi), %r8
35:	mov	24(%rsi), %r9
36:	mov	%rcx, (%rdi)
37:	mov	%rdx, 8(%rdi)
38:	mov	%r8, 16(%rdi)
39:	mov	%r9, 24(%rdi)
	xor	%eax, %eax
	ret

	/* Callers want all or nothing: a short form that faults copied none. */
40:	mov	$32, %eax
	ret

	on_fault 1b, 3b
	on_fault 2b, 4b
	on_fault 8b, 40b
	on_fault 9b, 40b
	on_fault 16b, 40b
	on_fault 17b, 40b
	on_fault 18b, 40b
	on_fault 19b, 40b
	on_fault 24b, 40b
	on_fault 25b, 40b
	on_fault 26b, 40b
	on_fault 27b, 40b
	on_fault 28b, 40b
	on_fault 29b, 40b
	on_fault 32b, 40b
	on_fault 33b, 40b
	on_fault 34b, 40b
	on_fault 35b, 40b
	on_fault 36b, 40b
	on_fault 37b, 40b
	on_fault 38b, 40b
	on_fault 39b, 40b
	.size	machine_copy_from_guest, . - machine_copy_from_guest
	.size	machine_copy_to_guest, . - machine_copy_to_guest
	.section .note.GNU-stack, "", @progbits
