/* SPDX-License-Identifier: MIT */
/* Grants by libxengnttab: its complaints are the guest's, and not printed. */
#include "grants.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <xengnttab.h>
#include <xentoollog.h>
#include <xen/grant_table.h>

#define BATCH	64

struct grants {
	xengnttab_handle *handle;
	xentoollog_logger *quiet;
	uint32_t domid;
	xengnttab_grant_copy_segment_t segs[BATCH];
};

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

static void fill(const struct grants *g, xengnttab_grant_copy_segment_t *s,
		 const struct grant_copy *op)
{
	union xengnttab_copy_ptr guest = { .foreign = {
		.ref = op->ref, .offset = op->offset, .domid = g->domid } };
	union xengnttab_copy_ptr local = { .virt = op->local };

	s->source = op->to_guest ? local : guest;
	s->dest = op->to_guest ? guest : local;
	s->len = op->len;
	s->flags = op->to_guest ? GNTCOPY_dest_gref : GNTCOPY_source_gref;
	/* What the kernel never reached has failed. */
	s->status = GNTST_general_error;
}

static void copy_some(struct grants *g, struct grant_copy *ops,
		      unsigned int count)
{
	unsigned int i;
	int rc;

	for (i = 0; i < count; i++)
		fill(g, &g->segs[i], &ops[i]);
	rc = xengnttab_grant_copy(g->handle, count, g->segs);
	for (i = 0; i < count; i++)
		ops[i].failed = rc || g->segs[i].status != GNTST_okay;
}

void grants_copy(struct grants *g, struct grant_copy *ops, unsigned int count)
{
	unsigned int n;

	for (; count; count -= n, ops += n) {
		n = count < BATCH ? count : BATCH;
		copy_some(g, ops, n);
	}
}
