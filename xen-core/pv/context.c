/*
 * What a PV domain and its vCPUs have beyond any guest's: the windows for
 * descriptor tables (slot 260), a first context, and at the end the way back
 * of all tables and frames.
 *
 * The windows' tables are the domain's own: one L3 and L2, and an L1 for
 * sixteen vCPUs.
 */
#include <hvx/pv.h>

#include <hvx/console.h>
#include <hvx/cpu.h>
#include <hvx/domain.h>
#include <hvx/fpu.h>
#include <hvx/interp.h>
#include <hvx/machine.h>
#include <hvx/string.h>
#include <hvx/traps.h>

#define WINDOW_ENTRIES	32
#define WINDOWS_PER_L1	(512 / WINDOW_ENTRIES)
#define CORE_LINK	(PTE_P | PTE_RW | PTE_A | PTE_D)
#define SCAN_STEP	4096
#define WORK_STEP	64

int pv_init_domain(struct domain *d)
{
	uint64_t *l3 = page_alloc(), *l2 = page_alloc();

	if (!l3 || !l2) {
		if (l3)
			page_free(l3);
		if (l2)
			page_free(l2);
		d->pv.perdomain_l3 = INVALID_MFN;
		return -ENOMEM;
	}
	l3[0] = mfn_to_paddr(virt_to_mfn(l2)) | CORE_LINK;
	d->pv.perdomain_l3 = virt_to_mfn(l3);
	d->pirq_eoi_mfn = INVALID_MFN;
	return 0;
}

static uint64_t *windows_l2(const struct domain *d)
{
	const uint64_t *l3 = mfn_to_virt(d->pv.perdomain_l3);

	return mfn_to_virt(pte_mfn(l3[0]));
}

void pv_free_domain(struct domain *d)
{
	uint64_t *l2;
	unsigned int i;

	if (mfn_eq(d->pv.perdomain_l3, INVALID_MFN))
		return;
	l2 = windows_l2(d);
	for (i = 0; i < MAX_VCPUS / WINDOWS_PER_L1; i++)
		if (l2[i])
			page_free(mfn_to_virt(pte_mfn(l2[i])));
	page_free(l2);
	page_free(mfn_to_virt(d->pv.perdomain_l3));
	d->pv.perdomain_l3 = INVALID_MFN;
}

int pv_init_vcpu(struct vcpu *v)
{
	uint64_t *l2 = windows_l2(v->d), *slot = &l2[v->id / WINDOWS_PER_L1];
	unsigned int i;

	v->pv.kernel_base = INVALID_MFN;
	v->pv.user_base = INVALID_MFN;
	v->pv.old_table = INVALID_MFN;
	for (i = 0; i < GUEST_GDT_FRAMES; i++)
		v->pv.gdt_mfn[i] = INVALID_MFN;
	if (!*slot) {
		void *l1 = page_alloc();

		if (!l1)
			return -ENOMEM;
		*slot = mfn_to_paddr(virt_to_mfn(l1)) | CORE_LINK;
	}
	v->pv.desc_l1 = (uint64_t *)mfn_to_virt(pte_mfn(*slot)) +
			v->id % WINDOWS_PER_L1 * WINDOW_ENTRIES;
	v->pv.kernel_mode = true;
	v->pv.cr0 = CR0_GUEST_FIXED;
	v->pv.cr4 = pv_guest_cr4(CR4_OSXSAVE);	/* on from the start */
	pv_destroy_gdt(v);
	v->pv.dr[6] = 0xffff0ff0;
	v->pv.dr[7] = 0x400;
	return 0;
}

/* All it had is the domain's, or was dropped by pv_release_vcpu(). */
void pv_free_vcpu(__maybe_unused struct vcpu *v)
{
}

static int drop_base(mfn_t *base, paddr_t *cr3)
{
	int rc;

	if (mfn_eq(*base, INVALID_MFN))
		return 0;
	rc = frame_put_type(*base);
	if (rc)
		return rc;
	*base = INVALID_MFN;
	*cr3 = 0;
	return 0;
}

int pv_release_vcpu(struct vcpu *v)
{
	int rc = ptval_finish_old(v);

	if (!rc)
		rc = drop_base(&v->pv.user_base, &v->pv.cr3_user);
	if (!rc)
		rc = drop_base(&v->pv.kernel_base, &v->pv.cr3_kernel);
	if (rc)
		return rc;
	pv_drop_ldt(v);
	pv_destroy_gdt(v);
	return 0;
}

/* Each frame of d from *next on and below end, in order; fn says whether it
 * must be called again. */
static int scan_region(struct domain *d, unsigned long *next, unsigned long end,
		       int (*fn)(mfn_t, struct domain *))
{
	unsigned long m, work = 0;

	for (m = *next; m < end; m++) {
		if (m % SCAN_STEP == 0 || work >= WORK_STEP) {
			*next = m;
			work = 0;
			if (preempt_needed())
				return -ERESTART;
		}
		if (!mfn_valid(_mfn(m)) ||
		    !frame_owned_by(mfn_to_frame(_mfn(m)), d))
			continue;
		work++;
		if (fn(_mfn(m), d)) {
			*next = m;
			return -ERESTART;
		}
	}
	*next = m;
	return 0;
}

/* The same over all memory, where d has had any. */
static int scan_frames(struct domain *d, unsigned long *next,
		       int (*fn)(mfn_t, struct domain *))
{
	unsigned int shift = frame_region_shift();

	while (*next < frame_max_mfn) {
		unsigned long region = *next >> shift;
		unsigned long end = MIN((region + 1) << shift, frame_max_mfn);

		if (!(d->regions[region / 64] >> region % 64 & 1))
			*next = end;
		else if (scan_region(d, next, end, fn))
			return -ERESTART;
	}
	return 0;
}

static int settle(mfn_t mfn, struct domain *d)
{
	return frame_settle(mfn, d);
}

static int release(mfn_t mfn, struct domain *d)
{
	/* Core pages in its name aren't its reservation: not ours to give. */
	bool was_reserved = frame_release(mfn, d);

	(void)was_reserved;
	return 0;
}

/* destroy_mfn counts through both passes. */
int pv_release_frames(struct domain *d)
{
	unsigned long at = d->destroy_mfn;
	int rc = 0;

	if (at < frame_max_mfn) {
		rc = scan_frames(d, &at, settle);
		d->destroy_mfn = at;
	}
	if (!rc) {
		at = d->destroy_mfn - frame_max_mfn;
		rc = scan_frames(d, &at, release);
		d->destroy_mfn = frame_max_mfn + at;
	}
	return rc;
}

/* ---- contexts ------------------------------------------------------------ */

static bool entry_point_ok(uint64_t a)
{
	return !a || guest_addr_ok(a);
}

static int check_context(const struct vcpu_guest_context *c)
{
	unsigned int i;

	if (!is_canonical(c->fs_base) || !is_canonical(c->gs_base_kernel) ||
	    !is_canonical(c->gs_base_user))
		return -EINVAL;
	if (!entry_point_ok(c->event_callback_eip) ||
	    !entry_point_ok(c->failsafe_callback_eip) ||
	    !entry_point_ok(c->syscall_callback_eip))
		return -EINVAL;
	if (c->gdt_ents > FIRST_RESERVED_GDT_ENTRY || c->ldt_ents > 8192)
		return -EINVAL;
	if (!(c->flags & VGCF_in_kernel) && !c->ctrlreg[1])
		return -EINVAL;
	for (i = 0; i < 256; i++)
		if (!entry_point_ok(c->trap_ctxt[i].address))
			return -EINVAL;
	return 0;
}

static int take_base(struct vcpu *v, unsigned long cr3, mfn_t *base,
		     paddr_t *loaded)
{
	mfn_t mfn = _mfn(xen_cr3_to_pfn(cr3)), old = *base;
	int rc;

	rc = frame_get_type(mfn, v->d, FT_L4);
	if (rc)
		return rc == -EBUSY ? -EINVAL : rc;
	*base = mfn;
	*loaded = mfn_to_paddr(mfn);
	if (!mfn_eq(old, INVALID_MFN) && frame_put_type(old))
		v->pv.old_table = old;
	return 0;
}

static void set_regs(struct vcpu *v, const struct cpu_user_regs *u)
{
	struct cpu_regs *r = &v->regs;

	memcpy(&r->r15, &u->r15, offsetof(struct cpu_user_regs, error_code));
	r->rip = u->rip;
	r->cs = u->cs | 3;
	r->rflags = (u->rflags & FLAGS_GUEST) | FLAG_IF | 2;
	v->pv.iopl = u->rflags >> 12 & 3;
	r->rsp = u->rsp;
	r->ss = u->ss | 3;
	r->entry_vector = 0;
	/* These the core itself loads, with a right to more than a guest. */
	v->pv.ds = pv_selector_ok(u->ds) ? u->ds : 0;
	v->pv.es = pv_selector_ok(u->es) ? u->es : 0;
	v->pv.fs = pv_selector_ok(u->fs) ? u->fs : 0;
	v->pv.gs = pv_selector_ok(u->gs) ? u->gs : 0;
}

static int set_descriptors(struct vcpu *v, const struct vcpu_guest_context *c)
{
	unsigned int i, nr = DIV_ROUND_UP((unsigned int)c->gdt_ents, 512);
	mfn_t mfn[GUEST_GDT_FRAMES];
	int rc;

	for (i = 0; i < nr; i++)
		mfn[i] = _mfn(c->gdt_frames[i]);
	rc = pv_set_gdt(v, mfn, nr, (unsigned int)c->gdt_ents);
	if (rc)
		return rc;
	return pv_set_ldt(v, c->ldt_base, (unsigned int)c->ldt_ents);
}

static void set_entry_points(struct vcpu *v, const struct vcpu_guest_context *c)
{
	unsigned int i;

	for (i = 0; i < 256; i++) {
		v->pv.traps[i] = c->trap_ctxt[i];
		v->pv.traps[i].vector = (uint8_t)i;
		v->pv.traps[i].cs = fix_guest_cs(c->trap_ctxt[i].cs);
	}
	v->pv.kernel_ss = (c->kernel_ss & 0xffff) | 3;
	v->pv.kernel_sp = c->kernel_sp;
	v->pv.event_rip = c->event_callback_eip;
	v->pv.failsafe_rip = c->failsafe_callback_eip;
	v->pv.syscall_rip = c->syscall_callback_eip;
	v->pv.failsafe_masks_events = c->flags & VGCF_failsafe_disables_events;
	v->pv.syscall_masks_events = c->flags & VGCF_syscall_disables_events;
}

int pv_set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
	unsigned int i;
	int rc = ptval_finish_old(v);

	if (!rc)
		rc = check_context(c);
	if (!rc)
		rc = take_base(v, c->ctrlreg[3], &v->pv.kernel_base,
			       &v->pv.cr3_kernel);
	if (!rc && c->ctrlreg[1])
		rc = take_base(v, c->ctrlreg[1], &v->pv.user_base,
			       &v->pv.cr3_user);
	if (!rc)
		rc = set_descriptors(v, c);
	if (rc)
		return rc;
	for (i = 0; i < 8; i++)
		if (i < 4 || i > 5)
			(void)vcpu_set_debugreg(v, i, c->debugreg[i]);
	set_regs(v, &c->user_regs);
	set_entry_points(v, c);
	v->pv.kernel_mode = c->flags & VGCF_in_kernel;
	v->pv.fs_base = c->fs_base;
	v->pv.gs_base_kernel = c->gs_base_kernel;
	v->pv.gs_base_user = c->gs_base_user;
	if (c->flags & VGCF_i387_valid)
		fpu_set_legacy(v, &c->fpu_ctxt);
	if (v->id == 0)
		v->d->vm_assist = c->vm_assist & VM_ASSIST_OFFERED;
	v->initialised = true;
	return 0;
}

static void get_regs(const struct vcpu *v, struct cpu_user_regs *u)
{
	const struct cpu_regs *r = &v->regs;

	memcpy(&u->r15, &r->r15, offsetof(struct cpu_user_regs, error_code));
	u->error_code = r->error_code;
	u->entry_vector = r->entry_vector;
	u->rip = r->rip;
	u->cs = (uint16_t)r->cs;
	if (v->pv.kernel_mode)
		u->cs &= 0xfffc;
	u->saved_upcall_mask = v->info->evtchn_upcall_mask;
	u->rflags = r->rflags;
	u->rsp = r->rsp;
	u->ss = (uint16_t)r->ss;
	u->ds = v->pv.ds;
	u->es = v->pv.es;
	u->fs = v->pv.fs;
	u->gs = v->pv.gs;
}

void pv_get_context(struct vcpu *v, struct vcpu_guest_context *c)
{
	unsigned int i;

	memset(c, 0, sizeof(*c));
	fpu_get_legacy(v, &c->fpu_ctxt);
	c->flags = VGCF_i387_valid;
	if (v->pv.kernel_mode)
		c->flags |= VGCF_in_kernel;
	if (!(v->pause_flags & VPF_DOWN))
		c->flags |= VGCF_online;
	if (v->pv.failsafe_masks_events)
		c->flags |= VGCF_failsafe_disables_events;
	if (v->pv.syscall_masks_events)
		c->flags |= VGCF_syscall_disables_events;
	get_regs(v, &c->user_regs);
	memcpy(c->trap_ctxt, v->pv.traps, sizeof(c->trap_ctxt));
	c->ldt_base = v->pv.ldt_base;
	c->ldt_ents = v->pv.ldt_ents;
	c->gdt_ents = v->pv.gdt_ents;
	for (i = 0; i < DIV_ROUND_UP(v->pv.gdt_ents, 512); i++)
		c->gdt_frames[i] = mfn_x(v->pv.gdt_mfn[i]);
	c->kernel_ss = v->pv.kernel_ss;
	c->kernel_sp = v->pv.kernel_sp;
	c->ctrlreg[0] = v->pv.cr0;
	if (!mfn_eq(v->pv.kernel_base, INVALID_MFN))
		c->ctrlreg[3] = xen_pfn_to_cr3(mfn_x(v->pv.kernel_base));
	if (!mfn_eq(v->pv.user_base, INVALID_MFN))
		c->ctrlreg[1] = xen_pfn_to_cr3(mfn_x(v->pv.user_base));
	c->ctrlreg[4] = v->pv.cr4;
	memcpy(c->debugreg, v->pv.dr, sizeof(c->debugreg));
	c->event_callback_eip = v->pv.event_rip;
	c->failsafe_callback_eip = v->pv.failsafe_rip;
	c->syscall_callback_eip = v->pv.syscall_rip;
	c->vm_assist = v->d->vm_assist;
	c->fs_base = v->pv.fs_base;
	c->gs_base_kernel = v->pv.gs_base_kernel;
	c->gs_base_user = v->pv.gs_base_user;
}
