/*
 * Mapping others' grants: handles, map, unmap.
 *
 * A handle names an element of the mapper's maptrack table; it holds a
 * reference to the granter's domain.  A part of a mapping (the host's PTE,
 * the device's address) is there as long as its bit in flags is.
 *
 * Who changes an element claims it first (MAPTRACK_BUSY, under
 * maptrack_lock), so of two that undo the same part one finds nothing to do.
 * A claim lasts for one operation and is never held while another is made;
 * who finds it held waits, as for a lock.
 *
 * Unmapping has two steps.  First the PTE goes and the part's bit with it;
 * then, after one flush for the whole batch, the grant is unpinned: only then
 * does the granter learn that the page is its own again.
 */
#include "gnt_private.h"

#include <asm/bitops.h>
#include <hvx/console.h>
#include <hvx/frame.h>
#include <hvx/machine.h>

/* ---- handles ----------------------------------------------------------- */

static struct maptrack *track_of(struct grant_table *gt, grant_handle_t handle)
{
	unsigned long nr = gt->nr_track_pages * MAPTRACK_PER_PAGE;

	if (handle >= nr)
		return NULL;
	handle = index_clamp(handle, nr);
	return &gt->track[handle / MAPTRACK_PER_PAGE]
			 [handle % MAPTRACK_PER_PAGE];
}

static bool add_track_page(struct grant_table *gt)
{
	unsigned int first = gt->nr_track_pages * MAPTRACK_PER_PAGE;
	struct maptrack *page;

	if (gt->nr_track_pages >= gt->max_track_pages)
		return false;
	if (!gt->track)
		gt->track = heap_alloc(gt->max_track_pages *
				       sizeof(gt->track[0]));
	page = gt->track ? page_alloc() : NULL;
	if (!page)
		return false;
	for (unsigned int i = 0; i < MAPTRACK_PER_PAGE; i++)
		page[i].ref = first + i + 1;
	page[MAPTRACK_PER_PAGE - 1].ref = gt->free_handle;
	gt->free_handle = first;
	gt->track[gt->nr_track_pages++] = page;
	return true;
}

/* A handle of the caller's own, claimed; NO_HANDLE if there is none. */
static grant_handle_t handle_alloc(struct grant_table *gt)
{
	grant_handle_t handle = NO_HANDLE;

	spin_lock(&gt->maptrack_lock);
	if (gt->free_handle != NO_HANDLE || add_track_page(gt)) {
		struct maptrack *m;

		handle = gt->free_handle;
		m = track_of(gt, handle);
		gt->free_handle = m->ref;
		m->flags = MAPTRACK_BUSY;
		gt->handles++;
	}
	spin_unlock(&gt->maptrack_lock);
	return handle;
}

/* The element of a mapping, claimed; NULL if there is no such mapping. */
static struct maptrack *handle_claim(struct grant_table *gt,
				     grant_handle_t handle)
{
	for (;;) {
		struct maptrack *m;
		uint32_t flags;

		spin_lock(&gt->maptrack_lock);
		m = track_of(gt, handle);
		flags = m ? m->flags : 0;
		/* Also while being made: nobody was told of it yet. */
		if (!(flags & MAPTRACK_PARTS))
			m = NULL;
		else if (!(flags & MAPTRACK_BUSY))
			m->flags |= MAPTRACK_BUSY;
		spin_unlock(&gt->maptrack_lock);
		if (!m || !(flags & MAPTRACK_BUSY))
			return m;
		machine_relax();
	}
}

/* End of a claim: these flags are left; with no part the handle is free. */
static void handle_release(struct grant_table *gt, grant_handle_t handle,
			   uint32_t flags)
{
	struct maptrack *m = track_of(gt, handle);

	spin_lock(&gt->maptrack_lock);
	if (flags & MAPTRACK_PARTS) {
		m->flags = flags & ~MAPTRACK_BUSY;
	} else {
		m->flags = 0;
		m->granter = NULL;
		m->ref = gt->free_handle;
		gt->free_handle = handle;
		gt->handles--;
	}
	spin_unlock(&gt->maptrack_lock);
}

/* ---- map --------------------------------------------------------------- */

/* rd is referenced; on success the reference is the mapping's. */
static int map_of(struct vcpu *v, struct gnttab_map_grant_ref *op,
		  struct domain *rd, grant_handle_t handle)
{
	struct maptrack *m = track_of(v->d->grants, handle);
	mfn_t mfn;
	int rc;

	rc = grant_pin(rd, op->ref, v->d->id, grant_part_pins(op->flags), &mfn);
	if (rc)
		return rc;
	if (op->flags & GNTMAP_host_map)
		rc = grant_pte_install(v, op->host_addr, mfn, op->flags);
	if (rc) {
		grant_unpin(rd, op->ref, grant_part_pins(op->flags));
		return rc;
	}
	op->dev_bus_addr = mfn_to_paddr(mfn);
	m->granter = rd;
	m->ref = op->ref;
	return GNTST_okay;
}

int grant_map_one(struct vcpu *v, struct gnttab_map_grant_ref *op)
{
	struct grant_table *gt = v->d->grants;
	grant_handle_t handle;
	struct domain *rd;
	int rc;

	if (!(op->flags & MAPTRACK_PARTS))
		return GNTST_bad_gntref;
	rd = domain_get_by_id(op->dom);
	if (!rd)
		return GNTST_bad_domain;
	handle = handle_alloc(gt);
	if (handle == NO_HANDLE) {
		domain_put(rd);
		return GNTST_no_space;
	}
	rc = map_of(v, op, rd, handle);
	handle_release(gt, handle, rc ? 0 : op->flags & MAPTRACK_FLAGS);
	if (rc)
		domain_put(rd);
	else
		op->handle = handle;
	return rc;
}

/* ---- unmap ------------------------------------------------------------- */

/* Flush once, then end all uses: only now the granters are told. */
static void batch_end(struct domain *d, struct unmap_batch *batch)
{
	if (batch->flush)
		tlb_flush_mask(READ_ONCE(d->dirty_cpus));
	for (unsigned int i = 0; i < batch->nr; i++) {
		grant_unpin(batch->item[i].granter, batch->item[i].ref,
			    batch->item[i].pins);
		domain_put(batch->item[i].granter);
	}
	batch->nr = 0;
	batch->flush = false;
}

static void batch_add(struct unmap_batch *batch, struct domain *granter,
		      grant_ref_t ref, uint32_t pins)
{
	batch->item[batch->nr].granter = granter;
	batch->item[batch->nr].ref = ref;
	batch->item[batch->nr].pins = pins;
	batch->nr++;
}

/* Undo the parts that were asked for; m is claimed.  *left: what remains. */
static int unmap_parts(struct vcpu *v, const struct maptrack *m,
		       uint64_t host_addr, uint64_t dev_addr,
		       uint64_t new_addr, uint32_t *left)
{
	mfn_t mfn = grant_frame_of(m->granter, m->ref);
	uint32_t flags = *left;
	int rc;

	if (dev_addr && (flags & GNTMAP_device_map) &&
	    dev_addr != mfn_to_paddr(mfn))
		return GNTST_bad_dev_addr;
	if (host_addr && (flags & GNTMAP_host_map)) {
		rc = grant_pte_remove(v, host_addr, mfn, flags, new_addr);
		if (rc)
			return rc;
		*left &= ~GNTMAP_host_map;
	}
	if (dev_addr)
		*left &= ~GNTMAP_device_map;
	if (*left == flags && (host_addr || dev_addr))
		return GNTST_bad_handle;	/* it hasn't got that part */
	return GNTST_okay;
}

/* The claim on m ends with what is left; what went is pinned until the batch
 * is flushed. */
static void retire(struct grant_table *gt, grant_handle_t handle,
		   const struct maptrack *m, uint32_t left,
		   struct unmap_batch *batch)
{
	uint32_t gone = (m->flags ^ left) & MAPTRACK_PARTS;
	struct domain *granter = m->granter;

	if (gone) {
		domain_get(granter);
		batch_add(batch, granter, m->ref,
			  grant_part_pins(gone | (m->flags & GNTMAP_readonly)));
		batch->flush |= gone & GNTMAP_host_map;
	}
	handle_release(gt, handle, left);
	if (!(left & MAPTRACK_PARTS))
		domain_put(granter);
}

int grant_unmap_one(struct vcpu *v, grant_handle_t handle, uint64_t host_addr,
		    uint64_t dev_addr, uint64_t new_addr,
		    struct unmap_batch *batch)
{
	struct grant_table *gt = v->d->grants;
	struct maptrack *m = handle_claim(gt, handle);
	uint32_t left;
	int rc;

	if (!m)
		return GNTST_bad_handle;
	left = m->flags & ~MAPTRACK_BUSY;
	rc = unmap_parts(v, m, host_addr, dev_addr, new_addr, &left);
	retire(gt, handle, m, left, batch);
	return rc;
}

void grant_unmap_flush(struct vcpu *v, struct unmap_batch *batch)
{
	batch_end(v->d, batch);
}

/* ---- the mapper's end, audit ------------------------------------------- */

/* Its page tables go without a look at grant entries; nothing of it runs. */
static void release_one(struct domain *d, grant_handle_t handle,
			struct unmap_batch *batch)
{
	struct maptrack *m = handle_claim(d->grants, handle);

	if (m)
		retire(d->grants, handle, m,
		       m->flags & ~(MAPTRACK_PARTS | MAPTRACK_BUSY), batch);
}

int gnttab_release_mappings(struct domain *d)
{
	struct unmap_batch batch = { 0 };
	struct grant_table *gt = d->grants;
	unsigned int nr;

	if (!gt)
		return 0;
	nr = gt->nr_track_pages * MAPTRACK_PER_PAGE;
	while (gt->nr_released < nr && READ_ONCE(gt->handles)) {
		release_one(d, gt->nr_released++, &batch);
		if (gt->nr_released % UNMAP_BATCH)
			continue;
		batch_end(d, &batch);
		if (gt->nr_released % 64 == 0 && preempt_needed())
			return -ERESTART;
	}
	batch_end(d, &batch);
	gt->nr_released = 0;
	return 0;
}

void maptrack_free(struct grant_table *gt)
{
	for (unsigned int i = 0; i < gt->nr_track_pages; i++)
		page_free(gt->track[i]);
	heap_free(gt->track);
}

static unsigned long audit_element(const struct domain *d,
				   const struct maptrack *m)
{
	if (!m->flags)
		return m->granter != NULL;
	if ((m->flags & MAPTRACK_BUSY) || !m->granter ||
	    !(m->flags & MAPTRACK_PARTS)) {
		printk(LOG_ERR "d%u: a mapping with flags %#x\n", d->id,
		       m->flags);
		return 1;
	}
	return !grant_has_pins(m->granter, m->ref, d->id,
			       grant_part_pins(m->flags));
}

unsigned long maptrack_audit(struct domain *d)
{
	struct grant_table *gt = d->grants;
	unsigned int nr = gt->nr_track_pages * MAPTRACK_PER_PAGE;
	unsigned int used = 0, nr_free = 0;
	unsigned long bad = 0;

	for (grant_handle_t h = 0; h < nr; h++) {
		bad += audit_element(d, track_of(gt, h));
		used += track_of(gt, h)->flags != 0;
	}
	for (grant_handle_t h = gt->free_handle; h != NO_HANDLE;) {
		const struct maptrack *m = track_of(gt, h);

		if (!m || m->flags || ++nr_free > nr)
			return bad + 1;
		h = m->ref;
	}
	return bad + (used != gt->handles) + (used + nr_free != nr);
}
