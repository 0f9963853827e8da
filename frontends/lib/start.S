/*
 * The first instruction of a PV guest, and what the hypervisor reads before it.
 *
 * Entered in guest kernel mode, 64 bit, on page tables that the domain builder
 * made: rsi = start_info, rsp = a boot stack inside that mapping, everything
 * else undefined. VIRT_BASE must agree with pv/mem.h and guest.lds.S.
 */
#include <abi/elfnote.h>
#include <pv/cpu.h>
#include <pv/mem.h>

.macro note type:req, kind:req, value:vararg
	.pushsection .note.Xen, "a", @note
	.balign 4
	.long 2f - 1f, 4f - 3f, \type
1:	.asciz "Xen"
2:	.balign 4
3:	.\kind \value
4:	.balign 4
	.popsection
.endm

	note XEN_ELFNOTE_GUEST_OS, asciz, "hvx-guest"
	note XEN_ELFNOTE_GUEST_VERSION, asciz, "1"
	note XEN_ELFNOTE_XEN_VERSION, asciz, "xen-3.0"
	note XEN_ELFNOTE_LOADER, asciz, "generic"
	note XEN_ELFNOTE_PAE_MODE, asciz, "yes"
	note XEN_ELFNOTE_FEATURES, asciz, "!writable_page_tables|pae_pgdir_above_4gb"
	note XEN_ELFNOTE_VIRT_BASE, quad, VIRT_BASE
	note XEN_ELFNOTE_PADDR_OFFSET, quad, 0
	note XEN_ELFNOTE_ENTRY, quad, _start
	note XEN_ELFNOTE_HYPERCALL_PAGE, quad, hypercall_page
	note XEN_ELFNOTE_L1_MFN_VALID, quad, 1, 1

	.section .text.start, "ax"
	.globl _start
_start:
	cld
	xorl %ebp, %ebp
	leaq cpu_stacks + STACK_SIZE(%rip), %rsp
	movq %rsi, %rdi
	call guest_start
	ud2

	/* Filled by the hypervisor: one stub of 32 bytes for each number. */
	.globl hypercall_page
	.balign 4096
hypercall_page:
	.skip 4096, 0xcc

	.text
	/* long hypercall_by_page(nr rdi, a1 rsi, a2 rdx, a3 rcx, a4 r8, a5 r9) */
	.globl hypercall_by_page
hypercall_by_page:
	shlq $5, %rdi
	leaq hypercall_page(%rip), %rax
	addq %rdi, %rax
	movq %rsi, %rdi
	movq %rdx, %rsi
	movq %rcx, %rdx
	movq %r8, %r10
	movq %r9, %r8
	jmp *%rax

	.section .note.GNU-stack, "", @progbits
