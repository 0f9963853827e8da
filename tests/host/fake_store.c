/* SPDX-License-Identifier: MIT */
#include "fake_store.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <abi/io/xs_wire.h>

static void must(bool ok, const char *what)
{
	if (!ok) {
		perror(what);
		abort();
	}
}

void fake_listen(struct fake_store *f)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	memcpy(a.sun_path, f->path, strlen(f->path));
	f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(f->listener >= 0, "socket");
	must(!bind(f->listener, (struct sockaddr *)&a, sizeof(a)), "bind");
	must(!listen(f->listener, 4), "listen");
}

void fake_unlisten(struct fake_store *f)
{
	close(f->listener);
	f->listener = -1;
	unlink(f->path);
}

void fake_accept(struct fake_store *f)
{
	f->conn = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC);
	must(f->conn >= 0, "accept");
}

void fake_hang_up(struct fake_store *f)
{
	close(f->conn);
	f->conn = -1;
}

static void *run(void *arg)
{
	struct fake_store *f = arg;

	fake_accept(f);
	f->script(f);
	return NULL;
}

void fake_start(struct fake_store *f, void (*script)(struct fake_store *f))
{
	memset(f, 0, sizeof(*f));
	strcpy(f->folder, "/tmp/hvx-test-XXXXXX");
	must(mkdtemp(f->folder), "mkdtemp");
	snprintf(f->path, sizeof(f->path), "%s/socket", f->folder);
	setenv("XENSTORED_PATH", f->path, 1);
	f->conn = -1;
	f->script = script;
	fake_listen(f);
	must(!pthread_create(&f->thread, NULL, run, f), "pthread_create");
}

void fake_stop(struct fake_store *f)
{
	pthread_join(f->thread, NULL);
	if (f->conn >= 0)
		close(f->conn);
	if (f->listener >= 0)
		fake_unlisten(f);
	rmdir(f->folder);
}

static bool get(struct fake_store *f, void *to, size_t len)
{
	return !len || recv(f->conn, to, len, MSG_WAITALL) == (ssize_t)len;
}

bool fake_receive(struct fake_store *f)
{
	struct xsd_sockmsg m;

	if (!get(f, &m, sizeof(m)) || m.len >= sizeof(f->body) ||
	    !get(f, f->body, m.len))
		return false;
	f->body[m.len] = 0;
	f->type = m.type;
	f->id = m.req_id;
	f->tx = m.tx_id;
	f->len = m.len;
	return true;
}

void fake_send(struct fake_store *f, uint32_t type, uint32_t id,
	       const void *body, uint32_t len)
{
	struct {
		struct xsd_sockmsg head;
		char body[4096];
	} m = { .head = { type, id, f->tx, len } };

	memcpy(m.body, body, len);
	if (send(f->conn, &m, sizeof(m.head) + len, MSG_NOSIGNAL) < 0)
		return;
}

void fake_reply(struct fake_store *f, const char *text)
{
	fake_send(f, f->type, f->id, text, strlen(text) + 1);
}

void fake_reply_bytes(struct fake_store *f, const void *data, uint32_t len)
{
	fake_send(f, f->type, f->id, data, len);
}

void fake_error(struct fake_store *f, const char *name)
{
	fake_send(f, XS_ERROR, f->id, name, strlen(name) + 1);
}

void fake_event(struct fake_store *f, const char *path, const char *token)
{
	char body[512];
	int len = snprintf(body, sizeof(body), "%s%c%s", path, 0, token);

	fake_send(f, XS_WATCH_EVENT, 0, body, len + 1);
}

void fake_serve(struct fake_store *f)
{
	while (fake_receive(f)) {
		if (f->type == XS_READ)
			fake_reply_bytes(f, f->body, f->len - 1);
		else
			fake_reply(f, f->type == XS_TRANSACTION_START ? "7"
								     : "OK");
	}
}
