/* SPDX-License-Identifier: MIT */
/*
 * Removed entries are freed after the round in which they were removed, since
 * the kernel may have reported them already.
 */
#include "loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define ROUND	64

struct loop_fd {
	struct loop *loop;
	int fd;
	bool dead;
	loop_fd_fn *fn;
	void *arg;
	struct loop_fd *next_dead;
};

struct loop_timer {
	struct loop *loop;
	int64_t at;			/* ms, or -1 */
	bool dead;
	loop_timer_fn *fn;
	void *arg;
	struct loop_timer *next;
};

struct loop {
	int epoll;
	bool stop;
	struct loop_fd *dead;
	struct loop_timer *timers;
	struct loop_fd *signals;
	int signal_fd;
	loop_signal_fn *signal_fn;
	void *signal_arg;
};

int64_t loop_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct loop *loop_new(void)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->signal_fd = -1;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0) {
		free(l);
		return NULL;
	}
	return l;
}

static void bury(struct loop *l)
{
	struct loop_timer **p = &l->timers, *t;
	struct loop_fd *f;

	while ((f = l->dead)) {
		l->dead = f->next_dead;
		free(f);
	}
	while ((t = *p)) {
		if (t->dead) {
			*p = t->next;
			free(t);
		} else {
			p = &t->next;
		}
	}
}

void loop_free(struct loop *l)
{
	struct loop_timer *t;

	if (!l)
		return;
	if (l->signals)
		loop_del_fd(l->signals);
	if (l->signal_fd >= 0)
		close(l->signal_fd);
	for (t = l->timers; t; t = t->next)
		t->dead = true;
	bury(l);
	close(l->epoll);
	free(l);
}

struct loop_fd *loop_add_fd(struct loop *l, int fd, uint32_t events,
			    loop_fd_fn *fn, void *arg)
{
	struct loop_fd *f = calloc(1, sizeof(*f));
	struct epoll_event e = { .events = events, .data.ptr = f };

	if (!f)
		return NULL;
	f->loop = l;
	f->fd = fd;
	f->fn = fn;
	f->arg = arg;
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e)) {
		free(f);
		return NULL;
	}
	return f;
}

void loop_set_events(struct loop_fd *f, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = f };

	epoll_ctl(f->loop->epoll, EPOLL_CTL_MOD, f->fd, &e);
}

void loop_del_fd(struct loop_fd *f)
{
	if (!f || f->dead)
		return;
	epoll_ctl(f->loop->epoll, EPOLL_CTL_DEL, f->fd, NULL);
	f->dead = true;
	f->next_dead = f->loop->dead;
	f->loop->dead = f;
}

struct loop_timer *loop_add_timer(struct loop *l, loop_timer_fn *fn, void *arg)
{
	struct loop_timer *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->loop = l;
	t->at = -1;
	t->fn = fn;
	t->arg = arg;
	t->next = l->timers;
	l->timers = t;
	return t;
}

void loop_arm(struct loop_timer *t, int64_t ms)
{
	t->at = ms < 0 ? -1 : loop_now() + ms;
}

void loop_del_timer(struct loop_timer *t)
{
	if (t)
		t->dead = true;
}

static void on_signal(void *arg, uint32_t events)
{
	struct signalfd_siginfo si;
	struct loop *l = arg;

	(void)events;
	while (read(l->signal_fd, &si, sizeof(si)) == sizeof(si))
		l->signal_fn(l->signal_arg, si.ssi_signo);
}

int loop_signals(struct loop *l, const int *list, loop_signal_fn *fn, void *arg)
{
	sigset_t set;

	sigemptyset(&set);
	while (*list)
		sigaddset(&set, *list++);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -1;
	l->signal_fn = fn;
	l->signal_arg = arg;
	l->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (l->signal_fd < 0)
		return -1;
	l->signals = loop_add_fd(l, l->signal_fd, EPOLLIN, on_signal, l);
	return l->signals ? 0 : -1;
}

/* ms to the first timer, -1 if there is none. */
static int until_timer(const struct loop *l)
{
	const struct loop_timer *t;
	int64_t first = -1, now;

	for (t = l->timers; t; t = t->next)
		if (!t->dead && t->at >= 0 && (first < 0 || t->at < first))
			first = t->at;
	if (first < 0)
		return -1;
	now = loop_now();
	return first <= now ? 0 : first - now > 60000 ? 60000 : first - now;
}

static void run_timers(struct loop *l)
{
	struct loop_timer *t;
	int64_t now = -1;

	/* The clock is not asked when no timer is armed: on some machines that
	 * costs as much as the rest of a round. */
	for (t = l->timers; t; t = t->next) {
		if (t->dead || t->at < 0)
			continue;
		if (now < 0)
			now = loop_now();
		if (t->at <= now) {
			t->at = -1;
			t->fn(t->arg);
		}
	}
}

int loop_run(struct loop *l)
{
	struct epoll_event e[ROUND];

	l->stop = false;
	while (!l->stop) {
		int i, n = epoll_wait(l->epoll, e, ROUND, until_timer(l));

		if (n < 0 && errno != EINTR)
			return -1;
		for (i = 0; i < n; i++) {
			struct loop_fd *f = e[i].data.ptr;

			if (!f->dead)
				f->fn(f->arg, e[i].events);
		}
		run_timers(l);
		bury(l);
	}
	return 0;
}

void loop_stop(struct loop *l)
{
	l->stop = true;
}
