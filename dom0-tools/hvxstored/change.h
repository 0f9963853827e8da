/* SPDX-License-Identifier: MIT */
/*
 * The four things that can happen to a tree, as records: asked by a client,
 * kept in its transaction, played again at the commit, written to the state
 * file and read from it. One check says whether it may be; one function does
 * it, and does the same whenever the tree is the same.
 */
#ifndef HVXSTORED_CHANGE_H
#define HVXSTORED_CHANGE_H

#include "quota.h"
#include "tree.h"

enum change_type {
	CHANGE_WRITE = 1,
	CHANGE_MKDIR,
	CHANGE_RM,
	CHANGE_PERMS,
};

struct change {
	uint8_t type;
	uint16_t by;			/* owns what it creates, if a guest */
	struct value *value;		/* of CHANGE_WRITE */
	struct perms *perms;		/* of CHANGE_PERMS */
	char *path;
};

/* Frees what the record holds, not the record. */
void change_clear(struct change *c);

/*
 * The node if w may do all of want with it. Else an errno: EACCES where a w
 * who may not look learns nothing; ENOENT if there is none.
 */
int change_node(struct node *root, const struct who *w, const char *path,
		unsigned int want, struct node **out);

/* 0 and *nothing if it would change nothing; else 0 or an errno. t: what is
 * to be counted beside usage. */
int change_check(struct node *root, const struct who *w,
		 const struct change *c, const struct tally *t, bool *nothing);

/* Only after change_check. The record stays the caller's. */
void change_apply(struct node **root, const struct change *c,
		  struct tally *t);

/* What a node counts in its owner's memory. */
int64_t node_bytes(const struct node *n);

#endif /* HVXSTORED_CHANGE_H */
