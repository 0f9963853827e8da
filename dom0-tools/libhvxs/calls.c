/* SPDX-License-Identifier: MIT */
/*
 * The calls, each a message and what is made of its reply. Numbers and rights
 * travel as text; every part but a value ends with a 0.
 */
#include "private.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A domain's number, or a frame's, as text */
#define NUMBER_TEXT	24

static struct part string_part(const char *s)
{
	return (struct part){ s, strlen(s) + 1 };
}

static struct part number_part(char *buf, unsigned long n)
{
	return (struct part){ buf, snprintf(buf, NUMBER_TEXT, "%lu", n) + 1 };
}

/* For a request whose reply says nothing more. */
static bool ask(struct xs_handle *h, xs_transaction_t t, uint32_t type,
		const struct part *parts, unsigned int n)
{
	char *reply = hvxs_talk(h, t, type, parts, n, NULL);

	free(reply);
	return reply;
}

static bool ask_path(struct xs_handle *h, xs_transaction_t t, uint32_t type,
		     const char *path)
{
	struct part p = string_part(path);

	return ask(h, t, type, &p, 1);
}

static char *talk_path(struct xs_handle *h, xs_transaction_t t, uint32_t type,
		       const char *path, unsigned int *len)
{
	struct part p = string_part(path);

	return hvxs_talk(h, t, type, &p, 1, len);
}

/* ---- older names ---- */

struct xs_handle *xs_daemon_open(void)
{
	return xs_open(0);
}

struct xs_handle *xs_daemon_open_readonly(void)
{
	return xs_open(0);
}

struct xs_handle *xs_domain_open(void)
{
	return xs_open(0);
}

void xs_daemon_close(struct xs_handle *h)
{
	xs_close(h);
}

/* ---- nodes ---- */

/* An array of pointers and what they point to. */
static char **split(const char *names, unsigned int len, unsigned int *num)
{
	unsigned int n = xs_count_strings(names, len), i;
	char **list = malloc(n * sizeof(*list) + len + 1), *to;

	if (!list)
		return NULL;
	to = (char *)(list + n);
	memcpy(to, names, len);
	to[len] = 0;
	for (i = 0; i < n; i++, to += strlen(to) + 1)
		list[i] = to;
	*num = n;
	return list;
}

/* The names so far of a long directory. */
struct long_dir {
	char *names;
	unsigned int len;
	char generation[NUMBER_TEXT];
	bool whole;
};

/* The next part: the directory's generation, and names; an empty one ends the
 * list. A generation that has changed starts it again. */
static bool next_part(struct xs_handle *h, xs_transaction_t t, const char *path,
		      struct long_dir *d)
{
	char number[NUMBER_TEXT];
	struct part parts[] = {
		string_part(path), number_part(number, d->len),
	};
	unsigned int len, head;
	char *reply = hvxs_talk(h, t, XS_DIRECTORY_PART, parts, 2, &len);
	char *names;

	if (!reply)
		return false;
	head = strlen(reply) + 1;
	if (head >= len || head > sizeof(d->generation) || reply[len - 1])
		goto out_bad;
	if (d->len && strcmp(d->generation, reply)) {
		d->len = 0;
		free(reply);
		return true;
	}
	strcpy(d->generation, reply);
	names = realloc(d->names, d->len + len - head);
	if (!names) {
		free(reply);
		return false;
	}
	d->names = names;
	memcpy(names + d->len, reply + head, len - head);
	d->len += len - head;
	/* Of the last part the end is an empty name. */
	d->whole = d->len == 1 || !names[d->len - 2];
	if (d->whole)
		d->len--;
	free(reply);
	return true;

out_bad:
	free(reply);
	errno = EPROTO;
	return false;
}

static char **long_directory(struct xs_handle *h, xs_transaction_t t,
			     const char *path, unsigned int *num)
{
	struct long_dir d = { .names = NULL };
	char **list = NULL;

	while (!d.whole)
		if (!next_part(h, t, path, &d))
			goto out_free;
	list = split(d.names, d.len, num);
out_free:
	free(d.names);
	return list;
}

char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path,
		    unsigned int *num)
{
	unsigned int len;
	char *reply = talk_path(h, t, XS_DIRECTORY, path, &len), **list;

	if (!reply)
		return errno == E2BIG ? long_directory(h, t, path, num) : NULL;
	list = split(reply, len, num);
	free(reply);
	return list;
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
	      unsigned int *len)
{
	return talk_path(h, t, XS_READ, path, len);
}

/* As many requests as are made at once: each has room for the largest. */
#define TOGETHER	16

void hvxs_read_many(struct xs_handle *h, const char *const *paths,
		    unsigned int n, char **values)
{
	struct ask asks[TOGETHER];
	unsigned int i, some;

	for (; n; n -= some, paths += some, values += some) {
		some = n < TOGETHER ? n : TOGETHER;
		for (i = 0; i < some; i++)
			asks[i] = (struct ask){
				.type = XS_READ, .n = 1,
				.parts = { string_part(paths[i]) },
			};
		hvxs_talk_many(h, XBT_NULL, asks, some);
		for (i = 0; i < some; i++)
			values[i] = asks[i].reply;
	}
}

/* The first error of all, or 0. */
static int talk_for_errors(struct xs_handle *h, xs_transaction_t t,
			   struct ask *asks, unsigned int n)
{
	unsigned int i;
	int error = 0;

	hvxs_talk_many(h, t, asks, n);
	for (i = 0; i < n; i++) {
		free(asks[i].reply);
		error = error ? error : asks[i].error;
	}
	return error;
}

bool hvxs_write_many(struct xs_handle *h, xs_transaction_t t,
		     const struct hvxs_node *nodes, unsigned int n)
{
	struct ask asks[TOGETHER];
	unsigned int k = 0;
	int error = 0;

	for (; n && !error; n--, nodes++) {
		asks[k++] = (struct ask){
			.type = XS_WRITE, .n = 2,
			.parts = { string_part(nodes->path),
				   { nodes->value, strlen(nodes->value) } },
		};
		if (nodes->rights_len)
			asks[k++] = (struct ask){
				.type = XS_SET_PERMS, .n = 2,
				.parts = { string_part(nodes->path),
					   { nodes->rights,
					     nodes->rights_len } },
			};
		if (n == 1 || k > TOGETHER - 2) {
			error = talk_for_errors(h, t, asks, k);
			k = 0;
		}
	}
	errno = error;
	return !error;
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
	      const void *data, unsigned int len)
{
	struct part parts[] = { string_part(path), { data, len } };

	return ask(h, t, XS_WRITE, parts, 2);
}

bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	return ask_path(h, t, XS_MKDIR, path);
}

bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	return ask_path(h, t, XS_RM, path);
}

bool xs_restrict(struct xs_handle *h, unsigned int domid)
{
	(void)h;
	(void)domid;
	errno = ENOSYS;
	return false;
}

/* ---- rights ---- */

struct xs_permissions *xs_get_permissions(struct xs_handle *h,
					  xs_transaction_t t, const char *path,
					  unsigned int *num)
{
	struct xs_permissions *perms = NULL;
	unsigned int len, n;
	char *reply = talk_path(h, t, XS_GET_PERMS, path, &len);

	if (!reply)
		return NULL;
	n = xs_count_strings(reply, len);
	perms = malloc(n * sizeof(*perms) + 1);
	if (perms && !xs_strings_to_perms(perms, n, reply)) {
		free(perms);
		perms = NULL;
	}
	free(reply);
	*num = n;
	return perms;
}

bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t,
			const char *path, struct xs_permissions *perms,
			unsigned int num)
{
	char text[XENSTORE_PAYLOAD_MAX];
	struct part parts[] = { string_part(path), { text, 0 } };
	unsigned int i;

	for (i = 0; i < num; i++) {
		char *to = text + parts[1].len;

		if (!xs_perm_to_string(&perms[i], to,
				       sizeof(text) - parts[1].len)) {
			errno = errno == ENOSPC ? E2BIG : errno;
			return false;
		}
		parts[1].len += strlen(to) + 1;
	}
	return ask(h, t, XS_SET_PERMS, parts, 2);
}

bool xs_strings_to_perms(struct xs_permissions *perms, unsigned int num,
			 const char *strings)
{
	unsigned int i;

	for (i = 0; i < num; i++, strings += strlen(strings) + 1) {
		const char *letter = strchr("nrwb", *strings);
		unsigned long id;
		char *end;

		id = strtoul(strings + !!*strings, &end, 10);
		if (!*strings || !letter || strings[1] < '0' ||
		    strings[1] > '9' || *end || id > UINT_MAX) {
			errno = EINVAL;
			return false;
		}
		perms[i].id = id;
		/* n r w b are 0 1 2 3, as the bits have it. */
		perms[i].perms = letter - "nrwb";
	}
	return true;
}

bool xs_perm_to_string(const struct xs_permissions *perm, char *buf,
		       size_t size)
{
	unsigned int bits = perm->perms & ~XS_PERM_IGNORE;
	int len;

	if (bits > (XS_PERM_READ | XS_PERM_WRITE)) {
		errno = EINVAL;
		return false;
	}
	len = snprintf(buf, size, "%c%u", "nrwb"[bits], perm->id);
	if (len < 0 || (size_t)len >= size) {
		errno = ENOSPC;
		return false;
	}
	return true;
}

/* ---- transactions ---- */

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
	char *reply = talk_path(h, XBT_NULL, XS_TRANSACTION_START, "", NULL);
	xs_transaction_t t;

	if (!reply)
		return XBT_NULL;
	t = strtoul(reply, NULL, 10);
	free(reply);
	return t;
}

bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abandon)
{
	/* One that died with its connection is as abandoned as one can be. */
	return ask_path(h, t, XS_TRANSACTION_END, abandon ? "F" : "T") ||
	       (abandon && errno == EAGAIN);
}

/* ---- domains ---- */

static bool ask_domain(struct xs_handle *h, uint32_t type, unsigned int domid)
{
	char number[NUMBER_TEXT];
	struct part p = number_part(number, domid);

	return ask(h, XBT_NULL, type, &p, 1);
}

static char *talk_domain(struct xs_handle *h, uint32_t type, unsigned int domid)
{
	char number[NUMBER_TEXT];
	struct part p = number_part(number, domid);

	return hvxs_talk(h, XBT_NULL, type, &p, 1, NULL);
}

bool xs_introduce_domain(struct xs_handle *h, unsigned int domid,
			 unsigned long mfn, unsigned int evtchn)
{
	char a[NUMBER_TEXT], b[NUMBER_TEXT], c[NUMBER_TEXT];
	struct part parts[] = {
		number_part(a, domid), number_part(b, mfn),
		number_part(c, evtchn),
	};

	return ask(h, XBT_NULL, XS_INTRODUCE, parts, 3);
}

bool xs_set_target(struct xs_handle *h, unsigned int domid, unsigned int target)
{
	char a[NUMBER_TEXT], b[NUMBER_TEXT];
	struct part parts[] = { number_part(a, domid), number_part(b, target) };

	return ask(h, XBT_NULL, XS_SET_TARGET, parts, 2);
}

bool xs_resume_domain(struct xs_handle *h, unsigned int domid)
{
	return ask_domain(h, XS_RESUME, domid);
}

bool xs_release_domain(struct xs_handle *h, unsigned int domid)
{
	return ask_domain(h, XS_RELEASE, domid);
}

char *xs_get_domain_path(struct xs_handle *h, unsigned int domid)
{
	return talk_domain(h, XS_GET_DOMAIN_PATH, domid);
}

bool xs_is_domain_introduced(struct xs_handle *h, unsigned int domid)
{
	char *reply = talk_domain(h, XS_IS_DOMAIN_INTRODUCED, domid);
	bool is = reply && !strcmp(reply, "T");

	free(reply);
	return is;
}

char *xs_control_command(struct xs_handle *h, const char *cmd, void *data,
			 unsigned int len)
{
	struct part parts[] = { string_part(cmd), { data, len } };

	return hvxs_talk(h, XBT_NULL, XS_CONTROL, parts, 2, NULL);
}

char *xs_debug_command(struct xs_handle *h, const char *cmd, void *data,
		       unsigned int len)
{
	return xs_control_command(h, cmd, data, len);
}

int xs_suspend_evtchn_port(int domid)
{
	char path[64], *text, *end;
	struct xs_handle *h = xs_open(0);
	long port = -1;

	if (!h)
		return -1;
	snprintf(path, sizeof(path),
		 "/local/domain/%d/device/suspend/event-channel", domid);
	text = xs_read(h, XBT_NULL, path, NULL);
	xs_close(h);
	if (!text)
		return -1;
	port = strtol(text, &end, 10);
	if (end == text || *end || port < 0 || port > INT_MAX)
		port = -1;
	free(text);
	return port;
}

/* ---- helpers ---- */

bool xs_path_is_subpath(const char *parent, const char *child)
{
	size_t len = strlen(parent);

	/* All that is absolute is below the root. */
	while (len && parent[len - 1] == '/')
		len--;
	if (strncmp(parent, child, len))
		return false;
	return !child[len] || child[len] == '/';
}

unsigned int xs_count_strings(const char *strings, unsigned int len)
{
	unsigned int n = 0, i;

	for (i = 0; i < len; i++)
		n += !strings[i];
	return n;
}

bool xs_write_all(int fd, const void *data, unsigned int len)
{
	const char *from = data;

	while (len) {
		ssize_t n = write(fd, from, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		from += n;
		len -= n;
	}
	return true;
}
