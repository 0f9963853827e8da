/* SPDX-License-Identifier: MIT */
/*
 * Death at every step of a life, with frames that others hold, and what tools
 * may still try on a dying domain; claims, which die with it.
 */
#include "parts.h"

#define VA	0xffffff2000000000ul

static void die_at(unsigned int step, unsigned long before)
{
	static const char *const name[] = {
		"created only", "with memory", "filled", "with a context",
		"running", "paused",
	};
	struct peer p;

	if (peer_create(&p, NULL))
		error("no second domain");
	if (step >= 1)
		peer_populate(&p);
	if (step >= 2)
		peer_fill(&p);
	if (step >= 3)
		peer_context(&p);
	if (step >= 4)
		domctl_plain(XEN_DOMCTL_unpausedomain, p.id);
	if (step >= 5)
		domctl_plain(XEN_DOMCTL_pausedomain, p.id);
	check(!peer_destroy(&p), "%s: destroy", name[step]);
	check_gone(&p, before, name[step]);
}

static long set_cr3(struct peer *p, unsigned long mfn)
{
	static struct vcpu_guest_context ctx;
	struct xen_domctl op = { 0 };

	memset(&ctx, 0, sizeof(ctx));
	ctx.flags = VGCF_in_kernel;
	ctx.ctrlreg[3] = mfn * PAGE_SIZE;
	handle_set(op.u.vcpucontext.ctxt, &ctx);
	return domctl(&op, XEN_DOMCTL_setvcpucontext, p->id);
}

static void try_on_dying(struct peer *p, unsigned long mfn)
{
	struct mmuext_op pin = { .cmd = MMUEXT_PIN_L4_TABLE };
	struct evtchn_alloc_unbound port = {
		.dom = p->id, .remote_dom = DOMID_SELF,
	};

	pin.arg1.mfn = mfn;
	check(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &port) < 0,
	      "dying: no new port");
	check(!peer_populate(p), "dying: no memory");
	HYPERVISOR_mmuext_op(&pin, 1, NULL, p->id);
	/* Debian's Xen takes it, and keeps the domain for ever. */
	check(!on_hvx() || set_cr3(p, mfn) < 0, "dying: no context");
}

/*
 * A page of zeros makes a good L4: neither a pin nor a context may keep it
 * once its owner is dying.
 */
static void check_held(unsigned long before)
{
	struct xen_domctl_getdomaininfo info;
	struct peer_config again = { 0 };
	unsigned long mfn;
	struct peer p, q;

	peer_start(&p, NULL);
	mfn = peer_mfn(&p, 1);
	pt_build(VA);
	check(!map_foreign(p.id, VA, mfn, PTE_KERN_RO), "a page of it mapped");
	check(!peer_destroy(&p), "destroy goes through");
	check(!domain_info(p.id, &info) && (info.flags & XEN_DOMINF_dying) &&
	      info.tot_pages == 1, "but for the page that is held");
	again.id = p.id;
	check(peer_create(&q, &again) == -XEN_EEXIST,
	      "nobody gets its id meanwhile");
	check(try_read(VA) == 0 && map_foreign(p.id, VA + PAGE_SIZE, peer_mfn(&p, 2),
					       PTE_KERN_RO) < 0,
	      "what isn't held is gone");
	try_on_dying(&p, mfn);
	check(!map_va(VA, 0), "and let go");
	check_gone(&p, before, "with a page held");
	check(!peer_create(&q, &again) && q.id == p.id,
	      "then the id can be had again");
	check(!peer_destroy(&q), "and given back");
	check_gone(&p, before, "under an old id");
}

/* ---- the first grants, which the tools write ---- */

static long p_first_entry(void *arg)
{
	struct gnttab_setup_table s = { .dom = DOMID_SELF, .nr_frames = 1 };
	xen_pfn_t frame = 0;

	(void)arg;
	handle_set(s.frame_list, &frame);
	HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1);
	pt_build(VA);
	if (map_va(VA, mfn_pte(frame, PTE_KERN)))
		return -1;
	return ((volatile struct grant_entry_v1 *)VA)[1].frame;
}

static long acquire(struct peer *p, unsigned int frame, xen_pfn_t *mfn)
{
	struct xen_mem_acquire_resource r = {
		.domid = p->id, .type = XENMEM_resource_grant_table,
		.id = XENMEM_resource_grant_table_id_shared,
		.frame = frame, .nr_frames = 1,
	};

	handle_set(r.frame_list, mfn);
	return HYPERVISOR_memory_op(XENMEM_acquire_resource, &r);
}

/* The reserved entries of a new domain, by its table's first frame; which may
 * be mapped for longer than the domain lives. */
static void check_first_grants(unsigned long before)
{
	volatile struct grant_entry_v1 *table = (void *)VA;
	xen_pfn_t mfn = 0;
	struct peer p;

	peer_start(&p, NULL);
	check(!acquire(&p, 0, &mfn) && mfn &&
	      !map_foreign(p.id, VA, mfn, PTE_KERN),
	      "its grant table is had by acquire_resource");
	check(acquire(&p, 1u << 20, &mfn) < 0, "as far as there is any");
	table[GNTTAB_RESERVED_XENSTORE].frame = 0x1234;
	check(peer_call(&p, p_first_entry, NULL, 0) == 0x1234,
	      "what is written there it finds");
	check(!peer_destroy(&p), "with its grant table mapped: destroy");
	check(table[GNTTAB_RESERVED_XENSTORE].frame == 0x1234,
	      "the frame stays what it was");
	map_va(VA, 0);
	check_gone(&p, before, "with its grant table mapped");
}

void check_dying(void)
{
	unsigned long before = free_pages_of_machine();
	unsigned int step;

	for (step = 0; step < 6; step++)
		die_at(step, before);
	check_held(before);
	check_first_grants(before);
}

/* ---- claims ---- */

static long claim(domid_t id, unsigned long pages)
{
	struct xen_memory_reservation r = { .nr_extents = pages, .domid = id };

	return HYPERVISOR_memory_op(XENMEM_claim_pages, &r);
}

void check_claims(void)
{
	unsigned long before = free_pages_of_machine(), all;
	struct peer_config large = { .max_pages = 1 << 20 };
	struct xen_domctl_getdomaininfo info;
	struct peer a, b;

	if (peer_create(&a, &large) || peer_create(&b, &large))
		error("no two domains");
	all = free_pages_of_machine();
	check(claim(a.id, (1 << 20) + 1) == -XEN_EINVAL,
	      "more than it may have can't be claimed");
	check(claim(a.id, all + 1000) == -XEN_ENOMEM,
	      "nor more than there is");
	check(!claim(a.id, all - 10), "all can");
	check(claimed_pages_of_machine() == all - 10, "and is counted");
	check(peer_populate(&b) == 0, "what is claimed is nobody else's");
	check(peer_populate(&a) == PEER_PAGES && !domain_info(a.id, &info) &&
	      info.outstanding_pages == all - 10 - PEER_PAGES &&
	      info.outstanding_pages == claimed_pages_of_machine(),
	      "the claimant gets it");
	check(!peer_destroy(&a) && claimed_pages_of_machine() == 0,
	      "a claim dies with its domain");
	check(peer_populate(&b) == PEER_PAGES, "then others get it");
	check(claim(b.id, PEER_PAGES) == -XEN_EINVAL &&
	      !claim(b.id, PEER_PAGES + 100) &&
	      claimed_pages_of_machine() == 100, "a claim is on the total");
	check(!claim(b.id, 0) && claimed_pages_of_machine() == 0,
	      "and can be given up");
	check(!peer_destroy(&b), "destroy");
	check_gone(&b, before, "after claims");
}
