/* SPDX-License-Identifier: MIT */
/* What tools ask about a running domain and its vCPU, and set. */
#include "parts.h"

#define VA	0xffffff2000002000ul

static long p_nothing(void *arg)
{
	(void)arg;
	return 0;
}

static long p_l4(void *arg)
{
	(void)arg;
	return (long)va_to_mfn(pt_root());
}

static void check_vcpu(struct peer *p)
{
	static struct vcpu_guest_context ctx;
	struct xen_domctl op = { 0 };
	unsigned long l4 = (unsigned long)peer_call(p, p_l4, NULL, 0);

	check(!domctl(&op, XEN_DOMCTL_getvcpuinfo, p->id) &&
	      op.u.getvcpuinfo.online && op.u.getvcpuinfo.cpu_time,
	      "getvcpuinfo: it is up and has run");
	op.u.getvcpuinfo.vcpu = 1;
	check(domctl(&op, XEN_DOMCTL_getvcpuinfo, p->id) == -XEN_ESRCH,
	      "getvcpuinfo: there is one only");
	memset(&op.u, 0, sizeof(op.u));
	handle_set(op.u.vcpucontext.ctxt, &ctx);
	check(!domctl(&op, XEN_DOMCTL_getvcpucontext, p->id) &&
	      ctx.ctrlreg[3] / PAGE_SIZE == l4 &&
	      (ctx.flags & VGCF_in_kernel) && ctx.user_regs.rip > VIRT_BASE,
	      "getvcpucontext: where it is");
	check(domctl(&op, XEN_DOMCTL_getvcpucontext, 0) == -XEN_EINVAL,
	      "getvcpucontext: not of oneself");
}

static void check_affinity(struct peer *p)
{
	struct xen_domctl op = { 0 };
	uint8_t last = (uint8_t)(cpus_of_machine() - 1), cpus = 1 << last;

	op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
	op.u.vcpuaffinity.cpumap_hard.nr_bits = 8;
	handle_set(op.u.vcpuaffinity.cpumap_hard.bitmap, &cpus);
	check(!domctl(&op, XEN_DOMCTL_setvcpuaffinity, p->id) &&
	      cpus == 1 << last, "setvcpuaffinity: the last CPU");
	peer_call(p, p_nothing, NULL, 0);
	memset(&op.u, 0, sizeof(op.u));
	check(!domctl(&op, XEN_DOMCTL_getvcpuinfo, p->id) &&
	      op.u.getvcpuinfo.cpu == last, "and there it runs");
	op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
	op.u.vcpuaffinity.cpumap_hard.nr_bits = 8;
	handle_set(op.u.vcpuaffinity.cpumap_hard.bitmap, &cpus);
	cpus = 0;
	check(domctl(&op, XEN_DOMCTL_setvcpuaffinity, p->id) == -XEN_EINVAL,
	      "setvcpuaffinity: nowhere is refused");
	cpus = 0xff;
	check(!domctl(&op, XEN_DOMCTL_setvcpuaffinity, p->id),
	      "setvcpuaffinity: anywhere");
}

static void check_hypercall_page(struct peer *p)
{
	struct xen_domctl op = { 0 };
	void *mine = page_alloc();
	unsigned int i, set = 0;

	op.u.hypercall_init.gmfn = peer_mfn(p, 1);
	pt_build(VA);
	check(!domctl(&op, XEN_DOMCTL_hypercall_init, p->id) &&
	      !map_foreign(p->id, VA, peer_mfn(p, 1), PTE_KERN_RO),
	      "hypercall_init");
	for (i = 0; i < 64; i++)
		set += *(volatile uint64_t *)(VA + i * 32) != 0;
	check(set == 64, "a stub for each call");
	map_va(VA, 0);
	op.u.hypercall_init.gmfn = va_to_mfn(mine);
	check(domctl(&op, XEN_DOMCTL_hypercall_init, p->id) < 0,
	      "hypercall_init: not another's page");
	op.u.hypercall_init.gmfn = (unsigned long)peer_call(p, p_l4, NULL, 0);
	check(domctl(&op, XEN_DOMCTL_hypercall_init, p->id) < 0,
	      "hypercall_init: not a table");
	page_free(mine);
}

static long p_grow(void *arg)
{
	xen_pfn_t list[4];
	struct xen_memory_reservation r = {
		.nr_extents = 4, .domid = DOMID_SELF,
	};

	(void)arg;
	handle_set(r.extent_start, list);
	return HYPERVISOR_memory_op(XENMEM_increase_reservation, &r);
}

static void check_max_mem(struct peer *p)
{
	struct xen_domctl_getdomaininfo info;
	struct xen_domctl op = { 0 };

	check(peer_call(p, p_grow, NULL, 0) == 0, "max_mem holds");
	op.u.max_mem.max_memkb = (PEER_PAGES + 3) * 4ul;
	check(!domctl(&op, XEN_DOMCTL_max_mem, p->id) &&
	      peer_call(p, p_grow, NULL, 0) == 3, "max_mem raised by three");
	op.u.max_mem.max_memkb = 40;
	check(!domctl(&op, XEN_DOMCTL_max_mem, p->id) &&
	      !domain_info(p->id, &info) && info.max_pages == 10 &&
	      info.tot_pages == PEER_PAGES + 3 &&
	      peer_call(p, p_grow, NULL, 0) == 0,
	      "max_mem lowered takes nothing away");
}

void check_asked(void)
{
	unsigned long before = free_pages_of_machine();
	struct peer p;

	peer_start(&p, NULL);
	check_vcpu(&p);
	check_affinity(&p);
	check_hypercall_page(&p);
	check_max_mem(&p);
	check(!peer_destroy(&p), "destroy");
	check_gone(&p, before, "after questions");
}
