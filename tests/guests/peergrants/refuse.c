/* SPDX-License-Identifier: MIT */
/* What must be refused: GT-01, 03, 08, 10, 12, 15, 16. */
#include "grants.h"

#define ROUNDS	1000

/* `mapper` tries to map; the status. */
static long try_map(domid_t dom, unsigned int ref, unsigned int flags)
{
	struct mapping m = {
		.dom = dom, .ref = ref, .flags = flags, .va = map_va_of(0),
	};
	long status = peer_do(&mapper, p_map, &m);

	if (!status)
		peer_do(&mapper, p_unmap, &m);
	return status;
}

/* GT-01 */
static long p_many_refused(void *arg)
{
	struct mapping m = *(struct mapping *)arg;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		if (!map_grant(&m))
			return i + 1;
	return 0;
}

static void check_basics(void)
{
	struct mapping m = {
		.dom = granter.id, .ref = REF + 1, .flags = RW,
		.va = map_va_of(0),
	};
	unsigned long before;

	grant_page(&granter, REF, 0, mapper.id, GTF_permit_access);
	check(!try_map(granter.id, REF, RW), "GT-01 what is granted maps");
	check(try_map(granter.id, 1 << 20, RW) == GNTST_bad_gntref,
	      "GT-01 a reference past the table");
	check(try_map(granter.id, REF + 1, RW) == GNTST_general_error,
	      "GT-01 one that is not set");
	check(try_map(granter.id, REF, 0) == GNTST_bad_gntref,
	      "GT-01 neither host nor device");
	check(try_map(0x7ef0, REF, RW) == GNTST_bad_domain,
	      "GT-01 a domain that isn't there");
	grant_page(&granter, REF, 0, 0, GTF_permit_access);
	check(try_map(granter.id, REF, RW) == GNTST_general_error,
	      "GT-01 one that is for somebody else");
	grant_page(&mapper, REF, 0, granter.id, GTF_permit_access);
	check(try_map(mapper.id, REF, RW) == GNTST_general_error,
	      "GT-01 one's own that names a peer");
	grant_page(&granter, REF, 0, mapper.id,
		   GTF_permit_access | GTF_readonly);
	check(try_map(granter.id, REF, RW) == GNTST_general_error &&
	      !try_map(granter.id, REF, RO), "GT-01 a read-only one");
	before = free_pages_of_machine();
	check(!peer_do(&mapper, p_many_refused, &m) &&
	      free_pages_of_machine() == before, "GT-01 again and again");
}

/* GT-03: frames that aren't the granter's to give. */
static void not_owned(unsigned long mfn, unsigned int flags, const char *what)
{
	grant_frame(&granter, REF, mfn, mapper.id, GTF_permit_access);
	check(try_map(granter.id, REF, flags) < 0, "GT-03 %s", what);
}

static long p_table_mfn(void *arg)
{
	(void)arg;
	return (long)va_to_mfn(pt_root());
}

static long p_image_end(void *arg)
{
	(void)arg;
	return (long)(start_info->shared_info / PAGE_SIZE);
}

static void check_not_owned(void)
{
	unsigned long table = (unsigned long)peer_call(&granter, p_table_mfn,
						       NULL, 0);
	unsigned long shared = (unsigned long)peer_call(&granter, p_image_end,
							NULL, 0);
	void *mine = page_alloc();

	not_owned(va_to_mfn(mine), RO, "the builder's frame");
	not_owned(peer_mfn(&mapper, 1), RO, "the mapper's own frame");
	not_owned(table, RW, "a page table, writable");
	not_owned(shared, RW, "a page of the hypervisor's");
	not_owned(0xfffffff0, RO, "a frame past the end");
	page_free(mine);
}

/* GT-08: an entry named by its machine address. */
struct pte_call {
	struct mapping m;
	unsigned int kind;
};

static long p_map_pte(void *arg)
{
	struct pte_call *c = arg;
	uint64_t maddr = pt_entry_maddr(pt_entry(map_va_of(1), 1));
	long status;

	c->m.flags |= GNTMAP_contains_pte;
	switch (c->kind) {
	case 0:
		break;
	case 1:
		maddr += 4;
		break;
	case 2:			/* a writable page of its own */
		maddr = va_to_mfn(my_page(1)) * PAGE_SIZE;
		break;
	case 3:			/* an L2 */
		maddr = pt_entry_maddr(pt_entry(map_va_of(1), 2));
		break;
	case 4:			/* given */
		maddr = c->m.va;
		break;
	}
	c->m.va = maddr;
	status = map_grant(&c->m);
	if (!status && unmap_grant(c->m.handle, maddr, 0))
		return 1;
	return status;
}

static void check_pte(void)
{
	static const char *const what[] = {
		"an own L1 entry", "misaligned", "in a writable page",
		"in an L2", "somewhere foreign",
	};
	unsigned int i;

	grant_page(&granter, REF, 0, mapper.id, GTF_permit_access);
	for (i = 0; i < 5; i++) {
		struct pte_call c = { .kind = i };

		c.m = (struct mapping){
			.dom = granter.id, .ref = REF, .flags = RW,
			.va = pt_entry_maddr(pt_entry(map_va_of(1), 1)),
		};
		check(peer_do(&mapper, p_map_pte, &c) ==
		      (i ? GNTST_general_error : 0), "GT-08 %s", what[i]);
	}
}

/* GT-10 */
struct copy_call {
	struct gnttab_copy op;
	bool to_page;		/* dest: the mapper's page 2 */
};

static long p_copy(void *arg)
{
	struct copy_call *c = arg;
	long rc;

	if (c->to_page)
		c->op.dest.u.gmfn = va_to_mfn(my_page(2));
	rc = HYPERVISOR_grant_table_op(GNTTABOP_copy, &c->op, 1);
	return rc ? rc - 1000 : c->op.status;
}

static struct copy_call copy_of(unsigned int from, unsigned int len,
				unsigned int to)
{
	struct copy_call c = { .to_page = true };

	c.op.source.u.ref = REF;
	c.op.source.domid = granter.id;
	c.op.source.offset = (uint16_t)from;
	c.op.dest.domid = DOMID_SELF;
	c.op.dest.offset = (uint16_t)to;
	c.op.len = (uint16_t)len;
	c.op.flags = GNTCOPY_source_gref;
	return c;
}

static long copy(unsigned int from, unsigned int len, unsigned int to)
{
	struct copy_call c = copy_of(from, len, to);

	return peer_do(&mapper, p_copy, &c);
}

static long p_fill(void *arg)
{
	memset(my_page(0), *(int *)arg, PAGE_SIZE);
	memset(my_page(2), 0, PAGE_SIZE);
	return 0;
}

/* How many bytes of page 2 are set, if they are one run. */
static long p_run(void *arg)
{
	const uint8_t *p = (const uint8_t *)my_page(2);
	unsigned int i, n = 0, at = *(unsigned int *)arg;

	for (i = 0; i < PAGE_SIZE; i++)
		n += p[i] == 0xab;
	for (i = 0; i < n; i++)
		if (p[at + i] != 0xab)
			return -1;
	return n;
}

static void check_copy(void)
{
	struct copy_call c;
	unsigned int at = 100;
	int byte = 0xab;

	peer_do(&granter, p_fill, &byte);
	peer_do(&mapper, p_fill, &byte);
	grant_page(&granter, REF, 0, mapper.id,
		   GTF_permit_access | GTF_readonly);
	check(!copy(4000, 96, 100) && peer_do(&mapper, p_run, &at) == 96,
	      "GT-10 what was asked for and no more");
	check(!copy(0, 0, 4096), "GT-10 nothing, at the end");
	check(copy(4001, 96, 0) == GNTST_bad_copy_arg,
	      "GT-10 past the source's end");
	check(copy(0, 2, 4095) == GNTST_bad_copy_arg,
	      "GT-10 past the destination's");
	check(copy(0xffff, 0xffff, 0) == GNTST_bad_copy_arg,
	      "GT-10 far past it");
	c = copy_of(0, 8, 0);
	c.op.source.u.gmfn = peer_mfn(&granter, 1);
	c.op.flags = 0;
	check(peer_do(&mapper, p_copy, &c) == GNTST_permission_denied,
	      "GT-10 a peer's frame by its number");
	c.op.source.domid = DOMID_SELF;
	check(peer_do(&mapper, p_copy, &c) < 0,
	      "GT-10 the same as if it were one's own");
	c = copy_of(0, 8, 0);
	c.to_page = false;
	c.op.dest = c.op.source;
	c.op.flags |= GNTCOPY_dest_gref;
	check(peer_do(&mapper, p_copy, &c) == GNTST_general_error,
	      "GT-10 into a read-only grant");
	check(peer_do(&mapper, p_run, &at) == 96,
	      "GT-10 none of these wrote anything");
}

/* GT-12, GT-15: of others' tables, and what there isn't. */
static long p_on_others(void *arg)
{
	domid_t other = *(domid_t *)arg;
	struct gnttab_setup_table s = { .dom = other, .nr_frames = 1 };
	struct gnttab_query_size q = { .dom = other };
	struct gnttab_get_version v = { .dom = other };
	struct gnttab_dump_table d = { .dom = DOMID_SELF };
	xen_pfn_t frame = 0;
	unsigned int bad = 0;

	handle_set(s.frame_list, &frame);
	bad += HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1) == 0 &&
	       s.status != GNTST_permission_denied;
	bad += frame != 0;
	bad += HYPERVISOR_grant_table_op(GNTTABOP_query_size, &q, 1) == 0 &&
	       q.status != GNTST_permission_denied;
	bad += HYPERVISOR_grant_table_op(GNTTABOP_get_version, &v, 1) == 0;
	bad += HYPERVISOR_grant_table_op(GNTTABOP_dump_table, &d, 1) == 0 &&
	       d.status != GNTST_permission_denied;
	return bad;
}

static long p_sizes(void *arg)
{
	static const uint32_t nr[] = { 65, 1u << 31, ~0u };
	struct gnttab_query_size q = { .dom = DOMID_SELF };
	struct gnttab_setup_table s = { .dom = DOMID_SELF };
	unsigned int i, bad = 0;
	xen_pfn_t frame = 0;

	(void)arg;
	handle_set(s.frame_list, &frame);
	for (i = 0; i < 3; i++) {
		s.nr_frames = nr[i];
		MARK(bad, HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1) ||
		       s.status != GNTST_general_error);
	}
	s.nr_frames = 0;
	MARK(bad, HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1) ||
	       s.status != GNTST_okay);
	handle_set(s.frame_list, HV_START + 0x1000);
	s.nr_frames = 1;
	HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1);
	MARK(bad, s.status == GNTST_okay);
	HYPERVISOR_grant_table_op(GNTTABOP_query_size, &q, 1);
	return bad << 1 | (q.nr_frames != GRANT_FRAMES);
}

static long p_no_such(void *arg)
{
	struct gnttab_set_version v = { .version = 3 };
	struct gnttab_cache_flush f = { .op = GNTTAB_CACHE_CLEAN };
	struct gnttab_swap_grant_ref s = { .ref_a = REF, .ref_b = 1u << 20 };
	struct gnttab_transfer t = { .domid = *(domid_t *)arg, .ref = REF };
	unsigned int bad = 0;

	MARK(bad, HYPERVISOR_grant_table_op(GNTTABOP_set_version, &v, 1) == 0);
	MARK(bad, HYPERVISOR_grant_table_op(99, &v, 1) != -XEN_ENOSYS);
	MARK(bad, HYPERVISOR_grant_table_op(GNTTABOP_cache_flush, &f, 1) == 0);
	MARK(bad, HYPERVISOR_grant_table_op(GNTTABOP_transfer, &t, 1) == 0 &&
	       t.status == GNTST_okay);
	HYPERVISOR_grant_table_op(GNTTABOP_swap_grant_ref, &s, 1);
	return bad << 1 | (s.status != GNTST_bad_gntref);
}

static void check_rights(void)
{
	domid_t other = granter.id, dom0 = 0;

	check(!peer_do(&mapper, p_on_others, &other) &&
	      !peer_do(&mapper, p_on_others, &dom0),
	      "GT-12 others' tables are their own");
	check_none(peer_call(&mapper, p_sizes, NULL, 0),
	      "GT-12 no size but what is allowed, and never smaller");
	check_none(peer_do(&mapper, p_no_such, &other),
	      "GT-15 what there isn't");
	grant_page(&granter, REF, 0, mapper.id, GTF_transitive);
	check(try_map(granter.id, REF, RO) < 0 && copy(0, 1, 0) < 0,
	      "GT-15 no transitive grants in version 1");
	grant_page(&granter, REF, 0, mapper.id, GTF_accept_transfer);
	check(try_map(granter.id, REF, RO) < 0 && copy(0, 1, 0) < 0,
	      "GT-15 an invitation to transfer is none to map");
}

/* GT-16: the table's own frames are for plain mapping. */
static long p_abuse_table(void *arg)
{
	unsigned long mfn = grant_table_mfn;
	struct xen_memory_reservation r = {
		.nr_extents = 1, .domid = DOMID_SELF,
	};
	struct xen_memory_exchange e = { 0 };
	xen_pfn_t in = mfn, out = 7;
	unsigned int bad = 0, level;

	(void)arg;
	for (level = 0; level < 4; level++)
		MARK(bad, mmuext_mfn(MMUEXT_PIN_L1_TABLE + level, mfn) == 0);
	MARK(bad, pt_write(pt_entry(map_va_of(1), 2), mfn_pte(mfn, PTE_TABLE)) == 0);
	MARK(bad, HYPERVISOR_set_gdt(&mfn, 512) == 0);
	handle_set(r.extent_start, &in);
	MARK(bad, HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r) != 0);
	e.in = e.out = r;
	handle_set(e.in.extent_start, &in);
	handle_set(e.out.extent_start, &out);
	MARK(bad, HYPERVISOR_memory_op(XENMEM_exchange, &e) == 0);
	return bad;
}

static void check_table_frames(void)
{
	unsigned int ref = REF;

	check_none(peer_call(&granter, p_abuse_table, NULL, 0),
	      "GT-16 no table, no GDT, not to be freed or exchanged");
	grant_frame(&granter, REF, 0, mapper.id, 0);
	peer_do(&granter, p_entry, &ref);
}

void check_refusals(void)
{
	check_basics();
	check_not_owned();
	check_pte();
	check_copy();
	check_rights();
	check_table_frames();
}
