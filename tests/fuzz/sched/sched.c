/*
 * The scheduler under any sequence of what guests, tools and time can do to
 * it; after each step every queue must agree with its vCPUs, and in the end
 * whoever may run does run.
 *
 * Two bytes a step: what, and to whom or how long.
 */
#include <stddef.h>
#include <stdint.h>

#include <tests/host/sim.h>

#include <abi/domctl.h>
#include <abi/sched.h>
#include <hvx/console.h>
#include <hvx/hypercall.h>
#include <hvx/sched.h>

#define CPUS	 3
#define DOMAINS	 3
#define VCPUS	 3	/* of each */
#define MS	 1000000UL

static struct domain *dom[DOMAINS];
static struct vcpu *vcpus[DOMAINS * VCPUS];
static unsigned int vcpu_pauses[DOMAINS * VCPUS], domain_pauses[DOMAINS];

static void setup(void)
{
	sim_start(CPUS);
	host.quiet = true;
	for (domid_t i = 0; i < DOMAINS; i++) {
		dom[i] = sim_domain(i + 1, 256, 0);
		dom[i]->evtchn.nr_ports = 32;
		domain_pauses[i] = 0;
		for (unsigned int j = 0; j < VCPUS; j++) {
			vcpus[i * VCPUS + j] =
				sim_vcpu(dom[i], 1000 * MS, 0)->v;
			vcpu_pauses[i * VCPUS + j] = 0;
		}
	}
}

static void check(void)
{
	host.quiet = false;
	if (sched_audit())
		panic("the audit found faults\n");
	host.quiet = true;
}

/* As its guest would: only if it runs, and on its CPU. */
static void by_guest(struct vcpu *v, unsigned int what, unsigned int arg)
{
	evtchn_port_t port = arg % 40;
	struct sched_poll poll = {
		.ports = &port,
		.nr_ports = arg & 1,
		.timeout = arg & 2 ? host.clock + arg * 10000 : 0,
	};
	struct vcpu_set_periodic_timer period = { .period_ns = arg * 100000 };

	host_run_softirqs(v->cpu);	/* as on the way to the guest */
	if (host_pcpu_current(v->cpu) != v)
		return;
	host_set_cpu(v->cpu);
	switch (what) {
	case 0:
		hc_sched_op(v, SCHEDOP_block, 0);
		break;
	case 1:
		hc_sched_op(v, SCHEDOP_yield, 0);
		break;
	case 2:
		hc_sched_op(v, SCHEDOP_poll, (gva_t)&poll);
		break;
	case 3:
		hc_set_timer_op(v, (int64_t)(host.clock + arg * 50000));
		break;
	case 4:
		hc_vcpu_op(v, VCPUOP_down, v->id, 0);
		break;
	case 5:
		hc_vcpu_op(v, VCPUOP_set_periodic_timer, v->id,
			   (gva_t)&period);
		break;
	case 6:
		hc_vcpu_op(v, VCPUOP_up, arg % VCPUS, 0);
		break;
	}
}

static void pause_vcpu(unsigned int i, bool on)
{
	if (on && vcpu_pauses[i] < 3) {
		vcpu_pauses[i]++;
		vcpu_pause_nosync(vcpus[i]);
	} else if (!on && vcpu_pauses[i]) {
		vcpu_pauses[i]--;
		vcpu_unpause(vcpus[i]);
	}
}

static void pause_domain(unsigned int i, bool on)
{
	if (on && domain_pauses[i] < 3) {
		domain_pauses[i]++;
		domain_pause_nosync(dom[i]);
	} else if (!on && domain_pauses[i]) {
		domain_pauses[i]--;
		domain_unpause(dom[i]);
	}
}

static void set_params(struct domain *d, unsigned int arg)
{
	static const uint16_t caps[] = { 0, 1, 30, 250 };
	struct xen_domctl_scheduler_op op = {
		.sched_id = XEN_SCHEDULER_CREDIT,
		.cmd = XEN_DOMCTL_SCHEDOP_putinfo,
		.u.credit = { .weight = (uint16_t)(arg * arg),
			      .cap = caps[arg % 4] },
	};

	if (sched_domctl(d, &op))
		panic("parameters refused\n");
}

static void step(unsigned int what, unsigned int arg)
{
	unsigned int i = arg % (DOMAINS * VCPUS);
	struct vcpu *v = vcpus[i];

	host_set_cpu(arg / 16 % CPUS);
	switch (what % 20) {
	case 0:
		host_advance(host.clock + arg * 10000);
		break;
	case 1:
		host_advance(host.clock + arg * MS);
		break;
	case 2:
		vcpu_kick(v);
		break;
	case 3:
	case 4:
		pause_vcpu(i, what & 1);
		break;
	case 5:
	case 6:
		pause_domain(arg % DOMAINS, what & 1);
		break;
	case 7:
		if (vcpu_set_affinity(v, arg / 16 % 8 ?: 7))
			panic("affinity refused\n");
		break;
	case 8:
		set_params(dom[arg % DOMAINS], arg / DOMAINS);
		break;
	case 9:
		host_run_softirqs(arg % CPUS);
		break;
	case 10:
		v->info->evtchn_upcall_pending = arg & 1;
		break;
	case 11:
		hc_vcpu_op(dom[arg % DOMAINS]->vcpu[0], VCPUOP_up,
			   arg / 4 % VCPUS, 0);
		break;
	case 12:
		vcpu_wake(v);
		break;
	default:
		by_guest(v, what % 20 - 13, arg);
	}
}

/* All hindrances gone: everybody gets to run within a second or two. */
static void everyone_runs(void)
{
	uint64_t used[DOMAINS * VCPUS];
	unsigned int i;

	for (i = 0; i < DOMAINS * VCPUS; i++) {
		hc_vcpu_op(vcpus[i], VCPUOP_up, vcpus[i]->id, 0);
		while (vcpu_pauses[i])
			pause_vcpu(i, false);
		while (domain_pauses[i / VCPUS])
			pause_domain(i / VCPUS, false);
		dom[i / VCPUS]->sched.cap = 0;
		dom[i / VCPUS]->sched.weight = 256;
		vcpus[i]->info->evtchn_upcall_pending = 1;
		vcpu_kick(vcpus[i]);
		used[i] = sim_used(vcpus[i]);
	}
	host_advance(host.clock + 4000 * MS);
	check();
	for (i = 0; i < DOMAINS * VCPUS; i++)
		if (sim_used(vcpus[i]) == used[i])
			panic("vCPU %u never ran again\n", i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 400)
		return 0;
	setup();
	for (size_t i = 0; i + 1 < size; i += 2) {
		step(data[i], data[i + 1]);
		check();
	}
	everyone_runs();
	sim_stop();
	if (host.pages_out || host.heap_out)
		panic("leak\n");
	return 0;
}
