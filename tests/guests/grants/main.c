/*
 * grants: the table, and a domain that grants to itself.
 *
 * What must hold: the table appears where the guest maps it; a granted page
 * can be mapped, written through and unmapped, or copied from and to, as its
 * entry allows; the entry shows use while mapped. A broken hypervisor maps what
 * wasn't granted, or forgets to undo.
 */
#include <pv/hypercall.h>
#include <pv/insn.h>
#include <pv/mem.h>
#include <pv/report.h>
#include <pv/string.h>

#define TABLE_VA	0xffffff2000000000ul
#define MAP_VA		0xffffff2000010000ul
#define REF		40

static volatile struct grant_entry_v1 *table;
static unsigned int self;

static void check_setup(void)
{
	struct gnttab_query_size size = { .dom = DOMID_SELF };
	struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 1 };
	struct gnttab_set_version ver = { .version = 1 };
	xen_pfn_t frame = 0;

	check(!HYPERVISOR_grant_table_op(GNTTABOP_query_size, &size, 1) &&
	      size.status == GNTST_okay && size.max_nr_frames >= 1,
	      "query_size");
	check(!HYPERVISOR_grant_table_op(GNTTABOP_set_version, &ver, 1) &&
	      ver.version == 1, "set_version 1");
	handle_set(setup.frame_list, &frame);
	check(!HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &setup, 1) &&
	      setup.status == GNTST_okay && frame, "setup_table");
	pt_build(TABLE_VA);
	check(!map_va(TABLE_VA, mfn_pte(frame, PTE_KERN)), "and map it");
	table = (struct grant_entry_v1 *)TABLE_VA;
	setup.nr_frames = size.max_nr_frames + 1;
	HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &setup, 1);
	check(setup.status == GNTST_general_error, "more than the maximum");
	check(HYPERVISOR_grant_table_op(99, &setup, 1) == -XEN_ENOSYS, "operation 99");
}

static void grant(unsigned int ref, const void *page, uint16_t flags)
{
	table[ref].domid = (domid_t)self;
	table[ref].frame = (uint32_t)va_to_mfn(page);
	asm volatile("" : : : "memory");
	table[ref].flags = flags;
}

static int map_ref(unsigned int ref, unsigned int flags, uint32_t *handle)
{
	struct gnttab_map_grant_ref map = {
		.host_addr = MAP_VA, .flags = flags, .ref = ref,
		.dom = (domid_t)self,
	};

	if (HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &map, 1))
		return -1000;
	*handle = map.handle;
	return map.status;
}

static int unmap(uint32_t handle)
{
	struct gnttab_unmap_grant_ref un = {
		.host_addr = MAP_VA, .handle = handle,
	};

	if (HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &un, 1))
		return -1000;
	return un.status;
}

static void check_map(void)
{
	uint64_t *page = page_alloc();
	volatile uint64_t *va = (uint64_t *)MAP_VA;
	uint32_t handle = 0, second = 0;

	grant(REF, page, GTF_permit_access);
	check(map_ref(REF, GNTMAP_host_map, &handle) == GNTST_okay, "map");
	*va = 77;
	check(page[0] == 77, "it is the page");
	check((table[REF].flags & (GTF_reading | GTF_writing)) ==
	      (GTF_reading | GTF_writing), "the entry shows use");
	check(unmap(handle) == GNTST_okay, "unmap");
	check(!(table[REF].flags & (GTF_reading | GTF_writing)),
	      "the entry shows none");
	fault_clear();
	try_read(MAP_VA);
	check(fault_was(TRAP_PF), "and the page is gone");
	check(unmap(handle) == GNTST_bad_handle, "unmap twice");

	grant(REF, page, GTF_permit_access | GTF_readonly);
	check(map_ref(REF, GNTMAP_host_map, &second) != GNTST_okay,
	      "a read-only grant isn't mapped writable");
	check(map_ref(REF, GNTMAP_host_map | GNTMAP_readonly, &second) ==
	      GNTST_okay, "but read-only");
	fault_clear();
	try_write(MAP_VA, 1);
	check(fault_was(TRAP_PF) && *va == 77, "and it is");
	unmap(second);
	table[REF].flags = 0;
	page_free(page);
}

static void check_refused(void)
{
	uint64_t *page = page_alloc();
	uint32_t handle = 0;

	check(map_ref(REF + 1, GNTMAP_host_map, &handle) < 0, "unset entry");
	check(map_ref(1000000, GNTMAP_host_map, &handle) == GNTST_bad_gntref,
	      "entry past the table");
	grant(REF, page, GTF_permit_access);
	check(map_ref(REF, 0, &handle) == GNTST_bad_gntref ||
	      map_ref(REF, 0, &handle) == GNTST_general_error, "no map flag");
	table[REF].domid = 77;
	check(map_ref(REF, GNTMAP_host_map, &handle) < 0, "granted to another");
	grant(REF, page, GTF_permit_access);
	table[REF].frame = 0xffffffff;
	check(map_ref(REF, GNTMAP_host_map, &handle) < 0, "frame past RAM");
	table[REF].flags = 0;
	check(unmap(77777) == GNTST_bad_handle, "handle never used");
	page_free(page);
}

static void check_copy(void)
{
	struct gnttab_copy c = { 0 };
	uint8_t *a = page_alloc(), *b = page_alloc();

	memcpy(a, "grants are for sharing", 22);
	grant(REF, a, GTF_permit_access | GTF_readonly);
	c.source.u.ref = REF;
	c.source.domid = (domid_t)self;
	c.source.offset = 7;
	c.dest.u.gmfn = va_to_mfn(b);
	c.dest.domid = DOMID_SELF;
	c.dest.offset = 100;
	c.len = 15;
	c.flags = GNTCOPY_source_gref;
	check(!HYPERVISOR_grant_table_op(GNTTABOP_copy, &c, 1) &&
	      c.status == GNTST_okay, "copy from a grant");
	check(!memcmp(b + 100, "are for sharing", 15) && !b[99] && !b[115],
	      "what was asked for and no more");
	c.source.offset = 4090;
	HYPERVISOR_grant_table_op(GNTTABOP_copy, &c, 1);
	check(c.status == GNTST_bad_copy_arg, "copy past the page's end");
	c.source.offset = 0;
	c.source.u.ref = REF + 1;
	HYPERVISOR_grant_table_op(GNTTABOP_copy, &c, 1);
	check(c.status < 0, "copy from an unset entry");
	table[REF].flags = 0;
	page_free(a);
	page_free(b);
}

void guest_main(void)
{
	check_setup();
	check_map();
	check_refused();
	check_copy();
}
