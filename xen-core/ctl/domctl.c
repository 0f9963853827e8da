/*
 * domctl: dom0's tools act on one domain.
 *
 * The call is decoded by the table made from hypercalls/ops/domctl.def, its
 * structure copied in once and, where it carries answers, back out.  One lock
 * for all of it: whoever finds it taken goes back to the guest and comes again,
 * since its holder may be waiting for a vCPU to leave this very CPU.
 *
 * What is here concerns whole domains; domctl_vcpu.c has the vCPUs' part.
 */
#include "private.h"

#include <hvx/console.h>
#include <hvx/domain.h>
#include <hvx/frame.h>
#include <hvx/guest_access.h>
#include <hvx/hypercall.h>
#include <hvx/hypercall_page.h>
#include <hvx/machine.h>
#include <hvx/string.h>
#include <hvx/subop.h>
#include <hvx/time.h>

static struct lock ctl_lock = LOCK_INIT;

/* ---- birth and death ---------------------------------------------------- */

#define DEFAULT_GRANT_FRAMES	64
#define DEFAULT_MAPTRACK_FRAMES 1024
#define LIMIT_GRANT_FRAMES	1024
#define LIMIT_MAPTRACK_FRAMES	16384

static bool create_args_ok(const struct xen_domctl_createdomain *c)
{
	return !(c->flags & ~XEN_DOMCTL_CDF_xs_domain) && !c->iommu_opts &&
	       c->max_vcpus && c->max_vcpus <= MAX_VCPUS &&
	       !c->vmtrace_size && !c->cpupool_id &&
	       !c->arch.emulation_flags &&
	       !(c->arch.misc_flags & ~XEN_X86_MISC_FLAGS_MAX) &&
	       c->max_grant_frames <= LIMIT_GRANT_FRAMES &&
	       c->max_maptrack_frames <= LIMIT_MAPTRACK_FRAMES;
}

/* The next id that nobody has: not soon one that somebody had. */
static int choose_id(domid_t *id)
{
	static domid_t last;
	domid_t try = last;

	do {
		struct domain *d;

		try++;
		if (try >= DOMID_FIRST_RESERVED)
			try = 1;
		d = domain_get_by_id(try);
		if (!d) {
			*id = last = try;
			return 0;
		}
		domain_put(d);
	} while (try != last);
	return -ENOMEM;
}

long domctl_createdomain(struct domctl_call *c)
{
	struct xen_domctl_createdomain *a = &c->op->u.createdomain;
	struct domain_config cfg = {
		.max_vcpus = a->max_vcpus,
		.max_evtchn_port = a->max_evtchn_port,
		.max_grant_frames = a->max_grant_frames < 0 ?
			DEFAULT_GRANT_FRAMES :
			(unsigned int)a->max_grant_frames,
		.max_maptrack_frames = a->max_maptrack_frames < 0 ?
			DEFAULT_MAPTRACK_FRAMES :
			(unsigned int)a->max_maptrack_frames,
	};
	domid_t id = c->op->domain;
	struct domain *d;
	int rc;

	if (!create_args_ok(a))
		return -EINVAL;
	if (id == 0 || id >= DOMID_FIRST_RESERVED) {
		rc = choose_id(&id);
		if (rc)
			return rc;
	}
	rc = domain_create(id, &cfg, &d);
	if (rc)
		return rc;
	memcpy(d->handle, a->handle, sizeof(d->handle));
	d->ssidref = a->ssidref;
	d->is_xenstore = a->flags & XEN_DOMCTL_CDF_xs_domain;
	c->op->domain = id;
	return 0;
}

long domctl_destroydomain(struct domctl_call *c)
{
	return c->d == c->v->d ? -EINVAL : domain_kill(c->d);
}

long domctl_hvx_destroy_some(struct domctl_call *c)
{
	long rc = domctl_destroydomain(c);

	return rc == -ERESTART ? -EAGAIN : rc;
}

long domctl_pausedomain(struct domctl_call *c)
{
	if (c->d == c->v->d)
		return -EINVAL;
	if (c->d->ctl_pauses == ~0U)
		return -EOVERFLOW;
	c->d->ctl_pauses++;
	domain_pause(c->d);
	return 0;
}

long domctl_unpausedomain(struct domctl_call *c)
{
	if (!c->d->ctl_pauses)
		return -EINVAL;
	c->d->ctl_pauses--;
	domain_unpause(c->d);
	return 0;
}

long domctl_resumedomain(struct domctl_call *c)
{
	if (c->d == c->v->d)
		return -EINVAL;
	domain_resume(c->d);
	return 0;
}

/* ---- what it is like ------------------------------------------------------ */

static void info_of_vcpus(struct domain *d,
			  struct xen_domctl_getdomaininfo *info)
{
	bool blocked = true, running = false;
	struct vcpu *v;

	info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
	for_each_vcpu(d, v) {
		struct vcpu_runstate_info rs;

		info->max_vcpu_id = v->id;
		vcpu_runstate_get(v, &rs);
		info->cpu_time += rs.time[RUNSTATE_running];
		if (READ_ONCE(v->pause_flags) & VPF_DOWN)
			continue;
		info->nr_online_vcpus++;
		blocked &= !!(v->pause_flags & VPF_BLOCKED);
		running |= v->sched.running;
	}
	if (blocked)
		info->flags |= XEN_DOMINF_blocked;
	if (running)
		info->flags |= XEN_DOMINF_running;
}

void domctl_fill_info(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
	memset(info, 0, sizeof(*info));
	info->domain = d->id;
	info->flags = (d->is_dying ? XEN_DOMINF_dying : 0) |
		      (d->is_shut_down ? XEN_DOMINF_shutdown : 0) |
		      (d->ctl_pauses ? XEN_DOMINF_paused : 0) |
		      (d->debugger_attached ? XEN_DOMINF_debugged : 0) |
		      (d->is_xenstore ? XEN_DOMINF_xs_domain : 0) |
		      (uint32_t)d->shutdown_code << XEN_DOMINF_shutdownshift;
	info_of_vcpus(d, info);
	info->tot_pages = READ_ONCE(d->tot_pages);
	info->max_pages = READ_ONCE(d->max_pages);
	info->outstanding_pages = READ_ONCE(d->claimed_pages);
	info->shared_info_frame = mfn_x(d->shared_mfn);
	info->ssidref = d->ssidref;
	memcpy(info->handle, d->handle, sizeof(info->handle));
}

/* The first domain from this id on: so a tool walks through all. */
long domctl_getdomaininfo(struct domctl_call *c)
{
	struct domain *d = domain_get_next(c->op->domain);

	if (!d)
		return -ESRCH;
	domctl_fill_info(d, &c->op->u.getdomaininfo);
	c->op->domain = d->id;
	domain_put(d);
	return 0;
}

long domctl_max_mem(struct domctl_call *c)
{
	uint64_t pages = c->op->u.max_mem.max_memkb >> (PAGE_SHIFT - 10);

	WRITE_ONCE(c->d->max_pages, (uint32_t)MIN(pages, (uint64_t)UINT32_MAX));
	return 0;
}

long domctl_setdomainhandle(struct domctl_call *c)
{
	memcpy(c->d->handle, c->op->u.setdomainhandle.handle,
	       sizeof(c->d->handle));
	return 0;
}

long domctl_setdebugging(struct domctl_call *c)
{
	if (c->d == c->v->d)
		return -EINVAL;
	c->d->debugger_attached = !!c->op->u.setdebugging.enable;
	return 0;
}

long domctl_settimeoffset(struct domctl_call *c)
{
	c->d->time_offset = c->op->u.settimeoffset.time_offset_seconds;
	time_update_wallclock(c->d);
	return 0;
}

long domctl_set_address_size(struct domctl_call *c)
{
	return c->op->u.address_size.size == 64 ? 0 : -EINVAL;
}

long domctl_get_address_size(struct domctl_call *c)
{
	c->op->u.address_size.size = 64;
	return 0;
}

/* A guest reads the processor's own TSC; there is no mode to choose. */
long domctl_settscinfo(struct domctl_call *c)
{
	return c->d == c->v->d ? -EINVAL : 0;
}

long domctl_gettscinfo(struct domctl_call *c)
{
	c->op->u.tsc_info = (struct xen_domctl_tsc_info){
		.gtsc_khz = (uint32_t)tsc_khz,
		.elapsed_nsec = time_now(),
	};
	return 0;
}

/* One node: any wish is granted. */
long domctl_setnodeaffinity(struct domctl_call *c)
{
	cpumask_t nodes;
	int rc = bitmap_get(&c->op->u.nodeaffinity.nodemap, &nodes);

	if (rc)
		return rc;
	return nodes & 1 ? 0 : -EINVAL;
}

long domctl_getnodeaffinity(struct domctl_call *c)
{
	return bitmap_put(&c->op->u.nodeaffinity.nodemap, 1);
}

long domctl_scheduler_op(struct domctl_call *c)
{
	return sched_domctl(c->d, &c->op->u.scheduler_op);
}

/* ---- its memory ------------------------------------------------------------- */

long domctl_hypercall_init(struct domctl_call *c)
{
	mfn_t mfn = _mfn(c->op->u.hypercall_init.gmfn);

	if (!frame_get_writable(mfn, c->d))
		return -EACCES;
	hypercall_page_fill(mfn_to_virt(mfn));
	frame_put_writable(mfn);
	return 0;
}

static xen_pfn_t frame_info(struct domain *d, xen_pfn_t pfn)
{
	mfn_t mfn = _mfn(pfn);
	xen_pfn_t info = XEN_DOMCTL_PFINFO_NOTAB;

	if (!frame_get(mfn, d))
		return XEN_DOMCTL_PFINFO_XTAB;
	switch (frame_type(mfn_to_frame(mfn))) {
	case FT_L1:
		info = XEN_DOMCTL_PFINFO_L1TAB;
		break;
	case FT_L2:
		info = XEN_DOMCTL_PFINFO_L2TAB;
		break;
	case FT_L3:
		info = XEN_DOMCTL_PFINFO_L3TAB;
		break;
	case FT_L4:
		info = XEN_DOMCTL_PFINFO_L4TAB;
		break;
	default:
		break;
	}
	if (info && frame_is_pinned(mfn_to_frame(mfn)))
		info |= XEN_DOMCTL_PFINFO_LPINTAB;
	frame_put(mfn);
	return info;
}

long domctl_getpageframeinfo3(struct domctl_call *c)
{
	struct xen_domctl_getpageframeinfo3 *a = &c->op->u.getpageframeinfo3;

	if (a->num > 1024)
		return -E2BIG;
	for (unsigned int i = 0; i < a->num; i++) {
		xen_pfn_t pfn;

		if (copy_from_guest_index(&pfn, handle_gva(a->array), i))
			return -EFAULT;
		pfn = frame_info(c->d, pfn);
		if (copy_to_guest_index(handle_gva(a->array), i, &pfn))
			return -EFAULT;
	}
	return 0;
}

/* The caller couldn't be paused: it is what runs. */
long domctl_hvx_working_set(struct domctl_call *c)
{
	if (c->d == c->v->d)
		return -EINVAL;
	return sample_step(c->d, &c->op->u.hvx_working_set);
}

/* ---- rights to the machine: given to none but dom0 ---------------------------- */

static long grant_right(bool allow)
{
	return allow ? -EOPNOTSUPP : 0;
}

long domctl_irq_permission(struct domctl_call *c)
{
	return grant_right(c->op->u.irq_permission.allow_access);
}

long domctl_iomem_permission(struct domctl_call *c)
{
	return grant_right(c->op->u.iomem_permission.allow_access);
}

long domctl_ioport_permission(struct domctl_call *c)
{
	return grant_right(c->op->u.ioport_permission.allow_access);
}

/* ---- CPUID ------------------------------------------------------------------ */

long domctl_get_cpu_policy(struct domctl_call *c)
{
	struct xen_domctl_cpu_policy *a = &c->op->u.cpu_policy;
	struct vcpu *v = domain_vcpu(c->d, 0);

	a->nr_msrs = handle_gva(a->msrs) ? 0 : POLICY_MAX_MSRS;
	return policy_put_leaves(v ? v : c->v, handle_gva(a->leaves),
				 &a->nr_leaves);
}

/* The core's own policy holds for all; the tools' is checked by nobody. */
long domctl_set_cpu_policy(struct domctl_call *c)
{
	struct xen_domctl_cpu_policy *a = &c->op->u.cpu_policy;

	if (c->d == c->v->d)
		return -EINVAL;
	a->err_leaf = a->err_subleaf = a->err_msr = ~0U;
	return 0;
}

/* ---- not for PV domains, or not yet -------------------------------------------- */

#define NOT_SUPPORTED(name)                                                    \
	long domctl_##name(__maybe_unused struct domctl_call *c)               \
	{                                                                      \
		return -EOPNOTSUPP;                                            \
	}
NOT_SUPPORTED(shadow_op)
NOT_SUPPORTED(setvnumainfo)
NOT_SUPPORTED(soft_reset)
NOT_SUPPORTED(get_paging_mempool_size)
NOT_SUPPORTED(set_paging_mempool_size)
NOT_SUPPORTED(set_virq_handler)

/* ---- dispatch ------------------------------------------------------------------ */

static const struct {
	long (*fn)(struct domctl_call *c);
	bool answers;
} subops[] = {
#define SUBOP(nr, name, type, dir, who)                                        \
	[nr] = { domctl_##name, SUBOP_DIR_##dir & SUBOP_DIR_OUT },
#include <ops/domctl.def>
};

/* These find their domain themselves. */
static bool needs_domain(uint32_t cmd)
{
	return cmd != XEN_DOMCTL_createdomain &&
	       cmd != XEN_DOMCTL_getdomaininfo;
}

static long call_subop(struct domctl_call *c)
{
	long ret;

	if (needs_domain(c->op->cmd)) {
		c->d = domain_get_remote_or_self(c->v, c->op->domain);
		if (!c->d)
			return -ESRCH;
	}
	ret = subops[c->op->cmd].fn(c);
	if (c->d)
		domain_put(c->d);
	return ret;
}

long hc_domctl(struct vcpu *v, gva_t arg)
{
	struct xen_domctl op;
	struct domctl_call c = { .v = v, .op = &op };
	long ret;

	if (!v->d->is_hw)
		return -EPERM;
	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
		return -EACCES;
	if (op.cmd >= ARRAY_SIZE(subops) || !subops[op.cmd].fn)
		return hypercall_unknown(v, __HYPERVISOR_domctl, op.cmd);
	if (!spin_trylock(&ctl_lock))
		return hypercall_continue(v, __HYPERVISOR_domctl, 1, arg);
	ret = call_subop(&c);
	spin_unlock(&ctl_lock);
	if (ret == -ERESTART)
		return hypercall_continue(v, __HYPERVISOR_domctl, 1, arg);
	/* Some answers say what was wrong: they go out either way. */
	if ((subops[op.cmd].answers || op.cmd == XEN_DOMCTL_createdomain) &&
	    copy_to_guest(arg, &op, sizeof(op)))
		return -EFAULT;
	return ret;
}
