/* SPDX-License-Identifier: MIT */
/*
 * hvxconsoled's view of which guests there are. The store is a thread with a
 * few nodes, the hypervisor a list. What must hold: a console as soon as its
 * nodes are complete, in whatever order they come; its end when the domain
 * dies, or another has its number; nothing is missed while the store is away;
 * a guest that writes to its nodes all the time isn't listened to all the time.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <hvxconsoled/domains.h>
#include "fake_hyper.h"
#include "fake_store.h"

/* ---- the store ---- */

#define NODES	64
#define WATCHES	64

static struct fake_store fake;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	char path[64], value[64];
} nodes[NODES];
static struct {
	char path[64], token[32];
} watches[WATCHES];
static unsigned int reads;
static bool again;			/* the script takes a next connection */

static char *node(const char *path, bool make)
{
	int i, spare = -1;

	for (i = 0; i < NODES; i++) {
		if (!strcmp(nodes[i].path, path))
			return nodes[i].value;
		if (!nodes[i].path[0])
			spare = i;
	}
	if (!make)
		return NULL;
	snprintf(nodes[spare].path, sizeof(nodes[spare].path), "%s", path);
	return nodes[spare].value;
}

static void fire(const char *path)
{
	int i;

	for (i = 0; i < WATCHES; i++)
		if (watches[i].path[0] &&
		    xs_path_is_subpath(watches[i].path, path))
			fake_event(&fake, path, watches[i].token);
}

static void set(const char *path, const char *value)
{
	pthread_mutex_lock(&lock);
	snprintf(node(path, true), sizeof(nodes[0].value), "%s", value);
	fire(path);
	pthread_mutex_unlock(&lock);
}

static void special(const char *path)
{
	pthread_mutex_lock(&lock);
	fire(path);
	pthread_mutex_unlock(&lock);
}

static void expect_node(const char *path, const char *value)
{
	char *is;

	pthread_mutex_lock(&lock);
	is = node(path, false);
	assert_non_null(is);
	if (value)
		assert_string_equal(is, value);
	pthread_mutex_unlock(&lock);
}

static void on_watch(struct fake_store *f, const char *token)
{
	int i = 0;

	while (watches[i].path[0])
		i++;
	snprintf(watches[i].path, sizeof(watches[i].path), "%.60s", f->body);
	snprintf(watches[i].token, sizeof(watches[i].token), "%.30s", token);
	fake_reply(f, "OK");
	fake_event(f, f->body, token);
}

static void answer(struct fake_store *f)
{
	const char *second = f->body + strlen(f->body) + 1;
	int i;

	switch (f->type) {
	case XS_READ:
		reads++;
		if (node(f->body, false))
			fake_reply_bytes(f, node(f->body, false),
					 strlen(node(f->body, false)));
		else
			fake_error(f, "ENOENT");
		break;
	case XS_WRITE:
		snprintf(node(f->body, true), sizeof(nodes[0].value), "%.60s",
			 second);
		fake_reply(f, "OK");
		fire(f->body);
		break;
	case XS_WATCH:
		on_watch(f, second);
		break;
	case XS_UNWATCH:
		for (i = 0; i < WATCHES; i++)
			if (!strcmp(watches[i].path, f->body))
				watches[i].path[0] = 0;
		fake_reply(f, "OK");
		break;
	default:
		fake_error(f, "ENOSYS");
	}
}

static void serve(struct fake_store *f)
{
	while (fake_receive(f)) {
		pthread_mutex_lock(&lock);
		answer(f);
		pthread_mutex_unlock(&lock);
	}
}

static void script(struct fake_store *f)
{
	serve(f);
	if (!again)
		return;
	pthread_mutex_lock(&lock);
	memset(watches, 0, sizeof(watches));
	fake_hang_up(f);
	pthread_mutex_unlock(&lock);
	fake_accept(f);
	serve(f);
}

/* ---- the daemon ---- */

static char folder[32], history[64];
static struct consoles all;
static struct domains *domains;
static struct xs_handle *xs;
static struct loop_timer *stopper;
static unsigned int changes;

static void on_stop(void *arg)
{
	(void)arg;
	loop_stop(all.loop);
}

static void turn(void)
{
	loop_arm(stopper, 1);
	assert_int_equal(loop_run(all.loop), 0);
}

static void on_change(void *arg)
{
	(void)arg;
	changes++;
}

static int set_up(void **state)
{
	const char *what;

	(void)state;
	memset(nodes, 0, sizeof(nodes));
	memset(watches, 0, sizeof(watches));
	memset(&all, 0, sizeof(all));
	again = false;
	changes = 0;
	strcpy(folder, "/tmp/hvx-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(history, sizeof(history), "%s/history", folder);
	mkdir(history, 0700);
	fake_hyper_reset();
	fake_start(&fake, script);
	xs = xs_open(HVXS_RECONNECT);
	assert_non_null(xs);
	all.loop = loop_new();
	all.hyper = hyper_open(&what);
	all.history_folder = history;
	assert_int_equal(consoles_init(&all), 0);
	stopper = loop_add_timer(all.loop, on_stop, NULL);
	return 0;
}

static void open_domains(void)
{
	domains = domains_open(&all, xs, on_change, NULL);
	assert_non_null(domains);
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	domains_close(domains);
	consoles_free(&all);
	loop_free(all.loop);
	xs_close(xs);
	fake_stop(&fake);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

/* ---- tests ---- */

static void new_domain(uint32_t domid)
{
	char path[64];

	fake_guest_new(domid);
	snprintf(path, sizeof(path), "/local/domain/%u/name", domid);
	set(path, "web");
	special("@introduceDomain");
}

static void set_console(uint32_t domid, const char *name, const char *value)
{
	char path[64];

	snprintf(path, sizeof(path), "/local/domain/%u/console/%s", domid,
		 name);
	set(path, value);
}

static void end_domain(uint32_t domid)
{
	guests[domid].dying = true;
	special("@releaseDomain");
	while (console_find(&all, domid))
		turn();
}

static void test_life(void **state)
{
	struct console *c;
	char path[64];
	int i;

	(void)state;
	open_domains();
	new_domain(3);
	set_console(3, "type", "xenconsoled");
	set_console(3, "ring-ref", "7");
	for (i = 0; i < 20; i++)
		turn();
	assert_null(console_find(&all, 3));
	assert_false(guests[3].mapped);
	set_console(3, "port", "2");
	while (!(c = console_find(&all, 3)) || !c->ring)
		turn();
	assert_string_equal(c->name, "web");
	assert_int_equal(c->mfn, 7);
	assert_int_equal(c->remote, 2);
	assert_int_equal(changes, 1);
	expect_node("/local/domain/3/console/tty",
		    console_terminal(c, path, sizeof(path)));
	/* A shutdown alone ends nothing: it may be looked at still. */
	special("@releaseDomain");
	turn();
	assert_ptr_equal(console_find(&all, 3), c);
	end_domain(3);
	assert_false(guests[3].mapped);
	assert_int_equal(changes, 2);
}

static void new_guest(uint32_t domid)
{
	new_domain(domid);
	set_console(domid, "ring-ref", "7");
	set_console(domid, "port", "2");
	while (!console_find(&all, domid))
		turn();
}

/* A new one costs no look at all others, unless ids begin again. */
static void test_came(void **state)
{
	uint32_t id;
	int i;

	(void)state;
	open_domains();
	for (id = 3; id < 7; id++)
		new_guest(id);
	for (i = 0; i < 20; i++)
		turn();
	hyper_listed = 0;
	new_guest(7);
	assert_int_equal(hyper_listed, 1);
	new_guest(2);
	end_domain(7);
	new_guest(8);
	for (id = 2; id < 9; id++)
		assert_true(id == 7 || console_find(&all, id));
}

static void test_not_ours(void **state)
{
	static const char *const ports[] = { "", "0", "x", "99999999999", "-1" };
	size_t i, n;

	(void)state;
	open_domains();
	new_domain(3);
	set_console(3, "ring-ref", "7");
	for (i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		set_console(3, "port", ports[i]);
		for (n = 0; n < 10; n++)
			turn();
		assert_null(console_find(&all, 3));
	}
	set_console(3, "type", "ioemu");
	set_console(3, "port", "2");
	for (n = 0; n < 100; n++)
		turn();
	assert_null(console_find(&all, 3));
	/* Not of a domain that the hypervisor doesn't know either. */
	special("@introduceDomain");
	set_console(9, "ring-ref", "7");
	set_console(9, "port", "2");
	for (n = 0; n < 10; n++)
		turn();
	assert_null(console_find(&all, 9));
}

/* Found at the start; a ring that can't be mapped yet is tried again. */
static void test_start(void **state)
{
	struct console *c;

	(void)state;
	new_domain(3);
	guests[3].no_map = true;
	set_console(3, "ring-ref", "7");
	set_console(3, "port", "2");
	open_domains();
	while (!(c = console_find(&all, 3)))
		turn();
	assert_null(c->ring);
	guests[3].no_map = false;
	set_console(3, "port", "4");
	while (!c->ring)
		turn();
	assert_int_equal(c->remote, 4);
	/* Another ring, as after a resume */
	set_console(3, "port", "5");
	while (c->remote != 5)
		turn();
	assert_true(guests[3].mapped);
}

static void test_same_number(void **state)
{
	struct console *c, *other;

	(void)state;
	open_domains();
	new_domain(3);
	set_console(3, "ring-ref", "7");
	set_console(3, "port", "2");
	while (!(c = console_find(&all, 3)))
		turn();
	/* Died and replaced before anybody looked */
	guests[3].uuid = 77;
	special("@releaseDomain");
	while (!(other = console_find(&all, 3)) || other == c)
		turn();
	assert_int_equal(other->uuid[0], 77);
}

static void test_store_restart(void **state)
{
	struct console *c;

	(void)state;
	open_domains();
	hvxs_patience(xs, 0);
	new_domain(3);
	set_console(3, "ring-ref", "7");
	set_console(3, "port", "2");
	while (!(c = console_find(&all, 3)))
		turn();
	/* The store goes; what happens now is told by nobody. */
	pthread_mutex_lock(&lock);
	again = true;
	shutdown(fake.conn, SHUT_RDWR);
	fake_guest_new(5);
	strcpy(node("/local/domain/5/console/ring-ref", true), "8");
	strcpy(node("/local/domain/5/console/port", true), "2");
	guests[3].dying = true;
	pthread_mutex_unlock(&lock);
	while (console_find(&all, 3) || !console_find(&all, 5))
		turn();
	/* Still watched */
	new_domain(6);
	set_console(6, "ring-ref", "7");
	set_console(6, "port", "2");
	while (!console_find(&all, 6))
		turn();
}

static void test_spam(void **state)
{
	int64_t began;
	unsigned int before, i;

	(void)state;
	open_domains();
	new_domain(3);
	set_console(3, "ring-ref", "7");
	set_console(3, "port", "2");
	while (!console_find(&all, 3))
		turn();
	began = loop_now();
	before = reads;
	for (i = 0; i < 2000; i++) {
		set_console(3, "backend-id", "0");
		turn();
	}
	/* A look is five reads at most. */
	assert_true(reads - before <= 5 * ((loop_now() - began) / 50 + 2));
	assert_true(reads > before);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_life), TEST(test_came), TEST(test_not_ours),
		TEST(test_start),
		TEST(test_same_number), TEST(test_store_restart),
		TEST(test_spam),
	};

	signal(SIGPIPE, SIG_IGN);
	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
