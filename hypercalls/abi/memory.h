/* SPDX-License-Identifier: MIT */
/* memory_op: how much memory a domain has, where, and its maps. */
#ifndef ABI_MEMORY_H
#define ABI_MEMORY_H

#include <abi/xen.h>
#include <abi/physdev.h>

#define XENMEM_increase_reservation		0
#define XENMEM_decrease_reservation		1
#define XENMEM_maximum_ram_page			2
#define XENMEM_current_reservation		3
#define XENMEM_maximum_reservation		4
#define XENMEM_machphys_mfn_list		5
#define XENMEM_populate_physmap			6
#define XENMEM_add_to_physmap			7
#define XENMEM_memory_map			9
#define XENMEM_machine_memory_map		10
#define XENMEM_exchange				11
#define XENMEM_machphys_mapping			12
#define XENMEM_set_memory_map			13
#define XENMEM_maximum_gpfn			14
#define XENMEM_remove_from_physmap		15
#define XENMEM_set_pod_target			16
#define XENMEM_get_pod_target			17
#define XENMEM_get_sharing_freed_pages		18
#define XENMEM_get_sharing_shared_pages		19
#define XENMEM_paging_op			20
#define XENMEM_access_op			21
#define XENMEM_sharing_op			22
#define XENMEM_add_to_physmap_batch		23
#define XENMEM_claim_pages			24
#define XENMEM_machphys_compat_mfn_list		25
#define XENMEM_get_vnumainfo			26
#define XENMEM_reserved_device_memory_map	27
#define XENMEM_acquire_resource			28

/* mem_flags: 0-7 address bits, 8-15 node + 1, then single bits. */
#define XENMEMF_address_bits(x)		(x)
#define XENMEMF_get_address_bits(x)	((x) & 0xffU)
#define XENMEMF_node(x)			(((x) + 1) << 8)
#define XENMEMF_get_node(x)		((((x) >> 8) - 1) & 0xffU)
#define XENMEMF_populate_on_demand	(1 << 16)
#define XENMEMF_exact_node_request	(1 << 17)
#define XENMEMF_exact_node(n) \
	(XENMEMF_node(n) | XENMEMF_exact_node_request)
#define XENMEMF_vnode			(1 << 18)

/* increase, decrease, populate: a list of extents of 2^order frames. */
struct xen_memory_reservation {
	XEN_GUEST_HANDLE(xen_pfn_t) extent_start;
	xen_ulong_t nr_extents;
	unsigned int extent_order;
	unsigned int mem_flags;		/* XENMEMF_* */
	domid_t domid;
};

struct xen_memory_exchange {
	struct xen_memory_reservation in;
	struct xen_memory_reservation out;
	xen_ulong_t nr_exchanged;	/* 0 at first; input frames done */
};

/* current_reservation, maximum_reservation, maximum_gpfn */
struct xen_memory_domain {
	domid_t domid;
};

/* The frames of the m2p, one for each 2 MiB of it. */
struct xen_machphys_mfn_list {
	unsigned int max_extents;
	XEN_GUEST_HANDLE(xen_pfn_t) extent_start;
	unsigned int nr_extents;	/* out */
};

struct xen_machphys_mapping {
	xen_ulong_t v_start, v_end;	/* out */
	xen_ulong_t max_mfn;		/* out */
};

struct xen_add_to_physmap {
	domid_t domid;
	uint16_t size;			/* of a gmfn_range */
	unsigned int space;		/* XENMAPSPACE_* */
	xen_ulong_t idx;
	xen_pfn_t gpfn;
};

#define XENMAPSPACE_shared_info		0
#define XENMAPSPACE_grant_table		1
#define XENMAPSPACE_gmfn		2
#define XENMAPSPACE_gmfn_range		3
#define XENMAPSPACE_gmfn_foreign	4
#define XENMAPSPACE_dev_mmio		5
#define XENMAPIDX_grant_table_status	0x80000000

struct xen_add_to_physmap_batch {
	domid_t domid;
	uint16_t space;
	uint16_t size;
	union xen_add_to_physmap_batch_extra {
		domid_t foreign_domid;	/* gmfn_foreign */
		uint16_t res0;
	} u;
	XEN_GUEST_HANDLE(xen_ulong_t) idxs;
	XEN_GUEST_HANDLE(xen_pfn_t) gpfns;
	XEN_GUEST_HANDLE(int) errs;	/* out */
};

struct xen_remove_from_physmap {
	domid_t domid;
	xen_pfn_t gpfn;
};

/* buffer is an array of e820 entries: uint64 addr, size; uint32 type. */
struct xen_memory_map {
	unsigned int nr_entries;	/* in: room; out: entries */
	XEN_GUEST_HANDLE(void) buffer;
};

struct xen_foreign_memory_map {
	domid_t domid;
	struct xen_memory_map map;
};

struct xen_pod_target {
	uint64_t target_pages;
	uint64_t tot_pages;
	uint64_t pod_cache_pages;
	uint64_t pod_entries;
	domid_t domid;
};

struct xen_reserved_device_memory {
	xen_pfn_t start_pfn;
	xen_ulong_t nr_pages;
};

struct xen_reserved_device_memory_map {
	uint32_t flags;			/* XENMEM_RDM_ALL */
	unsigned int nr_entries;
	XEN_GUEST_HANDLE(struct xen_reserved_device_memory) buffer;
	union {
		struct physdev_pci_device pci;
	} dev;
};

#define XENMEM_RDM_ALL			1

/* Pages of a domain's that the tools map: its grant table, say. */
struct xen_mem_acquire_resource {
	domid_t domid;
	uint16_t type;			/* XENMEM_resource_* */
	uint32_t id;
	uint32_t nr_frames;
	uint32_t pad;
	uint64_t frame;
	XEN_GUEST_HANDLE(xen_pfn_t) frame_list;
};

#define XENMEM_resource_ioreq_server			0
#define XENMEM_resource_grant_table			1
#define XENMEM_resource_vmtrace_buf			2
#define XENMEM_resource_grant_table_id_shared		0
#define XENMEM_resource_grant_table_id_status		1
#define XENMEM_resource_ioreq_server_frame_bufioreq	0

struct xen_vmemrange {
	uint64_t start, end;
	unsigned int flags;
	unsigned int nid;
};

struct xen_vnuma_topology_info {
	domid_t domid;
	uint16_t pad;
	unsigned int nr_vnodes;		/* in: room; out, likewise below */
	unsigned int nr_vcpus;
	unsigned int nr_vmemranges;
	union {
		XEN_GUEST_HANDLE(unsigned int) h;
		uint64_t pad;
	} vdistance;
	union {
		XEN_GUEST_HANDLE(unsigned int) h;
		uint64_t pad;
	} vcpu_to_vnode;
	union {
		XEN_GUEST_HANDLE(struct xen_vmemrange) h;
		uint64_t pad;
	} vmemrange;
};

#endif /* ABI_MEMORY_H */
