/* SPDX-License-Identifier: MIT */
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct job {
	pid_t pid;
	int pipe;
	struct loop_fd *watch;
	job_done_fn *done;
	void *arg;
	size_t got;
	char result[JOB_RESULT_MAX];
};

/* All but stdio, the pipe and keep. */
static void close_others(int pipe, int keep)
{
	int low = pipe < keep ? pipe : keep, high = pipe < keep ? keep : pipe;

	if (low > 3)
		close_range(3, low - 1, 0);
	if (low < 0)
		low = 2;
	if (high > low + 1)
		close_range(low + 1 > 3 ? low + 1 : 3, high - 1, 0);
	close_range(high + 1, ~0U, 0);
}

static void __attribute__((noreturn))
run_child(const char *name, job_run_fn *run, void *arg, int pipe, int keep,
	  pid_t parent)
{
	char result[JOB_RESULT_MAX] = { 0 };
	sigset_t none;
	size_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	prctl(PR_SET_NAME, name);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	close_others(pipe, keep);
	n = run(arg, result);
	_exit(write(pipe, result, n) == (ssize_t)n ? 0 : 1);
}

static void finish(struct job *j)
{
	char why[64] = "it ended early";
	int status = 0;

	loop_del_fd(j->watch);
	close(j->pipe);
	while (waitpid(j->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "it died of signal %d (%s)",
			 WTERMSIG(status), sigabbrev_np(WTERMSIG(status)));
	if (WIFSIGNALED(status) || WEXITSTATUS(status))
		j->got = 0;
	j->done(j->arg, j->result, j->got, why);
	free(j);
}

static void on_result(void *arg, uint32_t events)
{
	struct job *j = arg;
	ssize_t n;

	(void)events;
	n = read(j->pipe, j->result + j->got, sizeof(j->result) - j->got);
	if (n > 0)
		j->got += n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		finish(j);
}

struct job *job_start(struct loop *l, const char *name, job_run_fn *run,
		      void *run_arg, int keep, job_done_fn *done,
		      void *done_arg)
{
	struct job *j = calloc(1, sizeof(*j));
	pid_t parent = getpid();
	int fd[2], err;

	if (!j)
		return NULL;
	if (pipe2(fd, O_CLOEXEC)) {
		free(j);
		return NULL;
	}
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	j->pipe = fd[0];
	j->done = done;
	j->arg = done_arg;
	j->watch = loop_add_fd(l, fd[0], EPOLLIN, on_result, j);
	j->pid = j->watch ? fork() : -1;
	if (!j->pid)
		run_child(name, run, run_arg, fd[1], keep, parent);
	err = errno;
	close(fd[1]);
	if (j->pid > 0)
		return j;
	loop_del_fd(j->watch);
	close(fd[0]);
	free(j);
	errno = err;
	return NULL;
}

void job_kill(struct job *j)
{
	if (!j)
		return;
	kill(j->pid, SIGKILL);
	while (waitpid(j->pid, NULL, 0) < 0 && errno == EINTR)
		;
	loop_del_fd(j->watch);
	close(j->pipe);
	free(j);
}
