/*
 * The scheduler as users see it: shares, caps, pinning, latency; and that no
 * wake, pause or kick is lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim.h"

#include <abi/domctl.h>
#include <abi/sched.h>
#include <abi/sysctl.h>
#include <hvx/hypercall.h>
#include <hvx/sched.h>

#define MS  1000000UL
#define SEC 1000000000UL

/* Within 10 % of what is right. */
#define assert_about(is, right)                                                \
	assert_in_range((is), (right) - (right) / 10, (right) + (right) / 10)

static int start1(void **state)
{
	(void)state;
	sim_start(1);
	return 0;
}

static int start2(void **state)
{
	(void)state;
	sim_start(2);
	return 0;
}

static int start4(void **state)
{
	(void)state;
	sim_start(4);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	if (sched_audit())
		return -1;
	sim_stop();
	return host.pages_out || host.heap_out ? -1 : 0;
}

static void run_audited(uint64_t ns)
{
	for (uint64_t t = 0; t < ns; t += 100 * MS) {
		sim_run(100 * MS);
		assert_int_equal(sched_audit(), 0);
	}
}

/* ---- shares -------------------------------------------------------------- */

static void weights_on_one_cpu(void **state)
{
	struct domain *a = sim_domain(1, 256, 0), *b = sim_domain(2, 512, 0);

	(void)state;
	sim_vcpu(a, SEC, 0);
	sim_vcpu(b, SEC, 0);
	run_audited(10 * SEC);
	assert_about(sim_domain_used(a), 10 * SEC / 3);
	assert_about(sim_domain_used(b), 10 * SEC * 2 / 3);
}

/* One in ten, and eight of a kind. */
static void weights_far_apart(void **state)
{
	struct domain *d[9];

	(void)state;
	for (domid_t i = 0; i < 9; i++) {
		d[i] = sim_domain(i + 1, i ? 256 : 2560, 0);
		sim_vcpu(d[i], SEC, 0);
	}
	run_audited(18 * SEC);
	assert_about(sim_domain_used(d[0]), 10 * SEC);
	for (unsigned int i = 1; i < 9; i++)
		assert_about(sim_domain_used(d[i]), SEC);
}

static void three_share_two_cpus(void **state)
{
	struct domain *d[3];

	(void)state;
	for (domid_t i = 0; i < 3; i++) {
		d[i] = sim_domain(i + 1, 256, 0);
		sim_vcpu(d[i], SEC, 0);
	}
	run_audited(9 * SEC);
	for (unsigned int i = 0; i < 3; i++)
		assert_about(sim_domain_used(d[i]), 6 * SEC);
}

/* Parts of 1, 2 and 4, each twice: exact to one in a hundred. */
static void six_share_two_cpus(void **state)
{
	static const uint16_t weight[] = { 256, 512, 1024 };
	struct domain *d[6];

	(void)state;
	for (domid_t i = 0; i < 6; i++) {
		d[i] = sim_domain(i + 1, weight[i % 3], 0);
		sim_vcpu(d[i], SEC, 0);
	}
	run_audited(21 * SEC);
	for (unsigned int i = 0; i < 6; i++) {
		uint64_t due = weight[i % 3] / 256 * 3 * SEC;

		assert_in_range(sim_domain_used(d[i]), due - due / 100,
				due + due / 100);
	}
}

/* Weights hold also where pinning leaves another CPU idle. */
static void weights_while_pinned(void **state)
{
	struct domain *a = sim_domain(1, 256, 0), *b = sim_domain(2, 768, 0);
	struct sim_guest *ga = sim_vcpu(a, SEC, 0), *gb = sim_vcpu(b, SEC, 0);

	(void)state;
	assert_int_equal(vcpu_set_affinity(ga->v, 1), 0);
	assert_int_equal(vcpu_set_affinity(gb->v, 1), 0);
	run_audited(10 * SEC);
	assert_about(sim_used(ga->v), 10 * SEC / 4);
	assert_about(sim_used(gb->v), 10 * SEC * 3 / 4);
}

static int start3(void **state)
{
	(void)state;
	sim_start(3);
	return 0;
}

#define assert_within_one(is, right)                                           \
	assert_in_range((is), (right) - (right) / 100, (right) + (right) / 100)

static void bind(struct domain *d, cpumask_t where)
{
	struct vcpu *v;

	for_each_vcpu(d, v)
		assert_int_equal(vcpu_set_affinity(v, where), 0);
}

/* As machine/test_shares.py: each with two vCPUs, beside a CPU that others have
 * for themselves. */
static void weights_on_two_of_three(void **state)
{
	struct domain *d[3];

	(void)state;
	for (domid_t i = 0; i < 3; i++) {
		d[i] = sim_domain(i + 1, (uint16_t)(128 << i), 0);
		sim_vcpu(d[i], SEC, 0);
		sim_vcpu(d[i], SEC, 0);
		bind(d[i], BIT(1) | BIT(2));
	}
	run_audited(21 * SEC);
	for (unsigned int i = 0; i < 3; i++)
		assert_within_one(sim_domain_used(d[i]), (6 * SEC) << i);
}

static void caps_on_two_of_three(void **state)
{
	struct domain *a = sim_domain(1, 1024, 25), *b = sim_domain(2, 1024, 110);
	struct domain *c = sim_domain(3, 64, 0);

	(void)state;
	sim_vcpu(a, SEC, 0);
	sim_vcpu(b, SEC, 0);
	sim_vcpu(b, SEC, 0);
	sim_vcpu(c, SEC, 0);
	sim_vcpu(c, SEC, 0);
	bind(a, BIT(1) | BIT(2));
	bind(b, BIT(1) | BIT(2));
	bind(c, BIT(1) | BIT(2));
	run_audited(20 * SEC);
	assert_within_one(sim_domain_used(a), 5 * SEC);
	assert_within_one(sim_domain_used(b), 22 * SEC);
	assert_within_one(sim_domain_used(c), 13 * SEC);
}

/* A hog that takes all it can get takes nothing of what a cap lets another have,
 * however small either is. */
static void caps_beside_a_hog(void **state)
{
	static const uint16_t cap[] = { 5, 10, 25, 60, 90 };

	(void)state;
	for (unsigned int i = 0; i < 5; i++) {
		struct domain *d = sim_domain(1, 2048, cap[i]);
		struct domain *hog = sim_domain(2, 64, 0);

		sim_vcpu(d, SEC, 0);
		sim_vcpu(hog, SEC, 0);
		run_audited(20 * SEC);
		assert_within_one(sim_domain_used(d), cap[i] * SEC / 5);
		assert_int_equal(sim_domain_used(d) + sim_domain_used(hog),
				 20 * SEC);
		sim_stop();
		sim_start(1);
	}
}

/* Sleeping just before each tick wins nothing. */
static void tick_dodger_gets_no_more(void **state)
{
	struct domain *honest = sim_domain(1, 256, 0);
	struct domain *dodger = sim_domain(2, 256, 0);

	(void)state;
	sim_vcpu(honest, SEC, 0);
	sim_vcpu(dodger, 9 * MS, MS);
	run_audited(10 * SEC);
	assert_true(sim_domain_used(dodger) < 55 * SEC / 10);
	assert_true(sim_domain_used(honest) > 45 * SEC / 10);
}

static void yielders_share(void **state)
{
	struct domain *a = sim_domain(1, 256, 0), *b = sim_domain(2, 256, 0);
	struct sim_guest *ga = sim_vcpu(a, MS, 0), *gb = sim_vcpu(b, MS, 0);

	(void)state;
	ga->yields = gb->yields = true;
	run_audited(4 * SEC);
	assert_about(sim_used(ga->v), 2 * SEC);
	assert_about(sim_used(gb->v), 2 * SEC);
}

/* Nobody loses to a vCPU that sleeps most of the time; it isn't starved. */
static void sleeper_among_hogs(void **state)
{
	struct domain *a = sim_domain(1, 256, 0), *b = sim_domain(2, 512, 0);
	struct domain *s = sim_domain(3, 256, 0);
	struct sim_guest *gs;
	struct vcpu_runstate_info r;

	(void)state;
	sim_vcpu(a, SEC, 0);
	sim_vcpu(b, SEC, 0);
	gs = sim_vcpu(s, MS, 19 * MS);
	run_audited(10 * SEC);
	assert_about(sim_used(gs->v), 10 * SEC / 21);
	assert_about(sim_domain_used(b), 2 * sim_domain_used(a));
	vcpu_runstate_get(gs->v, &r);
	assert_true(r.time[RUNSTATE_runnable] < r.time[RUNSTATE_running]);
}

static void work_is_conserved(void **state)
{
	struct domain *d[6];
	uint64_t sum = 0;

	(void)state;
	for (domid_t i = 0; i < 6; i++) {
		d[i] = sim_domain(i + 1, (uint16_t)(100 + 100 * i), 0);
		sim_vcpu(d[i], SEC, 0);
	}
	run_audited(2 * SEC);
	for (unsigned int i = 0; i < 6; i++)
		sum += sim_domain_used(d[i]);
	assert_int_equal(sum, 8 * SEC);
}

/* ---- caps ---------------------------------------------------------------- */

static void cap_on_an_idle_machine(void **state)
{
	struct domain *d = sim_domain(1, 256, 25);

	(void)state;
	sim_vcpu(d, SEC, 0);
	run_audited(10 * SEC);
	assert_about(sim_domain_used(d), 10 * SEC / 4);
}

static void cap_over_several_vcpus(void **state)
{
	struct domain *d = sim_domain(1, 256, 150), *e = sim_domain(2, 256, 0);

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		sim_vcpu(d, SEC, 0);
	sim_vcpu(e, SEC, 0);
	run_audited(10 * SEC);
	assert_about(sim_domain_used(d), 15 * SEC);
	/* Its share by weight, and more when the others are over their cap. */
	assert_true(sim_domain_used(e) > 8 * SEC);
}

static void cap_lifted_again(void **state)
{
	struct domain *d = sim_domain(1, 256, 10);
	struct xen_domctl_scheduler_op op = {
		.sched_id = XEN_SCHEDULER_CREDIT,
		.cmd = XEN_DOMCTL_SCHEDOP_putinfo,
		.u.credit = { .weight = 0, .cap = 0 },
	};
	uint64_t before;

	(void)state;
	sim_vcpu(d, SEC, 0);
	run_audited(2 * SEC);
	assert_about(sim_domain_used(d), 200 * MS);
	assert_int_equal(sched_domctl(d, &op), 0);
	assert_int_equal(d->sched.weight, 256);
	before = sim_domain_used(d);
	run_audited(2 * SEC);
	assert_about(sim_domain_used(d) - before, 2 * SEC);
}

/* ---- where --------------------------------------------------------------- */

static void pinned_stays(void **state)
{
	struct domain *d = sim_domain(1, 256, 0);
	struct sim_guest *g = sim_vcpu(d, MS, MS);

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		sim_vcpu(d, SEC, 0);
	assert_int_equal(vcpu_set_affinity(g->v, BIT(1)), 0);
	for (unsigned int i = 0; i < 200; i++) {
		sim_run(MS);
		assert_int_equal(g->v->cpu, 1);
	}
	assert_int_equal(vcpu_set_affinity(g->v, BIT(5)), -EINVAL);
	assert_int_equal(vcpu_set_affinity(g->v, BIT(0)), 0);
	host_advance(host.clock + MS);
	assert_int_equal(g->v->cpu, 0);
}

/* Also one that runs moves at once. */
static void running_one_is_moved(void **state)
{
	struct domain *d = sim_domain(1, 256, 0);
	struct sim_guest *g = sim_vcpu(d, SEC, 0);
	unsigned int to = !g->v->cpu;
	uint64_t used;

	(void)state;
	sim_run(5 * MS);
	assert_ptr_equal(host_pcpu_current(g->v->cpu), g->v);
	assert_int_equal(vcpu_set_affinity(g->v, cpumask_of(to)), 0);
	used = sim_used(g->v);
	sim_run(5 * MS);
	assert_ptr_equal(host_pcpu_current(to), g->v);
	assert_int_equal(sim_used(g->v) - used, 5 * MS);
}

static void wake_goes_to_an_idle_cpu(void **state)
{
	struct domain *d = sim_domain(1, 256, 0);
	struct sim_guest *hog = sim_vcpu(d, SEC, 0);
	struct sim_guest *g = sim_vcpu(d, MS, 10 * MS);
	struct vcpu_runstate_info r;

	(void)state;
	run_audited(SEC);
	assert_int_equal(sim_used(hog->v), SEC);
	vcpu_runstate_get(g->v, &r);
	assert_int_equal(r.time[RUNSTATE_runnable], 0);
}

static void pin_override_and_back(void **state)
{
	struct domain *d = sim_domain(1, 256, 0);
	struct sim_guest *g = sim_vcpu(d, SEC, 0);
	struct sched_pin_override pin = { .pcpu = 1 };
	gva_t arg = (gva_t)&pin;

	(void)state;
	assert_int_equal(hc_sched_op(g->v, SCHEDOP_pin_override, arg), -EPERM);
	d->is_hw = true;
	assert_int_equal(hc_sched_op(g->v, SCHEDOP_pin_override, arg), 0);
	assert_int_equal(hc_sched_op(g->v, SCHEDOP_pin_override, arg), -EBUSY);
	sim_run(MS);
	assert_int_equal(g->v->cpu, 1);
	pin.pcpu = -1;
	assert_int_equal(hc_sched_op(g->v, SCHEDOP_pin_override, arg), 0);
	assert_true(g->v->sched.hard_affinity == CPUMASK_ALL);
	assert_int_equal(hc_sched_op(g->v, SCHEDOP_pin_override, arg), -EINVAL);
	pin.pcpu = 7;
	assert_int_equal(hc_sched_op(g->v, SCHEDOP_pin_override, arg), -EINVAL);
}

/* ---- when ---------------------------------------------------------------- */

/* How long after its wake does g run? */
static uint64_t wake_latency(struct sim_guest *g)
{
	uint64_t woken = host.clock;

	vcpu_kick(g->v);
	while (host.clock < woken + SEC) {
		host_advance(host.clock);
		if (host_pcpu_current(g->v->cpu) == g->v)
			break;
		host_advance(host.clock + 10000);
	}
	return host.clock - woken;
}

static struct sim_guest *sleeping_vcpu(struct domain *d)
{
	struct sim_guest *g = sim_vcpu(d, 10000, 100 * SEC);

	sim_run(100 * MS);
	assert_true(g->v->pause_flags == VPF_BLOCKED);
	return g;
}

static void boost_on_wake(void **state)
{
	struct domain *a = sim_domain(1, 256, 0), *b = sim_domain(2, 256, 0);
	struct sim_guest *g;

	(void)state;
	sim_vcpu(a, SEC, 0);
	sim_vcpu(a, SEC, 0);
	g = sleeping_vcpu(b);
	sim_run(5 * MS);	/* the one that runs is past its rate limit */
	assert_true(wake_latency(g) <= MS);
}

static void rate_limit_delays_boost(void **state)
{
	struct domain *a = sim_domain(1, 256, 0), *b = sim_domain(2, 256, 0);
	struct sim_guest *hog = sim_vcpu(a, SEC, 0), *g;
	uint64_t ran;

	(void)state;
	g = sleeping_vcpu(b);
	vcpu_pause(hog->v);
	host_advance(host.clock + MS);
	vcpu_unpause(hog->v);
	host_advance(host.clock + 300000);
	assert_ptr_equal(host_pcpu_current(0), hog->v);
	ran = host.clock - hog->v->sched.run_start;
	assert_int_equal(ran, 300000);
	assert_in_range(wake_latency(g), 700000, 710000);
}

static void slices_are_whole(void **state)
{
	struct domain *a = sim_domain(1, 256, 0), *b = sim_domain(2, 256, 0);

	(void)state;
	sim_vcpu(a, SEC, 0);
	sim_vcpu(b, SEC, 0);
	run_audited(3 * SEC);
	/* 30 ms each: a hundred switches, and not many more. */
	assert_in_range(host.cpus[0].switches, 80, 130);
}

static void tslice_by_sysctl(void **state)
{
	struct xen_sysctl_scheduler_op op = {
		.sched_id = XEN_SCHEDULER_CREDIT,
		.cmd = XEN_SYSCTL_SCHEDOP_getinfo,
	};
	struct domain *a = sim_domain(1, 256, 0), *b = sim_domain(2, 256, 0);

	(void)state;
	assert_int_equal(sched_sysctl(&op), 0);
	assert_int_equal(op.u.sched_credit.tslice_ms, 30);
	assert_int_equal(op.u.sched_credit.ratelimit_us, 1000);
	op.cmd = XEN_SYSCTL_SCHEDOP_putinfo;
	op.u.sched_credit.tslice_ms = 1001;
	assert_int_equal(sched_sysctl(&op), -EINVAL);
	op.u.sched_credit.tslice_ms = 3;
	op.u.sched_credit.ratelimit_us = 4000;
	assert_int_equal(sched_sysctl(&op), -EINVAL);
	op.u.sched_credit.ratelimit_us = 1000;
	assert_int_equal(sched_sysctl(&op), 0);
	sim_vcpu(a, SEC, 0);
	sim_vcpu(b, SEC, 0);
	run_audited(3 * SEC);
	assert_in_range(host.cpus[0].switches, 800, 1300);
	sched_credit_tslice_ms = 30;
}

/* ---- nothing is lost ------------------------------------------------------ */

static void event_before_block(void **state)
{
	struct domain *d = sim_domain(1, 256, 0);
	struct sim_guest *g = sim_vcpu(d, SEC, 0);

	(void)state;
	g->v->info->evtchn_upcall_mask = 1;
	g->v->info->evtchn_upcall_pending = 1;
	assert_int_equal(hc_sched_op(g->v, SCHEDOP_block, 0), 0);
	assert_int_equal(g->v->info->evtchn_upcall_mask, 0);
	assert_true(vcpu_runnable(g->v));
	host_advance(host.clock);
	assert_ptr_equal(host_pcpu_current(0), g->v);
}

/* The event comes after the flag went up but before the CPU has left. */
static void event_between_block_and_switch(void **state)
{
	struct domain *d = sim_domain(1, 256, 0);
	struct sim_guest *g = sim_vcpu(d, SEC, 0);

	(void)state;
	hc_sched_op(g->v, SCHEDOP_block, 0);
	assert_false(vcpu_runnable(g->v));
	vcpu_kick(g->v);
	assert_true(vcpu_runnable(g->v));
	host_advance(host.clock);
	assert_ptr_equal(host_pcpu_current(0), g->v);
}

static struct vcpu *hook_vcpu;

/* Called as the CPU leaves a vCPU: the moment between its switch and the end
 * of it. */
void machine_switch(struct vcpu *prev, struct vcpu *next)
{
	struct vcpu *v = hook_vcpu;

	host_note_switch(next);
	hook_vcpu = NULL;
	if (v && v == prev)
		vcpu_kick(v);
	sched_switch_done(prev);
}

static void event_while_switching(void **state)
{
	struct domain *d = sim_domain(1, 256, 0);
	struct sim_guest *g = sim_vcpu(d, SEC, 0);

	(void)state;
	host_set_cpu(g->v->cpu);
	hook_vcpu = g->v;
	hc_sched_op(g->v, SCHEDOP_block, 0);
	host_advance(host.clock);
	assert_null(hook_vcpu);
	assert_ptr_equal(host_pcpu_current(g->v->cpu), g->v);
	assert_int_equal(sched_audit(), 0);
}

static void pauses_nest(void **state)
{
	struct domain *d = sim_domain(1, 256, 0);
	struct sim_guest *g = sim_vcpu(d, SEC, 0);
	uint64_t used;

	(void)state;
	sim_run(MS);
	host_set_cpu(1);
	vcpu_pause_nosync(g->v);
	vcpu_pause_nosync(g->v);
	domain_pause_nosync(d);
	host_advance(host.clock);
	used = sim_used(g->v);
	domain_unpause(d);
	vcpu_unpause(g->v);
	sim_run(5 * MS);
	assert_int_equal(sim_used(g->v), used);
	vcpu_kick(g->v);
	sim_run(5 * MS);
	assert_int_equal(sim_used(g->v), used);
	vcpu_unpause(g->v);
	sim_run(5 * MS);
	assert_int_equal(sim_used(g->v), used + 5 * MS);
}

static void relax_runs_the_other(void)
{
	host_run_softirqs(0);
	host_run_softirqs(1);
}

static void pause_waits_for_it_to_leave(void **state)
{
	struct domain *d = sim_domain(1, 256, 0);
	struct sim_guest *g = sim_vcpu(d, SEC, 0);

	(void)state;
	sim_run(MS);
	host_set_cpu(!g->v->cpu);
	host.on_relax = relax_runs_the_other;
	domain_pause(d);
	assert_false(g->v->sched.running);
	assert_true(host_pcpu_current(g->v->cpu)->is_idle);
	domain_unpause(d);
	host_advance(host.clock);
	assert_ptr_equal(host_pcpu_current(g->v->cpu), g->v);
}

static void kick_of_a_running_one(void **state)
{
	struct domain *d = sim_domain(1, 256, 0);
	struct sim_guest *g = sim_vcpu(d, SEC, 0);
	unsigned int cpu = g->v->cpu, before = host.cpus[cpu].kicks;

	(void)state;
	host_set_cpu(cpu);
	vcpu_kick(g->v);
	assert_int_equal(host.cpus[cpu].kicks, before);
	host_set_cpu(!cpu);
	vcpu_kick(g->v);
	assert_int_equal(host.cpus[cpu].kicks, before + 1);
}

static void runstates_add_up(void **state)
{
	struct domain *d = sim_domain(1, 256, 0);
	struct vcpu_runstate_info r;
	uint64_t born = host.clock;
	struct sim_guest *g;

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		sim_vcpu(d, 7 * MS, 3 * MS);
	g = sim_vcpu(d, 4 * MS, 6 * MS);
	run_audited(SEC);
	vcpu_pause_nosync(g->v);
	sim_run(100 * MS);
	vcpu_runstate_get(g->v, &r);
	assert_int_equal(r.time[0] + r.time[1] + r.time[2] + r.time[3],
			 host.clock - born);
	assert_true(r.time[RUNSTATE_runnable] > 0);
	assert_true(r.time[RUNSTATE_blocked] > 0);
	vcpu_unpause(g->v);
}

#define T(name, cpus)                                                          \
	cmocka_unit_test_setup_teardown(name, start##cpus, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(weights_on_one_cpu, 1),
		T(weights_far_apart, 1),
		T(three_share_two_cpus, 2),
		T(six_share_two_cpus, 2),
		T(weights_on_two_of_three, 3),
		T(caps_on_two_of_three, 3),
		T(caps_beside_a_hog, 1),
		T(weights_while_pinned, 2),
		T(tick_dodger_gets_no_more, 1),
		T(yielders_share, 1),
		T(sleeper_among_hogs, 1),
		T(work_is_conserved, 4),
		T(cap_on_an_idle_machine, 2),
		T(cap_over_several_vcpus, 4),
		T(cap_lifted_again, 1),
		T(pinned_stays, 2),
		T(running_one_is_moved, 2),
		T(wake_goes_to_an_idle_cpu, 2),
		T(pin_override_and_back, 2),
		T(boost_on_wake, 1),
		T(rate_limit_delays_boost, 1),
		T(slices_are_whole, 1),
		T(tslice_by_sysctl, 1),
		T(event_before_block, 1),
		T(event_between_block_and_switch, 1),
		T(event_while_switching, 2),
		T(pauses_nest, 2),
		T(pause_waits_for_it_to_leave, 2),
		T(kick_of_a_running_one, 2),
		T(runstates_add_up, 1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
