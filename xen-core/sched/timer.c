/*
 * Timers: a queue for each CPU, served by that CPU's timer softirq.
 *
 * A queue is a pairing heap through the timers themselves: arming is a few
 * stores, takes no memory and can't fail.  The root expires first; a child
 * never before its parent.
 *
 * The hardware is asked for an interrupt only when something earlier than
 * what it is set for comes in.  Stopping or postponing leaves it alone: guests
 * re-arm far more often than their timers expire, and one interrupt too early
 * costs less than that many reprogrammings.
 *
 * Locks: a queue's lock guards its heap and t->cpu of the timers in it; two
 * queues: lower CPU first.  Callbacks run without it.
 */
#include <hvx/sched.h>

#include <hvx/console.h>
#include <hvx/lock.h>
#include <hvx/machine.h>

struct timer_queue {
	struct lock lock;
	struct timer *root;
	struct timer *running;		/* its callback runs now */
	uint64_t deadline;		/* the hardware is set for; 0: none */
} __aligned(64);

static struct timer_queue queues[NR_CPUS];

/* ---- the heap ------------------------------------------------------------ */

/* Two heaps without siblings become one. */
static struct timer *meld(struct timer *a, struct timer *b)
{
	struct timer *t;

	if (b->expires < a->expires) {
		t = a;
		a = b;
		b = t;
	}
	b->next = a->child;
	if (b->next)
		b->next->from = &b->next;
	b->from = &a->child;
	a->child = b;
	a->next = NULL;
	return a;
}

/* Siblings become one heap: pairs from the left, then all from the right. */
static struct timer *meld_siblings(struct timer *list)
{
	struct timer *pairs = NULL, *all = NULL, *a, *b, *rest;

	for (a = list; a; a = rest) {
		b = a->next;
		rest = b ? b->next : NULL;
		if (b)
			a = meld(a, b);
		a->next = pairs;
		pairs = a;
	}
	for (a = pairs; a; a = rest) {
		rest = a->next;
		a->next = NULL;
		all = all ? meld(all, a) : a;
	}
	return all;
}

static void heap_set_root(struct timer_queue *q, struct timer *t)
{
	q->root = t;
	if (t)
		t->from = &q->root;
}

static void heap_insert(struct timer_queue *q, struct timer *t)
{
	t->child = t->next = NULL;
	t->queued = true;
	heap_set_root(q, q->root ? meld(q->root, t) : t);
}

static void heap_remove(struct timer_queue *q, struct timer *t)
{
	struct timer *sub = t->child ? meld_siblings(t->child) : NULL;

	t->queued = false;
	t->child = NULL;
	if (q->root == t) {
		heap_set_root(q, sub);
		return;
	}
	*t->from = t->next;
	if (t->next)
		t->next->from = t->from;
	t->next = NULL;
	if (sub)
		heap_set_root(q, meld(q->root, sub));
}

/* ---- arming -------------------------------------------------------------- */

static struct timer_queue *timer_lock(struct timer *t)
{
	for (;;) {
		unsigned int cpu = READ_ONCE(t->cpu);
		struct timer_queue *q = &queues[cpu];

		spin_lock(&q->lock);
		if (likely(t->cpu == cpu))
			return q;
		spin_unlock(&q->lock);
	}
}

/* Something may expire before the hardware would say so. */
static void queue_hurry(struct timer_queue *q)
{
	unsigned int cpu = (unsigned int)(q - queues);

	if (!q->root || (q->deadline && q->root->expires >= q->deadline))
		return;
	if (cpu == cpu_id()) {
		q->deadline = MAX(q->root->expires, 1UL);
		time_set_deadline(q->deadline);
	} else {
		softirq_raise_on(cpu, SOFTIRQ_TIMER);
	}
}

void timer_init(struct timer *t, unsigned int cpu, void (*fn)(void *),
		void *arg)
{
	*t = (struct timer){ .cpu = cpu, .fn = fn, .arg = arg };
}

void timer_set(struct timer *t, uint64_t expires)
{
	struct timer_queue *q = timer_lock(t);

	if (t->queued)
		heap_remove(q, t);
	t->expires = expires;
	heap_insert(q, t);
	queue_hurry(q);
	spin_unlock(&q->lock);
}

void timer_stop(struct timer *t)
{
	struct timer_queue *q;

	if (!t->fn)
		return;
	q = timer_lock(t);
	if (t->queued)
		heap_remove(q, t);
	spin_unlock(&q->lock);
}

void timer_kill(struct timer *t)
{
	struct timer_queue *q;

	if (!t->fn)
		return;
	for (;;) {
		q = timer_lock(t);
		if (t->queued)
			heap_remove(q, t);
		if (q->running != t)
			break;
		spin_unlock(&q->lock);
		machine_relax();
	}
	t->fn = NULL;
	spin_unlock(&q->lock);
}

void timer_migrate(struct timer *t, unsigned int cpu)
{
	for (;;) {
		unsigned int old = READ_ONCE(t->cpu);
		struct timer_queue *lo = &queues[MIN(old, cpu)],
				   *hi = &queues[MAX(old, cpu)];

		if (old == cpu)
			return;
		spin_lock(&lo->lock);
		spin_lock(&hi->lock);
		if (t->cpu == old && queues[old].running != t) {
			t->cpu = cpu;
			if (t->queued) {
				heap_remove(&queues[old], t);
				heap_insert(&queues[cpu], t);
				queue_hurry(&queues[cpu]);
			}
			old = cpu;
		} else if (t->cpu == old) {
			/* Its callback runs there: the next move is as good. */
			old = cpu;
		}
		spin_unlock(&hi->lock);
		spin_unlock(&lo->lock);
		if (old == cpu)
			return;
	}
}

/* ---- expiry -------------------------------------------------------------- */

void timer_softirq(void)
{
	struct timer_queue *q = &queues[cpu_id()];
	struct timer *t;

	spin_lock(&q->lock);
	while ((t = q->root) && t->expires <= time_now()) {
		void (*fn)(void *) = t->fn;
		void *arg = t->arg;

		heap_remove(q, t);
		q->running = t;
		spin_unlock(&q->lock);
		fn(arg);
		spin_lock(&q->lock);
		q->running = NULL;
	}
	q->deadline = q->root ? MAX(q->root->expires, 1UL) : 0;
	time_set_deadline(q->deadline);
	spin_unlock(&q->lock);
}

void timer_init_cpu(unsigned int cpu)
{
	/* Timers may be queued already: set the hardware for them. */
	softirq_raise_on(cpu, SOFTIRQ_TIMER);
}

/* ---- checks -------------------------------------------------------------- */

/* Deeper than any real heap gets; what is below stays unchecked. */
#define AUDIT_DEPTH 100

static unsigned long audit_siblings(struct timer *t, struct timer **from,
				    unsigned int cpu, uint64_t not_before,
				    unsigned int depth)
{
	unsigned long bad = 0;

	if (depth == AUDIT_DEPTH)
		return 0;
	for (; t; from = &t->next, t = t->next) {
		bad += !t->queued || t->cpu != cpu || t->from != from ||
		       t->expires < not_before;
		bad += audit_siblings(t->child, &t->child, cpu, t->expires,
				      depth + 1);
	}
	return bad;
}

unsigned long timer_audit(void)
{
	unsigned long bad = 0, one;
	unsigned int cpu;

	cpumask_for_each(cpu, cpu_online) {
		spin_lock(&queues[cpu].lock);
		one = audit_siblings(queues[cpu].root, &queues[cpu].root, cpu,
				     0, 0);
		one += queues[cpu].root && queues[cpu].root->next;
		spin_unlock(&queues[cpu].lock);
		if (one)
			printk(LOG_ERR "CPU%u: %lu faults in its timers\n", cpu,
			       one);
		bad += one;
	}
	return bad;
}
