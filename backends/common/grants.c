/* SPDX-License-Identifier: MIT */
/*
 * Grants by libxengnttab: its complaints are the guest's, and not printed.
 *
 * The near side of a copy is an address, which the kernel has to find the frame
 * of, page by page; or, in the area, a page that dom0 has granted to itself, of
 * which the hypervisor knows the frame. That saves more than the copy costs.
 */
#include "grants.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <xengnttab.h>
#include <xentoollog.h>
#include <xen/grant_table.h>

#define BATCH	256

struct grants {
	xengnttab_handle *handle;
	xentoollog_logger *quiet;
	uint32_t domid;
	xengntshr_handle *share;
	uint8_t *area;			/* NULL: nothing is shared */
	size_t area_bytes;
	uint32_t *area_refs;		/* of its pages */
	void *plain;			/* instead of an area */
	xengnttab_grant_copy_segment_t segs[BATCH];
	unsigned int op[BATCH];		/* whose segment it is */
};

static void drop_area(struct grants *g)
{
	if (g->area)
		xengntshr_unshare(g->share, g->area, g->area_bytes / GRANT_PAGE);
	if (g->share)
		xengntshr_close(g->share);
	free(g->area_refs);
	g->share = NULL;
	g->area_refs = NULL;
	g->area = NULL;
}

struct grants *grants_open(uint32_t domid)
{
	struct grants *g = calloc(1, sizeof(*g));
	int rc;

	if (!g)
		return NULL;
	g->domid = domid;
	g->quiet = (xentoollog_logger *)
		xtl_createlogger_stdiostream(stderr, XTL_CRITICAL, 0);
	g->handle = xengnttab_open(g->quiet, 0);
	if (g->handle)
		return g;
	rc = errno;
	grants_close(g);
	errno = rc;
	return NULL;
}

void grants_close(struct grants *g)
{
	drop_area(g);
	free(g->plain);
	if (g->handle)
		xengnttab_close(g->handle);
	if (g->quiet)
		xtl_logger_destroy(g->quiet);
	free(g);
}

void *grants_map(struct grants *g, const uint32_t *refs, unsigned int count,
		 bool writable)
{
	uint32_t copy[BATCH];
	unsigned int i;

	if (count > BATCH) {
		errno = E2BIG;
		return NULL;
	}
	for (i = 0; i < count; i++)
		copy[i] = refs[i];
	return xengnttab_map_domain_grant_refs(g->handle, count, g->domid, copy,
					       PROT_READ |
					       (writable ? PROT_WRITE : 0));
}

void grants_unmap(struct grants *g, void *at, unsigned int count)
{
	xengnttab_unmap(g->handle, at, count);
}

/* ---- the near side ------------------------------------------------------ */

static void *share_area(struct grants *g, uint32_t pages)
{
	g->share = xengntshr_open(g->quiet, 0);
	g->area_refs = calloc(pages, sizeof(*g->area_refs));
	if (!g->share || !g->area_refs)
		return NULL;
	return xengntshr_share_pages(g->share, 0, pages, g->area_refs, 1);
}

void *grants_area(struct grants *g, size_t bytes)
{
	g->area = share_area(g, bytes / GRANT_PAGE);
	g->area_bytes = bytes;
	if (g->area)
		return g->area;
	drop_area(g);
	g->plain = aligned_alloc(GRANT_PAGE, bytes);
	return g->plain;
}

/* How much of so many bytes the segment takes: all, but none crosses a page of
 * the area. */
static uint16_t near_side(const struct grants *g, uint8_t *at, uint16_t len,
			  union xengnttab_copy_ptr *side, bool *by_ref)
{
	uintptr_t from = at - g->area, left;

	*by_ref = g->area && from < g->area_bytes;
	if (!*by_ref) {
		side->virt = at;
		return len;
	}
	side->foreign.ref = g->area_refs[from / GRANT_PAGE];
	side->foreign.offset = from % GRANT_PAGE;
	side->foreign.domid = DOMID_SELF;
	left = GRANT_PAGE - from % GRANT_PAGE;
	return len < left ? len : left;
}

/* ---- copies ------------------------------------------------------------- */

/* What of op is not done yet, or a part of that; how much. */
static uint16_t fill(const struct grants *g, xengnttab_grant_copy_segment_t *s,
		     const struct grant_copy *op, uint16_t done)
{
	union xengnttab_copy_ptr near, far = { .foreign = {
		.ref = op->ref, .offset = op->offset + done,
		.domid = g->domid } };
	uint16_t far_flag = op->to_guest ? GNTCOPY_dest_gref :
		GNTCOPY_source_gref;
	bool by_ref;

	s->len = near_side(g, (uint8_t *)op->local + done, op->len - done,
			   &near, &by_ref);
	s->source = op->to_guest ? near : far;
	s->dest = op->to_guest ? far : near;
	s->flags = by_ref ? GNTCOPY_source_gref | GNTCOPY_dest_gref : far_flag;
	/* What the kernel never reached has failed. */
	s->status = GNTST_general_error;
	return s->len;
}

static void run(struct grants *g, struct grant_copy *ops, unsigned int count)
{
	int rc = xengnttab_grant_copy(g->handle, count, g->segs);
	unsigned int i;

	for (i = 0; i < count; i++)
		ops[g->op[i]].failed |= rc || g->segs[i].status != GNTST_okay;
}

void grants_copy(struct grants *g, struct grant_copy *ops, unsigned int count)
{
	unsigned int i = 0, n = 0;
	uint16_t done = 0;

	while (i < count) {
		if (!done)
			ops[i].failed = false;
		g->op[n] = i;
		done += fill(g, &g->segs[n++], &ops[i], done);
		if (done == ops[i].len) {
			done = 0;
			i++;
		}
		if (n == BATCH || i == count) {
			run(g, ops, n);
			n = 0;
		}
	}
}
