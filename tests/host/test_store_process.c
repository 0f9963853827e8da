/* SPDX-License-Identifier: MIT */
/*
 * hvxstored as a process, built with sanitizers, on its socket alone, with
 * Debian's client library: start, refusal, kill, stop, and live update with
 * clients that notice nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <xenstore.h>

static char dir[] = "/tmp/hvxstored-process-XXXXXX";
static char sock[64], state[64], pid_file[64], log_file[64], program[512];
static pid_t pid;

static void start_with(const char *extra)
{
	char *args[] = { program, "--no-xen", "-s", sock, "-d", state, "-p",
		pid_file, NULL, NULL };

	if (extra) {
		args[8] = strdup(extra);
		assert_non_null(args[8]);
	}
	fflush(NULL);
	pid = fork();
	if (!pid) {
		int fd = open(log_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		dup2(fd, 2);
		execv(program, args);
		_exit(127);
	}
	free(args[8]);
}

static int ended(void)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Returns once it serves. */
static void start(void)
{
	unsigned int i;

	unlink(pid_file);
	start_with(NULL);
	for (i = 0; access(pid_file, F_OK); i++) {
		assert_true(i < 6000);
		assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
		usleep(10000);
	}
}

static void stop(void)
{
	kill(pid, SIGTERM);
	assert_int_equal(ended(), 0);
	assert_int_not_equal(access(pid_file, F_OK), 0);
}

static void logged(const char *text)
{
	char buf[8192];
	int fd = open(log_file, O_RDONLY);
	ssize_t n = read(fd, buf, sizeof(buf) - 1);

	close(fd);
	buf[n > 0 ? n : 0] = 0;
	if (!strstr(buf, text))
		fail_msg("\"%s\" is not in: %s", text, buf);
}

static void value_is(struct xs_handle *h, const char *path, const char *want)
{
	unsigned int len;
	char *v = xs_read(h, XBT_NULL, path, &len);

	assert_non_null(v);
	assert_string_equal(v, want);
	free(v);
}

static struct xs_handle *connect_client(void)
{
	struct xs_handle *h = xs_open(0);

	assert_non_null(h);
	return h;
}

static void put(struct xs_handle *h, xs_transaction_t t, const char *path,
		const char *value)
{
	assert_true(xs_write(h, t, path, value, strlen(value)));
}

static void test_start_and_stop(void **unused)
{
	struct xs_handle *h;
	pid_t first;

	(void)unused;
	start();
	h = connect_client();
	put(h, XBT_NULL, "/a", "1");
	/* A second one is told so. */
	first = pid;
	start_with(NULL);
	assert_int_equal(ended(), 1);
	logged("another hvxstored runs");
	pid = first;
	value_is(h, "/a", "1");
	xs_close(h);
	stop();
	start();
	h = connect_client();
	value_is(h, "/a", "1");
	xs_close(h);
	kill(pid, SIGKILL);
	assert_int_equal(ended(), -SIGKILL);
	start();
	h = connect_client();
	value_is(h, "/a", "1");
	xs_close(h);
	stop();
}

static void test_bad_options(void **unused)
{
	(void)unused;
	start_with("--nonsense");
	assert_int_equal(ended(), 2);
	logged("--help");
	start_with("word");
	assert_int_equal(ended(), 2);
	logged("word: no arguments are expected");
	start_with("--help");
	assert_int_equal(ended(), 0);
}

static void test_damaged_state(void **unused)
{
	struct xs_handle *h;
	char file[80], junk[64];
	int fd;

	(void)unused;
	start();
	h = connect_client();
	put(h, XBT_NULL, "/b", "2");
	put(h, XBT_NULL, "/c", "3");
	xs_close(h);
	kill(pid, SIGKILL);
	ended();
	snprintf(file, sizeof(file), "%s/state", state);
	fd = open(file, O_WRONLY);
	memset(junk, 0x5a, sizeof(junk));
	assert_int_equal(pwrite(fd, junk, sizeof(junk), 100), sizeof(junk));
	close(fd);
	start_with(NULL);
	assert_int_equal(ended(), 1);
	logged("damaged at byte");
	logged("move it away");
	unlink(file);
	start();
	stop();
}

static void control(struct xs_handle *h, const char *args, size_t len,
		    const char *want)
{
	/* The library copies its two last arguments into one message. */
	char *r, *data = malloc(len);

	memcpy(data, args, len);
	r = xs_control_command(h, "live-update", data, len);
	free(data);
	assert_non_null(r);
	assert_string_equal(r, want);
	free(r);
}

static void event_is(struct xs_handle *h, const char *path, const char *token)
{
	unsigned int n;
	char **e = xs_read_watch(h, &n);

	assert_non_null(e);
	assert_string_equal(e[XS_WATCH_PATH], path);
	assert_string_equal(e[XS_WATCH_TOKEN], token);
	free(e);
}

static int raw_connect(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(a.sun_path, sock);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void read_all(int fd, void *p, size_t n)
{
	ssize_t k;

	for (; n; n -= k, p = (char *)p + k) {
		k = read(fd, p, n);
		assert_true(k > 0);
	}
}

/* Twenty times, with everything under way. */
static void test_live_update(void **unused)
{
	struct xs_handle *h, *w;
	struct xsd_sockmsg hdr = { XS_READ, 5, 0, 3 }, back;
	xs_transaction_t t;
	char msg[sizeof(hdr) + 3], path[16], data[16], only[] = "r:/lu";
	unsigned int i;
	char *fence;
	int raw;

	(void)unused;
	start();
	h = connect_client();
	w = connect_client();
	raw = raw_connect();
	memcpy(msg, &hdr, sizeof(hdr));
	memcpy(msg + sizeof(hdr), "/d", 3);
	put(h, XBT_NULL, "/d", "value");
	assert_true(xs_watch(w, "/lu", "token"));
	event_is(w, "/lu", "token");
	/* What it may not do any more it may not do after an update either. */
	fence = xs_control_command(w, "restrict", only, sizeof(only));
	assert_non_null(fence);
	free(fence);
	for (i = 0; i < 20; i++) {
		t = xs_transaction_start(h);
		assert_int_not_equal(t, XBT_NULL);
		put(h, t, "/in", "transaction");
		assert_int_equal(write(raw, msg, 7 + i % 10), 7 + i % 10);
		usleep(1000);
		control(h, "-s", 3, "OK");
		/* The same process, another program; nobody was cut off. */
		snprintf(path, sizeof(path), "/lu/%u", i);
		put(h, XBT_NULL, path, "x");
		event_is(w, path, "token");
		assert_null(xs_read(w, XBT_NULL, "/d", NULL));
		assert_int_equal(errno, EACCES);
		put(h, t, "/in", "goes on");
		assert_false(xs_transaction_end(h, t, false));
		assert_int_equal(errno, EAGAIN);
		assert_int_equal(write(raw, msg + 7 + i % 10,
				       sizeof(msg) - 7 - i % 10),
				 sizeof(msg) - 7 - i % 10);
		read_all(raw, &back, sizeof(back));
		assert_int_equal(back.req_id, 5);
		assert_int_equal(back.len, 5);
		read_all(raw, data, 5);
		assert_memory_equal(data, "value", 5);
	}
	/* New clients come, too. */
	xs_close(h);
	h = connect_client();
	value_is(h, "/lu/7", "x");
	/* A program that is none: all goes on. */
	assert_null(xs_control_command(h, "live-update", path, 0));
	value_is(h, "/lu/7", "x");
	xs_close(h);
	xs_close(w);
	close(raw);
	stop();
	logged("live update");
}

/* What was not acknowledged may be lost; what was, may not. */
static void test_kill_under_load(void **unused)
{
	char path[32], value[16];
	unsigned int i, round;
	struct xs_handle *h;

	(void)unused;
	for (round = 0; round < 10; round++) {
		start();
		h = connect_client();
		for (i = 0; i < 200; i++) {
			snprintf(path, sizeof(path), "/kill/%u/%u", round, i);
			snprintf(value, sizeof(value), "%u", i);
			put(h, XBT_NULL, path, value);
		}
		kill(pid, SIGKILL);
		ended();
		xs_close(h);
	}
	start();
	h = connect_client();
	for (round = 0; round < 10; round++)
		for (i = 0; i < 200; i++) {
			snprintf(path, sizeof(path), "/kill/%u/%u", round, i);
			snprintf(value, sizeof(value), "%u", i);
			value_is(h, path, value);
		}
	xs_close(h);
	stop();
}

static int set_up(void **unused)
{
	const char *out = getenv("O");

	(void)unused;
	snprintf(program, sizeof(program), "%s/san/hvxstored",
		 out ? out : "build");
	if (!mkdtemp(dir))
		return -1;
	snprintf(sock, sizeof(sock), "%s/socket", dir);
	snprintf(state, sizeof(state), "%s/state", dir);
	snprintf(pid_file, sizeof(pid_file), "%s/pid", dir);
	snprintf(log_file, sizeof(log_file), "%s/log", dir);
	return setenv("XENSTORED_PATH", sock, 1);
}

static int tear_down(void **unused)
{
	char command[128];

	(void)unused;
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_and_stop),
		cmocka_unit_test(test_bad_options),
		cmocka_unit_test(test_damaged_state),
		cmocka_unit_test(test_live_update),
		cmocka_unit_test(test_kill_under_load),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
