/* SPDX-License-Identifier: MIT */
/*
 * Each console has a terminal (pty) too, whose slave Debian's xenconsole and
 * others open by the path in the store. The kernel would keep the first 4 KiB
 * for the first who opens it, and tells the master nothing of opens; inotify
 * does. So the terminal is a reader that is off while nobody has it open, and
 * begins with the history when somebody does.
 */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct reader *reader_of(struct console *c)
{
	struct reader *r;

	for (r = c->readers; r && !r->terminal; r = r->next)
		;
	return r;
}

static int open_raw(int *master, int *slave)
{
	struct termios t;

	*master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (*master < 0)
		return -1;
	if (unlockpt(*master))
		return -1;
	/* Kept open, so that settings stay and the master never hangs up. */
	*slave = ioctl(*master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave < 0 || tcgetattr(*slave, &t))
		return -1;
	cfmakeraw(&t);
	return tcsetattr(*slave, TCSANOW, &t);
}

int terminal_open(struct console *c)
{
	char path[64];
	struct reader *r;

	if (open_raw(&c->terminal, &c->slave) ||
	    !console_terminal(c, path, sizeof(path)))
		goto out_close;
	r = reader_add(c, c->terminal, 0, true);
	if (!r)
		goto out_close;
	c->watch = inotify_add_watch(c->all->inotify, path,
				     IN_OPEN | IN_CLOSE);
	/* Without it the terminal is always on. */
	r->off = c->watch >= 0;
	reader_events(r);
	return 0;

out_close:
	terminal_close(c);
	return -1;
}

void terminal_close(struct console *c)
{
	int error = errno;

	if (c->watch >= 0)
		inotify_rm_watch(c->all->inotify, c->watch);
	if (c->slave >= 0)
		close(c->slave);
	if (c->terminal >= 0)
		close(c->terminal);
	c->watch = c->slave = c->terminal = -1;
	errno = error;
}

const char *console_terminal(const struct console *c, char *buf, size_t size)
{
	return c->terminal >= 0 && !ptsname_r(c->terminal, buf, size) ? buf
								       : NULL;
}

static void opened(struct console *c)
{
	struct reader *r = reader_of(c);

	if (c->openers++ || !r)
		return;
	r->off = false;
	r->pos = console_start(c);
	reader_events(r);
	reader_feed(r);
}

static void closed(struct console *c)
{
	struct reader *r = reader_of(c);
	char buf[RING_IN];
	ssize_t n;

	if (!c->openers || --c->openers || !r)
		return;
	/* What its last user has typed still counts. */
	n = read(c->terminal, buf, sizeof(buf));
	if (n > 0)
		console_input(c, buf, n);
	tcflush(c->slave, TCIFLUSH);
	r->off = true;
	r->full = false;
	reader_events(r);
}

static void turn_on_all(struct consoles *all)
{
	struct console *c;

	for (c = all->list; c; c = c->next)
		opened(c);
}

static void on_open(struct consoles *all, const struct inotify_event *e)
{
	struct console *c;

	if (e->mask & IN_Q_OVERFLOW) {
		/* Who has what open is unknown from now on. */
		turn_on_all(all);
		return;
	}
	for (c = all->list; c; c = c->next) {
		if (c->watch != e->wd)
			continue;
		if (e->mask & IN_OPEN)
			opened(c);
		else if (e->mask & IN_CLOSE)
			closed(c);
		return;
	}
}

void terminal_opens(void *arg, uint32_t events)
{
	struct consoles *all = arg;
	char buf[4096] __attribute__((aligned(8)));
	ssize_t n = read(all->inotify, buf, sizeof(buf)), at = 0;

	(void)events;
	while (at < n) {
		const struct inotify_event *e = (const void *)(buf + at);

		on_open(all, e);
		at += sizeof(*e) + e->len;
	}
}
