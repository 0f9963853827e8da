/* SPDX-License-Identifier: MIT */
/*
 * hvxd: owns domains' lives. This file reads options and ties the parts to the
 * loop: server.c clients, requests.c what they ask for; create.c and end.c a
 * domain's first and last steps; policy.c and life.c what is between; census.c
 * what the hypervisor says of it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <common/daemon.h>
#include <common/log.h>
#include <common/notify.h>
#include <common/server.h>
#include "census.h"
#include "create.h"
#include "end.h"
#include "kernels.h"
#include "nodes.h"
#include "state.h"
#include "store.h"

#define SOCKET_PATH	"/run/hvx/hvxd.sock"
#define STATE_FOLDER	"/run/hvx/domains"
#define RUN_FOLDER	"/run/hvx"
#define XEN_FOLDER	"/run/xen"
/* So long a store daemon that starts beside us is waited for. */
#define STORE_WAIT_MS	30000

static const char usage[] =
"usage: hvxd [OPTION]...\n"
"Owns domains' lives: creates, watches, restarts and ends them for hvxl.\n"
"\n"
"  --socket PATH          where clients ask (" SOCKET_PATH ")\n"
"  --state FOLDER         a file for each domain (" STATE_FOLDER ")\n"
"  --backends FOLDER      where blkback and netback are (beside hvxd)\n"
"  --restart-interval S   least time from restart to restart (10)\n"
"  --pid-file FILE        written when hvxd serves\n"
"  -v, --verbose          say more\n"
"  -h, --help             this text\n"
"\n"
"It stays in the foreground and logs to stderr. Guests run on without it; it\n"
"finds them again when it is started. The protocol of its socket, a JSON object\n"
"a line, is in hvxd(8).\n";

struct options {
	const char *socket, *pid_file;
	bool verbose;
};

static void die(const char *what)
{
	log_err("%s: %s", what, strerror(errno));
	exit(1);
}

static unsigned int number(const char *text, const char *option)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!*text || *end || n > 86400) {
		fprintf(stderr, "hvxd: %s %s: not a number of seconds up to 86400\n",
			option, text);
		exit(2);
	}
	return n;
}

static void parse(int argc, char **argv, struct hvxd *hd, struct options *o)
{
	const char *interval = NULL;
	const struct daemon_option table[] = {
		{ "socket", 0, &o->socket, NULL },
		{ "state", 0, &hd->state_folder, NULL },
		{ "backends", 0, &hd->backend_folder, NULL },
		{ "restart-interval", 0, &interval, NULL },
		{ "pid-file", 0, &o->pid_file, NULL },
		{ "verbose", 'v', NULL, &o->verbose },
		{ 0 },
	};

	daemon_options(argc, argv, usage, table);
	if (interval)
		hd->restart_interval = number(interval, "--restart-interval");
}

/* ---- the loop's callers ---- */

static void on_stopping(void *arg)
{
	struct hvxd *hd = arg;
	struct dom *d = hd->doms;

	while (d && !d->create)
		d = d->next;
	if (d)
		loop_arm(hd->stop_timer, 50);
	else
		loop_stop(hd->loop);
}

/*
 * Creates under way have no future without us: better an end now than half a
 * domain until the next start. A second signal doesn't wait for that.
 */
static void on_signal(void *arg, int signal)
{
	struct hvxd *hd = arg;
	struct fault f;
	struct dom *d, *next;

	(void)signal;
	if (hd->stopping)
		loop_stop(hd->loop);
	hd->stopping = true;
	fault_set(&f, ECANCELED, "create", NULL, "hvxd was stopped");
	for (d = hd->doms; d; d = next) {
		next = d->next;
		if (d->create)
			create_cancel(d, &f);
	}
	on_stopping(hd);
}

static void on_store(void *arg, const char *path)
{
	struct hvxd *hd = arg;

	/* Not now: the store's own work comes first. */
	census_wanted(hd, !strcmp(path, "@introduceDomain"));
}

static void on_census(void *arg)
{
	census_due(arg);
}

/* ---- the start ---- */

static const char *own_folder(void)
{
	static char path[256];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	path[n > 0 ? n : 0] = 0;
	slash = strrchr(path, '/');
	if (slash)
		*slash = 0;
	return path;
}

/* Two of us would make and end the same domains. */
static void take_lock(struct hvxd *hd)
{
	char path[320];

	snprintf(path, sizeof(path), "%s/.lock", hd->state_folder);
	if (daemon_lock(path, "hvxd"))
		exit(1);
}

static void open_store(struct hvxd *hd)
{
	int64_t until = loop_now() + STORE_WAIT_MS;

	while (!(hd->store = store_open(hd->loop, on_store, hd))) {
		if (loop_now() > until) {
			log_err("the store can't be reached: %s; is hvxstored (or xenstored) running?",
				strerror(errno));
			exit(1);
		}
		usleep(50000);
	}
	if (store_watch(hd->store, "@introduceDomain") ||
	    store_watch(hd->store, "@releaseDomain"))
		die("watching domains in the store");
}

static void open_all(struct hvxd *hd)
{
	static const int signals[] = { SIGTERM, SIGINT, 0 };

	signal(SIGPIPE, SIG_IGN);
	hd->loop = loop_new();
	if (!hd->loop || loop_signals(hd->loop, signals, on_signal, hd))
		die("starting");
	if (state_prepare(hd->state_folder))
		die(hd->state_folder);
	take_lock(hd);
	hd->hv = hvctl_open();
	if (!hd->hv) {
		log_err("the hypervisor can't be reached: %s; is this dom0, and is the module xen-privcmd loaded?",
			strerror(errno));
		exit(1);
	}
	hd->census = loop_add_timer(hd->loop, on_census, hd);
	hd->stop_timer = loop_add_timer(hd->loop, on_stopping, hd);
	hd->kernels = kernels_new(hd->loop);
	if (!hd->census || !hd->stop_timer || !hd->kernels)
		die("starting");
	open_store(hd);
}

static void close_all(struct hvxd *hd)
{
	server_free(hd->server);
	hd->server = NULL;
	while (hd->doms)
		dom_free(hd->doms);
	store_close(hd->store);
	kernels_free(hd->kernels);
	loop_del_timer(hd->census);
	loop_del_timer(hd->stop_timer);
	hvctl_close(hd->hv);
	loop_free(hd->loop);
}

int main(int argc, char **argv)
{
	struct options o = { .socket = getenv("HVXD_SOCKET") };
	struct hvxd hd = {
		.state_folder = STATE_FOLDER, .run_folder = RUN_FOLDER,
		.backend_folder = own_folder(), .xen_folder = XEN_FOLDER,
		.restart_interval = 10,
	};
	unsigned int known;

	if (!o.socket)
		o.socket = SOCKET_PATH;
	parse(argc, argv, &hd, &o);
	log_init("hvxd", o.verbose ? LOG_DEBUG : LOG_INFO);
	open_all(&hd);
	if (nodes_init_dom0(&hd))
		die("dom0's nodes in the store");
	known = state_load(&hd);
	census_start(&hd);
	hd.server = server_new(hd.loop, o.socket, request_serve, &hd);
	if (!hd.server)
		die(o.socket);
	if (daemon_write_pid(o.pid_file))
		return 1;
	log_info("serving at %s; %u domains known", o.socket, known);
	notify("READY=1");
	if (loop_run(hd.loop))
		die("waiting");
	notify("STOPPING=1");
	close_all(&hd);
	if (o.pid_file)
		unlink(o.pid_file);
	return 0;
}
