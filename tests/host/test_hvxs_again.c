/* SPDX-License-Identifier: MIT */
/*
 * A handle that outlives the store (HVXS_RECONNECT). What must hold: after the
 * store has come back every watch is set and fires, requests under way are
 * carried out, but none of a transaction that has died, whose number never
 * means a new one; and who doesn't want to wait is told.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <libhvxs/hvxs.h>
#include "fake_store.h"

static struct fake_store fake;
/* What the script saw, for the test to look at afterwards */
static char seen[4096];

static struct xs_handle *start(void (*script)(struct fake_store *f))
{
	struct xs_handle *h;

	seen[0] = 0;
	fake_start(&fake, script);
	h = xs_open(HVXS_RECONNECT);
	assert_non_null(h);
	return h;
}

static void stop(struct xs_handle *h)
{
	xs_close(h);
	fake_stop(&fake);
}

static void note(struct fake_store *f)
{
	const char *second = f->body + strlen(f->body) + 1;
	size_t at = strlen(seen);

	snprintf(seen + at, sizeof(seen) - at, "%u:%u:%.64s%s%.64s ",
		 f->type, f->tx, f->body, f->len > strlen(f->body) + 1 ? "," : "",
		 f->len > strlen(f->body) + 1 ? second : "");
}

/* Serves n requests, then the end comes with one received, not answered. */
static void serve_then_die(struct fake_store *f, int n)
{
	while (n-- && fake_receive(f))
		fake_reply(f, f->type == XS_TRANSACTION_START ? "7" : "OK");
	fake_receive(f);
	fake_hang_up(f);
}

static void serve_and_note(struct fake_store *f)
{
	fake_accept(f);
	while (fake_receive(f)) {
		note(f);
		if (f->type == XS_WATCH)
			fake_event(f, f->body, f->body + strlen(f->body) + 1);
		if (f->type == XS_RM)
			fake_error(f, "ENOENT");
		else
			fake_reply(f, f->type == XS_TRANSACTION_START ? "7"
								     : "OK");
	}
}

/* ---- watches and plain requests ---- */

static void die_after_four(struct fake_store *f)
{
	serve_then_die(f, 4);
	serve_and_note(f);
}

static void test_watches(void **state)
{
	struct xs_handle *h = start(die_after_four);
	char **e, *s;

	(void)state;
	assert_true(xs_watch(h, "/a", "1"));
	assert_true(xs_watch(h, "/b", "2"));
	assert_true(xs_watch(h, "/c", "3"));
	assert_true(xs_unwatch(h, "/b", "2"));
	s = xs_read(h, 0, "/x", NULL);		/* dies on it */
	assert_string_equal(s, "OK");
	free(s);
	assert_int_equal(hvxs_reconnects(h), 1);
	e = xs_read_watch(h, NULL);
	assert_string_equal(e[XS_WATCH_PATH], "/a");
	free(e);
	e = xs_read_watch(h, NULL);
	assert_string_equal(e[XS_WATCH_TOKEN], "3");
	free(e);
	assert_null(xs_check_watch(h));
	assert_true(xs_unwatch(h, "/a", "1"));
	stop(h);
	assert_string_equal(seen, "4:0:/a,1 4:0:/c,3 2:0:/x 5:0:/a,1 ");
}

static void die_at_once(struct fake_store *f)
{
	serve_then_die(f, 0);
	serve_and_note(f);
}

/* Removed by the first try, perhaps: then the second finds nothing. */
static void test_rm(void **state)
{
	struct xs_handle *h = start(die_at_once);

	(void)state;
	assert_true(xs_rm(h, 0, "/a"));
	assert_false(xs_rm(h, 0, "/a"));
	assert_int_equal(errno, ENOENT);
	stop(h);
}

static void test_control(void **state)
{
	struct xs_handle *h = start(die_at_once);

	(void)state;
	assert_null(xs_control_command(h, "do", NULL, 0));
	assert_int_equal(errno, ECONNRESET);
	assert_true(xs_mkdir(h, 0, "/a"));
	stop(h);
	assert_string_equal(seen, "12:0:/a ");
}

/* ---- transactions ---- */

static void die_after_one(struct fake_store *f)
{
	serve_then_die(f, 1);
	serve_and_note(f);
}

static void test_transaction(void **state)
{
	struct xs_handle *h = start(die_after_one);
	xs_transaction_t t = xs_transaction_start(h), u;

	(void)state;
	assert_int_not_equal(t, XBT_NULL);
	assert_false(xs_write(h, t, "/a", "x", 1));	/* dies on it */
	assert_int_equal(errno, EAGAIN);
	/* The store gives the same number again: not to be mixed up. */
	u = xs_transaction_start(h);
	assert_int_not_equal(u, XBT_NULL);
	assert_int_not_equal(u, t);
	assert_false(xs_write(h, t, "/a", "y", 1));
	assert_int_equal(errno, EAGAIN);
	assert_true(xs_write(h, u, "/a", "z", 1));
	assert_false(xs_transaction_end(h, t, false));
	assert_int_equal(errno, EAGAIN);
	assert_true(xs_transaction_end(h, u, false));
	assert_false(xs_write(h, u, "/a", "z", 1));
	assert_int_equal(errno, ENOENT);
	stop(h);
	assert_string_equal(seen, "6:0: 11:7:/a,z 7:7:T ");
}

static void test_abandon(void **state)
{
	struct xs_handle *h = start(die_after_one);
	xs_transaction_t t = xs_transaction_start(h);

	(void)state;
	assert_true(xs_transaction_end(h, t, true));	/* dies on it */
	assert_true(xs_mkdir(h, 0, "/a"));
	stop(h);
}

/* ---- a store that is away ---- */

static int away_go[2];

/* Stays away until the test says so. */
static void stay_away(struct fake_store *f)
{
	char c;

	fake_unlisten(f);
	serve_then_die(f, 1);
	if (read(away_go[0], &c, 1) != 1)
		return;
	fake_listen(f);
	serve_and_note(f);
}

static void test_patience(void **state)
{
	struct xs_handle *h;
	char **e = NULL;
	struct pollfd p;

	(void)state;
	assert_int_equal(pipe(away_go), 0);
	h = start(stay_away);
	hvxs_patience(h, 30);
	p = (struct pollfd){ .fd = xs_fileno(h), .events = POLLIN };
	assert_true(xs_watch(h, "/w", "t"));
	assert_false(xs_mkdir(h, 0, "/a"));		/* dies on it */
	assert_int_equal(errno, ENOTCONN);
	assert_false(xs_mkdir(h, 0, "/a"));
	assert_int_equal(errno, ENOTCONN);
	assert_int_equal(hvxs_reconnects(h), 0);
	/* A loop that only polls finds the store when it is back. */
	assert_int_equal(write(away_go[1], "x", 1), 1);
	while (!e) {
		assert_int_equal(poll(&p, 1, 10000), 1);
		e = xs_check_watch(h);
	}
	assert_string_equal(e[XS_WATCH_TOKEN], "t");
	free(e);
	assert_true(xs_mkdir(h, 0, "/b"));
	stop(h);
	assert_string_equal(seen, "4:0:/w,t 12:0:/b ");
	close(away_go[0]);
	close(away_go[1]);
}

/* A loop that polls while the store is away sleeps most of the time. */
static void test_no_spin(void **state)
{
	struct xs_handle *h;
	struct pollfd p;
	int n, rounds = 0;

	(void)state;
	assert_int_equal(pipe(away_go), 0);
	h = start(stay_away);
	hvxs_patience(h, 0);
	p = (struct pollfd){ .fd = xs_fileno(h), .events = POLLIN };
	assert_true(xs_watch(h, "/w", "t"));
	assert_false(xs_mkdir(h, 0, "/a"));
	for (n = 0; n < 50; n++) {
		rounds += poll(&p, 1, 10);
		assert_null(xs_check_watch(h));
	}
	/* 10, 20, 40, ... 100 ms apart: ten or so in half a second */
	assert_in_range(rounds, 0, 49);
	assert_int_equal(write(away_go[1], "x", 1), 1);
	hvxs_patience(h, -1);
	assert_true(xs_mkdir(h, 0, "/b"));
	stop(h);
	close(away_go[0]);
	close(away_go[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_watches),
		cmocka_unit_test(test_rm),
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_transaction),
		cmocka_unit_test(test_abandon),
		cmocka_unit_test(test_patience),
		cmocka_unit_test(test_no_spin),
	};

	alarm(120);	/* what hangs has failed */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
