/*
 * The scheduler: run, block, wake, pin (sched/core.c) and the credit policy
 * (sched/credit.c), timers (sched/timer.c), the sched_op and vcpu_op calls.
 */
#ifndef HVX_SCHED_H
#define HVX_SCHED_H

#include <abi/sysctl.h>
#include <abi/vcpu.h>
#include <hvx/cpumask.h>
#include <hvx/list.h>
#include <hvx/types.h>

struct domain;
struct vcpu;

/*
 * A timer of one CPU; the callback runs in that CPU's timer softirq, without
 * locks.  The links are the queue's: a heap that needs no memory of its own,
 * so arming never fails.
 */
struct timer {
	uint64_t expires;		/* ns of time_now() */
	void (*fn)(void *arg);
	void *arg;
	unsigned int cpu;		/* whose queue */
	bool queued;
	struct timer *child, *next;	/* first child; next sibling */
	struct timer **from;		/* what points here */
};

void timer_init(struct timer *t, unsigned int cpu, void (*fn)(void *),
		void *arg);
/* Arms or re-arms; any CPU may call. */
void timer_set(struct timer *t, uint64_t expires);
void timer_stop(struct timer *t);
/* Stops it and waits until its callback runs nowhere; not from the callback. */
void timer_kill(struct timer *t);
/* Moves it to another CPU's queue, armed as it was. */
void timer_migrate(struct timer *t, unsigned int cpu);
void timer_softirq(void);
void timer_init_cpu(unsigned int cpu);
/* Every queue's order and links; number of faults. */
unsigned long timer_audit(void);

/* The scheduler's share of a vCPU.  Guarded by its run queue's lock. */
struct sched_vcpu {
	struct list queue;		/* on a run queue, or parked */
	int8_t pri;			/* CREDIT_* of sched/private.h */
	bool running;			/* on a CPU now; off: its state is saved */
	bool yielded;
	bool migrating;			/* leaves its CPU for another */
	bool active;			/* guarded by the accounting lock */
	bool publish_due;		/* runstate: guest's tables were off */
	int64_t credit;			/* ns it may run before others */
	int64_t grant;			/* atomic: accounted, not yet in credit */
	int64_t cap_left;		/* ns it may run under its cap */
	int64_t cap_grant;		/* atomic: not yet in cap_left */
	uint64_t charged_at;		/* time up to which it has paid */
	uint64_t run_start;
	uint64_t slice_used, unbilled;	/* ns */
	cpumask_t hard_affinity, soft_affinity;
	cpumask_t saved_affinity;	/* hard one under pin_override; or 0 */
	struct list on_active;		/* in its domain's, while active */
	struct timer singleshot, periodic, poll;
	uint64_t periodic_ns;
};

#define NR_WATCHDOGS 2

/* The scheduler's share of a domain. */
struct sched_domain {
	uint16_t weight, cap;		/* cap: per cent of a CPU; 0: none */
	bool settled;			/* accounting: has its share */
	unsigned int nr_active;
	struct list on_active;		/* in the list of domains that run */
	struct list active;		/* its vCPUs that consume */
	struct timer watchdog[NR_WATCHDOGS];
	uint32_t watchdogs_used;	/* bits; guarded by domain.lock */
};

void sched_init(void);
void sched_init_cpu(unsigned int cpu);	/* run on that CPU, idle vCPU set */
int sched_init_domain(struct domain *d);
void sched_destroy_domain(struct domain *d);
int sched_init_vcpu(struct vcpu *v, unsigned int cpu);
void sched_destroy_vcpu(struct vcpu *v);

/* Softirq: choose who runs next here and switch.  From exit or idle only. */
void sched_softirq(void);
/* v may run: its block, pause and down reasons were just lessened. */
void vcpu_wake(struct vcpu *v);
/* v may not run any more: kicks it off its CPU; _sync waits until it left. */
void vcpu_sleep(struct vcpu *v);
void vcpu_sleep_sync(struct vcpu *v);
/* Nested; domain_pause waits until none of d's vCPUs runs. */
void vcpu_pause(struct vcpu *v);
void vcpu_pause_nosync(struct vcpu *v);
void vcpu_unpause(struct vcpu *v);
void domain_pause(struct domain *d);
void domain_pause_nosync(struct domain *d);
void domain_unpause(struct domain *d);
/* An event arrived for v: end its block or poll, kick it if it runs. */
void vcpu_kick(struct vcpu *v);
/* One NMI, if none is pending; lost if it has no handler. */
void vcpu_send_nmi(struct vcpu *v);
void vcpu_block(struct vcpu *v);	/* the current one: until an event */
void vcpu_yield(struct vcpu *v);

/* The machine has left prev for good: it may run elsewhere from now on. */
void sched_switch_done(struct vcpu *prev);

int vcpu_set_affinity(struct vcpu *v, cpumask_t hard);
/* Copy of its runstate, brought up to date. */
void vcpu_runstate_get(struct vcpu *v, struct vcpu_runstate_info *out);
/* After a switch: tell the guest its runstate, if it registered an area. */
void vcpu_runstate_publish(struct vcpu *v);

long sched_domctl(struct domain *d, struct xen_domctl_scheduler_op *op);
long sched_sysctl(struct xen_sysctl_scheduler_op *op);
void sched_dump(void);			/* debug key 'r' */
/* Every run queue against its vCPUs; number of faults, each logged. */
unsigned long sched_audit(void);
extern const char sched_name[];

/* Boot options: ms and us. */
extern unsigned int sched_credit_tslice_ms, sched_ratelimit_us;

#endif
