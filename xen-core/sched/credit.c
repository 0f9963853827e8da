/*
 * The credit policy: who should run next.
 *
 * Each vCPU has credit: time it may run before others that have none left.
 * Running spends it; accounting (account.c) hands it out by weight.  A vCPU is
 * UNDER while it has some, OVER when it has none, and BOOST when it wakes with
 * some left: so what seldom runs is served at once, and what runs always takes
 * turns by weight.  Of the same priority: first come, a time slice each.
 *
 * A wake goes to an idle CPU if the vCPU may run on one.  A CPU that would
 * idle, or serve an OVER one, first looks for a better one that waits
 * elsewhere.
 *
 * A running vCPU isn't preempted before it has run for the rate limit.  Boost
 * ends after a tick's worth of running; all spending is counted to the
 * nanosecond, so sleeping at ticks gains nothing.
 */
#include "private.h"

#include <hvx/console.h>
#include <hvx/machine.h>

const char sched_name[] = "SMP Credit Scheduler (credit)";

unsigned int sched_credit_tslice_ms = 30, sched_ratelimit_us = 1000;

#define TICKS_PER_TSLICE 3
#define CAP_LEAST 500000	/* ns; a run under a cap isn't cut shorter */

uint64_t credit_tslice(void)
{
	return MILLISECS(READ_ONCE(sched_credit_tslice_ms));
}

uint64_t credit_tick(void)
{
	return credit_tslice() / TICKS_PER_TSLICE;
}

/* ---- spending ------------------------------------------------------------ */

void credit_charge(struct sched_cpu *c, struct vcpu *v, uint64_t now)
{
	struct sched_vcpu *s = &v->sched;
	uint64_t ran = now - s->charged_at;

	if (v->is_idle || now <= s->charged_at)
		return;
	s->charged_at = now;
	s->credit -= (int64_t)ran;
	s->slice_used += ran;
	s->unbilled += ran;
	c->burned += ran;
	if (v->d->sched.cap)
		s->cap_left -= (int64_t)ran;
	if (s->pri == CREDIT_BOOST && s->slice_used >= credit_tick())
		s->pri = CREDIT_UNDER;
	if (unlikely(!s->active) &&
	    (s->credit < 0 || s->unbilled >= credit_tick()))
		account_activate(v);
}

static void take_grant(struct sched_vcpu *s)
{
	if (READ_ONCE(s->grant))
		s->credit += __atomic_exchange_n(&s->grant, 0,
						 __ATOMIC_RELAXED);
	if (s->credit < -(int64_t)credit_tslice())
		s->credit = -(int64_t)credit_tslice();
}

/* Unused time under a cap is kept for two slices, no more: so long may one have
 * to wait for its turn. */
static void take_cap_grant(struct sched_vcpu *s, unsigned int cap)
{
	int64_t most = 2 * (int64_t)(credit_tslice() / 100 * cap);

	if (READ_ONCE(s->cap_grant))
		s->cap_left += __atomic_exchange_n(&s->cap_grant, 0,
						   __ATOMIC_RELAXED);
	s->cap_left = MIN(s->cap_left, most);
}

static void set_priority(struct sched_vcpu *s)
{
	if (s->credit < 0)
		s->pri = CREDIT_OVER;
	else if (s->pri == CREDIT_OVER)
		s->pri = CREDIT_UNDER;
}

/* Over its cap: it waits on a list of its own until credit is back. */
static void park(struct sched_cpu *c, struct vcpu *v)
{
	if (!v->sched.active)
		account_activate(v);
	if (!list_empty(&v->sched.queue))
		credit_dequeue(c, v);
	__atomic_or_fetch(&v->pause_flags, VPF_PARKED, __ATOMIC_SEQ_CST);
	list_add_tail(&v->sched.queue, &c->parked);
	if (c->curr == v)
		sched_poke(c);
}

void credit_unpark(struct sched_cpu *c, struct vcpu *v)
{
	list_del(&v->sched.queue);
	if (__atomic_and_fetch(&v->pause_flags, ~(uint32_t)VPF_PARKED,
			       __ATOMIC_SEQ_CST) == 0 && c->curr != v)
		credit_enqueue(c, v, false);
}

void credit_settle(struct sched_cpu *c, struct vcpu *v)
{
	unsigned int cap = READ_ONCE(v->d->sched.cap);
	struct sched_vcpu *s = &v->sched;
	bool over_cap = false;

	take_grant(s);
	set_priority(s);
	if (cap) {
		take_cap_grant(s, cap);
		over_cap = s->cap_left < 0;
	}
	/* One that is about to leave this CPU for good parks where it goes. */
	if (over_cap && vcpu_runnable(v) && sched_may_run_on(v, c->id))
		park(c, v);
	else if (!over_cap && (v->pause_flags & VPF_PARKED))
		credit_unpark(c, v);
}

void credit_woken(struct vcpu *v)
{
	struct sched_vcpu *s = &v->sched;

	s->slice_used = 0;
	credit_settle(&sched_cpus[v->cpu], v);
	if (s->credit > (int64_t)credit_tslice())
		s->credit = (int64_t)credit_tslice();
	if (s->credit >= 0)
		s->pri = CREDIT_BOOST;
}

/* ---- the queue ----------------------------------------------------------- */

static struct vcpu *queue_head(struct sched_cpu *c)
{
	if (list_empty(&c->queue))
		return NULL;
	return list_first(&c->queue, struct vcpu, sched.queue);
}

/* Behind those of its priority, or before them. */
void credit_enqueue(struct sched_cpu *c, struct vcpu *v, bool first)
{
	int least = v->sched.pri + (first ? 1 : 0);
	struct list *after = c->queue.prev;

	while (after != &c->queue &&
	       list_entry(after, struct vcpu, sched.queue)->sched.pri < least)
		after = after->prev;
	list_add_head(&v->sched.queue, after);
	if (c->nr_queued++ == 0)
		__atomic_or_fetch(&sched_waiting_cpus, cpumask_of(c->id),
				  __ATOMIC_SEQ_CST);
}

void credit_dequeue(struct sched_cpu *c, struct vcpu *v)
{
	list_del(&v->sched.queue);
	if (--c->nr_queued == 0)
		__atomic_and_fetch(&sched_waiting_cpus, ~cpumask_of(c->id),
				   __ATOMIC_SEQ_CST);
}

/* One that yields lets also one of lower priority go first. */
static void enqueue_yielded(struct sched_cpu *c, struct vcpu *v)
{
	struct list *l;

	v->sched.yielded = false;
	v->sched.slice_used = 0;
	credit_enqueue(c, v, false);
	l = v->sched.queue.next;
	if (l == &c->queue)
		return;
	list_del(&v->sched.queue);
	list_add_head(&v->sched.queue, l);
}

/* ---- where --------------------------------------------------------------- */

unsigned int credit_choose_cpu(const struct vcpu *v)
{
	cpumask_t may = v->sched.hard_affinity & READ_ONCE(sched_ready_cpus), idle;

	if (unlikely(!may))
		return v->cpu;
	idle = may & READ_ONCE(sched_idle_cpus);
	if (cpumask_test(idle, v->cpu))
		return v->cpu;
	if (idle)
		may = idle;
	else if (cpumask_test(may, v->cpu))
		return v->cpu;
	/* The next one round from where it was. */
	idle = may & ~(cpumask_of(v->cpu) - 1);
	return cpumask_first(idle ? idle : may);
}

void credit_wake_idle_peer(struct sched_cpu *c)
{
	cpumask_t idle = READ_ONCE(sched_idle_cpus);
	struct list *l;

	if (likely(!idle))
		return;
	list_for_each(l, &c->queue) {
		struct vcpu *v = list_entry(l, struct vcpu, sched.queue);

		if (v->sched.hard_affinity & idle) {
			sched_poke(&sched_cpus[cpumask_first(
				v->sched.hard_affinity & idle)]);
			return;
		}
	}
}

static struct vcpu *steal_from(struct sched_cpu *c, struct sched_cpu *peer,
			       int better_than)
{
	struct list *l;

	list_for_each(l, &peer->queue) {
		struct vcpu *v = list_entry(l, struct vcpu, sched.queue);

		if (v->sched.pri <= better_than)
			return NULL;
		if (v->sched.running || !sched_may_run_on(v, c->id))
			continue;
		credit_dequeue(peer, v);
		v->cpu = c->id;
		return v;
	}
	return NULL;
}

/* One that waits elsewhere and is better than what c has; it is c's then. */
static struct vcpu *steal(struct sched_cpu *c, int better_than)
{
	cpumask_t others = READ_ONCE(sched_waiting_cpus) & ~cpumask_of(c->id);
	struct vcpu *v = NULL;
	unsigned int cpu;

	cpumask_for_each(cpu, others) {
		struct sched_cpu *peer = &sched_cpus[cpu];

		/* Out of order, so only if it is free. */
		if (!spin_trylock(&peer->lock))
			continue;
		v = steal_from(c, peer, better_than);
		spin_unlock(&peer->lock);
		if (v)
			break;
	}
	return v;
}

/* ---- the choice ---------------------------------------------------------- */

/* prev wants to go on: back to the queue with it. */
static void requeue(struct sched_cpu *c, struct vcpu *prev)
{
	struct sched_vcpu *s = &prev->sched;
	bool slice_left = s->slice_used < credit_tslice();

	if (!slice_left)
		s->slice_used = 0;
	credit_settle(c, prev);
	if (!vcpu_runnable(prev))
		return;			/* parked */
	if (unlikely(!sched_may_run_on(prev, c->id))) {
		s->migrating = true;
		s->yielded = false;
	} else if (s->yielded) {
		enqueue_yielded(c, prev);
	} else {
		credit_enqueue(c, prev, slice_left);
	}
}

/* Is it too early to take the CPU from prev?  Then look again in time. */
static bool rate_limited(struct sched_cpu *c, const struct vcpu *prev,
			 uint64_t now)
{
	uint64_t until = prev->sched.run_start +
			 MICROSECS(READ_ONCE(sched_ratelimit_us));

	if (now >= until || prev->sched.yielded || prev->is_idle ||
	    !vcpu_runnable(prev) || !sched_may_run_on(prev, c->id))
		return false;
	if (c->nr_queued)
		timer_set(&c->limit, until);
	return true;
}

static struct vcpu *go_idle(struct sched_cpu *c)
{
	if (!cpumask_test(READ_ONCE(sched_idle_cpus), c->id))
		__atomic_or_fetch(&sched_idle_cpus, cpumask_of(c->id),
				  __ATOMIC_SEQ_CST);
	return c->idle;
}

struct vcpu *credit_pick(struct sched_cpu *c, struct vcpu *prev, uint64_t now)
{
	struct vcpu *next, *better;

	if (rate_limited(c, prev, now))
		return prev;
	if (!prev->is_idle && vcpu_runnable(prev))
		requeue(c, prev);
	prev->sched.yielded = false;

	next = queue_head(c);
	if (!next || next->sched.pri == CREDIT_OVER) {
		better = steal(c, next ? CREDIT_OVER : -1);
		if (better)
			return better;
	}
	if (!next)
		return go_idle(c);
	credit_dequeue(c, next);
	return next;
}

void credit_started(struct sched_cpu *c, struct vcpu *next, uint64_t now)
{
	if (next->is_idle)
		return;
	if (cpumask_test(READ_ONCE(sched_idle_cpus), c->id))
		__atomic_and_fetch(&sched_idle_cpus, ~cpumask_of(c->id),
				   __ATOMIC_SEQ_CST);
	if (!c->tick.queued)
		timer_set(&c->tick, now + credit_tick());
	/* Stop it where its cap ends, but not in slivers. */
	if (next->d->sched.cap)
		timer_set(&c->limit, now + (uint64_t)MAX(next->sched.cap_left,
							 CAP_LEAST));
}

/* ---- ticks --------------------------------------------------------------- */

/* A slice is over at the tick that is nearest to its end. */
static bool slice_over(const struct vcpu *v)
{
	return v->sched.slice_used + credit_tick() / 2 >= credit_tslice();
}

static void review(struct sched_cpu *c, bool is_tick)
{
	struct vcpu *curr = c->curr, *head;

	credit_charge(c, curr, time_now());
	if (curr->d && curr->d->sched.cap)
		credit_settle(c, curr);
	head = queue_head(c);
	if (head && (head->sched.pri > curr->sched.pri ||
		     (is_tick && slice_over(curr)))) {
		if (slice_over(curr))
			curr->sched.slice_used = credit_tslice();
		sched_poke(c);
	} else if (curr->sched.pri == CREDIT_OVER &&
		   (READ_ONCE(sched_waiting_cpus) & ~cpumask_of(c->id))) {
		sched_poke(c);		/* may find a better one elsewhere */
	}
	if (head)
		credit_wake_idle_peer(c);
}

static void tick_expired(void *arg)
{
	struct sched_cpu *c = arg;

	spin_lock(&c->lock);
	if (!c->curr->is_idle) {
		review(c, true);
		timer_set(&c->tick, time_now() + credit_tick());
	}
	spin_unlock(&c->lock);
}

static void limit_expired(void *arg)
{
	struct sched_cpu *c = arg;

	spin_lock(&c->lock);
	if (!c->curr->is_idle)
		review(c, false);
	spin_unlock(&c->lock);
}

void credit_init_cpu(struct sched_cpu *c)
{
	timer_init(&c->tick, c->id, tick_expired, c);
	timer_init(&c->limit, c->id, limit_expired, c);
}

void credit_init_vcpu(struct vcpu *v)
{
	v->sched.pri = v->is_idle ? CREDIT_OVER : CREDIT_UNDER;
}
