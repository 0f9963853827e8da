/* SPDX-License-Identifier: MIT */
/* Backends as processes, and the files by which a later hvxd finds them. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "backend.h"

/* So long an orphan may take to die. */
#define ORPHAN_MS	2000

static void path_of(struct dom *d, const char *program, const char *suffix,
		    char *path, size_t size)
{
	snprintf(path, size, "%s/%s-%u.%s", d->hd->run_folder, program,
		 d->domid, suffix);
}

bool backend_installed(struct hvxd *hd, const char *program)
{
	char path[320];

	snprintf(path, sizeof(path), "%s/%s", hd->backend_folder, program);
	return !access(path, X_OK);
}

static void __attribute__((noreturn))
run_program(struct dom *d, const char *program, const char *binary, int state,
	    int control)
{
	char path[320], id[16], user[32];
	sigset_t none;

	snprintf(path, sizeof(path), "%s/%s", d->hd->backend_folder, binary);
	snprintf(id, sizeof(id), "%u", d->domid);
	snprintf(user, sizeof(user), "%u:%u", BACKEND_FIRST_USER + d->domid,
		 BACKEND_FIRST_USER + d->domid);
	/* Above where they go, so that neither is overwritten. */
	state = fcntl(state, F_DUPFD, 10);
	control = fcntl(control, F_DUPFD, 10);
	if (dup2(state, 3) != 3 || dup2(control, 4) != 4)
		_exit(126);
	close_range(5, ~0U, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execl(path, program, "--domid", id, "--name", d->name, "--state", "3",
	      "--control", "4", "--user", user, NULL);
	_exit(127);
}

static void write_pid(struct dom *d, const char *program, pid_t pid)
{
	char path[320];
	FILE *f;

	path_of(d, program, "pid", path, sizeof(path));
	f = fopen(path, "we");
	if (f) {
		fprintf(f, "%d\n", pid);
		fclose(f);
	}
}

void backend_state_path(struct dom *d, const char *program, char *path,
			size_t size)
{
	path_of(d, program, "state", path, size);
}

pid_t backend_spawn(struct dom *d, const char *program, const char *binary,
		    int *control)
{
	char path[320];
	int state, pair[2], err;
	pid_t pid;

	backend_state_path(d, program, path, sizeof(path));
	state = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (state < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		close(state);
		return -1;
	}
	pid = fork();
	if (!pid)
		run_program(d, program, binary, state, pair[1]);
	err = errno;
	close(state);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		errno = err;
		return -1;
	}
	write_pid(d, program, pid);
	*control = pair[0];
	return pid;
}

/* Is it still that program, for that domain? Its number may be another's by
 * now; a dead process has no command line. */
static bool is_ours(struct dom *d, const char *program, pid_t pid)
{
	char path[64], have[128], want[64];
	size_t n, len;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	n = fread(have, 1, sizeof(have), f);
	fclose(f);
	len = snprintf(want, sizeof(want), "%s%c--domid%c%u", program, 0, 0,
		       d->domid) + 1;
	return n >= len && !memcmp(have, want, len);
}

void backend_kill_orphan(struct dom *d, const char *program)
{
	char path[320];
	int pid = 0, ms;
	FILE *f;

	path_of(d, program, "pid", path, sizeof(path));
	f = fopen(path, "re");
	if (!f)
		return;
	if (fscanf(f, "%d", &pid) != 1)
		pid = 0;
	fclose(f);
	if (pid <= 1 || !is_ours(d, program, pid))
		return;
	kill(pid, SIGKILL);
	for (ms = 0; ms < ORPHAN_MS && is_ours(d, program, pid); ms += 5)
		usleep(5000);
}

void backend_remove_files(struct dom *d, const char *program)
{
	char path[320];

	backend_state_path(d, program, path, sizeof(path));
	unlink(path);
	path_of(d, program, "pid", path, sizeof(path));
	unlink(path);
}
