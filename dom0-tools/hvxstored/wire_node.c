/* SPDX-License-Identifier: MIT */
/* Messages about nodes: values, children, permissions. */
#include "wire.h"
#include "dom.h"
#include "mem.h"
#include "path.h"
#include "state.h"
#include "watch.h"

#include <errno.h>
#include <stdio.h>

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

int wire_read(struct req *r)
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

int wire_directory(struct req *r)
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
int wire_directory_part(struct req *r)
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

int wire_write(struct req *r)
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

int wire_mkdir(struct req *r)
{
	return change_path(r, CHANGE_MKDIR);
}

int wire_rm(struct req *r)
{
	return change_path(r, CHANGE_RM);
}

/* ---- permissions ---- */

static int answer_perms(struct req *r, const struct perms *p)
{
	r->reply_len = perms_print(p, r->reply, sizeof(r->reply));
	return r->reply_len ? 0 : E2BIG;
}

int wire_get_perms(struct req *r)
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

int wire_set_perms(struct req *r)
{
	struct change c = { .type = CHANGE_PERMS, .by = r->conn->who.domid };
	const char *p = r->payload;
	size_t len = strlen(p) + 1;
	char path[PATH_SIZE];
	uint32_t i;

	if (len > r->hdr.len)
		return EINVAL;
	if (!path_is_special(p) && path_resolve(path, p, c.by, NULL))
		return EINVAL;
	c.perms = perms_parse(p + len, r->hdr.len - len);
	if (!c.perms)
		return EINVAL;
	if (who_is_privileged(&r->conn->who))
		for (i = 0; i < c.perms->n; i++)
			dom_notice(c.perms->p[i].domid);
	if (path_is_special(p))
		return set_special_perms(r, p, c.perms);
	c.path = mem_string(path);
	return do_change(r, &c);
}
