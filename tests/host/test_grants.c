/* SPDX-License-Identifier: MIT */
/*
 * Copies from and to granted pages, as they are asked of the kernel: in the
 * shared area by grant, none across a page; elsewhere by address.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xengnttab.h>
#include <xentoollog.h>
#include <xen/grant_table.h>
#include "backends/common/grants.h"

#define PAGES	4u
#define DOMID	7
#define FIRST	100u			/* the area's first page's reference */
#define SEGS	1200u

/* ---- libxengnttab's calls ----------------------------------------------- */

static struct {
	xengnttab_grant_copy_segment_t seg[SEGS];
	unsigned int segs, calls;
	bool no_share, refused;
	unsigned int bad;		/* the segment that fails, from 1 */
	uint8_t *area;
} kernel;

xengnttab_handle *xengnttab_open(xentoollog_logger *logger, unsigned int flags)
{
	(void)logger;
	(void)flags;
	return (xengnttab_handle *)(void *)&kernel;
}

int xengnttab_close(xengnttab_handle *h)
{
	(void)h;
	return 0;
}

void *xengnttab_map_domain_grant_refs(xengnttab_handle *h, uint32_t count,
				      uint32_t domid, uint32_t *refs, int prot)
{
	(void)h;
	(void)count;
	(void)domid;
	(void)refs;
	(void)prot;
	return NULL;
}

int xengnttab_unmap(xengnttab_handle *h, void *at, uint32_t count)
{
	(void)h;
	(void)at;
	(void)count;
	return 0;
}

int xengnttab_grant_copy(xengnttab_handle *h, uint32_t count,
			 xengnttab_grant_copy_segment_t *segs)
{
	uint32_t i;

	(void)h;
	kernel.calls++;
	assert_true(count > 0);
	if (kernel.refused) {
		errno = EINVAL;
		return -1;
	}
	for (i = 0; i < count; i++) {
		kernel.seg[kernel.segs++] = segs[i];
		segs[i].status = kernel.segs == kernel.bad ?
			GNTST_bad_gntref : GNTST_okay;
	}
	return 0;
}

xengntshr_handle *xengntshr_open(xentoollog_logger *logger, unsigned int flags)
{
	(void)logger;
	(void)flags;
	return kernel.no_share ? NULL : (xengntshr_handle *)(void *)&kernel;
}

int xengntshr_close(xengntshr_handle *h)
{
	(void)h;
	return 0;
}

void *xengntshr_share_pages(xengntshr_handle *h, uint32_t domid, int count,
			    uint32_t *refs, int writable)
{
	int i;

	(void)h;
	assert_int_equal(domid, 0);
	assert_true(writable);
	for (i = 0; i < count; i++)
		refs[i] = FIRST + i;
	kernel.area = aligned_alloc(GRANT_PAGE, (size_t)count * GRANT_PAGE);
	return kernel.area;
}

int xengntshr_unshare(xengntshr_handle *h, void *at, uint32_t count)
{
	(void)h;
	assert_ptr_equal(at, kernel.area);
	assert_int_equal(count, PAGES);
	free(at);
	return 0;
}

/* ---- the tests ---------------------------------------------------------- */

static struct grants *g;
static uint8_t *area;

static void begin(bool share)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.no_share = !share;
	g = grants_open(DOMID);
	assert_non_null(g);
	area = grants_area(g, PAGES * GRANT_PAGE);
	assert_non_null(area);
}

static void by_grant(unsigned int i, uint32_t page, uint32_t offset,
		     uint32_t len)
{
	xengnttab_grant_copy_segment_t *s = &kernel.seg[i];

	assert_int_equal(s->flags, GNTCOPY_source_gref | GNTCOPY_dest_gref);
	assert_int_equal(s->source.foreign.domid, DOMID_SELF);
	assert_int_equal(s->source.foreign.ref, FIRST + page);
	assert_int_equal(s->source.foreign.offset, offset);
	assert_int_equal(s->dest.foreign.domid, DOMID);
	assert_int_equal(s->len, len);
}

static void within_the_area(void **state)
{
	struct grant_copy op[2] = {
		{ .local = NULL, .ref = 3, .offset = 8, .len = 4000,
		  .to_guest = true },
		{ .local = NULL, .ref = 4, .offset = 0, .len = 4096,
		  .to_guest = true },
	};

	(void)state;
	begin(true);
	op[0].local = area + 4000;
	op[1].local = area + 2 * 4096;
	grants_copy(g, op, 2);
	assert_int_equal(kernel.calls, 1);
	assert_int_equal(kernel.segs, 3);
	by_grant(0, 0, 4000, 96);
	assert_int_equal(kernel.seg[0].dest.foreign.ref, 3);
	assert_int_equal(kernel.seg[0].dest.foreign.offset, 8);
	by_grant(1, 1, 0, 3904);
	assert_int_equal(kernel.seg[1].dest.foreign.ref, 3);
	assert_int_equal(kernel.seg[1].dest.foreign.offset, 104);
	by_grant(2, 2, 0, 4096);
	assert_false(op[0].failed);
	assert_false(op[1].failed);
	grants_close(g);
}

static void elsewhere(void **state)
{
	static uint8_t other[8192];
	struct grant_copy op = { .local = other + 4000, .ref = 3, .offset = 96,
				 .len = 4000 };
	unsigned int share;

	(void)state;
	for (share = 0; share < 2; share++) {
		begin(share);
		/* Without the device the area is memory like any other. */
		if (!share)
			op.local = area + 4000;
		grants_copy(g, &op, 1);
		assert_int_equal(kernel.segs, 1);
		assert_int_equal(kernel.seg[0].flags, GNTCOPY_source_gref);
		assert_ptr_equal(kernel.seg[0].dest.virt, op.local);
		assert_int_equal(kernel.seg[0].source.foreign.ref, 3);
		assert_int_equal(kernel.seg[0].source.foreign.offset, 96);
		assert_int_equal(kernel.seg[0].len, 4000);
		assert_false(op.failed);
		op.local = other + 4000;
		grants_close(g);
	}
}

/* More than one call takes, each of two pieces; the one whose second piece can't
 * be copied has failed, its neighbours have not. */
static void many(void **state)
{
	static struct grant_copy op[500];
	unsigned int i;

	(void)state;
	begin(true);
	for (i = 0; i < 500; i++)
		op[i] = (struct grant_copy){ .local = area + 4090, .ref = i,
					     .len = 60, .failed = true };
	kernel.bad = 2 * 128 + 2;
	grants_copy(g, op, 500);
	assert_int_equal(kernel.segs, 1000);
	for (i = 0; i < 500; i++)
		assert_int_equal(op[i].failed, i == 128);
	kernel.refused = true;
	grants_copy(g, op, 500);
	for (i = 0; i < 500; i++)
		assert_true(op[i].failed);
	grants_close(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(within_the_area), cmocka_unit_test(elsewhere),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
