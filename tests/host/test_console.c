/* SPDX-License-Identifier: MIT */
/*
 * hvxconsoled without store and hypervisor: guests are rings in memory. What
 * must hold: each byte is in the log once, whatever happens to the daemon;
 * readers get the last 64 KiB and what follows, and never hold up a guest or one
 * another; nor does a guest that floods; input arrives in order; a guest's end
 * lets go of its page at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <hvxconsoled/attach.h>
#include <hvxconsoled/console.h>
#include "fake_hyper.h"

static char folder[32], history[64], logs[64], sock[64];
static struct consoles all;
static struct loop_timer *stopper;

/* ---- the daemon ---- */

static void on_stop(void *arg)
{
	(void)arg;
	loop_stop(all.loop);
}

static void start_daemon(uint64_t log_limit)
{
	const char *what;

	memset(&all, 0, sizeof(all));
	all.loop = loop_new();
	all.hyper = hyper_open(&what);
	all.history_folder = history;
	all.log_folder = logs;
	all.log_limit = log_limit;
	assert_int_equal(consoles_init(&all), 0);
	stopper = loop_add_timer(all.loop, on_stop, NULL);
}

static void stop_daemon(void)
{
	consoles_free(&all);
	loop_free(all.loop);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/hvx-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(history, sizeof(history), "%s/history", folder);
	snprintf(logs, sizeof(logs), "%s/logs", folder);
	snprintf(sock, sizeof(sock), "%s/socket", folder);
	mkdir(history, 0700);
	mkdir(logs, 0700);
	fake_hyper_reset();
	start_daemon(1 << 20);
	return 0;
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	stop_daemon();
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

/* One round of the daemon's loop, without waiting */
static void round_once(void)
{
	loop_arm(stopper, 0);
	assert_int_equal(loop_run(all.loop), 0);
}

/* Lets the daemon run for a moment; hangs end by alarm(). */
static void turn(void)
{
	loop_arm(stopper, 1);
	assert_int_equal(loop_run(all.loop), 0);
}

static struct console *new_console(uint32_t domid, const char *name)
{
	uint8_t uuid[16] = { domid };
	struct console *c = console_new(&all, domid, uuid, name);

	assert_non_null(c);
	assert_int_equal(console_connect(c, 100 + domid, 2), 0);
	return c;
}

/* ---- what came out ---- */

static size_t read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, buf, size);
	close(fd);
	assert_true(n >= 0);
	return n;
}

static size_t read_log(const char *name, const char *suffix, char *buf,
		       size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/guest-%s.log%s", logs, name, suffix);
	return read_file(path, buf, size);
}

static void expect_log(const char *name, const char *text)
{
	char buf[8192];
	size_t n = read_log(name, "", buf, sizeof(buf) - 1);

	buf[n] = 0;
	assert_string_equal(buf, text);
}

/* Reads until size bytes are there, or the other side has hung up. */
static size_t drain(int fd, char *buf, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t n = recv(fd, buf + got, size - got, MSG_DONTWAIT);

		if (n == 0)
			break;
		if (n > 0)
			got += n;
		else
			turn();
	}
	return got;
}

static void expect_bytes(int fd, const char *text)
{
	char buf[512];
	size_t n = drain(fd, buf, strlen(text));

	buf[n] = 0;
	assert_string_equal(buf, text);
}

static void expect_end(int fd)
{
	char c;

	assert_int_equal(drain(fd, &c, 1), 0);
	close(fd);
}

/* A reader's two ends; ours is returned. */
static int look(struct console *c)
{
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd),
			 0);
	assert_int_equal(console_look(c, fd[1], console_start(c)), 0);
	return fd[0];
}

/* ---- tests ---- */

static void test_output(void **state)
{
	struct console *c;
	int a, b;

	(void)state;
	fake_guest_new(1);
	fake_guest_say(1, "before anybody looked\n");
	c = new_console(1, "web");
	expect_log("web", "before anybody looked\n");
	a = look(c);
	fake_guest_say(1, "one\n");
	expect_bytes(a, "before anybody looked\none\n");
	b = look(c);
	expect_bytes(b, "before anybody looked\none\n");
	fake_guest_say(1, "two\n");
	expect_bytes(a, "two\n");
	expect_bytes(b, "two\n");
	expect_log("web", "before anybody looked\none\ntwo\n");
	assert_true(guests[1].notified >= 3);
	/* One leaves, the other stays. */
	close(a);
	turn();
	fake_guest_say(1, "three\n");
	expect_bytes(b, "three\n");
	close(b);
}

/* Says n bytes, each line with its number, running the daemon. */
static void print_lines(uint32_t domid, unsigned int lines)
{
	char line[16];
	unsigned int i;

	for (i = 0; i < lines; i++) {
		snprintf(line, sizeof(line), "%014u\n", i);
		while (guests[domid].ring->out_prod -
		       guests[domid].ring->out_cons > RING_OUT - 15)
			turn();
		fake_guest_print(domid, line, 15);
	}
	while (guests[domid].ring->out_prod != guests[domid].ring->out_cons)
		turn();
}

/* A reader that sleeps costs nothing but its own oldest bytes. */
static void test_slow_reader(void **state)
{
	struct console *c;
	int asleep, awake;
	static char buf[HISTORY_SIZE + 1];
	size_t n;

	(void)state;
	fake_guest_new(1);
	c = new_console(1, "web");
	asleep = look(c);
	awake = look(c);
	print_lines(1, 60000);		/* 900 KB */
	n = read_log("web", "", buf, sizeof(buf));
	assert_int_equal(n, sizeof(buf));	/* there is more */
	/* Replay: the last 64 KiB, to the byte. */
	close(awake);
	awake = look(c);
	n = drain(awake, buf, HISTORY_SIZE);
	assert_int_equal(n, HISTORY_SIZE);
	assert_memory_equal(buf + n - 15, "00000000059999\n", 15);
	assert_memory_equal(buf + n - 15 * 4000, "00000000056000\n", 15);
	/* The sleeper wakes: old bytes, a gap, and the newest. */
	for (n = 0; n < 15 || memcmp(buf + n - 15, "00000000059999\n", 15);
	     n++) {
		if (n == sizeof(buf)) {
			memmove(buf, buf + n - 15, 15);
			n = 15;
		}
		assert_int_equal(drain(asleep, buf + n, 1), 1);
	}
	close(asleep);
	close(awake);
}

static void test_input(void **state)
{
	struct console *c;
	char sent[6000], got[6000];
	size_t i, n = 0;
	int a;

	(void)state;
	fake_guest_new(1);
	c = new_console(1, "web");
	a = look(c);
	for (i = 0; i < sizeof(sent); i++)
		sent[i] = i % 253;
	assert_int_equal(send(a, sent, sizeof(sent), 0), sizeof(sent));
	/* More than fits: the rest stays with its sender until there is room,
	 * and the daemon has time for others. */
	for (i = 0; i < 20; i++)
		turn();
	assert_int_equal(guests[1].ring->in_prod, RING_IN);
	while (n < sizeof(got)) {
		n += fake_guest_read(1, got + n, 77 < sizeof(got) - n ?
				     77 : sizeof(got) - n);
		turn();
	}
	assert_memory_equal(got, sent, sizeof(sent));
	close(a);
}

/* Whatever the clock does, a guest gets no more than its budget a slice, and
 * the other one is served all the time. */
static void test_flood(void **state)
{
	int64_t began = loop_now() / SLICE_MS, slices;
	static char junk[RING_OUT];
	uint64_t flooded = 0;
	struct console *c;
	int i;

	(void)state;
	memset(junk, 'x', sizeof(junk));
	fake_guest_new(1);
	fake_guest_new(2);
	c = new_console(1, "loud");
	new_console(2, "quiet");
	for (i = 0; i < 3000; i++) {
		/* As many times as it likes in each round of the daemon's */
		flooded += fake_guest_print(1, junk, sizeof(junk));
		if (i % 100 == 0)
			fake_guest_say(2, "tick\n");
		round_once();
		if (i % 100 == 0)
			assert_int_equal(guests[2].ring->out_cons,
					 guests[2].ring->out_prod);
	}
	slices = loop_now() / SLICE_MS - began + 1;
	assert_true(history_total(&c->history) <=
		    (uint64_t)slices * (SLICE_BYTES + RING_OUT));
	assert_true(history_total(&c->history) >= SLICE_BYTES);
	/* It isn't forgotten either. */
	while (history_total(&c->history) != flooded)
		turn();
}

/* Events without a byte count, too. */
static void test_event_flood(void **state)
{
	int64_t began = loop_now() / SLICE_MS, slices;
	unsigned int taken = 0, i;

	(void)state;
	fake_guest_new(1);
	new_console(1, "loud");
	for (i = 0; i < 20000; i++) {
		fake_guest_notify(1);
		/* Not masked: this one will be looked at. */
		taken += !guests[1].masked;
		round_once();
	}
	slices = loop_now() / SLICE_MS - began + 1;
	assert_true(taken <= slices * SLICE_EVENTS);
}

static void test_hostile(void **state)
{
	static const uint32_t jumps[] = { 2049, 0x80000000, 5, 0xffffffff, 0 };
	struct console *c;
	size_t i;

	(void)state;
	fake_guest_new(1);
	fake_guest_new(2);
	c = new_console(1, "bad");
	new_console(2, "good");
	for (i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		guests[1].ring->out_prod += jumps[i];
		guests[1].ring->out_cons -= jumps[i] / 3;
		guests[1].ring->in_cons ^= jumps[i];
		fake_guest_notify(1);
		console_input(c, "input", 5);
		turn();
		fake_guest_say(2, ".");
		turn();
	}
	expect_log("good", ".....");
	/* What it prints once it behaves is there. */
	guests[1].ring->out_prod = guests[1].ring->out_cons;
	fake_guest_notify(1);
	turn();
	fake_guest_say(1, "sane again\n");
	turn();
	{
		char buf[65536];
		size_t n = read_log("bad", "", buf, sizeof(buf));

		assert_true(n >= 11);
		assert_memory_equal(buf + n - 11, "sane again\n", 11);
	}
}

static void test_rotation(void **state)
{
	static char buf[70000];
	size_t now, old;
	struct stat st;
	char path[128];

	(void)state;
	stop_daemon();
	start_daemon(32768);
	fake_guest_new(1);
	new_console(1, "web");
	print_lines(1, 6000);		/* 90,000 bytes */
	old = read_log("web", ".1", buf, sizeof(buf));
	now = read_log("web", "", buf + old, sizeof(buf) - old);
	assert_true(old <= 32768 && now <= 32768);
	assert_true(old > 32768 - RING_OUT);
	assert_memory_equal(buf + old + now - 15, "00000000005999\n", 15);
	/* The two follow on each other. */
	assert_memory_equal(buf + old + now - 15 * 2000, "00000000004000\n",
			    15);
	/* Who moves the file away and says so gets a new one. */
	snprintf(path, sizeof(path), "%s/guest-web.log", logs);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(logfile_reopen(&all.list->log), 0);
	fake_guest_say(1, "new\n");
	turn();
	expect_log("web", "new\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void test_log_name(void **state)
{
	struct logfile l;
	char path[128];

	(void)state;
	assert_int_equal(logfile_open(&l, logs, "../a/b\n", 4096), 0);
	snprintf(path, sizeof(path), "%s/guest-.._a_b_.log", logs);
	assert_string_equal(l.path, path);
	logfile_close(&l);
	/* A link isn't followed. */
	snprintf(path, sizeof(path), "%s/guest-link.log", logs);
	assert_int_equal(symlink("/etc/hosts", path), 0);
	assert_int_equal(logfile_open(&l, logs, "link", 4096), -1);
	assert_int_equal(logfile_write(&l, "x", 1), 0);
	logfile_close(&l);
}

/* Killed again and again while a guest prints: all of it is in the log, once. */
static void test_killed(void **state)
{
	static char buf[65536];
	unsigned int i, round;
	size_t n;

	(void)state;
	fake_guest_new(1);
	stop_daemon();
	for (round = 0; round < 20; round++) {
		pid_t child = fork();
		int status;

		if (!child) {
			start_daemon(1 << 20);
			new_console(1, "web");
			for (i = 0; i < 10; i++) {
				char line[16];

				snprintf(line, sizeof(line), "%07u\n",
					 round * 10 + i);
				fake_guest_say(1, line);
				if (i < 5)
					turn();
			}
			_exit(7);	/* nothing is tidied up */
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 7 << 8);
	}
	start_daemon(1 << 20);
	new_console(1, "web");
	n = read_log("web", "", buf, sizeof(buf));
	assert_int_equal(n, 200 * 8);
	for (i = 0; i < 200; i++)
		assert_int_equal(atoi(buf + i * 8), i);
	assert_int_equal(history_total(&all.list->history), n);
}

/* Another domain of the same number has nothing of the first one's. */
static void test_other_domain(void **state)
{
	uint8_t uuid[16] = { 99 };
	struct console *c;
	int a;

	(void)state;
	fake_guest_new(1);
	fake_guest_say(1, "secret");
	new_console(1, "web");
	stop_daemon();
	start_daemon(1 << 20);
	c = console_new(&all, 1, uuid, "other");
	assert_non_null(c);
	assert_int_equal(history_total(&c->history), 0);
	assert_int_equal(console_connect(c, 1, 1), 0);
	fake_guest_say(1, "mine");
	a = look(c);
	expect_bytes(a, "mine");
	close(a);
}

static void test_guest_end(void **state)
{
	struct console *c;
	char path[128];
	int a;

	(void)state;
	fake_guest_new(1);
	c = new_console(1, "web");
	a = look(c);
	fake_guest_say(1, "last words");
	console_end(c);
	assert_false(guests[1].mapped);
	assert_false(guests[1].bound);
	assert_null(console_find(&all, 1));
	expect_bytes(a, "last words");
	expect_end(a);
	while (all.list)
		turn();
	expect_log("web", "last words");
	snprintf(path, sizeof(path), "%s/1", history);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_no_connection(void **state)
{
	struct fake_guest *g = fake_guest_new(1);
	uint8_t uuid[16] = { 1 };
	struct console *c = console_new(&all, 1, uuid, "web");

	(void)state;
	g->no_map = true;
	assert_int_equal(console_connect(c, 1, 1), -1);
	g->no_map = false;
	g->no_bind = true;
	assert_int_equal(console_connect(c, 1, 1), -1);
	assert_false(g->mapped);
	console_input(c, "x", 1);
	g->no_bind = false;
	assert_int_equal(console_connect(c, 1, 1), 0);
	assert_true(g->mapped);
}

static void test_terminal(void **state)
{
	char path[64], buf[16];
	struct console *c;
	int tty;

	(void)state;
	fake_guest_new(1);
	c = new_console(1, "web");
	print_lines(1, 10000);
	assert_non_null(console_terminal(c, path, sizeof(path)));
	/* Whoever opens it gets the same as by the socket. */
	tty = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
	assert_true(tty >= 0);
	do {
		ssize_t n = 0;

		while (n < 15) {
			ssize_t m = read(tty, buf + n, 15 - n);

			if (m > 0)
				n += m;
			else
				turn();
		}
		/* The history begins within a line. */
		if (buf[14] != '\n')
			while (read(tty, buf, 1) != 1 || buf[0] != '\n')
				turn();
	} while (memcmp(buf, "00000000009999\n", 15));
	assert_int_equal(write(tty, "typed\r", 6), 6);
	close(tty);
	while (guests[1].ring->in_prod != 6)
		turn();
	assert_int_equal(fake_guest_read(1, buf, sizeof(buf)), 6);
	assert_memory_equal(buf, "typed\r", 6);
	/* With nobody there nothing waits for them in the terminal. */
	fake_guest_say(1, "unseen");
	turn();
	assert_true(c->readers->off);
	assert_int_equal(c->openers, 0);
}

/* ---- the socket ---- */

static bool there_is(void *arg, uint32_t domid)
{
	(void)arg;
	return domid < FAKE_DOMAINS && guests[domid].ring;
}

static int connect_to(const char *request)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(a.sun_path, sock, strlen(sock));
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(send(fd, request, strlen(request), 0),
			 strlen(request));
	return fd;
}

static void test_attach(void **state)
{
	struct attach *at = attach_open(&all, sock, there_is, NULL);
	char buf[16];
	int a, b, w;

	(void)state;
	assert_non_null(at);
	fake_guest_new(1);
	fake_guest_new(2);
	new_console(1, "web");
	fake_guest_say(1, "hello\n");
	turn();
	a = connect_to("attach 1\ntyped at once");
	expect_bytes(a, "ok 0\nhello\n");
	while (guests[1].ring->in_prod != 13)
		turn();
	fake_guest_read(1, buf, 13);
	b = connect_to("attach 1 3\n");
	expect_bytes(b, "ok 3\nlo\n");
	close(b);
	b = connect_to("attach 1 99999\n");
	expect_bytes(b, "ok 6\n");
	close(b);
	/* A domain whose console comes later, and one who doesn't wait */
	w = connect_to("attach 2\n");
	close(connect_to("attach 2\n"));
	turn();
	turn();
	assert_int_equal(recv(w, buf, 1, MSG_DONTWAIT), -1);
	new_console(2, "later");
	attach_look(at);
	fake_guest_say(2, "now\n");
	expect_bytes(w, "ok 0\nnow\n");
	close(w);
	close(a);
	attach_close(at);
	assert_int_equal(access(sock, F_OK), -1);
}

static void test_attach_refused(void **state)
{
	static const char *const bad[] = {
		"\n", "attach\n", "attach x\n", "attach 1 2 3\n", "attach -1x\n",
		"hello\n",
	};
	struct attach *at = attach_open(&all, sock, there_is, NULL);
	char long_line[200];
	struct stat st;
	size_t i;
	int fd;

	(void)state;
	assert_int_equal(stat(sock, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	fd = connect_to("attach 7\n");
	expect_bytes(fd, "error no such domain\n");
	expect_end(fd);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fd = connect_to(bad[i]);
		expect_bytes(fd, "error expected: attach DOMID [POS]\n");
		expect_end(fd);
	}
	memset(long_line, 'a', sizeof(long_line));
	long_line[sizeof(long_line) - 1] = 0;
	fd = connect_to(long_line);
	while (recv(fd, long_line, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN)
		turn();
	close(fd);
	attach_close(at);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_output), TEST(test_slow_reader), TEST(test_input),
		TEST(test_flood), TEST(test_event_flood), TEST(test_hostile),
		TEST(test_rotation), TEST(test_log_name), TEST(test_killed),
		TEST(test_other_domain), TEST(test_guest_end),
		TEST(test_no_connection), TEST(test_terminal),
		TEST(test_attach), TEST(test_attach_refused),
	};

	signal(SIGPIPE, SIG_IGN);	/* as the daemon does */
	/* What hangs has failed. */
	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
