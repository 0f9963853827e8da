/* SPDX-License-Identifier: MIT */
/*
 * hvxallocd: decides how much memory guests have. This file reads options and
 * ties the parts to the loop: observe.c what there is, policy.c what is to be,
 * apply.c how it becomes so; reserve.c guests that are to come; requests.c what
 * clients ask for.
 */
#include "allocd.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <common/daemon.h>
#include <common/log.h>
#include <common/notify.h>

#define SOCKET_PATH	"/run/hvx/hvxallocd.sock"
#define LOCK_PATH	"/run/hvx/hvxallocd.lock"
/* So long a store daemon that starts beside us is waited for, and one that is
 * started again. */
#define STORE_WAIT_MS	30000
#define STORE_AWAY_MS	2000

static const char usage[] =
"usage: hvxallocd [OPTION]...\n"
"Decides how much memory guests have, by their floors, weights and use, and\n"
"finds room for new ones.\n"
"\n"
"  --socket PATH    where clients ask (" SOCKET_PATH ")\n"
"  --slack MIB      memory that no guest gets (32)\n"
"  --pid-file FILE  written when hvxallocd serves\n"
"  -v, --verbose    say each decision in the log, too\n"
"  -h, --help       this text\n"
"\n"
"It stays in the foreground and logs to stderr. Without it guests keep what\n"
"they have. hvxl alloc shows and sets what it goes by; hvxl events shows its\n"
"decisions. See hvxallocd(8).\n";

struct options {
	const char *socket, *pid_file;
	uint64_t slack;			/* MiB */
	bool verbose;
};

static void die(const char *what)
{
	log_err("%s: %s", what, strerror(errno));
	exit(1);
}

static uint64_t mib(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!*text || *end || n > 1 << 20) {
		fprintf(stderr, "hvxallocd: --slack %s: not a number of MiB up to 1048576\n",
			text);
		exit(2);
	}
	return n;
}

static void parse(int argc, char **argv, struct options *o)
{
	const char *slack = NULL;
	const struct daemon_option table[] = {
		{ "socket", 0, &o->socket, NULL },
		{ "slack", 0, &slack, NULL },
		{ "pid-file", 0, &o->pid_file, NULL },
		{ "verbose", 'v', NULL, &o->verbose },
		{ 0 },
	};

	daemon_options(argc, argv, usage, table);
	if (slack)
		o->slack = mib(slack);
}

static void on_signal(void *arg, int signal)
{
	struct allocd *a = arg;

	(void)signal;
	loop_stop(a->loop);
}

static void on_timer(void *arg)
{
	round_run(arg);
}

static void open_store(struct allocd *a)
{
	int64_t until = loop_now() + STORE_WAIT_MS;

	while (!(a->xs = xs_open(XS_OPEN_SOCKETONLY | HVXS_RECONNECT))) {
		if (loop_now() > until) {
			log_err("the store can't be reached: %s; is hvxstored (or xenstored) running?",
				strerror(errno));
			exit(1);
		}
		usleep(50000);
	}
	hvxs_patience(a->xs, STORE_AWAY_MS);
}

static void open_all(struct allocd *a, const struct options *o)
{
	static const int signals[] = { SIGTERM, SIGINT, 0 };

	signal(SIGPIPE, SIG_IGN);
	a->loop = loop_new();
	if (!a->loop || loop_signals(a->loop, signals, on_signal, a))
		die("starting");
	if (daemon_lock(LOCK_PATH, "hvxallocd"))
		exit(1);
	a->hv = hvctl_open();
	if (!a->hv) {
		log_err("the hypervisor can't be reached: %s; is this dom0, and is the module xen-privcmd loaded?",
			strerror(errno));
		exit(1);
	}
	open_store(a);
	settings_load(a);
	a->timer = loop_add_timer(a->loop, on_timer, a);
	if (!a->timer)
		die("starting");
	if (hear_start(a))
		die("starting");
	a->server = server_new(a->loop, o->socket, request_serve, a);
	if (!a->server)
		die(o->socket);
}

static void close_all(struct allocd *a)
{
	server_free(a->server);
	loop_del_timer(a->timer);
	xs_close(a->xs);
	hvctl_close(a->hv);
	loop_free(a->loop);
	free(a->guests);
	free(a->infos);
	free(a->moves);
	free(a->gives);
}

int main(int argc, char **argv)
{
	struct options o = { .socket = getenv("HVXALLOCD_SOCKET"),
			     .slack = 32 };
	struct allocd a = { .rules = alloc_default_rules, .interval = 1000,
			    .sample = 4000, .samples = 512, .silence = 120000,
			    .unseen = 32 << 10,
			    .dom0_cpu = 10 };

	if (!o.socket)
		o.socket = SOCKET_PATH;
	parse(argc, argv, &o);
	log_init("hvxallocd", o.verbose ? LOG_DEBUG : LOG_INFO);
	a.host.slack = o.slack << 10;
	open_all(&a, &o);
	round_run(&a);
	if (daemon_write_pid(o.pid_file))
		return 1;
	log_info("serving at %s; %u domains", o.socket, a.count);
	notify("READY=1");
	if (loop_run(a.loop))
		die("waiting");
	notify("STOPPING=1");
	close_all(&a);
	if (o.pid_file)
		unlink(o.pid_file);
	return 0;
}
