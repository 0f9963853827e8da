/* SPDX-License-Identifier: MIT */
/* A backend's options, and how it ends when they or what it needs are wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "backends/common/start.h"

#define MOST	12
#define NEEDED	"--domid", "5", "--name", "web", "--state", "7", "--control", "4"

/* ---- the devices: there are none ---------------------------------------- */

struct grants *grants_open(uint32_t domid)
{
	(void)domid;
	errno = ENOENT;
	return NULL;
}

struct ports *ports_open(uint32_t domid)
{
	(void)domid;
	errno = ENOENT;
	return NULL;
}

/* ---- a process that ends ------------------------------------------------ */

static char said[2048];
static struct start_options got;

static struct start_options options(char **args)
{
	char *argv[MOST + 2] = { (char[]){ "backend" } };
	int argc = 1;

	while (args[argc - 1]) {
		assert_true(argc <= MOST);
		argv[argc] = args[argc - 1];
		argc++;
	}
	optind = 0;		/* getopt begins anew */
	return start(argc, argv, "backend", "Serves a test.");
}

/* Its exit status; said is what it wrote. */
static int ends(void (*fn)(void), char **args)
{
	int out[2], status;
	size_t n = 0;
	ssize_t more;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(out[1], 1);
		dup2(out[1], 2);
		got = options(args);
		fn();
		fflush(NULL);
		_exit(77);
	}
	close(out[1]);
	while ((more = read(out[0], said + n, sizeof(said) - 1 - n)) > 0)
		n += more;
	said[n] = 0;
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void nothing(void)
{
}

#define ARGS(...)	((char *[]){ __VA_ARGS__, NULL })

/* ---- options ------------------------------------------------------------ */

static void test_taken(void **arg)
{
	struct start_options o;

	(void)arg;
	o = options(ARGS(NEEDED, "--user", "70000:7", "--verbose"));
	assert_int_equal(o.domid, 5);
	assert_string_equal(o.name, "web");
	assert_int_equal(start_state(&o), 7);
	assert_int_equal(o.control, 4);
	assert_int_equal(o.uid, 70000);
	assert_int_equal(o.gid, 7);
	assert_true(o.verbose);
	assert_false(o.unconfined);
	o = options(ARGS(NEEDED));
	assert_int_equal(o.uid, 65534);
	assert_int_equal(o.gid, 65534);
	o = options(ARGS(NEEDED, "--user", "9"));
	assert_int_equal(o.gid, 9);
}

static void refused(const char *why, char **args)
{
	assert_int_equal(ends(nothing, args), 2);
	assert_non_null(strstr(said, why));
	assert_non_null(strstr(said, "usage: backend --domid ID"));
}

static void test_refused(void **arg)
{
	(void)arg;
	refused("--domid: no domain", ARGS("--domid", "32752"));
	refused("--domid: no domain", ARGS("--domid", "-1"));
	refused("--domid: no domain", ARGS("--domid", "5x"));
	refused("--control: no descriptor", ARGS("--control", ""));
	refused("--user wants", ARGS("--user", "1:2:3"));
	refused("are needed", ARGS("--domid", "5"));
	refused("are needed", ARGS("--name", "web", "--state", "7",
				   "--control", "4"));
	refused("are needed", ARGS(NEEDED, "more"));
	assert_int_equal(ends(nothing, ARGS(NEEDED)), 77);
	assert_int_equal(ends(nothing, ARGS("--help")), 0);
	assert_non_null(strstr(said, "\nServes a test.\n"));
	assert_non_null(strstr(said, "example: backend --domid 5"));
}

/* ---- what is missing ---------------------------------------------------- */

static void want_grants(void)
{
	start_grants(got.domid);
}

static void want_ports(void)
{
	start_ports(got.domid);
}

static void foreign_state(void)
{
	errno = EUCLEAN;
	start_need_state(NULL);
}

static void open_state(void)
{
	start_state(&got);
}

static void test_missing(void **arg)
{
	(void)arg;
	assert_int_equal(ends(want_grants, ARGS(NEEDED)), 1);
	assert_non_null(strstr(said, "backend web: /dev/xen/gntdev"));
	assert_int_equal(ends(want_ports, ARGS(NEEDED)), 1);
	assert_non_null(strstr(said, "/dev/xen/evtchn"));
	assert_int_equal(ends(foreign_state, ARGS(NEEDED)), 1);
	assert_non_null(strstr(said, "--state: not a file of this backend"));
	assert_int_equal(ends(open_state, ARGS(NEEDED, "--state",
					       "/nowhere/state")), 1);
	assert_non_null(strstr(said, "/nowhere/state: "));
}

/* ---- running ------------------------------------------------------------ */

static void run_and_stop(void)
{
	struct loop *l = start_loop();

	raise(SIGTERM);
	start_run(l);
}

static void test_stopped(void **arg)
{
	(void)arg;
	assert_int_equal(ends(run_and_stop, ARGS(NEEDED)), 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_missing), cmocka_unit_test(test_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
