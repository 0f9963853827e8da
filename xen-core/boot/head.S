/*
 * Entry from the Multiboot2 loader: 32-bit protected mode, paging off, at
 * whatever multiple of 2 MiB the loader chose.  Builds the first page tables
 * (image, boot CPU's area, the first 4 GiB at 0 and in the direct map), enters
 * 64-bit mode and calls boot_main(information, load address) on the boot CPU's
 * stack.  cpu/paging.c replaces these tables as soon as memory is known.
 */
#include <hvx/layout.h>

#define MB2_MAGIC	0xe85250d6
#define MB2_LOADER	0x36d76289

#define PTE_P		0x001
#define PTE_RW		0x002
#define PTE_PSE		0x080
#define TABLE		(PTE_P | PTE_RW | 0x60)
#define LARGE		(PTE_P | PTE_RW | PTE_PSE | 0x60)

/* Where a symbol is, counted from the load address (in ebp). */
#define OFF(sym)	(sym - IMAGE_VIRT)
#define L3_INDEX(va)	(((va) >> 30) & 511)

#define EARLY_CS	0x08
#define EARLY_DS	0x10

	.section .head, "ax"
	.balign	8
mb2_header:
	.long	MB2_MAGIC, 0, mb2_header_end - mb2_header
	.long	-(MB2_MAGIC + 0 + (mb2_header_end - mb2_header)) & 0xffffffff
	/* Information we can't do without: command line, modules, map. */
	.short	1, 0
	.long	8 + 3 * 4
	.long	1, 3, 6
	.balign	8
	/* Modules at page boundaries. */
	.short	6, 0
	.long	8
	/* Loadable anywhere below 4 GiB, 2 MiB aligned, low if possible. */
	.short	10, 0
	.long	24
	.long	0x200000, 0xffffffff, 0x200000, 1
	/* End. */
	.short	0, 0
	.long	8
mb2_header_end:

	.code32
/*
 * eax: loader's magic, ebx: information.  The reserved second word of the
 * information serves as the one-word stack with which we find out where we
 * are.
 */
	.globl	boot_entry
boot_entry:
	cli
	cld
	cmp	$MB2_LOADER, %eax
	jne	not_loaded
	lea	8(%ebx), %esp
	call	1f
1:	pop	%ebp
	sub	$(1b - mb2_header), %ebp	/* ebp: load address, to the end */
	movl	$0, 4(%ebx)
	lea	(OFF(early_stack_top))(%ebp), %esp

	/* Long mode, or no way. */
	mov	%ebx, %edi			/* edi: information */
	mov	$0x80000000, %eax
	cpuid
	mov	$OFF(msg_no_long_mode), %esi
	cmp	$0x80000001, %eax
	jb	fail
	mov	$0x80000001, %eax
	cpuid
	bt	$29, %edx
	jnc	fail
	mov	$OFF(msg_no_nx), %esi
	bt	$20, %edx
	jnc	fail
	mov	$1, %eax
	cpuid
	mov	$OFF(msg_no_apic), %esi
	bt	$9, %edx
	jnc	fail

	/* L4: 0 and 262 share one L3; 261. */
	lea	OFF(early_l3_low)(%ebp), %eax
	or	$TABLE, %eax
	mov	%eax, OFF(early_l4)(%ebp)
	mov	%eax, (OFF(early_l4) + 262 * 8)(%ebp)
	lea	OFF(early_l3_own)(%ebp), %eax
	or	$TABLE, %eax
	mov	%eax, (OFF(early_l4) + 261 * 8)(%ebp)

	/* The first 4 GiB. */
	lea	OFF(early_l2_low)(%ebp), %eax
	or	$TABLE, %eax
	xor	%ecx, %ecx
1:	mov	%eax, OFF(early_l3_low)(%ebp, %ecx, 8)
	add	$0x1000, %eax
	inc	%ecx
	cmp	$4, %ecx
	jb	1b
	mov	$LARGE, %eax
	xor	%ecx, %ecx
1:	mov	%eax, OFF(early_l2_low)(%ebp, %ecx, 8)
	add	$0x200000, %eax
	inc	%ecx
	cmp	$2048, %ecx
	jb	1b

	/* The image: 32 MiB from its load address. */
	lea	OFF(early_l2_image)(%ebp), %eax
	or	$TABLE, %eax
	mov	%eax, (OFF(early_l3_own) + L3_INDEX(IMAGE_VIRT) * 8)(%ebp)
	lea	LARGE(%ebp), %eax
	xor	%ecx, %ecx
1:	mov	%eax, OFF(early_l2_image)(%ebp, %ecx, 8)
	add	$0x200000, %eax
	inc	%ecx
	cmp	$16, %ecx
	jb	1b

	/* The boot CPU's area: its pages follow each other, guards don't. */
	lea	OFF(early_l2_cpu)(%ebp), %eax
	or	$TABLE, %eax
	mov	%eax, (OFF(early_l3_own) + L3_INDEX(CPU_AREA_VIRT) * 8)(%ebp)
	lea	OFF(early_l1_cpu)(%ebp), %eax
	or	$TABLE, %eax
	mov	%eax, OFF(early_l2_cpu)(%ebp)
	lea	OFF(boot_cpu_area)(%ebp), %eax
	or	$TABLE, %eax
	xor	%ecx, %ecx
	mov	$CPU_AREA_PAGES, %edx
1:	bt	%ecx, %edx
	jnc	2f
	mov	%eax, OFF(early_l1_cpu)(%ebp, %ecx, 8)
	add	$0x1000, %eax
2:	inc	%ecx
	cmp	$16, %ecx
	jb	1b

	/* PAE, NX and long mode, paging. */
	mov	%cr4, %eax
	or	$0x20, %eax
	mov	%eax, %cr4
	lea	OFF(early_l4)(%ebp), %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx
	rdmsr
	or	$0x900, %eax
	wrmsr
	mov	$0x80010033, %eax		/* PG WP NE ET MP PE */
	mov	%eax, %cr0

	lea	OFF(early_gdt)(%ebp), %eax
	mov	%eax, (OFF(early_gdtr) + 2)(%ebp)
	lgdt	OFF(early_gdtr)(%ebp)
	pushl	$EARLY_CS
	lea	OFF(enter_64)(%ebp), %eax
	push	%eax
	lret

/* Not Multiboot2: there is no scratch memory to trust; the screen only. */
not_loaded:
	movl	$0x4f324f42, 0xb8000
1:	hlt
	jmp	1b

/* esi: offset of a line to print on COM1 and on the screen; then stop. */
fail:
	add	%ebp, %esi
	mov	$0xb8000, %edi
1:	mov	$0x3fd, %edx
	mov	$0x10000, %ecx
2:	in	%dx, %al
	test	$0x20, %al
	loopz	2b
	lodsb
	test	%al, %al
	jz	3f
	mov	$0x3f8, %edx
	out	%al, %dx
	mov	$0x0f, %ah
	stosw
	jmp	1b
3:	hlt
	jmp	3b

	.code64
enter_64:
	mov	$EARLY_DS, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	movabs	$1f, %rax
	jmp	*%rax
1:	movabs	$(CPU_AREA_VIRT + CPU_AREA_SIZE), %rsp
	xor	%eax, %eax
	push	%rax				/* ends stack traces */
	push	%rax
	mov	%rsp, %rbp
	mov	%edi, %edi			/* information */
	movabs	$early_l2_image, %rcx
	mov	(%rcx), %rsi
	and	$~0x1fffff, %rsi		/* load address */
	call	boot_main
	ud2

	.section .rodata
msg_no_long_mode:
	.asciz	"hvx: this processor has no 64-bit mode (long mode); halting.\r\n"
msg_no_nx:
	.asciz	"hvx: this processor has no NX (no-execute) bit; enable it in the firmware; halting.\r\n"
msg_no_apic:
	.asciz	"hvx: this processor has no local APIC; enable it in the firmware; halting.\r\n"

	.data
	.balign	8
early_gdt:
	.quad	0
	.quad	0x00af9b000000ffff		/* EARLY_CS */
	.quad	0x00cf93000000ffff		/* EARLY_DS */
early_gdtr:
	.short	early_gdtr - early_gdt - 1
	.quad	0

	.bss
	.balign	4096
	.globl	early_l4
early_l4:	.skip	4096
early_l3_low:	.skip	4096
early_l3_own:	.skip	4096
early_l2_low:	.skip	4 * 4096
early_l2_image:	.skip	4096
early_l2_cpu:	.skip	4096
early_l1_cpu:	.skip	4096
	.globl	boot_cpu_area
boot_cpu_area:	.skip	CPU_AREA_NR_PAGES * 4096
	.balign	16
	.skip	64
early_stack_top:
	.section .note.GNU-stack, "", @progbits
