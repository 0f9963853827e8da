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

static void bound(const char *name, int64_t settle_ms, double overshoot,
		  double fairness, double of_fixed)
{
	double fixed = lost_with(name, true), lost = lost_with(name, false);

	assert_true(model.settle_max <= settle_ms);
	assert_true(model.overshoot <= overshoot);
	assert_true(model.fairness >= fairness);
	assert_true(lost <= fixed * of_fixed);
	assert_int_equal(model.unsettled, 0);
}

static void memory_follows_a_load(void **state)
{
	(void)state;
	bound("moving", 18000, 0.01, 0.99, 0.08);
	bound("sampled", 19000, 0.01, 0.99, 0.08);
}

static void deaf_guests_hold_up_nobody(void **state)
{
	(void)state;
	bound("deaf", 55000, 0.01, 0.98, 0.40);
}

static void a_thousand_guests(void **state)
{
	(void)state;
	bound("thousand", 15000, 0.01, 0.99, 0.10);
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
	uint64_t changes;

	(void)state;
	lost_with("noise", false);
	changes = model.changes;
	/* Two guests, each moved at its rate to its place, once. */
	assert_true(changes <= 6);
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
		cmocka_unit_test(deaf_guests_hold_up_nobody),
		cmocka_unit_test(a_thousand_guests),
		cmocka_unit_test(weights_decide_when_all_want_more),
		cmocka_unit_test(a_trembling_load_moves_nothing),
		cmocka_unit_test(bad_traces_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
