/*
 * mxcalls: the extended MMU calls' arguments (MX-05, MX-06).
 *
 * What must hold: clear and copy touch own writable frames only; a count, a
 * forged mark of a continuation or a result pointer out of reach makes the call
 * do no work beyond the list that can be read, and writes nowhere. A broken
 * hypervisor clears a live table for the guest, or walks a list off its end.
 */
#include "../common/tables.h"

#define PREEMPTED	0x80000000ul	/* the mark that a continuation sets */

static long copy_page(unsigned long to, unsigned long from)
{
	struct mmuext_op op = { .cmd = MMUEXT_COPY_PAGE };

	op.arg1.mfn = to;
	op.arg2.src_mfn = from;
	return HYPERVISOR_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

static void clear_and_copy(unsigned long mfn, const char *what,
			   const uint64_t *content)
{
	uint64_t *source = page_alloc(), was = content ? content[0] : 0;

	source[0] = 0x5555;
	check_refused(mmuext_mfn(MMUEXT_CLEAR_PAGE, mfn), content, was,
		      "MX-05 clear_page of %s", what);
	check_refused(copy_page(mfn, va_to_mfn(source)), content, was,
		      "MX-05 copy_page to %s", what);
	page_free(source);
}

static void copy_from(unsigned long mfn, const char *what)
{
	uint64_t *target = page_alloc();

	target[0] = 0x7777;
	check_refused(copy_page(va_to_mfn(target), mfn), target, 0x7777,
		      "MX-05 copy_page from %s", what);
	page_free(target);
}

static void clear_frames(void)
{
	uint64_t *gdt = page_alloc();
	unsigned long mfn = va_to_mfn(gdt);
	struct tree t;

	clear_and_copy(foreign_mfn(1, 2), "a frame of another", NULL);
	copy_from(foreign_mfn(1, 2), "a frame of another");
	mfn = freed_mfn();
	clear_and_copy(mfn, "a frame given back", NULL);
	copy_from(mfn, "a frame given back");
	clear_and_copy(mfn_limit() - 1, "a frame past RAM", NULL);
	copy_from(mfn_limit() - 1, "a frame past RAM");
	clear_and_copy(~0ul, "no frame", NULL);
	tree_build(&t, 1);
	pt_write(area_slot(1, 3), va_pte(t.table[1], PTE_TABLE));
	clear_and_copy(va_to_mfn(t.table[1]), "a live table", t.table[1]);
	pt_write(area_slot(1, 3), 0);
	tree_free(&t, "MX-05");
	clear_and_copy(va_to_mfn(pt_root()), "the table in CR3", pt_root());
	mfn = va_to_mfn(gdt);
	gdt[0] = 0;
	page_set_ro(gdt);
	HYPERVISOR_set_gdt(&mfn, 512);
	clear_and_copy(mfn, "a GDT page", gdt);
	HYPERVISOR_set_gdt(NULL, 0);
	page_set_rw(gdt);
	page_free(gdt);
	skip("MX-05 a frame held by a peer's grant: there is no peer");
}

/* Operations that each leave a trace: a flush of nothing does no harm. */
static void fill(struct mmuext_op *op, unsigned int n)
{
	unsigned int i;

	memset(op, 0, n * sizeof(*op));
	for (i = 0; i < n; i++)
		op[i].cmd = MMUEXT_TLB_FLUSH_LOCAL;
}

static long call(unsigned long list, unsigned long count, unsigned long done)
{
	return hypercall4(__HYPERVISOR_mmuext_op, list, count, done,
			  DOMID_SELF);
}

static void counts(void)
{
	struct mmuext_op *op = page_alloc();
	void *hole = page_alloc();
	unsigned int done, fit;
	unsigned long list = area_va(80) - 4 * sizeof(*op) + PAGE_SIZE;
	long rc;

	fill(op, 8);
	done = 99;
	check(call(HC(op), 0, HC(&done)) == 0 && done == 0, "MX-06 none");
	check(call(HC(op), 8, HC(&done)) == 0 && done == 8, "MX-06 eight");
	op[5].cmd = 99;
	check(call(HC(op), 8, HC(&done)) == -XEN_ENOSYS && done == 5,
	      "MX-06 the sixth bad: five done");

	/* Four operations, then a page that isn't there. */
	area_slot(0, 80);
	map_va(area_va(80), va_pte(op, PTE_KERN));
	fill((struct mmuext_op *)list, 4);
	for (fit = 0; fit < 2; fit++) {
		unsigned long count = fit ? 0x7fffffff : 1000;

		done = 99;
		rc = call(list, count, HC(&done));
		check(rc == -XEN_EFAULT && done <= 4,
		      "MX-06 a list of %lx that ends after 4 (%ld, %u)", count,
		      rc, done);
	}
	check(call(HV_START, 1, 0) == -XEN_EFAULT,
	      "MX-06 a list in the reserved range");
	check(call(0, 1, 0) == -XEN_EFAULT, "MX-06 no list");
	check(call(0x800000000000, 1, 0) == -XEN_EFAULT,
	      "MX-06 a list that isn't canonical");
	rc = call(HC(op), 1, HV_START + 0x800000000);
	check(rc == -XEN_EFAULT || rc == 0,
	      "MX-06 done in the reserved range (%ld)", rc);
	map_va(area_va(80), 0);
	page_free(op);
	page_free(hole);
}

static void forged_mark(void)
{
	struct mmuext_op *op = page_alloc();
	unsigned int done;
	long rc;

	fill(op, 8);
	op[6].cmd = 99;
	done = 3;
	rc = call(HC(op), 4 | PREEMPTED, HC(&done));
	check(rc == 0 && done == 7, "MX-06 a forged mark changes the start of the count (%ld, %u)",
	      rc, done);
	done = 0x7ffffff0;
	rc = call(HC(op), 4 | PREEMPTED, HC(&done));
	check(rc == 0 || rc == -XEN_EINVAL || rc == -XEN_EFAULT,
	      "MX-06 with a start near the top (%ld)", rc);
	rc = hypercall4(__HYPERVISOR_mmuext_op, 0, PREEMPTED, 0, 77);
	check(rc == 77 || rc == -XEN_ESRCH || rc == 0 || rc == -XEN_EFAULT,
	      "MX-06 no list but the mark (%ld)", rc);
	rc = call(0, PREEMPTED | 5, HC(&done));
	check(rc < 0, "MX-06 no list, the mark and five (%ld)", rc);
	rc = call(HC(op), 0xffffffff, 0);
	check(rc < 0, "MX-06 2^32-1 with the mark in it (%ld)", rc);
	rc = call(HC(op), 4 | PREEMPTED, HV_START + 0x800000000);
	check(rc == -XEN_EFAULT || rc == 0,
	      "MX-06 the mark, done out of reach (%ld)", rc);
	page_free(op);
}

/* mmu_update takes its count the same way. */
static void update_counts(void)
{
	struct mmu_update *req = page_alloc();
	uint64_t *slot = area_slot(0, 81), *page = page_alloc();
	unsigned int done = 0;
	long rc;

	req[0].ptr = pt_entry_maddr(slot);
	req[0].val = va_pte(page, PTE_KERN);
	rc = hypercall4(__HYPERVISOR_mmu_update, req, 1 | PREEMPTED, &done,
			DOMID_SELF);
	check(rc == 0 && done == 1 && *slot,
	      "MX-06 mmu_update with a forged mark (%ld, %u)", rc, done);
	rc = hypercall4(__HYPERVISOR_mmu_update, 0, PREEMPTED, 0, 77);
	check(rc == 77 || rc <= 0, "MX-06 mmu_update, no list but the mark (%ld)",
	      rc);
	rc = hypercall4(__HYPERVISOR_mmu_update, 0, 1, 0, DOMID_SELF);
	check(rc == -XEN_EFAULT, "MX-06 mmu_update, no list (%ld)", rc);
	map_va(area_va(81), 0);
	page_free(page);
	page_free(req);
}

void guest_main(void)
{
	mem_extend(512);
	clear_frames();
	counts();
	forged_mark();
	update_counts();
}
