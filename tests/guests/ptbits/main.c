/*
 * ptbits: the bits of an entry (PT-05, PT-06, PT-19).
 *
 * What must hold: a bit that the processor reserves or that guests are not
 * offered is refused at every level and by every way in; software's own bits
 * come back as written; no update that looks cheap, because only flags differ,
 * skips the full check; a preserving update carries A and D over and nothing
 * else. A broken hypervisor takes a reserved-bit fault itself, or turns a table
 * into a superpage that maps what it likes.
 */
#include "../common/tables.h"

enum expected { REFUSED, ALLOWED, EITHER };

/* Bit 52 may be the hypervisor's; 59 to 62 are protection keys where there
 * are any, and not offered to guests. */
static enum expected expect_bit(unsigned int bit)
{
	if (bit < 52)
		return REFUSED;
	if (bit == 52 || bit > 58)
		return EITHER;
	return ALLOWED;
}

static void judge(long rc, const uint64_t *entry, uint64_t before,
		  unsigned int level, unsigned int bit, const char *how)
{
	enum expected e = expect_bit(bit);

	if (e == REFUSED || (e == EITHER && rc))
		check_refused_quiet(rc, entry, before, "PT-05 L%u bit %u by %s",
				    level, bit, how);
	else
		check_quiet(rc == 0 && (bit == 52 || *entry >> bit & 1),
			    "PT-05 L%u bit %u by %s allowed, read back (%ld)",
			    level, bit, how, rc);
}

/* The good entry of @level: a page, or a table below. */
static uint64_t good_entry(const struct tree *t, unsigned int level)
{
	return va_pte(t->table[level - 1], level == 1 ? PTE_KERN_RO :
		      PTE_TABLE);
}

static void bit_by_update(const struct tree *t, unsigned int level,
			  unsigned int bit)
{
	uint64_t *slot = area_slot(level - 1, 20);
	uint64_t value = good_entry(t, level) | 1ull << bit;

	judge(pt_write(slot, value), slot, 0, level, bit, "mmu_update");
	pt_write(slot, 0);
	if (level > 1)
		return;
	judge(map_va(area_va(20), value), slot, 0, level, bit,
	      "update_va_mapping");
	map_va(area_va(20), 0);
}

static void bit_by_pin(struct tree *t, unsigned int level, unsigned int bit)
{
	uint64_t *table = t->table[level];
	uint64_t value = good_entry(t, level) | 1ull << bit;
	long rc;

	table_set(table, 0, value);
	rc = pin_table(table, level);
	judge(rc, &table[0], value, level, bit, "pin");
	if (!rc)
		unpin_table(table);
}

static void reserved_bits(unsigned int level)
{
	unsigned int bit, first = 12;
	struct tree t;

	while (1ul << (first - 12) < mfn_limit())
		first++;
	tree_build(&t, level);
	for (bit = first; bit < 63; bit++) {
		bit_by_update(&t, level, bit);
		bit_by_pin(&t, level, bit);
	}
	check(true, "PT-05 L%u bits tried", level);
	tree_free(&t, "PT-05");
}

static void superpage_in_l4(void)
{
	uint64_t *slot = area_slot(3, 1), value;
	struct tree t;

	tree_build(&t, 3);
	value = va_pte(t.table[3], PTE_TABLE | PTE_PS);
	check_refused(pt_write(slot, value), slot, 0, "PT-05 PS in L4");
	tree_free(&t, "PT-05 PS");
}

static void superpage_toggle(unsigned int level)
{
	static const uint64_t change[] = {
		PTE_PS, PTE_PS | PTE_RW, PTE_PS | PTE_NX, PTE_PS | PTE_PCD,
	};
	uint64_t *slot = area_slot(level - 1, 3), good, was;
	unsigned int i;
	struct tree t;

	tree_build(&t, level - 1);
	good = va_pte(t.table[level - 1], PTE_P | PTE_US | PTE_A);
	check_allowed(pt_write(slot, good), "PT-06 a good entry of L%u", level);
	was = *slot;
	for (i = 0; i < 4; i++) {
		uint64_t maddr = pt_entry_maddr(slot);
		long rc = pt_write(slot, good | change[i]);

		check_refused(rc, slot, was, "PT-06 L%u with %lx", level,
			      change[i]);
		rc = pt_write_maddr(maddr | MMU_PT_UPDATE_PRESERVE_AD,
				    good | change[i]);
		check_refused(rc, slot, was, "PT-06 L%u with %lx, preserving",
			      level, change[i]);
	}
	pt_write(slot, 0);
	check_refused(pt_write(slot, good | PTE_PS), slot, 0,
		      "PT-06 L%u a superpage from nothing", level);
	tree_free(&t, "PT-06");
}

/* A and D as software reads them; what isn't theirs must be what was asked. */
static void check_kept(const uint64_t *slot, uint64_t asked, uint64_t kept,
		       const char *what)
{
	uint64_t now = *(const volatile uint64_t *)slot;
	uint64_t managed = PTE_US | PTE_G | 1ull << 52;

	check(((now ^ asked) & ~(kept | managed)) == 0, "PT-19 %s", what);
	if ((now ^ asked) & ~(kept | managed))
		note("asked %lx is %lx", asked, now);
}

static void preserve_ad(void)
{
	uint64_t *slot = area_slot(0, 40), *a = page_alloc(), *b = page_alloc();
	uint64_t maddr = pt_entry_maddr(slot) | MMU_PT_UPDATE_PRESERVE_AD;
	uint64_t bare = PTE_P | PTE_RW | PTE_US, value;

	map_va(area_va(40), va_pte(a, bare));
	*(volatile uint64_t *)area_va(40) = 1;
	check((*slot & (PTE_A | PTE_D)) == (PTE_A | PTE_D),
	      "PT-19 a store sets A and D");
	value = va_pte(a, bare | PTE_NX);
	check_allowed(pt_write_maddr(maddr, value), "PT-19 present to present");
	check((*slot & (PTE_A | PTE_D)) == (PTE_A | PTE_D),
	      "PT-19 A and D are kept");
	check_kept(slot, value, PTE_A | PTE_D, "nothing else is");
	value = va_pte(b, bare);
	check_allowed(pt_write_maddr(maddr, value), "PT-19 another frame");
	check_kept(slot, value, PTE_A | PTE_D, "the frame is the one asked");
	check_allowed(pt_write_maddr(maddr, 0), "PT-19 to nothing");
	check_kept(slot, 0, PTE_A | PTE_D, "the entry is not present");
	map_va(area_va(40), 0);
	map_va(area_va(40), va_pte(a, bare));
	*(volatile uint64_t *)area_va(40) = 1;
	value = va_pte(a, bare);
	check_allowed(pt_write(slot, value), "PT-19 a plain update");
	check_kept(slot, value, 0, "keeps neither A nor D");
	map_va(area_va(40), 0);
	page_free(a);
	page_free(b);
}

static void all_checks(void)
{
	unsigned int level;

	for (level = 1; level <= 4; level++)
		reserved_bits(level);
	superpage_in_l4();
	superpage_toggle(2);
	superpage_toggle(3);
	preserve_ad();
}

void guest_main(void)
{
	mem_extend(512);
	all_checks();
	note("the same inside a multicall");
	mem_by_multicall(true);
	all_checks();
}
