/*
 * Page tables of PV guests: what an entry may say, and the references that
 * stand behind it.
 *
 * A guest writes its tables through the core, with machine frame numbers.
 * Each present entry of a validated table holds one reference: an L1 entry a
 * plain one (read-only), or a WRITABLE one; an entry of level n one of type
 * n - 1.  So no frame can be a table and writable, no table refers to a
 * foreign frame, and dropping the top drops all.
 *
 * An entry changes by one atomic exchange between taking the new reference
 * and dropping the old; two vCPUs may change the same entry, and each drops
 * what it took out.  No lock is held.
 *
 * The kernel runs in ring 3 as its users do, so every entry gets the user
 * bit; kernel and users are kept apart by having different L4s.
 */
#include <hvx/pv.h>

#include <hvx/console.h>
#include <hvx/domain.h>
#include <hvx/interp.h>
#include <hvx/layout.h>
#include <hvx/machine.h>
#include <hvx/paging.h>

/* Software's own bits, but for PTE_GRANT; 59 to 62 may be protection keys. */
#define PTE_SOFT    0x07e0000000000e00UL
#define PTE_CACHE   (PTE_PWT | PTE_PCD | PTE_PAT)
/* What an entry may have set, besides the frame number. */
#define L1_ALLOWED                                                             \
	(PTE_P | PTE_RW | PTE_US | PTE_CACHE | PTE_A | PTE_D | PTE_G |         \
	 PTE_SOFT | PTE_NX)
#define TABLE_ALLOWED                                                          \
	(PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D | PTE_SOFT | PTE_NX)
/* Change of these alone changes no reference and needs no check. */
#define L1_FREE (PTE_A | PTE_D | PTE_SOFT | PTE_NX | PTE_G | PTE_US)

static inline bool l1_bits_ok(uint64_t e)
{
	return !(e & ~(PTE_ADDR | L1_ALLOWED));
}

static inline bool table_bits_ok(uint64_t e)
{
	return !(e & ~(PTE_ADDR | TABLE_ALLOWED));
}

/* An absent entry is the guest's to use as it likes. */
static inline uint64_t adjust_l1(uint64_t e)
{
	return e & PTE_P ? (e | PTE_US) & ~PTE_G : e;
}

static inline uint64_t adjust_table(uint64_t e)
{
	return e & PTE_P ? e | PTE_US : e;
}

/* Not RAM: no reference counts, but rights; never cached as RAM is. */
static int get_io_leaf(const struct domain *d, uint64_t *e)
{
	mfn_t mfn = pte_mfn(*e);

	if (mfn_valid(mfn) && frame_owner(mfn_to_frame(mfn)) != OWNER_IO)
		return -EINVAL;
	if (!domain_iomem_allowed(d, mfn))
		return -EPERM;
	if (!(*e & PTE_CACHE))
		*e |= PTE_PCD;
	return 0;
}

/* `mapper` uses the entry; RAM that it maps must be `owner`'s, and must not be
 * uncached by those who own no device. */
static int get_leaf(uint64_t *e, const struct domain *mapper,
		    const struct domain *owner)
{
	mfn_t mfn = pte_mfn(*e);
	int rc;

	if (unlikely(!l1_bits_ok(*e)))
		return -EINVAL;
	if (*e & PTE_RW)
		rc = frame_get_type(mfn, owner, FT_WRITABLE);
	else
		rc = frame_get(mfn, owner) ? 0 : -EINVAL;
	if (likely(!rc)) {
		if (unlikely(*e & PTE_CACHE) && !mapper->is_hw)
			*e &= ~PTE_CACHE;
		return 0;
	}
	return rc == -EINVAL ? get_io_leaf(mapper, e) : rc;
}

/* Does an L1 entry hold a reference, or is it a device's (or a grant's)? */
static inline bool leaf_is_counted(uint64_t e)
{
	mfn_t mfn = pte_mfn(e);

	return mfn_valid(mfn) && frame_owner(mfn_to_frame(mfn)) != OWNER_IO;
}

static void put_leaf(uint64_t e)
{
	mfn_t mfn = pte_mfn(e);

	if (!leaf_is_counted(e) || (e & PTE_GRANT))
		return;
	if (e & PTE_RW)
		frame_put_type_leaf(mfn);
	else
		frame_put(mfn);
}

static int get_table(uint64_t e, const struct domain *d, enum frame_type level)
{
	if (unlikely(!table_bits_ok(e)))
		return -EINVAL;
	return frame_get_type(pte_mfn(e), d, (enum frame_type)(level - 1));
}

static inline bool slot_is_core(enum frame_type level, unsigned int i)
{
	return level == FT_L4 && i >= HVX_SLOT_FIRST && i <= HVX_SLOT_LAST;
}

bool ptval_entry_counts(uint64_t pte, enum frame_type level, unsigned int i,
			bool *typed)
{
	if (!(pte & PTE_P) || slot_is_core(level, i))
		return false;
	*typed = level > FT_L1 || (pte & PTE_RW);
	return level > FT_L1 || (leaf_is_counted(pte) && !(pte & PTE_GRANT));
}

#define SKIP 8	/* entries looked at at once; divides 512 */

/* Most tables are nearly empty when they are made and unmade. */
static inline bool none_present(const uint64_t *t)
{
	return !((t[0] | t[1] | t[2] | t[3] | t[4] | t[5] | t[6] | t[7]) &
		 PTE_P);
}

static int validate_l1(uint64_t *t, const struct domain *d, unsigned int *entry)
{
	unsigned int i;
	int rc;

	for (i = 0; i < 512; i++) {
		uint64_t e;

		if (i % SKIP == 0 && none_present(t + i)) {
			i += SKIP - 1;
			continue;
		}
		e = t[i];
		if (!(e & PTE_P))
			continue;
		rc = get_leaf(&e, d, d);
		if (rc) {
			*entry = i;
			return rc;
		}
		t[i] = adjust_l1(e);
	}
	*entry = 512;
	return 0;
}

/* Bounded, so it isn't left half way. */
static void undo_l1(uint64_t *t, unsigned int entries)
{
	unsigned int i;

	for (i = 0; i < entries; i++) {
		if (i % SKIP == 0 && none_present(t + i)) {
			i += SKIP - 1;
			continue;
		}
		if (!(t[i] & PTE_P))
			continue;
		put_leaf(t[i]);
		if (t[i] & PTE_GRANT)
			t[i] = 0;
	}
}

int ptval_validate(mfn_t mfn, const struct domain *d, enum frame_type level,
		   unsigned int *entry)
{
	uint64_t *t = mfn_to_virt(mfn);
	unsigned int i;
	int rc;

	if (level == FT_L1)
		return validate_l1(t, d, entry);
	if (level == FT_L4 && *entry == 0)
		paging_fill_core_slots(t, d->pv.perdomain_l3);
	for (i = *entry; i < 512; i++) {
		uint64_t e = t[i];

		if (!(e & PTE_P) || slot_is_core(level, i))
			continue;
		*entry = i;
		rc = get_table(e, d, level);
		if (rc)
			return rc;
		t[i] = adjust_table(e);
		if (preempt_needed() && i < 511) {
			*entry = i + 1;
			return -ERESTART;
		}
	}
	*entry = 512;
	return 0;
}

int ptval_undo(mfn_t mfn, enum frame_type level, unsigned int *entry)
{
	uint64_t *t = mfn_to_virt(mfn);

	if (level == FT_L1) {
		undo_l1(t, *entry);
		*entry = 0;
		return 0;
	}
	while (*entry) {
		unsigned int i = *entry - 1;
		uint64_t e = t[i];

		if (!(e & PTE_P)) {
			*entry = i;
			continue;
		}
		if (slot_is_core(level, i)) {
			t[i] = 0;
			*entry = i;
			continue;
		}
		if (frame_put_type(pte_mfn(e)))
			return -ERESTART;
		*entry = i;
		if (i && preempt_needed())
			return -ERESTART;
	}
	return 0;
}

static inline unsigned int va_index(gva_t va, unsigned int level)
{
	return va >> (12 + 9 * (level - 1)) & 511;
}

/*
 * The tables are in use and validated, but another vCPU may take them apart
 * meanwhile: so nothing is relied on but that frames exist, until the L1 is
 * held.
 */
uint64_t *ptval_get_l1e(struct vcpu *v, gva_t va, mfn_t *l1)
{
	mfn_t mfn = v->pv.kernel_base;
	unsigned int level;
	uint64_t e;

	if (unlikely(!guest_addr_ok(va)))
		return NULL;
	for (level = 4; level > 1; level--) {
		const uint64_t *t = mfn_to_virt(mfn);

		e = READ_ONCE(t[va_index(va, level)]);
		if (unlikely(!(e & PTE_P) || (e & PTE_PS)))
			return NULL;
		mfn = pte_mfn(e);
		if (unlikely(!mfn_valid(mfn)))
			return NULL;
	}
	if (unlikely(!frame_get_valid(mfn, v->d, FT_L1)))
		return NULL;
	*l1 = mfn;
	return (uint64_t *)mfn_to_virt(mfn) + va_index(va, 1);
}

static inline bool cas(uint64_t *pte, uint64_t *old, uint64_t new)
{
	return __atomic_compare_exchange_n(pte, old, new, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* Put new in the place of what is there, which is returned. */
static uint64_t exchange(uint64_t *pte, uint64_t new, bool preserve_ad)
{
	uint64_t old;

	if (!preserve_ad)
		return __atomic_exchange_n(pte, new, __ATOMIC_SEQ_CST);
	old = READ_ONCE(*pte);
	while (!cas(pte, &old, new | (old & (PTE_A | PTE_D))))
		;
	return old;
}

/* A grant's entry overwritten: the grant would lose track of its mapping. */
static bool loses_grant(struct vcpu *v, uint64_t old)
{
	if (likely((old & (PTE_P | PTE_GRANT)) != (PTE_P | PTE_GRANT)))
		return false;
	domain_crash(v->d, "a granted mapping was overwritten");
	return true;
}

/*
 * Pages that the guest puts out, to a disk say, and takes in again: an entry
 * that is neither present nor zero says where its page is meanwhile.  Each vCPU
 * counts what it does itself; sample.c tells.
 */
static inline void count_paged_out(struct vcpu *v, uint64_t val)
{
	v->pv.paged_out += val != 0;
}

static inline void count_paged_in(struct vcpu *v, uint64_t old, uint64_t val)
{
	v->pv.paged_in += old && (val & PTE_P);
}

static int set_l1e(struct vcpu *v, const struct domain *owner, uint64_t *pte,
		   uint64_t val, bool preserve_ad)
{
	uint64_t old = READ_ONCE(*pte);
	int rc;

	if (val & PTE_P) {
		/* The same frame in the same way: its reference stays. */
		if (!((old ^ val) & ~L1_FREE) && l1_bits_ok(val) &&
		    !(old & PTE_GRANT)) {
			uint64_t new = adjust_l1(val);

			if (preserve_ad)
				new |= old & (PTE_A | PTE_D);
			if (cas(pte, &old, new))
				return 0;
		}
		rc = get_leaf(&val, v->d, owner);
		if (unlikely(rc))
			return rc;
		val = adjust_l1(val);
	} else {
		count_paged_out(v, val);
	}
	old = exchange(pte, val, preserve_ad && (val & PTE_P));
	if (!(old & PTE_P))
		count_paged_in(v, old, val);
	else if (!loses_grant(v, old))
		put_leaf(old);
	return 0;
}

int ptval_cmpxchg_l1e(struct vcpu *v, uint64_t *pte, uint64_t expect,
		      uint64_t val)
{
	uint64_t old = expect;
	int rc;

	if (val & PTE_P) {
		rc = get_leaf(&val, v->d, v->d);
		if (rc)
			return rc;
		val = adjust_l1(val);
	}
	if (!cas(pte, &old, val)) {
		if (val & PTE_P)
			put_leaf(val);
		return -EAGAIN;
	}
	if (!(val & PTE_P))
		count_paged_out(v, val);
	if (!(old & PTE_P))
		count_paged_in(v, old, val);
	else if (!loses_grant(v, old))
		put_leaf(old);
	return 0;
}

static void put_table_later(struct vcpu *v, mfn_t mfn)
{
	if (frame_put_type(mfn))
		v->pv.old_table = mfn;
}

static int set_table_entry(struct vcpu *v, uint64_t *pte, uint64_t val,
			   enum frame_type level, bool preserve_ad)
{
	unsigned int i = ((unsigned long)pte & ~PAGE_MASK) / 8;
	uint64_t old;
	int rc;

	if (slot_is_core(level, i))
		return -EINVAL;
	if (val & PTE_P) {
		old = READ_ONCE(*pte);
		if ((old & PTE_P) && !((old ^ val) & PTE_ADDR) &&
		    table_bits_ok(val)) {
			uint64_t new = adjust_table(val);

			if (preserve_ad)
				new |= old & (PTE_A | PTE_D);
			if (cas(pte, &old, new))
				return 0;
		}
		rc = get_table(val, v->d, level);
		if (rc)
			return rc;
		val = adjust_table(val);
	}
	old = exchange(pte, val, preserve_ad && (val & PTE_P));
	if (old & PTE_P)
		put_table_later(v, pte_mfn(old));
	return 0;
}

int ptval_set_entry(struct vcpu *v, const struct domain *owner, uint64_t *pte,
		    uint64_t val, enum frame_type level, bool preserve_ad)
{
	if (level == FT_L1)
		return set_l1e(v, owner, pte, val, preserve_ad);
	return set_table_entry(v, pte, val, level, preserve_ad);
}

int ptval_finish_old_slow(struct vcpu *v)
{
	if (frame_put_type(v->pv.old_table))
		return -ERESTART;
	v->pv.old_table = INVALID_MFN;
	return 0;
}

int pv_new_base(struct vcpu *v, mfn_t mfn, bool user)
{
	mfn_t *base = user ? &v->pv.user_base : &v->pv.kernel_base;
	mfn_t old = *base;
	int rc;

	if (mfn_eq(old, mfn)) {
		if (!user || !v->pv.kernel_mode)
			tlb_flush_local();
		return 0;
	}
	if (!mfn_eq(mfn, INVALID_MFN)) {
		rc = frame_get_type(mfn, v->d, FT_L4);
		if (rc)
			return rc;
	}
	*base = mfn;
	if (user)
		v->pv.cr3_user = mfn_eq(mfn, INVALID_MFN) ? 0 :
							    mfn_to_paddr(mfn);
	else
		v->pv.cr3_kernel = mfn_to_paddr(mfn);
	if (!user)
		pv_load_base(v);
	if (!mfn_eq(old, INVALID_MFN))
		put_table_later(v, old);
	return 0;
}
