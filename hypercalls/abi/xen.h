/* SPDX-License-Identifier: MIT */
/*
 * The root of the guest ABI: hypercall numbers, the pages that hypervisor and
 * guest share, and what a PV guest is told when it starts.
 */
#ifndef ABI_XEN_H
#define ABI_XEN_H

#include <abi/types.h>
#include <abi/arch-x86_64.h>

/* Hypercalls. Number in rax; arguments in rdi, rsi, rdx, r10, r8; result rax. */
#define __HYPERVISOR_set_trap_table		 0
#define __HYPERVISOR_mmu_update			 1
#define __HYPERVISOR_set_gdt			 2
#define __HYPERVISOR_stack_switch		 3
#define __HYPERVISOR_set_callbacks		 4
#define __HYPERVISOR_fpu_taskswitch		 5
#define __HYPERVISOR_sched_op_compat		 6
#define __HYPERVISOR_platform_op		 7
#define __HYPERVISOR_set_debugreg		 8
#define __HYPERVISOR_get_debugreg		 9
#define __HYPERVISOR_update_descriptor		10
#define __HYPERVISOR_memory_op			12
#define __HYPERVISOR_multicall			13
#define __HYPERVISOR_update_va_mapping		14
#define __HYPERVISOR_set_timer_op		15
#define __HYPERVISOR_event_channel_op_compat	16
#define __HYPERVISOR_xen_version		17
#define __HYPERVISOR_console_io			18
#define __HYPERVISOR_physdev_op_compat		19
#define __HYPERVISOR_grant_table_op		20
#define __HYPERVISOR_vm_assist			21
#define __HYPERVISOR_update_va_mapping_otherdomain 22
#define __HYPERVISOR_iret			23
#define __HYPERVISOR_vcpu_op			24
#define __HYPERVISOR_set_segment_base		25
#define __HYPERVISOR_mmuext_op			26
#define __HYPERVISOR_xsm_op			27
#define __HYPERVISOR_nmi_op			28
#define __HYPERVISOR_sched_op			29
#define __HYPERVISOR_callback_op		30
#define __HYPERVISOR_xenoprof_op		31
#define __HYPERVISOR_event_channel_op		32
#define __HYPERVISOR_physdev_op			33
#define __HYPERVISOR_hvm_op			34
#define __HYPERVISOR_sysctl			35
#define __HYPERVISOR_domctl			36
#define __HYPERVISOR_kexec_op			37
#define __HYPERVISOR_tmem_op			38
#define __HYPERVISOR_argo_op			39
#define __HYPERVISOR_xenpmu_op			40
#define __HYPERVISOR_dm_op			41
#define __HYPERVISOR_hypfs_op			42
#define __HYPERVISOR_arch_0			48
#define __HYPERVISOR_arch_1			49
#define __HYPERVISOR_arch_2			50
#define __HYPERVISOR_arch_3			51
#define __HYPERVISOR_arch_4			52
#define __HYPERVISOR_arch_5			53
#define __HYPERVISOR_arch_6			54
#define __HYPERVISOR_arch_7			55

/* Virtual interrupts. V: one for each vCPU; G: one for a domain (dom0). */
#define VIRQ_TIMER	0	/* V: a vCPU timer fired */
#define VIRQ_DEBUG	1	/* V: print your state */
#define VIRQ_CONSOLE	2	/* G: input on the emergency console */
#define VIRQ_DOM_EXC	3	/* G: a domain stopped or died */
#define VIRQ_TBUF	4	/* G: trace buffer has records */
#define VIRQ_DEBUGGER	6	/* G: a domain stopped for its debugger */
#define VIRQ_XENOPROF	7	/* V: profiling */
#define VIRQ_CON_RING	8	/* G: new bytes in the message ring */
#define VIRQ_PCPU_STATE	9	/* G: a processor came or went */
#define VIRQ_MEM_EVENT	10	/* G: memory event */
#define VIRQ_ARGO	11	/* G: argo message */
#define VIRQ_ENOMEM	12	/* G: memory runs short */
#define VIRQ_XENPMU	13	/* V: performance counters */
#define VIRQ_ARCH_0	16	/* G: machine check */
#define VIRQ_ARCH_1	17
#define VIRQ_ARCH_2	18
#define VIRQ_ARCH_3	19
#define VIRQ_ARCH_4	20
#define VIRQ_ARCH_5	21
#define VIRQ_ARCH_6	22
#define VIRQ_ARCH_7	23
#define NR_VIRQS	24

/* Domain ids from 0x7ff0 on mean somebody special. */
#define DOMID_FIRST_RESERVED	0x7ff0U
#define DOMID_SELF		0x7ff0U
#define DOMID_IO		0x7ff1U	/* owner of I/O memory */
#define DOMID_XEN		0x7ff2U	/* owner of the hypervisor's pages */
#define DOMID_COW		0x7ff3U	/* owner of shared pages */
#define DOMID_INVALID		0x7ff4U
#define DOMID_IDLE		0x7fffU
#define DOMID_MASK		0x7fffU

/* mmu_update: one store to a page table or to the m2p. */
struct mmu_update {
	uint64_t ptr;		/* machine address | MMU_* in bits 0-1 */
	uint64_t val;
};

#define MMU_NORMAL_PT_UPDATE		0
#define MMU_MACHPHYS_UPDATE		1
#define MMU_PT_UPDATE_PRESERVE_AD	2
#define MMU_PT_UPDATE_NO_TRANSLATE	3

/* mmuext_op: page-table roles, TLB and cache work. */
struct mmuext_op {
	unsigned int cmd;
	union {
		xen_pfn_t mfn;
		unsigned long linear_addr;
	} arg1;
	union {
		unsigned int nr_ents;
		XEN_GUEST_HANDLE(const void) vcpumask;
		xen_pfn_t src_mfn;
	} arg2;
};

#define MMUEXT_PIN_L1_TABLE		0
#define MMUEXT_PIN_L2_TABLE		1
#define MMUEXT_PIN_L3_TABLE		2
#define MMUEXT_PIN_L4_TABLE		3
#define MMUEXT_UNPIN_TABLE		4
#define MMUEXT_NEW_BASEPTR		5
#define MMUEXT_TLB_FLUSH_LOCAL		6
#define MMUEXT_INVLPG_LOCAL		7
#define MMUEXT_TLB_FLUSH_MULTI		8
#define MMUEXT_INVLPG_MULTI		9
#define MMUEXT_TLB_FLUSH_ALL		10
#define MMUEXT_INVLPG_ALL		11
#define MMUEXT_FLUSH_CACHE		12
#define MMUEXT_SET_LDT			13
#define MMUEXT_NEW_USER_BASEPTR		15
#define MMUEXT_CLEAR_PAGE		16
#define MMUEXT_COPY_PAGE		17
#define MMUEXT_FLUSH_CACHE_GLOBAL	18
#define MMUEXT_MARK_SUPER		19
#define MMUEXT_UNMARK_SUPER		20

/* update_va_mapping flags: which flush, and for whom; or a mask's address. */
#define UVMF_NONE		0UL
#define UVMF_TLB_FLUSH		1UL
#define UVMF_INVLPG		2UL
#define UVMF_FLUSHTYPE_MASK	3UL
#define UVMF_MULTI		0UL
#define UVMF_LOCAL		0UL
#define UVMF_ALL		4UL

/* console_io */
#define CONSOLEIO_write		0
#define CONSOLEIO_read		1

/* vm_assist */
#define VMASST_CMD_enable			0
#define VMASST_CMD_disable			1
#define VMASST_TYPE_4gb_segments		0
#define VMASST_TYPE_4gb_segments_notify		1
#define VMASST_TYPE_writable_pagetables		2
#define VMASST_TYPE_pae_extended_cr3		3
#define VMASST_TYPE_architectural_iopl		4
#define VMASST_TYPE_runstate_update_flag	5
#define VMASST_TYPE_m2p_strict			32

/* multicall: several hypercalls, one entry. */
struct multicall_entry {
	xen_ulong_t op, result;
	xen_ulong_t args[6];
};

/*
 * The clock as the guest computes it:
 *   ns = system_time + (((tsc - tsc_timestamp) << tsc_shift) *
 *        tsc_to_system_mul >> 32)
 * version is odd while the record changes.
 */
struct vcpu_time_info {
	uint32_t version;
	uint32_t pad0;
	uint64_t tsc_timestamp;
	uint64_t system_time;
	uint32_t tsc_to_system_mul;
	int8_t tsc_shift;
	uint8_t flags;			/* XEN_PVCLOCK_* */
	uint8_t pad1[2];
};

#define XEN_PVCLOCK_TSC_STABLE_BIT	(1 << 0)
#define XEN_PVCLOCK_GUEST_STOPPED	(1 << 1)

struct vcpu_info {
	uint8_t evtchn_upcall_pending;
	uint8_t evtchn_upcall_mask;
	xen_ulong_t evtchn_pending_sel;
	struct arch_vcpu_info arch;
	struct vcpu_time_info time;
};

struct shared_info {
	struct vcpu_info vcpu_info[XEN_LEGACY_MAX_VCPUS];
	/* Two-level event channels: a bit for each port. */
	xen_ulong_t evtchn_pending[sizeof(xen_ulong_t) * 8];
	xen_ulong_t evtchn_mask[sizeof(xen_ulong_t) * 8];
	/* UTC at system time 0; wc_version is odd while it changes. */
	uint32_t wc_version;
	uint32_t wc_sec;
	uint32_t wc_nsec;
	uint32_t wc_sec_hi;
	struct arch_shared_info arch;
};

#define MAX_GUEST_CMDLINE	1024

/* The page that rsi points at when a PV guest starts. */
struct start_info {
	char magic[32];			/* "xen-3.0-x86_64" */
	unsigned long nr_pages;
	unsigned long shared_info;	/* machine address */
	uint32_t flags;			/* SIF_* */
	xen_pfn_t store_mfn;
	uint32_t store_evtchn;
	union {
		struct {
			xen_pfn_t mfn;
			uint32_t evtchn;
		} domU;
		struct {
			uint32_t info_off;	/* dom0_vga_console_info */
			uint32_t info_size;
		} dom0;
	} console;
	unsigned long pt_base;		/* virtual address of the L4 */
	unsigned long nr_pt_frames;
	unsigned long mfn_list;		/* virtual address of the p2m */
	unsigned long mod_start;	/* virtual address, or pfn by a flag */
	unsigned long mod_len;
	int8_t cmd_line[MAX_GUEST_CMDLINE];
	/* Where the p2m lies if outside the initial mapping. */
	unsigned long first_p2m_pfn;
	unsigned long nr_p2m_frames;
};

#define SIF_PRIVILEGED		(1 << 0)
#define SIF_INITDOMAIN		(1 << 1)
#define SIF_MULTIBOOT_MOD	(1 << 2)
#define SIF_MOD_START_PFN	(1 << 3)
#define SIF_VIRT_P2M_4TOOLS	(1 << 4)
#define SIF_PM_MASK		(0xff << 8)

/* mod_start names a list of these if SIF_MULTIBOOT_MOD is set. */
struct xen_multiboot_mod_list {
	uint32_t mod_start;
	uint32_t mod_end;
	uint32_t cmdline;
	uint32_t pad;
};

/* How firmware left the screen; dom0 finds it behind its start_info. */
struct dom0_vga_console_info {
	uint8_t video_type;		/* XEN_VGATYPE_* */
	union {
		struct {
			uint16_t font_height;
			uint16_t cursor_x, cursor_y;
			uint16_t rows, columns;
		} text_mode_3;
		struct {
			uint16_t width, height;
			uint16_t bytes_per_line;
			uint16_t bits_per_pixel;
			uint32_t lfb_base;
			uint32_t lfb_size;
			uint8_t red_pos, red_size;
			uint8_t green_pos, green_size;
			uint8_t blue_pos, blue_size;
			uint8_t rsvd_pos, rsvd_size;
			uint32_t gbl_caps;
			uint16_t mode_attrs;
			uint16_t pad;
			uint32_t ext_lfb_base;
		} vesa_lfb;
	} u;
};

#define XEN_VGATYPE_TEXT_MODE_3	0x03
#define XEN_VGATYPE_VESA_LFB	0x23
#define XEN_VGATYPE_EFI_LFB	0x70

/* A bitmap as the control operations pass it. */
struct xenctl_bitmap {
	XEN_GUEST_HANDLE_64(uint8_t) bitmap;
	uint32_t nr_bits;
};

#endif /* ABI_XEN_H */
