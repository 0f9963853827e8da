/*
 * Between core.c (who runs, and what that entails), credit.c (who should) and
 * account.c (who has earned what).  Nobody else's business.
 */
#ifndef SCHED_PRIVATE_H
#define SCHED_PRIVATE_H

#include <hvx/domain.h>
#include <hvx/lock.h>
#include <hvx/sched.h>

#define MILLISECS(n) ((uint64_t)(n) * 1000000)
#define MICROSECS(n) ((uint64_t)(n) * 1000)

/* Priorities: a run queue is in this order, first come first in each. */
enum credit_pri {
	CREDIT_OVER,		/* has had more than its share */
	CREDIT_UNDER,		/* has some of its share left */
	CREDIT_BOOST,		/* the same, and just woke up */
};

/* One CPU's scheduler.  The lock guards all of it, and the sched_vcpu,
 * runstate and v->cpu of each vCPU whose v->cpu this is. */
struct sched_cpu {
	struct lock lock;
	unsigned int id;
	struct vcpu *curr;		/* runs; never NULL once set up */
	struct vcpu *idle;
	struct list queue;		/* runnable, by priority; without curr */
	struct list parked;		/* runnable but for their cap */
	unsigned int nr_queued;
	uint64_t burned;		/* ns of guests since last collected */
	struct timer tick;		/* accounting of who runs */
	struct timer limit;		/* end of a rate limit or of a cap */
} __aligned(64);

extern struct sched_cpu sched_cpus[NR_CPUS];
/* CPUs that take vCPUs; atomic. */
extern cpumask_t sched_ready_cpus;
/* Hints, atomic: CPUs that run their idle vCPU; that have some queued. */
extern cpumask_t sched_idle_cpus, sched_waiting_cpus;

/* The queue that v belongs to, locked. */
struct sched_cpu *sched_lock_vcpu(struct vcpu *v);
/* Let c choose anew, soon. */
void sched_poke(struct sched_cpu *c);

static inline bool sched_may_run_on(const struct vcpu *v, unsigned int cpu)
{
	return cpumask_test(v->sched.hard_affinity, cpu);
}

/* A vCPU that always wants to run may have this much credit, in time slices:
 * enough to tell a great weight from several small ones.  One that sleeps: a
 * slice.  The least is minus a slice. */
#define CREDIT_MOST_SLICES 10

/* credit.c; all with the lock of v's queue, or c, held. */
uint64_t credit_tslice(void);
uint64_t credit_tick(void);
void credit_init_cpu(struct sched_cpu *c);
void credit_init_vcpu(struct vcpu *v);
/* v pays for the time since it last did. */
void credit_charge(struct sched_cpu *c, struct vcpu *v, uint64_t now);
/* Take what accounting gave, set the priority, park or unpark. */
void credit_settle(struct sched_cpu *c, struct vcpu *v);
void credit_unpark(struct sched_cpu *c, struct vcpu *v);
void credit_enqueue(struct sched_cpu *c, struct vcpu *v, bool first);
void credit_dequeue(struct sched_cpu *c, struct vcpu *v);
/* v has just become runnable. */
void credit_woken(struct vcpu *v);
/* The CPU where v had best run, of those it may. */
unsigned int credit_choose_cpu(const struct vcpu *v);
/* Who runs next on c, taken off its queue; prev, if it may go on, is put on
 * it.  prev again: nothing changes. */
struct vcpu *credit_pick(struct sched_cpu *c, struct vcpu *prev, uint64_t now);
void credit_started(struct sched_cpu *c, struct vcpu *next, uint64_t now);

/* An idle CPU shall take one of those who wait on c, if it may. */
void credit_wake_idle_peer(struct sched_cpu *c);

/* account.c */
void account_init(void);
void account_init_domain(struct domain *d);
/* v consumes: it gets a share from now on.  v's queue is locked. */
void account_activate(struct vcpu *v);
void account_remove(struct vcpu *v);
unsigned long account_audit(void);

#endif
