/* SPDX-License-Identifier: MIT */
/*
 * The tree of nodes, persistent: whoever holds a reference to a root has that
 * whole tree as it was, however it goes on changing for others.
 *
 * An edit owns the nodes on its way down: those that others hold too are
 * copied, the rest change in place. With no transaction open nothing is ever
 * copied; with one, a change copies one node a step. Children are a treap by
 * name (a search tree by name, a heap by a random number), so thousands of
 * them cost ten steps, not an array.
 *
 * What must hold (tree_audit): order by name, heap by prio, the counts of
 * children right, a permission list everywhere. Depth of paths never costs
 * stack: all that visits whole trees keeps its own list of what is to do.
 */
#ifndef HVXSTORED_TREE_H
#define HVXSTORED_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "perm.h"

struct value {
	uint32_t refs, len;
	char data[];
};

struct node {
	uint32_t refs;
	uint32_t prio;
	struct node *left, *right;	/* siblings */
	struct node *kids;		/* the treap of children */
	struct value *value;		/* NULL: empty */
	struct perms *perms;
	union {
		uint64_t kids_stamp;	/* another with each coming and going */
		struct node *dead;	/* while it is being freed */
	};
	uint32_t nkids;
	uint32_t kids_len;		/* of all their names, each with NUL */
	uint32_t name_len;
	char name[];
};

struct value *value_new(const void *data, size_t len);
struct value *value_get(struct value *v);
void value_put(struct value *v);
bool value_equal(const struct value *a, const struct value *b);

/* A lone root. Takes the caller's reference to p. */
struct node *tree_new(struct perms *p);
struct node *node_get(struct node *n);
/* Frees what nobody else holds, however deep. */
void node_put(struct node *n);

/* NULL if there is none. Paths are absolute and well-formed throughout. */
struct node *tree_find(struct node *root, const char *path);
/* The node, or the nearest there is above; *len: of its path. */
struct node *tree_nearest(struct node *root, const char *path, size_t *len);

/*
 * Edits. Each takes the caller's reference to v or p. The node, or for tree_add
 * the parent, must be there; for tree_add the node itself must not.
 */
void tree_set_value(struct node **root, const char *path, struct value *v);
void tree_set_perms(struct node **root, const char *path, struct perms *p);
void tree_add(struct node **root, const char *path, struct value *v,
	      struct perms *p);
/* With all below. Not for the root itself. */
void tree_remove(struct node **root, const char *path);

/* Children in order of name; fn returns false to stop. */
typedef bool tree_kid_fn(void *arg, const struct node *n);
void tree_kids(const struct node *n, tree_kid_fn *fn, void *arg);

/*
 * A node of path, then what is below it, parents first; path is "" if the
 * start is the root ("/x" follows). fn must not edit.
 */
typedef void tree_walk_fn(void *arg, const char *path, const struct node *n);
void tree_walk(const struct node *from, const char *path, tree_walk_fn *fn,
	       void *arg);

/* NULL, or what is wrong. */
const char *tree_audit(const struct node *root);

/* Nodes there are in all trees: what a leak would show in. */
extern size_t tree_nodes;
/* Names that were compared so far: what finding nodes costs. */
extern size_t tree_compares;

#endif /* HVXSTORED_TREE_H */
