/* SPDX-License-Identifier: MIT */
/* hvxconsoled: guests' consoles. Options, signals, and how the parts meet. */
#include <errno.h>
#include <getopt.h>
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

static void usage(FILE *to)
{
	fputs("Usage: hvxconsoled [OPTION]...\n"
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
	      "Example: hvxconsoled --log-limit 16384 -v\n",
	      to);
}

static int parse_limit(const char *text, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && *out >= 4 &&
	    *out <= 1UL << 30)
		return 0;
	fprintf(stderr, "hvxconsoled: --log-limit %s: expected KiB, 4 or more\n",
		text);
	return -1;
}

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "log-dir", required_argument, NULL, 'd' },
		{ "log-limit", required_argument, NULL, 'l' },
		{ "run-dir", required_argument, NULL, 'r' },
		{ "pid-file", required_argument, NULL, 'p' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "vh", longs, NULL)) != -1) {
		switch (c) {
		case 'd':
			o->log_folder = strcmp(optarg, "none") ? optarg : NULL;
			break;
		case 'l':
			if (parse_limit(optarg, &o->log_limit))
				return 2;
			break;
		case 'r':
			o->run_folder = optarg;
			break;
		case 'p':
			o->pid_file = optarg;
			break;
		case 'v':
			o->verbose = true;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "hvxconsoled: %s: no arguments are expected\n",
		argv[optind]);
	return 2;
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
	int status = parse(argc, argv, &o);

	if (status >= 0)
		return status;
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
