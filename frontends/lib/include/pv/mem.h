/*
 * Frames, page tables and pages of a PV guest.
 *
 * The builder maps pseudo-physical frame n at VIRT_BASE + n * 4096 from 0 to
 * the end of its boot mapping; mem_extend() carries that on, so a table or page
 * of ours is always reached at pfn_to_va() of its frame. Machine frames come
 * from start_info's list and go back by the machine-to-physical window. Tables
 * in use are mapped read-only there; whoever writes an entry does so through
 * mmu_update or update_va_mapping.
 */
#ifndef PV_MEM_H
#define PV_MEM_H

#define VIRT_BASE	0xffffffff80000000
#define PAGE_SIZE	4096

#ifndef __ASSEMBLY__
#include <stdint.h>
#include <stddef.h>
#include <stdbool.h>
#include <abi/xen.h>

#define PAGE_MASK	(~(unsigned long)(PAGE_SIZE - 1))

/* The bits of an entry, by their usual names. */
#define PTE_P		(1ull << 0)
#define PTE_RW		(1ull << 1)
#define PTE_US		(1ull << 2)
#define PTE_PWT		(1ull << 3)
#define PTE_PCD		(1ull << 4)
#define PTE_A		(1ull << 5)
#define PTE_D		(1ull << 6)
#define PTE_PS		(1ull << 7)
#define PTE_G		(1ull << 8)
#define PTE_NX		(1ull << 63)
#define PTE_ADDR	0x000ffffffffff000ull

#define PTE_TABLE	(PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)
#define PTE_KERN	(PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)
#define PTE_KERN_RO	(PTE_P | PTE_US | PTE_A)

/* The part of the address space that is the hypervisor's: slots 256..271. */
#define HV_START	0xffff800000000000ul
#define HV_END		0xffff880000000000ul

extern const struct start_info *start_info;
extern struct shared_info *shared_info;

static inline unsigned long pfn_to_va(unsigned long pfn)
{
	return VIRT_BASE + pfn * PAGE_SIZE;
}

static inline unsigned long va_to_pfn(unsigned long va)
{
	return (va - VIRT_BASE) / PAGE_SIZE;
}

unsigned long pfn_to_mfn(unsigned long pfn);
unsigned long mfn_to_pfn(unsigned long mfn);

static inline unsigned long va_to_mfn(const void *va)
{
	return pfn_to_mfn(va_to_pfn((unsigned long)va));
}

static inline uint64_t mfn_pte(unsigned long mfn, uint64_t flags)
{
	return ((uint64_t)mfn * PAGE_SIZE) | flags;
}

static inline uint64_t va_pte(const void *va, uint64_t flags)
{
	return mfn_pte(va_to_mfn(va), flags);
}

void mem_init(const struct start_info *si);
/* Make at least @pages more pages available to page_alloc(). */
void mem_extend(unsigned int pages);

/* A zeroed page that nothing else uses, mapped writable; never NULL. */
void *page_alloc(void);
/* Give a page back; it must be mapped writable and referenced nowhere else. */
void page_free(void *page);

/* The index of @va in a table of @level, 1 to 4. */
static inline unsigned int pt_index(unsigned long va, unsigned int level)
{
	return (va >> (12 + 9 * (level - 1))) & 511;
}

/* The kernel's top table, and the table's entry for @va at @level, or NULL
 * where the walk ends earlier. All are read-only mappings. */
uint64_t *pt_root(void);
void pt_set_root(uint64_t *root);
uint64_t *pt_entry(unsigned long va, unsigned int level);
/* The machine address of @entry, as mmu_update wants it. */
uint64_t pt_entry_maddr(const uint64_t *entry);

/* From now on, make the calls below inside a multicall, or alone. */
void mem_by_multicall(bool on);

/* Write one entry; 0 or the hypervisor's error. */
long pt_write(const uint64_t *entry, uint64_t value);
/* The same with the machine address and command bits spelt out. */
long pt_write_maddr(uint64_t maddr, uint64_t value);
/* Map @va, whose L1 must exist, and flush it. */
long map_va(unsigned long va, uint64_t pte);
/* Turn the linear mapping of @page read-only, writable, or absent. */
long page_set_ro(void *page);
long page_set_rw(void *page);
long page_set_none(void *page);

/* One mmuext operation on a frame. */
long mmuext_mfn(unsigned int cmd, unsigned long mfn);
long pin_table(const void *page, unsigned int level);
long unpin_table(const void *page);

/*
 * Make sure that tables down to L1 exist for @va in the root in force, and
 * give the entry of its L1. Ends the guest if the hypervisor refuses.
 */
uint64_t *pt_build(unsigned long va);

#endif
#endif
