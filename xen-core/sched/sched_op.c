/*
 * sched_op and set_timer_op: a vCPU gives up its processor for a while, or a
 * domain for good.
 */
#include <hvx/sched.h>

#include <abi/sched.h>
#include <hvx/domain.h>
#include <hvx/evtchn.h>
#include <hvx/guest_access.h>
#include <hvx/hypercall.h>
#include <hvx/machine.h>

#define POLL_MAX_PORTS 128

/* Block with events let in, or nothing would ever end it. */
static void block_for_events(struct vcpu *v)
{
	WRITE_ONCE(v->info->evtchn_upcall_mask, 0);
	vcpu_block(v);
}

/* ---- poll ---------------------------------------------------------------- */

/* 1: one of the ports is pending; 0: none; or -errno. */
static int poll_scan(struct vcpu *v, const struct sched_poll *p)
{
	unsigned int i;
	evtchn_port_t port;

	for (i = 0; i < p->nr_ports; i++) {
		if (copy_from_guest_index(&port, handle_gva(p->ports), i))
			return -EFAULT;
		if (port == 0 || port >= READ_ONCE(v->d->evtchn.nr_ports))
			return -EINVAL;
		if (evtchn_port_pending(v->d, port))
			return 1;
		if (p->nr_ports == 1)
			v->poll_port = port;
	}
	return 0;
}

/* Unless a sender has ended it already. */
static void poll_cancel(struct vcpu *v)
{
	uint32_t was = __atomic_fetch_and(&v->pause_flags,
					  ~(uint32_t)VPF_POLLING,
					  __ATOMIC_SEQ_CST);

	if (was & VPF_POLLING)
		evtchn_poll_end(v->d);
}

/*
 * The flag goes up before the ports are looked at: a sender sets its port
 * pending first and then looks for those who poll, so one sees the other.
 */
static long sched_poll(struct vcpu *v, const struct sched_poll *p)
{
	int rc;

	if (p->nr_ports > POLL_MAX_PORTS)
		return -EINVAL;
	if (!guest_array_ok(handle_gva(p->ports), p->nr_ports,
			    sizeof(evtchn_port_t)))
		return -EFAULT;

	v->poll_port = 0;
	__atomic_or_fetch(&v->pause_flags, VPF_POLLING, __ATOMIC_SEQ_CST);
	evtchn_poll_begin(v->d);

	rc = evtchn_upcall_wanted(v) ? 1 : poll_scan(v, p);
	if (rc == 0 && p->timeout && p->timeout <= time_now())
		rc = 1;
	if (rc) {
		poll_cancel(v);
		return rc < 0 ? rc : 0;
	}
	if (p->timeout)
		timer_set(&v->sched.poll, p->timeout);
	else
		timer_stop(&v->sched.poll);
	softirq_raise(SOFTIRQ_SCHEDULE);
	return 0;
}

/* ---- shutdown, watchdog, pinning ----------------------------------------- */

static long remote_shutdown(struct vcpu *v, const struct sched_remote_shutdown *a)
{
	struct domain *d;

	if (!v->d->is_hw)
		return -EPERM;
	if (a->reason > SHUTDOWN_MAX)
		return -EINVAL;
	d = domain_get_by_id(a->domain_id);
	if (!d)
		return -ESRCH;
	domain_shutdown(d, (uint8_t)a->reason);
	domain_put(d);
	return 0;
}

static void watchdog_arm(struct domain *d, unsigned int i, uint32_t seconds)
{
	timer_set(&d->sched.watchdog[i],
		  time_now() + (uint64_t)seconds * 1000000000);
}

static long watchdog_locked(struct domain *d, const struct sched_watchdog *w)
{
	struct sched_domain *sd = &d->sched;
	unsigned int i;

	if (w->id == 0) {
		if (w->timeout == 0)
			return -EINVAL;
		for (i = 0; i < NR_WATCHDOGS; i++)
			if (!(sd->watchdogs_used & BIT(i)))
				break;
		if (i == NR_WATCHDOGS)
			return -ENOSPC;
		sd->watchdogs_used |= (uint32_t)BIT(i);
		watchdog_arm(d, i, w->timeout);
		return i + 1;
	}
	i = w->id - 1;
	if (i >= NR_WATCHDOGS || !(sd->watchdogs_used & BIT(i)))
		return -EINVAL;
	if (w->timeout) {
		watchdog_arm(d, i, w->timeout);
	} else {
		timer_stop(&sd->watchdog[i]);
		sd->watchdogs_used &= ~(uint32_t)BIT(i);
	}
	return 0;
}

static long watchdog(struct domain *d, const struct sched_watchdog *w)
{
	long ret;

	spin_lock(&d->lock);
	ret = watchdog_locked(d, w);
	spin_unlock(&d->lock);
	return ret;
}

/* dom0 keeps a vCPU on one CPU for a while, whatever its affinity says. */
static long pin_override(struct vcpu *v, int pcpu)
{
	struct sched_vcpu *s = &v->sched;
	cpumask_t was = s->saved_affinity;
	int rc;

	if (!v->d->is_hw)
		return -EPERM;
	if (pcpu < 0) {
		if (!was)
			return -EINVAL;
		s->saved_affinity = 0;
		return vcpu_set_affinity(v, was);
	}
	if (was)
		return -EBUSY;
	if (!cpumask_test(cpu_online, (unsigned int)pcpu))
		return -EINVAL;
	s->saved_affinity = s->hard_affinity;
	rc = vcpu_set_affinity(v, cpumask_of((unsigned int)pcpu));
	if (rc)
		s->saved_affinity = 0;
	return rc;
}

/* ---- entry --------------------------------------------------------------- */

#define COPY_IN(a) \
	do {                                                                   \
		if (copy_from_guest(&(a), arg, sizeof(a)))                     \
			return -EFAULT;                                        \
	} while (0)

long hc_sched_op(struct vcpu *v, int cmd, gva_t arg)
{
	union {
		struct sched_shutdown shutdown;
		struct sched_poll poll;
		struct sched_remote_shutdown remote;
		struct sched_watchdog watchdog;
		struct sched_pin_override pin;
	} u;

	switch (cmd) {
	case SCHEDOP_yield:
		vcpu_yield(v);
		return 0;
	case SCHEDOP_block:
		block_for_events(v);
		return 0;
	case SCHEDOP_shutdown:
		COPY_IN(u.shutdown);
		if (u.shutdown.reason == SHUTDOWN_crash)
			domain_crash(v->d, "its kernel gave up");
		else
			domain_shutdown(v->d, (uint8_t)u.shutdown.reason);
		return 0;
	case SCHEDOP_shutdown_code:
		COPY_IN(u.shutdown);
		v->d->shutdown_code = (uint8_t)u.shutdown.reason;
		return 0;
	case SCHEDOP_poll:
		COPY_IN(u.poll);
		return sched_poll(v, &u.poll);
	case SCHEDOP_remote_shutdown:
		COPY_IN(u.remote);
		return remote_shutdown(v, &u.remote);
	case SCHEDOP_watchdog:
		COPY_IN(u.watchdog);
		return watchdog(v->d, &u.watchdog);
	case SCHEDOP_pin_override:
		COPY_IN(u.pin);
		return pin_override(v, u.pin.pcpu);
	default:
		return hypercall_unknown(v, __HYPERVISOR_sched_op,
					 (unsigned long)cmd);
	}
}

/* The first form: the argument itself where the other has a pointer. */
long hc_sched_op_compat(struct vcpu *v, int cmd, unsigned long arg)
{
	switch (cmd) {
	case SCHEDOP_yield:
		vcpu_yield(v);
		return 0;
	case SCHEDOP_block:
		block_for_events(v);
		return 0;
	case SCHEDOP_shutdown:
		domain_shutdown(v->d, (uint8_t)arg);
		return 0;
	default:
		return -ENOSYS;
	}
}

/* So far ahead only by mistake (a delta that went negative, unsigned). */
#define TIMER_TOO_FAR	(1UL << 50)
#define TIMER_FALLBACK	100000000	/* ns */

long hc_set_timer_op(struct vcpu *v, int64_t timeout)
{
	uint64_t when = (uint64_t)timeout, now;

	if (when == 0) {
		timer_stop(&v->sched.singleshot);
		return 0;
	}
	now = time_now();
	if (unlikely(timeout < 0 || (when > now && when - now > TIMER_TOO_FAR)))
		when = now + TIMER_FALLBACK;
	timer_set(&v->sched.singleshot, when);
	return 0;
}
