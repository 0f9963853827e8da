/* SPDX-License-Identifier: MIT */
#include "attach.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <common/log.h>

#define LINE_LONGEST	80
#define CLIENTS_MAX	256		/* that have no console yet */

struct client {
	struct client *next;
	struct attach *attach;
	int fd;
	struct loop_fd *source;
	char line[LINE_LONGEST];
	size_t len;
	bool asked;			/* the line is whole; these are of it */
	unsigned int domid;
	bool from;
	unsigned long long pos;
};

struct attach {
	struct consoles *all;
	bool (*there)(void *arg, uint32_t domid);
	void *arg;
	char *path;
	int fd;
	struct loop_fd *source;
	struct client *clients;
	unsigned int count;
};

/* Forgets the client; its socket is closed, or somebody else's now. */
static void client_end(struct client *k, bool close_it)
{
	struct client **p = &k->attach->clients;

	while (*p != k)
		p = &(*p)->next;
	*p = k->next;
	k->attach->count--;
	loop_del_fd(k->source);
	if (close_it)
		close(k->fd);
	free(k);
}

static void say(struct client *k, const char *line)
{
	/* It fits into a new socket, or the client is none of ours. */
	if (send(k->fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return;
}

static void refuse(struct client *k, const char *why)
{
	char line[128];

	snprintf(line, sizeof(line), "error %s\n", why);
	say(k, line);
	client_end(k, true);
}

/* Gives the client its console, if that is there. */
static void serve(struct client *k)
{
	struct console *c = console_find(k->attach->all, k->domid);
	uint64_t pos;
	char line[64];

	if (!c && k->attach->there(k->attach->arg, k->domid))
		return;
	if (!c) {
		refuse(k, "no such domain");
		return;
	}
	pos = console_start(c);
	if (k->from && k->pos > pos)
		pos = k->pos;
	if (pos > history_total(&c->history))
		pos = history_total(&c->history);
	snprintf(line, sizeof(line), "ok %llu\n", (unsigned long long)pos);
	say(k, line);
	loop_del_fd(k->source);
	k->source = NULL;
	if (console_look(c, k->fd, pos))
		close(k->fd);
	client_end(k, false);
}

/* What came up to a newline. False: it isn't a request. */
static bool parse(struct client *k)
{
	int end = -1;

	if (sscanf(k->line, "attach %5u %20llu%n", &k->domid, &k->pos, &end)
	    == 2 && end >= 0 && !k->line[end]) {
		k->from = true;
		return true;
	}
	end = -1;
	return sscanf(k->line, "attach %5u%n", &k->domid, &end) == 1 &&
	       end >= 0 && !k->line[end];
}

static void on_client(void *arg, uint32_t events)
{
	struct client *k = arg;
	ssize_t n;

	(void)events;
	/* Byte by byte, since what follows the line is the guest's. */
	while (!k->asked) {
		n = recv(k->fd, k->line + k->len, 1, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0 || k->len == sizeof(k->line) - 1) {
			client_end(k, true);
			return;
		}
		k->asked = k->line[k->len] == '\n';
		if (!k->asked)
			k->len++;
	}
	if (k->line[k->len] == '\n') {
		k->line[k->len] = 0;
		loop_set_events(k->source, 0);
		if (parse(k))
			serve(k);
		else
			refuse(k, "expected: attach DOMID [POS]");
		return;
	}
	client_end(k, true);		/* hung up while it waited */
}

static void on_connect(void *arg, uint32_t events)
{
	struct attach *a = arg;
	struct client *k;
	int fd = accept4(a->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0)
		return;
	k = a->count < CLIENTS_MAX ? calloc(1, sizeof(*k)) : NULL;
	if (k)
		k->source = loop_add_fd(a->all->loop, fd, EPOLLIN, on_client,
					k);
	if (!k || !k->source) {
		log_warn("a client is turned away: %s",
			 k ? strerror(errno) : "too many");
		free(k);
		close(fd);
		return;
	}
	k->attach = a;
	k->fd = fd;
	k->next = a->clients;
	a->clients = k;
	a->count++;
}

void attach_look(struct attach *a)
{
	struct client *k, *next;

	for (k = a->clients; k; k = next) {
		next = k->next;
		if (k->asked)
			serve(k);
	}
}

static int serve_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, error;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(addr.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	unlink(path);
	/* Whoever can type on consoles is root; so it is from the first. */
	if (fchmod(fd, 0600) ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    chmod(path, 0600) || listen(fd, 64)) {
		error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

struct attach *attach_open(struct consoles *all, const char *path,
			   bool (*there)(void *arg, uint32_t domid), void *arg)
{
	struct attach *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->all = all;
	a->there = there;
	a->arg = arg;
	a->path = strdup(path);
	a->fd = a->path ? serve_socket(path) : -1;
	if (a->fd >= 0)
		a->source = loop_add_fd(all->loop, a->fd, EPOLLIN, on_connect,
					a);
	if (a->source)
		return a;
	if (a->fd >= 0)
		close(a->fd);
	free(a->path);
	free(a);
	return NULL;
}

void attach_close(struct attach *a)
{
	while (a->clients)
		client_end(a->clients, true);
	loop_del_fd(a->source);
	close(a->fd);
	unlink(a->path);
	free(a->path);
	free(a);
}
