/* SPDX-License-Identifier: MIT */
/* CONTROL: what xenstore-control(1) asks for. */
#include "wire.h"
#include "dom.h"
#include "fence.h"
#include "handover.h"
#include "mem.h"
#include "state.h"
#include "watch.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define WORDS	8

struct words {
	const char *w[WORDS];
	unsigned int n;
};

/* Adds to the reply, as far as there is room. */
static void say(struct req *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct req *r, const char *fmt, ...)
{
	size_t room = sizeof(r->reply) - r->reply_len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(r->reply + r->reply_len, room, fmt, ap);
	va_end(ap);
	r->reply_len += (size_t)n < room ? (size_t)n : room - 1;
}

/* ---- check ---- */

struct books {
	int32_t nodes[QUOTA_DOMAINS];
};

static void count_node(void *arg, const char *path, const struct node *n)
{
	struct books *b = arg;

	(void)path;
	b->nodes[n->perms->p[0].domid]++;
}

static const char *audit_books(void)
{
	struct books *b = mem_zero(sizeof(*b));
	const char *wrong = NULL;
	unsigned int i;

	tree_walk(store_root, "", count_node, b);
	for (i = 0; i < QUOTA_DOMAINS; i++)
		if (b->nodes[i] != quota_of_or_none(i)->nodes)
			wrong = "a domain's nodes are miscounted";
	free(b);
	return wrong;
}

const char *store_audit(void)
{
	const char *wrong = tree_audit(store_root);

	if (!wrong)
		wrong = watch_audit();
	return wrong ? wrong : audit_books();
}

static int do_check(struct req *r, const struct words *w)
{
	const char *wrong = store_audit();

	(void)w;
	if (wrong)
		log_err("check: %s", wrong);
	say(r, "%s", wrong ? wrong : "OK");
	return 0;
}

/* ---- the others ---- */

static int do_log(struct req *r, const struct words *w)
{
	(void)r;
	if (w->n != 2 || (strcmp(w->w[1], "on") && strcmp(w->w[1], "off")))
		return EINVAL;
	wire_trace = !strcmp(w->w[1], "on");
	return 0;
}

static int do_print(struct req *r, const struct words *w)
{
	(void)r;
	if (w->n != 2)
		return EINVAL;
	log_info("%s", w->w[1]);
	return 0;
}

static void say_usage(struct req *r, unsigned int domid)
{
	const struct usage *u = quota_of_or_none(domid);

	say(r, "Domain %u:\n%-18s: %d\n%-18s: %d\n%-18s: %d\n%-18s: %d\n"
	    "%-18s: %lld\n", domid, "nodes", u->nodes, "watches", u->watches,
	    "transactions", u->transactions, "outstanding", u->outstanding,
	    "memory", (long long)u->bytes);
}

static int do_quota(struct req *r, const struct words *w)
{
	const struct quota_name *q;
	uint64_t v;
	unsigned int i;

	if (w->n == 1) {
		say(r, "Quota of each guest:\n");
		for (i = 0; (q = quota_entry(i)); i++)
			say(r, "%-18s: %9lld %s\n", q->name,
			    (long long)*q->limit, q->what);
		return 0;
	}
	if (w->n == 2 && req_number(w->w[1], QUOTA_DOMAINS - 1, &v)) {
		say_usage(r, v);
		return 0;
	}
	if (w->n != 4 || strcmp(w->w[1], "set") ||
	    !req_number(w->w[3], INT32_MAX, &v) || !quota_set(w->w[2], v))
		return EINVAL;
	state_put_quota(w->w[2], v);
	return 0;
}

static int do_memreport(struct req *r, const struct words *w)
{
	FILE *f = w->n == 2 ? fopen(w->w[1], "we") : NULL;
	unsigned int n = 0;
	struct conn *c;

	if (w->n > 2 || (w->n == 2 && !f))
		return EINVAL;
	TAILQ_FOREACH(c, &conns, all)
		n++;
	say(r, "nodes: %zu, of %zu bytes each at least\nwatched paths: %u\n"
	    "connections: %u\nstate file: %zu bytes\n", tree_nodes,
	    sizeof(struct node), watch_spots, n, state_size());
	if (f) {
		fprintf(f, "%.*s", (int)r->reply_len, r->reply);
		fclose(f);
		r->reply_len = 0;
	}
	return 0;
}

/* As xenstore-control asks: "-f PROGRAM", then "-s"; or "-a", to have asked for
 * nothing. Options of "-s" have no use here: nothing needs to be waited for. */
static int do_live_update(struct req *r, const struct words *w)
{
	const char *what = w->n > 1 ? w->w[1] : "";

	if (!strcmp(what, "-f") && w->n == 3)
		return handover_set_program(w->w[2]) ? 0 : ENOENT;
	if (!strcmp(what, "-a") && w->n == 2)
		return handover_set_program(NULL) ? 0 : EINVAL;
	if (strcmp(what, "-s") || !handover_now)
		return EINVAL;
	say(r, "OK");
	handover_request();
	return 0;
}

/* Of the connection that asks, and for good. */
static int do_restrict(struct req *r, const struct words *w)
{
	size_t name = strlen(w->w[0]) + 1;

	r->conn->fence = fence_new(r->payload + name, r->hdr.len - name);
	return r->conn->fence ? 0 : EINVAL;
}

static int do_help(struct req *r, const struct words *w);

static const struct {
	const char *name;
	int (*run)(struct req *r, const struct words *w);
	const char *args;
} commands[] = {
	{ "check", do_check, "" },
	{ "help", do_help, "" },
	{ "live-update", do_live_update, "-f PROGRAM | -s | -a" },
	{ "log", do_log, "on|off" },
	{ "memreport", do_memreport, "[FILE]" },
	{ "print", do_print, "STRING" },
	{ "quota", do_quota, "[DOMID | set NAME VALUE]" },
	{ "restrict", do_restrict, "r:PATH | w:PATH ..." },
};
#define COMMANDS	(sizeof(commands) / sizeof(commands[0]))

static int do_help(struct req *r, const struct words *w)
{
	unsigned int i;

	(void)w;
	say(r, "Supported commands:\n");
	for (i = 0; i < COMMANDS; i++)
		say(r, "\t%s%s%s\n", commands[i].name,
		    *commands[i].args ? " " : "", commands[i].args);
	return 0;
}

int wire_control(struct req *r)
{
	struct words w = { .n = 0 };
	unsigned int i;
	int rc;

	for (i = 1; i <= WORDS && !w.n; i++)
		if (req_strings(r, w.w, i))
			w.n = i;
	for (i = 0; w.n && i < COMMANDS; i++)
		if (!strcmp(commands[i].name, w.w[0])) {
			rc = commands[i].run(r, &w);
			if (r->reply_len)
				r->reply_len++;
			return rc;
		}
	return EINVAL;
}
