/* SPDX-License-Identifier: MIT */
#include "hotplug.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "job.h"

#define FOLDER		"/etc/xen/scripts"
/* Where classic scripts' complaints are looked for. */
#define LOG		"/var/log/xen/xen-hotplug.log"

struct hotplug {
	hotplug_done_fn *done;
	void *arg;
};

/* What the child needs. */
struct call {
	const struct hotplug_card *card;
	const char *action;
};

void hotplug_path(const char *script, char *path, size_t size)
{
	if (strchr(script, '/'))
		snprintf(path, size, "%s", script);
	else
		snprintf(path, size, FOLDER "/%s", script);
}

static void set_environment(const struct hotplug_card *c, const char *path)
{
	char node[64];

	snprintf(node, sizeof(node), "backend/hvif/%u/%u", c->domid,
		 c->device);
	setenv("script", path, 1);
	setenv("XENBUS_TYPE", "vif", 1);
	setenv("XENBUS_PATH", node, 1);
	setenv("XENBUS_BASE_PATH", "backend", 1);
	setenv("vif", c->tap, 1);
	setenv("INTERFACE", c->tap, 1);
	setenv("netdev", c->gatewaydev ? c->gatewaydev : "", 1);
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
	       "/sbin:/bin", 1);
}

static void __attribute__((noreturn)) run_script(const struct call *c)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int log = open(LOG, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	char path[300];

	hotplug_path(c->card->script, path, sizeof(path));
	set_environment(c->card, path);
	/* All that it starts is ended with it. */
	setpgid(0, 0);
	dup2(null, 0);
	if (log >= 0) {
		dup2(log, 1);
		dup2(log, 2);
	}
	execl(path, path, c->action, "type_if=vif", NULL);
	_exit(127);
}

/* Waits for it, HOTPLUG_S seconds at most: its status, or -1. */
static int wait_for(pid_t child)
{
	int status, ms;

	for (ms = 0; ms < HOTPLUG_S * 1000; ms += 10) {
		if (waitpid(child, &status, WNOHANG) == child)
			return status;
		usleep(10000);
	}
	kill(-child, SIGKILL);
	waitpid(child, &status, 0);
	return -1;
}

static size_t run(void *arg, void *result)
{
	const struct call *c = arg;
	char path[300], *text = result;
	pid_t child = fork();
	int status;

	if (!child)
		run_script(c);
	hotplug_path(c->card->script, path, sizeof(path));
	status = child < 0 ? -1 : wait_for(child);
	if (!status)
		strcpy(text, "");
	else if (status < 0)
		snprintf(text, JOB_RESULT_MAX, "%s %s has not ended in %d s",
			 path, c->action, HOTPLUG_S);
	else
		snprintf(text, JOB_RESULT_MAX, "%s %s ended with %s %d; " LOG
			 " may say more", path, c->action,
			 WIFEXITED(status) ? "status" : "signal",
			 WIFEXITED(status) ? WEXITSTATUS(status) :
			 WTERMSIG(status));
	return strlen(text) + 1;
}

static void on_done(void *arg, const void *result, size_t size,
		    const char *why)
{
	struct hotplug *h = arg;
	const char *text = size ? result : why;

	h->done(h->arg, *text ? text : NULL);
	free(h);
}

int hotplug_run(struct loop *l, const struct hotplug_card *c,
		const char *action, hotplug_done_fn *done, void *arg)
{
	struct call call = { c, action };
	struct hotplug *h = malloc(sizeof(*h));

	if (!h)
		return -1;
	*h = (struct hotplug){ done, arg };
	if (job_start(l, "hotplug", run, &call, -1, on_done, h))
		return 0;
	free(h);
	return -1;
}
