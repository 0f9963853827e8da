/* SPDX-License-Identifier: MIT */
/*
 * The daemons' event loop: descriptors, one timer each for who wants one, and
 * signals, by epoll. One thread. A callback may add and remove anything, itself
 * included: what was removed is called no more, even in the same round.
 */
#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

struct loop;
struct loop_fd;
struct loop_timer;

/* events: EPOLL* */
typedef void loop_fd_fn(void *arg, uint32_t events);
typedef void loop_timer_fn(void *arg);
typedef void loop_signal_fn(void *arg, int signal);

/* NULL and errno if it can't be made. */
struct loop *loop_new(void);
void loop_free(struct loop *l);
/* Runs until loop_stop. 0, or -1 and errno. */
int loop_run(struct loop *l);
void loop_stop(struct loop *l);

/* The descriptor stays the caller's. NULL and errno on failure. */
struct loop_fd *loop_add_fd(struct loop *l, int fd, uint32_t events,
			    loop_fd_fn *fn, void *arg);
void loop_set_events(struct loop_fd *f, uint32_t events);
void loop_del_fd(struct loop_fd *f);

/* Unarmed at first. */
struct loop_timer *loop_add_timer(struct loop *l, loop_timer_fn *fn, void *arg);
/* Fires once, ms from now; a second call moves it; negative: not at all. */
void loop_arm(struct loop_timer *t, int64_t ms);
void loop_del_timer(struct loop_timer *t);

/* The signals of the list (0 ends it) come as calls from the loop. */
int loop_signals(struct loop *l, const int *list, loop_signal_fn *fn,
		 void *arg);

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t loop_now(void);

#endif /* COMMON_LOOP_H */
