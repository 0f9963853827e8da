/* SPDX-License-Identifier: MIT */
#include "quota.h"
#include "mem.h"

#define DEFAULTS {			\
	.nodes = 1000,			\
	.watches = 128,			\
	.transactions = 10,		\
	.transaction_nodes = 1024,	\
	.permissions = 5,		\
	.node_size = 2048,		\
	.outstanding = 20,		\
	.memory = 2560 << 10,		\
}

struct limits limits = DEFAULTS;
static struct usage *usage[QUOTA_DOMAINS];
static unsigned int usage_end;		/* above the last that there is */

static const struct quota_name names[] = {
	{ "nodes", "nodes a domain may own", &limits.nodes },
	{ "watches", "watches a domain may have", &limits.watches },
	{ "transactions", "open transactions of a domain",
	  &limits.transactions },
	{ "transaction-nodes", "nodes that a transaction may touch",
	  &limits.transaction_nodes },
	{ "node-permissions", "entries in a node's permissions",
	  &limits.permissions },
	{ "node-size", "bytes of a node's value", &limits.node_size },
	{ "outstanding", "replies and events on their way",
	  &limits.outstanding },
	{ "memory", "bytes that all of it may take", &limits.memory },
};

const struct quota_name *quota_entry(unsigned int i)
{
	return i < sizeof(names) / sizeof(names[0]) ? &names[i] : NULL;
}

bool quota_set(const char *name, int64_t value)
{
	const struct quota_name *q;
	unsigned int i;

	if (value < 1 || value > INT32_MAX)
		return false;
	for (i = 0; (q = quota_entry(i)); i++)
		if (!strcmp(q->name, name)) {
			*q->limit = value;
			return true;
		}
	return false;
}

struct usage *quota_of(unsigned int domid)
{
	if (!usage[domid])
		usage[domid] = mem_zero(sizeof(**usage));
	if (domid >= usage_end)
		usage_end = domid + 1;
	return usage[domid];
}

const struct usage *quota_of_or_none(unsigned int domid)
{
	static const struct usage none;

	return usage[domid] ? usage[domid] : &none;
}

bool quota_memory_ok(unsigned int domid, int64_t more)
{
	return !domid || quota_of(domid)->bytes + more <= limits.memory;
}

void quota_reset(void)
{
	unsigned int i;

	limits = (struct limits)DEFAULTS;
	for (i = 0; i < usage_end; i++) {
		free(usage[i]);
		usage[i] = NULL;
	}
	usage_end = 0;
}

void tally_add(struct tally *t, unsigned int domid, int nodes, int64_t bytes)
{
	unsigned int i;

	for (i = 0; i < t->n && t->e[i].domid != domid; i++)
		;
	if (i == t->room) {
		t->room = t->room ? t->room * 2 : 4;
		t->e = mem_resize(t->e, t->room * sizeof(*t->e));
	}
	if (i == t->n)
		t->e[t->n++] = (struct tally_entry){ .domid = domid };
	t->e[i].nodes += nodes;
	t->e[i].bytes += bytes;
}

struct tally_entry tally_of(const struct tally *t, unsigned int domid)
{
	unsigned int i;

	for (i = 0; i < t->n; i++)
		if (t->e[i].domid == domid)
			return t->e[i];
	return (struct tally_entry){ .domid = domid };
}

void tally_commit(struct tally *t)
{
	struct usage *u;
	unsigned int i;

	for (i = 0; i < t->n; i++) {
		u = quota_of(t->e[i].domid);
		u->nodes += t->e[i].nodes;
		u->bytes += t->e[i].bytes;
	}
	t->n = 0;
}

void tally_free(struct tally *t)
{
	free(t->e);
	*t = (struct tally){ 0 };
}
