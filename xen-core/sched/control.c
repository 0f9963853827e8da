/*
 * The tools' side of the scheduler: its parameters, and how it is doing.
 */
#include <hvx/sched.h>

#include "private.h"

#include <abi/domctl.h>
#include <hvx/console.h>
#include <hvx/machine.h>

long sched_domctl(struct domain *d, struct xen_domctl_scheduler_op *op)
{
	struct sched_domain *sd = &d->sched;

	if (op->sched_id != XEN_SCHEDULER_CREDIT)
		return -EINVAL;
	switch (op->cmd) {
	case XEN_DOMCTL_SCHEDOP_getinfo:
		op->u.credit.weight = sd->weight;
		op->u.credit.cap = sd->cap;
		return 0;
	case XEN_DOMCTL_SCHEDOP_putinfo:
		/* Weight 0, cap all ones: leave as it is. */
		if (op->u.credit.weight)
			WRITE_ONCE(sd->weight, op->u.credit.weight);
		if (op->u.credit.cap != 0xffff)
			WRITE_ONCE(sd->cap, op->u.credit.cap);
		return 0;
	default:
		return -EINVAL;
	}
}

/* Kept for those who read it back: we have no use for it. */
static uint32_t migr_delay_us;

static long put_params(const struct xen_sysctl_credit_schedule *p)
{
	if (p->tslice_ms < XEN_SYSCTL_CSCHED_TSLICE_MIN ||
	    p->tslice_ms > XEN_SYSCTL_CSCHED_TSLICE_MAX)
		return -EINVAL;
	if (p->ratelimit_us &&
	    (p->ratelimit_us < XEN_SYSCTL_SCHED_RATELIMIT_MIN ||
	     p->ratelimit_us > XEN_SYSCTL_SCHED_RATELIMIT_MAX))
		return -EINVAL;
	if (MICROSECS(p->ratelimit_us) > MILLISECS(p->tslice_ms) ||
	    p->vcpu_migr_delay_us > XEN_SYSCTL_CSCHED_MGR_DLY_MAX_US)
		return -EINVAL;
	WRITE_ONCE(sched_credit_tslice_ms, p->tslice_ms);
	WRITE_ONCE(sched_ratelimit_us, p->ratelimit_us);
	migr_delay_us = p->vcpu_migr_delay_us;
	return 0;
}

long sched_sysctl(struct xen_sysctl_scheduler_op *op)
{
	struct xen_sysctl_credit_schedule *p = &op->u.sched_credit;
	long rc = 0;

	if (op->cpupool_id != 0 || op->sched_id != XEN_SCHEDULER_CREDIT)
		return -EINVAL;
	if (op->cmd == XEN_SYSCTL_SCHEDOP_putinfo)
		rc = put_params(p);
	else if (op->cmd != XEN_SYSCTL_SCHEDOP_getinfo)
		rc = -EINVAL;
	if (rc)
		return rc;
	p->tslice_ms = sched_credit_tslice_ms;
	p->ratelimit_us = sched_ratelimit_us;
	p->vcpu_migr_delay_us = migr_delay_us;
	return 0;
}

/* ---- debug keys ---------------------------------------------------------- */

static void dump_vcpu(const char *how, const struct vcpu *v)
{
	static const char *const pri[] = { "over", "under", "boost" };

	if (v->is_idle) {
		printk(LOG_INFO "  %s idle\n", how);
		return;
	}
	printk(LOG_INFO "  %s d%uv%u %s credit %ld us flags %#x%s%s\n", how,
	       v->d->id, v->id, pri[v->sched.pri], v->sched.credit / 1000,
	       v->pause_flags, v->sched.active ? " active" : "",
	       v->sched.running ? " running" : "");
}

void sched_dump(void)
{
	unsigned int cpu;
	struct list *l;

	printk(LOG_INFO "%s: time slice %u ms, rate limit %u us, idle %#lx waiting %#lx\n",
	       sched_name, sched_credit_tslice_ms, sched_ratelimit_us,
	       sched_idle_cpus, sched_waiting_cpus);
	cpumask_for_each(cpu, READ_ONCE(sched_ready_cpus)) {
		struct sched_cpu *c = &sched_cpus[cpu];

		spin_lock(&c->lock);
		printk(LOG_INFO "CPU%u: %u queued\n", cpu, c->nr_queued);
		dump_vcpu("runs  ", c->curr);
		list_for_each(l, &c->queue)
			dump_vcpu("waits ", list_entry(l, struct vcpu,
						       sched.queue));
		list_for_each(l, &c->parked)
			dump_vcpu("parked", list_entry(l, struct vcpu,
						       sched.queue));
		spin_unlock(&c->lock);
	}
}

/* ---- audit --------------------------------------------------------------- */

static unsigned long fault(const struct vcpu *v, const char *what)
{
	if (v && !v->is_idle)
		printk(LOG_ERR "sched: d%uv%u: %s\n", v->d->id, v->id, what);
	else
		printk(LOG_ERR "sched: %s\n", what);
	return 1;
}

static unsigned long audit_queue(struct sched_cpu *c)
{
	unsigned long bad = 0;
	unsigned int n = 0;
	struct list *l;

	list_for_each(l, &c->queue) {
		struct vcpu *v = list_entry(l, struct vcpu, sched.queue);

		n++;
		if (v->cpu != c->id)
			bad += fault(v, "queued on another CPU");
		if (!sched_may_run_on(v, c->id))
			bad += fault(v, "queued where it may not run");
		if (v == c->curr || v->is_idle)
			bad += fault(v, "runs and is queued");
		if (v->pause_flags & VPF_PARKED)
			bad += fault(v, "queued and parked");
		if (v->runstate.state == RUNSTATE_running)
			bad += fault(v, "queued with runstate running");
	}
	if (n != c->nr_queued)
		bad += fault(NULL, "wrong number queued");
	if ((n != 0) != cpumask_test(sched_waiting_cpus, c->id))
		bad += fault(NULL, "waiting hint is wrong");
	list_for_each(l, &c->parked) {
		struct vcpu *v = list_entry(l, struct vcpu, sched.queue);

		if (v->cpu != c->id || !(v->pause_flags & VPF_PARKED))
			bad += fault(v, "on the parked list by mistake");
	}
	return bad;
}

static unsigned long audit_curr(struct sched_cpu *c)
{
	struct vcpu *v = c->curr;
	unsigned long bad = 0;

	if (!v->sched.running || v->runstate.state != RUNSTATE_running)
		bad += fault(v, "current but not running");
	if (v->cpu != c->id)
		bad += fault(v, "runs on a CPU that isn't its");
	if (!list_empty(&v->sched.queue) && !(v->pause_flags & VPF_PARKED))
		bad += fault(v, "current and on a list");
	return bad;
}

/* A vCPU that could run is somewhere to be found. */
static unsigned long audit_vcpu(struct vcpu *v)
{
	struct sched_cpu *c = sched_lock_vcpu(v);
	unsigned long bad = 0;

	if (vcpu_runnable(v) && c->curr != v && !v->sched.migrating &&
	    list_empty(&v->sched.queue))
		bad += fault(v, "runnable but on no queue");
	if (!vcpu_runnable(v) && !(v->pause_flags & VPF_PARKED) &&
	    !list_empty(&v->sched.queue))
		bad += fault(v, "queued but not runnable");
	if ((v->pause_flags & VPF_PARKED) && !v->sched.active)
		bad += fault(v, "parked but gets no credit");
	if (!(v->pause_flags & VPF_PAUSED) != !(v->pause_count ||
						v->d->pause_count))
		bad += fault(v, "pause flag and counts differ");
	spin_unlock(&c->lock);
	return bad;
}

unsigned long sched_audit(void)
{
	unsigned long bad = 0;
	unsigned int cpu;
	struct list *l;
	struct vcpu *v;

	cpumask_for_each(cpu, READ_ONCE(sched_ready_cpus)) {
		struct sched_cpu *c = &sched_cpus[cpu];

		spin_lock(&c->lock);
		bad += audit_queue(c) + audit_curr(c);
		spin_unlock(&c->lock);
	}
	spin_lock(&domain_list_lock);
	list_for_each(l, &domain_list)
		for_each_vcpu(list_entry(l, struct domain, list), v)
			bad += audit_vcpu(v);
	spin_unlock(&domain_list_lock);
	return bad + account_audit() + timer_audit();
}
