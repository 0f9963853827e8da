/* SPDX-License-Identifier: MIT */
/* hvxstored: the store daemon. Options, files, and the loop. */
#include "conn.h"
#include "dom.h"
#include "handover.h"
#include "mem.h"
#include "state.h"
#include "store.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <common/daemon.h>
#include <common/notify.h>

#define SOCKET		"/run/xenstored/socket"
#define STATE_DIR	"/run/hvx/store"

static const char usage[] =
"Usage: hvxstored [OPTION]...\n"
"The store of a Xen host: a tree of values that domains and tools share.\n"
"Stays in the foreground and logs to stderr.\n"
"\n"
"  -s, --socket PATH      where dom0's programs connect\n"
"                         (" SOCKET ")\n"
"  -d, --state-dir DIR    what is kept from one start to the next\n"
"                         (" STATE_DIR "; nowhere with --no-xen)\n"
"  -p, --pid-file FILE    written once it serves\n"
"  -n, --no-xen           sockets only, for tests\n"
"  -v, --verbose          log each request\n"
"  -h, --help             this\n"
"\n"
"Killed and started again, it goes on where it was. Examples:\n"
"  hvxstored --pid-file /run/xenstored.pid\n"
"  hvxstored --no-xen --socket /tmp/xs & XENSTORED_PATH=/tmp/xs xenstore-ls\n";

struct options {
	const char *socket, *dir, *pid_file;
	bool no_xen;
	int handover;			/* from a live update; -1: none */
};

static char **arguments;
static int listener = -1;

static void parse(struct options *o, int argc, char **argv)
{
	const char *handover = NULL;
	const struct daemon_option table[] = {
		{ "socket", 's', &o->socket, NULL },
		{ "state-dir", 'd', &o->dir, NULL },
		{ "pid-file", 'p', &o->pid_file, NULL },
		{ "no-xen", 'n', NULL, &o->no_xen },
		{ "verbose", 'v', NULL, &wire_trace },
		{ "handover", 0, &handover, NULL },
		{ 0 },
	};

	daemon_options(argc, argv, usage, table);
	if (handover)
		o->handover = atoi(handover);
	if (!o->dir && !o->no_xen)
		o->dir = STATE_DIR;
}

/* One daemon a state folder; the lock goes with the process. */
static int lock(const char *dir)
{
	char *file;
	int fd;

	if (daemon_make_folder(dir, 0700)) {
		log_err("%s: %s", dir, strerror(errno));
		return -1;
	}
	if (asprintf(&file, "%s/lock", dir) < 0)
		mem_check(NULL);
	fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno == EWOULDBLOCK)
			log_err("%s: another hvxstored runs; end that one "
				"first", dir);
		else
			log_err("%s: %s", file, strerror(errno));
		free(file);
		return -1;
	}
	free(file);
	return 0;
}

static int listen_at(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char *slash;
	int fd;

	if (strlen(path) >= sizeof(a.sun_path)) {
		log_err("%s: too long for a socket's name", path);
		return -1;
	}
	/* Its folder first. */
	strcpy(a.sun_path, path);
	slash = strrchr(a.sun_path, '/');
	if (slash && slash != a.sun_path) {
		*slash = 0;
		if (daemon_make_folder(a.sun_path, 0755))
			goto bad;
		*slash = '/';
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		goto bad;
	unlink(path);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || chmod(path, 0600) ||
	    listen(fd, 128)) {
		close(fd);
		goto bad;
	}
	return fd;
bad:
	log_err("%s: %s", path, strerror(errno));
	return -1;
}

/* The socket of the program that this was, or a new one. */
static int serve_socket(const struct options *o)
{
	if (o->handover >= 0) {
		listener = handover_adopt(o->handover);
		if (listener < 0)
			log_err("nothing was handed over");
	}
	if (listener < 0)
		listener = listen_at(o->socket);
	if (listener < 0 || conn_listen(listener))
		return -1;
	conn_run();
	return 0;
}

static void live_update(void)
{
	log_info("live update");
	handover_exec(arguments, listener);
}

static int open_xen(struct loop *l)
{
	const char *what;

	if (!xen_open(l, dom_event, NULL, &what))
		return 0;
	log_err("%s: %s; is this dom0, with xen_evtchn, xen_gntdev and "
		"xen_privcmd loaded? (--no-xen serves sockets only)", what,
		strerror(errno));
	return -1;
}

static void on_signal(void *arg, int sig)
{
	(void)sig;
	loop_stop(arg);
}

int main(int argc, char **argv)
{
	static const int signals[] = { SIGTERM, SIGINT, 0 };
	struct options o = { .socket = SOCKET, .handover = -1 };
	struct loop *l;
	int rc;

	log_init("hvxstored", LOG_INFO);
	arguments = argv;
	parse(&o, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	umask(022);
	daemon_raise_files();
	l = loop_new();
	if (!l || loop_signals(l, signals, on_signal, l)) {
		log_err("can't start: %s", strerror(errno));
		return 1;
	}
	if ((o.dir && lock(o.dir)) || (!o.no_xen && open_xen(l)) ||
	    store_start(l, o.dir) || serve_socket(&o) ||
	    daemon_write_pid(o.pid_file))
		return 1;
	handover_now = o.dir ? live_update : NULL;
	notify("READY=1");
	rc = loop_run(l);
	notify("STOPPING=1");
	state_compact();
	store_stop();
	xen_close();
	loop_free(l);
	if (o.pid_file)
		unlink(o.pid_file);
	return rc ? 1 : 0;
}
