/* SPDX-License-Identifier: MIT */
/*
 * libhvxs and hvxstored, the real one (built with sanitizers), by a socket. What
 * must hold: both mean the same by each call; a handle that asked for it lives
 * through the store's death, under load, with no write lost that was answered.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <libhvxs/hvxs.h>

static char folder[32], sock[64], store_path[4096];
static pid_t store_pid;

/* ---- the store ---- */

static void start_store(void)
{
	char pid[64], state[64];

	snprintf(pid, sizeof(pid), "%s/pid", folder);
	snprintf(state, sizeof(state), "%s/state", folder);
	unlink(pid);
	store_pid = fork();
	if (!store_pid) {
		execl(store_path, store_path, "--no-xen", "--socket", sock,
		      "--state-dir", state, "--pid-file", pid, NULL);
		perror(store_path);
		_exit(127);
	}
	while (access(pid, F_OK)) {
		/* Not by an assertion: another thread may be here. */
		if (waitpid(store_pid, NULL, WNOHANG))
			abort();
		usleep(5000);
	}
}

static void kill_store(int signal)
{
	int status;

	kill(store_pid, signal);
	assert_int_equal(waitpid(store_pid, &status, 0), store_pid);
	if (signal == SIGTERM)
		assert_int_equal(status, 0);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/hvx-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(sock, sizeof(sock), "%s/socket", folder);
	setenv("XENSTORED_PATH", sock, 1);
	start_store();
	return 0;
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	kill_store(SIGTERM);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

/* ---- each call ---- */

static void expect_node(struct xs_handle *h, xs_transaction_t t,
			 const char *path, const char *value)
{
	unsigned int len;
	char *s = xs_read(h, t, path, &len);

	assert_non_null(s);
	assert_string_equal(s, value);
	assert_int_equal(len, strlen(value));
	free(s);
}

static void try_nodes(struct xs_handle *h)
{
	struct xs_permissions set[] = { { 3, XS_PERM_NONE }, { 4, XS_PERM_READ } };
	struct xs_permissions *perms;
	unsigned int n;
	char **list;

	assert_true(xs_write(h, 0, "/t/a/b", "value", 5));
	expect_node(h, 0, "/t/a/b", "value");
	expect_node(h, 0, "/t/a", "");
	assert_true(xs_mkdir(h, 0, "/t/d"));
	assert_true(xs_mkdir(h, 0, "/t/d"));
	list = xs_directory(h, 0, "/t", &n);
	assert_non_null(list);
	assert_int_equal(n, 2);
	free(list);
	assert_null(xs_directory(h, 0, "/none", &n));
	assert_int_equal(errno, ENOENT);
	assert_true(xs_set_permissions(h, 0, "/t/a", set, 2));
	perms = xs_get_permissions(h, 0, "/t/a", &n);
	assert_non_null(perms);
	assert_int_equal(n, 2);
	assert_memory_equal(perms, set, sizeof(set));
	free(perms);
	assert_true(xs_rm(h, 0, "/t/d"));
	assert_null(xs_read(h, 0, "/t/d", NULL));
	assert_int_equal(errno, ENOENT);
	assert_false(xs_write(h, 0, "/bad//path", "", 0));
	assert_int_equal(errno, EINVAL);
}

static void try_transactions(struct xs_handle *h, struct xs_handle *other)
{
	xs_transaction_t t = xs_transaction_start(h);

	assert_int_not_equal(t, XBT_NULL);
	assert_true(xs_write(h, t, "/x/y", "in", 2));
	expect_node(h, t, "/x/y", "in");
	assert_null(xs_read(other, 0, "/x/y", NULL));
	assert_true(xs_transaction_end(h, t, false));
	expect_node(other, 0, "/x/y", "in");
	/* Somebody else is faster. */
	t = xs_transaction_start(h);
	expect_node(h, t, "/x/y", "in");
	assert_true(xs_write(h, t, "/x/z", "1", 1));
	assert_true(xs_write(other, 0, "/x/y", "else", 4));
	assert_false(xs_transaction_end(h, t, false));
	assert_int_equal(errno, EAGAIN);
	assert_null(xs_read(h, 0, "/x/z", NULL));
	t = xs_transaction_start(h);
	assert_true(xs_rm(h, t, "/x"));
	assert_true(xs_transaction_end(h, t, true));
	expect_node(h, 0, "/x/y", "else");
}

static void expect_event(struct xs_handle *h, const char *path,
			 const char *token)
{
	char **e = xs_read_watch(h, NULL);

	assert_non_null(e);
	assert_string_equal(e[XS_WATCH_PATH], path);
	assert_string_equal(e[XS_WATCH_TOKEN], token);
	free(e);
}

static void try_watches(struct xs_handle *h, struct xs_handle *other)
{
	assert_true(xs_watch(h, "/w", "tok"));
	expect_event(h, "/w", "tok");
	assert_false(xs_watch(h, "/w", "tok"));
	assert_int_equal(errno, EEXIST);
	assert_true(xs_write(other, 0, "/w/below", "1", 1));
	expect_event(h, "/w/below", "tok");
	assert_true(xs_write(other, 0, "/wx", "1", 1));
	assert_true(xs_rm(other, 0, "/w"));
	expect_event(h, "/w", "tok");
	assert_true(xs_write(other, 0, "/w", "1", 1));
	assert_true(xs_unwatch(h, "/w", "tok"));
	assert_null(xs_check_watch(h));
	assert_false(xs_unwatch(h, "/w", "tok"));
	assert_int_equal(errno, ENOENT);
}

static void test_calls(void **state)
{
	struct xs_handle *h = xs_open(XS_UNWATCH_FILTER), *other = xs_open(0);
	char *s;

	(void)state;
	assert_non_null(h);
	assert_non_null(other);
	try_nodes(h);
	try_transactions(h, other);
	try_watches(h, other);
	s = xs_get_domain_path(h, 7);
	assert_string_equal(s, "/local/domain/7");
	free(s);
	assert_false(xs_is_domain_introduced(h, 7));
	assert_false(xs_release_domain(h, 7));
	assert_null(xs_control_command(h, "no such", NULL, 0));
	xs_close(h);
	xs_close(other);
}

/* Far more names than a message has room for, read while they change */
static void test_long_directory(void **state)
{
	struct xs_handle *h = xs_open(0);
	char path[128], **list;
	unsigned int i, n;

	(void)state;
	for (i = 0; i < 500; i++) {
		snprintf(path, sizeof(path), "/big/%0100u", i);
		assert_true(xs_mkdir(h, 0, path));
	}
	list = xs_directory(h, 0, "/big", &n);
	assert_non_null(list);
	assert_int_equal(n, 500);
	for (i = 0; i < n; i++)
		assert_int_equal(strlen(list[i]), 100);
	free(list);
	xs_close(h);
}

/* ---- the store dies ---- */

#define WRITERS	3
#define WRITES	400

static struct xs_handle *shared;
static int killing = 1;

static bool count_up(const char *path, int i)
{
	xs_transaction_t t;
	char text[16];

	do {
		t = xs_transaction_start(shared);
		if (!t)
			return false;
		snprintf(text, sizeof(text), "%d", i);
		if (xs_write(shared, t, path, text, strlen(text)))
			if (xs_transaction_end(shared, t, false))
				return true;
		if (errno != EAGAIN)
			return false;
		xs_transaction_end(shared, t, true);
	} while (true);
}

static void *write_much(void *arg)
{
	long me = (long)arg;
	char path[32], tx[32], text[16], *s;
	int i;

	snprintf(path, sizeof(path), "/load/%ld", me);
	snprintf(tx, sizeof(tx), "/load/t%ld", me);
	for (i = 0; i < WRITES; i++) {
		snprintf(text, sizeof(text), "%d", i);
		if (!xs_write(shared, 0, path, text, strlen(text)) ||
		    !count_up(tx, i))
			return arg;
		/* What was answered is there. */
		s = xs_read(shared, 0, path, NULL);
		if (!s || strcmp(s, text))
			return arg;
		free(s);
		s = xs_read(shared, 0, tx, NULL);
		if (!s || strcmp(s, text))
			return arg;
		free(s);
	}
	return NULL;
}

/* So often, or as long as anybody writes */
#define KILLS	10

static void *kill_much(void *arg)
{
	int i;

	for (i = 0; i < KILLS && __atomic_load_n(&killing, __ATOMIC_ACQUIRE);
	     i++) {
		usleep(100000);
		kill_store(SIGKILL);
		start_store();
	}
	return arg;
}

static void test_killed(void **state)
{
	pthread_t writers[WRITERS], killer;
	void *failed;
	char **e;
	long i;

	(void)state;
	shared = xs_open(HVXS_RECONNECT);
	assert_non_null(shared);
	assert_true(xs_watch(shared, "/w", "tok"));
	expect_event(shared, "/w", "tok");
	pthread_create(&killer, NULL, kill_much, NULL);
	for (i = 0; i < WRITERS; i++)
		pthread_create(&writers[i], NULL, write_much, (void *)(i + 1));
	for (i = 0; i < WRITERS; i++) {
		pthread_join(writers[i], &failed);
		assert_null(failed);
	}
	__atomic_store_n(&killing, 0, __ATOMIC_RELEASE);
	pthread_join(killer, NULL);
	assert_true(xs_mkdir(shared, 0, "/still"));
	assert_true(hvxs_reconnects(shared) > 0);
	/* Once for each new connection that lasted, and still for changes */
	assert_true(xs_write(shared, 0, "/w/x", "1", 1));
	for (i = 0; (e = xs_read_watch(shared, NULL)) &&
	     strcmp(e[XS_WATCH_PATH], "/w/x"); i++) {
		assert_string_equal(e[XS_WATCH_PATH], "/w");
		free(e);
	}
	assert_non_null(e);
	free(e);
	assert_in_range(i, 1, hvxs_reconnects(shared));
	xs_close(shared);
}

/* Beside this test's own program */
static void find_store(void)
{
	ssize_t n = readlink("/proc/self/exe", store_path,
			     sizeof(store_path) - 32);
	char *slash;

	store_path[n < 0 ? 0 : n] = 0;
	slash = strrchr(store_path, '/');
	strcpy(slash ? slash : store_path, "/../san/hvxstored");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_calls, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_directory, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_killed, set_up, tear_down),
	};

	find_store();
	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
