/* SPDX-License-Identifier: MIT */
/* hvxconsoled: guests' consoles. Options, signals, and how the parts meet. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <common/daemon.h>
#include <common/log.h>
#include <common/loop.h>
#include <common/notify.h>
#include <libhvxs/hvxs.h>
#include "attach.h"
#include "console.h"
#include "domains.h"

/* How long a call waits for a store that is away, ms. Later calls don't: what
 * they were for is done when the store is back. */
#define STORE_PATIENCE	100

struct options {
	const char *log_folder, *run_folder, *pid_file;
	unsigned long log_limit;	/* KiB */
	bool verbose;
};

struct daemon {
	struct consoles consoles;
	struct domains *domains;
	struct attach *attach;
	struct xs_handle *xs;
};

static const char usage[] =
"Usage: hvxconsoled [OPTION]...\n"
"Serves guests' consoles: a log, a terminal, a socket.\n"
"\n"
"  --log-dir DIR    for logs (/var/log/xen/console); none: no logs\n"
"  --log-limit KIB  a log begins anew at this size (4096)\n"
"  --run-dir DIR    socket and recent output (/run/hvx)\n"
"  --pid-file FILE  written when hvxconsoled serves\n"
"  -v, --verbose    says more\n"
"  -h, --help\n"
"\n"
"SIGHUP opens all logs again.\n"
"Example: hvxconsoled --log-limit 16384 -v\n";

static unsigned long limit(const char *text)
{
	unsigned long kib;
	char *end;

	errno = 0;
	kib = strtoul(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && kib >= 4 &&
	    kib <= 1UL << 30)
		return kib;
	fprintf(stderr, "hvxconsoled: --log-limit %s: expected KiB, 4 or more\n",
		text);
	exit(2);
}

static void parse(int argc, char **argv, struct options *o)
{
	const char *kib = NULL;
	const struct daemon_option table[] = {
		{ "log-dir", 0, &o->log_folder, NULL },
		{ "log-limit", 0, &kib, NULL },
		{ "run-dir", 0, &o->run_folder, NULL },
		{ "pid-file", 0, &o->pid_file, NULL },
		{ "verbose", 'v', NULL, &o->verbose },
		{ 0 },
	};

	daemon_options(argc, argv, usage, table);
	if (!strcmp(o->log_folder, "none"))
		o->log_folder = NULL;
	if (kib)
		o->log_limit = limit(kib);
}

static void changed(void *arg)
{
	struct daemon *d = arg;

	if (d->attach)
		attach_look(d->attach);
}

static void on_signal(void *arg, int signal)
{
	struct daemon *d = arg;

	if (signal == SIGHUP)
		domains_reopen_logs(d->domains);
	else
		loop_stop(d->consoles.loop);
}

static int fail(const char *what, const char *hint)
{
	log_err("%s: %s%s", what, strerror(errno), hint);
	return -1;
}

static int open_folders(struct consoles *all, const struct options *o,
			char *history)
{
	snprintf(history, PATH_MAX, "%s/console", o->run_folder);
	if (daemon_make_folder(o->run_folder, 0755) ||
	    daemon_make_folder(history, 0700))
		return fail(history, "");
	if (o->log_folder && daemon_make_folder(o->log_folder, 0750))
		return fail(o->log_folder, "; --log-dir names another");
	all->history_folder = history;
	all->log_folder = o->log_folder;
	all->log_limit = o->log_limit << 10;
	return 0;
}

/* Everything that can be missing; says what. */
static int open_all(struct daemon *d, const struct options *o)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, 0 };
	static char history[PATH_MAX], sock[PATH_MAX];
	struct consoles *all = &d->consoles;
	const char *what;

	if (open_folders(all, o, history))
		return -1;
	all->loop = loop_new();
	if (!all->loop || loop_signals(all->loop, signals, on_signal, d))
		return fail("event loop", "");
	all->hyper = hyper_open(&what);
	if (!all->hyper)
		return fail(what, "; is this dom0, with Xen's modules loaded?");
	if (consoles_init(all))
		return fail("event loop", "");
	d->xs = xs_open(HVXS_RECONNECT);
	if (!d->xs)
		return fail("store", "; is hvxstored running?");
	d->domains = domains_open(all, d->xs, changed, d);
	if (!d->domains)
		return fail("store", "; its watches are refused");
	/* From now on guests' consoles are more urgent. */
	hvxs_patience(d->xs, STORE_PATIENCE);
	snprintf(sock, sizeof(sock), "%s/console.sock", o->run_folder);
	d->attach = attach_open(all, sock, domains_there, d->domains);
	return d->attach ? 0 : fail(sock, "");
}

static void close_all(struct daemon *d)
{
	attach_close(d->attach);
	domains_close(d->domains);
	consoles_free(&d->consoles);
	xs_close(d->xs);
	hyper_close(d->consoles.hyper);
	loop_free(d->consoles.loop);
}

int main(int argc, char **argv)
{
	static struct daemon d;
	struct options o = {
		.log_folder = "/var/log/xen/console",
		.run_folder = "/run/hvx",
		.log_limit = 4096,
	};

	parse(argc, argv, &o);
	log_init("hvxconsoled", o.verbose ? LOG_DEBUG : LOG_INFO);
	signal(SIGPIPE, SIG_IGN);
	/* A guest needs some five, a client one. */
	daemon_raise_files();
	if (open_all(&d, &o) || daemon_write_pid(o.pid_file))
		return 1;
	notify("READY=1");
	if (loop_run(d.consoles.loop))
		fail("event loop", "");
	notify("STOPPING=1");
	close_all(&d);
	if (o.pid_file)
		unlink(o.pid_file);
	return 0;
}
