/* SPDX-License-Identifier: MIT */
/* Bounds on what the policy makes of the traces in tests/alloc/traces: they are
 * what `build/bin/allocsim` prints, with room for a tenth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "../alloc/model.h"

static struct model model;

static double lost_with(const char *name, bool fixed)
{
	char path[128], why[128] = "";
	FILE *f;

	snprintf(path, sizeof(path), "tests/alloc/traces/%s", name);
	f = fopen(path, "r");
	assert_non_null(f);
	if (model_read(&model, f, why, sizeof(why)))
		fail_msg("%s: %s", path, why);
	fclose(f);
	model.fixed = fixed;
	while (model_step(&model))
		;
	model_end(&model);
	if (model.broken)
		fail_msg("%s: %s", path, model.broken);
	return model_lost(&model);
}

/* While its use grows a guest has a third of it beside, and a quarter later. */
#define OVERSHOOT	0.07

static void bound(const char *name, int64_t settle_ms, double dip,
		  double fairness, double of_fixed)
{
	double fixed = lost_with(name, true), lost = lost_with(name, false);

	assert_true(model.settle_max <= settle_ms);
	assert_true(model.overshoot <= OVERSHOOT);
	assert_true(model.dip <= dip);
	assert_true(model.fairness >= fairness);
	assert_true(lost <= fixed * of_fixed);
	assert_int_equal(model.unsettled, 0);
}

static void memory_follows_a_load(void **state)
{
	(void)state;
	bound("moving", 12000, 0.27, 0.99, 0.035);
	bound("sampled", 17000, 0.27, 0.99, 0.053);
}

/* What doesn't fit comes back slowly, so it must not come to that. */
static void memory_is_there_before_it_is_needed(void **state)
{
	(void)state;
	bound("tight", 12000, 0.01, 0.99, 0.01);
	bound("tight-sampled", 12000, 0.01, 0.99, 0.07);
}

/* Someone always climbs, so nothing ever rests. */
static void many_that_climb_and_fall(void **state)
{
	double fixed = lost_with("ramps", true), lost = lost_with("ramps", false);

	(void)state;
	assert_true(lost <= fixed * 0.02);
	assert_true(model.fairness >= 0.99);
}

static void deaf_guests_hold_up_nobody(void **state)
{
	(void)state;
	bound("deaf", 55000, 0.25, 0.98, 0.04);
}

static void a_thousand_guests(void **state)
{
	(void)state;
	bound("thousand", 15000, 0.20, 0.99, 0.08);
}

static void weights_decide_when_all_want_more(void **state)
{
	(void)state;
	bound("weights", 6000, 0.01, 0.7, 0.9);
	assert_in_range(model.guest[1].g.current * 100 /
			model.guest[0].g.current, 195, 205);
	assert_in_range(model.guest[2].g.current * 100 /
			model.guest[0].g.current, 390, 410);
}

static void a_trembling_load_moves_nothing(void **state)
{
	(void)state;
	lost_with("noise", false);
	assert_in_range(model.changes, 2, 20);
	/* All of them at the beginning. */
	assert_true(model.settle_max <= 2000);
	assert_int_equal(model.settle_sum, model.settle_max);
}

static void bad_traces_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "guests 1\n", "end 5\n", "guests 2000\nend 5\n",
		"guests 1 floor=9 max=8\nend 1\n", "guests 1\nat x\nend 1\n",
		"guests 1\nat 1 0 uses=5..3\nend 1\n", "what\n",
		"guests 1\nevery 1 0 uses=1\nend 9\n",
		"host total=100\nguests 1 start=200\nend 1\n",
	};
	char why[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char text[64];
		FILE *f;

		snprintf(text, sizeof(text), "%s", bad[i]);
		f = fmemopen(text, strlen(text) + 1, "r");
		assert_int_equal(model_read(&model, f, why, sizeof(why)), -1);
		fclose(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_follows_a_load),
		cmocka_unit_test(memory_is_there_before_it_is_needed),
		cmocka_unit_test(many_that_climb_and_fall),
		cmocka_unit_test(deaf_guests_hold_up_nobody),
		cmocka_unit_test(a_thousand_guests),
		cmocka_unit_test(weights_decide_when_all_want_more),
		cmocka_unit_test(a_trembling_load_moves_nothing),
		cmocka_unit_test(bad_traces_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
