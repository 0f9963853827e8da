/* Where everything goes in a 64-bit PV guest's first memory. */
#include <hvx/pvboot.h>

#define PAGES(bytes) (((bytes) + PAGE_SIZE - 1) >> PAGE_SHIFT)
/* What the boot protocol promises behind the stack. */
#define MIN_PADDING  0x80000UL
#define REGION_ALIGN 0x400000UL
/* Below 1 MiB a guest expects what PCs have there. */
#define LOW_MEMORY   256UL

/* Tables below the L4 for [va, va + pages). */
static unsigned long tables_for(unsigned long va, unsigned long pages)
{
	return pv_tables_at(va, pages, 21) + pv_tables_at(va, pages, 30) +
	       pv_tables_at(va, pages, 39);
}

/* Pages from va to the end of the address space. */
static unsigned long pages_above(unsigned long va)
{
	return (~0UL - va) / PAGE_SIZE + 1;
}

/* Stack and end of the mapped region, which holds its own tables: more tables
 * make it longer, which may take more tables. False: it doesn't fit between
 * VIRT_BASE and the end of the address space. */
static bool plan_tables(const struct elf_kernel *k, struct pv_layout *l)
{
	unsigned long end, tables = 0;

	do {
		l->nr_tables = tables;
		l->stack = l->tables + l->nr_tables;
		end = ((l->stack + 1) << PAGE_SHIFT) + MIN_PADDING;
		l->region_end = ROUND_UP(end, REGION_ALIGN) >> PAGE_SHIFT;
		if (l->region_end > pages_above(k->virt_base))
			return false;
		tables = 1 + tables_for(k->virt_base, l->region_end);
	} while (tables != l->nr_tables);
	return true;
}

/* Behind the stack and what is promised there, if it fits: that is mapped, but
 * costs no memory. */
static unsigned long take_padding(const struct pv_layout *l,
				  unsigned long pages)
{
	unsigned long used = l->stack + 1 + (MIN_PADDING >> PAGE_SHIFT);

	return l->use_hole && used + pages <= l->region_end
		       ? l->region_end - pages
		       : 0;
}

/* What the kernel takes unmapped. Linux believes that all below its p2m is
 * mapped from VIRT_BASE on, and unmaps it there later (max_pfn_mapped), so only
 * the initrd may go below the kernel. */
static void plan_unmapped(const struct elf_kernel *k, struct pv_layout *l)
{
	unsigned long hole_end = (k->paddr_low - k->paddr_offset) >> PAGE_SHIFT;
	unsigned long pages;

	l->end = l->region_end;
	if (pv_p2m_is_apart(k)) {
		l->nr_p2m_tables = tables_for(k->init_p2m, l->nr_p2m);
		pages = l->nr_p2m + l->nr_p2m_tables;
		l->p2m = take_padding(l, pages);
		if (!l->p2m) {
			l->p2m = l->end;
			l->end += pages;
		}
		l->p2m_tables = l->p2m + l->nr_p2m;
	}
	if (!k->mod_start_pfn)
		return;
	if (l->use_hole && LOW_MEMORY + l->initrd_pages <= hole_end) {
		l->initrd = LOW_MEMORY;
	} else {
		l->initrd = l->end;
		l->end += l->initrd_pages;
	}
}

void pv_layout_plan(const struct elf_kernel *k, struct pv_layout *l)
{
	unsigned long pfn = PAGES(k->paddr_high - k->paddr_offset);

	l->kernel_end = pfn;
	l->nr_p2m = PAGES(l->nr_pages * 8);
	if (!pv_p2m_is_apart(k)) {
		l->p2m = pfn;
		pfn += l->nr_p2m;
	}
	if (!k->mod_start_pfn) {
		l->initrd = pfn;
		pfn += l->initrd_pages;
	}
	l->start_info = pfn++;
	if (l->rings) {
		l->store = pfn++;
		l->console = pfn++;
	}
	l->tables = pfn;
	if (plan_tables(k, l) &&
	    (!pv_p2m_is_apart(k) || l->nr_p2m <= pages_above(k->init_p2m)))
		plan_unmapped(k, l);
	else
		l->end = ~0UL;
}
