/* SPDX-License-Identifier: MIT */
/*
 * What outlives the store daemon: stopped at any time and started again, it
 * goes on where it was. Then files that were cut or damaged. Last, a daemon in
 * a process of its own, killed at random moments while guests write on their
 * rings: no acknowledged write is lost, and every request gets one reply.
 */
#include "store_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <hvxstored/mem.h>
#include <hvxstored/state_file.h>

static char *dir;
static struct client *dom0;

static int set_up(void **state)
{
	(void)state;
	dir = rig_dir();
	rig_start(dir);
	dom0 = client_socket();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_audit();
	client_close(dom0);
	rig_step();
	rig_stop();
	rig_dir_remove(dir);
	return 0;
}

/* As if killed now. */
static void restart(void)
{
	client_close(dom0);
	rig_stop();
	rig_start(dir);
	rig_audit();
	dom0 = client_socket();
}

struct text {
	char *p;
	size_t n;
	FILE *f;
};

static void dump_node(void *arg, const char *path, const struct node *n)
{
	char perms[256];
	size_t len = perms_print(n->perms, perms, sizeof(perms)), i;
	FILE *f = arg;

	for (i = 0; i + 1 < len; i++)
		if (!perms[i])
			perms[i] = ' ';
	fprintf(f, "%s = %.*s (%s)\n", path, n->value ? (int)n->value->len : 0,
		n->value ? n->value->data : "", perms);
}

static void dump_dom(void *arg, unsigned int domid, struct dom *d)
{
	FILE *f = arg;
	struct watch *w;

	fprintf(f, "d%u gfn %llu port %u%s target %d\n", domid,
		(unsigned long long)d->gfn, d->port,
		d->shut_down ? " shut down" : "", d->target);
	TAILQ_FOREACH(w, &d->conn->watches, of_conn)
		fprintf(f, "d%u watch %s %s %d\n", domid, watch_path(w),
			w->token, w->depth);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All of the store, as sorted lines. */
static char *dump(void)
{
	char *raw, *out, *lines[20000], *save = NULL, *s;
	const struct quota_name *q;
	size_t size, n = 0, i, at = 0;
	FILE *f = open_memstream(&raw, &size);

	tree_walk(store_root, "", dump_node, f);
	dom_each(dump_dom, f);
	for (i = 0; (q = quota_entry(i)); i++)
		fprintf(f, "quota %s %lld\n", q->name, (long long)*q->limit);
	dump_node(f, "@introduceDomain", &(struct node){
		.perms = *watch_special("@introduceDomain") });
	/* dom0's socket has an open transaction, which counts till it ends. */
	for (i = 1; i < QUOTA_DOMAINS; i++)
		if (quota_of_or_none(i)->nodes)
			fprintf(f, "d%zu owns %d in %lld\n", i,
				quota_of_or_none(i)->nodes,
				(long long)quota_of_or_none(i)->bytes);
	fclose(f);
	for (s = strtok_r(raw, "\n", &save); s; s = strtok_r(NULL, "\n", &save))
		lines[n++] = s;
	qsort(lines, n, sizeof(*lines), compare_lines);
	out = malloc(size + n + 1);
	for (i = 0; i < n; i++)
		at += sprintf(out + at, "%s\n", lines[i]);
	free(raw);
	return out;
}

static void same_after_restart(void)
{
	char *before = dump(), *after;

	restart();
	after = dump();
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void test_all_survives(void **state)
{
	struct client *g;
	uint32_t t;

	(void)state;
	rig_domain(1);
	rig_domain(2);
	rig_domain(3);
	client_introduce(dom0, 1);
	client_introduce(dom0, 2);
	client_introduce(dom0, 3);
	client_write(dom0, 0, "/local/domain/1", "home");
	client_chmod(dom0, 0, "/local/domain/1", "n1");
	client_chmod(dom0, 0, "/tool", "n0 r1 w2 b3");
	g = client_ring(1);
	client_write(g, 0, "a/b", "value");
	client_str2(g, XS_WATCH, 0, "a", "token");
	client_str2(g, XS_WATCH, 0, "/tool", "token 2");
	client_str2(g, XS_UNWATCH, 0, "/tool", "token 2");
	client_str2(dom0, XS_SET_TARGET, 0, "2", "1");
	client_chmod(dom0, 0, "@introduceDomain", "n0 r1");
	client_call(dom0, XS_CONTROL, 0, "quota\0set\0nodes\0" "777", 20);
	rig_domain_state(2, XEN_SHUTDOWN);
	rig_virq();
	t = client_begin(dom0);
	client_write(dom0, t, "/t/x", "in transaction");
	client_chmod(dom0, t, "/t/x", "n1 r2");
	client_str(dom0, XS_RM, t, "/t/none");
	client_write(dom0, 0, "/u", "meanwhile");
	assert_int_equal(client_end(dom0, t, true), 0);
	t = client_begin(dom0);
	client_write(dom0, t, "/never", "");
	client_str(dom0, XS_RELEASE, 0, "3");
	same_after_restart();
	same_after_restart();
	client_write(dom0, 0, "/local/domain/1/a/c", "seen");
	rig_signal(1);
	rig_step();
	client_drop_events(g);
	client_poll(g);
	assert_true(g->n >= 1);
	client_close(g);
}

/* Much happens; the file is written anew now and then. */
static void test_random(void **state)
{
	char path[64], value[256];
	unsigned int i, k;

	(void)state;
	srand(7);
	for (i = 0; i < 6000; i++) {
		k = rand() % 300;
		sprintf(path, "/r/%u/%u", k % 10, k);
		memset(value, 'a' + i % 26, 255);
		value[rand() % 255] = 0;
		if (rand() % 5 == 0)
			client_str(dom0, XS_RM, 0, path);
		else
			client_write(dom0, 0, path, value);
		if (i % 2000 == 0)
			same_after_restart();
		if (i % 1500 == 0)
			state_compact();
	}
	same_after_restart();
}

/* The record that a kill left last is told to watchers once more. */
static void test_last_change_is_told(void **state)
{
	struct client *g;

	(void)state;
	rig_domain(1);
	client_introduce(dom0, 1);
	client_write(dom0, 0, "/local/domain/1", "");
	client_chmod(dom0, 0, "/local/domain/1", "n1");
	g = client_ring(1);
	client_str2(g, XS_WATCH, 0, "x", "t");
	client_write(dom0, 0, "/local/domain/1/x/y", "");
	client_write(dom0, 0, "/local/domain/1/x/y/z", "");
	client_str(dom0, XS_RM, 0, "/local/domain/1/x/y");
	client_poll(g);
	client_drop_events(g);
	restart();
	rig_signal(1);
	rig_step();
	assert_string_equal(client_event(g), "x/y t");
	assert_null(client_event(g));
	client_close(g);
}

/* A transaction that was open works on, and fails at its end. */
static void test_transaction_fails_late(void **state)
{
	struct client *g;
	uint32_t t;

	(void)state;
	rig_domain(1);
	client_introduce(dom0, 1);
	client_write(dom0, 0, "/local/domain/1", "");
	client_chmod(dom0, 0, "/local/domain/1", "n1");
	g = client_ring(1);
	t = client_begin(g);
	client_write(g, t, "x", "1");
	restart();
	assert_int_equal(client_write(g, t, "y", "1"), 0);
	assert_int_equal(client_str(g, XS_READ, t, "y"), 0);
	assert_int_equal(client_end(g, t, true), EAGAIN);
	assert_int_equal(client_end(g, t, true), ENOENT);
	assert_int_equal(client_str(g, XS_READ, 0, "y"), ENOENT);
	t = client_begin(g);
	client_write(g, t, "x", "2");
	assert_int_equal(client_end(g, t, true), 0);
	client_close(g);
}

/* Half a request came, and half a reply went, when it was killed. */
static void test_partial_messages(void **state)
{
	struct xsd_sockmsg hdr = { XS_READ, 77, 0, 2 };
	char big[2049], msg[64];
	struct client *g;
	unsigned int i;

	(void)state;
	memset(big, 'b', 2048);
	big[2048] = 0;
	rig_domain(1);
	client_introduce(dom0, 1);
	client_write(dom0, 0, "/local/domain/1", big);
	client_chmod(dom0, 0, "/local/domain/1", "n1");
	g = client_ring(1);
	hdr.len = 16;
	memcpy(msg, &hdr, sizeof(hdr));
	memcpy(msg + sizeof(hdr), "/local/domain/1", 16);
	client_send(g, msg, 5);
	rig_signal(1);
	rig_step();
	restart();
	client_send(g, msg + 5, sizeof(hdr) + 16 - 5);
	rig_signal(1);
	rig_step();
	/* 1024 of the reply's 2064 bytes are in the ring. */
	restart();
	for (i = 0; i < 10 && !client_poll(g); i++) {
		rig_signal(1);
		rig_step();
	}
	assert_int_equal(g->hdr.req_id, 77);
	assert_int_equal(g->hdr.len, 2048);
	assert_string_equal(g->reply, big);
	client_close(g);
}

/*
 * Killed after the record was written and before anything else was: the request
 * is done, so it must not be done again (a second WATCH would be EEXIST), and
 * its reply and its event must come.
 */
static void test_killed_after_record(void **state)
{
	struct xsd_sockmsg hdr = { XS_WATCH, 9, 0, 4 };
	struct xenstore_domain_interface *page = rig_domain(1);
	struct stream_head was, *h;
	struct client *g;
	char msg[20];

	(void)state;
	client_introduce(dom0, 1);
	g = client_ring(1);
	h = dom_find(1)->conn->s.h;
	memcpy(msg, &hdr, sizeof(hdr));
	memcpy(msg + sizeof(hdr), "w\0t", 4);
	client_send(g, msg, sizeof(msg));
	was = *h;
	rig_signal(1);
	rig_step();
	assert_true(h->in_done > was.in_done && h->out_put > was.out_put);
	h->in_done = was.in_done;
	h->out_put = h->out_sent = was.out_put;
	page->rsp_prod = 0;
	restart();
	rig_signal(1);
	rig_step();
	assert_true(client_poll(g));
	assert_int_equal(g->hdr.req_id, 9);
	assert_int_equal(g->hdr.type, XS_WATCH);
	assert_string_equal(client_event(g), "w t");
	client_close(g);
}

/* Another daemon served the ring meanwhile. */
static void test_served_by_another(void **state)
{
	struct xenstore_domain_interface *page = rig_domain(1);
	struct client *g;

	(void)state;
	client_introduce(dom0, 1);
	client_write(dom0, 0, "/local/domain/1", "");
	client_chmod(dom0, 0, "/local/domain/1", "n1");
	g = client_ring(1);
	assert_int_equal(client_write(g, 0, "x", "1"), 0);
	client_close(dom0);
	rig_stop();
	page->req_cons += 500;
	page->req_prod += 500;
	page->rsp_prod += 300;
	page->rsp_cons += 300;
	rig_start(dir);
	dom0 = client_socket();
	assert_int_equal(client_write(g, 0, "x", "2"), 0);
	assert_int_equal(client_str(g, XS_READ, 0, "x"), 0);
	assert_string_equal(g->reply, "2");
	client_close(g);
}

/* Gone meanwhile: released at the start, with all that it had. */
static void test_domain_gone_meanwhile(void **state)
{
	(void)state;
	rig_domain(4);
	client_introduce(dom0, 4);
	client_write(dom0, 0, "/local/domain/4/x", "");
	client_chmod(dom0, 0, "/local/domain/4/x", "n4");
	rig_domain_state(4, XEN_GONE);
	restart();
	assert_null(dom_find(4));
	assert_int_equal(quota_of(4)->nodes, 0);
	assert_int_equal(client_str(dom0, XS_READ, 0, "/local/domain/4/x"),
			 ENOENT);
	same_after_restart();
}

/* ---- damage ---- */

static char *state_file(void)
{
	static char file[256];

	snprintf(file, sizeof(file), "%s/state", dir);
	return file;
}

static char *load(size_t *n)
{
	int fd = open(state_file(), O_RDONLY);
	struct stat st;
	char *p;

	assert_true(fd >= 0);
	fstat(fd, &st);
	*n = st.st_size;
	p = malloc(*n);
	assert_int_equal(read(fd, p, *n), *n);
	close(fd);
	return p;
}

static void save(const char *p, size_t n)
{
	int fd = open(state_file(), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, p, n), n);
	close(fd);
}

static bool starts(void)
{
	bool ok = rig_try_start(dir);

	if (ok)
		rig_audit();
	rig_stop();
	return ok;
}

static char *small_store(size_t *n, size_t *used)
{
	rig_domain(1);
	client_introduce(dom0, 1);
	client_write(dom0, 0, "/a", "1");
	client_chmod(dom0, 0, "/a", "n0 r1");
	client_write(dom0, 0, "/b", "2");
	client_str(dom0, XS_RM, 0, "/b");
	*used = state_size();
	client_close(dom0);
	rig_stop();
	return load(n);
}

static void again(const char *file, size_t n)
{
	save(file, n);
	rig_start(dir);
	dom0 = client_socket();
}

static void test_cut(void **state)
{
	size_t n, used, cut;
	char *file = small_store(&n, &used);
	unsigned int refused = 0;

	(void)state;
	for (cut = 0; cut <= used; cut += cut < 64 ? 1 : 3) {
		save(file, cut);
		refused += !starts();
	}
	/* Only where not even the head is whole. */
	assert_int_equal(refused, sizeof(struct state_head));
	again(file, n);
	free(file);
}

static void test_damage(void **state)
{
	size_t n, used, at, last = 0;
	char *file = small_store(&n, &used);
	unsigned int accepted = 0;

	(void)state;
	for (at = sizeof(struct state_head); at < used; ) {
		struct state_record r;

		last = at;
		memcpy(&r, file + at, 8);
		at += 8 + r.len;
	}
	for (at = 0; at < used; at++) {
		if (at >= 16 && at < sizeof(struct state_head))
			continue;		/* a hint, and unused */
		file[at] ^= 0x41;
		save(file, n);
		if (starts()) {
			accepted++;
			/* The last record alone may be dropped. */
			assert_true(at >= last);
		}
		file[at] ^= 0x41;
	}
	assert_true(accepted > 0);
	again(file, n);
	free(file);
}

/* ---- killed ---- */

#define GUESTS	4
#define KILLS	40

static pid_t daemon_pid;

static void poll_rings(void *arg)
{
	unsigned int i;

	for (i = 1; i <= GUESTS; i++)
		rig_signal(i);
	loop_arm(*(struct loop_timer **)arg, 1);
}

static void daemon_main(void)
{
	static struct loop_timer *t;
	struct loop *l = loop_new();

	
	if (store_start(l, dir))
		_exit(1);
	t = loop_add_timer(l, poll_rings, &t);
	loop_arm(t, 0);
	loop_run(l);
	_exit(2);
}

static void daemon_start(void)
{
	fflush(NULL);
	daemon_pid = fork();
	assert_true(daemon_pid >= 0);
	if (!daemon_pid)
		daemon_main();
}

static void daemon_kill(void)
{
	int status;

	kill(daemon_pid, SIGKILL);
	assert_int_equal(waitpid(daemon_pid, &status, 0), daemon_pid);
	/* Ended by us, not by itself. */
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* A guest that writes a counter to its nodes, again and again. */
struct guest {
	struct client *c;
	char msg[128];
	size_t len, sent;
	unsigned int asked, done;
	unsigned int events;
};

static void guest_turn(struct guest *g, unsigned int id)
{
	struct xsd_sockmsg hdr = { XS_WRITE, g->asked + 1, 0, 0 };
	int n;

	if (g->asked == g->done) {
		n = sprintf(g->msg + sizeof(hdr), "/local/domain/%u/k%u", id,
			    g->asked % 16);
		n += 1 + sprintf(g->msg + sizeof(hdr) + n + 1, "%u", g->asked);
		hdr.len = n;
		memcpy(g->msg, &hdr, sizeof(hdr));
		g->len = sizeof(hdr) + n;
		g->sent = 0;
		g->asked++;
	}
	g->sent += client_send(g->c, g->msg + g->sent, g->len - g->sent);
	while (client_poll(g->c)) {
		/* Each reply once, and in order. */
		assert_int_equal(g->c->hdr.type, XS_WRITE);
		assert_int_equal(g->c->hdr.req_id, g->done + 1);
		g->done++;
	}
	g->events += g->c->n;
	client_drop_events(g->c);
}

static void guests_are_right(const struct guest *g)
{
	char path[64], want[16];
	unsigned int i, k;

	for (i = 1; i <= GUESTS; i++)
		for (k = 0; k < 16 && g[i].done > k; k++) {
			unsigned int last = (g[i].done - 1 - k) / 16 * 16 + k;
			struct node *n;

			sprintf(path, "/local/domain/%u/k%u", i, k);
			n = tree_find(store_root, path);
			assert_non_null(n);
			sprintf(want, "%u", last);
			/* Done but not yet told is fine, too. */
			if (g[i].asked > g[i].done &&
			    (g[i].asked - 1) % 16 == k &&
			    strtoul(n->value->data, NULL, 10) ==
			    g[i].asked - 1)
				continue;
			assert_int_equal(n->value->len, strlen(want));
			assert_memory_equal(n->value->data, want,
					    n->value->len);
		}
}

static void test_killed_under_load(void **state)
{
	struct guest g[GUESTS + 1] = { 0 };
	unsigned int i, k, stuck, before;
	char path[64];

	(void)state;
	for (i = 1; i <= GUESTS; i++) {
		rig_domain(i);
		client_introduce(dom0, i);
		sprintf(path, "/local/domain/%u", i);
		client_write(dom0, 0, path, "");
		sprintf(path + 32, "n%u", i);
		client_chmod(dom0, 0, path, path + 32);
		g[i].c = client_ring(i);
		assert_int_equal(client_str2(g[i].c, XS_WATCH, 0, "k3", "w"),
				 0);
	}
	client_close(dom0);
	rig_stop();
	srand(3);
	for (k = 0; k < KILLS; k++) {
		unsigned int turns = rand() % 3000;

		daemon_start();
		for (i = 0; i < turns; i++) {
			guest_turn(&g[1 + i % GUESTS], 1 + i % GUESTS);
			if (i % 64 == 0)
				usleep(1);
		}
		daemon_kill();
	}
	/* None waits for a reply that never comes. */
	daemon_start();
	for (i = 1; i <= GUESTS; i++) {
		before = g[i].done;
		for (stuck = 0; g[i].done < before + 20 && stuck < 10000;
		     stuck++) {
			guest_turn(&g[i], i);
			usleep(500);
		}
		assert_true(g[i].done >= before + 20);
		assert_true(g[i].events >= g[i].done / 16);
	}
	daemon_kill();
	rig_start(dir);
	guests_are_right(g);
	for (i = 1; i <= GUESTS; i++)
		client_close(g[i].c);
	dom0 = client_socket();
}

#define T(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_all_survives), T(test_random),
		T(test_last_change_is_told), T(test_transaction_fails_late),
		T(test_partial_messages), T(test_killed_after_record),
		T(test_served_by_another), T(test_domain_gone_meanwhile),
		T(test_cut), T(test_damage), T(test_killed_under_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
