/*
 * mmu_update and update_va_mapping: a guest changes its page tables, one
 * entry or many a call; also the machine-to-physical table's entries of its
 * frames.
 */
#include <hvx/pv.h>

#include <hvx/console.h>
#include <hvx/domain.h>
#include <hvx/guest_access.h>
#include <hvx/hypercall.h>
#include <hvx/machine.h>

#include "mmu.h"

/* Whose frames the request may name, resolved once a call. */
struct mmu_domains {
	struct domain *pt;	/* owner of the tables */
	struct domain *pg;	/* owner of what they map */
};

/* Stands for DOMID_IO: the owner of no RAM. */
static struct domain io_domain = { .slot = OWNER_NOBODY, .refs = 1 };

/* With a reference, but for the caller's own domain: it lives as long as the
 * call does. */
static struct domain *mmu_get_domain(struct vcpu *v, domid_t id, int *rc)
{
	struct domain *d;

	if (likely(id == DOMID_SELF))
		return v->d;
	/* Device memory goes by the caller's own rights, wherever it asks. */
	if (id == DOMID_IO) {
		domain_get(&io_domain);
		return &io_domain;
	}
	if (id == v->d->id) {
		if (!v->d->is_hw) {
			*rc = -EPERM;
			return NULL;
		}
		return v->d;
	}
	if (!v->d->is_hw || id == DOMID_XEN) {
		*rc = -EPERM;
		return NULL;
	}
	d = domain_get_by_id(id);
	if (!d)
		*rc = -ESRCH;
	return d;
}

void mmu_put_domain(struct vcpu *v, struct domain *d)
{
	if (unlikely(d != v->d))
		domain_put(d);
}

struct domain *mmu_get_foreign(struct vcpu *v, unsigned int foreigndom, int *rc)
{
	return mmu_get_domain(v, (domid_t)foreigndom, rc);
}

static int mmu_domains_get(struct vcpu *v, unsigned int foreigndom,
			   struct mmu_domains *ds)
{
	int rc = -ESRCH;

	ds->pt = NULL;
	ds->pg = mmu_get_domain(v, (domid_t)foreigndom, &rc);
	if (!ds->pg)
		return rc;
	if (likely(!(foreigndom >> 16))) {
		ds->pt = v->d;
		return 0;
	}
	ds->pt = mmu_get_domain(v, (domid_t)((foreigndom >> 16) - 1), &rc);
	if (ds->pt)
		return 0;
	mmu_put_domain(v, ds->pg);
	return rc;
}

static void mmu_domains_put(struct vcpu *v, struct mmu_domains *ds)
{
	mmu_put_domain(v, ds->pt);
	mmu_put_domain(v, ds->pg);
}

/* A frame that is no table: a plain store, where the guest could do it too. */
static int store_plain(const struct domain *pt, mfn_t mfn, uint64_t *slot,
		       uint64_t val)
{
	int rc = frame_get_type(mfn, pt, FT_WRITABLE);

	if (rc)
		return rc == -EBUSY ? -EINVAL : rc;
	WRITE_ONCE(*slot, val);
	frame_put_type_leaf(mfn);
	return 0;
}

static int update_pt(struct vcpu *v, const struct mmu_domains *ds, uint64_t ptr,
		     uint64_t val, bool preserve_ad)
{
	mfn_t mfn = paddr_to_mfn(ptr);
	uint64_t *slot;
	enum frame_type type;
	int rc;

	if (unlikely(!mfn_valid(mfn) ||
		     !frame_owned_by(mfn_to_frame(mfn), ds->pt)))
		return -EINVAL;
	slot = (uint64_t *)mfn_to_virt(mfn) + (ptr & ~PAGE_MASK) / 8;
	type = frame_type(mfn_to_frame(mfn));
	if (type < FT_L1 || type > FT_L4 ||
	    !frame_get_valid(mfn, ds->pt, type))
		return store_plain(ds->pt, mfn, slot, val);
	rc = ptval_set_entry(v, ds->pg, slot, val, type, preserve_ad);
	if (type == FT_L1)
		frame_put_type_leaf(mfn);
	else if (frame_put_type(mfn))
		v->pv.old_table = mfn;
	return rc;
}

static int update_m2p(const struct mmu_domains *ds, uint64_t ptr, uint64_t val)
{
	mfn_t mfn = paddr_to_mfn(ptr);

	if (!frame_get(mfn, ds->pg))
		return -EINVAL;
	m2p_set(mfn, val);
	frame_put(mfn);
	return 0;
}

static int update_one(struct vcpu *v, const struct mmu_domains *ds,
		      const struct mmu_update *u)
{
	uint64_t ptr = u->ptr & ~7UL;

	switch (u->ptr & 7) {
	case MMU_NORMAL_PT_UPDATE:
	case MMU_PT_UPDATE_NO_TRANSLATE:
		return update_pt(v, ds, ptr, u->val, false);
	case MMU_PT_UPDATE_PRESERVE_AD:
		return update_pt(v, ds, ptr, u->val, true);
	case MMU_MACHPHYS_UPDATE:
		return update_m2p(ds, ptr, u->val);
	default:
		return -ENOSYS;
	}
}

/* The count of a call that was continued: what was done before. */
int mmu_batch_start(struct mmu_batch *b, unsigned int *count, gva_t pdone)
{
	b->done = 0;
	b->pdone = pdone;
	if (likely(!(*count & MMU_UPDATE_PREEMPTED)))
		return 0;
	*count &= ~MMU_UPDATE_PREEMPTED;
	if (pdone && copy_from_guest(&b->done, pdone, sizeof(b->done)))
		return -EFAULT;
	return 0;
}

/* i items are done: stop here with rc, or continue later. */
long mmu_batch_end(struct vcpu *v, const struct mmu_batch *b, unsigned int nr,
		   gva_t list, unsigned long size, unsigned int count,
		   unsigned int i, unsigned int foreigndom, int rc)
{
	unsigned int done = b->done + i;

	if (b->pdone && copy_to_guest(b->pdone, &done, sizeof(done)) &&
	    rc != -ERESTART)
		return -EFAULT;
	if (rc != -ERESTART)
		return rc;
	return hypercall_continue(v, nr, 4, list + i * size,
				  (unsigned long)((count - i) |
						  MMU_UPDATE_PREEMPTED),
				  b->pdone, (unsigned long)foreigndom);
}

long hc_mmu_update(struct vcpu *v, gva_t req, unsigned int count, gva_t pdone,
		   unsigned int foreigndom)
{
	struct mmu_domains ds;
	struct mmu_batch b;
	unsigned int i = 0;
	int rc;

	rc = ptval_finish_old(v);
	if (unlikely(rc))
		return hypercall_continue(v, __HYPERVISOR_mmu_update, 4, req,
					  (unsigned long)count, pdone,
					  (unsigned long)foreigndom);
	if (unlikely(count == MMU_UPDATE_PREEMPTED && !req))
		return 0;
	rc = mmu_batch_start(&b, &count, pdone);
	if (unlikely(rc))
		return rc;
	if (unlikely(!guest_array_ok(req, count, sizeof(struct mmu_update))))
		return -EFAULT;
	rc = mmu_domains_get(v, foreigndom, &ds);
	if (unlikely(rc))
		return rc;
	for (; i < count; i++) {
		struct mmu_update u;

		if (unlikely(i && preempt_needed())) {
			rc = -ERESTART;
			break;
		}
		rc = copy_from_guest_index(&u, req, i);
		if (unlikely(rc))
			break;
		rc = update_one(v, &ds, &u);
		if (unlikely(rc))
			break;
		rc = ptval_finish_old(v);
		if (unlikely(rc)) {
			i++;
			break;
		}
	}
	mmu_domains_put(v, &ds);
	return mmu_batch_end(v, &b, __HYPERVISOR_mmu_update, req,
			     sizeof(struct mmu_update), count, i, foreigndom,
			     rc);
}

/* CPUs on which the vCPUs of a guest's bitmap may have translations. */
int mmu_vcpumask(struct vcpu *v, gva_t mask, cpumask_t *cpus)
{
	unsigned int id, nr = v->d->max_vcpus;
	uint64_t word = 0;

	*cpus = CPUMASK_NONE;
	for (id = 0; id < nr; id++) {
		if (id % 64 == 0) {
			unsigned long bytes = MIN((nr - id + 7) / 8, 8u);

			word = 0;
			if (copy_from_guest(&word, mask + id / 8, bytes))
				return -EFAULT;
		}
		if ((word >> id % 64 & 1) && v->d->vcpu[id])
			*cpus |= cpumask_of(v->d->vcpu[id]->cpu);
	}
	*cpus &= v->d->dirty_cpus;
	return 0;
}

static int flush_after(struct vcpu *v, gva_t va, unsigned long flags)
{
	unsigned long how = flags & UVMF_FLUSHTYPE_MASK;
	unsigned long who = flags & ~(unsigned long)UVMF_FLUSHTYPE_MASK;
	cpumask_t cpus;

	if (how == UVMF_NONE)
		return 0;
	if (who == UVMF_LOCAL) {
		if (how == UVMF_INVLPG)
			tlb_flush_va_local(va);
		else
			tlb_flush_local();
		return 0;
	}
	if (who == UVMF_ALL)
		cpus = v->d->dirty_cpus;
	else if (mmu_vcpumask(v, who, &cpus))
		return -EFAULT;
	if (how == UVMF_INVLPG)
		tlb_flush_va_mask(cpus, va);
	else
		tlb_flush_mask(cpus);
	return 0;
}

static int update_va(struct vcpu *v, const struct domain *owner, gva_t va,
		     uint64_t val, unsigned long flags)
{
	mfn_t l1;
	uint64_t *pte = ptval_get_l1e(v, va, &l1);
	int rc;

	if (unlikely(!pte))
		return -EINVAL;
	rc = ptval_set_entry(v, owner, pte, val, FT_L1, false);
	frame_put_type_leaf(l1);
	if (unlikely(rc))
		return rc;
	return flush_after(v, va, flags);
}

long hc_update_va_mapping(struct vcpu *v, unsigned long va, uint64_t val,
			  unsigned long flags)
{
	return update_va(v, v->d, va, val, flags);
}

long hc_update_va_mapping_otherdomain(struct vcpu *v, unsigned long va,
				      uint64_t val, unsigned long flags,
				      domid_t domid)
{
	int rc = -ESRCH;
	struct domain *d = mmu_get_domain(v, domid, &rc);

	if (!d)
		return rc;
	rc = update_va(v, d, va, val, flags);
	mmu_put_domain(v, d);
	return rc;
}
