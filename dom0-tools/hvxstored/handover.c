/* SPDX-License-Identifier: MIT */
#include "handover.h"
#include "conn_private.h"
#include "fence.h"
#include "mem.h"
#include "txn.h"
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAGIC	0x31485848u		/* "HXH1" */

struct head {
	uint32_t magic, sockets;
	int32_t listen_fd;
};

struct socket_head {
	int32_t fd;
	uint32_t in, out;		/* bytes under way */
	uint32_t fence;			/* its length; 0: none */
	uint32_t watches, open;
};

struct watch_head {
	int32_t depth;
	uint32_t path, token;		/* lengths with NUL */
};

static char *program;
static bool requested;
void (*handover_now)(void);

bool handover_set_program(const char *path)
{
	if (path && (*path != '/' || access(path, X_OK)))
		return false;
	free(program);
	program = path ? mem_string(path) : NULL;
	return true;
}

void handover_request(void)
{
	requested = true;
}

void handover_do_request(void)
{
	if (!requested)
		return;
	requested = false;
	if (handover_now)
		handover_now();
}

static bool is_socket(const struct conn *c)
{
	return !conn_is_ring(c) && !c->dead;
}

/* exec closes what is not to be handed over. */
static void keep_open(int fd, bool keep)
{
	fcntl(fd, F_SETFD, keep ? 0 : FD_CLOEXEC);
}

static void keep_sockets(int listen_fd, bool keep)
{
	struct conn *c;

	keep_open(listen_fd, keep);
	TAILQ_FOREACH(c, &conns, all)
		if (is_socket(c))
			keep_open(c->fd, keep);
}

/* ---- writing ---- */

static void write_bytes(FILE *f, struct conn *c)
{
	char in[STREAM_IN];
	struct iovec v[2];
	size_t n = stream_in_ready(&c->s);

	stream_in_peek(&c->s, 0, in, n);
	fwrite(in, 1, n, f);
	stream_out_data(&c->s, v);
	fwrite(v[0].iov_base, 1, v[0].iov_len, f);
	fwrite(v[1].iov_base, 1, v[1].iov_len, f);
}

static void write_socket(FILE *f, struct conn *c)
{
	struct socket_head h = {
		.fd = c->fd, .in = stream_in_ready(&c->s),
		.out = stream_out_pending(&c->s),
		.fence = c->fence ? c->fence->len : 0,
	};
	struct watch *w;
	struct txn *t;

	TAILQ_FOREACH(w, &c->watches, of_conn)
		h.watches++;
	TAILQ_FOREACH(t, &c->txns, of_conn)
		h.open++;
	fwrite(&h, sizeof(h), 1, f);
	if (c->fence)
		fwrite(c->fence->text, 1, c->fence->len, f);
	write_bytes(f, c);
	TAILQ_FOREACH(w, &c->watches, of_conn) {
		struct watch_head wh = { w->depth, strlen(watch_path(w)) + 1,
					 strlen(w->token) + 1 };

		fwrite(&wh, sizeof(wh), 1, f);
		fwrite(watch_path(w), 1, wh.path, f);
		fwrite(w->token, 1, wh.token, f);
	}
	TAILQ_FOREACH(t, &c->txns, of_conn)
		fwrite(&t->id, sizeof(t->id), 1, f);
}

static FILE *write_all(int listen_fd)
{
	struct head h = { .magic = MAGIC, .listen_fd = listen_fd };
	int fd = memfd_create("handover", 0);
	FILE *f = fd >= 0 ? fdopen(fd, "w+") : NULL;
	struct conn *c;

	if (!f)
		return NULL;
	TAILQ_FOREACH(c, &conns, all)
		h.sockets += is_socket(c);
	fwrite(&h, sizeof(h), 1, f);
	TAILQ_FOREACH(c, &conns, all)
		if (is_socket(c))
			write_socket(f, c);
	if (fflush(f) || ferror(f)) {
		fclose(f);
		return NULL;
	}
	rewind(f);
	return f;
}

void handover_exec(char **argv, int listen_fd)
{
	FILE *f = write_all(listen_fd);
	char **args, number[16], option[] = "--handover";
	int n, i, k = 0;

	if (!f) {
		log_err("live update: %s; going on as before", strerror(errno));
		return;
	}
	for (n = 0; argv[n]; n++)
		;
	args = mem_zero((n + 3) * sizeof(*args));
	for (i = 0; i < n; i++) {
		if (!strcmp(argv[i], "--handover"))
			i++;
		else
			args[k++] = argv[i];
	}
	snprintf(number, sizeof(number), "%d", fileno(f));
	args[k++] = option;
	args[k++] = number;
	keep_sockets(listen_fd, true);
	execv(program ? program : "/proc/self/exe", args);
	log_err("live update: %s: %s; going on as before",
		program ? program : "this program", strerror(errno));
	keep_sockets(listen_fd, false);
	free(args);
	fclose(f);
}

/* ---- reading ---- */

static char *read_string(FILE *f, uint32_t len)
{
	char *s;

	if (!len || len > XENSTORE_PAYLOAD_MAX)
		return NULL;
	s = mem_get(len);
	if (fread(s, 1, len, f) != len || s[len - 1]) {
		free(s);
		return NULL;
	}
	return s;
}

static bool read_watch(FILE *f, struct conn *c)
{
	struct watch_head h;
	char *path, *token = NULL;
	bool ok;

	if (fread(&h, sizeof(h), 1, f) != 1)
		return false;
	path = read_string(f, h.path);
	if (path)
		token = read_string(f, h.token);
	ok = token && !watch_add(c, path, token, h.depth);
	free(path);
	free(token);
	return ok;
}

static bool read_bytes(FILE *f, struct conn *c, uint32_t in, uint32_t out)
{
	char buf[4096];
	struct iovec v[2];
	size_t n;

	if (in > stream_in_room(&c->s, v))
		return false;
	if (fread(v[0].iov_base, 1, in, f) != in)
		return false;
	stream_in_got(&c->s, in);
	for (; out; out -= n) {
		n = out < sizeof(buf) ? out : sizeof(buf);
		if (fread(buf, 1, n, f) != n ||
		    !stream_out_reserve(&c->s, n, SIZE_MAX))
			return false;
		stream_out_stage(&c->s, buf, n);
		stream_publish(&c->s);
	}
	return true;
}

static bool read_fence(FILE *f, struct conn *c, uint32_t len)
{
	char text[XENSTORE_PAYLOAD_MAX];

	if (!len)
		return true;
	if (len > sizeof(text) || fread(text, 1, len, f) != len)
		return false;
	c->fence = fence_new(text, len);
	return c->fence;
}

static bool read_socket(FILE *f)
{
	struct socket_head h;
	struct conn *c;
	uint32_t i, id;

	if (fread(&h, sizeof(h), 1, f) != 1)
		return false;
	keep_open(h.fd, false);
	c = conn_new_socket(h.fd);
	if (!c)
		return false;
	if (!read_fence(f, c, h.fence) || !read_bytes(f, c, h.in, h.out)) {
		/* Not without its fence. */
		conn_drop(c);
		return false;
	}
	for (i = 0; i < h.watches; i++)
		if (!read_watch(f, c))
			return false;
	for (i = 0; i < h.open; i++) {
		if (fread(&id, sizeof(id), 1, f) != 1)
			return false;
		txn_restore(c, id);
	}
	conn_kick(c);
	return true;
}

int handover_adopt(int fd)
{
	FILE *f = fdopen(fd, "r");
	struct head h;
	uint32_t i;

	if (!f)
		return -1;
	if (fread(&h, sizeof(h), 1, f) != 1 || h.magic != MAGIC) {
		fclose(f);
		return -1;
	}
	keep_open(h.listen_fd, false);
	for (i = 0; i < h.sockets; i++)
		if (!read_socket(f)) {
			log_err("live update: %u of %u connections were not "
				"taken over", h.sockets - i, h.sockets);
			break;
		}
	fclose(f);
	return h.listen_fd;
}
