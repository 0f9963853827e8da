/* SPDX-License-Identifier: MIT */
/*
 * peermem: an unprivileged guest and what isn't its (PT-07, PT-08, PT-09, MX-05,
 * ME-07, ME-08, HC-17, PR-09).
 *
 * What must hold: no frame of another guest, of the control domain, of the
 * hypervisor or of nobody can be mapped, made a table, copied, cleared or freed;
 * no device either; memory and registers bring nothing along from their last
 * user. A broken hypervisor gives one guest another's data.
 */
#include "leaks.h"
#include "../common/tables.h"

struct peer a, b;

/* ---- in the peer ---- */

/* How often a frame could be mapped or used as a table. */
static unsigned int take_frame(unsigned long mfn)
{
	uint64_t *slot = area_slot(0, 50);
	unsigned int bad = 0, level;

	bad += pt_write(slot, mfn_pte(mfn, PTE_KERN_RO)) >= 0;
	bad += pt_write(slot, mfn_pte(mfn, PTE_KERN)) >= 0;
	bad += map_va(area_va(50), mfn_pte(mfn, PTE_KERN)) >= 0;
	for (level = 1; level <= 3; level++)
		bad += pt_write(area_slot(level, 6),
				mfn_pte(mfn, PTE_TABLE)) >= 0;
	for (level = 0; level < 4; level++)
		bad += mmuext_mfn(MMUEXT_PIN_L1_TABLE + level, mfn) >= 0;
	bad += mmuext_mfn(MMUEXT_NEW_BASEPTR, mfn) >= 0;
	bad += mmuext_mfn(MMUEXT_NEW_USER_BASEPTR, mfn) >= 0;
	bad += mmuext_mfn(MMUEXT_UNPIN_TABLE, mfn) >= 0;
	return bad + (*(volatile uint64_t *)slot != 0);
}

static unsigned int use_frame(unsigned long mfn)
{
	struct xen_memory_reservation r = {
		.nr_extents = 1, .domid = DOMID_SELF,
	};
	struct xen_memory_exchange e = { 0 };
	struct mmuext_op op = { .cmd = MMUEXT_COPY_PAGE };
	struct vcpu_register_vcpu_info info = { .mfn = mfn };
	struct mmu_update m2p = {
		.ptr = mfn * PAGE_SIZE | MMU_MACHPHYS_UPDATE, .val = 5,
	};
	unsigned long gdt = mfn;
	xen_pfn_t in = mfn, out = 5;
	unsigned int bad = 0;

	op.arg1.mfn = va_to_mfn(page_alloc());
	op.arg2.src_mfn = mfn;
	bad += HYPERVISOR_mmuext_op(&op, 1, NULL, DOMID_SELF) >= 0;
	op.arg2.src_mfn = op.arg1.mfn;
	op.arg1.mfn = mfn;
	bad += HYPERVISOR_mmuext_op(&op, 1, NULL, DOMID_SELF) >= 0;
	op.cmd = MMUEXT_CLEAR_PAGE;
	bad += HYPERVISOR_mmuext_op(&op, 1, NULL, DOMID_SELF) >= 0;
	handle_set(r.extent_start, &in);
	bad += HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r) != 0;
	e.in = e.out = r;
	handle_set(e.out.extent_start, &out);
	bad += HYPERVISOR_memory_op(XENMEM_exchange, &e) == 0;
	bad += HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_info, 0, &info) == 0;
	bad += HYPERVISOR_mmu_update(&m2p, 1, NULL, DOMID_SELF) >= 0;
	return bad + (HYPERVISOR_set_gdt(&gdt, 512) == 0);
}

static long p_take(void *arg)
{
	unsigned long mfn = *(unsigned long *)arg;

	return take_frame(mfn) + use_frame(mfn);
}

struct sweep {
	unsigned long own[PEER_PAGES / PEER_EXTENT], end, first_bad;
	unsigned int tried;
};

static bool is_own(const struct sweep *s, unsigned long mfn)
{
	unsigned int i;

	for (i = 0; i < PEER_PAGES / PEER_EXTENT; i++)
		if (mfn - s->own[i] < PEER_EXTENT)
			return true;
	return mfn == start_info->shared_info / PAGE_SIZE;
}

/* All over the machine's memory. */
static long p_sweep(void *arg)
{
	struct sweep *s = arg;
	uint64_t *slot = area_slot(0, 50);
	unsigned int bad = 0;
	unsigned long mfn;

	if (pt_write(slot, mfn_pte(s->own[0], PTE_KERN_RO)))
		return -1;	/* what is its own can be mapped */
	for (mfn = 0; mfn < s->end; mfn += 1 + (mfn & 31)) {
		if (is_own(s, mfn))
			continue;
		s->tried++;
		if (pt_write(slot, mfn_pte(mfn, PTE_KERN_RO)) < 0)
			continue;
		s->first_bad = bad++ ? s->first_bad : mfn;
		pt_write(slot, 0);
	}
	return bad;
}

/* As the domain itself, or as another. */
static long p_foreigndom(void *arg)
{
	static const domid_t odd[] = { DOMID_IO, DOMID_XEN, DOMID_COW,
				       DOMID_IDLE, DOMID_INVALID };
	unsigned long mfn = *(unsigned long *)arg;
	struct mmu_update req = {
		.ptr = pt_entry_maddr(area_slot(0, 50)),
		.val = mfn_pte(mfn, PTE_KERN_RO),
	};
	unsigned int i, bad = 0;

	bad += HYPERVISOR_mmu_update(&req, 1, NULL, peer_builder()) >= 0;
	bad += HYPERVISOR_mmu_update(&req, 1, NULL, peer_self() ^ 3) >= 0;
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		bad += HYPERVISOR_mmu_update(&req, 1, NULL, odd[i]) >= 0;
	/* Somebody else's tables. */
	bad += HYPERVISOR_mmu_update(&req, 1, NULL,
				     DOMID_SELF | (peer_builder() + 1u) << 16)
	       >= 0;
	bad += HYPERVISOR_update_va_mapping_otherdomain(
		area_va(50), mfn_pte(mfn, PTE_KERN_RO), 0, peer_builder()) >= 0;
	return bad;
}

static long p_others_lives(void *arg)
{
	struct sched_remote_shutdown s = {
		.domain_id = peer_builder(), .reason = SHUTDOWN_poweroff,
	};
	struct sched_pin_override pin = { .pcpu = 0 };
	unsigned int bad = 0;

	(void)arg;
	bad += HYPERVISOR_sched_op(SCHEDOP_remote_shutdown, &s) >= 0;
	s.domain_id = peer_self() ^ 3;
	bad += HYPERVISOR_sched_op(SCHEDOP_remote_shutdown, &s) >= 0;
	return bad + (HYPERVISOR_sched_op(SCHEDOP_pin_override, &pin) >= 0);
}

/* ---- in the builder ---- */

static void check_frame(unsigned long mfn, const char *what)
{
	long bad = peer_do(&a, p_take, &mfn);

	check(!bad, "PT-07 PT-08 MX-05 %s can't be used", what);
	if (bad)
		note("%ld ways worked", bad);
}

static long p_root(void *arg)
{
	(void)arg;
	return (long)va_to_mfn(pt_root());
}

static void check_foreign(void)
{
	void *page = page_alloc();
	unsigned long mfn = va_to_mfn(page);

	check_frame(mfn, "the control domain's page");
	check_frame(va_to_mfn(pt_root()), "the control domain's top table");
	check_frame(peer_mfn(&b, 1), "a peer's page");
	check_frame((unsigned long)peer_call(&b, p_root, NULL, 0),
		    "a peer's top table");
	check_frame(freed_mfn(), "a page freed a moment ago");
	check_frame(0xfee00, "the local APIC");
	check_frame(0xfec00, "the I/O APIC");
	check_frame(0xb8, "the screen");
	check_frame(0xfffffffff, "the last frame there can be");
	check(!peer_do(&a, p_foreigndom, &mfn),
	      "PT-18 nor by naming another domain");
	page_free(page);
}

static void check_sweep(void)
{
	struct sweep s = { .end = (256ul << 20) / PAGE_SIZE };
	unsigned int i;
	long bad;

	for (i = 0; i < PEER_PAGES / PEER_EXTENT; i++)
		s.own[i] = a.extent[i];
	bad = peer_do(&a, p_sweep, &s);
	note("%u frames tried", s.tried);
	check(!bad && s.tried > 1000, "PT-07 nor anything else (%ld, %lx)", bad,
	      s.first_bad);
}

void guest_main(void)
{
	peer_start(&a, NULL);
	peer_start(&b, NULL);
	check_foreign();
	check_sweep();
	check(!peer_call(&a, p_others_lives, NULL, 0),
	      "HC-17 others' lives aren't a guest's to end");
	check_registers();
	check(!peer_destroy(&a) && !peer_destroy(&b), "the end");
	check_scrub();
}
