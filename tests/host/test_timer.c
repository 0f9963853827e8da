/* Timers: in order, on the right CPU, exactly once; and the heap's shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "machine.h"

#include <hvx/sched.h>

#define NR 500

struct probe {
	struct timer t;
	uint64_t due;		/* 0: not armed */
	unsigned int fired, cpu;
	uint64_t rearm;		/* from the callback, so much later */
	struct timer *stop, *set;	/* and another one stopped, or set */
};

static struct probe probes[NR];
static uint64_t last_fired;
static unsigned int out_of_order;

static void fire(void *arg)
{
	struct probe *p = arg;

	out_of_order += p->due == 0 || host.clock < p->due ||
			p->due < last_fired;
	last_fired = p->due;
	p->due = 0;
	p->fired++;
	p->cpu = host.cpu;
	if (p->stop)
		timer_stop(p->stop);
	if (p->set)
		timer_set(p->set, host.clock + 7);
	if (p->rearm) {
		p->due = host.clock + p->rearm;
		timer_set(&p->t, p->due);
	}
}

static int start(void **state)
{
	(void)state;
	host_reset(2);
	host.clock = 1000;
	last_fired = out_of_order = 0;
	for (unsigned int i = 0; i < NR; i++) {
		probes[i] = (struct probe){ 0 };
		timer_init(&probes[i].t, 0, fire, &probes[i]);
	}
	return 0;
}

static int stop(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < NR; i++)
		timer_kill(&probes[i].t);
	/* What the hardware was set for may still be due, nothing else. */
	softirq_raise_on(0, SOFTIRQ_TIMER);
	softirq_raise_on(1, SOFTIRQ_TIMER);
	host_advance(host.clock);
	return timer_audit() || host.cpus[0].deadline ||
	       host.cpus[1].deadline ? -1 : 0;
}

static void arm(unsigned int i, uint64_t due)
{
	probes[i].due = due;
	timer_set(&probes[i].t, due);
}

static void fires_once_in_time(void **state)
{
	(void)state;
	arm(0, 5000);
	assert_int_equal(host.cpus[0].deadline, 5000);
	host_advance(4999);
	assert_int_equal(probes[0].fired, 0);
	host_advance(5000);
	assert_int_equal(probes[0].fired, 1);
	host_advance(100000);
	assert_int_equal(probes[0].fired, 1);
	assert_int_equal(out_of_order, 0);
}

static void in_the_past_fires_now(void **state)
{
	(void)state;
	arm(0, 1);
	arm(1, 0);
	probes[1].due = 1;
	host_advance(host.clock);
	assert_int_equal(probes[0].fired + probes[1].fired, 2);
}

static void many_in_order(void **state)
{
	(void)state;
	srand(1);
	for (unsigned int i = 0; i < NR; i++) {
		arm(i, 2000 + (unsigned int)rand() % 10000);
		if (i % 50 == 0)
			assert_int_equal(timer_audit(), 0);
	}
	host_advance(20000);
	for (unsigned int i = 0; i < NR; i++)
		assert_int_equal(probes[i].fired, 1);
	assert_int_equal(out_of_order, 0);
}

/* Stop, re-arm and let expire at random; the heap stays a heap and each
 * timer fires when its last arming says, or not at all. */
static void storm(void **state)
{
	(void)state;
	srand(2);
	for (unsigned int n = 0; n < 20000; n++) {
		unsigned int i = (unsigned int)rand() % NR;

		switch (rand() % 4) {
		case 0:
			timer_stop(&probes[i].t);
			probes[i].due = 0;
			break;
		case 1:
			last_fired = 0;
			host_advance(host.clock + (unsigned int)rand() % 50);
			break;
		default:
			arm(i, host.clock + 1 + (unsigned int)rand() % 20000);
		}
		if (n % 100 == 0)
			assert_int_equal(timer_audit(), 0);
	}
	last_fired = 0;
	host_advance(host.clock + 30000);
	for (unsigned int i = 0; i < NR; i++)
		assert_int_equal(probes[i].due, 0);
	assert_int_equal(out_of_order, 0);
}

/* Later or never: the hardware keeps its earlier date, an interrupt too early
 * does no harm. */
static void postponing_is_lazy(void **state)
{
	(void)state;
	arm(0, 5000);
	arm(0, 9000);
	assert_int_equal(host.cpus[0].deadline, 5000);
	host_advance(6000);
	assert_int_equal(probes[0].fired, 0);
	assert_int_equal(host.cpus[0].deadline, 9000);
	host_advance(9000);
	assert_int_equal(probes[0].fired, 1);
}

static void of_another_cpu(void **state)
{
	(void)state;
	host_set_cpu(1);
	arm(0, 5000);
	assert_int_equal(host.cpus[1].deadline, 0);
	assert_int_equal(host.cpus[0].kicks, 1);
	host_advance(5000);
	assert_int_equal(probes[0].fired, 1);
	assert_int_equal(probes[0].cpu, 0);
}

static void migrates_armed(void **state)
{
	(void)state;
	arm(0, 5000);
	arm(1, 6000);
	timer_migrate(&probes[0].t, 1);
	timer_migrate(&probes[2].t, 1);
	assert_int_equal(timer_audit(), 0);
	arm(2, 7000);
	host_advance(8000);
	assert_int_equal(probes[0].cpu, 1);
	assert_int_equal(probes[1].cpu, 0);
	assert_int_equal(probes[2].cpu, 1);
	assert_int_equal(probes[0].fired + probes[1].fired + probes[2].fired,
			 3);
}

static void callbacks_may_arm_and_stop(void **state)
{
	(void)state;
	probes[0].rearm = 1000;
	probes[1].stop = &probes[2].t;
	arm(0, 2000);
	arm(1, 3000);
	arm(2, 3000);
	/* Of two at the same time either may be first. */
	host_advance(3500);
	assert_int_equal(probes[0].fired, 2);
	assert_int_equal(probes[1].fired, 1);
	host_advance(10500);
	assert_int_equal(probes[0].fired, 9);
	probes[0].rearm = 0;
	timer_stop(&probes[0].t);
}

static void far_away(void **state)
{
	(void)state;
	arm(0, ~0UL);
	arm(1, ~0UL - 1);
	arm(2, 1UL << 63);
	host_advance(1UL << 40);
	assert_int_equal(probes[0].fired + probes[1].fired + probes[2].fired,
			 0);
	assert_int_equal(timer_audit(), 0);
}

static struct timer *killed;

static void relax_ends_callback(void)
{
	host.on_relax = NULL;
	host_set_cpu(0);
	host_run_softirqs(0);
}

/* Kill of one that is merely queued. */
static void killed_never_fires(void **state)
{
	(void)state;
	host.on_relax = relax_ends_callback;
	arm(0, 5000);
	killed = &probes[0].t;
	timer_kill(killed);
	host_advance(9000);
	assert_int_equal(probes[0].fired, 0);
	timer_stop(killed);	/* and may be stopped or killed again */
	timer_kill(killed);
}

#define T(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(fires_once_in_time),
		T(in_the_past_fires_now),
		T(many_in_order),
		T(storm),
		T(postponing_is_lazy),
		T(of_another_cpu),
		T(migrates_armed),
		T(callbacks_may_arm_and_stop),
		T(far_away),
		T(killed_never_fires),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
