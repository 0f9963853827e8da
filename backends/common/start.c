/* SPDX-License-Identifier: MIT */
#include "start.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/log.h"
#include "common/notify.h"

#define NOBODY		65534
#define DOMID_MAX	0x7fef

static const char usage_text[] =
"usage: %s --domid ID --name NAME --state FD|FILE --control FD [options]\n"
"%s\n"
"\n"
"  --domid ID          the guest\n"
"  --name NAME         its name, for messages\n"
"  --state FD|FILE     memory that outlives this process\n"
"  --control FD        a socket of the parent (SOCK_SEQPACKET)\n"
"  --user UID[:GID]    whom to become (65534)\n"
"  --unconfined        keep all rights: for debugging\n"
"  --verbose           say more\n"
"  --help              this text\n"
"\n"
"example: %s --domid 5 --name web --state 3 --control 4\n";

/* For the help and for messages. */
static const char *program, *serves;
static char title[80];

void start_fail(const char *what)
{
	log_err("%s: %s", what, strerror(errno));
	exit(EXIT_FAILURE);
}

/* ---- options ------------------------------------------------------------ */

static void usage(FILE *to)
{
	fprintf(to, usage_text, program, serves, program);
}

static void misuse(const char *what)
{
	fprintf(stderr, "%s: %s\n", program, what);
	usage(stderr);
	exit(2);
}

static long number(const char *text, long max, const char *what)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < 0 || n > max)
		misuse(what);
	return n;
}

static void parse_user(const char *text, struct start_options *o)
{
	char extra;
	int n = sscanf(text, "%u:%u%c", &o->uid, &o->gid, &extra);

	if (n != 1 && n != 2)
		misuse("--user wants UID or UID:GID");
	if (n == 1)
		o->gid = o->uid;
}

static void set_option(struct start_options *o, int c)
{
	switch (c) {
	case 'd':
		o->domid = number(optarg, DOMID_MAX, "--domid: no domain");
		break;
	case 'n': o->name = optarg; break;
	case 's': o->state = optarg; break;
	case 'c':
		o->control = number(optarg, 1 << 20,
				    "--control: no descriptor");
		break;
	case 'u': parse_user(optarg, o); break;
	case 'U': o->unconfined = true; break;
	case 'v': o->verbose = true; break;
	case 'h':
		usage(stdout);
		exit(0);
	default:
		exit(2);
	}
}

static struct start_options parse(int argc, char **argv)
{
	static const struct option list[] = {
		{ "domid", 1, NULL, 'd' }, { "name", 1, NULL, 'n' },
		{ "state", 1, NULL, 's' }, { "control", 1, NULL, 'c' },
		{ "user", 1, NULL, 'u' }, { "unconfined", 0, NULL, 'U' },
		{ "verbose", 0, NULL, 'v' }, { "help", 0, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	struct start_options o = { .domid = UINT32_MAX, .control = -1,
				   .uid = NOBODY, .gid = NOBODY };
	int c;

	while ((c = getopt_long(argc, argv, "", list, NULL)) != -1)
		set_option(&o, c);
	if (o.domid > DOMID_MAX || !o.name || !o.state || o.control < 0 ||
	    optind != argc)
		misuse("--domid, --name, --state and --control are needed");
	return o;
}

struct start_options start(int argc, char **argv, const char *as,
			   const char *sentence)
{
	struct start_options o;

	program = as;
	serves = sentence;
	o = parse(argc, argv);
	snprintf(title, sizeof(title), "%s %s", program, o.name);
	log_init(title, o.verbose ? LOG_DEBUG : LOG_INFO);
	signal(SIGPIPE, SIG_IGN);
	return o;
}

/* ---- what is opened ----------------------------------------------------- */

static void on_signal(void *arg, int signal)
{
	(void)signal;
	loop_stop(arg);
}

struct loop *start_loop(void)
{
	static const int signals[] = { SIGTERM, SIGINT, 0 };
	struct loop *l = loop_new();

	if (!l || loop_signals(l, signals, on_signal, l))
		start_fail("event loop");
	return l;
}

struct loop_timer *start_timer(struct loop *l, loop_timer_fn *fn, void *arg)
{
	struct loop_timer *t = loop_add_timer(l, fn, arg);

	if (!t)
		start_fail("timers");
	return t;
}

/* A number is a descriptor, anything else a path. */
int start_state(const struct start_options *o)
{
	char *end;
	long fd = strtol(o->state, &end, 10);
	int file;

	if (*o->state && !*end)
		return fd;
	file = open(o->state, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file < 0)
		start_fail(o->state);
	return file;
}

void start_need_state(const void *state)
{
	char what[80];

	if (state)
		return;
	snprintf(what, sizeof(what), "--state: not a file of this %s", program);
	start_fail(errno == EUCLEAN ? what : "--state");
}

struct grants *start_grants(uint32_t domid)
{
	struct grants *g = grants_open(domid);

	if (!g)
		start_fail("/dev/xen/gntdev (is the module xen-gntdev loaded?)");
	return g;
}

struct ports *start_ports(uint32_t domid)
{
	struct ports *p = ports_open(domid);

	if (!p)
		start_fail("/dev/xen/evtchn (is the module xen-evtchn loaded?)");
	return p;
}

/* ---- running ------------------------------------------------------------ */

void start_confine(const struct start_options *o, struct confine c)
{
	c.uid = o->uid;
	c.gid = o->gid;
	if (!o->unconfined && confine(&c))
		start_fail("giving up rights");
}

void start_run(struct loop *l)
{
	notify("READY=1");
	if (loop_run(l))
		start_fail("event loop");
}
