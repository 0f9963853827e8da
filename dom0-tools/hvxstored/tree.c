/* SPDX-License-Identifier: MIT */
#include "tree.h"
#include "mem.h"
#include "path.h"

#include <sys/random.h>

size_t tree_nodes, tree_compares;

struct value *value_new(const void *data, size_t len)
{
	struct value *v;

	if (!len)
		return NULL;
	v = mem_get(sizeof(*v) + len);
	v->refs = 1;
	v->len = len;
	memcpy(v->data, data, len);
	return v;
}

struct value *value_get(struct value *v)
{
	if (v)
		v->refs++;
	return v;
}

void value_put(struct value *v)
{
	if (v && !--v->refs)
		free(v);
}

bool value_equal(const struct value *a, const struct value *b)
{
	return a == b || (a && b && a->len == b->len &&
			  !memcmp(a->data, b->data, a->len));
}

/* Not for guests to guess, or they could make a treap a list. */
static uint32_t random_prio(void)
{
	static uint64_t s;

	while (!s)
		if (getrandom(&s, sizeof(s), 0) != sizeof(s))
			s = (uintptr_t)&s;
	s ^= s << 13;
	s ^= s >> 7;
	s ^= s << 17;
	return s >> 32;
}

static uint64_t new_stamp(void)
{
	static uint64_t stamp;

	return ++stamp;
}

static struct node *node_new(const char *name, size_t len, struct value *v,
			     struct perms *p)
{
	struct node *n = mem_zero(sizeof(*n) + len);

	n->refs = 1;
	n->prio = random_prio();
	n->value = v;
	n->perms = p;
	n->kids_stamp = new_stamp();
	n->name_len = len;
	memcpy(n->name, name, len);
	tree_nodes++;
	return n;
}

struct node *tree_new(struct perms *p)
{
	return node_new("", 0, NULL, p);
}

struct node *node_get(struct node *n)
{
	if (n)
		n->refs++;
	return n;
}

/* Drops a reference; a node that has none left goes on the list. */
static struct node *release(struct node *n, struct node *list)
{
	if (!n || --n->refs)
		return list;
	n->dead = list;
	return n;
}

void node_put(struct node *n)
{
	struct node *list = release(n, NULL);

	while ((n = list)) {
		list = n->dead;
		list = release(n->left, list);
		list = release(n->right, list);
		list = release(n->kids, list);
		value_put(n->value);
		perms_put(n->perms);
		free(n);
		tree_nodes--;
	}
}

/* Turns our reference to a node into one to a node that is ours alone. */
static struct node *own(struct node *n)
{
	struct node *c;
	size_t size = sizeof(*n) + n->name_len;

	if (n->refs == 1)
		return n;
	c = mem_get(size);
	memcpy(c, n, size);
	c->refs = 1;
	node_get(c->left);
	node_get(c->right);
	node_get(c->kids);
	value_get(c->value);
	perms_get(c->perms);
	n->refs--;
	tree_nodes++;
	return c;
}

static int compare(const char *name, size_t len, const struct node *n)
{
	size_t common = len < n->name_len ? len : n->name_len;
	int c = memcmp(name, n->name, common);

	tree_compares++;
	return c ? c : len < n->name_len ? -1 : len > n->name_len;
}

static struct node *kid_find(const struct node *parent, const char *name,
			     size_t len)
{
	struct node *n = parent->kids;
	int c;

	while (n && (c = compare(name, len, n)))
		n = c < 0 ? n->left : n->right;
	return n;
}

struct node *tree_nearest(struct node *root, const char *path, size_t *at)
{
	const char *p = path, *name;
	struct node *n = root, *kid;
	size_t len;

	*at = 1;
	while ((name = path_next(&p, &len))) {
		kid = kid_find(n, name, len);
		if (!kid)
			break;
		n = kid;
		*at = p - path;
	}
	return n;
}

struct node *tree_find(struct node *root, const char *path)
{
	const char *name;
	size_t len;

	while (root && (name = path_next(&path, &len)))
		root = kid_find(root, name, len);
	return root;
}

/*
 * Where the pointer to a child is; all on the way is owned. If there is no
 * such child, the place is where the search ended.
 */
static struct node **kid_slot(struct node *parent, const char *name, size_t len)
{
	struct node **slot = &parent->kids;
	int c;

	while (*slot) {
		*slot = own(*slot);
		c = compare(name, len, *slot);
		if (!c)
			break;
		slot = c < 0 ? &(*slot)->left : &(*slot)->right;
	}
	return slot;
}

/* The node of the first len bytes of path, owned. */
static struct node *edit(struct node **root, const char *path, size_t len)
{
	const char *p = path, *name;
	struct node *n;
	size_t part;

	n = *root = own(*root);
	while (len > 1 && p < path + len && (name = path_next(&p, &part)))
		n = *kid_slot(n, name, part);
	return n;
}

void tree_set_value(struct node **root, const char *path, struct value *v)
{
	struct node *n = edit(root, path, strlen(path));

	value_put(n->value);
	n->value = v;
}

void tree_set_perms(struct node **root, const char *path, struct perms *p)
{
	struct node *n = edit(root, path, strlen(path));

	perms_put(n->perms);
	n->perms = p;
}

/* Parts a treap at a name that is not in it. */
static void split(struct node *n, const char *name, size_t len,
		  struct node **less, struct node **more)
{
	while (n) {
		n = own(n);
		if (compare(name, len, n) > 0) {
			*less = n;
			less = &n->right;
			n = n->right;
		} else {
			*more = n;
			more = &n->left;
			n = n->left;
		}
	}
	*less = *more = NULL;
}

/* One treap of two, all names of a below all of b. */
static struct node *merge(struct node *a, struct node *b)
{
	struct node *top = NULL, **slot = &top;

	while (a && b) {
		if (a->prio >= b->prio) {
			a = *slot = own(a);
			slot = &a->right;
			a = a->right;
		} else {
			b = *slot = own(b);
			slot = &b->left;
			b = b->left;
		}
	}
	*slot = a ? a : b;
	return top;
}

void tree_add(struct node **root, const char *path, struct value *v,
	      struct perms *p)
{
	size_t len = strlen(path), up = path_parent(path, len);
	const char *name = path + up + (up > 1);
	struct node *parent = edit(root, path, up), *n, **slot = &parent->kids;

	len -= name - path;
	n = node_new(name, len, v, p);
	while (*slot && (*slot)->prio >= n->prio) {
		*slot = own(*slot);
		slot = compare(name, len, *slot) < 0 ? &(*slot)->left :
						       &(*slot)->right;
	}
	split(*slot, name, len, &n->left, &n->right);
	*slot = n;
	parent->nkids++;
	parent->kids_len += len + 1;
	parent->kids_stamp = new_stamp();
}

void tree_remove(struct node **root, const char *path)
{
	size_t len = strlen(path), up = path_parent(path, len);
	const char *name = path + up + (up > 1);
	struct node *parent = edit(root, path, up), *n, **slot;

	len -= name - path;
	slot = kid_slot(parent, name, len);
	n = *slot;
	*slot = merge(n->left, n->right);
	n->left = n->right = NULL;
	node_put(n);
	parent->nkids--;
	parent->kids_len -= len + 1;
	parent->kids_stamp = new_stamp();
}

/* As deep as the treap, which is short whatever names there are. */
static bool visit(const struct node *n, tree_kid_fn *fn, void *arg)
{
	return !n || (visit(n->left, fn, arg) && fn(arg, n) &&
		      visit(n->right, fn, arg));
}

void tree_kids(const struct node *n, tree_kid_fn *fn, void *arg)
{
	visit(n->kids, fn, arg);
}
