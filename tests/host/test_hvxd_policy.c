/* SPDX-License-Identifier: MIT */
/* What follows a shutdown: each action for each reason, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <abi/sched.h>
#include <hvxd/life.h>

static struct guest_config config(void)
{
	struct guest_config c = {
		.on_poweroff = ACTION_DESTROY, .on_reboot = ACTION_RESTART,
		.on_crash = ACTION_PRESERVE, .on_watchdog = ACTION_RESTART,
		.on_soft_reset = ACTION_SOFT_RESET,
	};

	return c;
}

static enum life_act act(const struct guest_config *c, unsigned int reason)
{
	return life_decide(c, reason, 1000, 0, 10).act;
}

static void each_reason_has_its_own_action(void **state)
{
	struct guest_config c = config();

	(void)state;
	assert_int_equal(act(&c, SHUTDOWN_poweroff), LIFE_DESTROY);
	assert_int_equal(act(&c, SHUTDOWN_reboot), LIFE_RESTART);
	assert_int_equal(act(&c, SHUTDOWN_crash), LIFE_KEEP);
	assert_int_equal(act(&c, SHUTDOWN_watchdog), LIFE_RESTART);
	assert_int_equal(act(&c, SHUTDOWN_soft_reset), LIFE_RESTART);
	/* A suspended guest waits for whoever suspended it. */
	assert_int_equal(act(&c, SHUTDOWN_suspend), LIFE_KEEP);
	/* A guest may give any number: what isn't known is a crash. */
	assert_int_equal(act(&c, 200), LIFE_KEEP);
	c.on_crash = ACTION_RESTART_RENAME;
	assert_int_equal(act(&c, SHUTDOWN_crash), LIFE_RENAME_RESTART);
	assert_int_equal(act(&c, ~0u), LIFE_RENAME_RESTART);
}

static void what_cannot_be_done_is_said(void **state)
{
	struct guest_config c = config();
	struct life_verdict v;

	(void)state;
	c.on_crash = ACTION_COREDUMP_DESTROY;
	v = life_decide(&c, SHUTDOWN_crash, 1000, 0, 10);
	assert_int_equal(v.act, LIFE_DESTROY);
	assert_non_null(v.note);
	c.on_crash = ACTION_COREDUMP_RESTART;
	v = life_decide(&c, SHUTDOWN_crash, 1000, 0, 10);
	assert_int_equal(v.act, LIFE_RESTART);
	assert_non_null(v.note);
	assert_non_null(life_decide(&c, SHUTDOWN_soft_reset, 1000, 0, 10).note);
	assert_null(life_decide(&c, SHUTDOWN_poweroff, 1000, 0, 10).note);
}

static void restarts_are_paced(void **state)
{
	struct guest_config c = config();
	int64_t t = 1800000000000;

	(void)state;
	/* The first comes at once, the next not before its time. */
	assert_int_equal(life_decide(&c, SHUTDOWN_reboot, t, 0, 10).delay, 0);
	assert_int_equal(life_decide(&c, SHUTDOWN_reboot, t + 3000, t, 10).delay,
			 7000);
	assert_int_equal(life_decide(&c, SHUTDOWN_reboot, t + 9999, t, 10).delay,
			 1);
	assert_int_equal(
		life_decide(&c, SHUTDOWN_reboot, t + 10000, t, 10).delay, 0);
	/* A clock set back by a year delays nothing by a year. */
	assert_int_equal(life_decide(&c, SHUTDOWN_reboot, t - 31536000000, t, 10)
				 .delay, 0);
	/* Only restarts wait. */
	assert_int_equal(life_decide(&c, SHUTDOWN_poweroff, t, t, 10).delay, 0);
	assert_int_equal(life_decide(&c, SHUTDOWN_reboot, t, t, 0).delay, 0);
}

static void reasons_have_names(void **state)
{
	(void)state;
	assert_string_equal(life_reason_name(SHUTDOWN_poweroff), "poweroff");
	assert_string_equal(life_reason_name(SHUTDOWN_crash), "crash");
	assert_string_equal(life_reason_name(SHUTDOWN_soft_reset),
			    "soft-reset");
	assert_string_equal(life_reason_name(255), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_reason_has_its_own_action),
		cmocka_unit_test(what_cannot_be_done_is_said),
		cmocka_unit_test(restarts_are_paced),
		cmocka_unit_test(reasons_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
