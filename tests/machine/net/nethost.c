/* SPDX-License-Identifier: MIT */
/*
 * Plays the parent of netback: starts it, makes taps and ties them by libbridge,
 * hands them over, kills it and starts it again. Commands come a line each on
 * stdin, what netback says goes to stdout.
 *
 *	nethost NETBACK ARGUMENT...	(--state and --control are added)
 *
 *	attach TAP QUEUES BRIDGE MAC VLAN IP JSON
 *				ties TAP (VLAN 0, IP -: none), sends JSON with
 *				it, now and after each start
 *	forget TAP		not any more; deletes it
 *	send JSON		sends JSON
 *	kill			SIGKILL, and a new start
 *	kills COUNT MS		that many times, with pauses
 *	quit			ends netback by SIGKILL, deletes taps, ends
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "backends/bridge/bridge.h"

#define NICS	4

struct nic {
	char tap[BRIDGE_NAME], json[400];
	int fd[BRIDGE_QUEUES];
	unsigned int queues;
};

static char **program;
static int state, control = -1;
static pid_t child;
static struct nic nic[NICS];
static struct bridges *bridges;
static char why[BRIDGE_WHY];

static void die(const char *what)
{
	fprintf(stderr, "nethost: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void say(const char *text)
{
	printf("nethost: %s\n", text);
	fflush(stdout);
}

static void send_packet(const char *json, const int *fd, unsigned int fds)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int) * BRIDGE_QUEUES)];
	} c = { .head = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
			  .cmsg_len = CMSG_LEN(sizeof(int) * fds) } };
	struct iovec iov = { (void *)(unsigned long)json, strlen(json) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fds) {
		memcpy(CMSG_DATA(&c.head), fd, sizeof(int) * fds);
		m.msg_control = &c;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * fds);
	}
	if (sendmsg(control, &m, MSG_NOSIGNAL) < 0)
		die("sending");
}

/* ---- the process -------------------------------------------------------- */

static void exec_it(int socket)
{
	char a[12], b[12], **args;
	int n;

	for (n = 0; program[n]; n++)
		;
	args = calloc(n + 5, sizeof(*args));
	memcpy(args, program, n * sizeof(*args));
	snprintf(a, sizeof(a), "%d", state);
	snprintf(b, sizeof(b), "%d", socket);
	args[n++] = "--state";
	args[n++] = a;
	args[n++] = "--control";
	args[n++] = b;
	fcntl(state, F_SETFD, 0);
	fcntl(socket, F_SETFD, 0);
	dup2(2, 1);
	execv(args[0], args);
	die(args[0]);
}

static void start(void)
{
	int pair[2], i;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		die("socketpair");
	if (control >= 0)
		close(control);
	control = pair[0];
	child = fork();
	if (child == 0)
		exec_it(pair[1]);
	close(pair[1]);
	for (i = 0; i < NICS; i++)
		if (nic[i].tap[0])
			send_packet(nic[i].json, nic[i].fd, nic[i].queues);
}

static void again(void)
{
	int status;

	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		say("died by itself");
	start();
}

/* One packet, within ms. NULL: none came. */
static const char *relay(int ms)
{
	struct pollfd p = { control, POLLIN, 0 };
	static char packet[4096];
	ssize_t n;

	if (poll(&p, 1, ms) <= 0)
		return NULL;
	n = recv(control, packet, sizeof(packet) - 1, MSG_DONTWAIT);
	if (n <= 0)
		return NULL;
	packet[n] = 0;
	printf("%s\n", packet);
	fflush(stdout);
	return packet;
}

/* Each new process serves the guest before it is killed. */
static void killer(int count, int ms)
{
	const char *said;

	while (count-- > 0) {
		while (relay(0))
			;
		again();
		do
			said = relay(600000);
		while (said && !strstr(said, "\"connected\""));
		usleep(ms * 1000);
	}
	say("killed");
}

/* ---- network cards ------------------------------------------------------ */

static struct nic *find(const char *tap)
{
	int i;

	for (i = 0; i < NICS; i++)
		if (!strcmp(nic[i].tap, tap))
			return &nic[i];
	return NULL;
}

static void attach(const char *line)
{
	char bridge[BRIDGE_NAME], mac[18], ip[100];
	struct nic *n = find("");
	struct port_spec spec = { .bridge = bridge };
	unsigned int m[6], i, vlan;
	int at;

	if (sscanf(line, "%15s %u %15s %17s %u %99s %n", n->tap, &n->queues,
		   bridge, mac, &vlan, ip, &at) != 6 ||
	    sscanf(mac, "%x:%x:%x:%x:%x:%x", &m[0], &m[1], &m[2], &m[3], &m[4],
		   &m[5]) != 6) {
		say("attach what?");
		n->tap[0] = 0;
		return;
	}
	for (i = 0; i < 6; i++)
		spec.mac[i] = m[i];
	spec.vlan = vlan;
	spec.ip = strcmp(ip, "-") ? ip : NULL;
	snprintf(n->json, sizeof(n->json), "%s", line + at);
	if (tap_open(bridges, n->tap, n->queues, n->fd, why) ||
	    port_tie(bridges, n->tap, &spec, NULL, NULL, why)) {
		say(why);
		n->tap[0] = 0;
		return;
	}
	send_packet(n->json, n->fd, n->queues);
}

static void forget(const char *tap)
{
	struct nic *n = find(tap);
	unsigned int i;

	if (!n || !tap[0])
		return;
	for (i = 0; i < n->queues; i++)
		close(n->fd[i]);
	say(tap_delete(bridges, tap, why) ? why : "forgotten");
	n->tap[0] = 0;
}

/* ---- commands ----------------------------------------------------------- */

static void quit(void)
{
	int i;

	kill(child, SIGKILL);
	for (i = 0; i < NICS; i++)
		forget(nic[i].tap);
}

static int command(char *line)
{
	char *rest = strchr(line, ' ');
	int count, ms;

	line[strcspn(line, "\n")] = 0;
	if (rest)
		*rest++ = 0;
	else
		rest = line + strlen(line);
	if (!strcmp(line, "attach"))
		attach(rest);
	else if (!strcmp(line, "forget"))
		forget(rest);
	else if (!strcmp(line, "send"))
		send_packet(rest, NULL, 0);
	else if (!strcmp(line, "kill"))
		again();
	else if (!strcmp(line, "kills") &&
		 sscanf(rest, "%d %d", &count, &ms) == 2)
		killer(count, ms);
	else if (!strcmp(line, "quit"))
		return 0;
	else
		say("what?");
	return 1;
}

static void follow(void)
{
	struct pollfd p[2] = { { 0, POLLIN, 0 }, { 0, POLLIN, 0 } };
	char line[1024];
	int status;

	for (;;) {
		p[1].fd = control;
		poll(p, 2, 1000);
		if (p[1].revents & POLLIN)
			relay(0);
		if (waitpid(child, &status, WNOHANG) == child) {
			say("died by itself");
			usleep(300000);
			start();
		}
		if (!(p[0].revents & (POLLIN | POLLHUP)))
			continue;
		if (!fgets(line, sizeof(line), stdin)) {
			clearerr(stdin);
			usleep(100000);
		} else if (!command(line)) {
			return;
		}
	}
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: nethost NETBACK ARGUMENT...\n");
		return 2;
	}
	program = argv + 1;
	setvbuf(stdin, NULL, _IONBF, 0);
	state = memfd_create("netback", MFD_CLOEXEC);
	bridges = bridges_open();
	if (state < 0 || !bridges)
		die("starting");
	start();
	follow();
	quit();
	return 0;
}
