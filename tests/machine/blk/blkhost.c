/* SPDX-License-Identifier: MIT */
/*
 * Plays the parent of blkback: starts it, hands over disks, kills it and starts
 * it again. Commands come a line each on stdin, what blkback says goes to
 * stdout.
 *
 *	blkhost BLKBACK ARGUMENT...	(--state and --control are added)
 *
 *	attach PATH JSON	opens PATH (read-only if JSON says so) and sends
 *				JSON with it, now and after each start
 *	send JSON		sends JSON
 *	kill			SIGKILL, and a new start
 *	kills COUNT MS		that many times; MS from having its disks on
 *	quit			ends blkback by SIGKILL, and this
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

#define DISKS	16

static char **program;
static int state, control = -1;
static pid_t child;
static struct {
	char *path, *json;
} disk[DISKS];
static int disks;
static int good;			/* that blkback takes: those of the
					 * attach lines that don't say "bad" */

static void die(const char *what)
{
	fprintf(stderr, "blkhost: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void send_packet(const char *json, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} c = { .head = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
			  .cmsg_len = CMSG_LEN(sizeof(int)) } };
	struct iovec iov = { (void *)(unsigned long)json, strlen(json) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		memcpy(CMSG_DATA(&c.head), &fd, sizeof(fd));
		m.msg_control = &c;
		m.msg_controllen = sizeof(c);
	}
	if (sendmsg(control, &m, MSG_NOSIGNAL) < 0)
		die("sending");
}

static void attach(const char *path, const char *json)
{
	int fd = open(path, (strstr(json, "\"readonly\":true") ? O_RDONLY :
			     O_RDWR) | O_CLOEXEC);

	if (fd < 0)
		die(path);
	send_packet(json, fd);
	close(fd);
}

static void start(void)
{
	char a[12], b[12];
	int pair[2], n, i;
	char **args;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		die("socketpair");
	if (control >= 0)
		close(control);
	control = pair[0];
	for (n = 0; program[n]; n++)
		;
	args = calloc(n + 5, sizeof(*args));
	memcpy(args, program, n * sizeof(*args));
	snprintf(a, sizeof(a), "%d", state);
	snprintf(b, sizeof(b), "%d", pair[1]);
	args[n++] = "--state";
	args[n++] = a;
	args[n++] = "--control";
	args[n++] = b;
	child = fork();
	if (child == 0) {
		fcntl(state, F_SETFD, 0);
		fcntl(pair[1], F_SETFD, 0);
		dup2(2, 1);
		execv(args[0], args);
		die(args[0]);
	}
	free(args);
	close(pair[1]);
	for (i = 0; i < disks; i++)
		attach(disk[i].path, disk[i].json);
}

static void again(void)
{
	int status;

	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		printf("blkhost: died by itself: status %x\n", status);
	start();
}

/* Prints what blkback has said; how many answers with "ok" there were. */
static int relay(int ms)
{
	struct pollfd p = { control, POLLIN, 0 };
	char packet[4096];
	int answers = 0;
	ssize_t n;

	while (poll(&p, 1, ms) > 0) {
		n = recv(control, packet, sizeof(packet) - 1, MSG_DONTWAIT);
		if (n <= 0)
			break;
		packet[n] = 0;
		answers += strstr(packet, "\"ok\"") != NULL;
		printf("%s\n", packet);
		fflush(stdout);
		ms = 0;
	}
	return answers;
}

/* Each one gets its disks back first, and ms to serve them. */
static void killer(int count, int ms)
{
	int back = good, tries;

	while (count-- > 0) {
		for (tries = 0; back < good && tries < 600; tries++)
			back += relay(100);
		usleep(ms * 1000);
		relay(0);
		again();
		back = 0;
	}
	printf("blkhost: killed\n");
	fflush(stdout);
}

static int command(char *line)
{
	char *rest = strchr(line, ' ');
	int count, ms;

	line[strcspn(line, "\n")] = 0;
	if (rest)
		*rest++ = 0;
	if (!strcmp(line, "attach") && rest && strchr(rest, ' ')) {
		disk[disks].path = strdup(rest);
		disk[disks].json = strchr(disk[disks].path, ' ');
		*disk[disks].json++ = 0;
		attach(disk[disks].path, disk[disks].json);
		good += !strstr(disk[disks].json, "\"bad\"");
		disks++;
	} else if (!strcmp(line, "send") && rest) {
		send_packet(rest, -1);
	} else if (!strcmp(line, "kill")) {
		again();
	} else if (!strcmp(line, "kills") && rest &&
		   sscanf(rest, "%d %d", &count, &ms) == 2) {
		killer(count, ms);
	} else if (!strcmp(line, "quit")) {
		kill(child, SIGKILL);
		return 0;
	} else {
		printf("blkhost: what is '%s'?\n", line);
	}
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
			printf("blkhost: died by itself: status %x\n", status);
			fflush(stdout);
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
		fprintf(stderr, "usage: blkhost BLKBACK ARGUMENT...\n");
		return 2;
	}
	program = argv + 1;
	setvbuf(stdin, NULL, _IONBF, 0);
	state = memfd_create("blkback", MFD_CLOEXEC);
	if (state < 0)
		die("memfd");
	start();
	follow();
	return 0;
}
