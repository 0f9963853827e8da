/* SPDX-License-Identifier: MIT */
/*
 * libhvxs as a program sees it that was compiled against Debian's header: this
 * one. The store is a script (fake_store.c). What must hold: each call's bytes
 * are the protocol's, replies find their requests in any order, no event is
 * lost or comes after an unwatch, nothing blocks for ever, and a lying store
 * ends the connection, not the program.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <xenstore.h>
#include "fake_store.h"

/* Ours alone, of hvxs.h */
void hvxs_read_many(struct xs_handle *h, const char *const *paths,
		    unsigned int n, char **values);
bool xs_perm_to_string(const struct xs_permissions *perm, char *buf,
		       size_t size);
unsigned int xs_count_strings(const char *strings, unsigned int len);

static struct fake_store fake;

static struct xs_handle *start(void (*script)(struct fake_store *f),
			       unsigned long flags)
{
	struct xs_handle *h;

	fake_start(&fake, script);
	h = xs_open(flags);
	assert_non_null(h);
	return h;
}

static void stop(struct xs_handle *h)
{
	xs_close(h);
	fake_stop(&fake);
}

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* ---- the bytes of each call ---- */

static const struct exchange {
	uint32_t type, tx;
	const char *body;
	size_t len;
	const char *reply;		/* NULL: an error of that name */
	size_t reply_len;
	const char *error;
} exchanges[] = {
#define BYTES(s) s, sizeof(s) - 1
	{ XS_READ, 0, BYTES("/a\0"), BYTES("va\0lue"), NULL },
	{ XS_READ, 0, BYTES("/none\0"), NULL, 0, "ENOENT" },
	{ XS_READ, 9, BYTES("/empty\0"), BYTES(""), NULL },
	{ XS_WRITE, 9, BYTES("/a\0x\0y"), BYTES("OK\0"), NULL },
	{ XS_MKDIR, 0, BYTES("/d\0"), BYTES("OK\0"), NULL },
	{ XS_RM, 0, BYTES("/d\0"), NULL, 0, "EACCES" },
	{ XS_DIRECTORY, 0, BYTES("/\0"), BYTES("one\0two\0"), NULL },
	{ XS_DIRECTORY, 0, BYTES("/no\0"), BYTES(""), NULL },
	{ XS_GET_PERMS, 0, BYTES("/a\0"), BYTES("n0\0b5\0r7\0"), NULL },
	{ XS_SET_PERMS, 0, BYTES("/a\0n3\0w4\0"), BYTES("OK\0"), NULL },
	{ XS_TRANSACTION_START, 0, BYTES("\0"), BYTES("44\0"), NULL },
	{ XS_TRANSACTION_END, 44, BYTES("T\0"), NULL, 0, "EAGAIN" },
	{ XS_TRANSACTION_END, 45, BYTES("F\0"), BYTES("OK\0"), NULL },
	{ XS_INTRODUCE, 0, BYTES("5\0" "99\0" "2\0"), BYTES("OK\0"), NULL },
	{ XS_SET_TARGET, 0, BYTES("5\0" "6\0"), BYTES("OK\0"), NULL },
	{ XS_RESUME, 0, BYTES("5\0"), BYTES("OK\0"), NULL },
	{ XS_RELEASE, 0, BYTES("5\0"), BYTES("OK\0"), NULL },
	{ XS_GET_DOMAIN_PATH, 0, BYTES("5\0"),
	  BYTES("/local/domain/5\0"), NULL },
	{ XS_IS_DOMAIN_INTRODUCED, 0, BYTES("5\0"), BYTES("T\0"), NULL },
	{ XS_IS_DOMAIN_INTRODUCED, 0, BYTES("6\0"), BYTES("F\0"), NULL },
	{ XS_CONTROL, 0, BYTES("print\0hello"), BYTES("done\0"), NULL },
	{ XS_WATCH, 0, BYTES("/w\0tok\0"), NULL, 0, "EEXIST" },
	{ XS_UNWATCH, 0, BYTES("/w\0tok\0"), BYTES("OK\0"), NULL },
	{ XS_MKDIR, 0, BYTES("/q\0"), NULL, 0, "ENOSPC" },
	{ XS_MKDIR, 0, BYTES("/q\0"), NULL, 0, "E-NEW-ONE" },
};
#define EXCHANGES (sizeof(exchanges) / sizeof(exchanges[0]))

static bool as_expected[EXCHANGES];

static void exchange_all(struct fake_store *f)
{
	size_t i;

	for (i = 0; i < EXCHANGES && fake_receive(f); i++) {
		const struct exchange *e = &exchanges[i];

		as_expected[i] = f->type == e->type && f->tx == e->tx &&
				 f->len == e->len &&
				 !memcmp(f->body, e->body, e->len);
		if (e->reply)
			fake_reply_bytes(f, e->reply, e->reply_len);
		else
			fake_error(f, e->error);
	}
}

static void call_nodes(struct xs_handle *h)
{
	unsigned int len = 99;
	char *s = xs_read(h, 0, "/a", &len), **list;

	assert_int_equal(len, 6);
	assert_memory_equal(s, "va\0lue", 7);
	free(s);
	assert_null(xs_read(h, 0, "/none", &len));
	assert_int_equal(errno, ENOENT);
	s = xs_read(h, 9, "/empty", NULL);
	assert_string_equal(s, "");
	free(s);
	assert_true(xs_write(h, 9, "/a", "x\0y", 3));
	assert_true(xs_mkdir(h, 0, "/d"));
	assert_false(xs_rm(h, 0, "/d"));
	assert_int_equal(errno, EACCES);
	list = xs_directory(h, 0, "/", &len);
	assert_int_equal(len, 2);
	assert_string_equal(list[0], "one");
	assert_string_equal(list[1], "two");
	free(list);
	list = xs_directory(h, 0, "/no", &len);
	assert_non_null(list);
	assert_int_equal(len, 0);
	free(list);
}

static void call_perms(struct xs_handle *h)
{
	struct xs_permissions set[] = {
		{ 3, XS_PERM_NONE }, { 4, XS_PERM_WRITE },
	}, *p;
	unsigned int n;

	p = xs_get_permissions(h, 0, "/a", &n);
	assert_int_equal(n, 3);
	assert_int_equal(p[0].id, 0);
	assert_int_equal(p[0].perms, XS_PERM_NONE);
	assert_int_equal(p[1].id, 5);
	assert_int_equal(p[1].perms, XS_PERM_READ | XS_PERM_WRITE);
	assert_int_equal(p[2].perms, XS_PERM_READ);
	free(p);
	assert_true(xs_set_permissions(h, 0, "/a", set, 2));
}

static void call_domains(struct xs_handle *h)
{
	char *s, hello[] = "hello";

	assert_int_equal(xs_transaction_start(h), 44);
	assert_false(xs_transaction_end(h, 44, false));
	assert_int_equal(errno, EAGAIN);
	assert_true(xs_transaction_end(h, 45, true));
	assert_true(xs_introduce_domain(h, 5, 99, 2));
	assert_true(xs_set_target(h, 5, 6));
	assert_true(xs_resume_domain(h, 5));
	assert_true(xs_release_domain(h, 5));
	s = xs_get_domain_path(h, 5);
	assert_string_equal(s, "/local/domain/5");
	free(s);
	assert_true(xs_is_domain_introduced(h, 5));
	assert_false(xs_is_domain_introduced(h, 6));
	s = xs_control_command(h, "print", hello, 5);
	assert_string_equal(s, "done");
	free(s);
}

static void test_calls(void **state)
{
	struct xs_handle *h = start(exchange_all, 0);
	size_t i;

	(void)state;
	call_nodes(h);
	call_perms(h);
	call_domains(h);
	assert_false(xs_watch(h, "/w", "tok"));
	assert_int_equal(errno, EEXIST);
	assert_true(xs_unwatch(h, "/w", "tok"));
	assert_false(xs_mkdir(h, 0, "/q"));
	assert_int_equal(errno, ENOSPC);
	assert_false(xs_mkdir(h, 0, "/q"));
	assert_int_equal(errno, EINVAL);
	assert_false(xs_restrict(h, 5));
	stop(h);
	for (i = 0; i < EXCHANGES; i++)
		if (!as_expected[i])
			fail_msg("exchange %zu sent other bytes", i);
}

/* Answers only once 16 requests are there, the last of them first; every third
 * with an error. */
static void last_first(struct fake_store *f)
{
	char paths[16][64];
	uint32_t ids[16];
	unsigned int i;

	for (i = 0; i < 16; i++) {
		fake_receive(f);
		ids[i] = f->id;
		snprintf(paths[i], sizeof(paths[i]), "%.60s", f->body);
	}
	while (i--) {
		if (i % 3 == 2)
			fake_send(f, XS_ERROR, ids[i], "ENOENT", 7);
		else
			fake_send(f, XS_READ, ids[i], paths[i],
				  strlen(paths[i]));
	}
	for (i = 16; i < 18; i++) {
		fake_receive(f);
		fake_reply_bytes(f, f->body, strlen(f->body));
	}
	fake_serve(f);
}

static void test_read_many(void **state)
{
	struct xs_handle *h = start(last_first, 0);
	char text[18][16], *values[18];
	const char *paths[18];
	unsigned int i;

	(void)state;
	for (i = 0; i < 18; i++) {
		snprintf(text[i], sizeof(text[i]), "/node/%u", i);
		paths[i] = text[i];
	}
	hvxs_read_many(h, paths, 18, values);
	for (i = 0; i < 18; i++) {
		if (i % 3 == 2 && i < 16)
			assert_null(values[i]);
		else
			assert_string_equal(values[i], text[i]);
		free(values[i]);
	}
	hvxs_read_many(h, paths, 0, values);
	stop(h);
}

/* One that doesn't fit fails alone, and a store that hangs up fails all. */
static void answer_one(struct fake_store *f)
{
	fake_receive(f);
	fake_reply(f, "value");
	fake_receive(f);
	fake_hang_up(f);
}

static void test_read_many_fails(void **state)
{
	struct xs_handle *h = start(answer_one, 0);
	char *long_path = malloc(5000), *values[3];
	const char *paths[3] = { "/a", long_path, "/b" };

	(void)state;
	memset(long_path, 'x', 4999);
	long_path[4999] = 0;
	hvxs_read_many(h, paths, 3, values);
	assert_null(values[1]);
	assert_null(values[2]);
	assert_non_null(values[0]);
	free(values[0]);
	hvxs_read_many(h, paths, 3, values);
	assert_null(values[0]);
	free(long_path);
	stop(h);
}

static void test_too_big(void **state)
{
	struct xs_handle *h = start(fake_serve, 0);
	char *data = calloc(1, 5000);

	(void)state;
	assert_false(xs_write(h, 0, "/a", data, 4094));
	assert_int_equal(errno, E2BIG);
	assert_true(xs_write(h, 0, "/a", data, 4093));
	stop(h);
	free(data);
}

/* ---- long directories ---- */

static void send_parts(struct fake_store *f)
{
	static const struct {
		const char *at;
		const char *reply;
		size_t len;
	} parts[] = {
		{ "0", BYTES("1\0aa\0") },
		{ "3", BYTES("2\0cc\0") },	/* it has changed */
		{ "0", BYTES("2\0bb\0cc\0") },
		{ "6", BYTES("2\0dd\0\0") },
	};
	size_t i;

	fake_receive(f);
	fake_error(f, "E2BIG");
	for (i = 0; i < 4 && fake_receive(f); i++) {
		if (f->type != XS_DIRECTORY_PART ||
		    strcmp(f->body + 3, parts[i].at))
			fake_error(f, "EIO");
		else
			fake_reply_bytes(f, parts[i].reply, parts[i].len);
	}
	/* Of an empty directory, and with nothing at all */
	fake_receive(f);
	fake_error(f, "E2BIG");
	fake_receive(f);
	fake_reply_bytes(f, "3\0", 3);
	fake_receive(f);
	fake_error(f, "E2BIG");
	fake_receive(f);
	fake_reply_bytes(f, "3\0", 2);
}

static void test_long_directory(void **state)
{
	struct xs_handle *h = start(send_parts, 0);
	unsigned int n;
	char **list = xs_directory(h, 0, "/d", &n);

	(void)state;
	assert_non_null(list);
	assert_int_equal(n, 3);
	assert_string_equal(list[0], "bb");
	assert_string_equal(list[2], "dd");
	free(list);
	list = xs_directory(h, 0, "/d", &n);
	assert_non_null(list);
	assert_int_equal(n, 0);
	free(list);
	assert_null(xs_directory(h, 0, "/d", &n));
	assert_int_equal(errno, EPROTO);
	stop(h);
}

/* ---- events ---- */

static void event_before_reply(struct fake_store *f)
{
	fake_receive(f);
	fake_event(f, "/w", "tok");
	fake_reply(f, "OK");
	fake_receive(f);
	fake_event(f, "/w/x", "tok");
	fake_reply(f, "value");
	fake_serve(f);
}

static void expect_event(char **e, const char *path, const char *token)
{
	assert_non_null(e);
	assert_string_equal(e[XS_WATCH_PATH], path);
	assert_string_equal(e[XS_WATCH_TOKEN], token);
	free(e);
}

/* Events that came with replies make the descriptor readable, too. */
static void test_events(void **state)
{
	struct xs_handle *h = start(event_before_reply, 0);
	int fd = xs_fileno(h);
	unsigned int n;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(xs_fileno(h), fd);
	assert_false(readable(fd));
	assert_null(xs_check_watch(h));
	assert_int_equal(errno, EAGAIN);
	assert_true(xs_watch(h, "/w", "tok"));
	assert_true(readable(fd));
	free(xs_read(h, 0, "/w", NULL));
	expect_event(xs_check_watch(h), "/w", "tok");
	assert_true(readable(fd));
	expect_event(xs_read_watch(h, &n), "/w/x", "tok");
	assert_int_equal(n, 2);
	assert_false(readable(fd));
	assert_null(xs_check_watch(h));
	assert_int_equal(errno, EAGAIN);
	stop(h);
}

static void one_event(struct fake_store *f)
{
	fake_event(f, "/w", "tok");
	fake_serve(f);
}

/* Known only since the descriptor was polled. */
static void test_event_alone(void **state)
{
	struct xs_handle *h = start(one_event, 0);
	struct pollfd p = { .fd = xs_fileno(h), .events = POLLIN };

	(void)state;
	assert_int_equal(poll(&p, 1, 10000), 1);
	expect_event(xs_check_watch(h), "/w", "tok");
	assert_null(xs_check_watch(h));
	assert_false(readable(p.fd));
	stop(h);
}

static void events_to_filter(struct fake_store *f)
{
	fake_receive(f);
	fake_reply(f, "OK");
	fake_receive(f);
	fake_event(f, "/w", "tok");
	fake_event(f, "/wx", "tok");
	fake_event(f, "/w/below", "tok");
	fake_event(f, "/w", "other");
	fake_reply(f, "OK");
	fake_receive(f);
	fake_event(f, "/w", "tok");
	fake_reply(f, "OK");
	fake_serve(f);
}

static void test_filter(void **state)
{
	struct xs_handle *h = start(events_to_filter, XS_UNWATCH_FILTER);

	(void)state;
	assert_true(xs_watch(h, "/w", "tok"));
	free(xs_read(h, 0, "/w", NULL));
	assert_true(xs_unwatch(h, "/w", "tok"));
	expect_event(xs_check_watch(h), "/wx", "tok");
	expect_event(xs_check_watch(h), "/w", "other");
	assert_null(xs_check_watch(h));
	stop(h);
}

static void test_no_filter(void **state)
{
	struct xs_handle *h = start(events_to_filter, 0);
	int n;

	(void)state;
	assert_true(xs_watch(h, "/w", "tok"));
	free(xs_read(h, 0, "/w", NULL));
	assert_true(xs_unwatch(h, "/w", "tok"));
	for (n = 0; n < 5; n++)
		free(xs_check_watch(h));
	assert_null(xs_check_watch(h));
	stop(h);
}

/* ---- a message in pieces; a store that doesn't read ---- */

static void send_in_bytes(struct fake_store *f)
{
	struct xsd_sockmsg m = { XS_READ, 0, 0, 5 };
	char all[sizeof(m) + 5];
	size_t i;

	fake_receive(f);
	m.req_id = f->id;
	memcpy(all, &m, sizeof(m));
	memcpy(all + sizeof(m), "bytes", 5);
	for (i = 0; i < sizeof(all); i++) {
		if (write(f->conn, all + i, 1) != 1)
			return;
		usleep(500);
	}
	fake_serve(f);
}

static void test_pieces(void **state)
{
	struct xs_handle *h = start(send_in_bytes, 0);
	char *s = xs_read(h, 0, "/a", NULL);

	(void)state;
	assert_string_equal(s, "bytes");
	free(s);
	stop(h);
}

#define STORM	20000

static void storm(struct fake_store *f)
{
	int i;

	/* Neither side's socket holds as much. */
	for (i = 0; i < STORM; i++)
		fake_event(f, "/local/domain/0/backend/vbd/1/51712/state",
			   "token");
	fake_serve(f);
}

static void *write_much(void *arg)
{
	static char data[4000];
	int i;

	for (i = 0; i < 200; i++)
		if (!xs_write(arg, 0, "/a", data, sizeof(data)))
			return arg;
	return NULL;
}

static void test_storm(void **state)
{
	struct xs_handle *h = start(storm, 0);
	pthread_t t[2];
	void *failed;
	int i, n = 0;

	(void)state;
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&t[i], NULL, write_much, h), 0);
	for (i = 0; i < 2; i++) {
		pthread_join(t[i], &failed);
		assert_null(failed);
	}
	for (n = 0; n < STORM; n++)
		expect_event(xs_read_watch(h, NULL),
			     "/local/domain/0/backend/vbd/1/51712/state",
			     "token");
	assert_null(xs_check_watch(h));
	stop(h);
}

/* ---- threads ---- */

#define ASKERS	4
#define QUESTIONS 2000

/* Answers two at a time, the later one first, and events between. */
static void answer_backwards(struct fake_store *f)
{
	char first[64];
	uint32_t id, len, type;

	while (fake_receive(f)) {
		bool alone = f->type != XS_READ;

		if (alone || !readable(f->conn)) {
			fake_event(f, "/e", "t");
			fake_reply_bytes(f, f->body, f->len - 1);
			continue;
		}
		type = f->type;
		id = f->id;
		len = f->len;
		memcpy(first, f->body, len);
		if (!fake_receive(f))
			return;
		fake_event(f, "/e", "t");
		fake_reply_bytes(f, f->body, f->len - 1);
		fake_event(f, "/e", "t");
		fake_send(f, type, id, first, len - 1);
	}
}

static void *ask_much(void *arg)
{
	static int next;
	int me = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED), i;
	char path[32], *s;

	for (i = 0; i < QUESTIONS; i++) {
		snprintf(path, sizeof(path), "/%d/%d", me, i);
		s = xs_read(arg, 0, path, NULL);
		if (!s || strcmp(s, path))
			return arg;
		free(s);
	}
	return NULL;
}

static void *read_events(void *arg)
{
	int n;

	for (n = 0; n < ASKERS * QUESTIONS; n++) {
		char **e = xs_read_watch(arg, NULL);

		if (!e || strcmp(e[0], "/e"))
			return arg;
		free(e);
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct xs_handle *h = start(answer_backwards, 0);
	pthread_t t[ASKERS + 1];
	void *failed;
	int i;

	(void)state;
	pthread_create(&t[0], NULL, read_events, h);
	for (i = 1; i <= ASKERS; i++)
		pthread_create(&t[i], NULL, ask_much, h);
	for (i = 0; i <= ASKERS; i++) {
		pthread_join(t[i], &failed);
		assert_null(failed);
	}
	stop(h);
}

static void *wait_for_ever(void *arg)
{
	return xs_read_watch(arg, NULL);
}

static void test_cancel(void **state)
{
	struct xs_handle *h = start(fake_serve, 0);
	pthread_t t[2];
	void *ret;
	int i;

	(void)state;
	/* One reads, one sleeps behind it. */
	for (i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, wait_for_ever, h);
	usleep(20000);
	for (i = 0; i < 2; i++) {
		pthread_cancel(t[i]);
		pthread_join(t[i], &ret);
		assert_ptr_equal(ret, PTHREAD_CANCELED);
		assert_true(xs_mkdir(h, 0, "/still/there"));
	}
	stop(h);
}

/* ---- the connection's end ---- */

static void hang_up(struct fake_store *f)
{
	fake_receive(f);
	fake_event(f, "/w", "tok");
	fake_hang_up(f);
}

static void test_end(void **state)
{
	struct xs_handle *h = start(hang_up, 0);
	int fd = xs_fileno(h);

	(void)state;
	assert_false(xs_mkdir(h, 0, "/a"));
	assert_int_equal(errno, EBADF);
	assert_true(readable(fd));
	expect_event(xs_check_watch(h), "/w", "tok");
	assert_null(xs_check_watch(h));
	assert_int_equal(errno, EBADF);
	assert_null(xs_read_watch(h, NULL));
	assert_int_equal(errno, EBADF);
	assert_false(xs_watch(h, "/a", "t"));
	assert_int_equal(errno, EBADF);
	stop(h);
}

static void lie_about_length(struct fake_store *f)
{
	struct xsd_sockmsg m = { XS_MKDIR, 0, 0, 4097 };

	fake_receive(f);
	m.req_id = f->id;
	if (write(f->conn, &m, sizeof(m)) < 0)
		return;
	fake_serve(f);
}

static void event_of_one_string(struct fake_store *f)
{
	fake_receive(f);
	fake_send(f, XS_WATCH_EVENT, 0, "/w\0tok", 6);
	fake_serve(f);
}

static void event_of_nothing(struct fake_store *f)
{
	fake_receive(f);
	fake_send(f, XS_WATCH_EVENT, 0, "", 0);
	fake_serve(f);
}

static void reply_of_other_type(struct fake_store *f)
{
	fake_receive(f);
	/* Nobody has asked for this one. */
	fake_send(f, XS_READ, f->id + 77, "OK", 3);
	fake_send(f, XS_READ, f->id, "OK", 3);
	fake_serve(f);
}

static void test_lies(void **state)
{
	static const struct {
		void (*script)(struct fake_store *f);
		int error;
	} lies[] = {
		{ lie_about_length, EPROTO },
		{ event_of_one_string, EPROTO },
		{ event_of_nothing, EPROTO },
		{ reply_of_other_type, EIO },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct xs_handle *h = start(lies[i].script, 0);

		assert_false(xs_mkdir(h, 0, "/a"));
		assert_int_equal(errno, lies[i].error);
		stop(h);
	}
}

static void test_nobody_there(void **state)
{
	char folder[] = "/tmp/hvx-test-XXXXXX", path[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/socket", folder);
	setenv("XENSTORED_PATH", path, 1);
	assert_null(xs_open(0));
	assert_int_equal(errno, ENOENT);
	/* A socket whose daemon has died says so. */
	strcpy(fake.path, path);
	fake_listen(&fake);
	close(fake.listener);
	assert_null(xs_open(0));
	assert_int_equal(errno, ECONNREFUSED);
	unlink(path);
	rmdir(folder);
}

/* ---- helpers ---- */

static void test_helpers(void **state)
{
	struct xs_permissions p[2];
	char buf[8];

	(void)state;
	assert_true(xs_path_is_subpath("/a", "/a"));
	assert_true(xs_path_is_subpath("/a", "/a/b"));
	assert_true(xs_path_is_subpath("/", "/a"));
	assert_false(xs_path_is_subpath("/a", "/ab"));
	assert_false(xs_path_is_subpath("/a/b", "/a"));
	assert_false(xs_path_is_subpath("/a", "a"));
	assert_true(xs_strings_to_perms(p, 2, "b12\0n0"));
	assert_int_equal(p[0].id, 12);
	assert_int_equal(p[0].perms, XS_PERM_READ | XS_PERM_WRITE);
	assert_false(xs_strings_to_perms(p, 1, "x1"));
	assert_false(xs_strings_to_perms(p, 1, "r"));
	assert_false(xs_strings_to_perms(p, 1, "r1x"));
	assert_false(xs_strings_to_perms(p, 1, "r-1"));
	assert_false(xs_strings_to_perms(p, 1, ""));
	assert_false(xs_strings_to_perms(p, 1, "r99999999999"));
	p[0] = (struct xs_permissions){ 4294967295u, XS_PERM_READ };
	assert_false(xs_perm_to_string(p, buf, sizeof(buf)));
	assert_int_equal(errno, ENOSPC);
	p[0].id = 7;
	assert_true(xs_perm_to_string(p, buf, sizeof(buf)));
	assert_string_equal(buf, "r7");
	p[0].perms = XS_PERM_OWNER;
	assert_false(xs_perm_to_string(p, buf, sizeof(buf)));
	assert_int_equal(xs_count_strings("a\0b\0c", 6), 3);
	assert_int_equal(xs_count_strings("a\0b\0c", 5), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_read_many),
		cmocka_unit_test(test_read_many_fails),
		cmocka_unit_test(test_too_big),
		cmocka_unit_test(test_long_directory),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_event_alone),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_no_filter),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_helpers),
	};

	alarm(120);	/* what hangs has failed */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
