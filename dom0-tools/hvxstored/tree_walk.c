/* SPDX-License-Identifier: MIT */
/*
 * Visits of a whole tree, by a list of nodes still to see, each with the length
 * of its parent's path. Children are taken off before siblings, so the path
 * that a node's parent left in the buffer is still there when its turn comes.
 */
#include "tree.h"
#include "mem.h"
#include "path.h"

struct todo {
	const struct node *n;
	size_t parent_len;
};

struct list {
	struct todo *t;
	size_t n, room;
};

static void push(struct list *l, const struct node *n, size_t parent_len)
{
	if (!n)
		return;
	if (l->n == l->room) {
		l->room = l->room ? l->room * 2 : 64;
		l->t = mem_resize(l->t, l->room * sizeof(*l->t));
	}
	l->t[l->n++] = (struct todo){ n, parent_len };
}

void tree_walk(const struct node *from, const char *path, tree_walk_fn *fn,
	       void *arg)
{
	char at[PATH_SIZE + 1];
	struct list l = { 0 };
	size_t len = strlen(path);

	memcpy(at, path, len + 1);
	fn(arg, at, from);
	push(&l, from->kids, len);
	while (l.n) {
		struct todo t = l.t[--l.n];

		push(&l, t.n->left, t.parent_len);
		push(&l, t.n->right, t.parent_len);
		len = t.parent_len;
		at[len++] = '/';
		memcpy(at + len, t.n->name, t.n->name_len);
		len += t.n->name_len;
		at[len] = 0;
		fn(arg, at, t.n);
		push(&l, t.n->kids, len);
	}
	free(l.t);
}

/* What one node promises of its children. */
struct sums {
	const struct node *last;
	uint32_t n, len;
	const char *wrong;
};

static bool audit_kid(void *arg, const struct node *n)
{
	struct sums *s = arg;
	const struct node *b = s->last;
	size_t common;

	if (b) {
		common = b->name_len < n->name_len ? b->name_len : n->name_len;
		if (memcmp(b->name, n->name, common) > 0 ||
		    (!memcmp(b->name, n->name, common) &&
		     b->name_len >= n->name_len))
			s->wrong = "children out of order";
	}
	if ((n->left && n->left->prio > n->prio) ||
	    (n->right && n->right->prio > n->prio))
		s->wrong = "a treap is no heap";
	s->last = n;
	s->n++;
	s->len += n->name_len + 1;
	return true;
}

static void audit_node(void *arg, const char *path, const struct node *n)
{
	const char **wrong = arg;
	struct sums s = { 0 };

	(void)path;
	tree_kids(n, audit_kid, &s);
	if (s.wrong)
		*wrong = s.wrong;
	if (s.n != n->nkids || s.len != n->kids_len)
		*wrong = "children miscounted";
	if (!n->refs)
		*wrong = "a node without a reference";
	if (!n->perms || !n->perms->n || !n->perms->refs)
		*wrong = "a node without permissions";
	if (n->value && (!n->value->refs || !n->value->len))
		*wrong = "a value that should not be";
}

const char *tree_audit(const struct node *root)
{
	const char *wrong = NULL;

	tree_walk(root, "", audit_node, &wrong);
	return wrong;
}
