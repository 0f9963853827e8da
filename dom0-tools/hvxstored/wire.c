/* SPDX-License-Identifier: MIT */
#include "wire.h"
#include "dom.h"
#include "mem.h"
#include "path.h"
#include "state.h"
#include "store.h"
#include "watch.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/* A privileged client that lost so many races in a row has guests wait. */
#define AGAIN_MAX	3
#define HOLD_MS		200

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

/* The path, absolute, of a message that has n strings; the rest in v. */
static int req_path(const struct req *r, char path[PATH_SIZE], const char **v,
		    unsigned int n)
{
	if (!req_strings(r, v, n) || path_is_special(v[0]))
		return EINVAL;
	return path_resolve(path, v[0], r->conn->who.domid, NULL);
}

/* The node that is asked for, in the request's transaction if it has one. */
static int req_node(struct req *r, const char *path, unsigned int look,
		    struct node **n)
{
	int rc;

	if (r->txn) {
		rc = txn_look(r->txn, path, look);
		if (rc)
			return rc;
	}
	return change_node(r->txn ? r->txn->root : store_root, &r->conn->who,
			   path, PERM_READ, n);
}

/* ---- nodes ---- */

static int do_read(struct req *r)
{
	char path[PATH_SIZE];
	const char *v[1];
	struct node *n;
	int rc;

	rc = req_path(r, path, v, 1);
	if (!rc)
		rc = req_node(r, path, LOOK_VALUE, &n);
	if (rc)
		return rc;
	r->empty = true;
	if (n->value) {
		r->reply_len = n->value->len;
		memcpy(r->reply, n->value->data, r->reply_len);
	}
	return 0;
}

/* Copies the part of a list of children that begins at an offset. */
struct listing {
	char *out;
	size_t room, len;
	size_t skip;
};

static bool list_kid(void *arg, const struct node *n)
{
	struct listing *l = arg;
	size_t len = n->name_len + 1;

	if (l->skip >= len) {
		l->skip -= len;
		return true;
	}
	len -= l->skip;
	if (len > l->room - l->len)
		return false;
	memcpy(l->out + l->len, n->name + l->skip, len - 1);
	l->out[l->len + len - 1] = 0;
	l->len += len;
	l->skip = 0;
	return true;
}

static int do_directory(struct req *r)
{
	struct listing l = { r->reply, sizeof(r->reply), 0, 0 };
	char path[PATH_SIZE];
	const char *v[1];
	struct node *n;
	int rc;

	rc = req_path(r, path, v, 1);
	if (!rc)
		rc = req_node(r, path, LOOK_KIDS, &n);
	if (rc)
		return rc;
	if (n->kids_len > sizeof(r->reply))
		return E2BIG;
	tree_kids(n, list_kid, &l);
	r->empty = true;
	r->reply_len = l.len;
	return 0;
}

/* The stamp, then names, then one more NUL if these were the last. */
static int do_directory_part(struct req *r)
{
	char path[PATH_SIZE];
	struct listing l;
	const char *v[2];
	struct node *n;
	uint64_t offset;
	size_t head;
	int rc;

	rc = req_path(r, path, v, 2);
	if (!rc && !req_number(v[1], UINT32_MAX, &offset))
		rc = EINVAL;
	if (!rc)
		rc = req_node(r, path, LOOK_KIDS, &n);
	if (rc)
		return rc;
	head = sprintf(r->reply, "%llu",
		       (unsigned long long)n->kids_stamp) + 1;
	l = (struct listing){ r->reply + head, sizeof(r->reply) - head - 1, 0,
			      offset };
	if (offset < n->kids_len)
		tree_kids(n, list_kid, &l);
	if (offset + l.len >= n->kids_len)
		l.out[l.len++] = 0;
	r->reply_len = head + l.len;
	return 0;
}

/*
 * Does a change, in the transaction or in the tree, and takes what it holds.
 * What watchers must know of the tree before is kept: they are told later.
 */
static int do_change(struct req *r, struct change *c)
{
	struct tally t = { 0 };
	struct node *n;
	bool nothing;
	int rc;

	if (r->txn)
		return txn_change(r->txn, c);
	rc = change_check(store_root, &r->conn->who, c, &t, &nothing);
	if (rc || nothing) {
		change_clear(c);
		return rc;
	}
	if (c->type == CHANGE_RM || c->type == CHANGE_PERMS) {
		n = tree_find(store_root, c->path);
		r->before = perms_get(n->perms);
		if (c->type == CHANGE_RM && watch_is_below(c->path))
			r->gone = node_get(n);
	}
	change_apply(&store_root, c, &t);
	tally_commit(&t);
	tally_free(&t);
	txn_count_change();
	state_put_change(c);
	r->change = *c;
	return 0;
}

static int do_write(struct req *r)
{
	const char *p = r->payload, *end = p + r->hdr.len, *value;
	struct change c = { .type = CHANGE_WRITE, .by = r->conn->who.domid };
	char path[PATH_SIZE];

	value = p + strlen(p) + 1;
	if (value > end || path_is_special(p) ||
	    path_resolve(path, p, c.by, NULL))
		return EINVAL;
	c.path = mem_string(path);
	c.value = value_new(value, end - value);
	return do_change(r, &c);
}

static int change_path(struct req *r, enum change_type type)
{
	struct change c = { .type = type, .by = r->conn->who.domid };
	char path[PATH_SIZE];
	const char *v[1];
	int rc;

	rc = req_path(r, path, v, 1);
	if (rc)
		return rc;
	c.path = mem_string(path);
	return do_change(r, &c);
}

static int do_mkdir(struct req *r)
{
	return change_path(r, CHANGE_MKDIR);
}

static int do_rm(struct req *r)
{
	return change_path(r, CHANGE_RM);
}

/* ---- permissions ---- */

static int answer_perms(struct req *r, const struct perms *p)
{
	r->reply_len = perms_print(p, r->reply, sizeof(r->reply));
	return r->reply_len ? 0 : E2BIG;
}

static int do_get_perms(struct req *r)
{
	char path[PATH_SIZE];
	struct perms **special;
	const char *v[1];
	struct node *n;
	int rc;

	if (req_strings(r, v, 1) && path_is_special(v[0])) {
		special = watch_special(v[0]);
		if (!special)
			return EINVAL;
		if (!perms_allow(*special, &r->conn->who, PERM_READ))
			return EACCES;
		return answer_perms(r, *special);
	}
	rc = req_path(r, path, v, 1);
	if (!rc)
		rc = req_node(r, path, LOOK_PERMS, &n);
	return rc ? rc : answer_perms(r, n->perms);
}

static int set_special_perms(struct req *r, const char *name, struct perms *p)
{
	struct perms **special = watch_special(name);
	const struct who *w = &r->conn->who;
	int rc = 0;

	if (!special)
		rc = EINVAL;
	else if (!perms_allow(*special, w, PERM_WRITE | PERM_OWNER))
		rc = EACCES;
	else if (!who_is_privileged(w) && p->p[0].domid != w->domid)
		rc = EPERM;
	else if (!who_is_privileged(w) && p->n > limits.permissions)
		rc = ENOSPC;
	if (rc) {
		perms_put(p);
		return rc;
	}
	perms_put(*special);
	*special = p;
	state_put_special(name, p);
	return 0;
}

static int do_set_perms(struct req *r)
{
	struct change c = { .type = CHANGE_PERMS, .by = r->conn->who.domid };
	const char *p = r->payload;
	size_t len = strlen(p) + 1;
	char path[PATH_SIZE];

	if (len > r->hdr.len)
		return EINVAL;
	if (!path_is_special(p) && path_resolve(path, p, c.by, NULL))
		return EINVAL;
	c.perms = perms_parse(p + len, r->hdr.len - len);
	if (!c.perms)
		return EINVAL;
	if (path_is_special(p))
		return set_special_perms(r, p, c.perms);
	c.path = mem_string(path);
	return do_change(r, &c);
}

/* ---- watches ---- */

static void greet(struct req *r)
{
	watch_greet(r->conn);
}

/* A third string, if there is one, is the depth. */
static int do_watch(struct req *r)
{
	uint64_t depth = 0;
	const char *v[3];
	bool deep = false;
	int rc;

	if (!req_strings(r, v, 2)) {
		if (!req_strings(r, v, 3) ||
		    !req_number(v[2], INT32_MAX - 1, &depth))
			return EINVAL;
		deep = true;
	}
	rc = watch_add(r->conn, v[0], v[1], deep ? (int)depth : -1);
	if (rc)
		return rc;
	if (r->conn->fd < 0)
		state_put_watch(r->conn->who.domid, v[0], v[1],
				deep ? (int)depth : -1);
	r->after = greet;
	return 0;
}

static int do_unwatch(struct req *r)
{
	const char *v[2];
	int rc;

	if (!req_strings(r, v, 2))
		return EINVAL;
	rc = watch_remove(r->conn, v[0], v[1]);
	if (!rc && r->conn->fd < 0)
		state_put_unwatch(r->conn->who.domid, v[0], v[1]);
	return rc;
}

static int do_reset_watches(struct req *r)
{
	watch_remove_all(r->conn);
	txn_end_all(r->conn);
	if (r->conn->fd < 0)
		state_put_reset(r->conn->who.domid);
	return 0;
}

/* ---- transactions ---- */

static int do_transaction_start(struct req *r)
{
	struct txn *t;
	int rc;

	if (r->txn)
		return EBUSY;
	rc = txn_start(r->conn, &t);
	if (rc)
		return rc;
	if (r->conn->again >= AGAIN_MAX && who_is_privileged(&r->conn->who))
		conn_hold_guests(r->conn, HOLD_MS);
	req_answer(r, "%u", t->id);
	return 0;
}

static void fire_commit(struct req *r)
{
	store_fire(r->old, r->txn->changes, r->txn->changes_n,
		   r->conn->who.domid);
}

static void put_changes(const struct txn *t)
{
	unsigned int i;

	for (i = 0; i < t->changes_n; i++)
		state_put_change(&t->changes[i]);
}

/* What a commit will take in the state file. */
static size_t commit_bytes(const struct txn *t)
{
	size_t n = 0;
	unsigned int i;

	for (i = 0; i < t->changes_n; i++)
		n += 64 + strlen(t->changes[i].path) +
		     (t->changes[i].value ? t->changes[i].value->len : 0) +
		     (t->changes[i].perms ? t->changes[i].perms->n * 8 : 0);
	return n;
}

static int commit(struct req *r)
{
	struct conn *c = r->conn;
	int rc;

	if (!state_has_room(commit_bytes(r->txn)))
		return ENOSPC;
	rc = txn_commit(r->txn, &r->old);
	if (r->old) {
		put_changes(r->txn);
		txn_count_change();
		r->after = fire_commit;
	}
	c->again = rc == EAGAIN ? c->again + 1 : 0;
	return rc;
}

static int do_transaction_end(struct req *r)
{
	const char *v[1];
	int rc = 0;

	if (!req_strings(r, v, 1) || !*v[0] || v[0][1] ||
	    (*v[0] != 'T' && *v[0] != 'F'))
		return EINVAL;
	if (!r->txn)
		return ENOENT;
	if (*v[0] == 'T')
		rc = commit(r);
	conn_release_guests(r->conn);
	return rc;
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
	[XS_DIRECTORY] = { "DIRECTORY", do_directory, 0 },
	[XS_READ] = { "READ", do_read, 0 },
	[XS_GET_PERMS] = { "GET_PERMS", do_get_perms, 0 },
	[XS_WATCH] = { "WATCH", do_watch, NO_TX | CHANGES },
	[XS_UNWATCH] = { "UNWATCH", do_unwatch, NO_TX | CHANGES },
	[XS_TRANSACTION_START] = { "TRANSACTION_START", do_transaction_start,
				   0 },
	[XS_TRANSACTION_END] = { "TRANSACTION_END", do_transaction_end, 0 },
	[XS_INTRODUCE] = { "INTRODUCE", wire_introduce,
			   PRIVILEGED | NO_TX | CHANGES },
	[XS_RELEASE] = { "RELEASE", wire_release,
			 PRIVILEGED | NO_TX | CHANGES },
	[XS_GET_DOMAIN_PATH] = { "GET_DOMAIN_PATH", wire_domain_path, NO_TX },
	[XS_WRITE] = { "WRITE", do_write, CHANGES },
	[XS_MKDIR] = { "MKDIR", do_mkdir, CHANGES },
	[XS_RM] = { "RM", do_rm, CHANGES },
	[XS_SET_PERMS] = { "SET_PERMS", do_set_perms, CHANGES },
	[XS_IS_DOMAIN_INTRODUCED] = { "IS_DOMAIN_INTRODUCED",
				      wire_is_introduced, PRIVILEGED | NO_TX },
	[XS_RESUME] = { "RESUME", wire_resume, PRIVILEGED | NO_TX | CHANGES },
	[XS_SET_TARGET] = { "SET_TARGET", wire_set_target,
			    PRIVILEGED | NO_TX | CHANGES },
	[XS_RESET_WATCHES] = { "RESET_WATCHES", do_reset_watches,
			       NO_TX | CHANGES },
	[XS_DIRECTORY_PART] = { "DIRECTORY_PART", do_directory_part, 0 },
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
