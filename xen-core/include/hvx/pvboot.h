/*
 * How a 64-bit PV guest starts: its kernel's ELF image read (pv/elf.c), and
 * where in its memory everything goes (pv/layout.c).  Facts and arithmetic
 * only: the core builds dom0 with it, dom0's tools build every other guest.
 */
#ifndef HVX_PVBOOT_H
#define HVX_PVBOOT_H

#include <hvx/types.h>

#define ELF_MAX_LOADS 16
#define NOTE_UNSET    (~0UL)

/* What a kernel's ELF headers and Xen notes say; all checked against the
 * image's size. */
struct elf_kernel {
	struct elf_load {
		unsigned long offset, filesz, memsz;	/* bytes */
		unsigned long paddr;
	} load[ELF_MAX_LOADS];
	unsigned int nr_loads;
	unsigned long paddr_low, paddr_high;	/* of all loads */
	unsigned long entry;			/* virtual addresses */
	unsigned long virt_base;
	unsigned long hypercall_page;		/* or NOTE_UNSET */
	unsigned long init_p2m;			/* or NOTE_UNSET */
	unsigned long paddr_offset;
	bool mod_start_pfn;
	char guest_os[32];
};

/* NULL, or why the image can't be a PV64 kernel. */
const char *elf_read_kernel(const void *image, unsigned long size,
			    struct elf_kernel *k);

/*
 * Pseudo-physical memory begins with what is mapped from VIRT_BASE on:
 *
 *   kernel image | p2m, initrd unless the kernel takes them unmapped |
 *   start_info | store ring, console ring | page tables | stack |
 *   room to a 4 MiB boundary
 *
 * then the p2m list with its own tables (INIT_P2M), the initrd, and the rest.
 * Kernels begin at 16 MiB, so where memory is scarce (use_hole) the initrd goes
 * below, and the p2m into the room to the boundary, if they fit.
 */
struct pv_layout {
	/* What is asked for */
	unsigned long nr_pages;
	unsigned long initrd_pages;
	bool rings;			/* pages for store and console */
	bool use_hole;
	/* The plan, in pfns from 0 = VIRT_BASE */
	unsigned long kernel_end;
	unsigned long p2m, nr_p2m;
	unsigned long start_info, store, console;
	unsigned long tables, nr_tables;	/* first the L4 */
	unsigned long stack, region_end;
	unsigned long p2m_tables, nr_p2m_tables;	/* 0: within tables */
	unsigned long initrd;
	unsigned long end;		/* pages needed in all */
};

static inline bool pv_p2m_is_apart(const struct elf_kernel *k)
{
	return k->init_p2m != NOTE_UNSET;
}

/* Tables of one level that [va, va + pages) takes; shift: log2 of what one
 * table spans, 21 (L1) to 39 (L3). */
static inline unsigned long pv_tables_at(unsigned long va, unsigned long pages,
					 unsigned int shift)
{
	unsigned long last = va + (pages << PAGE_SHIFT) - 1;

	return (last >> shift) - (va >> shift) + 1;
}

/* Fills in the plan; l->end > l->nr_pages: that is too little memory, and with
 * ~0 no memory is enough: the kernel's addresses leave too little room. */
void pv_layout_plan(const struct elf_kernel *k, struct pv_layout *l);

#endif
