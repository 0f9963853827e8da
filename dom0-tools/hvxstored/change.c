/* SPDX-License-Identifier: MIT */
#include "change.h"
#include "mem.h"
#include "path.h"

#include <errno.h>

void change_clear(struct change *c)
{
	value_put(c->value);
	perms_put(c->perms);
	free(c->path);
}

int64_t node_bytes(const struct node *n)
{
	return sizeof(*n) + n->name_len + (n->value ? n->value->len : 0) +
	       n->perms->n * sizeof(n->perms->p[0]);
}

static unsigned int owner_of(const struct node *n)
{
	return n->perms->p[0].domid;
}

int change_node(struct node *root, const struct who *w, const char *path,
		unsigned int want, struct node **out)
{
	size_t at;
	struct node *n = tree_nearest(root, path, &at);

	*out = NULL;
	if (!perms_allow(n->perms, w, want))
		return EACCES;
	if (path[at] && at < strlen(path))
		return ENOENT;
	*out = n;
	return 0;
}

/* Nodes that are missing of a path whose first `at` characters are there. */
static unsigned int count_missing(const char *path, size_t at, size_t *bytes)
{
	const char *p = path + at;
	unsigned int n = 0;
	size_t len;

	for (*bytes = 0; path_next(&p, &len); n++)
		*bytes += sizeof(struct node) + len;
	return n;
}

static int check_create(const struct node *above, size_t at,
			const struct who *w, const struct change *c,
			const struct tally *t)
{
	struct tally_entry e = tally_of(t, w->domid);
	unsigned int n;
	size_t bytes;

	if (who_is_privileged(w))
		return 0;
	n = count_missing(c->path, at, &bytes);
	bytes += n * above->perms->n * sizeof(above->perms->p[0]);
	if (quota_of(w->domid)->nodes + e.nodes + (int64_t)n > limits.nodes ||
	    !quota_memory_ok(w->domid, e.bytes + bytes +
			     (c->value ? c->value->len : 0)))
		return ENOSPC;
	return 0;
}

static int check_write(struct node *root, const struct who *w,
		       const struct change *c, const struct tally *t,
		       bool *nothing)
{
	size_t len = c->value ? c->value->len : 0;
	struct tally_entry e;
	struct node *n;
	size_t at;

	n = tree_nearest(root, c->path, &at);
	if (!perms_allow(n->perms, w, PERM_WRITE))
		return EACCES;
	if (!who_is_privileged(w) && len > (size_t)limits.node_size)
		return ENOSPC;
	if (at < strlen(c->path))
		return check_create(n, at, w, c, t);
	*nothing = c->type == CHANGE_MKDIR;
	/* A guest that fills a node that it was given counts as its owner. */
	e = tally_of(t, owner_of(n));
	if (who_is_privileged(w) || *nothing ||
	    len <= (n->value ? n->value->len : 0))
		return 0;
	return quota_memory_ok(owner_of(n), e.bytes + len) ? 0 : ENOSPC;
}

static int check_rm(struct node *root, const struct who *w,
		    const struct change *c, bool *nothing)
{
	size_t len = strlen(c->path), at;
	struct node *n = tree_nearest(root, c->path, &at);

	if (!perms_allow(n->perms, w, PERM_WRITE))
		return EACCES;
	if (len == 1)
		return EINVAL;
	if (at == len)
		return 0;
	*nothing = true;
	return at == path_parent(c->path, len) ? 0 : ENOENT;
}

static int check_perms(struct node *root, const struct who *w,
		       const struct change *c)
{
	struct node *n;
	int rc;

	rc = change_node(root, w, c->path, PERM_WRITE | PERM_OWNER, &n);
	if (rc || who_is_privileged(w))
		return rc;
	if (c->perms->p[0].domid != owner_of(n))
		return EPERM;
	return c->perms->n > limits.permissions ? ENOSPC : 0;
}

int change_check(struct node *root, const struct who *w,
		 const struct change *c, const struct tally *t, bool *nothing)
{
	*nothing = false;
	switch (c->type) {
	case CHANGE_WRITE:
	case CHANGE_MKDIR:
		return check_write(root, w, c, t, nothing);
	case CHANGE_RM:
		return check_rm(root, w, c, nothing);
	default:
		return check_perms(root, w, c);
	}
}

static void count(struct tally *t, const struct node *n, int sign)
{
	tally_add(t, owner_of(n), sign, sign * node_bytes(n));
}

/* The node and what is missing above it; they inherit permissions. */
static void create(struct node **root, const struct change *c, size_t at,
		   struct tally *t)
{
	struct perms *above = tree_nearest(*root, c->path, &at)->perms, *p;
	char path[PATH_SIZE];
	const char *next = c->path + at;
	size_t len;

	p = !c->by || (above->p[0].domid == c->by &&
		       above->p[0].life == perm_life(c->by)) ?
		perms_get(above) : perms_with_owner(above, c->by);
	while (path_next(&next, &len)) {
		memcpy(path, c->path, next - c->path);
		path[next - c->path] = 0;
		tree_add(root, path, *next ? NULL : value_get(c->value),
			 perms_get(p));
		count(t, tree_find(*root, path), 1);
	}
	perms_put(p);
}

static void apply_write(struct node **root, const struct change *c,
			struct tally *t)
{
	size_t at;
	struct node *n = tree_nearest(*root, c->path, &at);
	int64_t was;

	if (at < strlen(c->path)) {
		create(root, c, at, t);
	} else if (c->type == CHANGE_WRITE) {
		was = n->value ? n->value->len : 0;
		tally_add(t, owner_of(n), 0,
			  (c->value ? c->value->len : 0) - was);
		tree_set_value(root, c->path, value_get(c->value));
	}
}

static void uncount(void *arg, const char *path, const struct node *n)
{
	(void)path;
	count(arg, n, -1);
}

void change_apply(struct node **root, const struct change *c, struct tally *t)
{
	struct node *n;

	if (c->type == CHANGE_WRITE || c->type == CHANGE_MKDIR) {
		apply_write(root, c, t);
		return;
	}
	n = tree_find(*root, c->path);
	if (!n)
		return;
	if (c->type == CHANGE_RM) {
		tree_walk(n, c->path, uncount, t);
		tree_remove(root, c->path);
	} else {
		count(t, n, -1);
		tree_set_perms(root, c->path, perms_get(c->perms));
		count(t, tree_find(*root, c->path), 1);
	}
}
