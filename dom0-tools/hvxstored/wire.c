/* SPDX-License-Identifier: MIT */
#include "wire.h"
#include "dom.h"
#include "fence.h"
#include "mem.h"
#include "path.h"
#include "state.h"
#include "store.h"
#include "watch.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/* ---- what handlers ask of the request ---- */

bool req_strings(const struct req *r, const char **v, unsigned int n)
{
	const char *p = r->payload, *end = p + r->hdr.len;
	unsigned int i;

	if (!r->hdr.len || end[-1])
		return false;
	for (i = 0; p < end; i++, p += strlen(p) + 1) {
		if (i == n)
			return false;
		v[i] = p;
	}
	return i == n;
}

bool req_number(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || v > (UINT64_MAX - 9) / 10)
			return false;
		v = v * 10 + *s - '0';
	}
	*out = v;
	return v <= max;
}

void req_answer(struct req *r, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(r->reply, sizeof(r->reply), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(r->reply))
		n = sizeof(r->reply) - 1;
	r->reply_len = n + 1;
}

/* ---- the table ---- */

enum {
	PRIVILEGED = 1,
	NO_TX = 2,			/* tx_id is not looked at */
	CHANGES = 4,
};

static const struct {
	const char *name;
	int (*handle)(struct req *r);
	unsigned int flags;
} table[XS_TYPE_COUNT] = {
	[XS_CONTROL] = { "CONTROL", wire_control, PRIVILEGED | NO_TX },
	[XS_DIRECTORY] = { "DIRECTORY", wire_directory, 0 },
	[XS_READ] = { "READ", wire_read, 0 },
	[XS_GET_PERMS] = { "GET_PERMS", wire_get_perms, 0 },
	[XS_WATCH] = { "WATCH", wire_watch, NO_TX | CHANGES },
	[XS_UNWATCH] = { "UNWATCH", wire_unwatch, NO_TX | CHANGES },
	[XS_TRANSACTION_START] = { "TRANSACTION_START", wire_transaction_start,
				   0 },
	[XS_TRANSACTION_END] = { "TRANSACTION_END", wire_transaction_end, 0 },
	[XS_INTRODUCE] = { "INTRODUCE", wire_introduce,
			   PRIVILEGED | NO_TX | CHANGES },
	[XS_RELEASE] = { "RELEASE", wire_release,
			 PRIVILEGED | NO_TX | CHANGES },
	[XS_GET_DOMAIN_PATH] = { "GET_DOMAIN_PATH", wire_domain_path, NO_TX },
	[XS_WRITE] = { "WRITE", wire_write, CHANGES },
	[XS_MKDIR] = { "MKDIR", wire_mkdir, CHANGES },
	[XS_RM] = { "RM", wire_rm, CHANGES },
	[XS_SET_PERMS] = { "SET_PERMS", wire_set_perms, CHANGES },
	[XS_IS_DOMAIN_INTRODUCED] = { "IS_DOMAIN_INTRODUCED",
				      wire_is_introduced, PRIVILEGED | NO_TX },
	[XS_RESUME] = { "RESUME", wire_resume, PRIVILEGED | NO_TX | CHANGES },
	[XS_SET_TARGET] = { "SET_TARGET", wire_set_target,
			    PRIVILEGED | NO_TX | CHANGES },
	[XS_RESET_WATCHES] = { "RESET_WATCHES", wire_reset_watches,
			       NO_TX | CHANGES },
	[XS_DIRECTORY_PART] = { "DIRECTORY_PART", wire_directory_part, 0 },
};

static const char *error_name(int rc)
{
	static const struct { int rc; const char *name; } names[] = {
		{ EINVAL, "EINVAL" }, { EACCES, "EACCES" },
		{ EEXIST, "EEXIST" }, { ENOENT, "ENOENT" },
		{ ENOMEM, "ENOMEM" }, { ENOSPC, "ENOSPC" },
		{ EIO, "EIO" }, { ENOSYS, "ENOSYS" }, { EBUSY, "EBUSY" },
		{ EAGAIN, "EAGAIN" }, { E2BIG, "E2BIG" }, { EPERM, "EPERM" },
	};
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].rc == rc)
			return names[i].name;
	return "EINVAL";
}

bool wire_trace;

static void trace(const struct req *r, int rc)
{
	uint32_t type = r->hdr.type;

	log_info("d%u%s %s %.200s: %s", r->conn->who.domid,
		 r->conn->fd < 0 ? "" : " (socket)",
		 type < XS_TYPE_COUNT && table[type].name ? table[type].name :
		 "?", r->payload, rc ? error_name(rc) : "OK");
}

static int run(struct req *r)
{
	uint32_t type = r->hdr.type;

	if (type >= XS_TYPE_COUNT || !table[type].handle)
		return ENOSYS;
	if (r->conn->fence && !fence_allows(r->conn->fence, type,
					    r->hdr.len ? r->payload : NULL))
		return EACCES;
	if ((table[type].flags & PRIVILEGED) &&
	    !who_is_privileged(&r->conn->who))
		return EACCES;
	if ((table[type].flags & CHANGES) &&
	    !state_has_room(r->hdr.len + PATH_SIZE + 1024))
		return ENOSPC;
	if (!(table[type].flags & NO_TX) && r->hdr.tx_id) {
		r->txn = txn_find(r->conn, r->hdr.tx_id);
		if (!r->txn)
			return ENOENT;
	}
	return table[type].handle(r);
}

/* Queues the reply, makes all of the request count at once, fires watches. */
static void finish(struct req *r, int rc)
{
	struct xsd_sockmsg hdr = r->hdr;
	const char *data = r->reply;

	hdr.len = r->reply_len;
	if (rc) {
		hdr.type = XS_ERROR;
		data = error_name(rc);
		hdr.len = strlen(data) + 1;
	} else if (!hdr.len && !r->empty) {
		data = "OK";
		hdr.len = 3;
	}
	conn_reply(r->conn, &hdr, data);
	state_commit(r->conn);
	stream_publish(&r->conn->s);
}

static void fire_change(struct req *r)
{
	struct change *c = &r->change;
	struct node *now = tree_find(store_root, c->path), *up;
	char path[PATH_SIZE];
	size_t len = path_parent(c->path, strlen(c->path));

	memcpy(path, c->path, len);
	path[len] = 0;
	up = len ? tree_find(store_root, path) : NULL;
	watch_fire(&(struct sight){
		.path = c->path, .cause = r->conn->who.domid,
		.now = now ? now->perms : NULL, .before = r->before,
		.parent = up ? up->perms : NULL, .gone = r->gone,
	});
}

void wire_handle(struct conn *c, const struct xsd_sockmsg *hdr,
		 const char *payload)
{
	struct req r;
	int rc;

	memset(&r, 0, offsetof(struct req, reply));
	memset(&r.reply_len, 0, sizeof(r) - offsetof(struct req, reply_len));
	r.conn = c;
	r.hdr = *hdr;
	r.payload = payload;
	rc = run(&r);
	if (wire_trace)
		trace(&r, rc);
	finish(&r, rc);
	if (r.change.type) {
		fire_change(&r);
		change_clear(&r.change);
	}
	if (r.after)
		r.after(&r);
	if (hdr->type == XS_TRANSACTION_END && r.txn && rc != EINVAL)
		txn_end(r.txn);
	perms_put(r.before);
	node_put(r.gone);
	node_put(r.old);
}
