/*
 * memory_op: domains get, give back and exchange frames, and ask for maps.
 *
 * A PV guest keeps its own list of frames; the core only says which it owns.
 * So populate gives frames and sets the m2p as asked; increase gives frames
 * and leaves the rest to the guest; decrease lets go of a frame that stays
 * allocated until its last user lets go too; exchange gives frames of another
 * shape (contiguous, or low enough for a device) for ones that nobody uses.
 *
 * Lists are worked through with a preemption check at least every
 * ITEMS_PER_CHECK single frames; how far a call came stands in the high bits
 * of cmd, or in the structure, where the guest can see and forge it: every
 * entry checks it like any other argument.
 *
 * Frames are given under the domain's lock, after a look at is_dying: once
 * domain_kill() has set that, no more frames come in.
 */
#include <abi/memory.h>

#include <hvx/boot.h>
#include <hvx/console.h>
#include <hvx/domain.h>
#include <hvx/frame.h>
#include <hvx/gnttab.h>
#include <hvx/guest_access.h>
#include <hvx/hypercall.h>
#include <hvx/machine.h>
#include <hvx/string.h>
#include <hvx/subop.h>

#define EXTENT_SHIFT	6		/* of the start in cmd */
#define OP_MASK		((1UL << EXTENT_SHIFT) - 1)
#define ITEMS_PER_CHECK 16
#define MAX_ORDER_GUEST 9
#define MAX_ORDER_DOM0	12

struct memop {
	struct vcpu *v;
	unsigned int op;
	unsigned long start;	/* where a continued call goes on */
	gva_t arg;
};

union memory_arg {
#define SUBOP(nr, name, type, dir, who) SUBOP_TYPE(type) name;
#include <ops/memory_op.def>
};

static unsigned int max_order(const struct domain *caller)
{
	return caller->is_hw ? MAX_ORDER_DOM0 : MAX_ORDER_GUEST;
}

/* Whom the call is about, with a reference: the caller, or, if that is dom0,
 * anybody.  NULL, and the error. */
static struct domain *target_get(struct vcpu *v, domid_t id, long *rc)
{
	struct domain *d;

	if (id != DOMID_SELF && id != v->d->id && !v->d->is_hw) {
		*rc = -EPERM;
		return NULL;
	}
	d = domain_get_remote_or_self(v, id);
	if (!d)
		*rc = -ESRCH;
	return d;
}

static long continue_at(const struct memop *m, unsigned long start)
{
	return hypercall_continue(m->v, __HYPERVISOR_memory_op, 2,
				  start << EXTENT_SHIFT | m->op, m->arg);
}

/* ---- giving and taking frames ------------------------------------------- */

/* The highest address bits that a guest asked for; 0: its wish is void. */
static unsigned int wanted_bits(unsigned int mem_flags)
{
	unsigned int bits = XENMEMF_get_address_bits(mem_flags);

	if (bits == 0)
		return 64;
	return bits <= PAGE_SHIFT ? 0 : bits;
}

/* Counted already; false if d is on its way out. */
static bool extent_assign(struct domain *d, mfn_t mfn, unsigned int order)
{
	bool ok;

	spin_lock(&d->lock);
	ok = !d->is_dying;
	for (unsigned long i = 0; ok && i < 1UL << order; i++)
		frame_assign(_mfn(mfn_x(mfn) + i), d);
	spin_unlock(&d->lock);
	return ok;
}

/*
 * One extent for d.  The guest is told its number before it owns it: so if it
 * can't be told, nothing has happened.
 */
static bool extent_add(struct domain *d, unsigned int order, unsigned int bits,
		       gva_t tell, mfn_t *out)
{
	unsigned long n = 1UL << order;
	xen_pfn_t mfn;

	if (!domain_reserve_pages(d, n))
		return false;
	*out = domain_alloc_frames(d, order, bits);
	if (mfn_eq(*out, INVALID_MFN))
		goto out_unreserve;
	mfn = mfn_x(*out);
	if (tell && copy_to_guest(tell, &mfn, sizeof(mfn)))
		goto out_free;
	if (!extent_assign(d, *out, order))
		goto out_free;
	return true;

out_free:
	buddy_free(*out, order);
out_unreserve:
	domain_unreserve_pages(d, n);
	return false;
}

typedef bool (*extent_fn)(struct domain *d,
			  const struct xen_memory_reservation *r,
			  unsigned int bits, unsigned long i);

static bool extent_increase(struct domain *d,
			    const struct xen_memory_reservation *r,
			    unsigned int bits, unsigned long i)
{
	gva_t list = handle_gva(r->extent_start);
	mfn_t mfn;

	return extent_add(d, r->extent_order, bits,
			  list ? list + i * sizeof(xen_pfn_t) : 0, &mfn);
}

static bool extent_populate(struct domain *d,
			    const struct xen_memory_reservation *r,
			    unsigned int bits, unsigned long i)
{
	gva_t list = handle_gva(r->extent_start);
	xen_pfn_t gfn;
	mfn_t mfn;

	if (copy_from_guest_index(&gfn, list, i) ||
	    !extent_add(d, r->extent_order, bits,
			list + i * sizeof(xen_pfn_t), &mfn))
		return false;
	for (unsigned long k = 0; k < 1UL << r->extent_order; k++)
		m2p_set(_mfn(mfn_x(mfn) + k), gfn + k);
	return true;
}

static bool extent_decrease(struct domain *d,
			    const struct xen_memory_reservation *r,
			    __maybe_unused unsigned int bits, unsigned long i)
{
	xen_pfn_t mfn;

	if (copy_from_guest_index(&mfn, handle_gva(r->extent_start), i))
		return false;
	for (unsigned long k = 0; k < 1UL << r->extent_order; k++)
		if (!frame_release(_mfn(mfn + k), d))
			return false;
	return true;
}

static bool time_for_check(unsigned long done, unsigned int order)
{
	return done && (order > 0 || done % ITEMS_PER_CHECK == 0) &&
	       preempt_needed();
}

/* The number of extents done, or a continuation. */
static long reservation(struct memop *m, const struct xen_memory_reservation *r,
			extent_fn extent)
{
	unsigned long i = m->start, nr = r->nr_extents;
	unsigned int bits = wanted_bits(r->mem_flags);
	struct domain *d;
	long ret = 0;

	if (i > nr)
		return -EINVAL;
	if (i == nr || nr > ~0UL >> EXTENT_SHIFT || !bits ||
	    r->extent_order > max_order(m->v->d))
		return (long)i;
	if ((handle_gva(r->extent_start) || extent != extent_increase) &&
	    !guest_array_ok(handle_gva(r->extent_start), nr, sizeof(xen_pfn_t)))
		return (long)i;
	d = target_get(m->v, r->domid, &ret);
	if (!d)
		return ret == -ESRCH ? (long)i : ret;
	while (i < nr) {
		if (time_for_check(i - m->start, r->extent_order)) {
			ret = continue_at(m, i);
			goto out;
		}
		if (!extent(d, r, bits, i))
			break;
		i++;
	}
	ret = (long)i;
out:
	domain_put(d);
	return ret;
}

static long mem_increase_reservation(struct memop *m, union memory_arg *a)
{
	return reservation(m, &a->increase_reservation, extent_increase);
}

static long mem_decrease_reservation(struct memop *m, union memory_arg *a)
{
	return reservation(m, &a->decrease_reservation, extent_decrease);
}

static long mem_populate_physmap(struct memop *m, union memory_arg *a)
{
	return reservation(m, &a->populate_physmap, extent_populate);
}

/* ---- exchange -------------------------------------------------------------- */

/*
 * Work goes by chunks: the smallest number of whole extents on either side
 * that make the same number of frames.  So one side's extent is the chunk.
 */
struct chunks {
	unsigned int in_shift, out_shift;	/* log2 of extents a chunk */
	unsigned int frames_shift;		/* log2 of frames a chunk */
};

static long exchange_check(const struct domain *caller,
			   const struct xen_memory_exchange *e)
{
	const struct xen_memory_reservation *in = &e->in, *out = &e->out;

	if (in->domid != out->domid || e->nr_exchanged > in->nr_extents)
		return -EINVAL;
	if (in->extent_order > max_order(caller) ||
	    out->extent_order > max_order(caller))
		return -EPERM;
	if (in->nr_extents > ~0UL >> in->extent_order ||
	    out->nr_extents > ~0UL >> out->extent_order ||
	    in->nr_extents << in->extent_order !=
		    out->nr_extents << out->extent_order)
		return -EINVAL;
	if (!wanted_bits(out->mem_flags))
		return -EINVAL;
	if (!guest_array_ok(handle_gva(in->extent_start), in->nr_extents,
			    sizeof(xen_pfn_t)) ||
	    !guest_array_ok(handle_gva(out->extent_start), out->nr_extents,
			    sizeof(xen_pfn_t)))
		return -EFAULT;
	return 0;
}

static struct chunks exchange_chunks(const struct xen_memory_exchange *e)
{
	unsigned int in = e->in.extent_order, out = e->out.extent_order;
	unsigned int frames = MAX(in, out);

	return (struct chunks){ frames - in, frames - out, frames };
}

/* The mfns of chunk i on the guest's list, extents taken apart. */
static int exchange_read_in(const struct xen_memory_exchange *e,
			    const struct chunks *c, unsigned long i,
			    unsigned long *mfns)
{
	unsigned int order = e->in.extent_order;
	gva_t list = handle_gva(e->in.extent_start);

	for (unsigned long j = 0; j < 1UL << c->in_shift; j++) {
		xen_pfn_t mfn;

		if (copy_from_guest_index(&mfn, list, (i << c->in_shift) + j))
			return -EFAULT;
		for (unsigned long k = 0; k < 1UL << order; k++)
			mfns[(j << order) + k] = mfn + k;
	}
	return 0;
}

static void exchange_free_out(const mfn_t *outs, unsigned long n,
			      unsigned int order)
{
	while (n-- > 0)
		buddy_free(outs[n], order);
}

static int exchange_alloc_out(const struct xen_memory_exchange *e,
			      const struct chunks *c, mfn_t *outs)
{
	unsigned int order = e->out.extent_order;
	unsigned int bits = wanted_bits(e->out.mem_flags);

	for (unsigned long j = 0; j < 1UL << c->out_shift; j++) {
		outs[j] = buddy_alloc_below(order, bits);
		if (mfn_eq(outs[j], INVALID_MFN)) {
			exchange_free_out(outs, j, order);
			return -ENOMEM;
		}
	}
	return 0;
}

/* Under d's lock: all of the old frames, or none. */
static int exchange_steal(struct domain *d, const unsigned long *mfns,
			  unsigned long n)
{
	for (unsigned long k = 0; k < n; k++) {
		if (frame_steal(_mfn(mfns[k]), d))
			continue;
		while (k-- > 0)
			frame_assign(_mfn(mfns[k]), d);
		return -EINVAL;
	}
	return 0;
}

static int exchange_swap(struct domain *d, const struct chunks *c,
			 unsigned int out_order, const unsigned long *mfns,
			 const mfn_t *outs)
{
	int rc;

	spin_lock(&d->lock);
	rc = d->is_dying ? -EINVAL :
			   exchange_steal(d, mfns, 1UL << c->frames_shift);
	for (unsigned long j = 0; !rc && j < 1UL << c->out_shift; j++)
		for (unsigned long k = 0; k < 1UL << out_order; k++)
			frame_assign(_mfn(mfn_x(outs[j]) + k), d);
	spin_unlock(&d->lock);
	return rc;
}

/* The new frames' places in the guest's count, and their numbers for it. */
static int exchange_tell(const struct xen_memory_exchange *e,
			 const struct chunks *c, unsigned long i,
			 const mfn_t *outs)
{
	gva_t list = handle_gva(e->out.extent_start);
	unsigned int order = e->out.extent_order;
	int rc = 0;

	for (unsigned long j = 0; j < 1UL << c->out_shift; j++) {
		unsigned long at = (i << c->out_shift) + j;
		xen_pfn_t mfn = mfn_x(outs[j]), gfn;

		if (copy_from_guest_index(&gfn, list, at) ||
		    copy_to_guest_index(list, at, &mfn)) {
			rc = -EFAULT;
			continue;
		}
		for (unsigned long k = 0; k < 1UL << order; k++)
			m2p_set(_mfn(mfn + k), gfn + k);
	}
	return rc;
}

static int exchange_chunk(struct domain *d, const struct xen_memory_exchange *e,
			  const struct chunks *c, unsigned long i,
			  unsigned long *mfns, mfn_t *outs)
{
	int rc = exchange_read_in(e, c, i, mfns);

	if (rc)
		return rc;
	rc = exchange_alloc_out(e, c, outs);
	if (rc)
		return rc;
	rc = exchange_swap(d, c, e->out.extent_order, mfns, outs);
	if (rc) {
		exchange_free_out(outs, 1UL << c->out_shift,
				  e->out.extent_order);
		return rc;
	}
	/* Nobody keeps a way to the old ones. */
	if (d->dirty_cpus)
		tlb_flush_mask(d->dirty_cpus);
	for (unsigned long k = 0; k < 1UL << c->frames_shift; k++) {
		m2p_set(_mfn(mfns[k]), M2P_INVALID);
		buddy_free(_mfn(mfns[k]), 0);
	}
	return exchange_tell(e, c, i, outs);
}

static long exchange_all(struct memop *m, struct domain *d,
			 struct xen_memory_exchange *e)
{
	struct chunks c = exchange_chunks(e);
	unsigned long i = e->nr_exchanged >> c.in_shift, first = i;
	unsigned long nr = e->in.nr_extents >> c.in_shift;
	unsigned long frames = 1UL << c.frames_shift;
	unsigned long *mfns;
	mfn_t *outs;
	long rc = 0;

	mfns = heap_alloc(frames * sizeof(*mfns));
	outs = heap_alloc((1UL << c.out_shift) * sizeof(*outs));
	if (!mfns || !outs)
		rc = -ENOMEM;
	for (; !rc && i < nr; i++) {
		if (i > first && preempt_needed())
			break;
		rc = exchange_chunk(d, e, &c, i, mfns, outs);
		if (rc)
			break;
	}
	heap_free(mfns);
	heap_free(outs);
	e->nr_exchanged = i << c.in_shift;
	if (copy_to_guest(m->arg + offsetof(struct xen_memory_exchange,
					    nr_exchanged),
			  &e->nr_exchanged, sizeof(e->nr_exchanged)))
		return -EFAULT;
	return !rc && i < nr ? continue_at(m, 0) : rc;
}

static long mem_exchange(struct memop *m, union memory_arg *a)
{
	struct xen_memory_exchange *e = &a->exchange;
	long rc = exchange_check(m->v->d, e);
	struct domain *d;

	if (rc)
		return rc;
	d = target_get(m->v, e->in.domid, &rc);
	if (!d)
		return rc;
	rc = exchange_all(m, d, e);
	domain_put(d);
	return rc;
}

/* ---- how much, and how far ------------------------------------------------ */

static long mem_maximum_ram_page(__maybe_unused struct memop *m,
				 __maybe_unused union memory_arg *a)
{
	return (long)frame_max_mfn;
}

static long about_domain(struct memop *m, domid_t id,
			 unsigned long (*what)(const struct domain *d))
{
	long ret = 0;
	struct domain *d = target_get(m->v, id, &ret);

	if (!d)
		return ret;
	ret = (long)what(d);
	domain_put(d);
	return ret;
}

static unsigned long current_pages(const struct domain *d)
{
	return READ_ONCE(d->tot_pages);
}

static unsigned long maximum_pages(const struct domain *d)
{
	return READ_ONCE(d->max_pages);
}

static unsigned long maximum_gpfn(const struct domain *d)
{
	/* The guest's word for it: what can't be would look like an error. */
	unsigned long n = READ_ONCE(d->shared->arch.max_pfn);

	return n && n < MACH2PHYS_NR_ENTRIES ? n - 1 : 0;
}

static long mem_current_reservation(struct memop *m, union memory_arg *a)
{
	return about_domain(m, a->current_reservation.domid, current_pages);
}

static long mem_maximum_reservation(struct memop *m, union memory_arg *a)
{
	return about_domain(m, a->maximum_reservation.domid, maximum_pages);
}

static long mem_maximum_gpfn(struct memop *m, union memory_arg *a)
{
	return about_domain(m, a->maximum_gpfn.domid, maximum_gpfn);
}

/* ---- maps ------------------------------------------------------------------ */

static long mem_machphys_mapping(struct memop *m, union memory_arg *a)
{
	a->machphys_mapping = (struct xen_machphys_mapping){
		.v_start = MACH2PHYS_VIRT_START,
		.v_end = MACH2PHYS_VIRT_END,
		.max_mfn = m->v->d->is_hw ? frame_max_mfn - 1 :
					    MACH2PHYS_NR_ENTRIES - 1,
	};
	return 0;
}

/* One number for each 2 MiB of the m2p that there is. */
static long mem_machphys_mfn_list(__maybe_unused struct memop *m,
				  union memory_arg *a)
{
	struct xen_machphys_mfn_list *l = &a->machphys_mfn_list;
	unsigned int nr = (unsigned int)DIV_ROUND_UP(
		frame_max_mfn * sizeof(unsigned long), 1UL << 21);

	nr = MIN(nr, l->max_extents);
	for (unsigned int i = 0; i < nr; i++) {
		xen_pfn_t mfn = mfn_x(m2p_extent(i));

		if (copy_to_guest_index(handle_gva(l->extent_start), i, &mfn))
			return -EFAULT;
	}
	l->nr_extents = nr;
	return 0;
}

static long mem_machphys_compat_mfn_list(__maybe_unused struct memop *m,
					 __maybe_unused union memory_arg *a)
{
	return -EOPNOTSUPP;
}

/* Of the entries there are, what fits; the count is told. */
static long put_map(struct xen_memory_map *map, const struct e820_entry *e,
		    unsigned int nr)
{
	map->nr_entries = MIN(map->nr_entries, nr);
	if (!guest_array_ok(handle_gva(map->buffer), map->nr_entries,
			    sizeof(*e)))
		return -EFAULT;
	return copy_to_guest(handle_gva(map->buffer), e,
			     map->nr_entries * sizeof(*e));
}

static long mem_memory_map(struct memop *m, union memory_arg *a)
{
	struct domain *d = m->v->d;
	struct e820_entry *copy;
	unsigned int nr;
	long rc = -ENOMEM;

	copy = heap_alloc(DOMAIN_E820_MAX * sizeof(*copy));
	if (!copy)
		return rc;
	spin_lock(&d->lock);
	nr = d->nr_e820;
	if (nr)
		memcpy(copy, d->e820, nr * sizeof(*copy));
	spin_unlock(&d->lock);
	rc = nr ? put_map(&a->memory_map, copy, nr) : -ENOSYS;
	heap_free(copy);
	return rc;
}

static long mem_machine_memory_map(__maybe_unused struct memop *m,
				   union memory_arg *a)
{
	if (a->machine_memory_map.nr_entries < e820.nr)
		return -EINVAL;
	return put_map(&a->machine_memory_map, e820.e, e820.nr);
}

static long mem_set_memory_map(struct memop *m, union memory_arg *a)
{
	struct xen_foreign_memory_map *f = &a->set_memory_map;
	struct e820_entry *map, *old;
	struct domain *d;
	long rc = -EFAULT;

	if (f->map.nr_entries > DOMAIN_E820_MAX)
		return -EINVAL;
	map = heap_alloc(DOMAIN_E820_MAX * sizeof(*map));
	if (!map)
		return -ENOMEM;
	if (copy_from_guest(map, handle_gva(f->map.buffer),
			    f->map.nr_entries * sizeof(*map)))
		goto out_map;
	d = target_get(m->v, f->domid, &rc);
	if (!d)
		goto out_map;
	spin_lock(&d->lock);
	old = d->e820;
	d->e820 = map;
	d->nr_e820 = f->map.nr_entries;
	spin_unlock(&d->lock);
	map = old;
	domain_put(d);
	rc = 0;
out_map:
	heap_free(map);
	return rc;
}

/* ---- physmaps that the core keeps: no PV domain has one -------------------- */

static long no_physmap(struct memop *m, domid_t id)
{
	long rc = 0;
	struct domain *d = target_get(m->v, id, &rc);

	if (!d)
		return rc;
	domain_put(d);
	return -EACCES;
}

static long mem_add_to_physmap(struct memop *m, union memory_arg *a)
{
	return no_physmap(m, a->add_to_physmap.domid);
}

static long mem_add_to_physmap_batch(struct memop *m, union memory_arg *a)
{
	return no_physmap(m, a->add_to_physmap_batch.domid);
}

/* Nothing to undo, but only one's own frames are nothing. */
static long mem_remove_from_physmap(struct memop *m, union memory_arg *a)
{
	mfn_t mfn = _mfn(a->remove_from_physmap.gpfn);
	long rc = 0;
	struct domain *d = target_get(m->v, a->remove_from_physmap.domid, &rc);

	if (!d)
		return rc;
	if (frame_get(mfn, d))
		frame_put(mfn);
	else
		rc = -ENOENT;
	domain_put(d);
	return rc;
}

/* ---- for the tools ----------------------------------------------------------- */

static long mem_claim_pages(struct memop *m, union memory_arg *a)
{
	const struct xen_memory_reservation *r = &a->claim_pages;
	long rc = -EINVAL;
	struct domain *d;

	if (handle_gva(r->extent_start) || r->extent_order || r->mem_flags)
		return -EINVAL;
	d = target_get(m->v, r->domid, &rc);
	if (!d)
		return rc;
	rc = domain_claim_pages(d, r->nr_extents);
	domain_put(d);
	return rc;
}

static long mem_get_vnumainfo(__maybe_unused struct memop *m,
			      __maybe_unused union memory_arg *a)
{
	return -EOPNOTSUPP;
}

static long
mem_reserved_device_memory_map(__maybe_unused struct memop *m,
			       __maybe_unused union memory_arg *a)
{
	return -EOPNOTSUPP;
}

static long resource_frames(struct memop *m, struct domain *d,
			    const struct xen_mem_acquire_resource *r)
{
	for (unsigned long i = m->start; i < r->nr_frames; i++) {
		xen_pfn_t pfn;
		mfn_t mfn;
		int rc;

		if (time_for_check(i - m->start, 0))
			return continue_at(m, i);
		if (r->frame + i < r->frame || r->frame + i > UINT32_MAX)
			return -EINVAL;
		rc = gnttab_get_frame(d, (unsigned int)(r->frame + i), &mfn);
		if (rc)
			return rc;
		pfn = mfn_x(mfn);
		if (copy_to_guest_index(handle_gva(r->frame_list), i, &pfn))
			return -EFAULT;
	}
	return 0;
}

static long mem_acquire_resource(struct memop *m, union memory_arg *a)
{
	struct xen_mem_acquire_resource *r = &a->acquire_resource;
	long rc = -EINVAL;
	struct domain *d;

	if (r->pad || (!handle_gva(r->frame_list) && r->nr_frames) ||
	    m->start > r->nr_frames)
		return -EINVAL;
	if (r->type != XENMEM_resource_grant_table)
		return -EOPNOTSUPP;
	if (r->id != XENMEM_resource_grant_table_id_shared)
		return -EINVAL;
	d = target_get(m->v, r->domid, &rc);
	if (!d)
		return rc;
	if (!handle_gva(r->frame_list)) {
		r->nr_frames = gnttab_max_frames(d);
		rc = 0;
	} else {
		rc = resource_frames(m, d, r);
	}
	domain_put(d);
	return rc;
}

/* ---- the table ------------------------------------------------------------ */

static const struct memory_subop {
	long (*fn)(struct memop *m, union memory_arg *a);
	uint16_t size;
	uint8_t dir;
	bool dom0;
} subops[] = {
#define SUBOP(nr, name, type, dir, who)                                        \
	[nr] = { mem_##name, sizeof(SUBOP_TYPE(type)), SUBOP_DIR_##dir,        \
		 SUBOP_WHO_##who },
#include <ops/memory_op.def>
};

long hc_memory_op(struct vcpu *v, unsigned long cmd, gva_t arg)
{
	struct memop m = { v, cmd & OP_MASK, cmd >> EXTENT_SHIFT, arg };
	const struct memory_subop *s;
	union memory_arg a;
	long ret;

	/* No sharing of pages; the tools know this answer and ask each time. */
	if (m.op == XENMEM_get_sharing_freed_pages ||
	    m.op == XENMEM_get_sharing_shared_pages)
		return -ENOSYS;
	if (m.op >= ARRAY_SIZE(subops) || !subops[m.op].fn)
		return hypercall_unknown(v, __HYPERVISOR_memory_op, m.op);
	s = &subops[m.op];
	if (s->dom0 && !v->d->is_hw)
		return -EPERM;
	if (!(s->dir & SUBOP_DIR_IN))
		memset(&a, 0, sizeof(a));
	else if (copy_from_guest(&a, arg, s->size))
		return -EFAULT;
	ret = s->fn(&m, &a);
	if (ret >= 0 && (s->dir & SUBOP_DIR_OUT) &&
	    copy_to_guest(arg, &a, s->size))
		return -EFAULT;
	return ret;
}
