/*
 * Frame words: owner, references and type of every machine frame, each change
 * one compare and swap (the layout is in hvx/frame.h).
 *
 * A table goes NONE -> BUSY -> VALID when it is first referenced as one: BUSY
 * means that one CPU is at work on it, and no more than a bounded time; others
 * that want the same type wait.  If the work must stop for something more
 * urgent the frame is left PARTIAL, and whoever needs it next goes on: since
 * "entries 0..n-1 hold their references" is all there is to know, it makes no
 * difference whether the table was being built or undone.  Two marks in the
 * spare bits of tcount say what is owed:
 *
 *   HELD    it was being undone for a holder who still has his reference and
 *           will call frame_put_type() again
 *   FAILED  an entry was refused; once undone the answer is -EINVAL
 *
 * BUSY and PARTIAL frames hold one plain reference, so they stay allocated.
 *
 * Levels only go down (no table refers to one of its own level), so waiting
 * for a BUSY frame of a lower level can't be circular, and recursion is at
 * most four deep.
 *
 * Translations: before a frame takes a new type after another, and whenever
 * it is freed (read-only mappings have no type), the CPUs that may hold
 * translations of its owner are flushed.
 */
#include <hvx/frame.h>

#include <hvx/console.h>
#include <hvx/domain.h>
#include <hvx/machine.h>
#include <hvx/pv.h>

#define REFS_ONE     ((uint64_t)1)
#define REFS_MASK    ((uint64_t)0x1ffffff)
#define TC_SHIFT     25
#define TC_ONE	     ((uint64_t)1 << TC_SHIFT)
#define TC_MAX	     ((uint64_t)0xfffff)
#define TC_MASK	     (TC_MAX << TC_SHIFT)
#define ALLOC	     ((uint64_t)1 << 45)
#define PINNED	     ((uint64_t)1 << 46)
#define STATE_SHIFT  FRAME_STATE_SHIFT
#define STATE_MASK   ((uint64_t)3 << STATE_SHIFT)
#define TYPE_SHIFT   FRAME_TYPE_SHIFT
#define TYPE_MASK    ((uint64_t)7 << TYPE_SHIFT)
#define OWNER_SHIFT  FRAME_OWNER_SHIFT
#define HELD	     ((uint64_t)1 << (TC_SHIFT + 19))
#define FAILED	     ((uint64_t)1 << (TC_SHIFT + 18))
#define ENTRIES_MASK ((uint64_t)0x3ff << TC_SHIFT)

#define STATE(s) ((uint64_t)(s) << STATE_SHIFT)
#define TYPE(t)	 ((uint64_t)(t) << TYPE_SHIFT)

static inline unsigned int w_owner(uint64_t w)
{
	return (unsigned int)(w >> OWNER_SHIFT);
}

static inline enum frame_type w_type(uint64_t w)
{
	return (enum frame_type)(w >> TYPE_SHIFT & 7);
}

static inline enum frame_state w_state(uint64_t w)
{
	return (enum frame_state)(w >> STATE_SHIFT & 3);
}

/* Nothing holds it: it is on its way to the free list. */
static inline bool w_dead(uint64_t w)
{
	return !(w & (REFS_MASK | TC_MASK | ALLOC));
}

/* A core page shared with its owner (frame_share_with): never pinned, so the
 * bit is free to say that it isn't part of a reservation. */
static inline bool w_shared(uint64_t w)
{
	return (w & PINNED) && w_type(w) == FT_WRITABLE;
}

static inline bool is_table(enum frame_type t)
{
	return t >= FT_L1 && t <= FT_L4;
}

static inline uint64_t *word(mfn_t mfn)
{
	return &mfn_to_frame(mfn)->word;
}

static inline uint64_t load(const uint64_t *w)
{
	return __atomic_load_n(w, __ATOMIC_RELAXED);
}

/* On failure *old is what is there now. */
static inline bool swap(uint64_t *w, uint64_t *old, uint64_t new)
{
	return __atomic_compare_exchange_n(w, old, new, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

bool frame_is_pinned(const struct frame *fr)
{
	uint64_t w = load(&fr->word);

	return (w & PINNED) && is_table(w_type(w));
}

bool frame_owned_by(const struct frame *fr, const struct domain *d)
{
	return frame_owner(fr) == d->slot;
}

void frame_view(mfn_t mfn, struct frame_view *fv)
{
	uint64_t w = load(word(mfn));

	fv->owner = w_owner(w);
	fv->type = w_type(w);
	fv->state = w_state(w);
	fv->tcount = (unsigned int)((w & TC_MASK) >> TC_SHIFT);
	if (fv->state == FS_PARTIAL)
		fv->tcount = (unsigned int)((w & ENTRIES_MASK) >> TC_SHIFT);
	fv->refs = (unsigned int)(w & REFS_MASK);
	fv->pinned = w & PINNED;
	fv->shared = w_shared(w);
	fv->alloc = w & ALLOC;
}

/*
 * The last reference is gone: nobody can take one any more (w_dead), so the
 * word is ours.
 */
static void frame_free(mfn_t mfn, uint64_t w)
{
	struct domain *d = domain_by_slot(w_owner(w));

	/* It may have been mapped, read-only if it never had a type. */
	if (d && d->dirty_cpus)
		tlb_flush_mask(d->dirty_cpus);
	m2p_set(mfn, M2P_INVALID);
	*word(mfn) = (uint64_t)OWNER_CORE << OWNER_SHIFT;
	buddy_free(mfn, 0);
	if (w_shared(w))
		domain_slot_release(w_owner(w));
	else if (d)
		domain_unreserve_pages(d, 1);
}

bool frame_get(mfn_t mfn, const struct domain *d)
{
	uint64_t *p, w;

	if (unlikely(!mfn_valid(mfn)))
		return false;
	p = word(mfn);
	w = load(p);
	do {
		if (unlikely(w_owner(w) != d->slot || w_dead(w) ||
			     (w & REFS_MASK) == REFS_MASK))
			return false;
	} while (unlikely(!swap(p, &w, w + REFS_ONE)));
	return true;
}

void frame_put(mfn_t mfn)
{
	uint64_t *p = word(mfn), w = load(p), n;

	do {
		ASSERT(w & REFS_MASK);
		n = w - REFS_ONE;
	} while (unlikely(!swap(p, &w, n)));
	if (unlikely(w_dead(n)))
		frame_free(mfn, n);
}

bool frame_get_valid(mfn_t mfn, const struct domain *d, enum frame_type type)
{
	uint64_t want = (uint64_t)d->slot << OWNER_SHIFT | TYPE(type) |
			STATE(FS_VALID);
	uint64_t *p, w;

	if (unlikely(!mfn_valid(mfn)))
		return false;
	p = word(mfn);
	w = load(p);
	do {
		if (unlikely((w & ~(PINNED | ALLOC | TC_MASK | REFS_MASK)) !=
				     want ||
			     !(w & TC_MASK) || (w & TC_MASK) == TC_MASK))
			return false;
	} while (unlikely(!swap(p, &w, w + TC_ONE)));
	return true;
}

/* BUSY work is over: set state, tcount and type, give the work's reference
 * back.  Others may have changed refs, alloc and pin meanwhile. */
static void leave_busy(mfn_t mfn, enum frame_state state, uint64_t tcount,
		       bool put_ref)
{
	uint64_t *p = word(mfn), w = load(p), n;

	do {
		n = (w & ~(STATE_MASK | TC_MASK)) | STATE(state) | tcount;
		if (put_ref)
			n -= REFS_ONE;
	} while (!swap(p, &w, n));
	if (unlikely(w_dead(n)))
		frame_free(mfn, n);
}

static uint64_t entries(unsigned int n)
{
	return (uint64_t)n << TC_SHIFT;
}

/*
 * Undo entries of a BUSY table.  0: it is NONE, and freed if that was all.
 * -ERESTART: it is PARTIAL, with the marks given.
 */
static int undo(mfn_t mfn, enum frame_type type, unsigned int from,
		uint64_t marks)
{
	int rc = ptval_undo(mfn, type, &from);

	if (rc) {
		leave_busy(mfn, FS_PARTIAL, entries(from) | marks, false);
		return -ERESTART;
	}
	leave_busy(mfn, FS_NONE, 0, true);
	return 0;
}

/* Validate a BUSY table from entry `from` on; the caller's reference, and a
 * holder's, are what tcount becomes. */
static int build(mfn_t mfn, const struct domain *d, enum frame_type type,
		 unsigned int from, uint64_t held)
{
	int rc;

	if (type == FT_DESC)
		rc = descpage_validate(mfn);
	else
		rc = ptval_validate(mfn, d, type, &from);
	if (!rc) {
		leave_busy(mfn, FS_VALID, held ? 2 * TC_ONE : TC_ONE, true);
		return 0;
	}
	if (rc == -ERESTART || held) {
		leave_busy(mfn, FS_PARTIAL, entries(from) | held, false);
		return rc;
	}
	if (type == FT_DESC) {
		leave_busy(mfn, FS_NONE, 0, true);
		return rc;
	}
	if (undo(mfn, type, from, FAILED))
		return -ERESTART;
	return rc;
}

/* What to do about a frame whose type isn't simply there. */
static int get_type_slow(mfn_t mfn, const struct domain *d,
			 enum frame_type type)
{
	uint64_t *p = word(mfn), w, n;
	int rc;

again:
	w = load(p);
	if (w_owner(w) != d->slot || w_dead(w))
		return -EINVAL;
	switch (w_state(w)) {
	case FS_BUSY:
		if (w_type(w) != type)
			return -EBUSY;
		machine_relax();
		goto again;
	case FS_PARTIAL: {
		unsigned int from = (unsigned int)((w & ENTRIES_MASK) >>
						   TC_SHIFT);
		uint64_t held = w & HELD;
		bool failed = w & FAILED;

		if (w_type(w) != type && held)
			return -EBUSY;
		n = (w & ~(STATE_MASK | TC_MASK)) | STATE(FS_BUSY);
		if (!swap(p, &w, n))
			goto again;
		if (w_type(w) == type && !failed)
			return build(mfn, d, type, from, held);
		rc = undo(mfn, w_type(w), from, failed ? FAILED : 0);
		if (rc)
			return rc;
		if (w_type(w) == type)
			return -EINVAL;
		goto again;
	}
	case FS_VALID:
		if (w_type(w) == type && (w & TC_MASK)) {
			if ((w & TC_MASK) == TC_MASK)
				return -EBUSY;
			if (!swap(p, &w, w + TC_ONE))
				goto again;
			return 0;
		}
		if (w & TC_MASK)
			return -EBUSY;
		break;
	case FS_NONE:
		break;
	}

	/* No type in force: take it. */
	if (type == FT_WRITABLE) {
		enum frame_type old = w_type(w);

		n = (w & ~(STATE_MASK | TYPE_MASK)) | TYPE(type) |
		    STATE(FS_VALID);
		if (!swap(p, &w, n + TC_ONE))
			goto again;
		if (is_table(old) || old == FT_DESC)
			tlb_flush_mask(d->dirty_cpus);
		return 0;
	}
	if ((w & REFS_MASK) == REFS_MASK)
		return -EBUSY;
	n = (w & ~(STATE_MASK | TYPE_MASK)) | TYPE(type) | STATE(FS_BUSY);
	if (!swap(p, &w, n + REFS_ONE))
		goto again;
	if (w_type(w) != FT_NONE && d->dirty_cpus)
		tlb_flush_mask(d->dirty_cpus);
	return build(mfn, d, type, 0, 0);
}

int frame_get_type(mfn_t mfn, const struct domain *d, enum frame_type type)
{
	if (likely(frame_get_valid(mfn, d, type)))
		return 0;
	if (!mfn_valid(mfn))
		return -EINVAL;
	return get_type_slow(mfn, d, type);
}

int frame_put_type(mfn_t mfn)
{
	uint64_t *p = word(mfn), w = load(p), n;
	unsigned int from = 512;

again:
	if (unlikely(w_state(w) == FS_BUSY)) {
		machine_relax();
		w = load(p);
		goto again;
	}
	if (unlikely(w_state(w) == FS_PARTIAL)) {
		/* Ours, left half way by an earlier call. */
		ASSERT(w & HELD);
		from = (unsigned int)((w & ENTRIES_MASK) >> TC_SHIFT);
		n = (w & ~(STATE_MASK | TC_MASK)) | STATE(FS_BUSY);
		if (!swap(p, &w, n))
			goto again;
		return undo(mfn, w_type(w), from, HELD);
	}
	ASSERT(w & TC_MASK);
	if ((w & TC_MASK) == TC_ONE && is_table(w_type(w))) {
		n = ((w & ~(STATE_MASK | TC_MASK)) | STATE(FS_BUSY)) + REFS_ONE;
		if (!swap(p, &w, n))
			goto again;
		return undo(mfn, w_type(w), from, HELD);
	}
	n = w - TC_ONE;
	if (w_type(w) == FT_DESC && !(n & TC_MASK))
		n = (n & ~STATE_MASK) | STATE(FS_NONE);
	if (unlikely(!swap(p, &w, n)))
		goto again;
	if (unlikely(w_dead(n)))
		frame_free(mfn, n);
	return 0;
}

void frame_put_type_leaf(mfn_t mfn)
{
	int rc = frame_put_type(mfn);

	BUG_ON(rc);
}

int frame_pin(mfn_t mfn, const struct domain *d, enum frame_type type)
{
	uint64_t *p;
	int rc = frame_get_type(mfn, d, type);

	if (rc)
		return rc;
	p = word(mfn);
	if (!(__atomic_fetch_or(p, PINNED, __ATOMIC_SEQ_CST) & PINNED))
		return 0;
	/* Pinned before: that reference is enough, so this isn't the last. */
	rc = frame_put_type(mfn);
	ASSERT(!rc);
	return -EINVAL;
}

int frame_unpin(mfn_t mfn, const struct domain *d)
{
	uint64_t *p, w;
	int rc;

	if (!mfn_valid(mfn))
		return -EINVAL;
	p = word(mfn);
	w = load(p);
	do {
		if (w_owner(w) != d->slot || !(w & PINNED) || w_shared(w))
			return -EINVAL;
	} while (!swap(p, &w, w & ~PINNED));
	/* Without its pin it could be freed when the last reference goes. */
	rc = frame_put_type(mfn);
	if (rc)
		__atomic_fetch_or(p, PINNED, __ATOMIC_SEQ_CST);
	return rc;
}

int frame_settle(mfn_t mfn, const struct domain *d)
{
	uint64_t *p = word(mfn), w = load(p);
	int rc;

	if (w_owner(w) != d->slot)
		return 0;
	if ((w & PINNED) && !w_shared(w)) {
		rc = frame_unpin(mfn, d);
		if (rc == -ERESTART)
			return rc;
		w = load(p);
	}
	while (w_state(w) == FS_PARTIAL && !(w & HELD)) {
		uint64_t n = (w & ~(STATE_MASK | TC_MASK)) | STATE(FS_BUSY);

		if (swap(p, &w, n))
			return undo(mfn, w_type(w),
				    (unsigned int)((w & ENTRIES_MASK) >>
						   TC_SHIFT),
				    0);
	}
	return 0;
}

void frame_assign(mfn_t mfn, struct domain *d)
{
	unsigned long region = mfn_x(mfn) >> frame_region_shift();

	d->regions[region / 64] |= BIT(region % 64);
	WRITE_ONCE(*word(mfn), (uint64_t)d->slot << OWNER_SHIFT | ALLOC);
}

bool frame_release(mfn_t mfn, struct domain *d)
{
	uint64_t *p, w, n;

	if (!mfn_valid(mfn))
		return false;
	p = word(mfn);
	w = load(p);
	do {
		if (w_owner(w) != d->slot || !(w & ALLOC))
			return false;
		n = w & ~ALLOC;
	} while (!swap(p, &w, n));
	if (w_dead(n))
		frame_free(mfn, n);
	return true;
}

bool frame_steal(mfn_t mfn, struct domain *d)
{
	uint64_t *p, w;

	if (!mfn_valid(mfn))
		return false;
	p = word(mfn);
	w = load(p);
	do {
		if (w_owner(w) != d->slot ||
		    (w & (ALLOC | PINNED | REFS_MASK | TC_MASK)) != ALLOC)
			return false;
	} while (!swap(p, &w, (uint64_t)OWNER_CORE << OWNER_SHIFT));
	return true;
}

void frame_share_with(mfn_t mfn, struct domain *d)
{
	domain_slot_hold(d->slot);
	WRITE_ONCE(*word(mfn), (uint64_t)d->slot << OWNER_SHIFT | PINNED |
				       TYPE(FT_WRITABLE) | STATE(FS_VALID) |
				       TC_ONE | REFS_ONE);
}

void frame_unshare(mfn_t mfn)
{
	frame_put_type_leaf(mfn);
	frame_put(mfn);
}

bool frame_is_shared(mfn_t mfn)
{
	return w_shared(load(word(mfn)));
}
