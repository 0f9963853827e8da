/*
 * vcpu_op: a domain brings its own vCPUs up and down, times them, and says
 * where it wants to read about them.
 */
#include <hvx/sched.h>

#include <abi/sched.h>
#include <abi/vcpu.h>
#include <hvx/domain.h>
#include <hvx/evtchn.h>
#include <hvx/frame.h>
#include <hvx/guest_access.h>
#include <hvx/hypercall.h>
#include <hvx/machine.h>
#include <hvx/pcpu.h>
#include <hvx/pv.h>
#include <hvx/string.h>
#include <hvx/time.h>

#define MIN_PERIOD 1000000		/* ns */
#define MAX_PERIOD (~0UL >> 2)

/* ---- up and down --------------------------------------------------------- */

/* Beyond those in the shared page there is none until one is registered. */
static bool has_info(const struct vcpu *v)
{
	return v->id < LEGACY_VCPUS || !mfn_eq(v->info_mfn, INVALID_MFN);
}

static long initialise(struct vcpu *v, struct vcpu *of, gva_t arg)
{
	struct vcpu_guest_context *ctx;
	long rc;

	if (!has_info(of))
		return -EINVAL;
	ctx = heap_alloc(sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	rc = copy_from_guest(ctx, arg, sizeof(*ctx));
	if (!rc) {
		spin_lock(&v->d->lock);
		rc = of->initialised ? -EEXIST : pv_set_context(of, ctx);
		spin_unlock(&v->d->lock);
	}
	heap_free(ctx);
	if (rc == -ERESTART)
		return hypercall_continue(v, __HYPERVISOR_vcpu_op, 3,
					  (unsigned long)VCPUOP_initialise,
					  (unsigned long)of->id, arg);
	return rc;
}

static long vcpu_up(struct vcpu *of)
{
	uint32_t was;

	if (!of->initialised)
		return -EINVAL;
	was = __atomic_fetch_and(&of->pause_flags, ~(uint32_t)VPF_DOWN,
				 __ATOMIC_SEQ_CST);
	if (was & VPF_DOWN)
		vcpu_wake(of);
	return 0;
}

/* The last one that goes down takes the domain with it. */
static long vcpu_down(struct vcpu *of)
{
	struct domain *d = of->d;
	struct vcpu *other;
	bool last = true;

	spin_lock(&d->lock);
	for_each_vcpu(d, other)
		if (other != of && !(other->pause_flags & VPF_DOWN))
			last = false;
	if (!last)
		__atomic_or_fetch(&of->pause_flags, VPF_DOWN,
				  __ATOMIC_SEQ_CST);
	spin_unlock(&d->lock);
	if (last)
		domain_shutdown(d, SHUTDOWN_poweroff);
	else
		vcpu_sleep(of);
	return 0;
}

/* ---- timers -------------------------------------------------------------- */

static long set_periodic(struct vcpu *of, gva_t arg)
{
	struct vcpu_set_periodic_timer set;

	if (copy_from_guest(&set, arg, sizeof(set)))
		return -EFAULT;
	if (set.period_ns < MIN_PERIOD || set.period_ns > MAX_PERIOD)
		return -EINVAL;
	WRITE_ONCE(of->sched.periodic_ns, set.period_ns);
	timer_set(&of->sched.periodic, time_now() + set.period_ns);
	return 0;
}

static long stop_periodic(struct vcpu *of)
{
	WRITE_ONCE(of->sched.periodic_ns, 0);
	timer_stop(&of->sched.periodic);
	return 0;
}

static long set_singleshot(struct vcpu *v, gva_t arg)
{
	struct vcpu_set_singleshot_timer set;

	if (copy_from_guest(&set, arg, sizeof(set)))
		return -EFAULT;
	if ((set.flags & VCPU_SSHOTTMR_future) &&
	    set.timeout_abs_ns < time_now())
		return -ETIME;
	timer_set(&v->sched.singleshot, set.timeout_abs_ns);
	return 0;
}

/* ---- what the guest reads ------------------------------------------------ */

static bool runstate_write(struct vcpu *v, const struct vcpu_runstate_info *r)
{
	return copy_to_guest(v->runstate_area, r, sizeof(*r)) == 0;
}

/* With the mark that lets another vCPU see that it is being changed. */
static bool runstate_write_marked(struct vcpu *v, struct vcpu_runstate_info *r)
{
	gva_t at = v->runstate_area +
		   offsetof(struct vcpu_runstate_info, state_entry_time);

	r->state_entry_time |= XEN_RUNSTATE_UPDATE;
	if (copy_to_guest(at, &r->state_entry_time,
			  sizeof(r->state_entry_time)) ||
	    !runstate_write(v, r))
		return false;
	r->state_entry_time &= ~XEN_RUNSTATE_UPDATE;
	return copy_to_guest(at, &r->state_entry_time,
			     sizeof(r->state_entry_time)) == 0;
}

/*
 * Only v itself, and only with its tables loaded.  Its user tables don't map
 * what its kernel registered: then it is done on the way to the kernel.
 */
void vcpu_runstate_publish(struct vcpu *v)
{
	struct vcpu_runstate_info copy;
	bool done;

	if (!v->runstate_area)
		return;
	copy = v->runstate;
	if (v->d->vm_assist & BIT(VMASST_TYPE_runstate_update_flag))
		done = runstate_write_marked(v, &copy);
	else
		done = runstate_write(v, &copy);
	v->sched.publish_due = !done && !v->pv.kernel_mode;
}

static long register_runstate(struct vcpu *v, struct vcpu *of, gva_t arg)
{
	struct vcpu_register_runstate_memory_area area;
	struct vcpu_runstate_info now;

	if (copy_from_guest(&area, arg, sizeof(area)))
		return -EFAULT;
	if (!guest_range_ok(area.addr.p, sizeof(struct vcpu_runstate_info)))
		return -EFAULT;
	of->runstate_area = area.addr.p;
	if (of == v) {
		vcpu_runstate_publish(v);
	} else if (area.addr.p) {
		vcpu_runstate_get(of, &now);
		/* What isn't there now may be there later. */
		(void)!copy_to_guest(area.addr.p, &now, sizeof(now));
	}
	return 0;
}

static long get_runstate(struct vcpu *of, gva_t arg)
{
	struct vcpu_runstate_info now;

	vcpu_runstate_get(of, &now);
	return copy_to_guest(arg, &now, sizeof(now));
}

static long register_time(struct vcpu *of, gva_t arg)
{
	struct vcpu_register_time_memory_area area;

	if (copy_from_guest(&area, arg, sizeof(area)))
		return -EFAULT;
	if (!guest_range_ok(area.addr.p, sizeof(struct vcpu_time_info)))
		return -EFAULT;
	of->time_area = area.addr.p;
	time_update_area(of);
	return 0;
}

/* ---- vcpu_info ----------------------------------------------------------- */

/*
 * From now on v's vcpu_info is in a page of the guest's: for good, so that
 * nobody needs a lock to follow v->info.  v is the caller or is down, so
 * nothing changes the old one but event delivery, whose marks are all raised
 * again in the new one.
 */
static long register_info(struct vcpu *v, struct vcpu *of, gva_t arg)
{
	struct vcpu_register_vcpu_info reg;
	struct vcpu_info *to;
	mfn_t mfn;
	long rc = -EINVAL;

	if (copy_from_guest(&reg, arg, sizeof(reg)))
		return -EFAULT;
	if (reg.offset > PAGE_SIZE - sizeof(*to) ||
	    reg.offset % __alignof__(struct vcpu_info))
		return -EINVAL;
	mfn = _mfn(reg.mfn);

	spin_lock(&v->d->lock);
	if (!mfn_eq(of->info_mfn, INVALID_MFN) || v->d->is_dying)
		goto out;
	if (of != v && !(READ_ONCE(of->pause_flags) & VPF_DOWN))
		goto out;
	if (!frame_get_writable(mfn, v->d))
		goto out;
	to = (void *)((char *)mfn_to_virt(mfn) + reg.offset);
	if (has_info(of)) {
		memcpy(to, of->info, sizeof(*to));
	} else {
		memset(to, 0, sizeof(*to));
		to->evtchn_upcall_mask = 1;
	}
	of->info_mfn = mfn;
	__atomic_store_n(&of->info, to, __ATOMIC_SEQ_CST);
	evtchn_vcpu_info_moved(of);
	rc = 0;
out:
	spin_unlock(&v->d->lock);
	return rc;
}

/* ---- entry --------------------------------------------------------------- */

static long get_physid(struct vcpu *of, gva_t arg)
{
	struct vcpu_get_physid id;

	if (!of->d->is_hw || cpumask_count(of->sched.hard_affinity) != 1)
		return -EINVAL;
	id.phys_id = pcpu_of(of->cpu)->apic_id | (uint64_t)of->cpu << 32;
	return copy_to_guest(arg, &id, sizeof(id));
}

void vcpu_send_nmi(struct vcpu *v)
{
	if (!__atomic_exchange_n(&v->pv.nmi_pending, true, __ATOMIC_SEQ_CST))
		vcpu_kick(v);
}

long hc_vcpu_op(struct vcpu *v, int cmd, unsigned int vcpuid, gva_t arg)
{
	struct vcpu *of = domain_vcpu(v->d, vcpuid);

	if (!of)
		return -ENOENT;
	switch (cmd) {
	case VCPUOP_is_up:
		return !(READ_ONCE(of->pause_flags) & VPF_DOWN);
	case VCPUOP_initialise:
		return initialise(v, of, arg);
	case VCPUOP_up:
		return vcpu_up(of);
	case VCPUOP_down:
		return vcpu_down(of);
	case VCPUOP_get_runstate_info:
		return get_runstate(of, arg);
	case VCPUOP_register_runstate_memory_area:
		return register_runstate(v, of, arg);
	case VCPUOP_set_periodic_timer:
		return set_periodic(of, arg);
	case VCPUOP_stop_periodic_timer:
		return stop_periodic(of);
	case VCPUOP_set_singleshot_timer:
		return of == v ? set_singleshot(v, arg) : -EINVAL;
	case VCPUOP_stop_singleshot_timer:
		if (of != v)
			return -EINVAL;
		timer_stop(&v->sched.singleshot);
		return 0;
	case VCPUOP_register_vcpu_info:
		return register_info(v, of, arg);
	case VCPUOP_register_vcpu_time_memory_area:
		return register_time(of, arg);
	case VCPUOP_get_physid:
		return get_physid(of, arg);
	case VCPUOP_send_nmi:
		vcpu_send_nmi(of);
		return 0;
	default:
		return hypercall_unknown(v, __HYPERVISOR_vcpu_op,
					 (unsigned long)cmd);
	}
}
