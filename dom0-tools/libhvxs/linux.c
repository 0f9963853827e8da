/* SPDX-License-Identifier: MIT */
/*
 * The ways to the store: a Unix socket, or the kernel's device, where messages
 * look the same. And the descriptor by which a loop learns of events: an epoll
 * set of the connection, an event counter, and a timer for the next dialling.
 */
#include "private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define DEVICE		"/dev/xen/xenbus"
#define DEVICE_OLD	"/proc/xen/xenbus"

int64_t hvxs_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- paths ---- */

const char *xs_daemon_rundir(void)
{
	const char *s = getenv("XENSTORED_RUNDIR");

	return s ? s : "/var/run/xenstored";
}

const char *xs_daemon_socket(void)
{
	static __thread char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *s = getenv("XENSTORED_PATH");
	size_t len;

	if (s)
		return s;
	len = snprintf(path, sizeof(path), "%s/socket", xs_daemon_rundir());
	if (len >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	return path;
}

const char *xs_daemon_socket_ro(void)
{
	return xs_daemon_socket();
}

/* ---- the connection ---- */

static int dial_socket(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd, rc;

	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(a.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	do {
		rc = connect(fd, (struct sockaddr *)&a, sizeof(a));
	} while (rc && errno == EINTR);
	if (rc) {
		rc = errno;
		close(fd);
		errno = rc;
		return -1;
	}
	return fd;
}

static int dial_device(void)
{
	const char *env = getenv("XENSTORED_PATH");
	int fd;

	if (env)
		return open(env, O_RDWR | O_CLOEXEC);
	fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		fd = open(DEVICE_OLD, O_RDWR | O_CLOEXEC);
	return fd;
}

int hvxs_dial(bool only_socket, bool *is_socket)
{
	const char *path = xs_daemon_socket();
	struct stat st;

	if (!path)
		return -1;
	*is_socket = stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
	if (*is_socket)
		return dial_socket(path);
	if (only_socket) {
		errno = ENOENT;
		return -1;
	}
	return dial_device();
}

ssize_t hvxs_send(struct xs_handle *h, struct iovec *v, unsigned int n)
{
	struct msghdr m = { .msg_iov = v, .msg_iovlen = n };
	ssize_t sent;

	do {
		if (h->is_socket)
			sent = sendmsg(h->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
		else
			sent = write(h->fd, v->iov_base, v->iov_len);
	} while (sent < 0 && errno == EINTR);
	return sent;
}

bool hvxs_wait(int fd, bool to_write, int ms)
{
	struct pollfd p = { .fd = fd };

	p.events = to_write ? POLLIN | POLLOUT : POLLIN;
	return poll(&p, 1, ms) > 0;
}

ssize_t hvxs_recv(struct xs_handle *h, char *data, size_t len, bool wait)
{
	ssize_t n;

	do {
		if (h->is_socket) {
			n = recv(h->fd, data, len, wait ? 0 : MSG_DONTWAIT);
		} else if (!wait && !hvxs_wait(h->fd, false, 0)) {
			errno = EAGAIN;
			return -1;
		} else {
			n = read(h->fd, data, len);
		}
	} while (n < 0 && errno == EINTR);
	return n;
}

/* ---- what a loop polls ---- */

int hvxs_waker_open(struct waker *w)
{
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (w->epoll >= 0 && w->event >= 0 && w->timer >= 0 &&
	    hvxs_waker_add(w, w->event) == 0 &&
	    hvxs_waker_add(w, w->timer) == 0)
		return 0;
	hvxs_waker_close(w);
	return -1;
}

void hvxs_waker_close(struct waker *w)
{
	int saved = errno;

	if (w->epoll >= 0)
		close(w->epoll);
	if (w->event >= 0)
		close(w->event);
	if (w->timer >= 0)
		close(w->timer);
	w->epoll = w->event = w->timer = -1;
	errno = saved;
}

int hvxs_waker_add(struct waker *w, int fd)
{
	struct epoll_event e = { .events = EPOLLIN };

	if (w->epoll < 0)
		return 0;
	return epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &e);
}

void hvxs_waker_del(struct waker *w, int fd)
{
	if (w->epoll >= 0)
		epoll_ctl(w->epoll, EPOLL_CTL_DEL, fd, NULL);
}

void hvxs_waker_raise(struct waker *w, bool raise)
{
	uint64_t n = 1;
	ssize_t done;

	if (w->epoll < 0 || w->raised == raise)
		return;
	if (raise)
		done = write(w->event, &n, sizeof(n));
	else
		done = read(w->event, &n, sizeof(n));
	/* It counts to 2^64 and never holds more than one. */
	(void)done;
	w->raised = raise;
}

void hvxs_waker_arm(struct waker *w, int64_t at)
{
	struct itimerspec t = {
		.it_value.tv_sec = at / 1000,
		.it_value.tv_nsec = at % 1000 * 1000000,
	};

	if (w->epoll >= 0)
		timerfd_settime(w->timer, TFD_TIMER_ABSTIME, &t, NULL);
}
