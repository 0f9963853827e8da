/* SPDX-License-Identifier: MIT */
/*
 * Every message of the protocol, as clients send it: from dom0's socket, and
 * from guests' rings. After each test all books of the store are right and all
 * its memory is given back.
 */
#include "store_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct client *dom0, *g1, *g2;

static int set_up(void **state)
{
	(void)state;
	rig_start(NULL);
	dom0 = client_socket();
	rig_domain(1);
	rig_domain(2);
	assert_int_equal(client_introduce(dom0, 1), 0);
	assert_int_equal(client_introduce(dom0, 2), 0);
	g1 = client_ring(1);
	g2 = client_ring(2);
	client_write(dom0, 0, "/local/domain/1", "");
	client_chmod(dom0, 0, "/local/domain/1", "n1");
	client_write(dom0, 0, "/local/domain/2", "");
	client_chmod(dom0, 0, "/local/domain/2", "n2");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_audit();
	client_close(dom0);
	client_close(g1);
	client_close(g2);
	rig_step();
	rig_stop();
	return 0;
}

static void reads(struct client *c, const char *path, const char *value)
{
	assert_int_equal(client_str(c, XS_READ, 0, path), 0);
	assert_int_equal(c->hdr.len, strlen(value));
	assert_string_equal(c->reply, value);
}

static void lists(struct client *c, uint32_t tx, const char *path,
		  const char *names)
{
	uint32_t i;

	assert_int_equal(client_str(c, XS_DIRECTORY, tx, path), 0);
	for (i = 0; i + 1 < c->hdr.len; i++)
		if (!c->reply[i])
			c->reply[i] = ' ';
	assert_string_equal(c->reply, names);
}

static void perms_are(struct client *c, const char *path, const char *perms)
{
	uint32_t i;

	assert_int_equal(client_str(c, XS_GET_PERMS, 0, path), 0);
	for (i = 0; i + 1 < c->hdr.len; i++)
		if (!c->reply[i])
			c->reply[i] = ' ';
	assert_string_equal(c->reply, perms);
}

static void event_is(struct client *c, const char *event)
{
	const char *e = client_event(c);

	if (!event)
		assert_null(e);
	else
		assert_string_equal(e ? e : "(none)", event);
}

static void test_values(void **state)
{
	(void)state;
	assert_int_equal(client_str(dom0, XS_READ, 0, "/a/b"), ENOENT);
	assert_int_equal(client_write(dom0, 0, "/a/b/c", "one"), 0);
	assert_string_equal(dom0->reply, "OK");
	assert_int_equal(dom0->hdr.len, 3);
	reads(dom0, "/a/b/c", "one");
	reads(dom0, "/a", "");
	client_write(dom0, 0, "/a/b/c", "");
	reads(dom0, "/a/b/c", "");
	/* A value is any bytes; a NUL after it is part of it. */
	client_call(dom0, XS_WRITE, 0, "/a\0x\0y\0", 7);
	client_str(dom0, XS_READ, 0, "/a");
	assert_int_equal(dom0->hdr.len, 4);
	assert_memory_equal(dom0->reply, "x\0y\0", 4);
	assert_int_equal(client_str(dom0, XS_MKDIR, 0, "/a"), 0);
	assert_int_equal(client_str(dom0, XS_MKDIR, 0, "/m/n"), 0);
	lists(dom0, 0, "/m", "n");
	lists(dom0, 0, "/m/n", "");
	assert_int_equal(client_str(dom0, XS_RM, 0, "/m/n/x"), 0);
	assert_int_equal(client_str(dom0, XS_RM, 0, "/m/x/y"), ENOENT);
	assert_int_equal(client_str(dom0, XS_RM, 0, "/m"), 0);
	assert_int_equal(client_str(dom0, XS_READ, 0, "/m/n"), ENOENT);
	assert_int_equal(client_str(dom0, XS_RM, 0, "/"), EINVAL);
	lists(dom0, 0, "/", "a local tool");
	/* Relative to the caller's home. */
	client_write(g1, 0, "device/x", "v");
	reads(dom0, "/local/domain/1/device/x", "v");
	reads(g1, "device/x", "v");
}

static void test_malformed(void **state)
{
	static const uint32_t one_path[] = { XS_READ, XS_DIRECTORY, XS_MKDIR,
		XS_RM, XS_GET_PERMS };
	unsigned int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		uint32_t t = one_path[i];

		assert_int_equal(client_call(dom0, t, 0, "", 0), EINVAL);
		assert_int_equal(client_call(dom0, t, 0, "/a", 2), EINVAL);
		assert_int_equal(client_call(dom0, t, 0, "/a\0b", 5), EINVAL);
		assert_int_equal(client_str(dom0, t, 0, ""), EINVAL);
		assert_int_equal(client_str(dom0, t, 0, "@x"), EINVAL);
	}
	assert_int_equal(client_call(dom0, XS_WRITE, 0, "/a", 2), EINVAL);
	assert_int_equal(client_call(dom0, XS_SET_PERMS, 0, "/tool", 6),
			 EINVAL);
	assert_int_equal(client_chmod(dom0, 0, "/tool", "q0"), EINVAL);
	assert_int_equal(client_str(dom0, XS_WATCH, 0, "/a"), EINVAL);
	assert_int_equal(client_str(dom0, XS_TRANSACTION_END, 0, "T"), ENOENT);
	assert_int_equal(client_str(dom0, XS_TRANSACTION_END, 0, "X"), EINVAL);
	assert_int_equal(client_str(dom0, 20, 0, "x"), ENOSYS);
	assert_int_equal(client_str(dom0, XS_WATCH_EVENT, 0, "x"), ENOSYS);
	assert_int_equal(client_str(dom0, 77777, 0, "x"), ENOSYS);
}

static void test_directory_part(void **state)
{
	char path[64], all[16384], stamp[32], part[64];
	size_t n = 0, at = 0;
	unsigned int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		sprintf(path, "/many/name-%03u", i);
		client_write(dom0, 0, path, "");
		n += sprintf(all + n, "name-%03u", i) + 1;
	}
	assert_int_equal(client_str(dom0, XS_DIRECTORY, 0, "/many"), E2BIG);
	for (i = 0; ; i++) {
		const char *names;
		size_t head, len;

		sprintf(part, "%zu", at);
		assert_int_equal(client_str2(dom0, XS_DIRECTORY_PART, 0,
					     "/many", part), 0);
		if (!i)
			strcpy(stamp, dom0->reply);
		assert_string_equal(dom0->reply, stamp);
		head = strlen(stamp) + 1;
		names = dom0->reply + head;
		len = dom0->hdr.len - head;
		if (len >= 2 && !names[len - 1] && !names[len - 2])
			len--;			/* the end */
		assert_memory_equal(all + at, names, len);
		at += len;
		if (at == n)
			break;
	}
	assert_in_range(i, 2, 3);
	/* Beyond the end: nothing but the end. */
	sprintf(part, "%zu", n);
	client_str2(dom0, XS_DIRECTORY_PART, 0, "/many", part);
	assert_int_equal(dom0->hdr.len, strlen(stamp) + 2);
	/* Another child, another stamp. */
	client_write(dom0, 0, "/many/new", "");
	client_str2(dom0, XS_DIRECTORY_PART, 0, "/many", "0");
	assert_string_not_equal(dom0->reply, stamp);
}

static void test_permissions(void **state)
{
	(void)state;
	client_write(g1, 0, "mine", "m");
	perms_are(g1, "mine", "n1");
	assert_int_equal(client_str(g2, XS_READ, 0, "/local/domain/1/mine"),
			 EACCES);
	/* Nor may it learn what is not there. */
	assert_int_equal(client_str(g2, XS_READ, 0, "/local/domain/1/none"),
			 EACCES);
	assert_int_equal(client_chmod(g1, 0, "mine", "n1 r2"), 0);
	reads(g2, "/local/domain/1/mine", "m");
	assert_int_equal(client_write(g2, 0, "/local/domain/1/mine", "x"),
			 EACCES);
	assert_int_equal(client_chmod(g1, 0, "mine", "n1 b2"), 0);
	assert_int_equal(client_write(g2, 0, "/local/domain/1/mine", "x"), 0);
	/* A child that another makes is that one's own. */
	assert_int_equal(client_write(g2, 0, "/local/domain/1/mine/c", "y"), 0);
	perms_are(g2, "/local/domain/1/mine/c", "n2 b2");
	/* Owners are dom0's to change. */
	assert_int_equal(client_chmod(g1, 0, "mine", "n2"), EPERM);
	assert_int_equal(client_chmod(g2, 0, "/local/domain/1/mine", "n1"),
			 EACCES);
	assert_int_equal(client_chmod(dom0, 0, "/local/domain/1/mine", "n2"),
			 0);
	assert_int_equal(client_str(g1, XS_READ, 0, "mine"), EACCES);
	assert_int_equal(client_chmod(dom0, 0, "/none", "n2"), ENOENT);
	/* The root is a node like others. */
	assert_int_equal(client_str(g1, XS_DIRECTORY, 0, "/"), EACCES);
	assert_int_equal(client_write(g1, 0, "/x", "x"), EACCES);
	client_chmod(dom0, 0, "/", "r0");
	lists(g1, 0, "/", "local tool");
	/* dom0's nodes inherit. */
	client_write(dom0, 0, "/local/domain/1/by0", "");
	perms_are(g1, "/local/domain/1/by0", "n1");
}

static void test_special_permissions(void **state)
{
	(void)state;
	perms_are(dom0, "@releaseDomain", "n0");
	assert_int_equal(client_str(g1, XS_GET_PERMS, 0, "@releaseDomain"),
			 EACCES);
	assert_int_equal(client_chmod(g1, 0, "@releaseDomain", "n0 r1"),
			 EACCES);
	client_str2(g1, XS_WATCH, 0, "@introduceDomain", "t");
	event_is(g1, "@introduceDomain t");
	rig_domain(7);
	client_introduce(dom0, 7);
	event_is(g1, NULL);
	assert_int_equal(client_chmod(dom0, 0, "@introduceDomain", "n0 r1"),
			 0);
	perms_are(dom0, "@introduceDomain", "n0 r1");
	rig_domain(8);
	client_introduce(dom0, 8);
	event_is(g1, "@introduceDomain t");
	assert_int_equal(client_chmod(dom0, 0, "@other", "n0"), EINVAL);
}

static void test_watches(void **state)
{
	(void)state;
	assert_int_equal(client_str2(dom0, XS_WATCH, 0, "/w", "tok"), 0);
	event_is(dom0, "/w tok");
	event_is(dom0, NULL);
	assert_int_equal(client_str2(dom0, XS_WATCH, 0, "/w", "tok"), EEXIST);
	client_write(dom0, 0, "/w/a/b", "1");
	event_is(dom0, "/w/a/b tok");
	client_write(dom0, 0, "/x", "1");
	client_write(dom0, 0, "/wx", "1");
	event_is(dom0, NULL);
	client_str(dom0, XS_MKDIR, 0, "/w/a");
	event_is(dom0, NULL);			/* nothing was changed */
	client_chmod(dom0, 0, "/w/a", "n0 r1");
	event_is(dom0, "/w/a tok");
	/* What is removed from above is heard of under its own name. */
	client_str2(dom0, XS_WATCH, 0, "/w/a/b", "deep");
	event_is(dom0, "/w/a/b deep");
	client_str(dom0, XS_RM, 0, "/w");
	event_is(dom0, "/w tok");
	event_is(dom0, "/w/a/b deep");
	client_str(dom0, XS_RM, 0, "/w");
	event_is(dom0, NULL);
	assert_int_equal(client_str2(dom0, XS_UNWATCH, 0, "/w", "other"),
			 ENOENT);
	assert_int_equal(client_str2(dom0, XS_UNWATCH, 0, "/w", "tok"), 0);
	client_write(dom0, 0, "/w/a/b", "1");
	event_is(dom0, "/w/a/b deep");
	/* Relative ones hear relative names. */
	client_str2(g1, XS_WATCH, 0, "device", "d");
	event_is(g1, "device d");
	client_write(dom0, 0, "/local/domain/1/device/vif/0", "x");
	event_is(g1, "device/vif/0 d");
	client_str2(g1, XS_WATCH, 0, "/local/domain/1/device", "d");
	event_is(g1, "/local/domain/1/device d");
	client_call(g1, XS_RESET_WATCHES, 0, "", 1);
	client_write(dom0, 0, "/local/domain/1/device/vif/0", "y");
	event_is(g1, NULL);
	/* The root's watcher hears all. */
	client_str2(dom0, XS_WATCH, 0, "/", "r");
	event_is(dom0, "/ r");
	client_write(g1, 0, "z", "y");
	event_is(dom0, "/local/domain/1/z r");
}

static int watch_depth(struct client *c, const char *path, const char *depth)
{
	char data[256];
	size_t n = sprintf(data, "%s%ct%c%s", path, 0, 0, depth);

	return client_call(c, XS_WATCH, 0, data, n + 1);
}

static void test_watch_depth(void **state)
{
	(void)state;
	assert_int_equal(watch_depth(dom0, "/w", "x"), EINVAL);
	assert_int_equal(watch_depth(dom0, "/w", "1"), 0);
	event_is(dom0, "/w t");
	client_write(dom0, 0, "/w/a/b", "");
	event_is(dom0, NULL);
	client_write(dom0, 0, "/w/a", "x");
	event_is(dom0, "/w/a t");
	client_write(dom0, 0, "/w", "x");
	event_is(dom0, "/w t");
	client_str2(dom0, XS_UNWATCH, 0, "/w", "t");
	assert_int_equal(watch_depth(dom0, "/", "0"), 0);
	event_is(dom0, "/ t");
	client_write(dom0, 0, "/w", "y");
	event_is(dom0, NULL);
	client_str2(dom0, XS_UNWATCH, 0, "/", "t");
	/* Special events tell the domain to those who ask for it. */
	assert_int_equal(watch_depth(dom0, "@releaseDomain", "1"), 0);
	client_str2(dom0, XS_WATCH, 0, "@releaseDomain/2", "two");
	client_str2(dom0, XS_WATCH, 0, "@releaseDomain/3", "three");
	event_is(dom0, "@releaseDomain t");
	event_is(dom0, "@releaseDomain/2 two");
	event_is(dom0, "@releaseDomain/3 three");
	client_str(dom0, XS_RELEASE, 0, "2");
	event_is(dom0, "@releaseDomain/2 t");
	event_is(dom0, "@releaseDomain/2 two");
	event_is(dom0, NULL);
}

static void test_transactions(void **state)
{
	uint32_t t, u;

	(void)state;
	client_write(dom0, 0, "/t/a", "1");
	t = client_begin(dom0);
	assert_int_equal(client_str(dom0, XS_TRANSACTION_START, t, ""), EBUSY);
	client_write(dom0, t, "/t/a", "2");
	client_write(dom0, t, "/t/new/x", "n");
	reads(dom0, "/t/a", "1");
	assert_int_equal(client_str(dom0, XS_READ, t, "/t/new/x"), 0);
	assert_int_equal(client_str(dom0, XS_READ, 0, "/t/new/x"), ENOENT);
	lists(dom0, t, "/t", "a new");
	lists(dom0, 0, "/t", "a");
	client_str2(dom0, XS_WATCH, 0, "/t", "w");
	event_is(dom0, "/t w");
	assert_int_equal(client_end(dom0, t, true), 0);
	event_is(dom0, "/t/a w");
	event_is(dom0, "/t/new/x w");
	event_is(dom0, NULL);
	reads(dom0, "/t/new/x", "n");
	assert_int_equal(client_end(dom0, t, true), ENOENT);
	/* Given up: nothing happened. */
	t = client_begin(dom0);
	client_str(dom0, XS_RM, t, "/t");
	assert_int_equal(client_end(dom0, t, false), 0);
	reads(dom0, "/t/a", "2");
	event_is(dom0, NULL);
	/* Another's is not there. */
	t = client_begin(dom0);
	assert_int_equal(client_str(g1, XS_DIRECTORY, t, "device"), ENOENT);
	assert_int_equal(client_end(g1, t, true), ENOENT);
	u = client_begin(g1);
	assert_int_not_equal(t, u);
	client_end(dom0, t, false);
	client_end(g1, u, false);
}

/* Who is hurt by what was changed meanwhile; and who is not. */
static void test_conflicts(void **state)
{
	static const struct {
		const char *inside, *outside;
		bool conflict;
	} cases[] = {
		/* r read, l list, w write, m mkdir, d remove, p permissions */
		{ "r/c/a w/c/o", "w/c/a", true },
		{ "r/c/a w/c/o", "w/c/b", false },
		{ "r/c/a w/c/o", "w/c/a/below", false },
		{ "r/c/a w/c/o", "d/c/a", true },
		{ "r/c/a w/c/o", "p/c/a", false },
		{ "r/c/none w/c/o", "w/c/none", true },
		{ "r/c/none w/c/o", "w/c/none2", false },
		{ "l/c w/c/o", "w/c/new", true },
		{ "l/c w/c/o", "d/c/b", true },
		{ "l/c w/c/o", "w/c/b", false },
		{ "w/c/a", "w/c/a", true },
		{ "w/c/a", "w/c/b", false },
		{ "w/c/n1", "w/c/n2", false },
		{ "w/c/n1/x", "w/c/n1/y", true },
		{ "w/c/a/x", "w/c/a/y", false },
		{ "w/c/a/x", "d/c/a", true },
		{ "d/c/a", "w/c/a/x", true },
		{ "d/c/a", "w/c/b", false },
		{ "d/c/a", "w/c/a", true },
		{ "p/c/a", "w/c/a", false },
		{ "p/c/a", "d/c/a", true },
		{ "m/c/a/m", "w/c/a", false },
		/* Who only looked was there before. */
		{ "r/c/a", "w/c/a", false },
		{ "l/c", "w/c/new", false },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char todo[64], *s, *save = NULL;
		struct client *c = dom0;
		uint32_t t;
		int rc;

		client_write(dom0, 0, "/c/a", "1");
		client_write(dom0, 0, "/c/b", "1");
		t = client_begin(dom0);
		snprintf(todo, sizeof(todo), "%s | %s", cases[i].inside,
			 cases[i].outside);
		for (s = strtok_r(todo, " ", &save); s;
		     s = strtok_r(NULL, " ", &save)) {
			uint32_t tx = c == dom0 && t ? t : 0;

			if (*s == 'r')
				client_str(c, XS_READ, tx, s + 1);
			else if (*s == 'l')
				client_str(c, XS_DIRECTORY, tx, s + 1);
			else if (*s == 'w')
				client_write(c, tx, s + 1, "changed");
			else if (*s == 'm')
				client_str(c, XS_MKDIR, tx, s + 1);
			else if (*s == 'd')
				client_str(c, XS_RM, tx, s + 1);
			else if (*s == 'p')
				client_chmod(c, tx, s + 1, "n0 r1");
			else
				t = -t;		/* outside, from here on */
			if (*s == '|')
				c = client_socket();
		}
		rc = client_end(dom0, -t, true);
		if (rc != (cases[i].conflict ? EAGAIN : 0))
			fail_msg("[%s] with [%s]: %d", cases[i].inside,
				 cases[i].outside, rc);
		client_close(c);
		client_str(dom0, XS_RM, 0, "/c");
		rig_audit();
	}
}

/* A commit after others' changes keeps theirs, and is fired and counted. */
static void test_merge(void **state)
{
	uint32_t t = client_begin(g1);
	int before = quota_of(1)->nodes;

	(void)state;
	client_write(g1, t, "data/x", "1");
	client_chmod(g1, t, "data/x", "n1 r2");
	client_write(g2, 0, "data/y", "1");
	client_write(dom0, 0, "/elsewhere", "1");
	client_str2(dom0, XS_WATCH, 0, "/local", "w");
	event_is(dom0, "/local w");
	assert_int_equal(client_end(g1, t, true), 0);
	event_is(dom0, "/local/domain/1/data/x w");
	assert_int_equal(quota_of(1)->nodes, before + 2);
	reads(g2, "/local/domain/1/data/x", "1");
	reads(g2, "data/y", "1");
	reads(dom0, "/elsewhere", "1");
	rig_audit();
}

/* It sees what was there when it began, whatever happens. */
static void test_isolation(void **state)
{
	uint32_t t;

	(void)state;
	client_write(dom0, 0, "/i/a", "old");
	t = client_begin(dom0);
	client_write(g1, 0, "other", "x");
	client_write(dom0, 0, "/i/a", "new");
	client_str(dom0, XS_RM, 0, "/i/a");
	client_str(dom0, XS_READ, t, "/i/a");
	assert_string_equal(dom0->reply, "old");
	lists(dom0, t, "/i", "a");
	assert_int_equal(client_end(dom0, t, true), 0);
}

static void test_domains(void **state)
{
	(void)state;
	assert_int_equal(client_str(g1, XS_INTRODUCE, 0, "3"), EACCES);
	assert_int_equal(client_str(g1, XS_RELEASE, 0, "2"), EACCES);
	assert_int_equal(client_str(dom0, XS_GET_DOMAIN_PATH, 0, "42"), 0);
	assert_string_equal(dom0->reply, "/local/domain/42");
	assert_int_equal(client_str(g1, XS_GET_DOMAIN_PATH, 0, "42"), 0);
	assert_int_equal(client_str(dom0, XS_IS_DOMAIN_INTRODUCED, 0, "1"), 0);
	assert_string_equal(dom0->reply, "T");
	client_str(dom0, XS_IS_DOMAIN_INTRODUCED, 0, "9");
	assert_string_equal(dom0->reply, "F");
	client_str(dom0, XS_IS_DOMAIN_INTRODUCED, 0, "0");
	assert_string_equal(dom0->reply, "T");
	/* No such domain in the hypervisor; no page; no sense. */
	assert_int_equal(client_introduce(dom0, 9), ENOENT);
	rig_domain(9);
	rig_domain_lose_page(9);
	assert_int_equal(client_introduce(dom0, 9), EINVAL);
	assert_int_equal(client_introduce(dom0, 0), EINVAL);
	assert_int_equal(client_str(dom0, XS_INTRODUCE, 0, "x"), EINVAL);
	assert_int_equal(client_introduce(dom0, 32752), EINVAL);
	/* Told of each once. */
	client_str2(dom0, XS_WATCH, 0, "@introduceDomain", "i");
	client_str2(dom0, XS_WATCH, 0, "@releaseDomain", "r");
	event_is(dom0, "@introduceDomain i");
	event_is(dom0, "@releaseDomain r");
	rig_domain(9);
	assert_int_equal(client_introduce(dom0, 9), 0);
	event_is(dom0, "@introduceDomain i");
	assert_int_equal(client_introduce(dom0, 9), 0);
	event_is(dom0, NULL);
	assert_int_equal(client_str(dom0, XS_RELEASE, 0, "9"), 0);
	event_is(dom0, "@releaseDomain r");
	assert_int_equal(client_str(dom0, XS_RELEASE, 0, "9"), ENOENT);
	event_is(dom0, NULL);
	/* Shut down is told once; after RESUME it may be again. */
	rig_domain_state(2, XEN_SHUTDOWN);
	rig_virq();
	event_is(dom0, "@releaseDomain r");
	rig_virq();
	event_is(dom0, NULL);
	assert_int_equal(client_str(dom0, XS_RESUME, 0, "2"), 0);
	rig_virq();
	event_is(dom0, "@releaseDomain r");
	rig_domain_state(2, XEN_DYING);
	rig_virq();
	event_is(dom0, "@releaseDomain r");
	client_str(dom0, XS_IS_DOMAIN_INTRODUCED, 0, "2");
	assert_string_equal(dom0->reply, "F");
	rig_domain_state(2, XEN_GONE);
	rig_virq();
	event_is(dom0, NULL);
	assert_int_equal(client_str(dom0, XS_RESUME, 0, "2"), ENOENT);
}

static void test_target(void **state)
{
	(void)state;
	client_write(g1, 0, "secret", "s");
	assert_int_equal(client_str(g2, XS_READ, 0, "/local/domain/1/secret"),
			 EACCES);
	assert_int_equal(client_str2(g2, XS_SET_TARGET, 0, "2", "1"), EACCES);
	assert_int_equal(client_str2(dom0, XS_SET_TARGET, 0, "2", "1"), 0);
	reads(g2, "/local/domain/1/secret", "s");
	assert_int_equal(client_str2(dom0, XS_SET_TARGET, 0, "2", "0"), EPERM);
	assert_int_equal(client_str2(dom0, XS_SET_TARGET, 0, "2", "99"),
			 ENOENT);
	/* Rights over a domain end with it, if the id comes again or not. */
	client_str(dom0, XS_RELEASE, 0, "1");
	rig_domain(1);
	client_introduce(dom0, 1);
	client_write(dom0, 0, "/local/domain/1/secret", "s2");
	client_chmod(dom0, 0, "/local/domain/1/secret", "n1");
	assert_int_equal(client_str(g2, XS_READ, 0, "/local/domain/1/secret"),
			 EACCES);
}

static void test_control(void **state)
{
	(void)state;
	assert_int_equal(client_str(g1, XS_CONTROL, 0, "check"), EACCES);
	assert_int_equal(client_str(dom0, XS_CONTROL, 0, "check"), 0);
	assert_string_equal(dom0->reply, "OK");
	assert_int_equal(client_str(dom0, XS_CONTROL, 0, "help"), 0);
	assert_non_null(strstr(dom0->reply, "quota"));
	assert_int_equal(client_str(dom0, XS_CONTROL, 0, "quota"), 0);
	assert_non_null(strstr(dom0->reply, "nodes"));
	assert_int_equal(client_call(dom0, XS_CONTROL, 0,
				     "quota\0set\0nodes\0" "7", 18), 0);
	assert_int_equal(limits.nodes, 7);
	assert_int_equal(client_call(dom0, XS_CONTROL, 0,
				     "quota\0set\0junk\0" "7", 17), EINVAL);
	assert_int_equal(client_str2(dom0, XS_CONTROL, 0, "quota", "1"), 0);
	assert_non_null(strstr(dom0->reply, "Domain 1"));
	assert_int_equal(client_str(dom0, XS_CONTROL, 0, "memreport"), 0);
	assert_int_equal(client_str(dom0, XS_CONTROL, 0, "nonsense"), EINVAL);
	assert_int_equal(client_str2(dom0, XS_CONTROL, 0, "log", "maybe"),
			 EINVAL);
}

/* A backend's connection: what it needs, and nothing else of dom0's. */
static void test_fence(void **state)
{
	static const char fence[] = "restrict\0r:/local/domain/1/device/vbd\0"
		"w:/local/domain/0/backend/hvbd/1";
	static const char *const bad[] = {
		"restrict", "restrict\0", "restrict\0x:/a", "restrict\0r:a",
		"restrict\0r:/", "restrict\0r:/a//b", "restrict\0rw",
	};
	static const size_t bad_len[] = { 9, 10, 14, 13, 13, 17, 12 };
	struct client *c = client_socket();
	unsigned int i;
	uint32_t tx;

	(void)state;
	client_write(dom0, 0, "/local/domain/1/device/vbd/9/state", "1");
	client_write(dom0, 0, "/local/domain/1/device/vbdx", "no");
	client_write(dom0, 0, "/local/domain/1/secret", "no");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(client_call(c, XS_CONTROL, 0, bad[i],
					     bad_len[i]), EINVAL);
	assert_int_equal(client_str(c, XS_READ, 0, "/local/domain/1/secret"), 0);
	assert_int_equal(client_call(c, XS_CONTROL, 0, fence, sizeof(fence)),
			 0);
	/* Its own. */
	assert_int_equal(client_str(c, XS_READ, 0,
				    "/local/domain/1/device/vbd/9/state"), 0);
	assert_int_equal(client_str(c, XS_DIRECTORY, 0,
				    "/local/domain/1/device/vbd"), 0);
	assert_int_equal(client_str2(c, XS_WATCH, 0,
				     "/local/domain/1/device/vbd/9", "t"), 0);
	tx = client_begin(c);
	assert_int_equal(client_write(c, tx,
				      "/local/domain/0/backend/hvbd/1/9/state",
				      "4"), 0);
	assert_int_equal(client_end(c, tx, true), 0);
	assert_int_equal(client_str(c, XS_READ, 0,
				    "/local/domain/0/backend/hvbd/1/9/state"),
			 0);
	/* What isn't. */
	assert_int_equal(client_write(c, 0, "/local/domain/1/device/vbd/9/state",
				      "6"), EACCES);
	assert_int_equal(client_str(c, XS_READ, 0, "/local/domain/1/secret"),
			 EACCES);
	assert_int_equal(client_str(c, XS_READ, 0,
				    "/local/domain/1/device/vbdx"), EACCES);
	assert_int_equal(client_write(c, 0, "/local/domain/0/backend/hvbd/12/a",
				      "x"), EACCES);
	assert_int_equal(client_write(c, 0, "/local/domain/0/backend/hvbd/1/../2",
				      "x"), EACCES);
	/* From dom0's home, where it may not be taken to begin. */
	assert_int_equal(client_write(c, 0, "backend/hvbd/1/a", "x"), EACCES);
	assert_int_equal(client_str(c, XS_DIRECTORY, 0, "/"), EACCES);
	assert_int_equal(client_str2(c, XS_WATCH, 0, "@releaseDomain", "t"),
			 EACCES);
	assert_int_equal(client_chmod(c, 0, "/local/domain/0/backend/hvbd/1",
				      "n1"), EACCES);
	assert_int_equal(client_str(c, XS_GET_DOMAIN_PATH, 0, "1"), EACCES);
	assert_int_equal(client_str(c, XS_RELEASE, 0, "1"), EACCES);
	assert_int_equal(client_str(c, XS_CONTROL, 0, "check"), EACCES);
	assert_int_equal(client_call(c, XS_CONTROL, 0, "restrict\0r:/local", 18),
			 EACCES);
	/* Others are as they were. */
	assert_int_equal(client_str(dom0, XS_READ, 0, "/local/domain/1/secret"),
			 0);
	client_close(c);
}

static void test_quotas(void **state)
{
	char value[2050], path[64];
	uint32_t t[11];
	unsigned int i, n;

	(void)state;
	memset(value, 'v', 2049);
	value[2049] = 0;
	assert_int_equal(client_write(g1, 0, "v", value), ENOSPC);
	assert_int_equal(client_write(dom0, 0, "/v", value), 0);
	value[2048] = 0;
	assert_int_equal(client_write(g1, 0, "v", value), 0);
	for (n = quota_of(1)->nodes; n < 1000; n++) {
		sprintf(path, "n/%u", n);
		if (client_write(g1, 0, path, ""))
			break;
	}
	assert_int_equal(quota_of(1)->nodes, 1000);
	assert_int_equal(client_write(g1, 0, "more", ""), ENOSPC);
	assert_int_equal(client_write(g1, 0, "v", "less"), 0);
	assert_int_equal(client_write(dom0, 0, "/local/domain/1/more", ""), 0);
	assert_int_equal(client_str(g1, XS_RM, 0, "n"), 0);
	assert_int_equal(client_write(g1, 0, "again/and/again", ""), 0);
	for (i = 0; i < 10; i++)
		t[i] = client_begin(g1);
	assert_int_equal(client_str(g1, XS_TRANSACTION_START, 0, ""), ENOSPC);
	for (i = 0; i < 10; i++)
		client_end(g1, t[i], false);
	for (i = 0; i < 128; i++) {
		sprintf(path, "%u", i);
		assert_int_equal(client_str2(g1, XS_WATCH, 0, "w", path), 0);
	}
	assert_int_equal(client_str2(g1, XS_WATCH, 0, "w", "one"), E2BIG);
	client_drop_events(g1);
	assert_int_equal(client_chmod(g1, 0, "v", "n1 r2 r3 r4 r5 r6"),
			 ENOSPC);
	assert_int_equal(client_chmod(g1, 0, "v", "n1 r2 r3 r4 r5"), 0);
	assert_int_equal(client_call(g1, XS_RESET_WATCHES, 0, "", 0), 0);
	assert_int_equal(quota_of(1)->watches, 0);
}

/* ---- what a domain costs ---- */

struct work {
	size_t compares, looks;
	unsigned int events;
};

static void put_domain(unsigned int domid)
{
	static const char *const nodes[] = {
		"name", "memory/target", "console/port", "console/tty",
		"control/shutdown", "device/suspend/event-channel", "data",
	};
	uint32_t tx = client_begin(dom0);
	char path[96], home[64];
	size_t i;

	sprintf(home, "/local/domain/%u", domid);
	client_write(dom0, tx, home, "");
	sprintf(path, "n0 r%u", domid);
	client_chmod(dom0, tx, home, path);
	for (i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		sprintf(path, "%s/%s", home, nodes[i]);
		client_write(dom0, tx, path, "1");
	}
	sprintf(path, "/local/domain/0/backend/console/%u/0/state", domid);
	client_write(dom0, tx, path, "1");
	assert_int_equal(client_end(dom0, tx, true), 0);
}

/* As tools write a domain down, and daemons and the guest watch what is its. */
static void make_domain(unsigned int domid, struct work *w)
{
	char path[64];

	tree_compares = watch_looks = 0;
	client_drop_events(dom0);
	put_domain(domid);
	sprintf(path, "/local/domain/%u/console", domid);
	assert_int_equal(client_str2(dom0, XS_WATCH, 0, path, path), 0);
	sprintf(path, "/local/domain/%u/console/tty", domid);
	client_write(dom0, 0, path, "/dev/pts/1");
	reads(dom0, path, "/dev/pts/1");
	while (client_event(dom0))
		w->events++;
	w->compares += tree_compares;
	w->looks += watch_looks;
}

static struct work make_domains(unsigned int from, unsigned int to)
{
	struct work w = { 0 };

	for (; from < to; from++)
		make_domain(from, &w);
	return w;
}

/* Watches are found as fast beside those of 500 others; nodes by somewhat more
 * steps, as in a search tree. */
static void test_cost_of_many(void **state)
{
	struct work few, many;

	(void)state;
	make_domains(3, 8);
	few = make_domains(8, 24);
	assert_true(few.compares && few.looks && few.events == 32);
	make_domains(24, 500);
	many = make_domains(500, 516);
	assert_int_equal(many.events, few.events);
	assert_in_range(many.looks, 0, few.looks * 2);
	assert_in_range(many.compares, 0, few.compares * 4);
}

#define T(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_values), T(test_malformed), T(test_directory_part),
		T(test_permissions), T(test_special_permissions),
		T(test_watches), T(test_watch_depth), T(test_transactions),
		T(test_conflicts), T(test_merge), T(test_isolation),
		T(test_domains), T(test_target), T(test_control), T(test_fence),
		T(test_quotas), T(test_cost_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
