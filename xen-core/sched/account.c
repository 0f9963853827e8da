/*
 * Accounting: every time slice the CPU time that guests used since the last
 * time is handed out to them again as credit, by weight.
 *
 * What is handed out is what was used, not what there was, less a part of what
 * the takers have together.  So the sum of all credit stays near zero: it
 * doesn't pile up at the upper limit when CPUs idle, nor at the lower one when
 * somebody's share goes unused, where weights would no longer tell.  A vCPU is
 * given no more than it has room for; what it leaves goes to the others, and
 * what nobody can take waits for the next time.
 *
 * A cap is a second purse beside credit: time a vCPU may run at all, filled up
 * from the clock.  Of credit, too, a capped domain takes no more than that, and
 * no less, as long as it wants to run: what it didn't get to use it is owed.
 *
 * A vCPU takes part once it has used a tick's worth of time (`active`), and
 * until it has all the credit it can have and still doesn't want to run.  A
 * domain's weight counts once for each of its active vCPUs.
 *
 * Locks: account_lock guards the lists and `active`.  It is taken inside a
 * run queue's lock; so credit is handed out through `grant`, which each vCPU
 * takes over under its own queue's lock (credit_settle).
 */
#include "private.h"

#include <hvx/console.h>
#include <hvx/machine.h>

static struct lock account_lock;
static struct list active_domains = LIST_INIT(active_domains);
static struct timer account_timer;
static int64_t left_over;		/* ns that nobody could take */
static uint64_t accounted_at;

#define DEFAULT_WEIGHT 256

void account_init_domain(struct domain *d)
{
	d->sched.weight = DEFAULT_WEIGHT;
	d->sched.cap = 0;
	d->sched.nr_active = 0;
	list_init(&d->sched.on_active);
	list_init(&d->sched.active);
}

void account_activate(struct vcpu *v)
{
	struct sched_domain *sd = &v->d->sched;

	spin_lock(&account_lock);
	if (!v->sched.active) {
		v->sched.active = true;
		list_add_tail(&v->sched.on_active, &sd->active);
		if (sd->nr_active++ == 0) {
			if (list_empty(&active_domains)) {
				accounted_at = time_now();
				timer_set(&account_timer,
					  accounted_at + credit_tslice());
			}
			list_add_tail(&sd->on_active, &active_domains);
		}
	}
	spin_unlock(&account_lock);
}

static void deactivate_locked(struct vcpu *v)
{
	v->sched.active = false;
	v->sched.unbilled = 0;
	list_del(&v->sched.on_active);
	if (--v->d->sched.nr_active == 0)
		list_del(&v->d->sched.on_active);
}

void account_remove(struct vcpu *v)
{
	spin_lock(&account_lock);
	if (v->sched.active)
		deactivate_locked(v);
	spin_unlock(&account_lock);
}

/* ---- handing out --------------------------------------------------------- */

static int64_t credit_of(const struct vcpu *v)
{
	return READ_ONCE(v->sched.credit) + READ_ONCE(v->sched.grant);
}

static bool sleeps(const struct vcpu *v)
{
	uint32_t flags = READ_ONCE(v->pause_flags);

	return flags && !(flags & VPF_PARKED);
}

static int64_t room(const struct vcpu *v)
{
	int64_t most = (int64_t)credit_tslice();

	if (!sleeps(v))
		most *= CREDIT_MOST_SLICES;
	return MAX(most - credit_of(v), 0L);
}

static int64_t cap_of(const struct domain *d, uint64_t period)
{
	return (int64_t)(period / 100 * d->sched.cap);
}

/* The most that d can take.  Under a cap it takes what that lets it use, not
 * what it has used: else those that keep it waiting would get its share. */
static int64_t domain_room(struct domain *d, uint64_t period)
{
	int64_t sum = 0;
	struct list *l;

	list_for_each(l, &d->sched.active)
		sum += room(list_entry(l, struct vcpu, sched.on_active));
	return d->sched.cap ? MIN(sum, cap_of(d, period)) : sum;
}

/* Equal parts, as far as there is room; the first ones' leavings go to those
 * behind them.  Who is full and doesn't want to run stops taking part. */
static void grant_domain(struct domain *d, int64_t amount)
{
	unsigned int n = d->sched.nr_active;
	struct list *l, *next;

	list_for_each_safe(l, next, &d->sched.active) {
		struct vcpu *v = list_entry(l, struct vcpu, sched.on_active);
		int64_t free = room(v), part = MIN(amount / n, free);

		n--;
		amount -= part;
		if (part)
			__atomic_add_fetch(&v->sched.grant, part,
					   __ATOMIC_RELAXED);
		if (part == free && sleeps(v))
			deactivate_locked(v);
	}
	left_over += amount;
}

static uint64_t weight_of(const struct domain *d)
{
	return (uint64_t)d->sched.weight * d->sched.nr_active;
}

static uint64_t open_weight(void)
{
	uint64_t sum = 0;
	struct list *l;

	list_for_each(l, &active_domains) {
		struct domain *d = list_entry(l, struct domain, sched.on_active);

		if (!d->sched.settled)
			sum += weight_of(d);
	}
	return sum;
}

/*
 * One round among those whose weights make `weight`: each domain that can't
 * take its fair part of the pool gets what it can take.  In the last round the others get their parts.  Returns what
 * was taken.
 */
static int64_t share_round(int64_t pool, uint64_t weight, uint64_t period,
			   bool last)
{
	struct list *l, *next;
	int64_t taken = 0;

	list_for_each_safe(l, next, &active_domains) {
		struct domain *d = list_entry(l, struct domain, sched.on_active);
		int64_t fair, most;

		if (d->sched.settled)
			continue;
		fair = (int64_t)((uint64_t)pool / 1000 * weight_of(d) /
				 weight * 1000);
		most = domain_room(d, period);
		if (fair < most && !last)
			continue;
		d->sched.settled = true;
		fair = MIN(fair, most);
		taken += fair;
		grant_domain(d, fair);
	}
	return taken;
}

#define MAX_ROUNDS 4

static void share_out(int64_t pool, uint64_t period)
{
	unsigned int round;
	uint64_t weight;
	struct list *l;
	int64_t taken;

	list_for_each(l, &active_domains)
		list_entry(l, struct domain, sched.on_active)->sched.settled =
			false;
	for (round = 1; pool > 0 && (weight = open_weight()); round++) {
		taken = share_round(pool, weight, period,
				    round == MAX_ROUNDS);
		pool -= taken;
		if (!taken && round < MAX_ROUNDS)
			round = MAX_ROUNDS - 1;
	}
	left_over += pool;
}

/* What each capped domain may use until the next time. */
static void refill_caps(uint64_t period)
{
	struct list *l, *k;

	list_for_each(l, &active_domains) {
		struct domain *d = list_entry(l, struct domain, sched.on_active);
		int64_t part = cap_of(d, period) / d->sched.nr_active;

		if (!part)
			continue;
		list_for_each(k, &d->sched.active) {
			struct vcpu *v = list_entry(k, struct vcpu,
						    sched.on_active);

			__atomic_add_fetch(&v->sched.cap_grant, part,
					   __ATOMIC_RELAXED);
		}
	}
}

/* What v's credit says of the balance: nothing of one that sleeps or is full.
 * What one has beside its cap it may never be able to use. */
static int64_t balance(const struct vcpu *v)
{
	if (sleeps(v) || !room(v))
		return 0;
	return v->d->sched.cap ? MIN(credit_of(v), (int64_t)credit_tslice()) :
				 credit_of(v);
}

/* What those have together who run as much as they are let; debts are
 * negative. */
static int64_t sum_of_credit(void)
{
	struct list *l, *k;
	int64_t sum = 0;

	list_for_each(l, &active_domains) {
		struct domain *d = list_entry(l, struct domain, sched.on_active);

		list_for_each(k, &d->sched.active)
			sum += balance(list_entry(k, struct vcpu,
						  sched.on_active));
	}
	return sum;
}

/* What ran on c since the last time. */
static uint64_t collect(struct sched_cpu *c)
{
	uint64_t burned;

	spin_lock(&c->lock);
	credit_charge(c, c->curr, time_now());
	burned = c->burned;
	c->burned = 0;
	spin_unlock(&c->lock);
	return burned;
}

static void settle_list(struct sched_cpu *c, struct list *head)
{
	struct list *l, *next, mine = LIST_INIT(mine);

	/* Settling moves them between lists: go through a private one. */
	list_for_each_safe(l, next, head) {
		list_del(l);
		list_add_tail(l, &mine);
	}
	list_for_each_safe(l, next, &mine) {
		struct vcpu *v = list_entry(l, struct vcpu, sched.queue);

		list_del(l);
		if (head == &c->parked) {
			list_add_tail(l, &c->parked);
			credit_settle(c, v);
		} else {
			credit_settle(c, v);
			if (vcpu_runnable(v))
				credit_enqueue(c, v, false);
		}
	}
}

/* New priorities for all that wait on c, and the order that follows. */
static void settle_cpu(struct sched_cpu *c)
{
	spin_lock(&c->lock);
	if (!c->curr->is_idle)
		credit_settle(c, c->curr);
	if (c->nr_queued) {
		c->nr_queued = 0;
		settle_list(c, &c->queue);
		if (!c->nr_queued)
			__atomic_and_fetch(&sched_waiting_cpus,
					   ~cpumask_of(c->id),
					   __ATOMIC_SEQ_CST);
	}
	if (!list_empty(&c->parked))
		settle_list(c, &c->parked);
	if (c->nr_queued && (c->curr->is_idle ||
			     list_first(&c->queue, struct vcpu, sched.queue)
					     ->sched.pri > c->curr->sched.pri))
		sched_poke(c);
	spin_unlock(&c->lock);
}

static void account_expired(__maybe_unused void *arg)
{
	uint64_t burned = 0, now = time_now(), period;
	int64_t pool, most;
	unsigned int cpu;

	cpumask_for_each(cpu, READ_ONCE(sched_ready_cpus))
		burned += collect(&sched_cpus[cpu]);

	spin_lock(&account_lock);
	period = MIN(now - accounted_at, 10 * credit_tslice());
	accounted_at = now;
	most = (int64_t)(credit_tslice() * cpumask_count(sched_ready_cpus));
	pool = (int64_t)burned + MIN(left_over, most) - sum_of_credit() / 8;
	left_over = 0;
	refill_caps(period);
	share_out(pool, period);
	if (!list_empty(&active_domains))
		timer_set(&account_timer, now + credit_tslice());
	spin_unlock(&account_lock);

	cpumask_for_each(cpu, READ_ONCE(sched_ready_cpus))
		settle_cpu(&sched_cpus[cpu]);
}

void account_init(void)
{
	list_init(&active_domains);
	left_over = 0;
	timer_init(&account_timer, cpu_id(), account_expired, NULL);
}

unsigned long account_audit(void)
{
	unsigned long bad = 0;
	struct list *l, *k;

	spin_lock(&account_lock);
	list_for_each(l, &active_domains) {
		struct domain *d = list_entry(l, struct domain, sched.on_active);
		unsigned int n = 0;

		list_for_each(k, &d->sched.active) {
			struct vcpu *v = list_entry(k, struct vcpu,
						    sched.on_active);

			n++;
			bad += v->d != d || !v->sched.active;
		}
		bad += n != d->sched.nr_active || n == 0;
	}
	spin_unlock(&account_lock);
	return bad;
}
