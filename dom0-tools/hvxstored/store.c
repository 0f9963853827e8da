/* SPDX-License-Identifier: MIT */
#include "store.h"
#include "conn.h"
#include "dom.h"
#include "mem.h"
#include "path.h"
#include "state.h"
#include "watch.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <unistd.h>

static struct node *parent_in(struct node *root, const char *path)
{
	size_t len = path_parent(path, strlen(path));
	char up[PATH_SIZE];

	if (!len)
		return NULL;
	memcpy(up, path, len);
	up[len] = 0;
	return tree_find(root, up);
}

void store_fire(struct node *old, const struct change *c, unsigned int n,
		unsigned int cause)
{
	struct node *now, *was, *up;
	struct sight s;

	for (; n; n--, c++) {
		/* Of most of a new domain's nodes nobody wants to know. */
		if (c->type != CHANGE_RM && !watch_is_above(c->path))
			continue;
		now = tree_find(store_root, c->path);
		was = tree_find(old, c->path);
		up = parent_in(store_root, c->path);
		if (!up)
			up = parent_in(old, c->path);
		s = (struct sight){
			.path = c->path, .cause = cause,
			.now = now ? now->perms : NULL,
			.before = was ? was->perms : NULL,
			.parent = up ? up->perms : NULL,
			.gone = c->type == CHANGE_RM ? was : NULL,
		};
		watch_fire(&s);
	}
}

/* Streams of a store that is not there any more say nothing. */
static void remove_streams(const char *dir)
{
	char *pattern;
	glob_t g;
	size_t i;

	if (asprintf(&pattern, "%s/ring.*", dir) < 0)
		mem_check(NULL);
	if (!glob(pattern, GLOB_NOSORT, NULL, &g)) {
		for (i = 0; i < g.gl_pathc; i++)
			unlink(g.gl_pathv[i]);
		globfree(&g);
	}
	free(pattern);
}

static bool is_fresh(const char *dir)
{
	char *file;
	bool fresh;

	if (asprintf(&file, "%s/state", dir) < 0)
		mem_check(NULL);
	fresh = access(file, F_OK);
	free(file);
	return fresh;
}

/* As Xen's own begins: who looks for a store daemon looks for these. */
static void first_nodes(void)
{
	struct change c = { .type = CHANGE_MKDIR };
	struct tally t = { 0 };

	c.path = mem_string("/tool/xenstored");
	change_apply(&store_root, &c, &t);
	change_clear(&c);
	tally_commit(&t);
	tally_free(&t);
}

int store_start(struct loop *l, const char *dir)
{
	bool fresh;

	store_root = tree_new(perms_owned(0));
	quota_of(0)->nodes = 1;
	quota_of(0)->bytes = node_bytes(store_root);
	watch_init();
	if (dir && is_fresh(dir))
		remove_streams(dir);
	if (conn_init(l) || dom_init(dir)) {
		log_err("can't start: %s", strerror(errno));
		return -1;
	}
	if (state_open(dir, &fresh))
		return -1;
	if (fresh)
		first_nodes();
	state_settle();
	dom_connect();
	conn_run();
	return 0;
}

void store_stop(void)
{
	conn_exit();
	dom_exit();
	state_close();
	watch_exit();
	node_put(store_root);
	store_root = NULL;
	quota_reset();
	perm_lives_reset();
}
