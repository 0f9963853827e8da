/*
 * pttypes: a frame is a table or writable, never both (PT-01 to PT-04).
 *
 * What must hold: no entry gives write access to a table in use; no page with a
 * writable mapping becomes a table, and once it has become one, no processor
 * keeps a translation that can write it; a table of one level is not taken for
 * another. A broken hypervisor lets the guest write its own page tables, and
 * with them the machine.
 */
#include <pv/cpu.h>
#include "../common/tables.h"

static const char *const forms[] = { "mmu_update", "update_va_mapping" };

static long map_by(unsigned int form, uint64_t *entry, unsigned long va,
		   uint64_t value)
{
	return form ? map_va(va, value) : pt_write(entry, value);
}

/* Put a table of @level in use: linked, or for an L4 pinned. */
static long use_table(uint64_t *table, unsigned int level)
{
	if (level == 4)
		return pin_table(table, 4);
	return pt_write(area_slot(level, 1), va_pte(table, PTE_TABLE));
}

static long unuse_table(uint64_t *table, unsigned int level)
{
	if (level == 4)
		return unpin_table(table);
	return pt_write(area_slot(level, 1), 0);
}

static void live_table_writable(unsigned int level)
{
	uint64_t *entry = area_slot(0, 7);
	unsigned int form;
	struct tree t;
	long rc;

	tree_build(&t, level);
	rc = use_table(t.table[level], level);
	check_allowed(rc, "PT-01 L%u in use", level);
	for (form = 0; form < 2; form++) {
		rc = map_by(form, entry, area_va(7),
			    va_pte(t.table[level], PTE_KERN));
		check_refused(rc, entry, 0, "PT-01 L%u writable by %s", level,
			      forms[form]);
		rc = map_by(form, entry, area_va(7),
			    va_pte(t.table[level], PTE_KERN_RO));
		check_allowed(rc, "PT-01 L%u read-only by %s", level,
			      forms[form]);
		rc = map_by(form, entry, area_va(7),
			    va_pte(t.table[level], PTE_KERN));
		check_quiet(rc < 0 && !(*entry & PTE_RW),
			    "PT-01 L%u from read-only to writable", level);
		map_by(form, entry, area_va(7), 0);
	}
	rc = unuse_table(t.table[level], level);
	check_allowed(rc, "PT-01 L%u out of use", level);
	tree_free(&t, "PT-01");
}

/* No entry: a store of it through a read-only mapping isn't emulated either. */
#define BAD_ENTRY	(1ull << 51 | PTE_P)

static volatile unsigned int step;
static volatile unsigned long victim[2];
static volatile unsigned int other_faults;

/* vCPU 1: write through both addresses, so that it has translations; when told
 * so, try again. */
static void second(void *arg)
{
	unsigned int i;

	(void)arg;
	for (i = 0; i < 2; i++)
		try_write(victim[i] + 8, 0);
	step = 1;
	while (step != 2)
		cpu_relax();
	for (i = 0; i < 2; i++) {
		fault_clear();
		try_write(victim[i] + 8, BAD_ENTRY);
		other_faults += fault_was(TRAP_PF);
	}
	step = 3;
}

static void promote_while_writable(void)
{
	uint64_t *a = page_alloc(), *slot = area_slot(1, 1);
	uint64_t *linear = pt_entry((unsigned long)a, 1);
	uint64_t *alias = area_slot(0, 3), *page = page_alloc();
	bool smp = HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL) == 0;
	uint64_t link = va_pte(a, PTE_TABLE);

	step = other_faults = 0;
	victim[0] = (unsigned long)a;
	victim[1] = area_va(3);
	map_va(area_va(3), va_pte(a, PTE_KERN));
	a[0] = va_pte(page, PTE_KERN_RO);
	try_write(victim[1] + 8, 0);
	if (smp) {
		cpu_start(1, second, NULL);
		while (step != 1)
			cpu_relax();
	} else {
		skip("PT-02 on a second vCPU: there is none");
	}

	check_refused(pt_write(slot, link), slot, 0, "PT-02 two writable maps");
	pt_write(alias, va_pte(a, PTE_KERN_RO));
	check_refused(pt_write(slot, link), slot, 0, "PT-02 one writable map");
	pt_write(linear, va_pte(a, PTE_KERN_RO));
	check_allowed(pt_write(slot, link), "PT-02 no writable map");

	fault_clear();
	try_write(victim[0] + 8, BAD_ENTRY);
	check(fault_was(TRAP_PF), "PT-02 no stale store by the first address");
	fault_clear();
	try_write(victim[1] + 8, BAD_ENTRY);
	check(fault_was(TRAP_PF), "PT-02 nor by the second");
	if (smp) {
		step = 2;
		while (step != 3)
			cpu_relax();
		check(other_faults == 2, "PT-02 nor on the other vCPU");
		cpu_wait(1);
	}
	pt_write(slot, 0);
	map_va(area_va(3), 0);
	table_free(a, "PT-02");
	page_free(page);
}

static void pin_with_writable(unsigned int level)
{
	uint64_t *table;
	struct tree t;

	tree_build(&t, level);
	table = t.table[level];
	page_set_rw(table);
	check_refused(pin_table(table, level), NULL, 0,
		      "PT-03 pin of a writable L%u", level);
	check_refused(unpin_table(table), NULL, 0,
		      "PT-03 no pin is left on L%u, unpin", level);
	fault_clear();
	try_write((unsigned long)&table[511], 0);
	check(!fault_last()->count, "PT-03 L%u is still writable", level);
	page_set_ro(table);
	check_allowed(pin_table(table, level), "PT-03 pin of a read-only L%u",
		      level);
	check_allowed(unpin_table(table), "PT-03 unpin of L%u", level);
	tree_free(&t, "PT-03");
}

static void level_confusion(unsigned int level)
{
	unsigned int other;
	struct tree t;

	tree_build(&t, level);
	check_allowed(pin_table(t.table[level], level), "PT-04 pin L%u", level);
	for (other = 1; other <= 4; other++) {
		uint64_t *slot = other < 4 ? area_slot(other, 2) : NULL;
		uint64_t link = va_pte(t.table[level], PTE_TABLE);

		if (other == level)
			continue;
		check_refused(pin_table(t.table[level], other), NULL, 0,
			      "PT-04 L%u pinned as L%u", level, other);
		if (slot)
			check_refused(pt_write(slot, link), slot, 0,
				      "PT-04 L%u linked as L%u", level, other);
	}
	if (level < 4)
		check_refused(mmuext_mfn(MMUEXT_NEW_BASEPTR,
					 va_to_mfn(t.table[level])), NULL, 0,
			      "PT-04 L%u as CR3", level);
	check_allowed(unpin_table(t.table[level]), "PT-04 unpin L%u", level);
	tree_free(&t, "PT-04");
}

static void all_checks(void)
{
	unsigned int level;

	for (level = 1; level <= 4; level++)
		live_table_writable(level);
	promote_while_writable();
	for (level = 1; level <= 4; level++)
		pin_with_writable(level);
	for (level = 1; level <= 4; level++)
		level_confusion(level);
}

void guest_main(void)
{
	mem_extend(512);
	all_checks();
	note("the same inside a multicall");
	mem_by_multicall(true);
	all_checks();
}
