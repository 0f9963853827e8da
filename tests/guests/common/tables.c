/* Trees of tables and frames of others; tables.h says what for. */
#include "tables.h"
#include <pv/console.h>

#define E820_MAX	64

struct e820 {
	uint64_t addr, size;
	uint32_t type;
} __attribute__((packed));

uint64_t *table_alloc(void)
{
	uint64_t *table = page_alloc();

	if (page_set_ro(table))
		error("a fresh page can't be made read-only");
	return table;
}

void table_set(uint64_t *table, unsigned int index, uint64_t value)
{
	if (page_set_rw(table))
		error("a table that isn't in use can't be made writable");
	table[index] = value;
	if (page_set_ro(table))
		error("a table can't be made read-only");
}

void table_free(uint64_t *table, const char *what)
{
	long rc = page_set_rw(table);

	if (check_quiet(!rc, "%s: its table is writable again: %ld", what, rc))
		page_free(table);
}

void tree_build(struct tree *t, unsigned int top)
{
	unsigned int level;

	t->top = top;
	t->table[0] = page_alloc();
	for (level = 1; level <= top; level++) {
		t->table[level] = page_alloc();
		t->table[level][0] = va_pte(t->table[level - 1], level == 1 ?
					    PTE_KERN_RO : PTE_TABLE);
		if (page_set_ro(t->table[level]))
			error("a fresh page can't be made read-only");
	}
}

void tree_free(struct tree *t, const char *what)
{
	unsigned int level;

	for (level = t->top; level > 0; level--)
		table_free(t->table[level], what);
	page_free(t->table[0]);
}

uint64_t *area_slot(unsigned int level, unsigned int i)
{
	pt_build(AREA);
	return pt_entry(AREA, level + 1) + i;
}

static void verdict(bool ok, bool quiet, const char *end, long rc,
		    const char *fmt, va_list ap)
	__attribute__((format(printf, 5, 0)));

static void verdict(bool ok, bool quiet, const char *end, long rc,
		    const char *fmt, va_list ap)
{
	char what[120];

	vsnprintf(what, sizeof(what), fmt, ap);
	if (!ok)
		check(false, "%s %s (%ld)", what, end, rc);
	else if (quiet)
		check_quiet(true, "%s", what);
	else
		check(true, "%s %s", what, end);
}

void check_refused(long rc, const uint64_t *entry, uint64_t before,
		   const char *fmt, ...)
{
	bool same = !entry || *(const volatile uint64_t *)entry == before;
	va_list ap;

	va_start(ap, fmt);
	verdict(rc < 0 && same, false, same ? "refused" :
		"refused and unchanged", rc, fmt, ap);
	va_end(ap);
}

void check_refused_quiet(long rc, const uint64_t *entry, uint64_t before,
			 const char *fmt, ...)
{
	bool same = !entry || *(const volatile uint64_t *)entry == before;
	va_list ap;

	va_start(ap, fmt);
	verdict(rc < 0 && same, true, same ? "refused" :
		"refused and unchanged", rc, fmt, ap);
	va_end(ap);
}

void check_allowed(long rc, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	verdict(rc == 0, false, "allowed", rc, fmt, ap);
	va_end(ap);
}

static bool mfn_is_ours(unsigned long mfn)
{
	unsigned long pfn = mfn_to_pfn(mfn);

	return pfn < start_info->nr_pages && pfn_to_mfn(pfn) == mfn;
}

/* Above the first MiB, where RAM is RAM and nothing is shared by design. */
static bool mfn_is_ram(unsigned long mfn, const struct e820 *map,
		       unsigned int n)
{
	uint64_t addr = (uint64_t)mfn * PAGE_SIZE;
	unsigned int i;

	for (i = 0; i < n; i++)
		if (map[i].type == 1 && addr >= 0x100000 &&
		    addr >= map[i].addr &&
		    addr + PAGE_SIZE <= map[i].addr + map[i].size)
			return true;
	return false;
}

unsigned long foreign_mfn(unsigned int i, unsigned int of)
{
	static struct e820 map[E820_MAX];
	static unsigned int entries;
	unsigned long top = (unsigned long)HYPERVISOR_memory_op(XENMEM_maximum_ram_page,
							NULL);
	unsigned long mfn = top / of * i, end = top / of * (i + 1);
	struct xen_memory_map arg = { .nr_entries = E820_MAX };

	if (!entries) {
		handle_set(arg.buffer, map);
		if (HYPERVISOR_memory_op(XENMEM_machine_memory_map, &arg))
			error("no memory map");
		entries = arg.nr_entries;
	}
	for (; mfn < end; mfn++)
		if (mfn_is_ram(mfn, map, entries) && !mfn_is_ours(mfn))
			return mfn;
	return 0;
}

unsigned long freed_mfn(void)
{
	struct xen_memory_reservation r = {
		.nr_extents = 1, .domid = DOMID_SELF,
	};
	void *page = page_alloc();
	xen_pfn_t mfn = va_to_mfn(page);

	page_set_none(page);
	handle_set(r.extent_start, &mfn);
	if (HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r) != 1)
		error("a page can't be given back");
	return mfn;
}

unsigned long mfn_limit(void)
{
	uint32_t leaf[4];

	cpuid(0x80000008, 0, leaf);
	return 1ul << ((leaf[0] & 0xff) - 12);
}
