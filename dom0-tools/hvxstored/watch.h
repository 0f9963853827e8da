/* SPDX-License-Identifier: MIT */
/*
 * Who wants to know of which change. Watches hang on spots, one for each path
 * that is watched and for those above it, found by hash: a change looks at the
 * spots of its own path and of those above, however many watches there are.
 */
#ifndef HVXSTORED_WATCH_H
#define HVXSTORED_WATCH_H

#include "change.h"
#include "conn.h"

struct spot;

struct watch {
	struct conn *conn;
	struct spot *spot;
	char *token;
	int depth;			/* levels below; -1: all */
	uint32_t skip;			/* characters that events leave out */
	uint64_t last_end;		/* position after its last event */
	TAILQ_ENTRY(watch) of_conn, of_spot;
};

/* path as the client gave it. 0 or an errno. */
int watch_add(struct conn *c, const char *path, const char *token, int depth);
int watch_remove(struct conn *c, const char *path, const char *token);
void watch_remove_all(struct conn *c);
/* The event that every watch begins with. */
void watch_greet(struct conn *c);
/* As the client gave it. */
const char *watch_path(const struct watch *w);

/* A change as watchers see it. Lists may be NULL. */
struct sight {
	const char *path;
	const struct perms *now, *before;	/* the node's */
	const struct perms *parent;
	struct node *gone;			/* what was removed with it */
	unsigned int cause;			/* domain that did it */
};

void watch_fire(const struct sight *s);
/* Whether anything at a path or above is watched. */
bool watch_is_above(const char *path);
/* "@introduceDomain" or "@releaseDomain", with the domain it is about. */
void watch_fire_special(const char *name, unsigned int domid);
/* Whether anything strictly below is watched. */
bool watch_is_below(const char *path);

/* Permissions of a special node, or NULL if there is none of that name. */
struct perms **watch_special(const char *name);
void watch_init(void);
void watch_exit(void);
/* Spots there are, and what is wrong with them or NULL. */
extern unsigned int watch_spots;
/* Spots and watches that changes were held against so far. */
extern size_t watch_looks;
const char *watch_audit(void);

#endif /* HVXSTORED_WATCH_H */
