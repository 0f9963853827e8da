/*
 * pt: page tables as a well-behaved guest uses them.
 *
 * What must hold: entries are written by mmu_update, update_va_mapping and a
 * direct store (emulated), each validated and each visible at once; tables are
 * linked, unlinked, pinned and unpinned, and pages that were tables become
 * writable again; a second top table can be loaded. A broken hypervisor leaks a
 * count (the page never becomes writable again) or leaves a stale translation.
 * What a hostile guest tries is in the pt01.. guests.
 */
#include <pv/hypercall.h>
#include <pv/insn.h>
#include <pv/mem.h>
#include <pv/report.h>
#include <pv/string.h>

#define TEST_VA	0xffffff1000000000ul

static void check_leaf(void)
{
	uint64_t *a = page_alloc(), *b = page_alloc(), *l1 = pt_build(TEST_VA);
	volatile uint64_t *va = (uint64_t *)TEST_VA;

	check(!pt_write(l1, va_pte(a, PTE_KERN)), "mmu_update maps a page");
	*va = 1;
	check(a[0] == 1, "and it is that page");
	check(!map_va(TEST_VA, va_pte(b, PTE_KERN)),
	      "update_va_mapping maps another");
	*va = 2;
	check(a[0] == 1 && b[0] == 2, "with no stale translation");
	check(!map_va(TEST_VA, va_pte(b, PTE_KERN_RO)), "read-only");
	fault_clear();
	try_write(TEST_VA, 3);
	check(fault_was(TRAP_PF) && b[0] == 2, "is in force");
	check(!map_va(TEST_VA, 0), "and away");
	fault_clear();
	try_read(TEST_VA);
	check(fault_was(TRAP_PF), "is in force too");
	page_free(a);
	page_free(b);
}

static void check_batch(void)
{
	uint64_t *l1 = pt_build(TEST_VA), *page = page_alloc();
	struct mmu_update req[4];
	unsigned int i, done = 77;

	for (i = 0; i < 4; i++) {
		req[i].ptr = pt_entry_maddr(l1 + i) | MMU_NORMAL_PT_UPDATE;
		req[i].val = va_pte(page, PTE_KERN_RO);
	}
	check(!HYPERVISOR_mmu_update(req, 4, &done, DOMID_SELF) && done == 4,
	      "four updates in a call");
	req[2].val = mfn_pte(~0ul >> 24, PTE_KERN);
	check(HYPERVISOR_mmu_update(req, 4, &done, DOMID_SELF) < 0 && done == 2,
	      "a bad third: done counts two");
	for (i = 0; i < 4; i++)
		req[i].val = 0;
	check(!HYPERVISOR_mmu_update(req, 4, NULL, DOMID_SELF), "without a count");
	page_free(page);
}

/* Writable page tables: a store to a table is emulated. */
static void check_direct(void)
{
	uint64_t *l1 = pt_build(TEST_VA), *page = page_alloc(), old;
	volatile uint64_t *entry = l1;

	HYPERVISOR_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
	fault_clear();
	asm volatile(FIX("movq %1, %0") : "=m" (*entry)
		     : "r" (va_pte(page, PTE_KERN)) : "memory");
	check(!fault_last()->count && (*entry & PTE_ADDR) ==
	      (va_pte(page, 0) & PTE_ADDR), "a direct store takes effect");
	page[3] = 33;
	check(((volatile uint64_t *)TEST_VA)[3] == 33, "and maps the page");
	old = 0;
	asm volatile(FIX("xchgq %0, %1") : "+r" (old), "+m" (*entry)
		     : : "memory");
	check((old & PTE_P) && !(*entry & PTE_P), "so does xchg");
	map_va(TEST_VA, 0);
	page_free(page);
}

static void check_tables(void)
{
	uint64_t *l2 = pt_entry(TEST_VA, 2) + 5, *table = page_alloc();
	unsigned long va = TEST_VA + 5ul * 512 * PAGE_SIZE;
	uint64_t *page = page_alloc();

	table[0] = va_pte(page, PTE_KERN);
	check(pt_write(l2, va_pte(table, PTE_TABLE)) < 0,
	      "a writable page is no table");
	page_set_ro(table);
	check(!pt_write(l2, va_pte(table, PTE_TABLE)), "a read-only one is");
	page[1] = 44;
	check(((uint64_t *)va)[1] == 44, "and its entries are in force");
	check(page_set_rw(table) < 0, "it can't be made writable");
	check(!pin_table(table, 1), "it can be pinned");
	check(!pt_write(l2, 0), "and unlinked");
	check(page_set_rw(table) < 0, "the pin keeps it a table");
	check(!unpin_table(table), "unpinned");
	check(!page_set_rw(table), "it is a page again");
	page_free(table);
	page_free(page);
}

static void check_root(void)
{
	uint64_t *old = pt_root(), *root = page_alloc();
	unsigned int i;

	for (i = 0; i < 512; i++)
		if (i < 256 || i > 271)
			root[i] = old[i];
	page_set_ro(root);
	check(!pin_table(root, 4), "a copy of the top table pins");
	check(!mmuext_mfn(MMUEXT_NEW_BASEPTR, va_to_mfn(root)),
	      "and is loaded");
	check(read_cr3() == va_to_mfn(root) * PAGE_SIZE, "CR3 says so");
	check(!mmuext_mfn(MMUEXT_NEW_BASEPTR, va_to_mfn(old)), "back again");
	check(!unpin_table(root) && !page_set_rw(root),
	      "and the copy is a page again");
	page_free(root);
}

static long mmuext_va(unsigned int cmd, unsigned long va)
{
	struct mmuext_op op = { .cmd = cmd };

	op.arg1.linear_addr = va;
	return HYPERVISOR_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

static void check_flush(void)
{
	check(!mmuext_va(MMUEXT_TLB_FLUSH_LOCAL, 0), "flush local");
	check(!mmuext_va(MMUEXT_TLB_FLUSH_ALL, 0), "flush all");
	check(!mmuext_va(MMUEXT_INVLPG_LOCAL, TEST_VA), "invlpg local");
	check(!mmuext_va(MMUEXT_INVLPG_ALL, TEST_VA), "invlpg all");
	check(mmuext_va(99, 0) == -XEN_ENOSYS, "mmuext 99");
}

static void check_copy(void)
{
	struct mmuext_op op = { .cmd = MMUEXT_COPY_PAGE };
	uint64_t *a = page_alloc(), *b = page_alloc();

	a[9] = 99;
	op.arg1.mfn = va_to_mfn(b);
	op.arg2.src_mfn = va_to_mfn(a);
	check(!HYPERVISOR_mmuext_op(&op, 1, NULL, DOMID_SELF) && b[9] == 99,
	      "copy_page");
	check(!mmuext_mfn(MMUEXT_CLEAR_PAGE, va_to_mfn(b)) && b[9] == 0,
	      "clear_page");
	page_free(a);
	page_free(b);
}

static void check_gdt(void)
{
	uint64_t *gdt = page_alloc();
	unsigned long frame = va_to_mfn(gdt);
	unsigned int selector = 0;

	gdt[2] = 0x00cff3000000ffff;	/* 0x10: flat data, DPL 3 */
	page_set_ro(gdt);
	check(!HYPERVISOR_set_gdt(&frame, 512), "set_gdt of one page");
	fault_clear();
	asm volatile(FIX("movw %w0, %%fs") : : "r" (0x13));
	asm volatile("movw %%fs, %w0" : "=r" (selector));
	check(!fault_last()->count && (selector & 0xfffc) == 0x10,
	      "a selector of it loads");
	check(page_set_rw(gdt) < 0, "its page isn't to be written");
	check(!HYPERVISOR_update_descriptor(frame * PAGE_SIZE + 24,
				    0x00cff3000000ffff) &&
	      (gdt[3] & ~(1ull << 40)) == (0x00cff3000000ffff & ~(1ull << 40)),
	      "update_descriptor");
	asm volatile(FIX("movw %w0, %%fs") : : "r" (0));
	check(!HYPERVISOR_set_gdt(NULL, 0), "no GDT");
	check(!page_set_rw(gdt), "and its page is a page again");
	page_free(gdt);
}

void guest_main(void)
{
	mem_extend(512);
	check(1, "2 MiB more are mapped");
	check_leaf();
	check_batch();
	check_direct();
	check_tables();
	check_root();
	check_flush();
	check_copy();
	check_gdt();
}
