/* SPDX-License-Identifier: MIT */
/*
 * Reads a state file. First the shape of the whole is checked, then records
 * are applied one by one. What they name is checked like a client's request:
 * the file may be anything.
 */
#include "state.h"
#include "store.h"
#include "dom.h"
#include "mem.h"
#include "path.h"
#include "state_file.h"
#include "txn.h"
#include "watch.h"

#include <errno.h>
#include <stdio.h>

/* What a ring's last record said. */
struct progress {
	uint64_t in_done, out_put;
};

/* Of the last record: whoever watches may not have been told. */
static struct {
	struct node *old;
	struct change *c;
	unsigned int n, room;
	unsigned int cause;
	char special[24];		/* "" or a special watch's name */
	unsigned int special_domid;
	struct conn *greet;		/* a watch was made */
} last;

static struct progress *progress[DOMID_FIRST_RESERVED];
static struct perms *node_perms;

static void last_forget(void)
{
	while (last.n)
		change_clear(&last.c[--last.n]);
	free(last.c);
	node_put(last.old);
	memset(&last, 0, sizeof(last));
}

/* What was gathered for state_settle(). */
static void forget(void)
{
	unsigned int i;

	last_forget();
	perms_put(node_perms);
	node_perms = NULL;
	for (i = 0; i < DOMID_FIRST_RESERVED; i++) {
		free(progress[i]);
		progress[i] = NULL;
	}
}

static void last_keep(const struct change *c)
{
	if (last.n == last.room) {
		last.room = last.room ? last.room * 2 : 8;
		last.c = mem_resize(last.c, last.room * sizeof(*last.c));
	}
	last.c[last.n++] = *c;
}

/* Frees what c holds, or keeps it. */
static void do_change(struct change *c, bool is_last, struct tally *t)
{
	change_apply(&store_root, c, t);
	if (is_last) {
		last_keep(c);
		last.cause = c->by;
	} else {
		change_clear(c);
	}
}

static bool path_ok(const char *a)
{
	char full[PATH_SIZE];

	return a && *a == '/' && !path_resolve(full, a, 0, NULL);
}

static bool load_change(const struct state_item *i, const char *a,
			const char *b, bool is_last, struct tally *t)
{
	struct change c = { .type = i->sub, .by = i->domid };

	if (!path_ok(a) || i->sub < CHANGE_WRITE || i->sub > CHANGE_PERMS ||
	    i->domid >= DOMID_FIRST_RESERVED ||
	    (i->sub == CHANGE_RM && !a[1]))
		return false;
	if (i->sub == CHANGE_PERMS && !(c.perms = perms_parse(b, i->b_len)))
		return false;
	if (i->sub == CHANGE_WRITE)
		c.value = value_new(b, i->b_len);
	c.path = mem_string(a);
	do_change(&c, is_last, t);
	return true;
}

/* A snapshot's node; those above came before. */
static bool load_node(const struct state_item *i, const char *a, const char *b,
		      struct tally *t)
{
	struct value *v = value_new(b, i->b_len);
	struct node *n;

	if (!path_ok(a) || !node_perms)
		goto bad;
	n = tree_find(store_root, a);
	if (n) {
		tally_add(t, n->perms->p[0].domid, -1, -node_bytes(n));
		tree_set_perms(&store_root, a, perms_get(node_perms));
		tree_set_value(&store_root, a, v);
	} else {
		size_t at, len = strlen(a);

		tree_nearest(store_root, a, &at);
		if (at != path_parent(a, len))
			goto bad;
		tree_add(&store_root, a, v, perms_get(node_perms));
	}
	n = tree_find(store_root, a);
	tally_add(t, n->perms->p[0].domid, 1, node_bytes(n));
	return true;
bad:
	value_put(v);
	return false;
}

static bool load_release(const struct state_item *i, bool is_last)
{
	struct change *c;
	unsigned int n, k;

	dom_drop(i->domid);
	dom_purge(i->domid, &c, &n);
	for (k = 0; k < n; k++) {
		if (is_last)
			last_keep(&c[k]);
		else
			change_clear(&c[k]);
	}
	free(c);
	free(progress[i->domid]);
	progress[i->domid] = NULL;
	if (is_last) {
		strcpy(last.special, "@releaseDomain");
		last.special_domid = i->domid;
	}
	return true;
}

static bool load_introduce(const struct state_item *i, const char *b,
			   bool is_last)
{
	uint64_t gfn;

	if (i->b_len != sizeof(gfn) || !i->domid)
		return false;
	memcpy(&gfn, b, sizeof(gfn));
	if (dom_load(i->domid, gfn, i->num))
		return false;
	free(progress[i->domid]);
	progress[i->domid] = NULL;
	if (is_last) {
		strcpy(last.special, "@introduceDomain");
		last.special_domid = i->domid;
	}
	return true;
}

static bool load_special(const struct state_item *i, const char *a,
			 const char *b)
{
	struct perms **slot = a ? watch_special(a) : NULL;
	struct perms *p = perms_parse(b, i->b_len);

	if (!slot || !p) {
		perms_put(p);
		return false;
	}
	perms_put(*slot);
	*slot = p;
	return true;
}

/* Items about a domain that is there. */
static bool load_dom_item(const struct state_item *i, const char *a,
			  const char *b, bool is_last)
{
	struct dom *d = dom_find(i->domid);

	if (!d)
		return false;
	switch (i->type) {
	case ITEM_WATCH:
		last.greet = is_last ? d->conn : NULL;
		return a && i->b_len && !b[i->b_len - 1] &&
		       watch_add(d->conn, a, b, (int)i->num - 1) != EINVAL;
	case ITEM_UNWATCH:
		return a && i->b_len && !b[i->b_len - 1] &&
		       watch_remove(d->conn, a, b) != EINVAL;
	case ITEM_RESET:
		watch_remove_all(d->conn);
		return true;
	case ITEM_SHUTDOWN:
		d->shut_down = i->num;
		return true;
	case ITEM_TARGET:
		dom_set_target(i->domid, (int32_t)i->num - 1);
		return true;
	}
	return false;
}

static bool load_item(const struct state_item *i, const char *a, const char *b,
		      bool is_last, struct tally *t)
{
	if (i->domid >= DOMID_FIRST_RESERVED)
		return false;
	switch (i->type) {
	case ITEM_CHANGE:
		return load_change(i, a, b, is_last, t);
	case ITEM_NODE:
		return load_node(i, a, b, t);
	case ITEM_NODE_PERMS:
		perms_put(node_perms);
		node_perms = perms_parse(b, i->b_len);
		return node_perms;
	case ITEM_INTRODUCE:
		return load_introduce(i, b, is_last);
	case ITEM_RELEASE:
		return load_release(i, is_last);
	case ITEM_SPECIAL:
		return load_special(i, a, b);
	case ITEM_QUOTA:
		return a && quota_set(a, i->num);
	case ITEM_NOTICED:
		dom_set_noticed(i->domid);
		return true;
	default:
		return load_dom_item(i, a, b, is_last);
	}
}

static bool load_record(const struct state_record *r, bool is_last)
{
	const char *p = (const char *)r->items;
	const char *end = (const char *)&r->ring + r->len;
	struct tally t = { 0 };
	bool ok = true;

	while (ok && end - p >= (ptrdiff_t)sizeof(struct state_item)) {
		struct state_item i;
		const char *a, *b;

		memcpy(&i, p, sizeof(i));
		a = p + sizeof(i);
		b = a + i.a_len;
		if (i.a_len > (size_t)(end - a) || i.b_len > (size_t)(end - b) ||
		    (i.a_len && b[-1])) {
			ok = false;
			break;
		}
		p = b + i.b_len;
		ok = load_item(&i, i.a_len ? a : NULL, b, is_last, &t);
		if (i.type == ITEM_RELEASE || i.type == ITEM_CHANGE)
			tally_commit(&t);
	}
	tally_commit(&t);
	tally_free(&t);
	if (r->ring < DOMID_FIRST_RESERVED) {
		if (!progress[r->ring])
			progress[r->ring] = mem_zero(sizeof(**progress));
		*progress[r->ring] =
			(struct progress){ r->in_done, r->out_put };
	}
	return ok;
}

static const struct state_record *record_at(const struct state_head *h,
					    size_t at)
{
	return (const void *)((const char *)h + at);
}

static size_t record_size(const struct state_record *r)
{
	return offsetof(struct state_record, ring) + (size_t)r->len;
}

/* Whether there is a whole, undamaged record. */
static bool record_ok(const struct state_head *h, size_t size, size_t at)
{
	const struct state_record *r = record_at(h, at);

	return size - at >= sizeof(*r) && r->len % 8 == 0 &&
	       r->len >= sizeof(*r) - offsetof(struct state_record, ring) &&
	       r->len <= size - at - offsetof(struct state_record, ring) &&
	       state_check(&r->ring, r->len) == r->check;
}

static size_t refuse(const char *name, size_t at, size_t tail)
{
	log_err("%s: damaged at byte %zu of %zu; put a good copy in its place, "
		"or move it away to start with an empty store (then restart "
		"the guests)", name, at, tail);
	return 0;
}

/* Where records end, and the last one; 0 if there is damage before the end. */
static size_t find_end(const char *name, const struct state_head *h,
		       size_t size, size_t *last_at)
{
	size_t at = sizeof(*h);

	*last_at = 0;
	while (at + 8 <= size && record_at(h, at)->len &&
	       record_ok(h, size, at)) {
		*last_at = at;
		at += record_size(record_at(h, at));
	}
	if (at >= h->tail)
		return at;
	if (at >= h->last || at + 8 > size ||
	    (h->tail > size && record_size(record_at(h, at)) > size - at)) {
		log_warn("%s: cut at byte %zu of %zu: what came last is lost",
			 name, at, (size_t)h->tail);
		return at;
	}
	return refuse(name, at, h->tail);
}

size_t state_read(const char *name, const struct state_head *h, size_t size)
{
	size_t at = sizeof(*h), end, last_at;

	if (memcmp(h->magic, STATE_MAGIC, sizeof(h->magic))) {
		log_err("%s: no state of this version; move it away to start "
			"with an empty store", name);
		return 0;
	}
	end = find_end(name, h, size, &last_at);
	if (!end)
		return 0;
	for (; at < end; at += record_size(record_at(h, at))) {
		if (at == last_at)
			last.old = node_get(store_root);
		if (!load_record(record_at(h, at), at == last_at)) {
			forget();
			return refuse(name, at, end);
		}
		txn_count_change();
	}
	return end;
}

static void settle_one(void *arg, unsigned int domid, struct dom *d)
{
	unsigned int i;

	(void)arg;
	if (progress[domid])
		stream_catch_up(&d->conn->s, progress[domid]->in_done,
				progress[domid]->out_put);
	for (i = 0; i < STREAM_OPEN; i++)
		if (d->conn->s.h->open[i])
			txn_restore(d->conn, d->conn->s.h->open[i]);
}

void state_settle(void)
{
	dom_each(settle_one, NULL);
	if (last.old) {
		store_fire(last.old, last.c, last.n, last.cause);
		if (*last.special)
			watch_fire_special(last.special, last.special_domid);
		if (last.greet && !TAILQ_EMPTY(&last.greet->watches))
			watch_greet(last.greet);
	}
	forget();
	state_compact();
}
