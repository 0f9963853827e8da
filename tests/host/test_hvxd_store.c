/* SPDX-License-Identifier: MIT */
/*
 * hvxd's transactions, against a store that is a script: what is written goes
 * together and in order, what is asked in between sees it, and one write that
 * failed fails all.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <abi/io/xs_wire.h>
#include <common/loop.h>
#include <hvxd/store.h>
#include "fake_store.h"

#define PUTS	9
#define TOGETHER	(2 * PUTS - 3)

static struct fake_store fake;
static struct loop *loop;
static char heard[64][64];		/* "type:body", NULs as commas */
static unsigned int nr_heard, in_it;

static void note(const struct fake_store *f)
{
	char *to = heard[nr_heard++];
	unsigned int i;

	to += snprintf(to, 8, "%u:", f->type);
	for (i = 0; i < f->len && i < 50; i++)
		*to++ = f->body[i] ? f->body[i] : ',';
	*to = 0;
}

static bool hear(struct fake_store *f)
{
	bool ok = fake_receive(f);

	if (ok)
		note(f);
	return ok;
}

static void on_watch(void *arg, const char *path)
{
	(void)arg;
	(void)path;
}

static struct store *start(void (*script)(struct fake_store *f))
{
	struct store *s;

	nr_heard = 0;
	fake_start(&fake, script);
	loop = loop_new();
	s = store_open(loop, on_watch, NULL);
	assert_non_null(s);
	return s;
}

static void stop(struct store *s)
{
	store_close(s);
	loop_free(loop);
	fake_stop(&fake);
}

/* ---- all at once ---- */

/* Nothing is answered before all has come: who waits for each waits for ever. */
static void answer_late(struct fake_store *f)
{
	uint32_t ids[TOGETHER], types[TOGETHER];
	unsigned int i;

	alarm(20);
	hear(f);
	fake_reply(f, "7");
	for (i = 0; i < TOGETHER && hear(f); i++) {
		ids[i] = f->id;
		types[i] = f->type;
		in_it += f->tx == 7;
	}
	for (i = 0; i < TOGETHER; i++)
		fake_send(f, types[i], ids[i], "OK", 3);
	alarm(0);
	fake_serve(f);
}

static int put_some(struct store_txn *t, void *arg)
{
	static const enum store_perm perms[] = {
		PERM_TOOLS, PERM_PARENT, PERM_GUEST, PERM_GUEST_SHOWN,
	};
	unsigned int i;

	(void)arg;
	for (i = 0; i < PUTS; i++) {
		char path[] = "/n/0", value[] = "v0";

		path[3] += i;
		value[1] += i;
		if (txn_put(t, 5, perms[i % 4], path, value))
			return -1;
	}
	return 0;
}

static void writes_go_together(void **state)
{
	static const char *const wanted[] = {
		"6:,", "11:/n/0,v0", "14:/n/0,n0,r5,", "11:/n/1,v1",
		"11:/n/2,v2", "14:/n/2,n5,", "11:/n/3,v3", "14:/n/3,n5,r0,",
	};
	struct store *s = start(answer_late);
	unsigned int i;

	(void)state;
	assert_int_equal(store_transact(s, put_some, NULL), 0);
	assert_int_equal(in_it, TOGETHER);
	for (i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		assert_string_equal(heard[i], wanted[i]);
	stop(s);
}

/* ---- failures ---- */

/* All is fine but what is at /n/2. */
static void refuse_one(struct fake_store *f)
{
	while (hear(f))
		if (f->type == XS_WRITE && !strcmp(f->body, "/n/2"))
			fake_error(f, "ENOSPC");
		else
			fake_reply(f, f->type == XS_TRANSACTION_START ? "7"
								     : "OK");
}

static int put_and_ask(struct store_txn *t, void *arg)
{
	unsigned int *n = arg;

	if (put_some(t, NULL))
		return -1;
	txn_exists(t, "/x");
	*n = nr_heard;
	/* Whoever doesn't look. */
	txn_put(t, 5, PERM_PARENT, "/y", "");
	return 0;
}

static void one_failure_fails_all(void **state)
{
	struct store *s = start(refuse_one);
	unsigned int n;

	(void)state;
	assert_int_equal(store_transact(s, put_some, NULL), -1);
	assert_int_equal(errno, ENOSPC);
	assert_string_equal(heard[nr_heard - 1], "7:F,");
	assert_int_equal(store_transact(s, put_and_ask, &n), -1);
	assert_int_equal(errno, ENOSPC);
	/* Nothing more was asked for, and it was given up. */
	assert_int_equal(nr_heard, n + 1);
	assert_string_equal(heard[nr_heard - 1], "7:F,");
	stop(s);
}

/* ---- reads ---- */

static int ask_between(struct store_txn *t, void *arg)
{
	unsigned int n;

	(void)arg;
	txn_put(t, 5, PERM_PARENT, "/a", "1");
	free(txn_list(t, "/", &n));
	txn_put(t, 5, PERM_PARENT, "/b", "1");
	assert_true(txn_exists(t, "/b"));
	txn_put(t, 5, PERM_PARENT, "/c", "1");
	return txn_remove(t, "/c");
}

static void note_all(struct fake_store *f)
{
	while (hear(f))
		fake_reply(f, f->type == XS_TRANSACTION_START ? "7" : "OK");
}

static void what_is_asked_sees_what_was_written(void **state)
{
	static const char *const wanted[] = {
		"6:,", "11:/a,1", "1:/,", "11:/b,1", "2:/b,", "11:/c,1",
		"13:/c,", "7:T,",
	};
	struct store *s = start(note_all);
	unsigned int i;

	(void)state;
	assert_int_equal(store_transact(s, ask_between, NULL), 0);
	for (i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		assert_string_equal(heard[i], wanted[i]);
	stop(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_go_together),
		cmocka_unit_test(one_failure_fails_all),
		cmocka_unit_test(what_is_asked_sees_what_was_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
