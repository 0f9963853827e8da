/* SPDX-License-Identifier: MIT */
/*
 * Work in a child process, so that neither its length nor its crash is the
 * daemon's. The child is a copy of the daemon without its descriptors; it ends
 * with the daemon.
 */
#ifndef HVXD_JOB_H
#define HVXD_JOB_H

#include <stddef.h>
#include <common/loop.h>

#define JOB_RESULT_MAX	2048

/* In the child: fills result (JOB_RESULT_MAX bytes); its size. */
typedef size_t job_run_fn(void *arg, void *result);
/* In the daemon, from the loop, never from job_start: size 0: the child ended
 * without a result, and why says how. The job is gone when this is called. */
typedef void job_done_fn(void *arg, const void *result, size_t size,
			 const char *why);

struct job;

/* keep: a descriptor that the child keeps, or -1. NULL and errno. */
struct job *job_start(struct loop *l, const char *name, job_run_fn *run,
		      void *run_arg, int keep, job_done_fn *done,
		      void *done_arg);
/* Kills it; done isn't called. It has ended when this returns. */
void job_kill(struct job *j);

#endif /* HVXD_JOB_H */
