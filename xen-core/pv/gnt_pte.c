/*
 * The L1 entries of grant mappings.  The page's reference is the grant's own
 * (chan/gnt_map.c), so the entry is marked: it is neither counted nor the
 * guest's to overwrite.
 */
#include <hvx/pv.h>

#include <hvx/domain.h>
#include <hvx/machine.h>
#include <hvx/gnttab.h>

static inline bool cas(uint64_t *pte, uint64_t *old, uint64_t new)
{
	return __atomic_compare_exchange_n(pte, old, new, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* The entry for a host address of either kind; its L1 is held. */
static uint64_t *find_entry(struct vcpu *v, uint64_t va, unsigned int flags,
			    mfn_t *l1)
{
	if (!(flags & GNTMAP_contains_pte))
		return ptval_get_l1e(v, va, l1);
	*l1 = paddr_to_mfn(va);
	if ((va & 7) || !frame_get_valid(*l1, v->d, FT_L1))
		return NULL;
	return (uint64_t *)mfn_to_virt(*l1) + (va & ~PAGE_MASK) / 8;
}

static uint64_t grant_entry(mfn_t frame, unsigned int flags)
{
	uint64_t e = mfn_to_paddr(frame) | PTE_P | PTE_US | PTE_A | PTE_D |
		     PTE_GRANT | PTE_NX;

	if (!(flags & GNTMAP_readonly))
		e |= PTE_RW;
	return e | (uint64_t)(flags >> _GNTMAP_guest_avail0 & 7) << 9;
}

int grant_pte_install(struct vcpu *v, uint64_t va, mfn_t frame,
		      unsigned int flags)
{
	uint64_t old, *pte;
	mfn_t l1;
	int rc;

	pte = find_entry(v, va, flags, &l1);
	if (!pte)
		return GNTST_general_error;
	/* What was there goes the way of any entry, then ours takes its
	 * place if nobody was quicker. */
	rc = ptval_set_entry(v, v->d, pte, 0, FT_L1, false);
	old = 0;
	if (!rc && !cas(pte, &old, grant_entry(frame, flags)))
		rc = -EAGAIN;
	frame_put_type_leaf(l1);
	return rc ? GNTST_general_error : GNTST_okay;
}

/* The replacement moves the entry of new_va to the grant's place. */
static uint64_t take_replacement(struct vcpu *v, uint64_t new_va)
{
	uint64_t *pte, old;
	mfn_t l1;

	if (!new_va)
		return 0;
	pte = ptval_get_l1e(v, new_va, &l1);
	if (!pte)
		return 0;
	old = READ_ONCE(*pte);
	do {
		if (old & PTE_GRANT)
			old = 0;
	} while (old && !cas(pte, &old, 0));
	frame_put_type_leaf(l1);
	return old;
}

int grant_pte_remove(struct vcpu *v, uint64_t va, mfn_t frame,
		     unsigned int flags, uint64_t new_va)
{
	uint64_t *pte, old, mask = PTE_P | PTE_GRANT | PTE_ADDR;
	uint64_t want = PTE_P | PTE_GRANT | mfn_to_paddr(frame);
	mfn_t l1;
	int rc = GNTST_general_error;

	pte = find_entry(v, va, flags, &l1);
	if (!pte)
		return rc;
	old = READ_ONCE(*pte);
	if ((old & mask) == want &&
	    !!(old & PTE_RW) == !(flags & GNTMAP_readonly)) {
		uint64_t new = take_replacement(v, new_va);

		while ((old & mask) == want)
			if (cas(pte, &old, new)) {
				rc = GNTST_okay;
				break;
			}
	}
	frame_put_type_leaf(l1);
	return rc;
}
