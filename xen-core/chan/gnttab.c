/*
 * Grant tables, version 1: a domain's entries and their use.
 *
 * An entry lies in memory that the granter may write at any time.  It is read
 * when its use begins: flags and domid as one word that a compare and swap
 * turns into "in use", then the frame, once.  What was found is kept in
 * grant_active, and all further uses go by that, until the last one ends and
 * the in-use bits are cleared: the granter may then take the frame back.
 *
 * Invariants (gnttab_audit):
 *  - each part of each mapping, in any domain's maptrack, is one count in the
 *    pins of one active entry, and one reference to its frame: of the type
 *    WRITABLE if it may write, a plain one if not;
 *  - an idle entry has no pins; copies pin for their duration.
 *
 * grant_table.lock nests inside domain.lock; nothing is taken inside it but
 * the allocator's locks.
 */
#include "gnt_private.h"

#include <asm/bitops.h>
#include <hvx/console.h>
#include <hvx/frame.h>
#include <hvx/machine.h>

/* What a v1 entry may carry when it grants access. */
#define PERMIT_FLAGS_REFUSED GTF_sub_page
#define STATUS_TRIES	     5

/* ---- entries ----------------------------------------------------------- */

static unsigned int nr_entries(const struct grant_table *gt)
{
	return gt->nr_frames * ENTRIES_PER_FRAME;
}

/* ref must be below nr_entries(); the lock is held. */
static struct grant_entry_v1 *shared_entry(struct grant_table *gt,
					   grant_ref_t ref)
{
	ref = index_clamp(ref, nr_entries(gt));
	return &gt->frames[ref / ENTRIES_PER_FRAME][ref % ENTRIES_PER_FRAME];
}

/* NULL: never used. */
static struct grant_active *active_entry(struct grant_table *gt,
					 grant_ref_t ref)
{
	struct grant_active *page;

	ref = index_clamp(ref, nr_entries(gt));
	page = gt->active[ref / ACTIVE_PER_PAGE];
	return page ? &page[ref % ACTIVE_PER_PAGE] : NULL;
}

static struct grant_active *active_entry_make(struct grant_table *gt,
					      grant_ref_t ref)
{
	struct grant_active **page = &gt->active[ref / ACTIVE_PER_PAGE];

	if (!*page)
		*page = page_alloc();
	return active_entry(gt, ref);
}

/* Flags and domid are one naturally aligned word. */
static uint32_t *flags_word(struct grant_entry_v1 *e)
{
	return (uint32_t *)(void *)e;
}

/* Check that the entry lets `user` in, and mark it in use. */
static int mark_in_use(struct grant_entry_v1 *e, domid_t user, bool write)
{
	uint32_t mark = GTF_reading | (write ? GTF_writing : 0);
	uint32_t *word = flags_word(e);

	for (int i = 0; i < STATUS_TRIES; i++) {
		uint32_t old = READ_ONCE(*word);

		if ((old & GTF_type_mask) != GTF_permit_access ||
		    (old & PERMIT_FLAGS_REFUSED) || old >> 16 != user)
			return GNTST_general_error;
		if (write && (old & GTF_readonly))
			return GNTST_general_error;
		if (__atomic_compare_exchange_n(word, &old, old | mark, false,
						__ATOMIC_SEQ_CST,
						__ATOMIC_RELAXED))
			return GNTST_okay;
	}
	return GNTST_general_error;	/* the granter won't leave it alone */
}

static void clear_marks(struct grant_entry_v1 *e, uint32_t pin)
{
	if (!(pin & PIN_WRITES))
		bit32_test_and_clear(flags_word(e), _GTF_writing);
	if (!pin)
		bit32_test_and_clear(flags_word(e), _GTF_reading);
}

/* ---- pin and unpin ----------------------------------------------------- */

static bool pins_would_wrap(uint32_t pin, uint32_t more)
{
	for (unsigned int shift = 0; shift < 32; shift += 8)
		if ((more >> shift & 0xff) && (pin >> shift & 0xff) == 0xff)
			return true;
	return false;
}

static unsigned int nr_pins(uint32_t pins)
{
	return !!(pins & 0xff) + !!(pins & 0xff00) + !!(pins & 0xff0000) +
	       !!(pins & 0xff000000);
}

static void put_frames(mfn_t mfn, bool write, unsigned int n)
{
	while (n--) {
		if (write)
			frame_put_writable(mfn);
		else
			frame_put(mfn);
	}
}

/* n references to a frame of rd's, which it may grant: RAM of its own, not
 * what the core shares with it. */
static int get_frames(const struct domain *rd, mfn_t mfn, bool write,
		      unsigned int n)
{
	unsigned int got;

	for (got = 0; got < n; got++) {
		bool ok = write ? frame_get_writable(mfn, rd)
				: frame_get(mfn, rd);

		if (!ok)
			break;
	}
	if (got == n && !frame_is_shared(mfn))
		return GNTST_okay;
	put_frames(mfn, write, got);
	return GNTST_general_error;
}

static int pin_locked(struct domain *rd, grant_ref_t ref, domid_t user,
		      uint32_t pins, mfn_t *mfn)
{
	struct grant_table *gt = rd->grants;
	struct grant_entry_v1 *e;
	struct grant_active *act;
	bool write = pins & PIN_WRITES;
	uint32_t frame;
	int rc;

	if (ref >= nr_entries(gt))
		return GNTST_bad_gntref;
	e = shared_entry(gt, ref);
	act = active_entry_make(gt, ref);
	if (!act)
		return GNTST_general_error;
	if (act->pin && (act->user != user || pins_would_wrap(act->pin, pins)))
		return GNTST_general_error;

	if (!act->pin || (write && !(act->pin & PIN_WRITES))) {
		rc = mark_in_use(e, user, write);
		if (rc)
			return rc;
	}
	frame = act->pin ? act->frame : READ_ONCE(e->frame);
	rc = get_frames(rd, _mfn(frame), write, nr_pins(pins));
	if (rc) {
		clear_marks(e, act->pin);
		return rc;
	}
	act->frame = frame;
	act->user = user;
	act->pin += pins;
	*mfn = _mfn(frame);
	return GNTST_okay;
}

int grant_pin(struct domain *rd, grant_ref_t ref, domid_t user, uint32_t pins,
	      mfn_t *mfn)
{
	int rc;

	if (!rd->grants || rd->is_dying)
		return GNTST_bad_domain;
	spin_lock(&rd->grants->lock);
	rc = pin_locked(rd, ref, user, pins, mfn);
	spin_unlock(&rd->grants->lock);
	return rc;
}

void grant_unpin(struct domain *rd, grant_ref_t ref, uint32_t pins)
{
	struct grant_table *gt = rd->grants;
	struct grant_active *act;

	spin_lock(&gt->lock);
	act = active_entry(gt, ref);
	BUG_ON(!act || act->pin < pins);
	act->pin -= pins;
	put_frames(_mfn(act->frame), pins & PIN_WRITES, nr_pins(pins));
	clear_marks(shared_entry(gt, ref), act->pin);
	spin_unlock(&gt->lock);
}

mfn_t grant_frame_of(struct domain *rd, grant_ref_t ref)
{
	return _mfn(active_entry(rd->grants, ref)->frame);
}

bool grant_has_pins(struct domain *rd, grant_ref_t ref, domid_t user,
		    uint32_t pins)
{
	const struct grant_active *act = active_entry(rd->grants, ref);

	if (!act || act->user != user)
		return false;
	for (unsigned int shift = 0; shift < 32; shift += 8)
		if ((act->pin >> shift & 0xff) < (pins >> shift & 0xff))
			return false;
	return true;
}

/* ---- size -------------------------------------------------------------- */

static int grow_locked(struct domain *d, unsigned int frames)
{
	struct grant_table *gt = d->grants;

	if (frames > gt->max_frames)
		return -EINVAL;
	while (gt->nr_frames < frames) {
		void *page = page_alloc();

		if (!page)
			return -ENOMEM;
		frame_share_with(virt_to_mfn(page), d);
		gt->frames[gt->nr_frames++] = page;
	}
	return 0;
}

int grant_grow(struct domain *d, unsigned int frames)
{
	int rc;

	spin_lock(&d->grants->lock);
	rc = grow_locked(d, frames);
	spin_unlock(&d->grants->lock);
	return rc;
}

int gnttab_get_frame(struct domain *d, unsigned int idx, mfn_t *mfn)
{
	struct grant_table *gt = d->grants;
	int rc;

	if (!gt || idx >= gt->max_frames)
		return -EINVAL;
	spin_lock(&gt->lock);
	rc = grow_locked(d, idx + 1);
	if (!rc)
		*mfn = virt_to_mfn(gt->frames[index_clamp(idx, gt->nr_frames)]);
	spin_unlock(&gt->lock);
	return rc;
}

unsigned int gnttab_max_frames(struct domain *d)
{
	return d->grants ? d->grants->max_frames : 0;
}

/* ---- swap ---------------------------------------------------------------- */

static bool is_idle(struct grant_table *gt, grant_ref_t ref)
{
	struct grant_active *act = active_entry(gt, ref);

	return !act || !act->pin;
}

static int swap_locked(struct grant_table *gt, grant_ref_t a, grant_ref_t b)
{
	struct grant_entry_v1 tmp;

	if (a >= nr_entries(gt) || b >= nr_entries(gt))
		return GNTST_bad_gntref;
	if (a == b)
		return GNTST_okay;
	if (!is_idle(gt, a) || !is_idle(gt, b))
		return GNTST_eagain;
	tmp = *shared_entry(gt, a);
	*shared_entry(gt, a) = *shared_entry(gt, b);
	*shared_entry(gt, b) = tmp;
	return GNTST_okay;
}

int grant_swap(struct grant_table *gt, grant_ref_t a, grant_ref_t b)
{
	int rc;

	spin_lock(&gt->lock);
	rc = swap_locked(gt, a, b);
	spin_unlock(&gt->lock);
	return rc;
}

/* ---- birth, death, audit ----------------------------------------------- */

#define DEFAULT_FRAMES	 64
#define DEFAULT_MAPTRACK 1024
#define MOST_FRAMES	 32768	/* more entries than a ref can be sane for */

static unsigned int active_pages(unsigned int frames)
{
	return DIV_ROUND_UP(frames * ENTRIES_PER_FRAME, ACTIVE_PER_PAGE);
}

static void free_table(struct grant_table *gt)
{
	if (gt->frames)
		for (unsigned int i = 0; i < gt->nr_frames; i++)
			frame_unshare(virt_to_mfn(gt->frames[i]));
	if (gt->active)
		for (unsigned int i = 0; i < active_pages(gt->max_frames); i++)
			page_free(gt->active[i]);
	heap_free(gt->frames);
	heap_free(gt->active);
	maptrack_free(gt);
	heap_free(gt);
}

int gnttab_init_domain(struct domain *d, unsigned int max_frames,
		       unsigned int max_maptrack)
{
	struct grant_table *gt = heap_alloc(sizeof(*gt));
	int rc = -ENOMEM;

	if (!gt)
		return -ENOMEM;
	gt->max_frames = MIN(max_frames ? max_frames : DEFAULT_FRAMES,
			     (unsigned int)MOST_FRAMES);
	gt->max_track_pages = MIN(max_maptrack ? max_maptrack
					       : DEFAULT_MAPTRACK,
				  (unsigned int)MOST_FRAMES);
	gt->free_handle = NO_HANDLE;
	gt->frames = heap_alloc(gt->max_frames * sizeof(gt->frames[0]));
	gt->active = heap_alloc(active_pages(gt->max_frames) *
				sizeof(gt->active[0]));
	if (!gt->frames || !gt->active)
		goto out_free;
	d->grants = gt;
	rc = grow_locked(d, 1);
	if (!rc)
		return 0;
	d->grants = NULL;
out_free:
	free_table(gt);
	return rc;
}

void gnttab_destroy_domain(struct domain *d)
{
	struct grant_table *gt = d->grants;

	d->grants = NULL;
	if (gt)
		free_table(gt);
}

/* What a domain's maptrack says it uses of one of granter's entries. */
static uint32_t pins_held_by(const struct grant_table *gt,
			     const struct domain *granter, grant_ref_t ref)
{
	uint32_t pins = 0;

	for (unsigned int p = 0; gt && p < gt->nr_track_pages; p++) {
		for (unsigned int i = 0; i < MAPTRACK_PER_PAGE; i++) {
			const struct maptrack *m = &gt->track[p][i];

			if (m->granter == granter && m->ref == ref)
				pins += grant_part_pins(m->flags);
		}
	}
	return pins;
}

static uint32_t pins_wanted(struct domain *d, const struct grant_active *act,
			    grant_ref_t ref)
{
	struct domain *user = domain_get_by_id(act->user);
	uint32_t pins;

	if (!user)
		return 0;
	pins = pins_held_by(user->grants, d, ref);
	domain_put(user);
	return pins;
}

unsigned long gnttab_audit(struct domain *d)
{
	struct grant_table *gt = d->grants;
	unsigned long bad = 0;

	if (!gt)
		return 0;
	bad += gt->nr_frames > gt->max_frames;
	for (grant_ref_t ref = 0; ref < nr_entries(gt); ref++) {
		const struct grant_active *act = active_entry(gt, ref);

		if (!act || !act->pin)
			continue;
		if (act->pin != pins_wanted(d, act, ref)) {
			printk(LOG_ERR "d%u: grant %u: pins %#x are wrong\n",
			       d->id, ref, act->pin);
			bad++;
		}
	}
	return bad + maptrack_audit(d);
}

void gnttab_dump(struct domain *d)
{
	struct grant_table *gt = d->grants;

	if (!gt)
		return;
	printk("d%u: grant table of %u frames (at most %u), %u mappings\n",
	       d->id, gt->nr_frames, gt->max_frames, gt->handles);
	for (grant_ref_t ref = 0; ref < nr_entries(gt); ref++) {
		const struct grant_active *act = active_entry(gt, ref);

		if (act && act->pin)
			printk("  %u: frame %#x to d%u, pins %08x\n", ref,
			       act->frame, act->user, act->pin);
	}
}

void gnttab_each_ref(struct domain *d, frame_ref_fn fn, void *ctx)
{
	struct grant_table *gt = d->grants;

	for (grant_ref_t ref = 0; gt && ref < nr_entries(gt); ref++) {
		const struct grant_active *a = active_entry(gt, ref);

		for (unsigned int s = 0; a && s < 32; s += 8)
			for (uint32_t n = a->pin >> s & 0xff; n; n--)
				fn(ctx, _mfn(a->frame),
				   PIN_WRITES >> s & 0xff);
	}
}
