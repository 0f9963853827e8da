/*
 * Where the other CPUs start: copied to a page below 1 MiB and entered there
 * in real mode, cs = page / 16, one CPU at a time.  Straight to 64-bit mode on
 * tables that map this page at its own address too, then to ap_entry on
 * ap_stack.  All data is reached relative to cs or rip.  smp.c fills in the
 * words at the end.
 */
	.section .rodata
	.balign	16
	.code16
	.globl	ap_start
ap_start:
	cli
	cld
	mov	%cs, %ax
	mov	%ax, %ds
	lgdtl	ap_gdtr - ap_start
	mov	$0x20, %eax			/* PAE */
	mov	%eax, %cr4
	mov	ap_cr3 - ap_start, %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx
	rdmsr
	or	$0x900, %eax			/* LME, NXE */
	wrmsr
	mov	$0x80010033, %eax		/* PG WP NE ET MP PE */
	mov	%eax, %cr0
	ljmpl	*(ap_far - ap_start)

	.code64
	.globl	ap_64
ap_64:
	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	mov	ap_stack(%rip), %rsp
	push	%rax				/* ends stack traces */
	push	%rax
	mov	%rsp, %rbp
	sub	$8, %rsp			/* as after a call */
	jmp	*ap_entry(%rip)

	.balign	8
	.globl	ap_gdt, ap_gdtr, ap_far, ap_cr3, ap_stack, ap_entry, ap_end
ap_gdt:	.quad	0, 0x00af9b000000ffff, 0x00cf93000000ffff
ap_gdtr:
	.short	ap_gdtr - ap_gdt - 1
	.long	0				/* address of ap_gdt */
	.short	0
ap_far:	.long	0				/* address of ap_64 */
	.long	8
ap_cr3:	.quad	0
ap_stack: .quad	0
ap_entry: .quad	0
ap_end:
	.section .note.GNU-stack, "", @progbits
