/* SPDX-License-Identifier: MIT */
/* A header only: stopwatch is compiled from one file, for a dom0 of any kind. */
#ifndef BENCH_QUIET_H
#define BENCH_QUIET_H

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

/* Runs a command, its output thrown away, to its end: the status as of waitpid,
 * or -1. */
static inline int run_quietly(char **argv)
{
	posix_spawn_file_actions_t quiet;
	int status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	if (!posix_spawnp(&pid, argv[0], &quiet, NULL, argv, environ))
		waitpid(pid, &status, 0);
	posix_spawn_file_actions_destroy(&quiet);
	return status;
}

#endif /* BENCH_QUIET_H */
