/*
 * Who runs where, and what follows from it.  Policy is credit.c's.
 *
 * A vCPU is in one of these conditions, told by its queue's lock:
 *   runs		sched_cpus[v->cpu].curr == v
 *   waits		no pause flag; on the queue of v->cpu
 *   parked		VPF_PARKED alone keeps it; on the parked list
 *   can't run		some other pause flag; on no queue (or parked)
 *   migrating		chosen against while its CPU isn't allowed; put on a
 *			queue by sched_switch_done()
 * v->sched.running says that a processor holds its registers: from the moment
 * it is chosen until the machine has left it, a little longer than it is
 * curr.  Nobody else may pick or move it meanwhile.
 *
 * Sleep and wake.  The pause flags are atomic: who clears the last one calls
 * vcpu_wake(), who sets one calls vcpu_sleep(); each looks at the flags again
 * under the lock, so the last caller leaves it right, in whatever order they
 * come.  Block: the flag is set first, events are looked for after; the
 * sender makes the event visible first, and looks at the flags after.
 *
 * Lock order: queues by number of CPU; inside, the accounting lock, then
 * timer queues.
 */
#include <hvx/sched.h>

#include "private.h"

#include <abi/sched.h>
#include <hvx/console.h>
#include <hvx/evtchn.h>
#include <hvx/machine.h>
#include <hvx/pcpu.h>

struct sched_cpu sched_cpus[NR_CPUS];
cpumask_t sched_ready_cpus, sched_idle_cpus, sched_waiting_cpus;

struct sched_cpu *sched_lock_vcpu(struct vcpu *v)
{
	for (;;) {
		unsigned int cpu = READ_ONCE(v->cpu);
		struct sched_cpu *c = &sched_cpus[cpu];

		spin_lock(&c->lock);
		if (likely(v->cpu == cpu))
			return c;
		spin_unlock(&c->lock);
	}
}

void sched_poke(struct sched_cpu *c)
{
	if (c->id == cpu_id())
		softirq_raise(SOFTIRQ_SCHEDULE);
	else
		softirq_raise_on(c->id, SOFTIRQ_SCHEDULE);
}

static void flags_set(struct vcpu *v, uint32_t flags)
{
	__atomic_or_fetch(&v->pause_flags, flags, __ATOMIC_SEQ_CST);
}

/* What they were before. */
static uint32_t flags_clear(struct vcpu *v, uint32_t flags)
{
	return __atomic_fetch_and(&v->pause_flags, ~flags, __ATOMIC_SEQ_CST);
}

/* ---- runstates ----------------------------------------------------------- */

static void runstate_set(struct vcpu *v, int state, uint64_t now)
{
	struct vcpu_runstate_info *r = &v->runstate;

	if (likely(now > r->state_entry_time))
		r->time[r->state] += now - r->state_entry_time;
	r->state_entry_time = now;
	r->state = state;
}

static int stopped_state(const struct vcpu *v)
{
	uint32_t f = READ_ONCE(v->pause_flags);

	if (!f)
		return RUNSTATE_runnable;
	if (f & ~(uint32_t)(VPF_BLOCKED | VPF_POLLING))
		return RUNSTATE_offline;
	return RUNSTATE_blocked;
}

void vcpu_runstate_get(struct vcpu *v, struct vcpu_runstate_info *out)
{
	struct sched_cpu *c = sched_lock_vcpu(v);
	uint64_t now = time_now();

	*out = v->runstate;
	if (now > out->state_entry_time)
		out->time[out->state] += now - out->state_entry_time;
	spin_unlock(&c->lock);
}

/* ---- the switch ---------------------------------------------------------- */

static void follow_timer(struct timer *t, unsigned int cpu)
{
	if (t->cpu != cpu)
		timer_migrate(t, cpu);
}

static void start_vcpu(struct sched_cpu *c, struct vcpu *v, uint64_t now)
{
	c->curr = v;
	runstate_set(v, RUNSTATE_running, now);
	v->sched.running = true;
	v->sched.run_start = v->sched.charged_at = now;
	credit_started(c, v, now);
}

void sched_softirq(void)
{
	unsigned int cpu = cpu_id();
	struct sched_cpu *c = &sched_cpus[cpu];
	struct vcpu *prev, *next;
	uint64_t now;

	spin_lock(&c->lock);
	now = time_now();
	prev = c->curr;
	credit_charge(c, prev, now);
	next = credit_pick(c, prev, now);
	if (next == prev) {
		spin_unlock(&c->lock);
		return;
	}
	runstate_set(prev, prev->is_idle ? RUNSTATE_runnable :
					   stopped_state(prev), now);
	start_vcpu(c, next, now);
	spin_unlock(&c->lock);

	if (!next->is_idle) {
		follow_timer(&next->sched.singleshot, cpu);
		follow_timer(&next->sched.periodic, cpu);
	}
	machine_switch(prev, next);
}

static void lock_two(struct sched_cpu *a, struct sched_cpu *b)
{
	if (a->id > b->id) {
		lock_two(b, a);
		return;
	}
	spin_lock(&a->lock);
	if (b != a)
		spin_lock(&b->lock);
}

static void unlock_two(struct sched_cpu *a, struct sched_cpu *b)
{
	spin_unlock(&a->lock);
	if (b != a)
		spin_unlock(&b->lock);
}

/* Should v, new on c's queue, run at once? */
static void preempt_for(struct sched_cpu *c, const struct vcpu *v)
{
	if (c->curr->is_idle) {
		__atomic_and_fetch(&sched_idle_cpus, ~cpumask_of(c->id),
				   __ATOMIC_SEQ_CST);
		sched_poke(c);
	} else if (v->sched.pri > c->curr->sched.pri) {
		sched_poke(c);
	}
}

/* Its registers are saved now: take it to a CPU where it may run. */
static void finish_migration(struct vcpu *v)
{
	struct sched_cpu *from = &sched_cpus[v->cpu], *to;

	for (;;) {
		to = &sched_cpus[credit_choose_cpu(v)];
		lock_two(from, to);
		if (sched_may_run_on(v, to->id))
			break;
		unlock_two(from, to);	/* affinity changed again */
	}
	v->cpu = to->id;
	v->sched.migrating = false;
	if (vcpu_runnable(v)) {
		credit_enqueue(to, v, false);
		preempt_for(to, v);
	}
	__atomic_store_n(&v->sched.running, false, __ATOMIC_RELEASE);
	unlock_two(from, to);
}

void sched_switch_done(struct vcpu *prev)
{
	struct sched_cpu *c = &sched_cpus[cpu_id()];

	if (!prev || prev->is_idle)
		return;
	if (unlikely(READ_ONCE(prev->sched.migrating)))
		finish_migration(prev);
	else
		__atomic_store_n(&prev->sched.running, false,
				 __ATOMIC_RELEASE);
	/* prev may be gone by now; if it waits here, others may have it. */
	if (READ_ONCE(c->nr_queued) && READ_ONCE(sched_idle_cpus)) {
		spin_lock(&c->lock);
		credit_wake_idle_peer(c);
		spin_unlock(&c->lock);
	}
}

/* ---- wake and sleep ------------------------------------------------------ */

void vcpu_wake(struct vcpu *v)
{
	struct sched_cpu *c = sched_lock_vcpu(v);
	unsigned int cpu;

	while (vcpu_runnable(v) && c->curr != v && !v->sched.migrating &&
	       list_empty(&v->sched.queue)) {
		cpu = credit_choose_cpu(v);
		if (cpu != c->id && !v->sched.running) {
			v->cpu = cpu;
			spin_unlock(&c->lock);
			c = sched_lock_vcpu(v);
			if (v->cpu != cpu || !vcpu_runnable(v) ||
			    !list_empty(&v->sched.queue) || c->curr == v)
				continue;
		}
		if (v->runstate.state != RUNSTATE_runnable)
			runstate_set(v, RUNSTATE_runnable, time_now());
		credit_woken(v);
		if (vcpu_runnable(v)) {	/* else the cap has parked it */
			credit_enqueue(c, v, false);
			preempt_for(c, v);
		}
		break;
	}
	if (!vcpu_runnable(v) && c->curr != v &&
	    v->runstate.state != stopped_state(v))
		runstate_set(v, stopped_state(v), time_now());
	spin_unlock(&c->lock);
}

void vcpu_sleep(struct vcpu *v)
{
	struct sched_cpu *c = sched_lock_vcpu(v);

	if (!vcpu_runnable(v)) {
		if (c->curr == v) {
			sched_poke(c);
		} else {
			if (!list_empty(&v->sched.queue) &&
			    !(v->pause_flags & VPF_PARKED))
				credit_dequeue(c, v);
			if (v->runstate.state == RUNSTATE_runnable)
				runstate_set(v, stopped_state(v), time_now());
		}
	}
	spin_unlock(&c->lock);
}

/* On the CPU that runs v there is nothing to wait for: it leaves at the exit
 * from here. */
static void wait_until_left(struct vcpu *v)
{
	if (sched_cpus[cpu_id()].curr == v)
		return;
	while (!vcpu_runnable(v) &&
	       __atomic_load_n(&v->sched.running, __ATOMIC_ACQUIRE))
		machine_relax();
}

void vcpu_sleep_sync(struct vcpu *v)
{
	vcpu_sleep(v);
	wait_until_left(v);
}

/* ---- pause --------------------------------------------------------------- */

/* Bring VPF_PAUSED in line with the counts.  The counts change first and the
 * flag follows under the lock, so two callers can't leave it wrong. */
static void pause_update(struct vcpu *v)
{
	struct sched_cpu *c = sched_lock_vcpu(v);
	bool want = READ_ONCE(v->pause_count) || READ_ONCE(v->d->pause_count);

	if (want)
		flags_set(v, VPF_PAUSED);
	else
		flags_clear(v, VPF_PAUSED);
	spin_unlock(&c->lock);
	if (want)
		vcpu_sleep(v);
	else
		vcpu_wake(v);
}

static void count_down(uint32_t *count)
{
	BUG_ON(__atomic_fetch_sub(count, 1, __ATOMIC_SEQ_CST) == 0);
}

void vcpu_pause_nosync(struct vcpu *v)
{
	__atomic_add_fetch(&v->pause_count, 1, __ATOMIC_SEQ_CST);
	pause_update(v);
}

void vcpu_pause(struct vcpu *v)
{
	vcpu_pause_nosync(v);
	wait_until_left(v);
}

void vcpu_unpause(struct vcpu *v)
{
	count_down(&v->pause_count);
	pause_update(v);
}

void domain_pause_nosync(struct domain *d)
{
	struct vcpu *v;

	__atomic_add_fetch(&d->pause_count, 1, __ATOMIC_SEQ_CST);
	for_each_vcpu(d, v)
		pause_update(v);
}

void domain_pause(struct domain *d)
{
	struct vcpu *v;

	domain_pause_nosync(d);
	for_each_vcpu(d, v)
		wait_until_left(v);
}

void domain_unpause(struct domain *d)
{
	struct vcpu *v;

	count_down(&d->pause_count);
	for_each_vcpu(d, v)
		pause_update(v);
}

/* ---- events -------------------------------------------------------------- */

/* End some of the reasons why v waits. */
static void unblock(struct vcpu *v, uint32_t reasons)
{
	uint32_t was = flags_clear(v, reasons);

	if (was & reasons & VPF_POLLING)
		evtchn_poll_end(v->d);
	if (was && !(was & ~reasons))
		vcpu_wake(v);
}

void vcpu_kick(struct vcpu *v)
{
	if (READ_ONCE(v->pause_flags) & (VPF_BLOCKED | VPF_POLLING)) {
		unblock(v, VPF_BLOCKED | VPF_POLLING);
		return;
	}
	if (READ_ONCE(v->sched.running)) {
		unsigned int cpu = READ_ONCE(v->cpu);

		if (cpu != cpu_id())
			cpu_kick(cpu);
	}
}

static void poll_expired(void *arg)
{
	unblock(arg, VPF_POLLING);
}

void vcpu_block(struct vcpu *v)
{
	flags_set(v, VPF_BLOCKED);
	/* Pairs with the sender: event first, then a look at the flags. */
	if (evtchn_upcall_wanted(v))
		flags_clear(v, VPF_BLOCKED);
	else
		softirq_raise(SOFTIRQ_SCHEDULE);
}

void vcpu_yield(struct vcpu *v)
{
	/* Nobody to yield to: the common case of a guest that spins. */
	if (!READ_ONCE(sched_waiting_cpus))
		return;
	v->sched.yielded = true;
	softirq_raise(SOFTIRQ_SCHEDULE);
}

/* ---- affinity ------------------------------------------------------------ */

int vcpu_set_affinity(struct vcpu *v, cpumask_t hard)
{
	struct sched_cpu *c;

	if (!(hard & READ_ONCE(sched_ready_cpus)))
		return -EINVAL;
	c = sched_lock_vcpu(v);
	v->sched.hard_affinity = hard;
	/* While its registers are being saved it can't be moved: a moment. */
	while (v->sched.running && c->curr != v) {
		spin_unlock(&c->lock);
		machine_relax();
		c = sched_lock_vcpu(v);
	}
	if (!sched_may_run_on(v, c->id)) {
		if (v->pause_flags & VPF_PARKED)
			credit_unpark(c, v);
		if (c->curr == v) {
			sched_poke(c);
		} else {
			if (!list_empty(&v->sched.queue))
				credit_dequeue(c, v);
			v->cpu = credit_choose_cpu(v);
		}
	}
	spin_unlock(&c->lock);
	vcpu_wake(v);
	return 0;
}

/* ---- birth and death ----------------------------------------------------- */

static void singleshot_expired(void *arg)
{
	virq_send_vcpu(arg, VIRQ_TIMER);
}

static void periodic_expired(void *arg)
{
	struct vcpu *v = arg;
	uint64_t period = READ_ONCE(v->sched.periodic_ns), now = time_now();
	uint64_t next = v->sched.periodic.expires + period;

	if (!period)
		return;
	/* Those missed are not made up for. */
	if (next <= now)
		next = now + period;
	timer_set(&v->sched.periodic, next);
	virq_send_vcpu(v, VIRQ_TIMER);
}

int sched_init_vcpu(struct vcpu *v, unsigned int cpu)
{
	struct sched_vcpu *s = &v->sched;

	v->cpu = cpu;
	list_init(&s->queue);
	list_init(&s->on_active);
	s->hard_affinity = s->soft_affinity = CPUMASK_ALL;
	timer_init(&s->singleshot, cpu, singleshot_expired, v);
	timer_init(&s->periodic, cpu, periodic_expired, v);
	timer_init(&s->poll, cpu, poll_expired, v);
	v->runstate.state = v->is_idle ? RUNSTATE_running : RUNSTATE_offline;
	v->runstate.state_entry_time = time_now();
	if (v->is_idle)
		s->hard_affinity = cpumask_of(cpu);
	else if (v->d->pause_count)
		v->pause_flags |= VPF_PAUSED;
	credit_init_vcpu(v);
	return 0;
}

void sched_destroy_vcpu(struct vcpu *v)
{
	struct sched_cpu *c;

	if (!v->sched.singleshot.fn)	/* never set up */
		return;
	v->sched.periodic_ns = 0;
	timer_kill(&v->sched.singleshot);
	timer_kill(&v->sched.periodic);
	timer_kill(&v->sched.poll);
	flags_set(v, VPF_DOWN);
	vcpu_sleep_sync(v);
	c = sched_lock_vcpu(v);
	list_del(&v->sched.queue);	/* parked, if anything */
	spin_unlock(&c->lock);
	account_remove(v);
}

static void watchdog_expired(void *arg)
{
	domain_shutdown(arg, SHUTDOWN_watchdog);
}

int sched_init_domain(struct domain *d)
{
	unsigned int i;

	account_init_domain(d);
	for (i = 0; i < NR_WATCHDOGS; i++)
		timer_init(&d->sched.watchdog[i], cpu_id(), watchdog_expired,
			   d);
	return 0;
}

void sched_destroy_domain(struct domain *d)
{
	unsigned int i;

	for (i = 0; i < NR_WATCHDOGS; i++)
		timer_kill(&d->sched.watchdog[i]);
}

void sched_init(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		sched_cpus[cpu] = (struct sched_cpu){ .id = cpu };
		list_init(&sched_cpus[cpu].queue);
		list_init(&sched_cpus[cpu].parked);
	}
	sched_ready_cpus = sched_idle_cpus = sched_waiting_cpus = CPUMASK_NONE;
	account_init();
}

void sched_init_cpu(unsigned int cpu)
{
	struct sched_cpu *c = &sched_cpus[cpu];
	struct vcpu *idle = pcpu_of(cpu)->idle;

	spin_lock(&c->lock);
	c->idle = idle;
	c->curr = idle;
	idle->sched.running = true;
	credit_init_cpu(c);
	__atomic_or_fetch(&sched_ready_cpus, cpumask_of(cpu), __ATOMIC_SEQ_CST);
	__atomic_or_fetch(&sched_idle_cpus, cpumask_of(cpu), __ATOMIC_SEQ_CST);
	spin_unlock(&c->lock);
	softirq_raise(SOFTIRQ_SCHEDULE);
}
