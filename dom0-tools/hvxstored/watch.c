/* SPDX-License-Identifier: MIT */
#include "watch.h"
#include "mem.h"
#include "path.h"

#include <errno.h>
#include <stdio.h>

/*
 * A path with watches on it or below it. Parents live as long as a child does.
 */
struct spot {
	struct spot *next;		/* with the same hash */
	struct spot *parent;		/* NULL: "/" or a special name */
	LIST_ENTRY(spot) sibling;
	LIST_HEAD(, spot) kids;
	TAILQ_HEAD(, watch) watches;
	uint32_t hash, len;
	char path[];
};

static struct spot **table;
static unsigned int table_size;		/* power of two */
unsigned int watch_spots;
size_t watch_looks;

static struct { const char *name; struct perms *perms; } special[] = {
	{ "@introduceDomain", NULL },
	{ "@releaseDomain", NULL },
};

#define HASH_START	2166136261u

/* FNV-1a, which goes on from a prefix's. */
static uint32_t hash_on(uint32_t h, const char *p, size_t n)
{
	while (n--)
		h = (h ^ (uint8_t)*p++) * 16777619u;
	return h;
}

static bool is_spot(const struct spot *s, const char *path, size_t len,
		    uint32_t hash)
{
	watch_looks++;
	return s->hash == hash && s->len == len && !memcmp(s->path, path, len);
}

/* What was found comes first the next time: nearly all changes are below the
 * same few paths, which were among the first to be watched. */
static struct spot *spot_find(const char *path, size_t len, uint32_t hash)
{
	struct spot **head = &table[hash & (table_size - 1)], **p = head, *s;

	while ((s = *p) && !is_spot(s, path, len, hash))
		p = &s->next;
	if (s) {
		*p = s->next;
		s->next = *head;
		*head = s;
	}
	return s;
}

static void table_grow(void)
{
	unsigned int size = table_size * 2, i;
	struct spot **t = mem_zero(size * sizeof(*t)), *s;

	for (i = 0; i < table_size; i++)
		while ((s = table[i])) {
			table[i] = s->next;
			s->next = t[s->hash & (size - 1)];
			t[s->hash & (size - 1)] = s;
		}
	free(table);
	table = t;
	table_size = size;
}

static struct spot *spot_new(const char *path, size_t len, uint32_t hash,
			     struct spot *parent)
{
	struct spot *s = mem_zero(sizeof(*s) + len + 1), **slot;

	if (watch_spots >= table_size / 2)
		table_grow();
	slot = &table[hash & (table_size - 1)];
	memcpy(s->path, path, len);
	s->len = len;
	s->hash = hash;
	s->parent = parent;
	LIST_INIT(&s->kids);
	TAILQ_INIT(&s->watches);
	if (parent)
		LIST_INSERT_HEAD(&parent->kids, s, sibling);
	s->next = *slot;
	*slot = s;
	watch_spots++;
	return s;
}

/* Lengths of a path and of those above it, from the top: "/", "/a", "/a/b". */
static size_t next_prefix(const char *path, size_t at)
{
	if (at == 0)
		return *path == '/' ? 1 : strcspn(path, "/");
	if (at == 1 && *path == '/')
		return path[1] ? 1 + strcspn(path + 1, "/") : 0;
	return path[at] ? at + 1 + strcspn(path + at + 1, "/") : 0;
}

static struct spot *spot_make(const char *path)
{
	struct spot *parent = NULL, *s;
	uint32_t h = HASH_START;
	size_t at = 0, next;

	while ((next = next_prefix(path, at))) {
		h = hash_on(h, path + at, next - at);
		s = spot_find(path, next, h);
		if (!s)
			s = spot_new(path, next, h, parent);
		parent = s;
		at = next;
	}
	return parent;
}

/* Frees it, and those above, that nothing hangs on any more. */
static void spot_tidy(struct spot *s)
{
	struct spot **slot, *parent;

	for (; s && TAILQ_EMPTY(&s->watches) && LIST_EMPTY(&s->kids);
	     s = parent) {
		parent = s->parent;
		if (parent)
			LIST_REMOVE(s, sibling);
		slot = &table[s->hash & (table_size - 1)];
		while (*slot != s)
			slot = &(*slot)->next;
		*slot = s->next;
		free(s);
		watch_spots--;
	}
}

static int64_t watch_bytes(const struct watch *w)
{
	return sizeof(*w) + sizeof(struct spot) + w->spot->len +
	       strlen(w->token);
}

const char *watch_path(const struct watch *w)
{
	return w->spot->path + w->skip;
}

static struct watch *watch_find(struct conn *c, struct spot *s, size_t skip,
				const char *token)
{
	struct watch *w;

	TAILQ_FOREACH(w, &s->watches, of_spot)
		if (w->conn == c && w->skip == skip &&
		    !strcmp(w->token, token))
			return w;
	return NULL;
}

static int special_or_resolve(char full[PATH_SIZE], const char *path,
			      unsigned int domid, size_t *skip)
{
	*skip = 0;
	if (!path_is_special(path))
		return path_resolve(full, path, domid, skip);
	if (strlen(path) > XENSTORE_REL_PATH_MAX)
		return EINVAL;
	strcpy(full, path);
	return 0;
}

int watch_add(struct conn *c, const char *path, const char *token, int depth)
{
	struct usage *u = quota_of(c->who.domid);
	char full[PATH_SIZE];
	struct watch *w;
	struct spot *s;
	size_t skip;

	if (special_or_resolve(full, path, c->who.domid, &skip))
		return EINVAL;
	if (c->who.domid && u->watches >= limits.watches)
		return E2BIG;
	if (!quota_memory_ok(c->who.domid, sizeof(*w) + sizeof(*s) +
			     strlen(full) + strlen(token)))
		return ENOSPC;
	s = spot_make(full);
	if (watch_find(c, s, skip, token))
		return EEXIST;
	w = mem_zero(sizeof(*w));
	w->conn = c;
	w->spot = s;
	w->token = mem_string(token);
	w->depth = depth;
	w->skip = skip;
	TAILQ_INSERT_TAIL(&s->watches, w, of_spot);
	TAILQ_INSERT_TAIL(&c->watches, w, of_conn);
	u->watches++;
	u->bytes += watch_bytes(w);
	return 0;
}

static void watch_free(struct watch *w)
{
	struct usage *u = quota_of(w->conn->who.domid);
	struct spot *s = w->spot;

	u->watches--;
	u->bytes -= watch_bytes(w);
	TAILQ_REMOVE(&s->watches, w, of_spot);
	TAILQ_REMOVE(&w->conn->watches, w, of_conn);
	free(w->token);
	free(w);
	spot_tidy(s);
}

int watch_remove(struct conn *c, const char *path, const char *token)
{
	char full[PATH_SIZE];
	struct watch *w;
	struct spot *s;
	size_t skip, len;

	if (special_or_resolve(full, path, c->who.domid, &skip))
		return EINVAL;
	len = strlen(full);
	s = spot_find(full, len, hash_on(HASH_START, full, len));
	w = s ? watch_find(c, s, skip, token) : NULL;
	if (!w)
		return ENOENT;
	watch_free(w);
	return 0;
}

void watch_remove_all(struct conn *c)
{
	while (!TAILQ_EMPTY(&c->watches))
		watch_free(TAILQ_FIRST(&c->watches));
}

/*
 * An event that says what the client's last one, still unsent, says already
 * needs no sending: it will look again after that one.
 */
static void send(struct watch *w, const char *path, unsigned int cause)
{
	char data[XENSTORE_PAYLOAD_MAX];
	size_t n = strlen(path) + 1, t = strlen(w->token) + 1;
	struct conn *c = w->conn;

	if (c->dead || n + t > sizeof(data))
		return;
	memcpy(data, path, n);
	memcpy(data + n, w->token, t);
	if (!stream_out_has(&c->s, w->last_end, data, n + t))
		conn_event(c, data, n + t, cause, &w->last_end);
}

void watch_greet(struct conn *c)
{
	struct watch *w = TAILQ_LAST(&c->watches, watch_list);

	send(w, watch_path(w), c->who.domid);
}

static bool may_see(const struct sight *s, const struct who *w)
{
	return who_is_privileged(w) ||
	       (s->now && perms_allow(s->now, w, PERM_READ)) ||
	       (s->before && perms_allow(s->before, w, PERM_READ)) ||
	       (s->parent && perms_allow(s->parent, w, PERM_READ));
}

static unsigned int levels(const char *path, size_t from)
{
	unsigned int n = from == 1 && path[1];

	for (path += from; *path; path++)
		n += *path == '/';
	return n;
}

static void fire_at(struct spot *spot, const struct sight *s)
{
	struct watch *w;

	TAILQ_FOREACH(w, &spot->watches, of_spot) {
		watch_looks++;
		if ((w->depth < 0 || levels(s->path, spot->len) <=
		     (unsigned int)w->depth) && may_see(s, &w->conn->who))
			send(w, s->path + w->skip, s->cause);
	}
}

/* Those below a removed node learn it by their own path, if that was there. */
static void fire_below(struct spot *top, const struct sight *s)
{
	struct sight below = *s;
	struct spot *spot = LIST_FIRST(&top->kids);
	struct node *n;

	while (spot) {
		n = tree_find(s->gone, spot->path + strlen(s->path));
		if (n && !TAILQ_EMPTY(&spot->watches)) {
			below.path = spot->path;
			below.before = n->perms;
			below.parent = NULL;
			fire_at(spot, &below);
		}
		if (n && !LIST_EMPTY(&spot->kids)) {
			spot = LIST_FIRST(&spot->kids);
			continue;
		}
		while (spot != top && !LIST_NEXT(spot, sibling))
			spot = spot->parent;
		spot = spot == top ? NULL : LIST_NEXT(spot, sibling);
	}
}

void watch_fire(const struct sight *s)
{
	uint32_t h = HASH_START;
	struct spot *spot = NULL;
	size_t at = 0, next;

	while ((next = next_prefix(s->path, at))) {
		h = hash_on(h, s->path + at, next - at);
		spot = spot_find(s->path, next, h);
		if (!spot)
			return;
		fire_at(spot, s);
		at = next;
	}
	if (s->gone && spot)
		fire_below(spot, s);
}

bool watch_is_above(const char *path)
{
	struct spot *spot = NULL;
	uint32_t h = HASH_START;
	size_t at = 0, next;

	while ((next = next_prefix(path, at))) {
		h = hash_on(h, path + at, next - at);
		spot = spot_find(path, next, h);
		if (!spot || !TAILQ_EMPTY(&spot->watches))
			break;
		at = next;
	}
	return spot && !TAILQ_EMPTY(&spot->watches);
}

bool watch_is_below(const char *path)
{
	size_t len = strlen(path);
	struct spot *s = spot_find(path, len, hash_on(HASH_START, path, len));

	return s && !LIST_EMPTY(&s->kids);
}

struct perms **watch_special(const char *name)
{
	unsigned int i;

	for (i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (!strcmp(special[i].name, name))
			return &special[i].perms;
	return NULL;
}

/*
 * A plain watch of the name hears the name alone, as it always was; one with a
 * depth hears which domain; and one on name/domid hears of that domain only.
 */
void watch_fire_special(const char *name, unsigned int domid)
{
	char full[64];
	size_t len = strlen(name);
	struct perms **p = watch_special(name);
	struct sight s = { .path = full, .now = *p };
	struct spot *spot;
	struct watch *w;

	snprintf(full, sizeof(full), "%s/%u", name, domid);
	spot = spot_find(name, len, hash_on(HASH_START, name, len));
	if (!spot)
		return;
	TAILQ_FOREACH(w, &spot->watches, of_spot)
		if (may_see(&s, &w->conn->who))
			send(w, w->depth > 0 ? full : name, 0);
	len = strlen(full);
	spot = spot_find(full, len, hash_on(HASH_START, full, len));
	if (spot)
		fire_at(spot, &s);
}

void watch_init(void)
{
	unsigned int i;

	table_size = 256;
	table = mem_zero(table_size * sizeof(*table));
	for (i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		special[i].perms = perms_owned(0);
}

void watch_exit(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		perms_put(special[i].perms);
		special[i].perms = NULL;
	}
	free(table);
	table = NULL;
	table_size = 0;
}

const char *watch_audit(void)
{
	unsigned int i, n = 0;
	const struct spot *s;

	for (i = 0; i < table_size; i++)
		for (s = table[i]; s; s = s->next, n++) {
			if (TAILQ_EMPTY(&s->watches) && LIST_EMPTY(&s->kids))
				return "a spot that nothing hangs on";
			if ((s->hash & (table_size - 1)) != i)
				return "a spot in the wrong place";
		}
	return n == watch_spots ? NULL : "spots miscounted";
}
