/* domctl's operations on the vCPUs of a domain. */
#include "private.h"

#include <abi/vcpu.h>
#include <hvx/domain.h>
#include <hvx/frame.h>
#include <hvx/guest_access.h>
#include <hvx/machine.h>
#include <hvx/pv.h>
#include <hvx/string.h>

long domctl_max_vcpus(struct domctl_call *c)
{
	unsigned int max = c->op->u.max_vcpus.max;

	if (c->d == c->v->d || max != c->d->max_vcpus || c->d->is_dying)
		return -EINVAL;
	for (unsigned int id = 0; id < max; id++) {
		int rc = vcpu_create(c->d, id);

		if (rc == -EEXIST)
			continue;
		if (rc)
			return rc;
		if (id + 1 < max && preempt_needed())
			return CTL_AGAIN;
	}
	return 0;
}

/* ---- context -------------------------------------------------------------- */

static long set_context(struct domctl_call *c, struct vcpu *v,
			struct vcpu_guest_context *ctx)
{
	gva_t from = handle_gva(c->op->u.vcpucontext.ctxt);
	int rc;

	if (copy_from_guest(ctx, from, sizeof(*ctx)))
		return -EFAULT;
	domain_pause(c->d);
	rc = pv_set_context(v, ctx);
	if (!rc && (ctx->flags & VGCF_online)) {
		__atomic_and_fetch(&v->pause_flags, ~(uint32_t)VPF_DOWN,
				   __ATOMIC_SEQ_CST);
		vcpu_wake(v);
	}
	domain_unpause(c->d);
	return rc;
}

long domctl_setvcpucontext(struct domctl_call *c)
{
	struct vcpu *v = domain_vcpu(c->d, c->op->u.vcpucontext.vcpu);
	struct vcpu_guest_context *ctx;
	long rc;

	/* A dying domain has let go of its tables: it mustn't hold new ones. */
	if (c->d == c->v->d || !handle_gva(c->op->u.vcpucontext.ctxt) ||
	    c->d->is_dying)
		return -EINVAL;
	if (!v)
		return -ESRCH;
	ctx = heap_alloc(sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	rc = set_context(c, v, ctx);
	heap_free(ctx);
	return rc;
}

long domctl_getvcpucontext(struct domctl_call *c)
{
	struct vcpu *v = domain_vcpu(c->d, c->op->u.vcpucontext.vcpu);
	struct vcpu_guest_context *ctx;
	long rc = 0;

	if (c->d == c->v->d)
		return -EINVAL;
	if (!v)
		return -ESRCH;
	if (!v->initialised)
		return -ENODATA;
	ctx = heap_alloc(sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	vcpu_pause(v);
	pv_get_context(v, ctx);
	vcpu_unpause(v);
	if (copy_to_guest(handle_gva(c->op->u.vcpucontext.ctxt), ctx,
			  sizeof(*ctx)))
		rc = -EFAULT;
	heap_free(ctx);
	return rc;
}

long domctl_getvcpuinfo(struct domctl_call *c)
{
	struct xen_domctl_getvcpuinfo *a = &c->op->u.getvcpuinfo;
	struct vcpu *v = domain_vcpu(c->d, a->vcpu);
	struct vcpu_runstate_info rs;

	if (!v)
		return -ESRCH;
	vcpu_runstate_get(v, &rs);
	a->online = !(v->pause_flags & VPF_DOWN);
	a->blocked = !!(v->pause_flags & VPF_BLOCKED);
	a->running = v->sched.running;
	a->cpu_time = rs.time[RUNSTATE_running];
	a->cpu = v->cpu;
	return 0;
}

long domctl_hvx_run_states(struct domctl_call *c)
{
	struct xen_domctl_hvx_run_states *a = &c->op->u.hvx_run_states;
	struct vcpu_runstate_info rs;
	struct vcpu *v;

	memset(a, 0, sizeof(*a));
	for_each_vcpu(c->d, v) {
		vcpu_runstate_get(v, &rs);
		for (unsigned int i = 0; i < 4; i++)
			a->time[i] += rs.time[i];
	}
	return 0;
}

long domctl_sendtrigger(struct domctl_call *c)
{
	struct vcpu *v = domain_vcpu(c->d, c->op->u.sendtrigger.vcpu);

	if (!v)
		return -ESRCH;
	switch (c->op->u.sendtrigger.trigger) {
	case XEN_DOMCTL_SENDTRIGGER_NMI:
		vcpu_send_nmi(v);
		return 0;
	case XEN_DOMCTL_SENDTRIGGER_POWER:
	case XEN_DOMCTL_SENDTRIGGER_SLEEP:
		return -EINVAL;		/* no such buttons */
	default:
		return -ENOSYS;
	}
}

/* ---- affinity --------------------------------------------------------------- */

static long set_hard(struct vcpu *v, const struct xenctl_bitmap *map)
{
	cpumask_t mask;
	long rc = bitmap_get(map, &mask);

	if (!rc)
		rc = vcpu_set_affinity(v, mask);
	/* What it came to: the tool warns if that isn't what it asked for. */
	if (!rc)
		rc = bitmap_put(map, v->sched.hard_affinity & cpu_online);
	return rc;
}

static long set_soft(struct vcpu *v, const struct xenctl_bitmap *map)
{
	cpumask_t mask;
	long rc = bitmap_get(map, &mask);

	if (!rc)
		v->sched.soft_affinity = mask;
	if (!rc)
		rc = bitmap_put(map, mask & v->sched.hard_affinity &
				     cpu_online);
	return rc;
}

long domctl_setvcpuaffinity(struct domctl_call *c)
{
	struct xen_domctl_vcpuaffinity *a = &c->op->u.vcpuaffinity;
	struct vcpu *v = domain_vcpu(c->d, a->vcpu);
	long rc = 0;

	if (!v)
		return -ESRCH;
	if (!(a->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)))
		return -EINVAL;
	if (a->flags & XEN_VCPUAFFINITY_HARD)
		rc = set_hard(v, &a->cpumap_hard);
	if (!rc && (a->flags & XEN_VCPUAFFINITY_SOFT))
		rc = set_soft(v, &a->cpumap_soft);
	return rc;
}

long domctl_getvcpuaffinity(struct domctl_call *c)
{
	struct xen_domctl_vcpuaffinity *a = &c->op->u.vcpuaffinity;
	struct vcpu *v = domain_vcpu(c->d, a->vcpu);
	long rc = 0;

	if (!v)
		return -ESRCH;
	if (a->flags & XEN_VCPUAFFINITY_HARD)
		rc = bitmap_put(&a->cpumap_hard, v->sched.hard_affinity);
	if (!rc && (a->flags & XEN_VCPUAFFINITY_SOFT))
		rc = bitmap_put(&a->cpumap_soft, v->sched.soft_affinity);
	return rc;
}

/* ---- state beside the context: for migration, which is still to come ---------- */

long domctl_setvcpuextstate(__maybe_unused struct domctl_call *c)
{
	return -EOPNOTSUPP;
}

long domctl_getvcpuextstate(__maybe_unused struct domctl_call *c)
{
	return -EOPNOTSUPP;
}

/* A PV vCPU has no MSRs of its own that the context doesn't hold. */
long domctl_get_vcpu_msrs(struct domctl_call *c)
{
	c->op->u.vcpu_msrs.msr_count = 0;
	return 0;
}

long domctl_set_vcpu_msrs(struct domctl_call *c)
{
	return c->op->u.vcpu_msrs.msr_count ? -EINVAL : 0;
}
