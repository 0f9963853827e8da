/* Guests for the scheduler's tests; see sim.h. */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#include <hvx/console.h>
#include <hvx/hypercall.h>
#include <hvx/sched.h>

struct sim sim;

static struct vcpu idle[NR_CPUS];

/* Instead of a port: the vCPU it is for is told at once. */
void virq_send_vcpu(struct vcpu *v, unsigned int virq)
{
	host.virqs++;
	host.last_virq = virq;
	host.last_virq_vcpu = v;
	vcpu_kick(v);
}

static void run_all(void)
{
	host_advance(host.clock);
}

void sim_start(unsigned int cpus)
{
	unsigned int cpu;

	host_reset(cpus);
	host.clock = 1000000;
	memset(&sim, 0, sizeof(sim));
	memset(idle, 0, sizeof(idle));
	idle_domain = (struct domain){ .id = DOMID_IDLE };
	sched_init();
	cpumask_for_each(cpu, cpu_online) {
		host_set_cpu(cpu);
		idle[cpu].is_idle = true;
		idle[cpu].d = &idle_domain;
		idle[cpu].info_mfn = INVALID_MFN;
		if (sched_init_vcpu(&idle[cpu], cpu))
			BUG();
		pcpu_of(cpu)->idle = pcpu_of(cpu)->current = &idle[cpu];
		sched_init_cpu(cpu);
	}
	host_set_cpu(0);
	run_all();
}

struct domain *sim_domain(domid_t id, uint16_t weight, uint16_t cap)
{
	struct domain *d = host_make_domain(id, 8);

	if (sched_init_domain(d))
		BUG();
	d->sched.weight = weight;
	d->sched.cap = cap;
	return d;
}

struct sim_guest *sim_vcpu(struct domain *d, uint64_t burst, uint64_t nap)
{
	struct sim_guest *g = &sim.guest[sim.nr++];
	unsigned int id = 0;

	BUG_ON(sim.nr > SIM_MAX_GUESTS);
	while (d->vcpu[id])
		id++;
	g->v = host_make_vcpu(d, id);
	g->burst = burst;
	g->nap = nap;
	if (sched_init_vcpu(g->v, sim.nr % cpumask_count(cpu_online)))
		BUG();
	g->v->initialised = true;
	if (hc_vcpu_op(g->v, VCPUOP_up, id, 0))
		BUG();
	run_all();
	return g;
}

uint64_t sim_used(struct vcpu *v)
{
	struct vcpu_runstate_info r;

	vcpu_runstate_get(v, &r);
	return r.time[RUNSTATE_running];
}

uint64_t sim_domain_used(struct domain *d)
{
	uint64_t sum = 0;
	struct vcpu *v;

	for_each_vcpu(d, v)
		sum += sim_used(v);
	return sum;
}

/* What the guest on this CPU does next. */
static void act(struct sim_guest *g)
{
	uint64_t used = sim_used(g->v);

	if (used - g->used_at_wake < g->burst)
		return;
	g->used_at_wake = used;
	if (g->yields) {
		hc_sched_op(g->v, 0 /* yield */, 0);
	} else if (g->nap) {
		hc_set_timer_op(g->v, (int64_t)(host.clock + g->nap));
		hc_sched_op(g->v, 1 /* block */, 0);
	}
}

void sim_run(uint64_t ns)
{
	uint64_t end = host.clock + ns;
	unsigned int i;

	while (host.clock < end) {
		host_advance(MIN(host.clock + SIM_STEP, end));
		for (i = 0; i < sim.nr; i++) {
			struct vcpu *v = sim.guest[i].v;

			if (host_pcpu_current(v->cpu) != v)
				continue;
			host_set_cpu(v->cpu);
			act(&sim.guest[i]);
		}
		run_all();
	}
}

void sim_stop(void)
{
	struct list *l, *next;
	struct vcpu *v;
	unsigned int cpu;

	list_for_each(l, &domain_list)
		domain_pause_nosync(list_entry(l, struct domain, list));
	host_advance(host.clock + 1000000);
	list_for_each_safe(l, next, &domain_list) {
		struct domain *d = list_entry(l, struct domain, list);

		for_each_vcpu(d, v)
			sched_destroy_vcpu(v);
		sched_destroy_domain(d);
		host_free_domain(d);
	}
	host_advance(host.clock + 4000000000);
	/* What was stopped may leave the hardware set for its date. */
	cpumask_for_each(cpu, cpu_online)
		softirq_raise_on(cpu, SOFTIRQ_TIMER);
	run_all();
	cpumask_for_each(cpu, cpu_online)
		if (host.cpus[cpu].deadline)
			panic("CPU%u idles with a timer\n", cpu);
}
