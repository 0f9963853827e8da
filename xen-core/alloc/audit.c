/*
 * The audit: what every frame's word says, recounted from what refers to it.
 *
 * All tables that are in force are read, and all the references that the core
 * itself holds are asked for; the sums must be what the words say, exactly.
 * Exact if nothing changes meanwhile: all other CPUs stand still
 * (smp_hold_others), and the caller is between two calls of any guest itself.
 */
#include <hvx/frame.h>

#include <hvx/console.h>
#include <hvx/domain.h>
#include <hvx/evtchn.h>
#include <hvx/gnttab.h>
#include <hvx/machine.h>
#include <hvx/pv.h>
#include <hvx/string.h>

#define MAX_REPORTS 32

struct audit_count {
	uint32_t typed, plain;
};

struct audit {
	struct audit_count *count;	/* by mfn */
	unsigned long differences;
};

static void count_ref(void *ctx, mfn_t mfn, bool typed)
{
	struct audit *a = ctx;

	if (!mfn_valid(mfn))
		return;
	if (typed)
		a->count[mfn_x(mfn)].typed++;
	else
		a->count[mfn_x(mfn)].plain++;
}

static void count_entries(struct audit *a, mfn_t table, enum frame_type level,
			  unsigned int entries)
{
	const uint64_t *t = mfn_to_virt(table);
	unsigned int i;

	for (i = 0; i < entries; i++) {
		uint64_t e = t[i];
		bool typed;

		if (!ptval_entry_counts(e, level, i, &typed))
			continue;
		count_ref(a, pte_mfn(e), typed);
	}
}

static void count_vcpu(struct audit *a, const struct vcpu *v)
{
	unsigned int i;

	if (!mfn_eq(v->pv.kernel_base, INVALID_MFN))
		count_ref(a, v->pv.kernel_base, true);
	if (!mfn_eq(v->pv.user_base, INVALID_MFN))
		count_ref(a, v->pv.user_base, true);
	if (!mfn_eq(v->info_mfn, INVALID_MFN))
		count_ref(a, v->info_mfn, true);
	for (i = 0; i < GUEST_GDT_FRAMES; i++)
		if (i < (v->pv.gdt_ents + 511) / 512)
			count_ref(a, v->pv.gdt_mfn[i], true);
	for (i = 0; i < 16; i++)
		if (v->pv.ldt_mapped >> i & 1)
			count_ref(a, pte_mfn(v->pv.desc_l1[16 + i]), true);
}

static void count_domain(struct audit *a, struct domain *d)
{
	struct vcpu *v;

	for_each_vcpu(d, v)
		count_vcpu(a, v);
	if (!mfn_eq(d->pirq_eoi_mfn, INVALID_MFN))
		count_ref(a, d->pirq_eoi_mfn, true);
	gnttab_each_ref(d, count_ref, a);
	evtchn_each_ref(d, count_ref, a);
}

/* The frame's own: its tables' entries, its pin, its being shared. */
static void count_frame(struct audit *a, mfn_t mfn)
{
	struct frame_view fv;

	frame_view(mfn, &fv);
	if (fv.owner >= MAX_DOMAINS)
		return;
	if (fv.shared) {
		count_ref(a, mfn, true);
		count_ref(a, mfn, false);
	} else if (fv.pinned) {
		count_ref(a, mfn, true);
	}
	if (fv.type < FT_L1 || fv.type > FT_L4)
		return;
	if (fv.state == FS_VALID)
		count_entries(a, mfn, fv.type, 512);
	else if (fv.state == FS_PARTIAL)
		count_entries(a, mfn, fv.type, fv.tcount);
}

static void compare_frame(struct audit *a, mfn_t mfn, const struct domain *d)
{
	const struct audit_count *c = &a->count[mfn_x(mfn)];
	struct frame_view fv;
	bool same;

	frame_view(mfn, &fv);
	if (fv.owner >= MAX_DOMAINS || (d && fv.owner != d->slot))
		return;
	if (fv.state == FS_PARTIAL)
		return;
	same = c->typed == (fv.state == FS_VALID ? fv.tcount : 0) &&
	       c->plain == fv.refs;
	if (same)
		return;
	if (a->differences++ < MAX_REPORTS)
		printk(LOG_ERR "audit: mfn %#lx of slot %u, type %u state %u: "
			       "typed %u, counted %u; plain %u, counted %u\n",
		       mfn_x(mfn), fv.owner, fv.type, fv.state, fv.tcount,
		       c->typed, fv.refs, c->plain);
}

unsigned long frame_audit(struct domain *d)
{
	unsigned long m, bytes = frame_max_mfn * sizeof(struct audit_count);
	struct audit a = { .differences = 0 };
	unsigned int order = 0;
	struct list *pos;
	mfn_t mem;

	while (PAGE_SIZE << order < bytes)
		order++;
	mem = buddy_alloc(order);
	if (mfn_eq(mem, INVALID_MFN)) {
		printk(LOG_ERR "audit: not enough free memory to count in\n");
		return 1;
	}
	a.count = mfn_to_virt(mem);
	list_for_each(pos, &domain_list)
		count_domain(&a, list_entry(pos, struct domain, list));
	for (m = 0; m < frame_max_mfn; m++)
		if (mfn_valid(_mfn(m)))
			count_frame(&a, _mfn(m));
	for (m = 0; m < frame_max_mfn; m++)
		if (mfn_valid(_mfn(m)))
			compare_frame(&a, _mfn(m), d);
	buddy_free(mem, order);
	return a.differences;
}
