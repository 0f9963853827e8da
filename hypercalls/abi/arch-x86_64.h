/* SPDX-License-Identifier: MIT */
/*
 * The x86-64 half of the ABI: what a PV vCPU's registers, descriptors and
 * traps look like to the guest. Included by xen.h; use that.
 */
#ifndef ABI_ARCH_X86_64_H
#define ABI_ARCH_X86_64_H

#include <abi/types.h>

/*
 * Selectors of the hypervisor's own flat segments at the end of every GDT.
 * A 64-bit PV kernel and its user processes both run in ring 3, so the
 * kernel's selectors are the user's.
 */
#define FLAT_RING3_CS32		0xe023
#define FLAT_RING3_CS64		0xe033
#define FLAT_RING3_DS32		0xe02b
#define FLAT_RING3_DS64		0x0000
#define FLAT_RING3_SS32		0xe02b
#define FLAT_RING3_SS64		0xe02b

#define FLAT_KERNEL_DS64	FLAT_RING3_DS64
#define FLAT_KERNEL_DS32	FLAT_RING3_DS32
#define FLAT_KERNEL_DS		FLAT_KERNEL_DS64
#define FLAT_KERNEL_CS64	FLAT_RING3_CS64
#define FLAT_KERNEL_CS32	FLAT_RING3_CS32
#define FLAT_KERNEL_CS		FLAT_KERNEL_CS64
#define FLAT_KERNEL_SS64	FLAT_RING3_SS64
#define FLAT_KERNEL_SS32	FLAT_RING3_SS32
#define FLAT_KERNEL_SS		FLAT_KERNEL_SS64

#define FLAT_USER_DS64		FLAT_RING3_DS64
#define FLAT_USER_DS32		FLAT_RING3_DS32
#define FLAT_USER_DS		FLAT_USER_DS64
#define FLAT_USER_CS64		FLAT_RING3_CS64
#define FLAT_USER_CS32		FLAT_RING3_CS32
#define FLAT_USER_CS		FLAT_USER_CS64
#define FLAT_USER_SS64		FLAT_RING3_SS64
#define FLAT_USER_SS32		FLAT_RING3_SS32
#define FLAT_USER_SS		FLAT_USER_SS64

/* The guest's GDT has frames 0..13; from 14 on it is the hypervisor's. */
#define FIRST_RESERVED_GDT_PAGE	 14
#define FIRST_RESERVED_GDT_BYTE	 (FIRST_RESERVED_GDT_PAGE * 4096)
#define FIRST_RESERVED_GDT_ENTRY (FIRST_RESERVED_GDT_BYTE / 8)

/* Address space that no guest may use: L4 slots 256..271. */
#define HYPERVISOR_VIRT_START	0xffff800000000000UL
#define HYPERVISOR_VIRT_END	0xffff880000000000UL

/* The machine-to-physical table, readable by guests, at its start. */
#define MACH2PHYS_VIRT_START	0xffff800000000000UL
#define MACH2PHYS_VIRT_END	0xffff804000000000UL
#define MACH2PHYS_NR_ENTRIES	\
	((MACH2PHYS_VIRT_END - MACH2PHYS_VIRT_START) >> 3)

/* Instruction prefix that asks for the emulated CPUID: ud2a; "xen". */
#define XEN_EMULATE_PREFIX	".byte 0x0f,0x0b,0x78,0x65,0x6e ; "
#define XEN_CPUID		XEN_EMULATE_PREFIX "cpuid"

/* vCPUs whose vcpu_info lives in shared_info. */
#define XEN_LEGACY_MAX_VCPUS	32

/* set_segment_base: which base. */
#define SEGBASE_FS		0
#define SEGBASE_GS_USER		1
#define SEGBASE_GS_KERNEL	2
#define SEGBASE_GS_USER_SEL	3	/* load a selector into user GS */

/* A guest's frame numbers sit in CR3 the plain way. */
#define xen_pfn_to_cr3(pfn)	((unsigned long)(pfn) << 12)
#define xen_cr3_to_pfn(cr3)	((unsigned long)(cr3) >> 12)

/* One entry of set_trap_table; address 0 ends the table. */
struct trap_info {
	uint8_t vector;
	uint8_t flags;		/* 0-1: DPL; 2: mask events on entry */
	uint16_t cs;
	unsigned long address;
};

#define TI_GET_DPL(ti)		((ti)->flags & 3)
#define TI_GET_IF(ti)		((ti)->flags & 4)
#define TI_SET_DPL(ti, dpl)	((ti)->flags |= (dpl))
#define TI_SET_IF(ti, on)	((ti)->flags |= ((!!(on)) << 2))

/*
 * Registers of a vCPU. rcx and r11 are the guest's own here even where
 * SYSCALL has destroyed them in the processor.
 */
struct cpu_user_regs {
	uint64_t r15;
	uint64_t r14;
	uint64_t r13;
	uint64_t r12;
	uint64_t rbp;
	uint64_t rbx;
	uint64_t r11;
	uint64_t r10;
	uint64_t r9;
	uint64_t r8;
	uint64_t rax;
	uint64_t rcx;
	uint64_t rdx;
	uint64_t rsi;
	uint64_t rdi;
	uint32_t error_code;
	uint32_t entry_vector;
	uint64_t rip;
	uint16_t cs;
	uint16_t _pad0[1];
	uint8_t saved_upcall_mask;
	uint8_t _pad1[3];
	uint64_t rflags;
	uint64_t rsp;
	uint16_t ss;
	uint16_t _pad2[3];
	uint16_t es;
	uint16_t _pad3[3];
	uint16_t ds;
	uint16_t _pad4[3];
	uint16_t fs;
	uint16_t _pad5[3];
	uint16_t gs;
	uint16_t _pad6[3];
};

/* What the iret hypercall finds on the guest kernel's stack. */
struct iret_context {
	uint64_t rax, r11, rcx, flags, rip, cs, rflags, rsp, ss;
};

/* iret_context.flags: rcx and r11 need not be restored. */
#define _VGCF_in_syscall	8
#define VGCF_in_syscall		(1 << _VGCF_in_syscall)
#define VGCF_IN_SYSCALL		VGCF_in_syscall

/* vcpu_guest_context.flags */
#define _VGCF_i387_valid	0
#define VGCF_i387_valid		(1 << _VGCF_i387_valid)
#define VGCF_I387_VALID		(1 << 0)
#define _VGCF_in_kernel		2
#define VGCF_in_kernel		(1 << _VGCF_in_kernel)
#define VGCF_IN_KERNEL		(1 << 2)
#define _VGCF_failsafe_disables_events 3
#define VGCF_failsafe_disables_events (1 << _VGCF_failsafe_disables_events)
#define _VGCF_syscall_disables_events 4
#define VGCF_syscall_disables_events (1 << _VGCF_syscall_disables_events)
#define _VGCF_online		5
#define VGCF_online		(1 << _VGCF_online)

/* A vCPU's whole state, as VCPUOP_initialise and the domctls carry it. */
struct vcpu_guest_context {
	struct {
		char x[512];			/* FXSAVE image */
	} fpu_ctxt;
	unsigned long flags;			/* VGCF_* */
	struct cpu_user_regs user_regs;
	struct trap_info trap_ctxt[256];
	unsigned long ldt_base, ldt_ents;
	unsigned long gdt_frames[16], gdt_ents;	/* machine frames */
	unsigned long kernel_ss, kernel_sp;
	unsigned long ctrlreg[8];		/* CR3 by xen_pfn_to_cr3() */
	unsigned long debugreg[8];
	unsigned long event_callback_eip;
	unsigned long failsafe_callback_eip;
	unsigned long syscall_callback_eip;
	unsigned long vm_assist;		/* bit mask of VMASST_TYPE_* */
	uint64_t fs_base;
	uint64_t gs_base_kernel;
	uint64_t gs_base_user;
};

struct arch_vcpu_info {
	unsigned long cr2;
	unsigned long pad;
};

struct arch_shared_info {
	unsigned long max_pfn;			/* entries in the p2m */
	xen_pfn_t pfn_to_mfn_frame_list_list;
	unsigned long nmi_reason;		/* XEN_NMIREASON_* */
	unsigned long p2m_cr3;
	unsigned long p2m_vaddr;
	unsigned long p2m_generation;		/* odd while changing */
};

/* Creation parameters; all zero for a PV domain but misc_flags. */
struct xen_arch_domainconfig {
	uint32_t emulation_flags;		/* XEN_X86_EMU_* */
	uint32_t misc_flags;			/* XEN_X86_MSR_RELAXED */
};

#define XEN_X86_EMU_LAPIC	(1U << 0)
#define XEN_X86_EMU_HPET	(1U << 1)
#define XEN_X86_EMU_PM		(1U << 2)
#define XEN_X86_EMU_RTC		(1U << 3)
#define XEN_X86_EMU_IOAPIC	(1U << 4)
#define XEN_X86_EMU_PIC		(1U << 5)
#define XEN_X86_EMU_VGA		(1U << 6)
#define XEN_X86_EMU_IOMMU	(1U << 7)
#define XEN_X86_EMU_PIT		(1U << 8)
#define XEN_X86_EMU_USE_PIRQ	(1U << 9)
#define XEN_X86_EMU_VPCI	(1U << 10)
#define XEN_X86_EMU_ALL		((1U << 11) - 1)

#define XEN_X86_MSR_RELAXED	(1U << 0)
#define XEN_X86_MISC_FLAGS_MAX	XEN_X86_MSR_RELAXED

/* A CPUID leaf and an MSR, as the CPU policy operations list them. */
struct xen_cpuid_leaf {
	uint32_t leaf, subleaf;
	uint32_t a, b, c, d;
};

#define XEN_CPUID_NO_SUBLEAF	0xffffffffU

struct xen_msr_entry {
	uint32_t idx;
	uint32_t flags;				/* must be zero */
	uint64_t val;
};

#endif /* ABI_ARCH_X86_64_H */
