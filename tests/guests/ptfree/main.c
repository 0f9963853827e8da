/*
 * ptfree: giving away what is in use (PT-22).
 *
 * What must hold: a frame that is a live table, a pinned L4, CR3's, a
 * descriptor page or a granted page is either kept, or leaves the domain only
 * when its last use ends: until then it goes to nobody, keeps its content and
 * its type. A broken hypervisor hands a table in use to the next domain that
 * asks.
 */
#include "../common/tables.h"

#define REF	50

static long give_back(unsigned long mfn)
{
	struct xen_memory_reservation r = {
		.nr_extents = 1, .domid = DOMID_SELF,
	};
	xen_pfn_t list = mfn;

	handle_set(r.extent_start, &list);
	return HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r);
}

static long exchange(unsigned long mfn)
{
	struct xen_memory_exchange x = { 0 };
	xen_pfn_t in = mfn, out = mfn_to_pfn(mfn);
	long rc;

	x.in.nr_extents = x.out.nr_extents = 1;
	x.in.domid = x.out.domid = DOMID_SELF;
	handle_set(x.in.extent_start, &in);
	handle_set(x.out.extent_start, &out);
	rc = HYPERVISOR_memory_op(XENMEM_exchange, &x);
	return rc ? rc : x.nr_exchanged ? 1 : -1;
}

/* What the domain gets now must not be @mfn. */
static bool populate_avoids(unsigned long mfn)
{
	struct xen_memory_reservation r = {
		.nr_extents = 8, .domid = DOMID_SELF,
	};
	xen_pfn_t list[8];
	bool ok = true;
	long i, n;

	for (i = 0; i < 8; i++)
		list[i] = start_info->nr_pages + 100 + (unsigned long)i;
	handle_set(r.extent_start, list);
	n = HYPERVISOR_memory_op(XENMEM_populate_physmap, &r);
	for (i = 0; i < n; i++) {
		ok = ok && list[i] != mfn;
		give_back(list[i]);
	}
	return ok;
}

static void try_all(unsigned long mfn, const char *what)
{
	long rc = exchange(mfn);

	check(rc < 0, "PT-22 exchange of %s is refused (%ld)", what, rc);
	rc = give_back(mfn);
	note("decrease_reservation of %s: %ld", what, rc);
	check(rc == 0 || rc == 1, "PT-22 decrease_reservation of %s", what);
	check(populate_avoids(mfn), "PT-22 %s goes to nobody", what);
}

static void live_l1(void)
{
	uint64_t *slot = area_slot(1, 3);
	unsigned long va = AREA + (3ul << 21);
	struct tree t;
	uint64_t was;

	tree_build(&t, 1);
	t.table[0][0] = 0x5151;
	pt_write(slot, va_pte(t.table[1], PTE_TABLE));
	was = t.table[1][0];
	try_all(va_to_mfn(t.table[1]), "a live L1");
	check(t.table[1][0] == was && try_read(va) == 0x5151,
	      "PT-22 it still maps its page");
	check_refused(page_set_rw(t.table[1]), NULL, 0, "PT-22 writing it");
	pt_write(slot, 0);
}

static void pinned_l4(void)
{
	struct tree t;

	tree_build(&t, 4);
	pin_table(t.table[4], 4);
	try_all(va_to_mfn(t.table[4]), "a pinned L4");
	check_refused(page_set_rw(t.table[4]), NULL, 0,
		      "PT-22 it is still pinned: writing it");
	check_refused(page_set_rw(t.table[1]), NULL, 0,
		      "PT-22 and what is below: writing it");
	check_allowed(unpin_table(t.table[4]), "PT-22 unpin");
	check_allowed(page_set_rw(t.table[1]), "PT-22 then writing what is below");
}

static void current_root(void)
{
	uint64_t *old = pt_root(), *root = page_alloc();
	unsigned int i;

	for (i = 0; i < 512; i++)
		root[i] = i < 256 || i > 271 ? old[i] : 0;
	page_set_ro(root);
	mmuext_mfn(MMUEXT_NEW_BASEPTR, va_to_mfn(root));
	try_all(va_to_mfn(root), "the table in CR3");
	check(read_cr3() == va_to_mfn(root) * PAGE_SIZE, "PT-22 it runs on");
	check_refused(page_set_rw(root), NULL, 0, "PT-22 writing it");
	check_allowed(mmuext_mfn(MMUEXT_NEW_BASEPTR, va_to_mfn(old)),
		      "PT-22 the old one");
}

static void gdt_page(void)
{
	uint64_t *gdt = page_alloc();
	unsigned long mfn = va_to_mfn(gdt);

	gdt[3] = 0x00cff3000000ffff;
	page_set_ro(gdt);
	check_allowed(HYPERVISOR_set_gdt(&mfn, 512), "PT-22 a GDT");
	try_all(mfn, "a GDT page");
	check_refused(page_set_rw(gdt), NULL, 0, "PT-22 writing it");
	fault_clear();
	asm volatile(FIX("movw %w0, %%fs") : : "r" (0x1b));
	check(!fault_last()->count, "PT-22 it is still in force");
	asm volatile(FIX("movw %w0, %%fs") : : "r" (0));
	HYPERVISOR_set_gdt(NULL, 0);
}

static volatile struct grant_entry_v1 *grant_table(void)
{
	struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 1 };
	unsigned long va = area_va(70);
	xen_pfn_t frame = 0;

	handle_set(setup.frame_list, &frame);
	HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &setup, 1);
	area_slot(0, 70);
	if (setup.status || map_va(va, mfn_pte(frame, PTE_KERN)))
		error("no grant table");
	return (struct grant_entry_v1 *)va;
}

static void granted_page(void)
{
	volatile struct grant_entry_v1 *gt = grant_table();
	struct gnttab_map_grant_ref map = {
		.host_addr = area_va(71), .flags = GNTMAP_host_map, .ref = REF,
	};
	struct gnttab_unmap_grant_ref unmap = { .host_addr = area_va(71) };
	uint64_t *page = page_alloc();
	unsigned long mfn = va_to_mfn(page);

	page[0] = 0x9e9e;
	gt[REF].frame = (uint32_t)mfn;
	gt[REF].domid = 0;
	gt[REF].flags = GTF_permit_access;
	HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &map, 1);
	check(map.status == GNTST_okay, "PT-22 a granted page is mapped");
	page_set_none(page);
	try_all(mfn, "a page mapped by its grant");
	check(try_read(area_va(71)) == 0x9e9e, "PT-22 the mapping still sees it");
	unmap.handle = map.handle;
	HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
	check(unmap.status == GNTST_okay, "PT-22 it is unmapped");
}

void guest_main(void)
{
	mem_extend(512);
	live_l1();
	pinned_l4();
	current_root();
	gdt_page();
	granted_page();
}
