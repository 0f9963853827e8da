/* SPDX-License-Identifier: MIT */
/*
 * A disk's nodes: what a front end may write there, and what of it is taken
 * (BK-08). The store is a table here.
 */
#include "backends/blkback/blkback.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>
#include <cmocka.h>
#include "backends/common/nodes.h"

#define NODES	64
#define FRONT	"/local/domain/7/device/vbd/51712/"
#define BACK	"/local/domain/0/backend/hvbd/7/51712/"

static struct {
	char path[96], text[64];
} node[NODES];
static unsigned int nodes;

/* ---- libxenstore's calls ------------------------------------------------ */

static int find(const char *path)
{
	unsigned int i;

	for (i = 0; i < nodes; i++)
		if (!strcmp(node[i].path, path))
			return i;
	return -1;
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
	      unsigned int *len)
{
	int i = find(path);

	(void)h;
	(void)t;
	if (i < 0) {
		errno = ENOENT;
		return NULL;
	}
	*len = strlen(node[i].text);
	return strdup(node[i].text);
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
	      const void *data, unsigned int len)
{
	int i = find(path);

	(void)h;
	(void)t;
	if (i < 0)
		i = nodes++;
	assert_in_range(i, 0, NODES - 1);
	snprintf(node[i].path, sizeof(node[i].path), "%s", path);
	snprintf(node[i].text, sizeof(node[i].text), "%.*s", (int)len,
		 (const char *)data);
	return true;
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
	(void)h;
	(void)path;
	(void)token;
	return true;
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
	(void)h;
	(void)path;
	(void)token;
	return true;
}

static char restricted[256];

/* What it asks for, its words one after the other. */
char *xs_control_command(struct xs_handle *h, const char *cmd, void *data,
			 unsigned int len)
{
	const char *w, *end = (const char *)data + len;

	(void)h;
	strcpy(restricted, cmd);
	for (w = data; w < end; w += strlen(w) + 1) {
		strcat(restricted, " ");
		strcat(restricted, w);
	}
	return strdup("OK");
}

struct xs_handle *xs_open(unsigned long flags)
{
	(void)flags;
	return (struct xs_handle *)(void *)node;
}

int xs_fileno(struct xs_handle *h)
{
	(void)h;
	return -1;
}

char **xs_check_watch(struct xs_handle *h)
{
	(void)h;
	return NULL;
}

/* ---- what xs.c calls of the others -------------------------------------- */

struct vbd *vbd_find(struct service *s, uint32_t device)
{
	(void)s;
	(void)device;
	return NULL;
}

void vbd_step(struct vbd *v)
{
	(void)v;
}

void service_round(struct service *s)
{
	(void)s;
}

/* ---- the tests ---------------------------------------------------------- */

static struct service service = { .domid = 7 };
static struct vbd vbd = { .s = &service };

static void put(const char *name, const char *text)
{
	char path[96];

	snprintf(path, sizeof(path), FRONT "%s", name);
	xs_write(NULL, 0, path, text, strlen(text));
}

static int clear(void **arg)
{
	(void)arg;
	nodes = 0;
	vbd.dev.nodes = xs_nodes(&service, 51712);
	return 0;
}

static bool taken(struct front *f)
{
	const char *why = NULL;
	bool ok = xs_read_front(&vbd, f, &why);

	assert_true(ok || strlen(why) > 10);
	return ok;
}

/* Only its guest's disks, before it hears anything of the guest. */
static void test_restricted(void **arg)
{
	(void)arg;
	assert_non_null(nodes_open("hvbd", "vbd", 5));
	assert_string_equal(restricted, "restrict r:/local/domain/5/device/vbd"
			    " w:/local/domain/0/backend/hvbd/5");
}

static void test_plain(void **arg)
{
	struct front f;

	(void)arg;
	assert_false(taken(&f));
	put("ring-ref", "8");
	assert_false(taken(&f));
	put("event-channel", "9");
	assert_true(taken(&f));
	assert_int_equal(f.queues, 1);
	assert_int_equal(f.ring_pages, 1);
	assert_int_equal(f.refs[0][0], 8);
	assert_int_equal(f.port[0], 9);
	put("protocol", "x86_64-abi");
	assert_true(taken(&f));
	put("protocol", "x86_32-abi");
	assert_false(taken(&f));
	put("protocol", "");
	assert_false(taken(&f));
}

static void test_ring_order(void **arg)
{
	struct front f;
	char name[16], text[16];
	unsigned int i;

	(void)arg;
	put("event-channel", "9");
	put("ring-page-order", "4");
	for (i = 0; i < 16; i++) {
		assert_false(taken(&f));
		snprintf(name, sizeof(name), "ring-ref%u", i);
		snprintf(text, sizeof(text), "%u", 100 + i);
		put(name, text);
	}
	assert_true(taken(&f));
	assert_int_equal(f.ring_pages, 16);
	assert_int_equal(f.refs[0][15], 115);
	put("ring-page-order", "5");
	assert_false(taken(&f));
	put("ring-page-order", "20");
	assert_false(taken(&f));
	put("ring-page-order", "0");
	assert_true(taken(&f));
	assert_int_equal(f.refs[0][0], 100);
}

static void test_queues(void **arg)
{
	struct front f;
	char name[32];
	unsigned int i;

	(void)arg;
	put("multi-queue-num-queues", "4");
	for (i = 0; i < 4; i++) {
		assert_false(taken(&f));
		snprintf(name, sizeof(name), "queue-%u/ring-ref", i);
		put(name, "3");
		snprintf(name, sizeof(name), "queue-%u/event-channel", i);
		put(name, "4");
	}
	assert_true(taken(&f));
	assert_int_equal(f.queues, 4);
	put("multi-queue-num-queues", "5");
	assert_false(taken(&f));
	put("multi-queue-num-queues", "0");
	assert_false(taken(&f));
}

static void test_numbers(void **arg)
{
	static const char *const bad[] = { "", " 8", "8 ", "-1", "+8", "0x8",
		"4294967296", "18446744073709551616", "99999999999999999999",
		"8\n", "eight" };
	struct front f;
	unsigned int i;

	(void)arg;
	put("ring-ref", "4294967295");
	put("event-channel", "9");
	assert_true(taken(&f));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put("ring-ref", bad[i]);
		assert_false(taken(&f));
	}
	put("ring-ref", "8");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put("event-channel", bad[i]);
		assert_false(taken(&f));
	}
}

/* A removed device's nodes don't come back. */
static void test_no_orphans(void **arg)
{
	(void)arg;
	assert_false(nodes_set_state(&vbd.dev.nodes, BUS_CLOSED));
	assert_int_equal(nodes, 0);
	xs_write(NULL, 0, BACK "frontend", "x", 1);
	assert_true(nodes_set_state(&vbd.dev.nodes, BUS_CLOSED));
	assert_int_equal(nodes_own_state(&vbd.dev.nodes), BUS_CLOSED);
	assert_int_equal(nodes_front_state(&vbd.dev.nodes), BUS_UNKNOWN);
}

static void test_description(void **arg)
{
	(void)arg;
	xs_write(NULL, 0, BACK "frontend", "x", 1);
	vbd.disk.limits = (struct blk_limits){ 1000, 4096, true, false };
	vbd.disk.physical = 4096;
	vbd.dev.own = BUS_CONNECTED;
	assert_true(xs_offer(&vbd) && xs_describe(&vbd));
	assert_string_equal(node[find(BACK "sectors")].text, "1000");
	assert_string_equal(node[find(BACK "info")].text, "4");
	assert_string_equal(node[find(BACK "sector-size")].text, "4096");
	assert_string_equal(node[find(BACK "feature-flush-cache")].text, "0");
	assert_string_equal(node[find(BACK "feature-discard")].text, "0");
	vbd.disk.limits.sectors = 2000;
	assert_true(xs_set_size(&vbd));
	assert_string_equal(node[find(BACK "sectors")].text, "2000");
	assert_string_equal(node[find(BACK "state")].text, "4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_restricted, clear),
		cmocka_unit_test_setup(test_plain, clear),
		cmocka_unit_test_setup(test_ring_order, clear),
		cmocka_unit_test_setup(test_queues, clear),
		cmocka_unit_test_setup(test_numbers, clear),
		cmocka_unit_test_setup(test_no_orphans, clear),
		cmocka_unit_test_setup(test_description, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
