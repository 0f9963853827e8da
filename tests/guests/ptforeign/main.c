/*
 * ptforeign: frames that aren't the caller's (PT-07, PT-08, PT-09, PT-23).
 *
 * What must hold: no entry, pin or base names a frame of somebody else,
 * whatever it is used for; nor one that was given back a moment ago; the
 * devices that the hypervisor keeps stay its own; the machine-to-physical table
 * is changed for own frames only. A broken hypervisor gives a guest all memory.
 *
 * The guest has the control domain's rights here, so devices that such a domain
 * may map aren't tried from an unprivileged one.
 */
#include <pv/console.h>
#include "../common/tables.h"

#define SAMPLES	1024

static const uint64_t leaf_flags[] = { PTE_KERN_RO, PTE_KERN };

static void foreign_leaf(unsigned long mfn, uint64_t *slot)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		uint64_t value = mfn_pte(mfn, leaf_flags[i]);

		check_refused_quiet(pt_write(slot, value), slot, 0,
				    "PT-07 frame %lx flags %lx by mmu_update",
				    mfn, leaf_flags[i]);
		check_refused_quiet(map_va(area_va(50), value), slot, 0,
				    "PT-07 frame %lx by update_va_mapping",
				    mfn);
		if (*(volatile uint64_t *)slot)
			map_va(area_va(50), 0);
	}
}

static void foreign_table(unsigned long mfn)
{
	unsigned int level;

	for (level = 1; level <= 3; level++) {
		uint64_t *slot = area_slot(level, 6);

		check_refused_quiet(pt_write(slot, mfn_pte(mfn, PTE_TABLE)),
				    slot, 0, "PT-08 frame %lx as L%u", mfn,
				    level);
	}
	for (level = 1; level <= 4; level++)
		check_refused_quiet(mmuext_mfn(MMUEXT_PIN_L1_TABLE + level - 1,
					       mfn), NULL, 0,
				    "PT-08 frame %lx pinned as L%u", mfn,
				    level);
	check_refused_quiet(mmuext_mfn(MMUEXT_NEW_BASEPTR, mfn), NULL, 0,
			    "PT-08 frame %lx as CR3", mfn);
	check_refused_quiet(mmuext_mfn(MMUEXT_NEW_USER_BASEPTR, mfn), NULL, 0,
			    "PT-08 frame %lx as user CR3", mfn);
}

static void foreign_frames(void)
{
	uint64_t *slot = area_slot(0, 50);
	unsigned int i, n = 0;
	unsigned long mfn;

	for (i = 0; i < SAMPLES; i++) {
		mfn = foreign_mfn(i, SAMPLES);
		if (!mfn)
			continue;
		n++;
		foreign_leaf(mfn, slot);
		if (i % 8 == 0)
			foreign_table(mfn);
	}
	note("%u frames of others tried", n);
	check(n > 100, "PT-07 frames of others were tried");
	mfn = freed_mfn();
	foreign_leaf(mfn, slot);
	foreign_table(mfn);
	check(true, "PT-07 and one just given back");
	check(true, "PT-08 as tables, too");
}

static void mmio_refused(const char *what, unsigned long mfn)
{
	uint64_t *slot = area_slot(0, 51);
	long rc = map_va(area_va(51), mfn_pte(mfn, PTE_KERN));

	check_refused(rc, slot, 0, "PT-09 the %s", what);
	if (!rc)
		map_va(area_va(51), 0);
}

/* The control domain may be let look at it, not touch it. */
static void mmio_io_apic(void)
{
	uint64_t *slot = area_slot(0, 51);
	long rc = map_va(area_va(51), mfn_pte(0xfec00, PTE_KERN));

	note("the I/O APIC: %ld, entry %lx", rc, *slot);
	check(rc < 0 || !(*slot & PTE_RW),
	      "PT-09 the I/O APIC refused, or not writable");
	map_va(area_va(51), 0);
}

static void mmio_leaf(void)
{
	uint64_t *slot = area_slot(0, 51);
	long rc;

	mmio_refused("local APIC", 0xfee00);
	mmio_io_apic();
	mmio_refused("largest frame", (1ul << 40) - 1);
	mmio_refused("first frame beyond the processor's", mfn_limit());
	rc = map_va(area_va(51), mfn_pte(0xb8, PTE_KERN));
	check_allowed(rc, "PT-09 the control domain's VGA page");
	check(!rc && (*slot & (PTE_PCD | PTE_PWT | PTE_PS)),
	      "PT-09 its type isn't write-back");
	map_va(area_va(51), 0);
	skip("PT-09 as an unprivileged domain: this guest is in dom0's place");
}

static long set_m2p(unsigned long mfn, unsigned long pfn)
{
	return pt_write_maddr(mfn * PAGE_SIZE | MMU_MACHPHYS_UPDATE, pfn);
}

static void m2p_entry(void)
{
	static const unsigned long values[] = {
		0, 1ul << 40, 1ul << 63, ~0ul, ~0ul - 1,
	};
	const volatile unsigned long *m2p = (unsigned long *)HV_START;
	uint64_t *page = page_alloc();
	unsigned long mfn = va_to_mfn(page), pfn = mfn_to_pfn(mfn);
	unsigned long before = m2p[mfn - 1], after = m2p[mfn + 1], other;
	unsigned int i, bad = 0;

	for (i = 0; i < 5; i++) {
		check_quiet(!set_m2p(mfn, values[i]) && m2p[mfn] == values[i],
			    "PT-23 own frame to %lx", values[i]);
		check_quiet(m2p[mfn - 1] == before && m2p[mfn + 1] == after,
			    "PT-23 the neighbours keep theirs");
	}
	check_allowed(set_m2p(mfn, pfn), "PT-23 own frame");
	for (i = 0; i < SAMPLES; i++) {
		other = foreign_mfn(i, SAMPLES);
		if (!other)
			continue;
		before = m2p[other];
		if (set_m2p(other, 5) >= 0 || m2p[other] != before)
			bad++;
	}
	check(!bad, "PT-23 frames of others refused");
	check_refused(set_m2p(mfn_limit() - 1, 5), NULL, 0,
		      "PT-23 a frame past RAM");
	for (i = 0; i < 20000; i++)
		set_m2p(mfn, pfn);
	page_set_none(page);
	check(!page_set_rw(page), "PT-23 no reference is left");
	page_free(page);
}

void guest_main(void)
{
	mem_extend(512);
	foreign_frames();
	mmio_leaf();
	m2p_entry();
}
