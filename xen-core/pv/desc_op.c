/*
 * Descriptor tables of guests.
 *
 * Each vCPU has a window of 32 pages in slot 260: 14 for the guest's GDT, the
 * 15th for the CPU's own (layout.h), 16 for its LDT.  The window maps the
 * guest's own frames, so the frames are held as FT_DESC all the while: nobody
 * can write them but by hc_update_descriptor(), and what they hold was checked
 * when the type came into force.  The processor sets accessed bits there.
 *
 * The GDT is mapped when it is set.  Of the LDT only base and length are
 * noted; a page comes in at the first fault on it (pv_map_ldt_page).
 *
 * GDT slots in no use map a page of zeroes, so that a selector past the end
 * is the guest's #GP and not a page fault in the core's range.
 */
#include <hvx/pv.h>

#include <hvx/domain.h>
#include <hvx/hypercall.h>
#include <hvx/machine.h>

#define LDT_FIRST   16		/* of a window's entries */
#define LDT_PAGES   16
#define MAX_LDT	    8192
#define MAPPED_RW   (PTE_P | PTE_RW | PTE_A | PTE_D | PTE_NX)
#define MAPPED_ZERO (PTE_P | PTE_A | PTE_NX)

/* Fields of a descriptor. */
#define DESC_TYPE    (0xfUL << 40)
#define DESC_S	     BIT(44)		/* code or data */
#define DESC_DPL     (3UL << 45)
#define DESC_PRESENT BIT(47)

/*
 * Code and data go, for ring 3 only.  Of the system kinds none does: gates
 * and task segments lead to ring 0.  Type 0 never loads: it is a filler, as
 * is what isn't present.
 */
bool pv_check_descriptor(uint64_t *desc)
{
	uint64_t d = *desc;

	if (!(d & DESC_PRESENT))
		return true;
	if (!(d & DESC_S) && (d & DESC_TYPE))
		return false;
	*desc = d | DESC_DPL;
	return true;
}

/* All are seen before one is changed: a refused page stays as it was. */
int descpage_validate(mfn_t mfn)
{
	uint64_t *page = mfn_to_virt(mfn), d;
	unsigned int i;

	for (i = 0; i < PAGE_SIZE / sizeof(d); i++) {
		d = READ_ONCE(page[i]);
		if (!pv_check_descriptor(&d))
			return -EINVAL;
	}
	for (i = 0; i < PAGE_SIZE / sizeof(d); i++) {
		d = READ_ONCE(page[i]);
		(void)pv_check_descriptor(&d);
		if (d != page[i])
			WRITE_ONCE(page[i], d);
	}
	return 0;
}

/* One that a guest may have in a register: ring 3, and not the core's own. */
bool pv_selector_ok(uint16_t sel)
{
	if (!(sel & 0xfffc))
		return true;
	if ((sel & 3) != 3)
		return false;
	return (sel & 4) || (sel >> 3) < FIRST_RESERVED_GDT_ENTRY ||
	       sel == FLAT_RING3_CS64 || sel == FLAT_RING3_CS32 ||
	       sel == FLAT_RING3_DS32;
}

/* ---- GDT ----------------------------------------------------------------- */

/* One page for all domains, for good. */
static uint64_t zero_pte(void)
{
	static mfn_t zero = { ~0UL };
	static struct lock lock = LOCK_INIT;
	void *p;

	spin_lock(&lock);
	if (mfn_eq(zero, INVALID_MFN)) {
		p = page_alloc();
		if (p)
			zero = virt_to_mfn(p);
	}
	spin_unlock(&lock);
	return mfn_eq(zero, INVALID_MFN) ? 0 :
					   mfn_to_paddr(zero) | MAPPED_ZERO;
}

/* What v's window maps has changed: no CPU may go by the old entries. */
static void flush_window(struct vcpu *v)
{
	tlb_flush_mask(READ_ONCE(v->d->dirty_cpus));
}

static void put_frames(const mfn_t *frames, unsigned int nr)
{
	while (nr--)
		frame_put_type_leaf(frames[nr]);
}

static void map_gdt(struct vcpu *v, const mfn_t *frames, unsigned int nr)
{
	uint64_t zero = zero_pte();
	unsigned int i;

	for (i = 0; i < GUEST_GDT_FRAMES; i++) {
		v->pv.gdt_mfn[i] = i < nr ? frames[i] : INVALID_MFN;
		WRITE_ONCE(v->pv.desc_l1[i],
			   i < nr ? mfn_to_paddr(frames[i]) | MAPPED_RW : zero);
	}
}

static void replace_gdt(struct vcpu *v, const mfn_t *frames, unsigned int nr,
			unsigned int entries)
{
	unsigned int had = DIV_ROUND_UP(v->pv.gdt_ents, 512), i;
	mfn_t old[GUEST_GDT_FRAMES];

	for (i = 0; i < had; i++)
		old[i] = v->pv.gdt_mfn[i];
	map_gdt(v, frames, nr);
	v->pv.gdt_ents = entries;
	flush_window(v);
	put_frames(old, had);
}

int pv_set_gdt(struct vcpu *v, const mfn_t *frames, unsigned int nr,
	       unsigned int entries)
{
	unsigned int i;

	if (entries > FIRST_RESERVED_GDT_ENTRY ||
	    nr != DIV_ROUND_UP(entries, 512))
		return -EINVAL;
	for (i = 0; i < nr; i++)
		if (frame_get_type(frames[i], v->d, FT_DESC)) {
			put_frames(frames, i);
			return -EINVAL;
		}
	replace_gdt(v, frames, nr, entries);
	return 0;
}

void pv_destroy_gdt(struct vcpu *v)
{
	if (v->pv.desc_l1)
		replace_gdt(v, NULL, 0, 0);
}

/* ---- LDT ----------------------------------------------------------------- */

void pv_drop_ldt(struct vcpu *v)
{
	mfn_t old[LDT_PAGES];
	unsigned int i, nr = 0;

	if (!v->pv.ldt_mapped)
		return;
	for (i = 0; i < LDT_PAGES; i++) {
		if (!(v->pv.ldt_mapped >> i & 1))
			continue;
		old[nr++] = pte_mfn(v->pv.desc_l1[LDT_FIRST + i]);
		WRITE_ONCE(v->pv.desc_l1[LDT_FIRST + i], 0);
	}
	v->pv.ldt_mapped = 0;
	flush_window(v);
	put_frames(old, nr);
}

int pv_set_ldt(struct vcpu *v, gva_t base, unsigned int entries)
{
	if (!entries)
		base = 0;
	if (entries > MAX_LDT || (base & ~PAGE_MASK) ||
	    (entries && (!guest_addr_ok(base) ||
			 !guest_addr_ok(base + entries * 8UL - 1))))
		return -EINVAL;
	if (v->pv.ldt_base == base && v->pv.ldt_ents == entries)
		return 0;
	pv_drop_ldt(v);
	v->pv.ldt_base = base;
	v->pv.ldt_ents = entries;
	pv_reload_ldt(v);
	return 0;
}

bool pv_map_ldt_page(struct vcpu *v, unsigned long offset)
{
	unsigned int i = (unsigned int)(offset >> PAGE_SHIFT);
	uint64_t *pte, e;
	mfn_t l1;

	if (i >= DIV_ROUND_UP(v->pv.ldt_ents, 512) || i >= LDT_PAGES ||
	    (v->pv.ldt_mapped >> i & 1))
		return false;
	pte = ptval_get_l1e(v, v->pv.ldt_base + (offset & PAGE_MASK), &l1);
	if (!pte)
		return false;
	e = READ_ONCE(*pte);
	frame_put_type_leaf(l1);
	if (!(e & PTE_P) || frame_get_type(pte_mfn(e), v->d, FT_DESC))
		return false;
	WRITE_ONCE(v->pv.desc_l1[LDT_FIRST + i],
		   mfn_to_paddr(pte_mfn(e)) | MAPPED_RW);
	v->pv.ldt_mapped |= BIT(i);
	return true;
}

/* ---- one descriptor ------------------------------------------------------ */

/* In a frame in use as a table it is checked already; anywhere else in the
 * guest's memory it will be when the frame becomes one. */
long hc_update_descriptor(struct vcpu *v, uint64_t ma, uint64_t desc)
{
	mfn_t mfn = paddr_to_mfn(ma);
	uint64_t *page;

	if ((ma & 7) || !mfn_valid(mfn) || !pv_check_descriptor(&desc))
		return -EINVAL;
	if (!frame_get_valid(mfn, v->d, FT_DESC) &&
	    frame_get_type(mfn, v->d, FT_WRITABLE))
		return -EINVAL;
	page = mfn_to_virt(mfn);
	WRITE_ONCE(page[(ma & ~PAGE_MASK) / 8], desc);
	frame_put_type_leaf(mfn);
	return 0;
}
