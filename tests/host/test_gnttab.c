/*
 * Grant tables: d1 grants, d2 maps and copies, dom0 looks on; with the real
 * frame words underneath, and a page table that is a list.  Both audits after
 * each call.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include <hvx/gnttab.h>
#include <hvx/hypercall.h>

#define NO_ADDR 0xdead0000UL	/* grant_pte_install refuses it */

static struct domain *d0, *d1, *d2;
static struct vcpu *v0, *v1, *v2;
static mfn_t page1, page2;	/* d1's and d2's own */
static struct grant_entry_v1 *entry;	/* d1's */

/* ---- the page table -------------------------------------------------------- */

static struct {
	uint64_t va;
	mfn_t mfn;
	unsigned int flags;
} pte[20000];
static unsigned int nr_pte;

int grant_pte_install(struct vcpu *v, uint64_t va, mfn_t frame,
		      unsigned int flags)
{
	(void)v;
	if (va == NO_ADDR)
		return GNTST_general_error;
	assert_true(nr_pte < ARRAY_SIZE(pte));
	pte[nr_pte].va = va;
	pte[nr_pte].mfn = frame;
	pte[nr_pte++].flags = flags;
	return GNTST_okay;
}

static uint64_t replaced_by;

int grant_pte_remove(struct vcpu *v, uint64_t va, mfn_t frame,
		     unsigned int flags, uint64_t new_va)
{
	(void)v;
	for (unsigned int i = 0; i < nr_pte; i++) {
		if (pte[i].va != va || !mfn_eq(pte[i].mfn, frame))
			continue;
		assert_int_equal(pte[i].flags & 0x1f, flags & 0x1f);
		pte[i] = pte[--nr_pte];
		replaced_by = new_va;
		return GNTST_okay;
	}
	return GNTST_general_error;
}

/* A flush must come before the granter is told: see test_flush_order. */
static bool look_at_flush;
static uint16_t flags_at_flush;

void tlb_flush_mask(cpumask_t cpus)
{
	host.flushes++;
	host.flushed |= cpus;
	if (look_at_flush)
		flags_at_flush = entry[8].flags;
}

/* ---- the machine ----------------------------------------------------------- */

static struct domain *make(domid_t id, unsigned int frames, unsigned int track)
{
	struct domain *d = host_make_domain(id, 2);

	assert_int_equal(gnttab_init_domain(d, frames, track), 0);
	host_make_vcpu(d, 0);
	d->dirty_cpus = 2;
	return d;
}

static int setup(void **state)
{
	mfn_t mfn;

	(void)state;
	host_reset(2);
	host.quiet = true;
	nr_pte = 0;
	look_at_flush = false;
	d0 = make(0, 4, 1);
	d0->is_hw = true;
	hw_domain = d0;
	d1 = make(1, 4, 1);
	d2 = make(2, 4, 2);
	v0 = d0->vcpu[0];
	v1 = d1->vcpu[0];
	v2 = d2->vcpu[0];
	page1 = host_give_frame(d1);
	page2 = host_give_frame(d2);
	assert_int_equal(gnttab_get_frame(d1, 0, &mfn), 0);
	entry = mfn_to_virt(mfn);
	return 0;
}

static unsigned long audit(void)
{
	return gnttab_audit(d0) + gnttab_audit(d1) + gnttab_audit(d2);
}

static void unmake(struct domain *d)
{
	assert_int_equal(gnttab_release_mappings(d), 0);
	assert_int_equal(d->refs, 1);
	gnttab_destroy_domain(d);
	host_free_domain(d);
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(gnttab_release_mappings(d0), 0);
	assert_int_equal(gnttab_release_mappings(d1), 0);
	assert_int_equal(gnttab_release_mappings(d2), 0);
	assert_int_equal(audit(), 0);
	(void)!frame_release(page1, d1);
	(void)!frame_release(page2, d2);
	unmake(d2);
	unmake(d1);
	unmake(d0);
	hw_domain = NULL;
	assert_int_equal(host.pages_out, 0);
	assert_int_equal(host.heap_out, 0);
	return 0;
}

static long call(struct vcpu *v, unsigned int cmd, void *arg, unsigned int n)
{
	long rc = hc_grant_table_op(v, cmd, (gva_t)arg, n);

	assert_int_equal(audit(), 0);
	return rc;
}

static void grant(unsigned int ref, mfn_t mfn, uint16_t flags)
{
	entry[ref].frame = (uint32_t)mfn_x(mfn);
	entry[ref].domid = 2;
	entry[ref].flags = flags;
}

static struct gnttab_map_grant_ref map(struct vcpu *v, domid_t dom,
				       grant_ref_t ref, uint32_t flags,
				       uint64_t va)
{
	struct gnttab_map_grant_ref op = { .host_addr = va,
					   .flags = flags,
					   .ref = ref,
					   .dom = dom,
					   .handle = 0x55 };

	assert_int_equal(call(v, GNTTABOP_map_grant_ref, &op, 1), 0);
	return op;
}

static int unmap(struct vcpu *v, grant_handle_t handle, uint64_t va,
		 uint64_t dev)
{
	struct gnttab_unmap_grant_ref op = { .host_addr = va,
					     .dev_bus_addr = dev,
					     .handle = handle };

	assert_int_equal(call(v, GNTTABOP_unmap_grant_ref, &op, 1), 0);
	return op.status;
}

#define RW   (GNTMAP_host_map)
#define RO   (GNTMAP_host_map | GNTMAP_readonly)
#define BOTH (GNTMAP_host_map | GNTMAP_device_map)

/* ---- tests ----------------------------------------------------------------- */

static void test_map_unmap(void **state)
{
	struct gnttab_map_grant_ref m;

	(void)state;
	grant(8, page1, GTF_permit_access);
	m = map(v2, 1, 8, RW, 0x1000);
	assert_int_equal(m.status, GNTST_okay);
	assert_int_equal(m.dev_bus_addr, mfn_to_paddr(page1));
	assert_int_equal(nr_pte, 1);
	assert_true(mfn_eq(pte[0].mfn, page1));
	assert_int_equal(entry[8].flags,
			 GTF_permit_access | GTF_reading | GTF_writing);
	assert_int_equal(unmap(v2, m.handle, 0x1000, 0), GNTST_okay);
	assert_int_equal(nr_pte, 0);
	assert_int_equal(entry[8].flags, GTF_permit_access);
	assert_int_equal(unmap(v2, m.handle, 0x1000, 0), GNTST_bad_handle);
}

static void test_readonly(void **state)
{
	struct gnttab_map_grant_ref a, b;

	(void)state;
	grant(8, page1, GTF_permit_access | GTF_readonly);
	assert_int_equal(map(v2, 1, 8, RW, 0x1000).status,
			 GNTST_general_error);
	a = map(v2, 1, 8, RO, 0x1000);
	assert_int_equal(a.status, GNTST_okay);
	assert_int_equal(entry[8].flags & (GTF_reading | GTF_writing),
			 GTF_reading);
	assert_int_equal(unmap(v2, a.handle, 0x1000, 0), 0);

	/* A reader and a writer: each bit goes with its last user. */
	grant(8, page1, GTF_permit_access);
	a = map(v2, 1, 8, RO, 0x1000);
	b = map(v2, 1, 8, RW, 0x2000);
	assert_true(entry[8].flags & GTF_writing);
	assert_int_equal(unmap(v2, b.handle, 0x2000, 0), 0);
	assert_int_equal(entry[8].flags, GTF_permit_access | GTF_reading);
	assert_int_equal(unmap(v2, a.handle, 0x1000, 0), 0);
	assert_int_equal(entry[8].flags, GTF_permit_access);
}

static void test_map_refusals(void **state)
{
	(void)state;
	grant(8, page1, GTF_permit_access);
	assert_int_equal(map(v2, 1, 512, RW, 0x1000).status, GNTST_bad_gntref);
	assert_int_equal(map(v2, 1, ~0U, RW, 0x1000).status, GNTST_bad_gntref);
	assert_int_equal(map(v2, 1, 0, RW, 0x1000).status,
			 GNTST_general_error);
	assert_int_equal(map(v0, 1, 8, RW, 0x1000).status,
			 GNTST_general_error);
	assert_int_equal(map(v1, 1, 8, RW, 0x1000).status,
			 GNTST_general_error);
	assert_int_equal(map(v2, 1, 8, 0, 0x1000).status, GNTST_bad_gntref);
	assert_int_equal(map(v2, 7, 8, RW, 0x1000).status, GNTST_bad_domain);
	assert_int_equal(map(v2, DOMID_IO, 8, RW, 0x1000).status,
			 GNTST_bad_domain);
	assert_int_equal(map(v2, DOMID_XEN, 8, RW, 0x1000).status,
			 GNTST_bad_domain);
	assert_int_equal(map(v2, 1, 8, RW, NO_ADDR).status,
			 GNTST_general_error);
	assert_int_equal(entry[8].flags, GTF_permit_access);
	for (unsigned int flags = 0; flags < 512; flags++) {
		if ((flags & 3) == GTF_permit_access && !(flags >> 8))
			continue;
		grant(8, page1, (uint16_t)flags);
		assert_int_equal(map(v2, 1, 8, RW, 0x1000).status,
				 GNTST_general_error);
		assert_int_equal(entry[8].flags, flags);
	}
	assert_int_equal(nr_pte, 0);
}

static void test_frame_refusals(void **state)
{
	mfn_t l1 = host_give_frame(d1), shared;
	mfn_t free_frame = buddy_alloc(0);
	const mfn_t bad[] = { page2, free_frame, _mfn(0), _mfn(0x7fffffff),
			      _mfn(0xffffffff) };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		grant(8, bad[i], GTF_permit_access);
		assert_int_equal(map(v2, 1, 8, RW, 0x1000).status,
				 GNTST_general_error);
		assert_int_equal(map(v2, 1, 8, RO, 0x1000).status,
				 GNTST_general_error);
		assert_int_equal(entry[8].flags, GTF_permit_access);
	}
	/* A page table: to be read only. */
	assert_int_equal(frame_get_type(l1, d1, FT_L1), 0);
	grant(8, l1, GTF_permit_access);
	assert_int_equal(map(v2, 1, 8, RW, 0x1000).status,
			 GNTST_general_error);
	assert_int_equal(map(v2, 1, 8, BOTH, 0x1000).status,
			 GNTST_general_error);
	assert_int_equal(map(v2, 1, 8, RO, 0x1000).status, GNTST_okay);
	assert_int_equal(gnttab_release_mappings(d2), 0);
	frame_put_type_leaf(l1);
	assert_true(frame_release(l1, d1));
	/* The grant table itself, the shared page. */
	assert_int_equal(gnttab_get_frame(d1, 0, &shared), 0);
	grant(8, shared, GTF_permit_access);
	assert_int_equal(map(v2, 1, 8, RO, 0x1000).status,
			 GNTST_general_error);
	grant(8, d1->shared_mfn, GTF_permit_access);
	assert_int_equal(map(v2, 1, 8, RW, 0x1000).status,
			 GNTST_general_error);
	buddy_free(free_frame, 0);
}

/* A dead domain's handles are gone through once, a few at a time, whether they
 * are in use or not. */
static void test_release_is_preemptible(void **state)
{
	enum { HANDLES = 240, KEPT = 20 };
	static uint32_t handle[HANDLES];
	unsigned int i, calls = 1;

	(void)state;
	for (i = 0; i < HANDLES; i++) {
		struct gnttab_map_grant_ref m;

		grant(8 + i / 200, page1, GTF_permit_access);
		m = map(v2, 1, 8 + i / 200, GNTMAP_device_map, 0);
		assert_int_equal(m.status, GNTST_okay);
		handle[i] = m.handle;
	}
	for (i = 0; i < HANDLES - KEPT; i++)
		assert_int_equal(unmap(v2, handle[i], 0, mfn_to_paddr(page1)),
				 GNTST_okay);
	host.preempt = true;
	while (gnttab_release_mappings(d2) == -ERESTART)
		calls++;
	host.preempt = false;
	assert_in_range(calls, HANDLES / 64, HANDLES / 64 + 3);
	assert_int_equal(audit(), 0);
	assert_int_equal(entry[8 + 1].flags, GTF_permit_access);
}

/* What a peer may write doesn't become a page table, until it lets go. */
static void test_granted_then_table(void **state)
{
	struct gnttab_map_grant_ref m;

	(void)state;
	memset(mfn_to_virt(page1), 0, PAGE_SIZE);
	grant(8, page1, GTF_permit_access);
	m = map(v2, 1, 8, RW, 0x1000);
	assert_int_equal(frame_get_type(page1, d1, FT_L1), -EBUSY);
	assert_int_equal(unmap(v2, m.handle, 0x1000, 0), 0);
	assert_int_equal(frame_get_type(page1, d1, FT_L1), 0);
	frame_put_type_leaf(page1);
}

/* The granter gives the page back while a peer has it: it stays the peer's
 * view until the last unmap, and is free then. */
static void test_freed_while_mapped(void **state)
{
	struct gnttab_map_grant_ref m, n;
	long pages = host.pages_out;

	(void)state;
	grant(8, page1, GTF_permit_access);
	m = map(v2, 1, 8, RW, 0x1000);
	n = map(v2, 1, 8, RO, 0x2000);
	pages = host.pages_out;
	assert_true(frame_release(page1, d1));
	assert_int_equal(host.pages_out, pages);
	assert_int_equal(unmap(v2, m.handle, 0x1000, 0), 0);
	assert_int_equal(host.pages_out, pages);
	assert_int_equal(unmap(v2, n.handle, 0x2000, 0), 0);
	assert_int_equal(host.pages_out, pages - 1);
	page1 = host_give_frame(d1);
}

static void test_unmap_parts(void **state)
{
	struct gnttab_map_grant_ref m;
	uint64_t dev;

	(void)state;
	grant(8, page1, GTF_permit_access);
	m = map(v2, 1, 8, BOTH, 0x1000);
	dev = m.dev_bus_addr;
	/* Nothing asked, nothing done. */
	assert_int_equal(unmap(v2, m.handle, 0, 0), GNTST_okay);
	assert_int_equal(unmap(v2, m.handle, 0x5000, 0), GNTST_general_error);
	assert_int_equal(unmap(v2, m.handle, 0, dev + 4096),
			 GNTST_bad_dev_addr);
	assert_int_equal(unmap(v0, m.handle, 0x1000, dev), GNTST_bad_handle);
	assert_int_equal(unmap(v2, m.handle + 1, 0x1000, dev),
			 GNTST_bad_handle);
	assert_int_equal(unmap(v2, ~0U, 0x1000, dev), GNTST_bad_handle);
	assert_int_equal(nr_pte, 1);

	assert_int_equal(unmap(v2, m.handle, 0x1000, 0), GNTST_okay);
	assert_int_equal(unmap(v2, m.handle, 0x1000, 0), GNTST_bad_handle);
	assert_true(entry[8].flags & GTF_writing);
	assert_int_equal(unmap(v2, m.handle, 0, dev), GNTST_okay);
	assert_int_equal(unmap(v2, m.handle, 0, dev), GNTST_bad_handle);
	assert_int_equal(entry[8].flags, GTF_permit_access);

	m = map(v2, 1, 8, BOTH, 0x1000);
	assert_int_equal(unmap(v2, m.handle, 0x1000, dev), GNTST_okay);
	assert_int_equal(entry[8].flags, GTF_permit_access);
}

static void test_unmap_and_replace(void **state)
{
	struct gnttab_unmap_and_replace op = { .host_addr = 0x1000,
					       .new_addr = 0x9000 };

	(void)state;
	grant(8, page1, GTF_permit_access);
	op.handle = map(v2, 1, 8, RW, 0x1000).handle;
	assert_int_equal(call(v2, GNTTABOP_unmap_and_replace, &op, 1), 0);
	assert_int_equal(op.status, GNTST_okay);
	assert_int_equal(replaced_by, 0x9000);
	assert_int_equal(entry[8].flags, GTF_permit_access);
}

/* The in-use bits are still there when the flush happens. */
static void test_flush_order(void **state)
{
	struct gnttab_unmap_grant_ref op[20] = { 0 };

	(void)state;
	grant(8, page1, GTF_permit_access);
	for (unsigned int i = 0; i < ARRAY_SIZE(op); i++) {
		op[i].host_addr = 0x1000 * (i + 1);
		op[i].handle = map(v2, 1, 8, RW, op[i].host_addr).handle;
	}
	host.flushes = 0;
	host.flushed = 0;
	look_at_flush = true;
	assert_int_equal(call(v2, GNTTABOP_unmap_grant_ref, op, 20), 0);
	look_at_flush = false;
	assert_int_equal(host.flushes, 2);	/* of 16 and of 4 */
	assert_int_equal(host.flushed, 2);	/* the mapper's CPUs */
	assert_int_equal(flags_at_flush,
			 GTF_permit_access | GTF_reading | GTF_writing);
	assert_int_equal(entry[8].flags, GTF_permit_access);
}

static void test_pins_do_not_wrap(void **state)
{
	static const uint32_t kinds[] = { RO, RW, GNTMAP_device_map,
					  GNTMAP_device_map |
						  GNTMAP_readonly };

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		unsigned int okay = 0;

		grant(8, page1, GTF_permit_access);
		for (unsigned int i = 0; i < 300; i++) {
			int st = map(v2, 1, 8, kinds[k], 0x1000 * (i + 1))
					 .status;

			okay += !st;
			if (st)
				assert_int_equal(st, GNTST_general_error);
		}
		assert_int_equal(okay, 255);
		assert_int_equal(gnttab_release_mappings(d2), 0);
		nr_pte = 0;
		assert_int_equal(entry[8].flags, GTF_permit_access);
	}
}

static void test_maptrack_fills(void **state)
{
	static grant_handle_t handle[600];
	unsigned int n;

	(void)state;
	srand(2);
	for (unsigned int i = 8; i < 512; i++)
		grant(i, page1, GTF_permit_access);
	for (int round = 0; round < 2; round++) {
		for (n = 0; n < 600; n++) {
			struct gnttab_map_grant_ref op = {
				.flags = RO, .dom = 1, .ref = 8 + n % 500,
				.host_addr = 0x1000UL * (n + 1),
			};

			assert_int_equal(
				hc_grant_table_op(v2, GNTTABOP_map_grant_ref,
						  (gva_t)&op, 1), 0);
			if (op.status)
				assert_int_equal(op.status, GNTST_no_space);
			if (op.status)
				break;
			handle[n] = op.handle;
			for (unsigned int i = 0; round && i < n; i++)
				assert_int_not_equal(handle[i], op.handle);
		}
		assert_int_equal(n, 512);	/* two pages of 256 */
		assert_int_equal(audit(), 0);
		for (unsigned int left = n; left; left--) {
			struct gnttab_unmap_grant_ref op = { 0 };
			unsigned int k = (unsigned int)rand() % left;

			/* All map the same frame: any address will do. */
			op.handle = handle[k];
			op.host_addr = pte[0].va;
			handle[k] = handle[left - 1];
			assert_int_equal(
				hc_grant_table_op(v2, GNTTABOP_unmap_grant_ref,
						  (gva_t)&op, 1), 0);
			assert_int_equal(op.status, GNTST_okay);
		}
		assert_int_equal(audit(), 0);
	}
}

static struct gnttab_copy copy_op(void)
{
	return (struct gnttab_copy){
		.source.u.ref = 8,
		.source.domid = 1,
		.dest.u.gmfn = mfn_x(page2),
		.dest.domid = DOMID_SELF,
		.len = 100,
		.flags = GNTCOPY_source_gref,
	};
}

static int copy(struct gnttab_copy op)
{
	assert_int_equal(call(v2, GNTTABOP_copy, &op, 1), 0);
	return op.status;
}

static void test_copy(void **state)
{
	struct gnttab_copy op = copy_op();
	char *from = mfn_to_virt(page1), *to = mfn_to_virt(page2);

	(void)state;
	grant(8, page1, GTF_permit_access | GTF_readonly);
	for (unsigned int i = 0; i < PAGE_SIZE; i++)
		from[i] = (char)i;
	op.source.offset = 7;
	op.dest.offset = 3996;
	assert_int_equal(copy(op), GNTST_okay);
	assert_int_equal(to[3995], 0);
	assert_memory_equal(to + 3996, from + 7, 100);
	assert_int_equal(entry[8].flags, GTF_permit_access | GTF_readonly);

	/* The other direction needs a grant to write. */
	op = copy_op();
	op.dest = op.source;
	op.source.u.gmfn = mfn_x(page2);
	op.source.domid = DOMID_SELF;
	op.flags = GNTCOPY_dest_gref;
	assert_int_equal(copy(op), GNTST_general_error);
	grant(8, page1, GTF_permit_access);
	assert_int_equal(copy(op), GNTST_okay);
	assert_memory_equal(from, to, 100);

	/* Both by reference, the same page, overlapping. */
	op = copy_op();
	op.dest = op.source;
	op.dest.offset = 1;
	op.flags = GNTCOPY_source_gref | GNTCOPY_dest_gref;
	assert_int_equal(copy(op), GNTST_okay);
	assert_int_equal(entry[8].flags, GTF_permit_access);
}

static void test_copy_refusals(void **state)
{
	struct gnttab_copy op = copy_op();

	(void)state;
	grant(8, page1, GTF_permit_access);
	op.source.offset = 4000;
	assert_int_equal(copy(op), GNTST_bad_copy_arg);
	op = copy_op();
	op.dest.offset = 3997;
	assert_int_equal(copy(op), GNTST_bad_copy_arg);
	op.dest.offset = 0xffff;
	op.len = 0xffff;
	assert_int_equal(copy(op), GNTST_bad_copy_arg);
	op = copy_op();
	op.dest.domid = 1;		/* another's frame by number */
	op.dest.u.gmfn = mfn_x(page1);
	assert_int_equal(copy(op), GNTST_permission_denied);
	op = copy_op();
	op.dest.u.gmfn = mfn_x(page1);	/* as one's own */
	assert_int_equal(copy(op), GNTST_general_error);
	op.dest.u.gmfn = ~0UL;
	assert_int_equal(copy(op), GNTST_general_error);
	op = copy_op();
	op.source.u.ref = 9;
	assert_int_equal(copy(op), GNTST_general_error);
	op.source.u.ref = ~0U;
	assert_int_equal(copy(op), GNTST_bad_gntref);
	op = copy_op();
	op.source.domid = 9;
	assert_int_equal(copy(op), GNTST_bad_domain);
	op.source.domid = DOMID_IO;
	assert_int_equal(copy(op), GNTST_bad_domain);
	op = copy_op();
	op.len = 0;
	assert_int_equal(copy(op), GNTST_okay);
	assert_int_equal(entry[8].flags, GTF_permit_access);
}

static long continue_call(struct vcpu *v)
{
	host.continued = false;
	return hc_grant_table_op(v, (unsigned int)host.cont_args[0],
				 host.cont_args[1],
				 (unsigned int)host.cont_args[2]);
}

/* Forced to stop at every look: each entry is done exactly once. */
static void test_batch_continues(void **state)
{
	struct gnttab_map_grant_ref op[100];
	unsigned int rounds = 0;
	long rc;

	(void)state;
	grant(8, page1, GTF_permit_access);
	memset(op, 0, sizeof(op));
	for (unsigned int i = 0; i < ARRAY_SIZE(op); i++) {
		op[i].dom = 1;
		op[i].ref = i == 50 ? 9 : 8;
		op[i].flags = RO;
		op[i].host_addr = 0x1000 * (i + 1);
		op[i].status = 77;
	}
	host.preempt = true;
	host.continued = false;
	rc = hc_grant_table_op(v2, GNTTABOP_map_grant_ref, (gva_t)op, 90);
	while (host.continued) {
		rc = continue_call(v2);
		rounds++;
	}
	host.preempt = false;
	assert_int_equal(rc, 0);
	assert_in_range(rounds, 2, 90);
	assert_int_equal(nr_pte, 89);
	for (unsigned int i = 0; i < ARRAY_SIZE(op); i++)
		assert_int_equal(op[i].status,
				 i >= 90   ? 77
				 : i == 50 ? GNTST_general_error
					   : GNTST_okay);
}

static void test_batch_arguments(void **state)
{
	struct gnttab_copy op = copy_op();

	(void)state;
	assert_int_equal(call(v2, GNTTABOP_copy, &op, 0), 0);
	assert_int_equal(call(v2, GNTTABOP_copy, &op, ~0U), -EINVAL);
	assert_int_equal(call(v2, GNTTABOP_copy, &op, 1U << 31), -EINVAL);
	assert_int_equal(call(v2, GNTTABOP_copy, (void *)8, 1), -EFAULT);
	assert_int_equal(call(v2, GNTTABOP_query_size, &op, 2), -EINVAL);
	assert_int_equal(call(v2, 99, &op, 1), -ENOSYS);
	assert_int_equal(call(v2, ~0U, &op, 1), -ENOSYS);
}

/* The result of a map can't be told: it is undone. */
static void test_map_taken_back(void **state)
{
	static struct gnttab_map_grant_ref op[2];

	(void)state;
	grant(8, page1, GTF_permit_access);
	memset(op, 0, sizeof(op));
	op[0].dom = op[1].dom = 1;
	op[0].ref = op[1].ref = 8;
	op[0].flags = op[1].flags = BOTH;
	op[0].host_addr = 0x1000;
	op[1].host_addr = 0x2000;
	host.read_only_from = (gva_t)&op[1];
	host.read_only_to = (gva_t)&op[2];
	assert_int_equal(call(v2, GNTTABOP_map_grant_ref, op, 2), -EFAULT);
	assert_int_equal(op[0].status, GNTST_okay);
	assert_int_equal(nr_pte, 1);
	assert_int_equal(unmap(v2, op[0].handle, 0x1000, op[0].dev_bus_addr),
			 0);
	assert_int_equal(entry[8].flags, GTF_permit_access);
}

static int setup_table(struct vcpu *v, domid_t dom, uint32_t nr,
		       xen_pfn_t *list)
{
	struct gnttab_setup_table op = { .dom = dom,
					 .nr_frames = nr,
					 .frame_list = list };

	assert_int_equal(call(v, GNTTABOP_setup_table, &op, 1), 0);
	return op.status;
}

static struct gnttab_query_size query(struct vcpu *v, domid_t dom)
{
	struct gnttab_query_size op = { .dom = dom };

	assert_int_equal(call(v, GNTTABOP_query_size, &op, 1), 0);
	return op;
}

static void test_sizes(void **state)
{
	xen_pfn_t list[8] = { 0 };
	mfn_t mfn;

	(void)state;
	assert_int_equal(query(v1, DOMID_SELF).nr_frames, 1);
	assert_int_equal(query(v1, DOMID_SELF).max_nr_frames, 4);
	assert_int_equal(setup_table(v1, DOMID_SELF, 0, list), 0);
	assert_int_equal(setup_table(v1, DOMID_SELF, 4, list), 0);
	assert_int_equal(query(v1, DOMID_SELF).nr_frames, 4);
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(gnttab_get_frame(d1, i, &mfn), 0);
		assert_int_equal(list[i], mfn_x(mfn));
	}
	assert_int_equal(list[4], 0);
	assert_int_equal(setup_table(v1, DOMID_SELF, 5, list),
			 GNTST_general_error);
	assert_int_equal(setup_table(v1, DOMID_SELF, ~0U, list),
			 GNTST_general_error);
	assert_int_equal(setup_table(v1, DOMID_SELF, 1, (xen_pfn_t *)8),
			 GNTST_bad_virt_addr);
	assert_int_equal(setup_table(v1, DOMID_SELF, 1, list), 0);
	assert_int_equal(query(v1, DOMID_SELF).nr_frames, 4);

	assert_int_equal(setup_table(v1, 2, 1, list),
			 GNTST_permission_denied);
	assert_int_equal(setup_table(v1, 9, 1, list), GNTST_bad_domain);
	assert_int_equal(query(v1, 2).status, GNTST_permission_denied);
	assert_int_equal(query(v1, DOMID_XEN).status, GNTST_bad_domain);
	assert_int_equal(query(v0, 2).status, GNTST_okay);
	assert_int_equal(gnttab_get_frame(d1, 4, &mfn), -EINVAL);
	assert_int_equal(gnttab_get_frame(d1, ~0U, &mfn), -EINVAL);
}

static void test_versions(void **state)
{
	struct gnttab_set_version set = { .version = 2 };
	struct gnttab_get_version get = { .dom = DOMID_SELF };

	(void)state;
	assert_int_equal(call(v1, GNTTABOP_set_version, &set, 1), -ENOSYS);
	assert_int_equal(set.version, 1);
	assert_int_equal(call(v1, GNTTABOP_set_version, &set, 1), 0);
	set.version = 3;
	assert_int_equal(call(v1, GNTTABOP_set_version, &set, 1), -EINVAL);
	assert_int_equal(call(v1, GNTTABOP_get_version, &get, 1), 0);
	assert_int_equal(get.version, 1);
	get.dom = 2;
	assert_int_equal(call(v1, GNTTABOP_get_version, &get, 1), -EPERM);
	get.dom = 9;
	assert_int_equal(call(v1, GNTTABOP_get_version, &get, 1), -ESRCH);
}

static void test_unsupported(void **state)
{
	struct gnttab_get_status_frames st = { .dom = DOMID_SELF,
					       .nr_frames = 1 };
	struct gnttab_dump_table dump = { .dom = 1 };
	struct gnttab_transfer tr = { 0 };
	struct gnttab_cache_flush cf = { 0 };

	(void)state;
	assert_int_equal(call(v1, GNTTABOP_get_status_frames, &st, 1), 0);
	assert_int_equal(st.status, GNTST_general_error);
	assert_int_equal(call(v1, GNTTABOP_dump_table, &dump, 1), -EPERM);
	assert_int_equal(call(v0, GNTTABOP_dump_table, &dump, 1), 0);
	assert_int_equal(call(v1, GNTTABOP_transfer, &tr, 1), -ENOSYS);
	assert_int_equal(call(v1, GNTTABOP_cache_flush, &cf, 1), -EOPNOTSUPP);
}

static int swap(grant_ref_t a, grant_ref_t b)
{
	struct gnttab_swap_grant_ref op = { .ref_a = a, .ref_b = b };

	assert_int_equal(call(v1, GNTTABOP_swap_grant_ref, &op, 1), 0);
	return op.status;
}

static void test_swap(void **state)
{
	grant_handle_t handle;

	(void)state;
	grant(8, page1, GTF_permit_access);
	assert_int_equal(swap(8, 9), GNTST_okay);
	assert_int_equal(entry[8].flags, 0);
	assert_int_equal(entry[9].frame, mfn_x(page1));
	handle = map(v2, 1, 9, RO, 0x1000).handle;
	assert_int_equal(swap(8, 9), GNTST_eagain);
	assert_int_equal(swap(9, 9), GNTST_okay);
	assert_int_equal(unmap(v2, handle, 0x1000, 0), 0);
	assert_int_equal(swap(8, 9), GNTST_okay);
	assert_int_equal(swap(8, 512), GNTST_bad_gntref);
}

/* The granter rewrites the entry while it is in use: what was found when the
 * use began goes on to hold. */
static void test_entry_flips(void **state)
{
	struct gnttab_map_grant_ref a, b;

	(void)state;
	grant(8, page1, GTF_permit_access);
	a = map(v2, 1, 8, RO, 0x1000);
	memset(&entry[8], 0xff, sizeof(entry[8]));
	/* Another reader comes by what is kept. */
	b = map(v2, 1, 8, RO, 0x2000);
	assert_int_equal(b.status, GNTST_okay);
	assert_int_equal(b.dev_bus_addr, mfn_to_paddr(page1));
	/* A writer has to be let in by the entry as it is now. */
	assert_int_equal(map(v2, 1, 8, RW, 0x3000).status,
			 GNTST_general_error);
	memset(&entry[8], 0, sizeof(entry[8]));
	assert_int_equal(unmap(v2, b.handle, 0x2000, 0), 0);
	assert_int_equal(unmap(v2, a.handle, 0x1000, 0), 0);
	assert_int_equal(entry[8].flags, 0);
}

/* A mapper that dies with everything mapped; the granter may have died
 * before it. */
static void test_mapper_dies(void **state)
{
	unsigned int again = 0;
	int rc;

	(void)state;
	for (unsigned int i = 8; i < 264; i++) {
		grant(i, page1, GTF_permit_access);
		assert_int_equal(map(v2, 1, i, BOTH, 0x1000 * i).status, 0);
	}
	assert_int_equal(d1->refs, 257);
	d1->is_dying = true;
	assert_int_equal(map(v2, 1, 300, RW, 0x1000).status,
			 GNTST_bad_domain);
	host.preempt = true;
	while ((rc = gnttab_release_mappings(d2)) == -ERESTART)
		again++;
	host.preempt = false;
	assert_int_equal(rc, 0);
	assert_int_equal(again, 4);
	assert_int_equal(d1->refs, 1);
	assert_int_equal(entry[100].flags, GTF_permit_access);
}

static void test_every_allocation_fails_once(void **state)
{
	long n;
	int st;

	(void)state;
	grant(8, page1, GTF_permit_access);
	for (n = 0; n < 10; n++) {
		host.allocs_left = n;
		st = map(v2, 1, 8, RW, 0x1000).status;
		host.allocs_left = -1;
		if (!st)
			break;
		assert_int_equal(entry[8].flags, GTF_permit_access);
	}
	/* What was made stays, so each needs one less: the maptrack's table,
	 * its page with what is kept of the entries. */
	assert_int_equal(n, 2);

	for (n = 0; n < 10; n++) {
		struct domain *d = host_make_domain(5, 1);

		host.allocs_left = n;
		st = gnttab_init_domain(d, 4, 4);
		host.allocs_left = -1;
		gnttab_destroy_domain(d);
		host_free_domain(d);
		if (!st)
			break;
		assert_int_equal(st, -ENOMEM);
	}
	assert_int_equal(n, 4);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_map_unmap),
		T(test_readonly),
		T(test_map_refusals),
		T(test_frame_refusals),
		T(test_release_is_preemptible),
		T(test_granted_then_table),
		T(test_freed_while_mapped),
		T(test_unmap_parts),
		T(test_unmap_and_replace),
		T(test_flush_order),
		T(test_pins_do_not_wrap),
		T(test_maptrack_fills),
		T(test_copy),
		T(test_copy_refusals),
		T(test_batch_continues),
		T(test_batch_arguments),
		T(test_map_taken_back),
		T(test_sizes),
		T(test_versions),
		T(test_unsupported),
		T(test_swap),
		T(test_entry_flips),
		T(test_mapper_dies),
		T(test_every_allocation_fails_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
