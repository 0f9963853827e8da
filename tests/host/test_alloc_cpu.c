/* SPDX-License-Identifier: MIT */
/* Guarantees as weights and caps, dom0's part, and plans for pinning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <hvxallocd/cpu.h>

static uint32_t seed = 88172645;

static uint32_t any(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % below;
}

static struct cpu_guest plain(unsigned int weight)
{
	struct cpu_guest g = { .vcpus = 1, .weight = weight, .burst = -1 };

	return g;
}

/* Percent of a processor, when all want all they can get. */
static double due(const struct cpu_share *s, unsigned int n, unsigned int i,
		  unsigned int cpus)
{
	double sum = 0;
	unsigned int k;

	for (k = 0; k < n; k++)
		sum += s[k].weight;
	return 100.0 * cpus * s[i].weight / sum;
}

static void guarantees_hold_under_load(void **state)
{
	struct cpu_rules r = { .cpus = 4, .dom0 = 10 };
	struct cpu_guest g[4] = { plain(256), plain(256), plain(512),
				  plain(256) };
	struct cpu_share s[4];

	(void)state;
	g[0].dom0 = true;
	g[1].guarantee = 80;
	assert_true(cpu_shares(&r, g, 4, s));
	assert_true(due(s, 4, 1, 4) >= 79.5);
	assert_true(due(s, 4, 0, 4) >= 39.5);
	/* The others' weights are the operator's. */
	assert_int_equal(s[2].weight, 512);
	assert_int_equal(s[3].weight, 256);
	assert_int_equal(s[1].cap, 0);
}

static void a_burst_is_a_cap(void **state)
{
	struct cpu_rules r = { .cpus = 4 };
	struct cpu_guest g = plain(256);
	struct cpu_share s;

	(void)state;
	g.vcpus = 2;
	g.guarantee = 50;
	g.burst = 0;
	cpu_shares(&r, &g, 1, &s);
	assert_int_equal(s.cap, 50);
	g.burst = 60;
	cpu_shares(&r, &g, 1, &s);
	assert_int_equal(s.cap, 110);
	g.burst = 600;
	cpu_shares(&r, &g, 1, &s);
	assert_int_equal(s.cap, 200);
	/* Without a class what the operator set stays. */
	g.guarantee = 0;
	g.cap = 30;
	cpu_shares(&r, &g, 1, &s);
	assert_int_equal(s.cap, 30);
	assert_int_equal(s.weight, 256);
}

static void dom0_is_raised_and_never_lowered(void **state)
{
	struct cpu_rules r = { .cpus = 2, .dom0 = 10 };
	struct cpu_guest g[41];
	struct cpu_share s[41];
	unsigned int i;

	(void)state;
	for (i = 0; i < 41; i++)
		g[i] = plain(256);
	g[0].dom0 = true;
	cpu_shares(&r, g, 3, s);
	assert_int_equal(s[0].weight, 256);
	cpu_shares(&r, g, 41, s);
	assert_true(due(s, 41, 0, 2) >= 19.9);
	r.dom0 = 0;
	cpu_shares(&r, g, 41, s);
	assert_int_equal(s[0].weight, 256);
}

/* One processor on which all of n guests are bound and want all they can get. */
static void play(struct cpu_guest *g, const struct cpu_share *s, unsigned int n)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		sum += s[i].weight;
	for (i = 0; i < n; i++) {
		g[i].used = (unsigned int)(100 * s[i].weight / sum);
		g[i].waited = 100 - g[i].used;
	}
}

/* By weight alone, the first one's guarantee would be a part of a machine that
 * it can't use: it gets it nevertheless, and then nothing moves any more. */
static void who_waits_gets_its_guarantee(void **state)
{
	struct cpu_rules r = { .cpus = 4 };
	struct cpu_guest g[3] = { plain(256), plain(256), plain(256) };
	struct cpu_share s[3];
	unsigned int round, i, changed = 0, was;

	(void)state;
	g[0].guarantee = 50;
	cpu_shares(&r, g, 3, s);
	play(g, s, 3);
	assert_true(g[0].used < 30);
	for (round = 0; round < 20; round++) {
		for (i = 0; i < 3; i++) {
			was = g[i].extra;
			g[i].extra = cpu_extra(&r, &g[i]);
			if (g[i].extra != was)
				changed = round;
		}
		cpu_shares(&r, g, 3, s);
		play(g, s, 3);
	}
	assert_in_range(g[0].used, 48, 57);
	assert_true(changed < 10);
	assert_int_equal(g[1].extra, 0);
	/* The others go: it doesn't wait, and keeps what it may need again. */
	was = g[0].extra;
	g[0].used = 100;
	g[0].waited = 0;
	assert_int_equal(cpu_extra(&r, &g[0]), was);
	/* It is let run where others aren't: it gives the extra back. */
	for (round = 0; round < 40; round++) {
		g[0].used = 80;
		g[0].waited = 20;
		g[0].extra = cpu_extra(&r, &g[0]);
	}
	assert_int_equal(g[0].extra, 0);
}

static void extra_has_bounds(void **state)
{
	struct cpu_rules r = { .cpus = 2, .dom0 = 10 };
	struct cpu_guest g = plain(256);
	unsigned int round;

	(void)state;
	g.guarantee = 100;
	for (round = 0; round < 100; round++) {
		g.used = any(3);
		g.waited = 2 + any(100);
		g.extra = cpu_extra(&r, &g);
		assert_true(g.extra <= 3100);
	}
	/* dom0 has a part, too; who has none gets nothing. */
	g = plain(256);
	g.used = 5;
	g.waited = 50;
	g.extra = 70;
	assert_int_equal(cpu_extra(&r, &g), 0);
	g.dom0 = true;
	assert_true(cpu_extra(&r, &g) > 70);
}

static void what_cannot_be_guaranteed_is_said(void **state)
{
	struct cpu_rules r = { .cpus = 1 };
	struct cpu_guest g[3] = { plain(256), plain(256), plain(256) };
	struct cpu_share s[3];

	(void)state;
	g[0].guarantee = 90;
	g[1].guarantee = 45;
	assert_false(cpu_shares(&r, g, 3, s));
	assert_in_range(s[0].weight, 2 * s[1].weight - 2, 2 * s[1].weight);
	/* Never without end, and never nothing. */
	assert_true(due(s, 3, 2, 1) > 3);
}

static void weights_stay_in_their_range(void **state)
{
	unsigned int round, i, n;

	(void)state;
	for (round = 0; round < 20000; round++) {
		struct cpu_rules r = { .cpus = 1 + any(64), .dom0 = any(50) };
		struct cpu_guest g[8];
		struct cpu_share s[8];

		n = any(9);
		for (i = 0; i < n; i++) {
			g[i] = plain(1 + any(65535));
			g[i].vcpus = 1 + any(8);
			g[i].guarantee = any(2) ? any(900) : 0;
			g[i].burst = (int)any(400) - 1;
			g[i].dom0 = !i;
		}
		cpu_shares(&r, g, n, s);
		for (i = 0; i < n; i++) {
			assert_in_range(s[i].weight, 1, 65535);
			assert_in_range(s[i].cap, 0, g[i].vcpus * 100);
		}
	}
}

static void pins_go_where_the_least_runs(void **state)
{
	unsigned int load[4] = { 100, 0, 50, 0 }, out[6];

	(void)state;
	cpu_pins(4, load, 3, 40, out);
	assert_int_equal(out[0], 1);
	assert_int_equal(out[1], 3);
	assert_int_equal(out[2], 1);
	assert_int_equal(load[1], 80);
	/* More than there are processors: evenly. */
	load[0] = load[1] = load[2] = load[3] = 0;
	cpu_pins(4, load, 6, 0, out);
	assert_int_equal(load[0] + load[1], 4);
	assert_int_equal(load[2] + load[3], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guarantees_hold_under_load),
		cmocka_unit_test(a_burst_is_a_cap),
		cmocka_unit_test(dom0_is_raised_and_never_lowered),
		cmocka_unit_test(who_waits_gets_its_guarantee),
		cmocka_unit_test(extra_has_bounds),
		cmocka_unit_test(what_cannot_be_guaranteed_is_said),
		cmocka_unit_test(weights_stay_in_their_range),
		cmocka_unit_test(pins_go_where_the_least_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
