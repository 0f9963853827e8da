/* SPDX-License-Identifier: MIT */
/*
 * How a backend starts and runs: all of them take the same options, open the
 * guest's grants and event channels as root, give up their rights, and end at
 * SIGTERM. What can't be had at the start ends the process with a message;
 * nothing here returns with a failure.
 */
#ifndef BACKENDS_START_H
#define BACKENDS_START_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "common/loop.h"
#include "confine.h"
#include "grants.h"
#include "ports.h"

struct start_options {
	const char *name, *state;
	uint32_t domid;
	int control;			/* the parent's socket */
	uid_t uid;
	gid_t gid;
	bool unconfined, verbose;
};

/* Reads the options; then messages go out under the program's and the guest's
 * name, and SIGPIPE is ignored. serves: the help's sentence on the program. */
struct start_options start(int argc, char **argv, const char *program,
			   const char *serves);
/* Says what failed, and errno; ends the process. */
void start_fail(const char *what) __attribute__((noreturn));

/* A loop that SIGTERM and SIGINT stop. */
struct loop *start_loop(void);
struct loop_timer *start_timer(struct loop *l, loop_timer_fn *fn, void *arg);
/* The descriptor of --state. */
int start_state(const struct start_options *o);
/* After an attempt to map it: ends the process if there is no state. */
void start_need_state(const void *state);
struct grants *start_grants(uint32_t domid);
struct ports *start_ports(uint32_t domid);

/* Gives up rights, unless the options say otherwise; whom to become is theirs,
 * the rest of c the caller's. */
void start_confine(const struct start_options *o, struct confine c);
/* Tells the parent that all is ready, and runs the loop until it is stopped. */
void start_run(struct loop *l);

#endif /* BACKENDS_START_H */
