/*
 * Frames, page tables and pages; pv/mem.h says how they lie.
 *
 * The pool of free pages is a list through the pages themselves; it starts as
 * what the builder mapped beyond its own tables.
 */
#include <pv/hypercall.h>
#include <pv/mem.h>
#include <pv/report.h>
#include <pv/string.h>

struct free_page {
	struct free_page *next;
};

const struct start_info *start_info;
struct shared_info *shared_info;

static char shared_info_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static struct free_page *free_pages;
static uint64_t *root;
static bool by_multicall;
static unsigned long mapped_end;	/* first pfn that isn't mapped */

unsigned long pfn_to_mfn(unsigned long pfn)
{
	return ((const unsigned long *)start_info->mfn_list)[pfn];
}

unsigned long mfn_to_pfn(unsigned long mfn)
{
	return ((const unsigned long *)HV_START)[mfn];
}

uint64_t *pt_root(void)
{
	return root;
}

void pt_set_root(uint64_t *new_root)
{
	root = new_root;
}

static uint64_t *entry_table(uint64_t entry)
{
	return (uint64_t *)pfn_to_va(mfn_to_pfn((entry & PTE_ADDR) / PAGE_SIZE));
}

uint64_t *pt_entry(unsigned long va, unsigned int level)
{
	uint64_t *table = root;
	unsigned int l;

	for (l = 4; l > level; l--) {
		uint64_t entry = table[pt_index(va, l)];

		if (!(entry & PTE_P))
			return NULL;
		table = entry_table(entry);
	}
	return &table[pt_index(va, level)];
}

uint64_t pt_entry_maddr(const uint64_t *entry)
{
	unsigned long va = (unsigned long)entry;

	return va_to_mfn(entry) * PAGE_SIZE + va % PAGE_SIZE;
}

void mem_by_multicall(bool on)
{
	by_multicall = on;
}

/* The three calls below, alone or as the only entry of a multicall. */
static long call(unsigned long nr, hcarg_t a1, hcarg_t a2, hcarg_t a3,
		 hcarg_t a4)
{
	struct multicall_entry entry = { .op = nr };
	long rc;

	if (!by_multicall)
		return hypercall(nr, a1, a2, a3, a4, 0);
	entry.args[0] = a1;
	entry.args[1] = a2;
	entry.args[2] = a3;
	entry.args[3] = a4;
	rc = HYPERVISOR_multicall(&entry, 1);
	return rc ? rc : (long)entry.result;
}

long pt_write_maddr(uint64_t maddr, uint64_t value)
{
	struct mmu_update req = { .ptr = maddr, .val = value };

	return call(__HYPERVISOR_mmu_update, HC(&req), 1, 0, DOMID_SELF);
}

long pt_write(const uint64_t *entry, uint64_t value)
{
	return pt_write_maddr(pt_entry_maddr(entry) | MMU_NORMAL_PT_UPDATE,
			      value);
}

long map_va(unsigned long va, uint64_t pte)
{
	return call(__HYPERVISOR_update_va_mapping, va, pte,
		    UVMF_INVLPG | UVMF_ALL, 0);
}

long page_set_ro(void *page)
{
	return map_va((unsigned long)page, va_pte(page, PTE_KERN_RO));
}

long page_set_rw(void *page)
{
	return map_va((unsigned long)page, va_pte(page, PTE_KERN));
}

long page_set_none(void *page)
{
	return map_va((unsigned long)page, 0);
}

long mmuext_mfn(unsigned int cmd, unsigned long mfn)
{
	struct mmuext_op op = { .cmd = cmd };

	op.arg1.mfn = mfn;
	return call(__HYPERVISOR_mmuext_op, HC(&op), 1, 0, DOMID_SELF);
}

long pin_table(const void *page, unsigned int level)
{
	return mmuext_mfn(MMUEXT_PIN_L1_TABLE + level - 1, va_to_mfn(page));
}

long unpin_table(const void *page)
{
	return mmuext_mfn(MMUEXT_UNPIN_TABLE, va_to_mfn(page));
}

void page_free(void *page)
{
	struct free_page *p = page;

	p->next = free_pages;
	free_pages = p;
}

void *page_alloc(void)
{
	struct free_page *p = free_pages;

	if (!p)
		error("the guest has no free page left");
	free_pages = p->next;
	return memset(p, 0, PAGE_SIZE);
}

uint64_t *pt_build(unsigned long va)
{
	unsigned int level;

	for (level = 4; level > 1; level--) {
		uint64_t *entry = pt_entry(va, level);
		void *table;
		long rc;

		if (*entry & PTE_P)
			continue;
		table = page_alloc();
		rc = page_set_ro(table);
		if (!rc)
			rc = pt_write(entry, va_pte(table, PTE_TABLE));
		if (rc)
			error("no L%u for %lx: %ld", level - 1, va, rc);
	}
	return pt_entry(va, 1);
}

/* Fill a whole L1 before it is hooked in: one call instead of 512. */
static void map_l1(unsigned long pfn)
{
	uint64_t *table = page_alloc();
	unsigned int i;
	long rc;

	for (i = 0; i < 512; i++)
		table[i] = mfn_pte(pfn_to_mfn(pfn + i), PTE_KERN);
	rc = page_set_ro(table);
	if (!rc)
		rc = pt_write(pt_entry(pfn_to_va(pfn), 2),
			      va_pte(table, PTE_TABLE));
	if (rc)
		error("no L1 for pfn %lx: %ld", pfn, rc);
	for (i = 0; i < 512; i++)
		page_free((void *)pfn_to_va(pfn + i));
}

void mem_extend(unsigned int pages)
{
	unsigned int done;

	for (done = 0; done < pages; done += 512) {
		if (mapped_end + 512 > start_info->nr_pages)
			error("the domain has only %lu pages",
			      start_info->nr_pages);
		map_l1(mapped_end);
		mapped_end += 512;
	}
}

/* The first page after all that the builder laid out, console and store
 * pages of a guest included. */
static unsigned long first_free_pfn(void)
{
	unsigned long pfn = va_to_pfn(start_info->pt_base) +
			    start_info->nr_pt_frames;

	if (start_info->flags & SIF_INITDOMAIN)
		return pfn + 1;
	return pfn + 3;
}

void mem_init(const struct start_info *si)
{
	uint64_t *entry;
	unsigned long pfn;

	start_info = si;
	root = (uint64_t *)si->pt_base;
	shared_info = (struct shared_info *)shared_info_page;
	map_va((unsigned long)shared_info, si->shared_info | PTE_KERN);

	for (pfn = first_free_pfn(); pfn < si->nr_pages; pfn++) {
		entry = pt_entry(pfn_to_va(pfn), 2);
		if (!(*entry & PTE_P))
			break;
		entry = pt_entry(pfn_to_va(pfn), 1);
		if (*entry & PTE_P)
			page_free((void *)pfn_to_va(pfn));
	}
	mapped_end = (pfn + 511) & ~511ul;
}
