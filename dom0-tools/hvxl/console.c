/* SPDX-License-Identifier: MIT */
/*
 * Copies bytes between this terminal and a guest's console. The terminal is raw
 * meanwhile, and what it was before when we leave, whichever way that is.
 *
 * hvxconsoled may be restarted while we look: the connection is made again from
 * the byte on that we have not seen.
 */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>
#include "hvxl.h"

#define SOCKET		"/run/hvx/console.sock"
#define PAUSE_MS	50		/* before looking again */
/* How long a daemon that has died may take to be there again, ms. */
#define RESTART_MS	15000

struct view {
	unsigned int domid;
	int escape;
	int fd;				/* the console, or -1 */
	bool by_socket;
	unsigned long long pos;		/* the next byte's number */
	bool input;			/* there may be more of it */
};

/* ---- our own terminal ---- */

static struct termios before;
static bool is_raw;

static void leave_raw(void)
{
	if (is_raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	is_raw = false;
}

static void on_signal(int number)
{
	leave_raw();
	signal(number, SIG_DFL);
	raise(number);
}

static void enter_raw(void)
{
	static const int ends[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT };
	struct termios raw;
	size_t i;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &before))
		return;
	raw = before;
	cfmakeraw(&raw);
	is_raw = true;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		signal(ends[i], on_signal);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

static bool write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);
		struct pollfd p = { .fd = fd, .events = POLLOUT };

		if (n > 0) {
			data += n;
			len -= n;
		} else if (errno == EAGAIN) {
			poll(&p, 1, -1);
		} else if (errno != EINTR) {
			return false;
		}
	}
	return true;
}

/* ---- the way to the console ---- */

/* Whether the domain is there, and will be. */
static bool domain_lives(unsigned int domid)
{
	struct xen_domctl_getdomaininfo info;

	return !hvctl_domain_info(hv(), domid, &info) &&
	       !(info.flags & XEN_DOMINF_dying);
}

static int dial(void)
{
	const char *path = getenv("HVXCONSOLED_SOCKET");
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd;

	strncpy(a.sun_path, path ? path : SOCKET, sizeof(a.sun_path) - 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || !connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	close(fd);
	return -1;
}

/* A line without its end; false if the other side ends before. */
static bool read_line(int fd, char *line, size_t size)
{
	size_t len = 0;

	while (len < size && read(fd, line + len, 1) == 1) {
		if (line[len] == '\n') {
			line[len] = 0;
			return true;
		}
		len++;
	}
	return false;
}

enum attached { ATTACHED, REFUSED, NOBODY };

/* Asks hvxconsoled for the console, from v->pos on; waits for it as long as the
 * domain lives. */
static enum attached attach_socket(struct view *v)
{
	int fd = dial();
	char line[128];
	bool whole;

	if (fd < 0)
		return NOBODY;
	snprintf(line, sizeof(line), "attach %u %llu\n", v->domid, v->pos);
	whole = write_all(fd, line, strlen(line)) &&
		read_line(fd, line, sizeof(line));
	if (whole && sscanf(line, "ok %llu", &v->pos) == 1) {
		v->fd = fd;
		v->by_socket = true;
		return ATTACHED;
	}
	close(fd);
	if (!whole)
		return NOBODY;
	fail("console: domain %u: %s", v->domid,
	     strncmp(line, "error ", 6) ? line : line + 6);
	return REFUSED;
}

/* The terminal that the store names. */
static enum attached attach_terminal(struct view *v)
{
	char *path;

	while (!(path = store_get("/local/domain/%u/console/tty", v->domid)) ||
	       !*path) {
		free(path);
		if (!domain_lives(v->domid)) {
			fail_domain("console", v->domid);
			return REFUSED;
		}
		usleep(PAUSE_MS * 1000);
	}
	v->fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	v->by_socket = false;
	if (v->fd < 0)
		fail("console: %s, of domain %u: %s; does a console daemon "
		     "run?", path, v->domid, strerror(errno));
	free(path);
	return v->fd < 0 ? REFUSED : ATTACHED;
}

static enum attached attach(struct view *v)
{
	enum attached a;

	if (!domain_lives(v->domid)) {
		fail_domain("console", v->domid);
		return REFUSED;
	}
	a = attach_socket(v);
	return a == NOBODY ? attach_terminal(v) : a;
}

/* The connection has ended. True: it stands again, since only its daemon had
 * ended and not the guest. */
static bool attach_again(struct view *v)
{
	int waited;

	close(v->fd);
	v->fd = -1;
	for (waited = 0; waited < RESTART_MS; waited += PAUSE_MS) {
		if (!v->by_socket || !domain_lives(v->domid))
			return false;
		switch (attach_socket(v)) {
		case ATTACHED:
			return true;
		case REFUSED:
			return false;
		case NOBODY:
			usleep(PAUSE_MS * 1000);
		}
	}
	return false;
}

/* ---- copying ---- */

enum copied { GOES_ON, CONSOLE_ENDED, LEFT };

static enum copied copy_output(struct view *v)
{
	char buf[8192];
	ssize_t n = read(v->fd, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return GOES_ON;
	if (n <= 0)
		return CONSOLE_ENDED;
	v->pos += n;
	return write_all(STDOUT_FILENO, buf, n) ? GOES_ON : LEFT;
}

static enum copied copy_input(struct view *v)
{
	char buf[512], *escape;
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return GOES_ON;
	if (n <= 0) {
		/* Nothing more to type: what is printed still counts. */
		v->input = false;
		return GOES_ON;
	}
	escape = memchr(buf, v->escape, n);
	if (escape)
		n = escape - buf;
	if (!write_all(v->fd, buf, n))
		return CONSOLE_ENDED;
	return escape ? LEFT : GOES_ON;
}

static enum copied copy_once(struct view *v)
{
	struct pollfd p[] = {
		{ .fd = v->fd, .events = POLLIN },
		{ .fd = v->input ? STDIN_FILENO : -1, .events = POLLIN },
	};
	enum copied c = GOES_ON;

	if (poll(p, 2, -1) < 0)
		return GOES_ON;
	if (p[0].revents)
		c = copy_output(v);
	if (c == GOES_ON && p[1].revents)
		c = copy_input(v);
	return c;
}

int console_attach(unsigned int domid, int escape)
{
	struct view v = {
		.domid = domid, .escape = escape, .fd = -1, .input = true,
	};
	enum copied c = GOES_ON;

	if (attach(&v) != ATTACHED)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	enter_raw();
	while (c == GOES_ON) {
		c = copy_once(&v);
		if (c == CONSOLE_ENDED && attach_again(&v))
			c = GOES_ON;
	}
	leave_raw();
	if (v.fd >= 0)
		close(v.fd);
	if (c == CONSOLE_ENDED && domain_lives(domid))
		return fail("console: domain %u's has ended, and the domain "
			    "has not; is hvxconsoled running?", domid);
	return 0;
}
