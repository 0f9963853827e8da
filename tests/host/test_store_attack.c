/* SPDX-License-Identifier: MIT */
/*
 * A guest that means harm, XS-01 to XS-16: it owns its ring page, its port, and
 * its part of the store. During each attack dom0's client and a neighbour are
 * served within a few rounds of the loop; afterwards all books are right, and
 * once the guest is gone the memory that it cost is back (within 1 MiB). Built
 * with sanitizers, which see the rest.
 */
#include "store_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <hvxstored/quota.h>
#include <hvxstored/ring.h>

#define HOSTILE		1
#define NEIGHBOUR	2
/* Rounds of the loop that a request of others may take meanwhile. */
#define PATIENCE	4

size_t __sanitizer_get_current_allocated_bytes(void);

static struct client *dom0, *evil, *good;
static struct xenstore_domain_interface *page;
static size_t heap_before;
static char *dir;

static void home(unsigned int domid)
{
	char path[64], perms[16];

	sprintf(path, "/local/domain/%u", domid);
	sprintf(perms, "n%u", domid);
	assert_int_equal(client_write(dom0, 0, path, ""), 0);
	assert_int_equal(client_chmod(dom0, 0, path, perms), 0);
}

static void hostile_comes(void)
{
	page = rig_domain(HOSTILE);
	assert_int_equal(client_introduce(dom0, HOSTILE), 0);
	home(HOSTILE);
	evil = client_ring(HOSTILE);
}

static int set_up(void **state)
{
	(void)state;
	dir = rig_dir();
	rig_start(dir);
	dom0 = client_socket();
	rig_domain(NEIGHBOUR);
	client_introduce(dom0, NEIGHBOUR);
	home(NEIGHBOUR);
	good = client_ring(NEIGHBOUR);
	client_write(good, 0, "warm", "up");
	rig_settle();
	heap_before = __sanitizer_get_current_allocated_bytes();
	hostile_comes();
	return 0;
}

/* The others are served as ever. */
static void others_are_served(void)
{
	assert_int_equal(client_write(dom0, 0, "/tool/x", "1"), 0);
	assert_true(dom0->rounds < PATIENCE);
	assert_int_equal(client_write(good, 0, "x", "1"), 0);
	assert_true(good->rounds < PATIENCE);
	assert_int_equal(client_str(good, XS_READ, 0, "x"), 0);
	assert_true(good->rounds < PATIENCE);
}

static void hostile_goes(void)
{
	size_t heap;

	rig_audit();
	client_close(evil);
	rig_domain_state(HOSTILE, XEN_GONE);
	rig_virq();
	client_str(dom0, XS_RM, 0, "/local/domain/1");
	rig_settle();
	client_poll(dom0);
	client_drop_events(dom0);
	rig_audit();
	assert_int_equal(quota_of(HOSTILE)->nodes, 0);
	assert_int_equal(quota_of(HOSTILE)->bytes, 0);
	assert_int_equal(quota_of(HOSTILE)->watches, 0);
	assert_int_equal(quota_of(HOSTILE)->transactions, 0);
	assert_int_equal(quota_of(HOSTILE)->outstanding, 0);
	heap = __sanitizer_get_current_allocated_bytes();
	assert_true(heap < heap_before + (1 << 20));
}

static int tear_down(void **state)
{
	(void)state;
	others_are_served();
	hostile_goes();
	client_close(dom0);
	client_close(good);
	rig_step();
	rig_stop();
	rig_dir_remove(dir);
	return 0;
}

/* The guest asks for a new start of its ring, as a kernel would. */
static void reconnect(void)
{
	page->connection = XENSTORE_RECONNECT;
	rig_signal(HOSTILE);
	rig_step();
	assert_int_equal(page->connection, XENSTORE_CONNECTED);
	assert_int_equal(page->error, XENSTORE_ERROR_NONE);
	evil->in_n = 0;
	client_drop_events(evil);
	assert_int_equal(client_write(evil, 0, "back", "1"), 0);
}

/* XS-01 */
static void test_ring_indices(void **state)
{
	static const uint32_t odd[] = { 1025, 2000, 0x7fffffff, 0x80000000,
		0xffffffff, 0xfffffc00 };
	unsigned int i, k;

	(void)state;
	for (i = 0; i < 6; i++) {
		page->req_prod = page->req_cons + odd[i];
		rig_signal(HOSTILE);
		rig_step();
		assert_int_equal(page->error, XENSTORE_ERROR_RINGIDX);
		others_are_served();
		reconnect();
		page->rsp_cons = page->rsp_prod + 1 + odd[i] % 5000;
		rig_signal(HOSTILE);
		rig_step();
		assert_int_equal(page->error, XENSTORE_ERROR_RINGIDX);
		reconnect();
	}
	/* Our own indices are ours: what is written there counts nothing. */
	for (i = 0; i < 6; i++) {
		page->req_cons = odd[i];
		page->rsp_prod = odd[i];
		rig_signal(HOSTILE);
		rig_step();
		others_are_served();
		reconnect();
	}
	/* All moving while they are read. */
	srand(1);
	for (i = 0; i < 2000; i++) {
		for (k = 0; k < 4; k++)
			(&page->req_cons)[k] = (uint32_t)rand() << 16 ^ rand();
		rig_signal(HOSTILE);
		rig_step();
	}
	reconnect();
	/* Indices wrap at 2^32 like any number. */
	client_str(dom0, XS_RELEASE, 0, "1");
	page = rig_domain(HOSTILE);
	client_introduce(dom0, HOSTILE);
	home(HOSTILE);
	dom_find(HOSTILE)->conn->s.h->req_base = 0xfffffff0;
	dom_find(HOSTILE)->conn->s.h->rsp_base = 0xfffffff8;
	page->req_prod = page->req_cons = 0xfffffff0;
	page->rsp_cons = page->rsp_prod = 0xfffffff8;
	for (i = 0; i < 200; i++)
		assert_int_equal(client_write(evil, 0, "wrap", "x"), 0);
	/* Introduced again also ends an error. */
	page->req_prod += 5000;
	rig_signal(HOSTILE);
	rig_step();
	assert_int_equal(page->error, XENSTORE_ERROR_RINGIDX);
	assert_int_equal(client_introduce(dom0, HOSTILE), 0);
	evil->in_n = 0;
	assert_int_equal(client_write(evil, 0, "back", "1"), 0);
}

/* XS-02 */
static void test_message_length(void **state)
{
	static const uint32_t bad[] = { 4097, 65536, 0x80000000, 0xffffffff };
	struct xsd_sockmsg hdr = { XS_READ, 1, 0, 0 };
	char data[4097];
	struct client *c;
	unsigned int i, k;

	(void)state;
	memset(data, 'x', sizeof(data));
	memcpy(data, "/tool/big", 10);
	assert_int_equal(client_call(dom0, XS_WRITE, 0, data, 4096), 0);
	memcpy(data, "big", 4);
	assert_int_equal(client_call(evil, XS_WRITE, 0, data, 2048 + 4), 0);
	assert_int_equal(client_call(evil, XS_WRITE, 0, data, 4096), ENOSPC);
	assert_int_equal(client_call(evil, XS_READ, 0, "", 0), EINVAL);
	for (i = 0; i < 4; i++) {
		hdr.len = bad[i];
		client_send(evil, &hdr, sizeof(hdr));
		rig_signal(HOSTILE);
		rig_step();
		assert_int_equal(page->error, XENSTORE_ERROR_PROTO);
		others_are_served();
		reconnect();
		c = client_socket();
		client_send(c, &hdr, sizeof(hdr));
		rig_settle();
		client_poll(c);
		assert_true(c->closed);
		client_close(c);
	}
	/* In pieces of one byte, and a body that never comes. */
	hdr.len = 5;
	for (k = 0; k < sizeof(hdr); k++) {
		client_send(evil, (char *)&hdr + k, 1);
		rig_signal(HOSTILE);
		others_are_served();
	}
	client_send(evil, "back", 5);
	rig_signal(HOSTILE);
	rig_step();
	assert_true(client_poll(evil));
	assert_int_equal(evil->hdr.type, XS_READ);
	client_send(evil, &hdr, sizeof(hdr));
	rig_signal(HOSTILE);
	others_are_served();
}

/* XS-03 */
static void test_unknown_type(void **state)
{
	static const uint32_t privileged[] = { XS_INTRODUCE, XS_RELEASE,
		XS_CONTROL, XS_SET_TARGET, XS_RESUME, XS_IS_DOMAIN_INTRODUCED };
	static const uint32_t absent[] = { XS_WATCH_EVENT, XS_ERROR, 20 };
	uint32_t t;
	unsigned int i;

	(void)state;
	for (t = XS_TYPE_COUNT; t < 256; t++)
		assert_int_equal(client_call(evil, t, 9, "x", 2), ENOSYS);
	assert_int_equal(client_call(evil, UINT32_MAX, 9, "x", 2), ENOSYS);
	for (i = 0; i < 3; i++)
		assert_int_equal(client_call(evil, absent[i], 9, "x", 2),
				 ENOSYS);
	for (i = 0; i < 6; i++) {
		assert_int_equal(client_call(evil, privileged[i], 0, "2", 2),
				 EACCES);
		assert_int_equal(client_call(evil, privileged[i], 5, "2", 2),
				 EACCES);
	}
}

/* XS-04 */
static void test_strings(void **state)
{
	static const char *const bad[] = { "", "//", "/a/", "a//b", "..",
		"a/../b", "@x", "a b", "a\x7f", "a\xff", "a\n", "a.b" };
	static const uint32_t types[] = { XS_READ, XS_DIRECTORY, XS_MKDIR,
		XS_RM, XS_GET_PERMS };
	char deep[3100];
	unsigned int i, k;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (k = 0; k < 5; k++)
			assert_int_equal(client_str(evil, types[k], 0, bad[i]),
					 EINVAL);
	assert_int_equal(client_call(evil, XS_READ, 0, "abc", 3), EINVAL);
	assert_int_equal(client_call(evil, XS_READ, 0, "a\0b", 4), EINVAL);
	assert_int_equal(client_call(evil, XS_MKDIR, 0, "a\0\0", 3), EINVAL);
	/* As long as may be: made, read, removed. */
	memset(deep, 'd', sizeof(deep));
	deep[2048] = 0;
	assert_int_equal(client_write(evil, 0, deep, "v"), 0);
	assert_int_equal(client_str(evil, XS_READ, 0, deep), 0);
	assert_string_equal(evil->reply, "v");
	assert_int_equal(client_str(evil, XS_RM, 0, deep), 0);
	deep[2048] = 'd';
	deep[2049] = 0;
	assert_int_equal(client_write(evil, 0, deep, "v"), EINVAL);
	memcpy(deep, "/local/domain/1/", 16);
	deep[2049] = 'd';
	deep[3072] = 0;
	assert_int_equal(client_write(evil, 0, deep, "v"), 0);
	assert_int_equal(client_str(evil, XS_RM, 0, deep), 0);
	deep[3072] = 'd';
	deep[3073] = 0;
	assert_int_equal(client_write(evil, 0, deep, "v"), EINVAL);
	/* A thousand deep; its children's names are then too long. */
	for (i = 0; i < 990; i++)
		memcpy(deep + 2 * i, "e/", 2);
	deep[2 * 990 - 1] = 0;
	assert_int_equal(client_write(evil, 0, deep, "v"), 0);
	assert_int_equal(client_str(evil, XS_READ, 0, deep), 0);
	assert_int_equal(client_str(evil, XS_RM, 0, "e"), 0);
}

/* XS-05: what each of three may do, by what the owner wrote. */
static void test_permissions_matrix(void **state)
{
	static const char letters[] = "nrwb";
	char perms[32], path[64];
	unsigned int other, listed, k;

	(void)state;
	for (other = 0; other < 4; other++)
		for (listed = 0; listed < 4; listed++) {
			bool rd, wr;

			sprintf(path, "/local/domain/1/m-%u-%u", other, listed);
			client_write(evil, 0, path, "v");
			sprintf(perms, "%c1 %c2", letters[other],
				letters[listed]);
			assert_int_equal(client_chmod(evil, 0, path, perms), 0);
			/* The owner always may. */
			assert_int_equal(client_str(evil, XS_READ, 0, path), 0);
			rd = listed == 1 || listed == 3;
			wr = listed == 2 || listed == 3;
			assert_int_equal(client_str(good, XS_READ, 0, path),
					 rd ? 0 : EACCES);
			assert_int_equal(client_str(good, XS_GET_PERMS, 0,
						    path), rd ? 0 : EACCES);
			assert_int_equal(client_str(good, XS_DIRECTORY, 0,
						    path), rd ? 0 : EACCES);
			assert_int_equal(client_write(good, 0, path, "w"),
					 wr ? 0 : EACCES);
			assert_int_equal(client_chmod(good, 0, path, "n2"),
					 EACCES);
			assert_int_equal(client_str(good, XS_MKDIR, 0, path),
					 wr ? 0 : EACCES);
			assert_int_equal(client_str(good, XS_RM, 0, path),
					 wr ? 0 : EACCES);
		}
	/* Those who are not listed have the first entry's letter. */
	rig_domain(3);
	client_introduce(dom0, 3);
	for (k = 0; k < 4; k++) {
		struct client *third = client_ring(3);

		sprintf(perms, "%c1 n2", letters[k]);
		client_write(evil, 0, "third", "v");
		client_chmod(evil, 0, "third", perms);
		assert_int_equal(client_str(third, XS_READ, 0,
					    "/local/domain/1/third"),
				 k == 1 || k == 3 ? 0 : EACCES);
		assert_int_equal(client_str(good, XS_READ, 0,
					    "/local/domain/1/third"), EACCES);
		client_close(third);
	}
	client_str(dom0, XS_RELEASE, 0, "3");
	/* Reading below needs no right above. */
	client_write(evil, 0, "up/below", "v");
	client_chmod(evil, 0, "up/below", "n1 r2");
	assert_int_equal(client_str(good, XS_READ, 0,
				    "/local/domain/1/up/below"), 0);
	assert_int_equal(client_str(good, XS_READ, 0, "/local/domain/1/up"),
			 EACCES);
	/* The first entry of an id counts; a thousand are too many. */
	client_chmod(evil, 0, "up", "n1 r2 n2");
	assert_int_equal(client_str(good, XS_READ, 0, "/local/domain/1/up"), 0);
	memcpy(path, "up", 3);
	{
		char many[4096] = "n1";
		unsigned int n = 2;

		for (k = 0; k < 1000; k++)
			n += sprintf(many + n, " r%u", 10 + k % 80);
		assert_int_equal(client_chmod(evil, 0, "up", many), ENOSPC);
	}
	/* Only dom0 changes owners; nobody but dom0 the root. */
	assert_int_equal(client_chmod(evil, 0, "up", "n2"), EPERM);
	assert_int_equal(client_chmod(evil, 0, "/", "b1"), EACCES);
	assert_int_equal(client_str(evil, XS_RM, 0, "/"), EACCES);
	assert_int_equal(client_str(evil, XS_READ, 0, "/local/domain/2"),
			 EACCES);
	assert_int_equal(client_str(evil, XS_RM, 0, "/local/domain/2"), EACCES);
	assert_int_equal(client_write(evil, 0, "/local/domain/2/x", ""),
			 EACCES);
}

/* XS-06 */
static void test_domid_reuse(void **state)
{
	int rounds;

	(void)state;
	for (rounds = 0; rounds < 3; rounds++) {
		client_write(evil, 0, "own/deep", "x");
		client_write(good, 0, "shared", "s");
		assert_int_equal(client_chmod(good, 0, "shared", "n2 b1"), 0);
		client_write(evil, 0, "/local/domain/2/shared/from1", "x");
		client_write(dom0, 0, "/given", "g");
		client_chmod(dom0, 0, "/given", "n1");
		client_write(dom0, 0, "/given/of0", "");
		client_chmod(dom0, 0, "/given/of0", "n0");
		assert_int_equal(client_str(evil, XS_READ, 0,
					    "/local/domain/2/shared"), 0);
		/* It ends; another comes with its number. */
		client_close(evil);
		rig_domain_state(HOSTILE, XEN_GONE);
		rig_virq();
		assert_int_equal(quota_of(HOSTILE)->nodes, 0);
		assert_int_equal(client_str(dom0, XS_READ, 0,
					    "/local/domain/1/own"), ENOENT);
		/* With dom0's node in it, it is dom0's now. */
		assert_int_equal(client_str(dom0, XS_GET_PERMS, 0, "/given"),
				 0);
		assert_string_equal(dom0->reply, "n0");
		assert_int_equal(client_str(good, XS_READ, 0,
					    "/local/domain/2/shared/from1"),
				 ENOENT);
		hostile_comes();
		assert_int_equal(quota_of(HOSTILE)->nodes, 1);
		assert_int_equal(client_str(evil, XS_READ, 0,
					    "/local/domain/2/shared"), EACCES);
		assert_int_equal(client_write(evil, 0,
					      "/local/domain/2/shared", "x"),
				 EACCES);
		assert_int_equal(client_str(evil, XS_READ, 0, "/given"),
				 EACCES);
		assert_int_equal(client_str(good, XS_GET_PERMS, 0, "shared"),
				 0);
		assert_int_equal(good->hdr.len, 3);
		rig_audit();
	}
}

/* The same for one that was never introduced, and in a transaction. */
static void test_domid_reuse_unseen(void **state)
{
	uint32_t t;

	(void)state;
	rig_domain(9);
	client_write(dom0, 0, "/given", "g");
	client_chmod(dom0, 0, "/given", "n9 r2");
	client_write(dom0, 0, "/read", "g");
	client_chmod(dom0, 0, "/read", "n0 r9");
	t = client_begin(dom0);
	client_write(dom0, t, "/later", "");
	client_chmod(dom0, t, "/later", "n9");
	/* An id that no domain has: nothing ends with it. */
	client_write(dom0, 0, "/future", "");
	client_chmod(dom0, 0, "/future", "n77");
	rig_domain_state(9, XEN_GONE);
	rig_virq();
	assert_int_equal(client_str(dom0, XS_READ, 0, "/given"), ENOENT);
	assert_int_equal(client_str(dom0, XS_GET_PERMS, 0, "/read"), 0);
	assert_int_equal(dom0->hdr.len, 3);
	assert_int_equal(client_str(dom0, XS_READ, 0, "/future"), 0);
	assert_int_equal(client_end(dom0, t, true), EAGAIN);
	assert_int_equal(quota_of(9)->nodes, 0);
	/* Noticed also by the next life of the daemon. */
	rig_domain(9);
	client_write(dom0, 0, "/given", "g");
	client_chmod(dom0, 0, "/given", "n9");
	client_close(dom0);
	rig_stop();
	rig_domain_state(9, XEN_GONE);
	rig_start(dir);
	dom0 = client_socket();
	assert_int_equal(client_str(dom0, XS_READ, 0, "/given"), ENOENT);
	assert_int_equal(client_str(dom0, XS_READ, 0, "/future"), 0);
	client_str(dom0, XS_RM, 0, "/future");
}

/* XS-07 */
static void test_watch_visibility(void **state)
{
	const char *e;

	(void)state;
	client_str2(evil, XS_WATCH, 0, "/", "t");
	client_str2(evil, XS_WATCH, 0, "/local/domain/2", "t");
	client_str2(evil, XS_WATCH, 0, "@introduceDomain", "t");
	client_str2(evil, XS_WATCH, 0, "@releaseDomain", "t");
	while (client_event(evil))
		;
	client_write(good, 0, "secret/a", "s");
	client_write(dom0, 0, "/tool/secret", "s");
	client_str(good, XS_RM, 0, "secret");
	client_chmod(good, 0, "x", "n2 w1");
	client_write(good, 0, "x", "s");
	rig_domain(3);
	client_introduce(dom0, 3);
	client_str(dom0, XS_RELEASE, 0, "3");
	assert_null(client_event(evil));
	/* What it may see it hears of, also when that ends. */
	client_write(good, 0, "open", "o");
	client_chmod(good, 0, "open", "n2 r1");
	e = client_event(evil);
	assert_string_equal(e ? e : "", "/local/domain/2/open t");
	client_drop_events(evil);
	client_str(good, XS_RM, 0, "open");
	e = client_event(evil);
	assert_string_equal(e ? e : "", "/local/domain/2/open t");
}

/* XS-08 */
static void test_watch_quota(void **state)
{
	char token[4096];
	unsigned int i, n = 0, round;
	int64_t bytes = quota_of(HOSTILE)->bytes;

	(void)state;
	for (round = 0; round < 3; round++) {
		for (i = 0, n = 0; i < 10000; i++) {
			sprintf(token, "%u", i);
			n += !client_str2(evil, XS_WATCH, 0, "w", token);
			client_drop_events(evil);
		}
		assert_int_equal(n, 128);
		assert_int_equal(client_str2(evil, XS_UNWATCH, 0, "w", "none"),
				 ENOENT);
		assert_int_equal(client_call(evil, XS_RESET_WATCHES, 0, "", 1),
				 0);
		assert_int_equal(quota_of(HOSTILE)->watches, 0);
		assert_int_equal(quota_of(HOSTILE)->bytes, bytes);
	}
	/* A token so long that only events of short paths fit: others are
	 * left out whole. */
	memset(token, 't', sizeof(token));
	token[4096 - 2 - 2] = 0;
	assert_int_equal(client_str2(evil, XS_WATCH, 0, "w", token), 0);
	assert_non_null(client_event(evil));
	client_write(evil, 0, "w/longer", "");
	assert_null(client_event(evil));
	client_write(evil, 0, "w", "x");
	assert_non_null(client_event(evil));
}

/* Sends as much as goes, without ever looking at what comes back. */
static void flood(const char *path, const char *value, unsigned int times)
{
	struct xsd_sockmsg hdr = { XS_WRITE, 1, 0, 0 };
	char msg[4096];
	size_t n = strlen(path) + 1, sent = 0, len;

	hdr.len = n + strlen(value);
	len = sizeof(hdr) + hdr.len;
	memcpy(msg, &hdr, sizeof(hdr));
	memcpy(msg + sizeof(hdr), path, n);
	memcpy(msg + sizeof(hdr) + n, value, strlen(value));
	while (times--) {
		sent += client_send(evil, msg + sent, len - sent);
		if (sent == len)
			sent = 0;
		rig_signal(HOSTILE);
	}
}

/* XS-09 */
static void test_watch_storm(void **state)
{
	size_t heap = __sanitizer_get_current_allocated_bytes();
	unsigned int i;
	char token[16];

	(void)state;
	for (i = 0; i < 128; i++) {
		sprintf(token, "%u", i);
		client_str2(evil, XS_WATCH, 0, "/local/domain/1", token);
	}
	client_poll(evil);
	client_drop_events(evil);
	client_str2(dom0, XS_WATCH, 0, "/local/domain/1", "d");
	for (i = 0; i < 100; i++) {
		char path[64];

		sprintf(path, "/local/domain/1/%u", i);
		flood(path, "x", 1000);
		/* The last request served may have made 129 events. */
		assert_true(quota_of(HOSTILE)->outstanding <
			    limits.outstanding + 130);
		if (i % 10 == 0)
			others_are_served();
	}
	assert_true(__sanitizer_get_current_allocated_bytes() <
		    heap + (size_t)limits.memory + (1 << 20));
	client_str2(dom0, XS_UNWATCH, 0, "/local/domain/1", "d");
}

/* XS-10 */
static void test_node_quota(void **state)
{
	char path[64];
	unsigned int i, n;
	uint32_t t;
	int round, before = quota_of(HOSTILE)->nodes;

	(void)state;
	for (round = 0; round < 10; round++) {
		for (n = before; n < 1000; n++) {
			sprintf(path, "q/%u", n);
			if (client_write(evil, 0, path, ""))
				break;
		}
		assert_int_equal(quota_of(HOSTILE)->nodes, 1000);
		assert_int_equal(client_write(evil, 0, "q/more", ""), ENOSPC);
		assert_int_equal(client_write(evil, 0, "a/b/c/d/e", ""),
				 ENOSPC);
		assert_int_equal(client_str(evil, XS_READ, 0, "a"), ENOENT);
		t = client_begin(evil);
		assert_int_equal(client_write(evil, t, "t/x", ""), ENOSPC);
		assert_int_equal(client_str(evil, XS_RM, t, "q/5"), 0);
		assert_int_equal(client_write(evil, t, "q/new", ""), 0);
		assert_int_equal(client_write(evil, t, "q/new2", ""), ENOSPC);
		assert_int_equal(client_end(evil, t, true), 0);
		assert_int_equal(quota_of(HOSTILE)->nodes, 1000);
		assert_int_equal(client_str(evil, XS_RM, 0, "q"), 0);
		assert_int_equal(quota_of(HOSTILE)->nodes, before);
		others_are_served();
	}
	/* Each of ten transactions within the limit, not all together. */
	for (i = 0; i < 3; i++) {
		uint32_t u[2] = { client_begin(evil), client_begin(evil) };
		unsigned int k;

		for (k = 0; k < 1200; k++) {
			sprintf(path, "u%u/%u", k % 2, k);
			client_write(evil, u[k % 2], path, "");
		}
		client_end(evil, u[0], true);
		client_end(evil, u[1], true);
		assert_in_range(quota_of(HOSTILE)->nodes, before, 1000);
		client_str(evil, XS_RM, 0, "u0");
		client_str(evil, XS_RM, 0, "u1");
		assert_int_equal(quota_of(HOSTILE)->nodes, before);
	}
	for (i = 0; i < 10000; i++) {
		client_write(evil, 0, "once/x", "");
		client_str(evil, XS_RM, 0, "once");
	}
	assert_int_equal(quota_of(HOSTILE)->nodes, before);
}

/* XS-11 */
static void test_big_values(void **state)
{
	char value[4097], path[256], at[16];
	size_t offset = 0, head;
	unsigned int i;

	(void)state;
	memset(value, 'v', sizeof(value));
	value[2049] = 0;
	assert_int_equal(client_write(evil, 0, "v", value), ENOSPC);
	assert_int_equal(client_str(evil, XS_READ, 0, "v"), ENOENT);
	value[2048] = 0;
	assert_int_equal(client_write(evil, 0, "v", value), 0);
	assert_int_equal(client_str(evil, XS_READ, 0, "v"), 0);
	assert_int_equal(evil->hdr.len, 2048);
	for (i = 0; i < 900; i++) {
		sprintf(path, "dir/a-rather-long-name-of-a-node-"
			"that-fills-replies-%u", i);
		assert_int_equal(client_write(evil, 0, path, ""), 0);
	}
	assert_int_equal(client_str(evil, XS_DIRECTORY, 0, "dir"), E2BIG);
	/* Parts are whole names, while the list changes. */
	for (i = 0; offset < 45000; i++) {
		sprintf(at, "%zu", offset);
		assert_int_equal(client_str2(evil, XS_DIRECTORY_PART, 0, "dir",
					     at), 0);
		head = strlen(evil->reply) + 1;
		assert_true(evil->hdr.len > head);
		assert_int_equal(evil->reply[evil->hdr.len - 1], 0);
		offset += evil->hdr.len - head;
		sprintf(path, "dir/a-rather-long-name-of-a-node-"
			"that-fills-replies-%u", i * 7);
		client_str(evil, XS_RM, 0, path);
	}
	assert_int_equal(client_str2(evil, XS_DIRECTORY_PART, 0, "dir",
				     "4294967295"), 0);
	assert_int_equal(client_str2(evil, XS_DIRECTORY_PART, 0, "dir",
				     "99999999999"), EINVAL);
	assert_int_equal(client_str2(evil, XS_DIRECTORY_PART, 0, "dir", "-1"),
			 EINVAL);
}

/* XS-12 */
static void test_transaction_quota(void **state)
{
	uint32_t t[11], theirs;
	char path[64];
	unsigned int i;

	(void)state;
	for (i = 0; i < 10; i++)
		t[i] = client_begin(evil);
	assert_int_equal(client_str(evil, XS_TRANSACTION_START, 0, ""), ENOSPC);
	for (i = 0; i < 1024; i++) {
		sprintf(path, "none/%u", i);
		assert_int_equal(client_str(evil, XS_READ, t[0], path), ENOENT);
	}
	assert_int_equal(client_str(evil, XS_READ, t[0], "none/x"), ENOSPC);
	assert_int_equal(client_str(evil, XS_READ, t[0], "none/5"), ENOENT);
	assert_int_equal(client_str(evil, XS_TRANSACTION_START, t[1], ""),
			 EBUSY);
	theirs = client_begin(good);
	client_write(good, theirs, "t", "1");
	assert_int_equal(client_write(evil, theirs, "x", "1"), ENOENT);
	assert_int_equal(client_end(evil, theirs, true), ENOENT);
	assert_int_equal(client_end(evil, 0xfffffff0, true), ENOENT);
	assert_int_equal(client_end(good, theirs, true), 0);
	assert_int_equal(client_end(evil, t[1], true), 0);
	assert_int_equal(client_end(evil, t[1], true), ENOENT);
	/* Cut off inside: nothing is left of it. */
	client_write(evil, t[2], "inside", "1");
	reconnect();
	assert_int_equal(quota_of(HOSTILE)->transactions, 0);
	assert_int_equal(client_end(evil, t[2], true), ENOENT);
	assert_int_equal(client_str(evil, XS_READ, 0, "inside"), ENOENT);
	/* One that is kept open for ever holds no old trees for ever. */
	t[0] = client_begin(evil);
	for (i = 0; i < 20100; i++) {
		sprintf(path, "/local/domain/2/k%u", i % 500);
		client_write(dom0, 0, path, "some value that takes its room");
	}
	assert_true(txn_find(dom_find(HOSTILE)->conn, t[0])->doomed);
	assert_int_equal(client_end(evil, t[0], true), 0 + EAGAIN);
}

/* XS-13 */
static void test_conflict_storm(void **state)
{
	unsigned int tries, k, worst = 0, round, n = 0;
	char value[16];
	uint32_t t;

	(void)state;
	client_write(dom0, 0, "/local/domain/1/busy", "0");
	for (round = 0; round < 20; round++) {
		for (tries = 1; ; tries++) {
			t = client_begin(dom0);
			for (k = 0; k < 20; k++) {
				client_str(dom0, XS_READ, t,
					   "/local/domain/1/busy");
				/* Another value each time, or nothing changed. */
				sprintf(value, "%u", ++n);
				flood("/local/domain/1/busy", value, 30);
				while (client_poll(evil))
					;
			}
			client_write(dom0, t, "/tool/result", "1");
			if (!client_end(dom0, t, true))
				break;
			assert_true(tries < 10);
		}
		if (tries > worst)
			worst = tries;
	}
	/* The storm did hurt, or the test shows nothing. */
	assert_true(worst > 1);
	rig_settle();
}

/* XS-14 */
static void test_no_reader(void **state)
{
	size_t heap = __sanitizer_get_current_allocated_bytes();
	unsigned int i;

	(void)state;
	/* The reply ring is full but for one byte, for ever. */
	for (i = 0; i < 200; i++) {
		flood("full", "x", 500);
		page->rsp_cons = page->rsp_prod - 1023;
		assert_true(quota_of(HOSTILE)->outstanding <=
			    limits.outstanding);
		if (i % 20 == 0)
			others_are_served();
	}
	assert_true(__sanitizer_get_current_allocated_bytes() <
		    heap + (256 << 10));
	assert_true(stream_out_pending(&dom_find(HOSTILE)->conn->s) < 65536);
	/* A socket that is never read from, either. */
	{
		struct client *c = client_socket();
		struct xsd_sockmsg hdr = { XS_DIRECTORY, 1, 0, 2 };
		char msg[sizeof(hdr) + 2];

		memcpy(msg, &hdr, sizeof(hdr));
		memcpy(msg + sizeof(hdr), "/", 2);
		for (i = 0; i < 50000; i++) {
			client_send(c, msg, sizeof(msg));
			if (i % 16 == 0)
				rig_step();
			if (i % 5000 == 0)
				others_are_served();
		}
		assert_true(__sanitizer_get_current_allocated_bytes() <
			    heap + (512 << 10));
		client_close(c);
	}
}

/* XS-15 */
static void test_domain_churn(void **state)
{
	struct xsd_sockmsg hdr = { XS_READ, 1, 0, 100 };
	unsigned int i, told = 0;

	(void)state;
	client_str2(dom0, XS_WATCH, 0, "@releaseDomain", "r");
	client_drop_events(dom0);
	for (i = 0; i < 10000; i++) {
		unsigned int domid = 10 + i % 97;
		struct client *c;
		char path[64];

		rig_domain(domid);
		assert_int_equal(client_introduce(dom0, domid), 0);
		if (i % 3 == 0)
			assert_int_equal(client_introduce(dom0, domid), 0);
		home(domid);
		c = client_ring(domid);
		if (i % 2)
			client_write(c, 0, "x/y", "z");
		if (i % 5 == 0)
			client_write(c, client_begin(c), "t", "z");
		if (i % 7 == 0)
			client_str2(c, XS_WATCH, 0, "x", "y");
		if (i % 11 == 0)
			client_send(c, &hdr, sizeof(hdr));
		rig_signal(domid);
		if (i % 13 == 0)
			rig_domain_lose_page(domid);
		rig_step();
		while (client_event(dom0))
			;
		if (i % 2) {
			sprintf(path, "%u", domid);
			assert_int_equal(client_str(dom0, XS_RELEASE, 0, path),
					 0);
			rig_domain_state(domid, XEN_GONE);
		} else {
			rig_domain_state(domid, i % 4 ? XEN_GONE : XEN_DYING);
			rig_virq();
			rig_domain_state(domid, XEN_GONE);
		}
		rig_virq();
		while (client_event(dom0))
			told++;
		assert_int_equal(told, i + 1);
		client_close(c);
		sprintf(path, "/local/domain/%u", domid);
		client_str(dom0, XS_RM, 0, path);
		if (i % 1000 == 0) {
			others_are_served();
			rig_audit();
		}
	}
}

/* XS-16: restarts under all of it (test_store_state kills for real). */
static void test_restart(void **state)
{
	unsigned int i, nodes;
	char path[64];
	uint32_t t;

	(void)state;
	for (i = 0; i < 100; i++) {
		sprintf(path, "n%u", i);
		client_write(evil, 0, path, "v");
		client_str2(evil, XS_WATCH, 0, path, "w");
	}
	nodes = quota_of(HOSTILE)->nodes;
	for (i = 0; i < 20; i++) {
		t = client_begin(good);
		client_write(good, t, "t", "1");
		flood("half", "sent", 1 + i);
		client_poll(dom0);
		client_close(dom0);
		rig_stop();
		rig_start(dir);
		dom0 = client_socket();
		rig_signal(HOSTILE);
		rig_signal(NEIGHBOUR);
		assert_int_equal(client_end(good, t, true), EAGAIN);
		assert_int_equal(quota_of(HOSTILE)->watches, 100);
		assert_in_range(quota_of(HOSTILE)->nodes, nodes, nodes + 1);
		others_are_served();
		while (client_poll(evil))
			;
		client_drop_events(evil);
		rig_audit();
	}
}

#define T(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_ring_indices), T(test_message_length),
		T(test_unknown_type), T(test_strings),
		T(test_permissions_matrix), T(test_domid_reuse),
		T(test_domid_reuse_unseen),
		T(test_watch_visibility), T(test_watch_quota),
		T(test_watch_storm), T(test_node_quota), T(test_big_values),
		T(test_transaction_quota), T(test_conflict_storm),
		T(test_no_reader), T(test_domain_churn), T(test_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
