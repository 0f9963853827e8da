/* SPDX-License-Identifier: MIT */
/*
 * blkback: all disks of one guest. It opens what it needs as root, gives up
 * its rights, and then hears of its first disk.
 */
#include "blkback.h"

#include <errno.h>
#include <getopt.h>
#include <linux/fs.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>
#include <xen/sys/evtchn.h>
#include <xen/sys/gntdev.h>
#include "backends/common/confine.h"
#include "common/log.h"
#include "common/notify.h"

#define IO_ENTRIES	512
#define NOBODY		65534

static const char usage[] =
"usage: blkback --domid ID --name NAME --state FD|FILE --control FD [options]\n"
"Serves the disks of one guest; started by hvxd, which hands over the disks.\n"
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
"example: blkback --domid 5 --name web --state 3 --control 4\n";

struct options {
	const char *name, *state;
	long domid, control;
	unsigned int uid, gid;
	bool unconfined, verbose;
};

static const int calls[] = {
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(close), SCMP_SYS(fcntl),
	SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(lseek),
	SCMP_SYS(pread64), SCMP_SYS(mmap), SCMP_SYS(munmap),
	SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk),
	SCMP_SYS(io_uring_enter), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait), SCMP_SYS(poll), SCMP_SYS(futex),
	SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(sendto),
	SCMP_SYS(recvfrom), SCMP_SYS(writev), SCMP_SYS(clock_gettime),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
	SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(getrandom),
	SCMP_SYS(timerfd_settime), SCMP_SYS(shutdown),
	SCMP_SYS(exit), SCMP_SYS(exit_group), -1
};

static const unsigned long ioctls[] = {
	IOCTL_GNTDEV_MAP_GRANT_REF, IOCTL_GNTDEV_UNMAP_GRANT_REF,
	IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR, IOCTL_GNTDEV_GRANT_COPY,
	IOCTL_EVTCHN_BIND_INTERDOMAIN, IOCTL_EVTCHN_UNBIND,
	IOCTL_EVTCHN_NOTIFY, BLKGETSIZE64, BLKSSZGET, BLKPBSZGET, 0
};

static void fail(const char *what)
{
	log_err("%s: %s", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static void misuse(const char *what)
{
	fprintf(stderr, "blkback: %s\n%s", what, usage);
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

static void parse_user(const char *text, struct options *o)
{
	char extra;
	int n = sscanf(text, "%u:%u%c", &o->uid, &o->gid, &extra);

	if (n != 1 && n != 2)
		misuse("--user wants UID or UID:GID");
	if (n == 1)
		o->gid = o->uid;
}

static struct options parse(int argc, char **argv)
{
	static const struct option list[] = {
		{ "domid", 1, NULL, 'd' }, { "name", 1, NULL, 'n' },
		{ "state", 1, NULL, 's' }, { "control", 1, NULL, 'c' },
		{ "user", 1, NULL, 'u' }, { "unconfined", 0, NULL, 'U' },
		{ "verbose", 0, NULL, 'v' }, { "help", 0, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	struct options o = { .domid = -1, .control = -1, .uid = NOBODY,
			     .gid = NOBODY };
	int c;

	while ((c = getopt_long(argc, argv, "", list, NULL)) != -1)
		switch (c) {
		case 'd':
			o.domid = number(optarg, 0x7fef, "--domid: no domain");
			break;
		case 'n': o.name = optarg; break;
		case 's': o.state = optarg; break;
		case 'c':
			o.control = number(optarg, 1 << 20,
					   "--control: no descriptor");
			break;
		case 'u': parse_user(optarg, &o); break;
		case 'U': o.unconfined = true; break;
		case 'v': o.verbose = true; break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			exit(2);
		}
	if (o.domid < 0 || !o.name || !o.state || o.control < 0 ||
	    optind != argc)
		misuse("--domid, --name, --state and --control are needed");
	return o;
}

/* A number is a descriptor, anything else a path. */
static int state_fd(const char *text)
{
	char *end;
	long fd = strtol(text, &end, 10);
	int file;

	if (*text && !*end)
		return fd;
	file = open(text, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file < 0)
		fail(text);
	return file;
}

static void open_all(struct service *s, const struct options *o)
{
	int held;

	s->state = state_open(state_fd(o->state), &held);
	if (!s->state)
		fail(errno == EUCLEAN ? "--state: not a file of this blkback" :
		     "--state");
	s->grants = grants_open(s->domid);
	if (!s->grants)
		fail("/dev/xen/gntdev (is the module xen-gntdev loaded?)");
	s->ports = ports_open(s->domid);
	if (!s->ports)
		fail("/dev/xen/evtchn (is the module xen-evtchn loaded?)");
	s->io = io_open(IO_ENTRIES, held);
	if (!s->io)
		fail("io_uring");
	close(held);
	if (pool_init(&s->pool))
		fail("memory for buffers");
	if (!xs_start(s))
		fail("the store (is its daemon running?)");
}

static void on_signal(void *arg, int signal)
{
	struct service *s = arg;

	(void)signal;
	loop_stop(s->loop);
}

static void start_loop(struct service *s)
{
	static const int signals[] = { SIGTERM, SIGINT, 0 };

	s->loop = loop_new();
	if (!s->loop || loop_signals(s->loop, signals, on_signal, s))
		fail("event loop");
	s->again = loop_add_timer(s->loop, service_on_again, s);
	s->slow = loop_add_timer(s->loop, service_on_slow, s);
	s->idle = loop_add_timer(s->loop, service_on_idle, s);
	s->later = loop_add_timer(s->loop, vbd_on_later, s);
	if (!s->again || !s->slow || !s->idle || !s->later)
		fail("timers");
}

static void listen_all(struct service *s, const struct options *o)
{
	if (!loop_add_fd(s->loop, ports_fd(s->ports), EPOLLIN,
			 service_on_ports, s) ||
	    !loop_add_fd(s->loop, io_fd(s->io), EPOLLIN, service_on_io, s) ||
	    control_start(s, o->control))
		fail("event loop");
}

static void give_up_rights(const struct options *o)
{
	const struct confine c = {
		.uid = o->uid, .gid = o->gid,
		.address_space = 512 << 20, .files = 256,
		.calls = calls, .ioctls = ioctls,
	};

	if (!o->unconfined && confine(&c))
		fail("giving up rights");
}

int main(int argc, char **argv)
{
	struct options o = parse(argc, argv);
	struct service s = { .domid = o.domid };
	char program[80];

	snprintf(program, sizeof(program), "blkback %s", o.name);
	log_init(program, o.verbose ? LOG_DEBUG : LOG_INFO);
	signal(SIGPIPE, SIG_IGN);
	list_init(&s.ready);
	list_init(&s.starved);
	start_loop(&s);
	open_all(&s, &o);
	give_up_rights(&o);
	listen_all(&s, &o);
	notify("READY=1");
	if (loop_run(s.loop))
		fail("event loop");
	return 0;
}
