/* SPDX-License-Identifier: MIT */
/*
 * hvxl console on a terminal of the test's own; hvxconsoled is a socket here.
 * What must hold: the terminal is raw meanwhile and afterwards as before; Ctrl-]
 * leaves; the end of input doesn't; the guest's end does; a daemon that dies is
 * found again, from the next byte on.
 */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <cmocka.h>
#undef fail		/* hvxl has one of its own */
#include <hvxl/console.h>
#include <hvxl/hvxl.h>

static char folder[32], sock[64];
static int listener, conn;
static int master, slave;		/* the user's terminal */
static pid_t child;
static struct {
	volatile bool lives;		/* the domain */
	char tty[64];			/* in the store */
} *world;

/* ---- what console.c calls ---- */

struct hvctl *hv(void)
{
	return NULL;
}

int hvctl_domain_info(struct hvctl *h, uint32_t domid,
		      struct xen_domctl_getdomaininfo *out)
{
	(void)h;
	memset(out, 0, sizeof(*out));
	out->domain = domid;
	if (world->lives)
		return 0;
	errno = ESRCH;
	return -1;
}

char *store_get(const char *fmt, ...)
{
	(void)fmt;
	return strdup(world->tty);
}

int fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return 1;
}

int fail_domain(const char *what, uint32_t domid)
{
	return fail("%s: no domain %u", what, domid);
}

/* ---- the two sides ---- */

static void serve(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	memcpy(a.sun_path, sock, strlen(sock));
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(listener, 4), 0);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/hvx-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(sock, sizeof(sock), "%s/socket", folder);
	setenv("HVXCONSOLED_SOCKET", sock, 1);
	serve();
	conn = -1;
	world->lives = true;
	world->tty[0] = 0;
	return openpty(&master, &slave, NULL, NULL, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	if (conn >= 0)
		close(conn);
	close(listener);
	close(master);
	close(slave);
	unlink(sock);
	return rmdir(folder);
}

/* hvxl, with this for its input; its output is the terminal. */
static void start_hvxl(int input)
{
	child = fork();
	if (child)
		return;
	dup2(input, 0);
	dup2(slave, 1);
	dup2(slave, 2);
	_exit(console_attach(5, CONSOLE_ESCAPE));
}

static void expect_exit(int status)
{
	int is;

	assert_int_equal(waitpid(child, &is, 0), child);
	assert_int_equal(is, status << 8);
}

static void expect_on(int fd, const char *text)
{
	size_t n = 0, len = strlen(text);
	char buf[256];

	while (n < len) {
		ssize_t m = read(fd, buf + n, len - n);

		assert_true(m > 0);
		n += m;
	}
	buf[n] = 0;
	assert_string_equal(buf, text);
}

static void put(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* hvxl connects, and asks as expected. */
static void expect_request(const char *line)
{
	conn = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(conn >= 0);
	expect_on(conn, line);
}

static bool raw(void)
{
	struct termios t;

	tcgetattr(slave, &t);
	return !(t.c_lflag & (ICANON | ECHO | ISIG));
}

/* ---- tests ---- */

static void test_terminal(void **state)
{
	(void)state;
	assert_false(raw());
	start_hvxl(slave);
	expect_request("attach 5 0\n");
	put(conn, "ok 0\nhello\r\n");
	expect_on(master, "hello\r\n");
	assert_true(raw());
	/* Ctrl-C is the guest's. */
	put(master, "a\003b\r");
	expect_on(conn, "a\003b\r");
	put(master, "last\035never");
	expect_on(conn, "last");
	expect_exit(0);
	assert_false(raw());
	assert_int_equal(read(conn, (char[1]){ 0 }, 1), 0);
}

static void test_signal(void **state)
{
	int status;

	(void)state;
	start_hvxl(slave);
	expect_request("attach 5 0\n");
	put(conn, "ok 0\nx");
	expect_on(master, "x");
	while (!raw())
		usleep(1000);
	kill(child, SIGTERM);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_false(raw());
}

/* As in a script: no input, and what the guest prints until it ends */
static void test_no_input(void **state)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	start_hvxl(null);
	expect_request("attach 5 0\n");
	put(conn, "ok 0\none");
	expect_on(master, "one");
	usleep(20000);
	put(conn, "two");
	expect_on(master, "two");
	world->lives = false;
	close(conn);
	conn = -1;
	expect_exit(0);
	close(null);
}

static void test_restart(void **state)
{
	(void)state;
	start_hvxl(slave);
	expect_request("attach 5 0\n");
	put(conn, "ok 100\n12345");
	expect_on(master, "12345");
	/* It dies, and there is nobody for a moment. */
	close(listener);
	unlink(sock);
	close(conn);
	usleep(100000);
	serve();
	expect_request("attach 5 105\n");
	put(conn, "ok 105\n678");
	expect_on(master, "678");
	put(master, "x\035");
	expect_on(conn, "x");
	expect_exit(0);
}

static void test_refused(void **state)
{
	(void)state;
	start_hvxl(slave);
	expect_request("attach 5 0\n");
	put(conn, "error no such domain\n");
	expect_on(master, "console: domain 5: no such domain\r\n");
	expect_exit(1);
	assert_false(raw());
	world->lives = false;
	start_hvxl(slave);
	expect_on(master, "console: no domain 5\r\n");
	expect_exit(1);
}

/* Without hvxconsoled the terminal in the store does, once it is there. */
static void test_by_terminal(void **state)
{
	int m, s;

	(void)state;
	close(listener);
	unlink(sock);
	assert_int_equal(openpty(&m, &s, world->tty, NULL, NULL), 0);
	start_hvxl(slave);
	put(m, "guest\n");
	expect_on(master, "guest");
	put(master, "\035");
	expect_exit(0);
	close(m);
	close(s);
	serve();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_terminal), TEST(test_signal), TEST(test_no_input),
		TEST(test_restart), TEST(test_refused), TEST(test_by_terminal),
	};

	signal(SIGPIPE, SIG_IGN);
	alarm(60);
	world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
