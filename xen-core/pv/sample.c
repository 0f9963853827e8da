/*
 * How much of its memory a domain uses, told by the access bits of its page
 * tables.
 *
 * Some of the domain's frames are watched for an interval: in every entry that
 * maps one, the processor's access bit is cleared, and looked for at the end.
 * A frame counts once, whichever of its mappings was used: the share of the
 * watched that were touched is the share of all.  Which frames are watched is
 * a rule, not a list: multiples of the golden ratio fall evenly into [0, 1),
 * wherever they begin, so those mfns whose multiple falls into a short piece
 * of it are spread evenly over each run of mfns.  The piece moves by chance
 * from one interval to the next.
 *
 * A guest reads its tables itself, and ages its pages by these bits.  So each
 * bit that was set is set again at the end, if the entry still maps the same
 * frame; in between, only watched frames can look unused.  Nothing else in an
 * entry is touched, nothing else is remembered, nothing becomes visible.
 *
 * Invariants: entries change only while the domain is paused, by compare and
 * swap, in L1s that a type reference holds in force.  Since no vCPU of the
 * domain runs meanwhile, none can be refused a change by that reference.
 * What the guest does between two pieces makes frames or entries drop out,
 * and the estimate worse: its own loss.
 *
 * What a guest has swapped out isn't seen, and one that waits for its disk all
 * the time touches little: so it is also told how many pages the domain put out
 * and took in again from one interval's beginning to the next one's.
 *
 * The work is done by pieces, and who asks decides when the next one is due:
 *
 *	LISTING    going over the machine's frames: each L1 of the domain is
 *		   read, entries of watched frames are listed, and cleared
 *	WATCHING   the interval; no code runs
 *	PEEKING    going over the list, and back to WATCHING
 *	ENDING     going over the list, and giving bits back
 */
#include <hvx/pv.h>

#include <abi/domctl.h>
#include <hvx/domain.h>
#include <hvx/machine.h>
#include <hvx/sched.h>

/* One piece: so many times a table, or as many words as a table has, or what
 * the list has of a table; each about a microsecond. */
#define UNITS		64
#define WORDS_PER_UNIT	512
/* Room for mappings of a frame, on average: a frame has one in the kernel's
 * map of all memory, and one for each process that has it. */
#define ROOM		4
#define GOLDEN		2654435769U	/* 2^32 / 1.618... */

enum phase { LISTING, WATCHING, PEEKING, ENDING };

struct sample {
	enum phase phase;
	uint32_t first, width;		/* the piece of [0, 2^32) */
	uint64_t next;			/* mfn, or item of the list */
	uint64_t began;			/* time_now() of WATCHING */
	uint32_t paged_out, paged_in;	/* by the domain's vCPUs before */
	struct xen_domctl_hvx_working_set now, last;
	uint32_t nr, max;		/* items */
	uint32_t seen_size;		/* a power of two */
	uint32_t *seen;			/* hash table of touched mfns, plus 1 */
	uint64_t item[];
};

/* An item: the L1, the entry's index, what it mapped, was its bit set. */
#define MFN_BITS   27			/* of DIRECTMAP_SIZE */
#define MFN_MASK   (BIT(MFN_BITS) - 1)
#define ITEM_A	   1UL

static inline uint64_t item_make(mfn_t l1, unsigned int i, uint64_t pte)
{
	return mfn_x(l1) << (MFN_BITS + 10) | (uint64_t)i << (MFN_BITS + 1) |
	       mfn_x(pte_mfn(pte)) << 1 | (pte & PTE_A ? ITEM_A : 0);
}

static inline mfn_t item_l1(uint64_t item)
{
	return _mfn(item >> (MFN_BITS + 10));
}

static inline unsigned int item_index(uint64_t item)
{
	return item >> (MFN_BITS + 1) & 511;
}

static inline mfn_t item_frame(uint64_t item)
{
	return _mfn(item >> 1 & MFN_MASK);
}

static inline bool is_watched(uint32_t first, uint32_t width, uint64_t mfn)
{
	return (uint32_t)mfn * GOLDEN - first <= width;
}

/* Changes the access bit alone; false if the entry isn't `old` any more. */
static bool set_accessed(uint64_t *pte, uint64_t old, bool on)
{
	uint64_t new = on ? old | PTE_A : old & ~PTE_A;

	return __atomic_compare_exchange_n(pte, &old, new, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* ---- the beginning ------------------------------------------------------- */

/* What its vCPUs put out and took in so far, each counted modulo 2^32. */
static void sum_paged(const struct domain *d, uint32_t *out, uint32_t *in)
{
	*out = *in = 0;
	for (unsigned int i = 0; i < d->max_vcpus; i++) {
		const struct vcpu *v = d->vcpu[i];

		if (v) {
			*out += READ_ONCE(v->pv.paged_out);
			*in += READ_ONCE(v->pv.paged_in);
		}
	}
}

static struct sample *sample_new(const struct domain *d, uint32_t samples)
{
	uint32_t pages = READ_ONCE(d->tot_pages), size = 64;
	uint32_t max = samples * ROOM;
	struct sample *s;

	while (size < 2 * samples)
		size *= 2;
	s = heap_alloc(sizeof(*s) + max * sizeof(s->item[0]) +
		       size * sizeof(s->seen[0]));
	if (!s)
		return NULL;
	s->max = max;
	s->seen_size = size;
	s->seen = (uint32_t *)&s->item[max];
	s->first = (uint32_t)time_now() * GOLDEN;
	s->width = samples < pages ?
			   (uint32_t)(((uint64_t)samples << 32) / pages) :
			   UINT32_MAX;
	sum_paged(d, &s->paged_out, &s->paged_in);
	return s;
}

/* The next entry from i on that may map a watched frame: nearly all that a look
 * at a guest costs is this loop, so all that is seldom true is left to others.
 * An entry's mfn is in its bits 12 to 43, as far as is_watched looks. */
static unsigned int next_watched(const struct sample *s, const uint64_t *t,
				 unsigned int i)
{
	uint32_t first = s->first, width = s->width;

	for (; i < 512; i++)
		if (is_watched(first, width, READ_ONCE(t[i]) >> PAGE_SHIFT))
			break;
	return i;
}

static void list_mapping(const struct domain *d, struct sample *s, mfn_t l1,
			  uint64_t *pte, unsigned int i)
{
	uint64_t e = READ_ONCE(*pte);
	mfn_t mfn = pte_mfn(e);

	if (!(e & PTE_P) || !is_watched(s->first, s->width, mfn_x(mfn)) ||
	    !mfn_valid(mfn) || !frame_owned_by(mfn_to_frame(mfn), d))
		return;
	if (s->nr == s->max)
		s->now.unseen++;
	else if (!(e & PTE_A) || set_accessed(pte, e, false))
		s->item[s->nr++] = item_make(l1, i, e);
}

static void list_table(const struct domain *d, struct sample *s, mfn_t l1)
{
	uint64_t *t = mfn_to_virt(l1);
	unsigned int i;

	for (i = 0; (i = next_watched(s, t, i)) < 512; i++)
		list_mapping(d, s, l1, &t[i], i);
}

/* Past parts of memory where the domain never had a frame. */
static unsigned long skip_empty(const struct domain *d, unsigned long m)
{
	unsigned int shift = frame_region_shift();
	unsigned long region = m >> shift;

	while (m < frame_max_mfn &&
	       !(d->regions[region / 64] >> (region % 64) & 1))
		m = ++region << shift;
	return m;
}

/* From mfn m on: words up to the next L1 and the L1 itself, or a unit of
 * words.  Returns where to go on. */
static unsigned long list_unit(const struct domain *d, struct sample *s,
			       unsigned long m)
{
	unsigned long end = MIN(m + WORDS_PER_UNIT, frame_max_mfn);
	uint32_t first = s->first, width = s->width, watched = 0;

	while (m < end) {
		mfn_t mfn = _mfn(m++);
		const struct frame *fr = mfn_to_frame(mfn);

		if (frame_owner(fr) != d->slot)
			continue;
		watched += is_watched(first, width, mfn_x(mfn));
		if (frame_type(fr) == FT_L1 && frame_get_valid(mfn, d, FT_L1)) {
			list_table(d, s, mfn);
			frame_put_type_leaf(mfn);
			break;
		}
	}
	s->now.watched += watched;
	return m;
}

/* True: all are listed, and no processor remembers having set a bit. */
static bool list_frames(const struct domain *d, struct sample *s)
{
	for (unsigned int n = 0; s->next < frame_max_mfn; n++) {
		if (n == UNITS || (n && preempt_needed()))
			return false;
		s->next = list_unit(d, s, skip_empty(d, s->next));
	}
	if (d->dirty_cpus)
		tlb_flush_mask(READ_ONCE(d->dirty_cpus));
	return true;
}

/* ---- the end ------------------------------------------------------------- */

/* The first time that this frame is seen?  More than fit aren't counted. */
static bool first_seen(struct sample *s, mfn_t mfn)
{
	uint32_t mask = s->seen_size - 1, key = (uint32_t)mfn_x(mfn) + 1;
	uint32_t i = key * GOLDEN >> 7 & mask;

	if (s->now.touched >= s->seen_size - s->seen_size / 4)
		return false;
	for (; s->seen[i]; i = (i + 1) & mask)
		if (s->seen[i] == key)
			return false;
	s->seen[i] = key;
	return true;
}

static void end_item(struct sample *s, uint64_t *pte, uint64_t item)
{
	mfn_t mfn = item_frame(item);
	uint64_t e = READ_ONCE(*pte);

	if (!(e & PTE_P) || !mfn_eq(pte_mfn(e), mfn))
		return;
	if (e & PTE_A)
		s->now.touched += first_seen(s, mfn);
	else if (s->phase == ENDING && (item & ITEM_A))
		(void)set_accessed(pte, e, true);
}

/* The items of the table that is next: they stand together. */
static void end_table(const struct domain *d, struct sample *s)
{
	mfn_t l1 = item_l1(s->item[s->next]);
	uint64_t *t = frame_get_valid(l1, d, FT_L1) ? mfn_to_virt(l1) : NULL;

	for (; s->next < s->nr; s->next++) {
		uint64_t item = s->item[s->next];

		if (!mfn_eq(item_l1(item), l1))
			break;
		if (t)
			end_item(s, t + item_index(item), item);
	}
	if (t)
		frame_put_type_leaf(l1);
}

static bool end_tables(const struct domain *d, struct sample *s)
{
	for (unsigned int n = 0; s->next < s->nr; n++) {
		if (n == UNITS || (n && preempt_needed()))
			return false;
		end_table(d, s);
	}
	return true;
}

/* ---- by pieces ----------------------------------------------------------- */

static void enter(struct sample *s, enum phase phase, uint64_t now)
{
	if (s->phase == LISTING)
		s->began = now;
	else if (s->phase == WATCHING)
		s->now.interval_ns = now - s->began;
	s->phase = phase;
	s->next = 0;
}

/* What came of the interval so far. */
static void tell(const struct domain *d, struct xen_domctl_hvx_working_set *out)
{
	const struct sample *s = d->sample;

	*out = s->now;
	out->pages = READ_ONCE(d->tot_pages);
	sum_paged(d, &out->paged_out, &out->paged_in);
	out->paged_out -= s->paged_out;
	out->paged_in -= s->paged_in;
}

/* The interval is over: its result, and the next one in its place. */
static int replace(struct domain *d, uint32_t samples,
		   struct xen_domctl_hvx_working_set *last)
{
	tell(d, last);
	heap_free(d->sample);
	d->sample = samples ? sample_new(d, samples) : NULL;
	if (!d->sample)
		return samples ? -ENOMEM : 0;
	d->sample->last = *last;
	return 0;
}

/* 1: there is more to do.  *now: from when on the time is to be counted. */
static int advance(struct domain *d, struct xen_domctl_hvx_working_set *ws,
		   uint64_t *now)
{
	struct sample *s = d->sample;
	int rc;

	if (s->phase == WATCHING && ws->keep)
		enter(s, PEEKING, *now);
	else if (!ws->keep && (s->phase == WATCHING || s->phase == PEEKING ||
			       (s->phase == LISTING && !ws->samples)))
		enter(s, ENDING, *now);
	if (s->phase == PEEKING) {
		if (!end_tables(d, s))
			return 1;
		enter(s, WATCHING, *now);
		tell(d, ws);
		return 0;
	}
	if (s->phase == ENDING) {
		if (!end_tables(d, s))
			return 1;
		s->now.core_ns += time_now() - *now;
		*now = time_now();
		rc = replace(d, ws->samples, ws);
		return rc || !d->sample ? rc : 1;
	}
	if (!list_frames(d, s))
		return 1;
	enter(s, WATCHING, time_now());
	*ws = s->last;
	return 0;
}

int sample_step(struct domain *d, struct xen_domctl_hvx_working_set *ws)
{
	uint64_t now = time_now();
	int rc;

	if (ws->samples > XEN_DOMCTL_HVX_WS_MAX_SAMPLES)
		return -EINVAL;
	if (d->is_dying)
		return -ESRCH;
	if (!d->sample) {
		if (!ws->samples) {
			*ws = (struct xen_domctl_hvx_working_set){ 0 };
			return 0;
		}
		d->sample = sample_new(d, ws->samples);
		if (!d->sample)
			return -ENOMEM;
	}
	domain_pause(d);
	rc = advance(d, ws, &now);
	if (d->sample)
		d->sample->now.core_ns += time_now() - now;
	domain_unpause(d);
	ws->more = rc > 0;
	return MIN(rc, 0);
}
