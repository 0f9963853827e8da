/* SPDX-License-Identifier: MIT */
/*
 * domctl: what the tools do to one domain. Every operation is known by its
 * number; those that serve PV guests have their structures here too.
 */
#ifndef ABI_DOMCTL_H
#define ABI_DOMCTL_H

#include <abi/xen.h>
#include <abi/event_channel.h>
#include <abi/grant_table.h>
#include <abi/memory.h>

#define XEN_DOMCTL_INTERFACE_VERSION	0x00000015

#define XEN_DOMCTL_createdomain			1
#define XEN_DOMCTL_destroydomain		2
#define XEN_DOMCTL_pausedomain			3
#define XEN_DOMCTL_unpausedomain		4
#define XEN_DOMCTL_getdomaininfo		5
#define XEN_DOMCTL_setvcpuaffinity		9
#define XEN_DOMCTL_shadow_op			10
#define XEN_DOMCTL_max_mem			11
#define XEN_DOMCTL_setvcpucontext		12
#define XEN_DOMCTL_getvcpucontext		13
#define XEN_DOMCTL_getvcpuinfo			14
#define XEN_DOMCTL_max_vcpus			15
#define XEN_DOMCTL_scheduler_op			16
#define XEN_DOMCTL_setdomainhandle		17
#define XEN_DOMCTL_setdebugging			18
#define XEN_DOMCTL_irq_permission		19
#define XEN_DOMCTL_iomem_permission		20
#define XEN_DOMCTL_ioport_permission		21
#define XEN_DOMCTL_hypercall_init		22
#define XEN_DOMCTL_settimeoffset		24
#define XEN_DOMCTL_getvcpuaffinity		25
#define XEN_DOMCTL_real_mode_area		26
#define XEN_DOMCTL_resumedomain			27
#define XEN_DOMCTL_sendtrigger			28
#define XEN_DOMCTL_subscribe			29
#define XEN_DOMCTL_gethvmcontext		33
#define XEN_DOMCTL_sethvmcontext		34
#define XEN_DOMCTL_set_address_size		35
#define XEN_DOMCTL_get_address_size		36
#define XEN_DOMCTL_assign_device		37
#define XEN_DOMCTL_bind_pt_irq			38
#define XEN_DOMCTL_memory_mapping		39
#define XEN_DOMCTL_ioport_mapping		40
#define XEN_DOMCTL_set_ext_vcpucontext		42
#define XEN_DOMCTL_get_ext_vcpucontext		43
#define XEN_DOMCTL_set_opt_feature		44
#define XEN_DOMCTL_test_assign_device		45
#define XEN_DOMCTL_set_target			46
#define XEN_DOMCTL_deassign_device		47
#define XEN_DOMCTL_unbind_pt_irq		48
#define XEN_DOMCTL_get_device_group		50
#define XEN_DOMCTL_debug_op			54
#define XEN_DOMCTL_gethvmcontext_partial	55
#define XEN_DOMCTL_vm_event_op			56
#define XEN_DOMCTL_mem_sharing_op		57
#define XEN_DOMCTL_gettscinfo			59
#define XEN_DOMCTL_settscinfo			60
#define XEN_DOMCTL_getpageframeinfo3		61
#define XEN_DOMCTL_setvcpuextstate		62
#define XEN_DOMCTL_getvcpuextstate		63
#define XEN_DOMCTL_set_access_required		64
#define XEN_DOMCTL_audit_p2m			65
#define XEN_DOMCTL_set_virq_handler		66
#define XEN_DOMCTL_set_broken_page_p2m		67
#define XEN_DOMCTL_setnodeaffinity		68
#define XEN_DOMCTL_getnodeaffinity		69
#define XEN_DOMCTL_cacheflush			71
#define XEN_DOMCTL_get_vcpu_msrs		72
#define XEN_DOMCTL_set_vcpu_msrs		73
#define XEN_DOMCTL_setvnumainfo			74
#define XEN_DOMCTL_psr_cmt_op			75
#define XEN_DOMCTL_monitor_op			77
#define XEN_DOMCTL_psr_alloc			78
#define XEN_DOMCTL_soft_reset			79
#define XEN_DOMCTL_vuart_op			81
#define XEN_DOMCTL_get_cpu_policy		82
#define XEN_DOMCTL_set_cpu_policy		83
#define XEN_DOMCTL_vmtrace_op			84
#define XEN_DOMCTL_get_paging_mempool_size	85
#define XEN_DOMCTL_set_paging_mempool_size	86
/*
 * hvx's own, which Xen doesn't have.  Xen counts on from 87 and has 1000 to
 * 1003: in two decades it used fewer than 90, so 256 to 999 stay ours.
 */
#define XEN_DOMCTL_hvx_working_set		256
/* destroydomain, but by pieces: -EAGAIN while there is more to do.  The other
 * goes on by itself until all is done, and so keeps the caller's kernel from
 * running anything else on that vCPU: with much memory, for too long. */
#define XEN_DOMCTL_hvx_destroy_some		257
#define XEN_DOMCTL_hvx_run_states		258
#define XEN_DOMCTL_gdbsx_guestmemio		1000
#define XEN_DOMCTL_gdbsx_pausevcpu		1001
#define XEN_DOMCTL_gdbsx_unpausevcpu		1002
#define XEN_DOMCTL_gdbsx_domstatus		1003

struct xen_domctl_createdomain {
	uint32_t ssidref;
	xen_domain_handle_t handle;
	uint32_t flags;			/* XEN_DOMCTL_CDF_* */
	uint32_t iommu_opts;		/* XEN_DOMCTL_IOMMU_* */
	uint32_t max_vcpus;
	uint32_t max_evtchn_port;
	int32_t max_grant_frames;	/* negative: the default */
	int32_t max_maptrack_frames;	/* likewise */
	uint32_t grant_opts;		/* XEN_DOMCTL_GRANT_version() */
	uint32_t vmtrace_size;
	uint32_t cpupool_id;
	struct xen_arch_domainconfig arch;
};

#define XEN_DOMCTL_CDF_hvm		(1U << 0)
#define XEN_DOMCTL_CDF_hap		(1U << 1)
#define XEN_DOMCTL_CDF_s3_integrity	(1U << 2)
#define XEN_DOMCTL_CDF_oos_off		(1U << 3)
#define XEN_DOMCTL_CDF_xs_domain	(1U << 4)
#define XEN_DOMCTL_CDF_iommu		(1U << 5)
#define XEN_DOMCTL_CDF_nested_virt	(1U << 6)
#define XEN_DOMCTL_CDF_vpmu		(1U << 7)
#define XEN_DOMCTL_CDF_MAX		XEN_DOMCTL_CDF_vpmu

#define XEN_DOMCTL_IOMMU_no_sharept	(1U << 0)
#define XEN_DOMCTL_IOMMU_MAX		XEN_DOMCTL_IOMMU_no_sharept

#define XEN_DOMCTL_GRANT_version_mask	0xf
#define XEN_DOMCTL_GRANT_version(v)	((v) & XEN_DOMCTL_GRANT_version_mask)

struct xen_domctl_getdomaininfo {
	domid_t domain;
	uint16_t pad1;
	uint32_t flags;			/* XEN_DOMINF_* */
	uint64_t tot_pages;
	uint64_t max_pages;
	uint64_t outstanding_pages;
	uint64_t shr_pages;
	uint64_t paged_pages;
	uint64_t shared_info_frame;	/* machine frame */
	uint64_t cpu_time;		/* ns, all vCPUs */
	uint32_t nr_online_vcpus;
	uint32_t max_vcpu_id;
	uint32_t ssidref;
	xen_domain_handle_t handle;
	uint32_t cpupool;
	uint8_t gpaddr_bits;
	uint8_t pad2[7];
	struct xen_arch_domainconfig arch_config;
};

#define XEN_INVALID_MAX_VCPU_ID		(~0U)

#define XEN_DOMINF_dying		(1U << 0)
#define XEN_DOMINF_hvm_guest		(1U << 1)
#define XEN_DOMINF_shutdown		(1U << 2)
#define XEN_DOMINF_paused		(1U << 3)
#define XEN_DOMINF_blocked		(1U << 4)
#define XEN_DOMINF_running		(1U << 5)
#define XEN_DOMINF_debugged		(1U << 6)
#define XEN_DOMINF_xs_domain		(1U << 7)
#define XEN_DOMINF_hap			(1U << 8)
/* SHUTDOWN_* if shut down */
#define XEN_DOMINF_shutdownmask		255
#define XEN_DOMINF_shutdownshift	16

/* In: frame numbers; out: their types in the top four bits. */
struct xen_domctl_getpageframeinfo3 {
	uint64_t num;
	XEN_GUEST_HANDLE_64(xen_pfn_t) array;
};

#define XEN_DOMCTL_PFINFO_LTAB_SHIFT	28
#define XEN_DOMCTL_PFINFO_NOTAB		(0x0U << 28)
#define XEN_DOMCTL_PFINFO_L1TAB		(0x1U << 28)
#define XEN_DOMCTL_PFINFO_L2TAB		(0x2U << 28)
#define XEN_DOMCTL_PFINFO_L3TAB		(0x3U << 28)
#define XEN_DOMCTL_PFINFO_L4TAB		(0x4U << 28)
#define XEN_DOMCTL_PFINFO_LTABTYPE_MASK	(0x7U << 28)
#define XEN_DOMCTL_PFINFO_LPINTAB	(0x1U << 31)
#define XEN_DOMCTL_PFINFO_XTAB		(0xfU << 28)
#define XEN_DOMCTL_PFINFO_XALLOC	(0xeU << 28)
#define XEN_DOMCTL_PFINFO_BROKEN	(0xdU << 28)
#define XEN_DOMCTL_PFINFO_LTAB_MASK	(0xfU << 28)

struct xen_domctl_shadow_op_stats {
	uint32_t fault_count;
	uint32_t dirty_count;
};

struct xen_domctl_shadow_op {
	uint32_t op;			/* XEN_DOMCTL_SHADOW_OP_* */
	uint32_t mode;			/* XEN_DOMCTL_SHADOW_ENABLE_* */
	uint32_t mb;
	XEN_GUEST_HANDLE_64(uint8_t) dirty_bitmap;
	uint64_t pages;
	struct xen_domctl_shadow_op_stats stats;
};

#define XEN_DOMCTL_SHADOW_OP_OFF		0
#define XEN_DOMCTL_SHADOW_OP_ENABLE_TEST	1
#define XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY	2
#define XEN_DOMCTL_SHADOW_OP_CLEAN		11
#define XEN_DOMCTL_SHADOW_OP_PEEK		12
#define XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION	30
#define XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION	31
#define XEN_DOMCTL_SHADOW_OP_ENABLE		32

#define XEN_DOMCTL_SHADOW_ENABLE_REFCOUNT	(1 << 1)
#define XEN_DOMCTL_SHADOW_ENABLE_LOG_DIRTY	(1 << 2)
#define XEN_DOMCTL_SHADOW_ENABLE_TRANSLATE	(1 << 3)
#define XEN_DOMCTL_SHADOW_ENABLE_EXTERNAL	(1 << 4)
#define XEN_DOMCTL_SHADOW_LOGDIRTY_FINAL	(1 << 0)

struct xen_domctl_max_mem {
	uint64_t max_memkb;
};

struct xen_domctl_vcpucontext {
	uint32_t vcpu;
	XEN_GUEST_HANDLE_64(struct vcpu_guest_context) ctxt;
};

struct xen_domctl_getvcpuinfo {
	uint32_t vcpu;
	uint8_t online;			/* out, likewise below */
	uint8_t blocked;
	uint8_t running;
	uint64_t cpu_time;		/* ns */
	uint32_t cpu;
};

struct xen_domctl_nodeaffinity {
	struct xenctl_bitmap nodemap;
};

struct xen_domctl_vcpuaffinity {
	uint32_t vcpu;
	uint32_t flags;			/* XEN_VCPUAFFINITY_* */
	struct xenctl_bitmap cpumap_hard;
	struct xenctl_bitmap cpumap_soft;
};

#define XEN_VCPUAFFINITY_HARD		(1U << 0)
#define XEN_VCPUAFFINITY_SOFT		(1U << 1)
#define XEN_VCPUAFFINITY_FORCE		(1U << 2)

struct xen_domctl_max_vcpus {
	uint32_t max;
};

/* sched_id */
#define XEN_SCHEDULER_CREDIT		5
#define XEN_SCHEDULER_CREDIT2		6
#define XEN_SCHEDULER_ARINC653		7
#define XEN_SCHEDULER_RTDS		8
#define XEN_SCHEDULER_NULL		9

struct xen_domctl_sched_credit {
	uint16_t weight;
	uint16_t cap;			/* per cent of a CPU, 0: none */
};

struct xen_domctl_sched_credit2 {
	uint16_t weight;
	uint16_t cap;
};

struct xen_domctl_sched_rtds {
	uint32_t period;
	uint32_t budget;
	uint32_t flags;
};

struct xen_domctl_schedparam_vcpu {
	union {
		struct xen_domctl_sched_credit credit;
		struct xen_domctl_sched_credit2 credit2;
		struct xen_domctl_sched_rtds rtds;
	} u;
	uint32_t vcpuid;
};

struct xen_domctl_scheduler_op {
	uint32_t sched_id;		/* XEN_SCHEDULER_* */
	uint32_t cmd;			/* XEN_DOMCTL_SCHEDOP_* */
	union {
		struct xen_domctl_sched_credit credit;
		struct xen_domctl_sched_credit2 credit2;
		struct xen_domctl_sched_rtds rtds;
		struct {
			XEN_GUEST_HANDLE_64(struct xen_domctl_schedparam_vcpu)
				vcpus;
			uint32_t nr_vcpus;
			uint32_t padding;
		} v;
	} u;
};

#define XEN_DOMCTL_SCHEDOP_putinfo	0
#define XEN_DOMCTL_SCHEDOP_getinfo	1
#define XEN_DOMCTL_SCHEDOP_putvcpuinfo	2
#define XEN_DOMCTL_SCHEDOP_getvcpuinfo	3

struct xen_domctl_setdomainhandle {
	xen_domain_handle_t handle;
};

struct xen_domctl_setdebugging {
	uint8_t enable;
};

struct xen_domctl_irq_permission {
	uint32_t pirq;
	uint8_t allow_access;
	uint8_t pad[3];
};

struct xen_domctl_iomem_permission {
	uint64_t first_mfn;
	uint64_t nr_mfns;
	uint8_t allow_access;
};

struct xen_domctl_ioport_permission {
	uint32_t first_port;
	uint32_t nr_ports;
	uint8_t allow_access;
};

/* Fill the domain's hypercall page. */
struct xen_domctl_hypercall_init {
	uint64_t gmfn;
};

struct xen_domctl_settimeoffset {
	int64_t time_offset_seconds;
};

struct xen_domctl_address_size {
	uint32_t size;			/* bits */
};

struct xen_domctl_cpu_policy {
	uint32_t nr_leaves;		/* in: room; out: count */
	uint32_t nr_msrs;		/* likewise */
	XEN_GUEST_HANDLE_64(struct xen_cpuid_leaf) leaves;
	XEN_GUEST_HANDLE_64(struct xen_msr_entry) msrs;
	uint32_t err_leaf, err_subleaf, err_msr;	/* out */
};

struct xen_domctl_tsc_info {
	uint32_t tsc_mode;		/* 0 default, 1 emulate, 2 native */
	uint32_t gtsc_khz;
	uint32_t incarnation;
	uint32_t pad;
	uint64_t elapsed_nsec;
};

struct xen_domctl_sendtrigger {
	uint32_t trigger;		/* XEN_DOMCTL_SENDTRIGGER_* */
	uint32_t vcpu;
};

#define XEN_DOMCTL_SENDTRIGGER_NMI	0
#define XEN_DOMCTL_SENDTRIGGER_RESET	1
#define XEN_DOMCTL_SENDTRIGGER_INIT	2
#define XEN_DOMCTL_SENDTRIGGER_POWER	3
#define XEN_DOMCTL_SENDTRIGGER_SLEEP	4

struct xen_domctl_set_virq_handler {
	uint32_t virq;
};

struct xen_domctl_vcpuextstate {
	uint32_t vcpu;
	uint64_t xfeature_mask;
	uint64_t size;
	XEN_GUEST_HANDLE_64(uint64_t) buffer;
};

struct xen_domctl_paging_mempool {
	uint64_t size;			/* bytes */
};

struct xen_domctl_vcpu_msr {
	uint32_t index;
	uint32_t reserved;
	uint64_t value;
};

struct xen_domctl_vcpu_msrs {
	uint32_t vcpu;
	uint32_t msr_count;
	XEN_GUEST_HANDLE_64(struct xen_domctl_vcpu_msr) msrs;
};

struct xen_domctl_vnuma {
	uint32_t nr_vnodes;
	uint32_t nr_vmemranges;
	uint32_t nr_vcpus;
	uint32_t pad;
	XEN_GUEST_HANDLE_64(unsigned int) vdistance;
	XEN_GUEST_HANDLE_64(unsigned int) vcpu_to_vnode;
	XEN_GUEST_HANDLE_64(unsigned int) vnode_to_pnode;
	XEN_GUEST_HANDLE_64(struct xen_vmemrange) vmemrange;
};

/*
 * What a domain uses of its memory, by watching some of its frames for a while.
 * A call ends the interval that the one before began, tells what came of it,
 * and begins another; with `keep`, which costs much less, it tells what came of
 * the interval so far, and that goes on.  It does so by pieces: call again while `more` is set,
 * after letting the domain run a little; it is paused during each.
 */
struct xen_domctl_hvx_working_set {
	uint32_t samples;		/* in: frames to watch now; 0: none */
	uint32_t more;			/* out: not done */
	uint32_t watched;		/* out: frames; 0: there was no interval */
	uint32_t touched;		/* out: of these, accessed meanwhile */
	uint32_t unseen;		/* out: mappings there was no room for */
	uint32_t paged_out;		/* out: L1 entries it made neither present */
	uint32_t paged_in;		/*	nor zero; made present again */
	uint32_t keep;			/* in: not 0: tell, and go on watching */
	uint64_t pages;			/* out: frames the domain has */
	uint64_t interval_ns;		/* out: how long they were watched */
	uint64_t core_ns;		/* out: time that the interval cost */
};

#define XEN_DOMCTL_HVX_WS_MAX_SAMPLES		32768

/* How long a domain's vCPUs, together, have been in each state so far: running,
 * waiting for a CPU (the guest's own steal time), blocked, offline. */
struct xen_domctl_hvx_run_states {
	uint64_t time[4];		/* out: ns, by RUNSTATE_* */
};

struct xen_domctl {
	uint32_t cmd;			/* XEN_DOMCTL_* */
	uint32_t interface_version;
	domid_t domain;
	uint16_t _pad[3];
	union {
		struct xen_domctl_createdomain createdomain;
		struct xen_domctl_getdomaininfo getdomaininfo;
		struct xen_domctl_getpageframeinfo3 getpageframeinfo3;
		struct xen_domctl_nodeaffinity nodeaffinity;
		struct xen_domctl_vcpuaffinity vcpuaffinity;
		struct xen_domctl_shadow_op shadow_op;
		struct xen_domctl_max_mem max_mem;
		struct xen_domctl_vcpucontext vcpucontext;
		struct xen_domctl_getvcpuinfo getvcpuinfo;
		struct xen_domctl_max_vcpus max_vcpus;
		struct xen_domctl_scheduler_op scheduler_op;
		struct xen_domctl_setdomainhandle setdomainhandle;
		struct xen_domctl_setdebugging setdebugging;
		struct xen_domctl_irq_permission irq_permission;
		struct xen_domctl_iomem_permission iomem_permission;
		struct xen_domctl_ioport_permission ioport_permission;
		struct xen_domctl_hypercall_init hypercall_init;
		struct xen_domctl_settimeoffset settimeoffset;
		struct xen_domctl_tsc_info tsc_info;
		struct xen_domctl_address_size address_size;
		struct xen_domctl_cpu_policy cpu_policy;
		struct xen_domctl_vcpuextstate vcpuextstate;
		struct xen_domctl_vcpu_msrs vcpu_msrs;
		struct xen_domctl_sendtrigger sendtrigger;
		struct xen_domctl_set_virq_handler set_virq_handler;
		struct xen_domctl_vnuma vnuma;
		struct xen_domctl_paging_mempool paging_mempool;
		struct xen_domctl_hvx_working_set hvx_working_set;
		struct xen_domctl_hvx_run_states hvx_run_states;
		uint8_t pad[128];
	} u;
};

#endif /* ABI_DOMCTL_H */
