/* SPDX-License-Identifier: MIT */
#include "txn.h"
#include "mem.h"

#include <errno.h>

/* After so many changes a guest's transaction is given up: what open ones keep
 * of old trees is bounded by that, whoever opened how many. */
#define OLD_CHANGES	20000
#define LOOKS_FIRST	16

struct look {
	struct look *next;
	uint32_t hash;
	uint8_t what;
	char path[];
};

struct node *store_root;
uint64_t store_changes;
uint32_t txn_next_id = 1;

static struct txn_list by_age = TAILQ_HEAD_INITIALIZER(by_age);

static bool is_guest(const struct txn *t)
{
	return !who_is_privileged(&t->conn->who);
}

static void charge(struct txn *t, int64_t bytes)
{
	t->bytes += bytes;
	quota_of(t->conn->who.domid)->bytes += bytes;
}

static struct txn *txn_new(struct conn *c, uint32_t id)
{
	struct txn *t = mem_zero(sizeof(*t));

	t->id = id;
	t->conn = c;
	t->base = node_get(store_root);
	t->root = node_get(store_root);
	t->began = store_changes;
	t->looks_size = LOOKS_FIRST;
	t->looks = mem_zero(LOOKS_FIRST * sizeof(*t->looks));
	TAILQ_INSERT_TAIL(&c->txns, t, of_conn);
	TAILQ_INSERT_TAIL(&by_age, t, by_age);
	quota_of(c->who.domid)->transactions++;
	charge(t, sizeof(*t) + LOOKS_FIRST * sizeof(*t->looks));
	return t;
}

/* Its number also goes where the next life of the daemon finds it. */
static void remember(struct conn *c, uint32_t was, uint32_t is)
{
	unsigned int i;

	for (i = 0; c->s.h && i < STREAM_OPEN; i++)
		if (c->s.h->open[i] == was) {
			c->s.h->open[i] = is;
			return;
		}
}

int txn_start(struct conn *c, struct txn **out)
{
	if (c->who.domid && quota_of(c->who.domid)->transactions >=
	    limits.transactions)
		return ENOSPC;
	if (!quota_memory_ok(c->who.domid, sizeof(**out)))
		return ENOSPC;
	do {
		if (!++txn_next_id)
			txn_next_id = 1;
	} while (txn_find(c, txn_next_id));
	*out = txn_new(c, txn_next_id);
	remember(c, 0, txn_next_id);
	return 0;
}

void txn_restore(struct conn *c, uint32_t id)
{
	txn_new(c, id)->doomed = true;
}

struct txn *txn_find(struct conn *c, uint32_t id)
{
	struct txn *t;

	TAILQ_FOREACH(t, &c->txns, of_conn)
		if (t->id == id)
			return t;
	return NULL;
}

/* What it did and looked at. */
static void forget(struct txn *t)
{
	struct look *l;
	unsigned int i;

	for (i = 0; i < t->looks_size; i++)
		while ((l = t->looks[i])) {
			t->looks[i] = l->next;
			free(l);
		}
	for (i = 0; i < t->changes_n; i++)
		change_clear(&t->changes[i]);
	free(t->changes);
	t->changes = NULL;
	t->looks_n = t->changes_n = t->changes_room = 0;
	tally_free(&t->tally);
	node_put(t->base);
	node_put(t->root);
}

void txn_end(struct txn *t)
{
	charge(t, -t->bytes);
	quota_of(t->conn->who.domid)->transactions--;
	remember(t->conn, t->id, 0);
	TAILQ_REMOVE(&t->conn->txns, t, of_conn);
	TAILQ_REMOVE(&by_age, t, by_age);
	forget(t);
	free(t->looks);
	free(t);
}

void txn_end_all(struct conn *c)
{
	while (!TAILQ_EMPTY(&c->txns))
		txn_end(TAILQ_FIRST(&c->txns));
}

/* Lets go of the tree that it began with; it goes on with today's, in vain. */
static void give_up(struct txn *t)
{
	forget(t);
	t->doomed = true;
	t->base = node_get(store_root);
	t->root = node_get(store_root);
	t->began = store_changes;
	TAILQ_REMOVE(&by_age, t, by_age);
	TAILQ_INSERT_TAIL(&by_age, t, by_age);
}

void txn_count_change(void)
{
	struct txn *t, *next;

	store_changes++;
	for (t = TAILQ_FIRST(&by_age); t; t = next) {
		next = TAILQ_NEXT(t, by_age);
		if (store_changes - t->began < OLD_CHANGES)
			break;
		if (is_guest(t))
			give_up(t);
	}
}

static uint32_t hash_of(const char *p)
{
	uint32_t h = 2166136261u;

	while (*p)
		h = (h ^ (uint8_t)*p++) * 16777619u;
	return h;
}

static void looks_grow(struct txn *t)
{
	unsigned int size = t->looks_size * 2, i;
	struct look **n = mem_zero(size * sizeof(*n)), *l;

	for (i = 0; i < t->looks_size; i++)
		while ((l = t->looks[i])) {
			t->looks[i] = l->next;
			l->next = n[l->hash & (size - 1)];
			n[l->hash & (size - 1)] = l;
		}
	charge(t, (size - t->looks_size) * sizeof(*n));
	free(t->looks);
	t->looks = n;
	t->looks_size = size;
}

int txn_look(struct txn *t, const char *path, unsigned int what)
{
	uint32_t hash = hash_of(path);
	struct look *l = t->looks[hash & (t->looks_size - 1)];
	size_t size = sizeof(*l) + strlen(path) + 1;

	if (is_guest(t))
		what |= LOOK_PERMS | LOOK_ABOVE;
	while (l && (l->hash != hash || strcmp(l->path, path)))
		l = l->next;
	if (l) {
		l->what |= what;
		return 0;
	}
	if (is_guest(t) && (t->looks_n >= limits.transaction_nodes ||
			    !quota_memory_ok(t->conn->who.domid, size)))
		return ENOSPC;
	if (t->looks_n >= t->looks_size)
		looks_grow(t);
	l = mem_get(size);
	strcpy(l->path, path);
	l->hash = hash;
	l->what = what;
	l->next = t->looks[hash & (t->looks_size - 1)];
	t->looks[hash & (t->looks_size - 1)] = l;
	t->looks_n++;
	charge(t, size);
	return 0;
}

static unsigned int looks_of_change(const struct change *c)
{
	switch (c->type) {
	case CHANGE_RM:
		return LOOK_VALUE | LOOK_BELOW;
	case CHANGE_PERMS:
		return LOOK_PERMS;
	case CHANGE_MKDIR:
		return LOOK_PERMS | LOOK_ABOVE;
	default:
		return LOOK_VALUE | LOOK_PERMS | LOOK_ABOVE;
	}
}

/* What a kept change costs its domain until the end. */
static int64_t change_bytes(const struct change *c)
{
	return sizeof(*c) + strlen(c->path) + 1 +
	       (c->value ? c->value->len : 0) +
	       (c->perms ? c->perms->n * sizeof(c->perms->p[0]) : 0);
}

static void keep(struct txn *t, const struct change *c)
{
	if (t->changes_n == t->changes_room) {
		t->changes_room = t->changes_room ? t->changes_room * 2 : 8;
		t->changes = mem_resize(t->changes, t->changes_room *
					sizeof(*t->changes));
	}
	t->changes[t->changes_n++] = *c;
	charge(t, change_bytes(c));
}

int txn_change(struct txn *t, struct change *c)
{
	bool nothing;
	int rc;

	rc = txn_look(t, c->path, looks_of_change(c));
	if (!rc)
		rc = change_check(t->root, &t->conn->who, c, &t->tally,
				  &nothing);
	if (!rc && !quota_memory_ok(t->conn->who.domid, change_bytes(c)))
		rc = ENOSPC;
	if (rc || nothing) {
		change_clear(c);
		return rc;
	}
	change_apply(&t->root, c, &t->tally);
	keep(t, c);
	return 0;
}

/* Whether what was seen of a path then is what there is now. */
static bool look_holds(const struct look *l, struct node *then,
		       struct node *now)
{
	size_t at_then, at_now, len = strlen(l->path);
	struct node *a = tree_nearest(then, l->path, &at_then);
	struct node *b = tree_nearest(now, l->path, &at_now);

	if ((at_then == len) != (at_now == len))
		return false;
	if ((l->what & LOOK_ABOVE) && at_then != at_now)
		return false;
	if ((l->what & LOOK_PERMS) && !perms_equal(a->perms, b->perms))
		return false;
	if (a == b || at_then != len)
		return true;
	if ((l->what & LOOK_VALUE) && !value_equal(a->value, b->value))
		return false;
	if ((l->what & LOOK_KIDS) && a->kids_stamp != b->kids_stamp)
		return false;
	return !(l->what & LOOK_BELOW) || a->kids == b->kids;
}

static bool looks_hold(const struct txn *t)
{
	const struct look *l;
	unsigned int i;

	for (i = 0; i < t->looks_size; i++)
		for (l = t->looks[i]; l; l = l->next)
			if (!look_holds(l, t->base, store_root))
				return false;
	return true;
}

/* A domain that it gave rights to has ended since. */
static bool has_stale(const struct txn *t)
{
	unsigned int i;

	for (i = 0; i < t->changes_n; i++)
		if (t->changes[i].perms && perms_stale(t->changes[i].perms))
			return true;
	return false;
}

/* Does its changes once more, on today's tree; all or none of them. */
static int replay(struct txn *t, struct node **root, struct tally *tally)
{
	bool nothing;
	unsigned int i;
	int rc;

	for (i = 0; i < t->changes_n; i++) {
		rc = change_check(*root, &t->conn->who, &t->changes[i], tally,
				  &nothing);
		if (rc)
			return rc == ENOSPC ? ENOSPC : EAGAIN;
		if (!nothing)
			change_apply(root, &t->changes[i], tally);
	}
	return 0;
}

int txn_commit(struct txn *t, struct node **old)
{
	struct tally tally = { 0 };
	struct node *root;
	int rc = 0;

	*old = NULL;
	if (t->doomed)
		return EAGAIN;
	if (!t->changes_n)
		return 0;
	if (has_stale(t))
		return EAGAIN;
	if (t->base == store_root) {
		root = node_get(t->root);
		tally_commit(&t->tally);
	} else {
		if (!looks_hold(t))
			return EAGAIN;
		root = node_get(store_root);
		rc = replay(t, &root, &tally);
		if (!rc)
			tally_commit(&tally);
		tally_free(&tally);
	}
	if (rc) {
		node_put(root);
		return rc;
	}
	*old = store_root;
	store_root = root;
	return 0;
}
