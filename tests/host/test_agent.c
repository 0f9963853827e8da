/* SPDX-License-Identifier: MIT */
/*
 * hvx-agent, the program itself: its /proc/meminfo is a file, and its store the
 * other end of a terminal, on which the test plays the kernel's device.
 */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include <abi/io/xs_wire.h>

#define TEXT								\
	"MemTotal:         500000 kB\nMemFree:          %u kB\n"		\
	"MemAvailable:     300000 kB\nBuffers:           10000 kB\n"	\
	"Cached:           90000 kB\nSwapCached:          111 kB\n"	\
	"Mapped:            2000 kB\nShmem:             5000 kB\nSwapTotal:        20000 kB\n"	\
	"SwapFree:         19000 kB\n"
/* Of 500000: what that says with MemFree 200000. */
#define USED_200000	"208000"

static char folder[] = "/tmp/hvx-agent.XXXXXX";
static char meminfo[64], current[64], errors[64];
static int store = -1;
static pid_t agent;

static void write_file(const char *path, const char *fmt, ...)
{
	char temporary[80];
	va_list ap;
	FILE *f;

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	f = fopen(temporary, "w");
	assert_non_null(f);
	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	fclose(f);
	assert_int_equal(rename(temporary, path), 0);
}

static void make_terminal(void)
{
	struct termios t;
	int other;

	store = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(store >= 0);
	assert_int_equal(grantpt(store) | unlockpt(store), 0);
	/* Bytes as they are; kept open, so that the setting stays. */
	other = open(ptsname(store), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_equal(tcgetattr(other, &t), 0);
	cfmakeraw(&t);
	assert_int_equal(tcsetattr(other, TCSANOW, &t), 0);
}

static void start(const char *option, const char *value)
{
	const char *program = getenv("O") ? getenv("O") : "build";
	char path[256];

	snprintf(path, sizeof(path), "%s/san/hvx-agent", program);
	make_terminal();
	agent = fork();
	if (!agent) {
		int fd = open(errors, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		dup2(fd, 2);
		execl(path, path, "--meminfo", meminfo, "--current", current,
		      "--store", ptsname(store), option, value, NULL);
		_exit(127);
	}
}

static int finish(void)
{
	int status;

	assert_int_equal(waitpid(agent, &status, 0), agent);
	close(store);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Within ms; false if nothing comes. */
static bool read_exactly(void *to, size_t len, int ms)
{
	for (size_t at = 0; at < len;) {
		struct pollfd p = { .fd = store, .events = POLLIN };
		ssize_t n;

		if (poll(&p, 1, ms) <= 0)
			return false;
		n = read(store, (char *)to + at, len - at);
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

static void reply(uint32_t type, uint32_t id, const char *text, size_t len)
{
	struct xsd_sockmsg h = { .type = type, .req_id = id,
				 .len = (uint32_t)len };

	assert_int_equal(write(store, &h, sizeof(h)), sizeof(h));
	assert_int_equal(write(store, text, len), len);
}

/* The next message is a write of the key: its value. */
static uint32_t expect_write(char value[64])
{
	static const char key[] = "memory/meminfo";
	struct xsd_sockmsg h;
	char body[128];

	assert_true(read_exactly(&h, sizeof(h), 20000));
	assert_int_equal(h.type, XS_WRITE);
	assert_int_equal(h.tx_id, 0);
	assert_true(h.len >= sizeof(key) && h.len < sizeof(key) + 64);
	assert_true(read_exactly(body, h.len, 20000));
	assert_memory_equal(body, key, sizeof(key));
	memcpy(value, body + sizeof(key), h.len - sizeof(key));
	value[h.len - sizeof(key)] = 0;
	return h.req_id;
}

static void errors_have(const char *text)
{
	char buf[4096] = "";
	FILE *f = fopen(errors, "r");

	assert_non_null(f);
	(void)!fread(buf, 1, sizeof(buf) - 1, f);
	fclose(f);
	if (!strstr(buf, text))
		fail_msg("\"%s\" isn't in:\n%s", text, buf);
}

static int setup(void **state)
{
	(void)state;
	write_file(meminfo, TEXT, 200000U);
	unlink(current);
	return 0;
}

static void once(void **state)
{
	char value[64];
	uint32_t id;

	(void)state;
	start("--once", NULL);
	id = expect_write(value);
	assert_string_equal(value, USED_200000);
	/* What isn't the answer is passed over. */
	reply(XS_WATCH_EVENT, 0, "a\0b", 4);
	reply(XS_WRITE, id + 7, "OK", 3);
	reply(XS_WRITE, id, "OK", 3);
	assert_int_equal(finish(), 0);
}

/* The domain has more than MemTotal says. */
static void what_the_domain_has(void **state)
{
	char value[64];

	(void)state;
	write_file(current, "524288\n");
	start("--once", NULL);
	reply(XS_WRITE, expect_write(value), "OK", 3);
	assert_string_equal(value, "232288");
	assert_int_equal(finish(), 0);
}

static void changes_are_told(void **state)
{
	char value[64];
	struct pollfd p;

	(void)state;
	start("--threshold", "1000");
	reply(XS_WRITE, expect_write(value), "OK", 3);
	/* A small change isn't, in three looks. */
	write_file(meminfo, TEXT, 200900U);
	p = (struct pollfd){ .fd = store, .events = POLLIN };
	assert_int_equal(poll(&p, 1, 3000), 0);
	write_file(meminfo, TEXT, 150000U);
	reply(XS_WRITE, expect_write(value), "OK", 3);
	assert_string_equal(value, "258000");
	/* At its end it takes it back. */
	kill(agent, SIGTERM);
	reply(XS_WRITE, expect_write(value), "OK", 3);
	assert_string_equal(value, "");
	assert_int_equal(finish(), 0);
}

/* Nothing changes, and it lives: each time another number, and a near one. */
static void life_is_told(void **state)
{
	char value[64], last[64] = "";
	unsigned int i;

	(void)state;
	start("--rest", "1");
	for (i = 0; i < 4; i++) {
		reply(XS_WRITE, expect_write(value), "OK", 3);
		assert_string_not_equal(value, last);
		assert_in_range(strtoul(value, NULL, 10), 208000, 208001);
		strcpy(last, value);
	}
	kill(agent, SIGTERM);
	reply(XS_WRITE, expect_write(value), "OK", 3);
	assert_string_equal(value, "");
	assert_int_equal(finish(), 0);
}

static void a_host_that_refuses(void **state)
{
	char value[64];

	(void)state;
	start("--once", NULL);
	reply(XS_ERROR, expect_write(value), "EACCES", 7);
	assert_int_equal(finish(), 1);
	errors_have("doesn't take memory/meminfo: EACCES");
}

/* The answers of a store gone mad end the request, not more. */
static void answers_that_are_none(void **state)
{
	struct xsd_sockmsg h = { .type = XS_WRITE, .len = 1U << 30 };
	char value[64];

	(void)state;
	start("--once", NULL);
	h.req_id = expect_write(value);
	assert_int_equal(write(store, &h, sizeof(h)), sizeof(h));
	assert_int_equal(finish(), 1);
	errors_have("too long");
}

static void a_kernel_that_tells_nothing(void **state)
{
	(void)state;
	write_file(meminfo, "MemTotal: nothing\n");
	start("--once", NULL);
	assert_int_equal(finish(), 1);
	errors_have("no MemTotal and MemFree");
	unlink(meminfo);
	start("--once", NULL);
	assert_int_equal(finish(), 1);
	errors_have("No such file");
}

static void bad_options(void **state)
{
	(void)state;
	start("--interval", "0.0001");
	assert_int_equal(finish(), 2);
	start("--threshold", "1x");
	assert_int_equal(finish(), 2);
	start("--once", "surplus");
	assert_int_equal(finish(), 2);
	start("--store", "/nonexistent");
	assert_int_equal(finish(), 1);
	errors_have("/nonexistent");
}

static int remove_files(void **state)
{
	(void)state;
	unlink(meminfo);
	unlink(current);
	unlink(errors);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(once, setup),
		cmocka_unit_test_setup(what_the_domain_has, setup),
		cmocka_unit_test_setup(changes_are_told, setup),
		cmocka_unit_test_setup(life_is_told, setup),
		cmocka_unit_test_setup(a_host_that_refuses, setup),
		cmocka_unit_test_setup(answers_that_are_none, setup),
		cmocka_unit_test_setup(a_kernel_that_tells_nothing, setup),
		cmocka_unit_test_setup(bad_options, setup),
	};

	if (!mkdtemp(folder))
		return 2;
	snprintf(meminfo, sizeof(meminfo), "%s/meminfo", folder);
	snprintf(current, sizeof(current), "%s/current", folder);
	snprintf(errors, sizeof(errors), "%s/errors", folder);
	return cmocka_run_group_tests(tests, NULL, remove_files);
}
