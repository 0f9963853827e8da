/* SPDX-License-Identifier: MIT */
/*
 * The store's tree against a plain list of paths: random edits, with snapshots
 * held meanwhile, each of which must stay as it was. Then what stands beside
 * the tree: paths, permissions, tallies.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hvxstored/change.h>
#include <hvxstored/path.h>

#define MODEL	4096

struct model {
	unsigned int n;
	struct { char path[64]; int value; } e[MODEL];
};

static int model_find(const struct model *m, const char *path)
{
	unsigned int i;

	for (i = 0; i < m->n; i++)
		if (!strcmp(m->e[i].path, path))
			return i;
	return -1;
}

static void model_remove(struct model *m, const char *path)
{
	size_t len = strlen(path);
	unsigned int i, k;

	for (i = k = 0; i < m->n; i++)
		if (strncmp(m->e[i].path, path, len) ||
		    (m->e[i].path[len] && m->e[i].path[len] != '/'))
			m->e[k++] = m->e[i];
	m->n = k;
}

static int value_of(const struct node *n)
{
	int v = 0;

	if (n->value)
		memcpy(&v, n->value->data, sizeof(v));
	return v;
}

struct check {
	const struct model *m;
	unsigned int n;
};

static void check_node(void *arg, const char *path, const struct node *n)
{
	struct check *c = arg;
	int i;

	c->n++;
	if (!*path)
		return;
	i = model_find(c->m, path);
	assert_true(i >= 0);
	assert_int_equal(value_of(n), c->m->e[i].value);
}

static void same(struct node *root, const struct model *m)
{
	struct check c = { m, 0 };

	assert_null(tree_audit(root));
	tree_walk(root, "", check_node, &c);
	assert_int_equal(c.n, m->n + 1);
}

static void random_path(char *path)
{
	int depth = 1 + rand() % 3;

	for (*path = 0; depth--;)
		sprintf(path + strlen(path), "/%d", rand() % 12);
}

static void step(struct node **root, struct model *m)
{
	char path[64], up[64];
	size_t len;
	int i, v = rand();

	random_path(path);
	i = model_find(m, path);
	if (i >= 0 && rand() % 3 == 0) {
		tree_remove(root, path);
		model_remove(m, path);
		return;
	}
	if (i >= 0) {
		tree_set_value(root, path, value_new(&v, sizeof(v)));
		m->e[i].value = v;
		return;
	}
	len = path_parent(path, strlen(path));
	snprintf(up, sizeof(up), "%.*s", (int)len, path);
	if (len > 1 && model_find(m, up) < 0)
		return;
	tree_add(root, path, value_new(&v, sizeof(v)), perms_owned(0));
	strcpy(m->e[m->n].path, path);
	m->e[m->n++].value = v;
}

static void test_random_edits(void **state)
{
	struct node *root = tree_new(perms_owned(0)), *held[8] = { NULL };
	struct model *m = calloc(9, sizeof(*m));
	unsigned int i, k;

	(void)state;
	srand(1);
	for (i = 0; i < 20000; i++) {
		step(&root, m);
		if (i % 100 == 0) {
			k = rand() % 8;
			if (held[k])
				same(held[k], &m[k + 1]);
			node_put(held[k]);
			held[k] = node_get(root);
			m[k + 1] = m[0];
		}
		if (i % 512 == 0)
			same(root, m);
	}
	for (k = 0; k < 8; k++) {
		same(held[k], &m[k + 1]);
		node_put(held[k]);
	}
	node_put(root);
	free(m);
	assert_int_equal(tree_nodes, 0);
}

/* With no snapshot an edit copies nothing; with one, a few nodes. */
static void test_copies_little(void **state)
{
	struct node *root = tree_new(perms_owned(0)), *snap;
	char path[64];
	size_t before;
	int i;

	(void)state;
	for (i = 0; i < 5000; i++) {
		sprintf(path, "/%d", i);
		tree_add(&root, path, NULL, perms_owned(0));
	}
	before = tree_nodes;
	tree_set_value(&root, "/77", value_new("x", 1));
	assert_int_equal(tree_nodes, before);
	snap = node_get(root);
	tree_set_value(&root, "/77", value_new("y", 1));
	assert_in_range(tree_nodes - before, 1, 64);
	assert_int_equal(*tree_find(snap, "/77")->value->data, 'x');
	node_put(snap);
	assert_int_equal(tree_nodes, before);
	node_put(root);
}

/* As deep as paths can be: nothing may go down by recursion. */
static void test_deep(void **state)
{
	struct node *root = tree_new(perms_owned(0));
	char path[PATH_SIZE] = "";
	int i;

	(void)state;
	for (i = 0; i < XENSTORE_ABS_PATH_MAX / 2; i++) {
		strcat(path, "/d");
		tree_add(&root, path, NULL, perms_owned(0));
	}
	assert_null(tree_audit(root));
	assert_non_null(tree_find(root, path));
	tree_remove(&root, "/d");
	assert_int_equal(tree_nodes, 1);
	node_put(root);
}

static void test_paths(void **state)
{
	static const char *const bad[] = {
		"", "//", "/a/", "/a//b", "a/", "/a b", "/..", "/a/../b",
		"/a\x80", "/a.b", "/a\n", "@x y",
	};
	char out[PATH_SIZE], in[4096];
	size_t prefix, i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(path_resolve(out, bad[i], 5, NULL), EINVAL);
	assert_int_equal(path_resolve(out, "/", 5, &prefix), 0);
	assert_string_equal(out, "/");
	assert_int_equal(path_resolve(out, "device/x-1", 5, &prefix), 0);
	assert_string_equal(out, "/local/domain/5/device/x-1");
	assert_int_equal(prefix, strlen("/local/domain/5/"));
	memset(in, 'a', sizeof(in));
	in[XENSTORE_REL_PATH_MAX] = 0;
	assert_int_equal(path_resolve(out, in, 32751, NULL), 0);
	in[XENSTORE_REL_PATH_MAX] = 'a';
	in[XENSTORE_REL_PATH_MAX + 1] = 0;
	assert_int_equal(path_resolve(out, in, 0, NULL), EINVAL);
	in[XENSTORE_REL_PATH_MAX + 1] = 'a';
	in[0] = '/';
	in[XENSTORE_ABS_PATH_MAX] = 0;
	assert_int_equal(path_resolve(out, in, 0, NULL), 0);
	in[XENSTORE_ABS_PATH_MAX] = 'a';
	in[XENSTORE_ABS_PATH_MAX + 1] = 0;
	assert_int_equal(path_resolve(out, in, 0, NULL), EINVAL);
	assert_int_equal(path_parent("/a/b", 4), 2);
	assert_int_equal(path_parent("/a", 2), 1);
	assert_int_equal(path_parent("/", 1), 0);
}

static unsigned int bits(struct perms *p, unsigned int domid, int target)
{
	struct who w = { domid, target };

	return perms_of(p, &w);
}

static void test_perms(void **state)
{
	static const char *const bad[] = {
		"", "x5", "n", "n-1", "n32752", "n99999999999", "n5x", "N5",
	};
	struct perms *p = perms_parse("n5\0r6\0w7\0b8", 12);
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_null(perms_parse(bad[i], strlen(bad[i]) + 1));
	assert_null(perms_parse("n5", 2));
	assert_null(perms_parse("", 0));
	assert_int_equal(bits(p, 0, -1), 7);
	assert_int_equal(bits(p, 5, -1), 7);
	assert_int_equal(bits(p, 6, -1), PERM_READ);
	assert_int_equal(bits(p, 7, -1), PERM_WRITE);
	assert_int_equal(bits(p, 8, -1), PERM_READ | PERM_WRITE);
	assert_int_equal(bits(p, 9, -1), 0);
	assert_int_equal(bits(p, 9, 5), 7);
	assert_int_equal(perms_print(p, text, sizeof(text)), 12);
	assert_memory_equal(text, "n5\0r6\0w7\0b8", 12);
	/* A life ends: the id's next domain has none of it. */
	perm_life_end(6);
	assert_int_equal(bits(p, 6, -1), 0);
	assert_int_equal(perms_print(p, text, sizeof(text)), 9);
	assert_memory_equal(text, "n5\0w7\0b8", 9);
	perms_put(p);
	perm_lives_reset();
}

static void test_tally(void **state)
{
	struct tally t = { 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < 100; i++)
		tally_add(&t, i % 10, 1, 10);
	tally_add(&t, 3, -10, -100);
	assert_int_equal(tally_of(&t, 4).nodes, 10);
	assert_int_equal(tally_of(&t, 99).nodes, 0);
	tally_commit(&t);
	assert_int_equal(quota_of(4)->nodes, 10);
	assert_int_equal(quota_of(4)->bytes, 100);
	assert_int_equal(quota_of(3)->nodes, 0);
	tally_free(&t);
	assert_true(quota_memory_ok(4, limits.memory - 100));
	assert_false(quota_memory_ok(4, limits.memory - 99));
	assert_true(quota_memory_ok(0, INT32_MAX));
	assert_true(quota_set("nodes", 5));
	assert_false(quota_set("nodes", 0));
	assert_false(quota_set("nonsense", 5));
	quota_reset();
	assert_int_equal(limits.nodes, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_edits),
		cmocka_unit_test(test_copies_little),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_perms),
		cmocka_unit_test(test_tally),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
