/* SPDX-License-Identifier: MIT */
#include "state.h"
#include "dom.h"
#include "mem.h"
#include "state_file.h"
#include "txn.h"
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_SIZE	((size_t)1 << 20)
#define COMPACT_FROM	((size_t)4 << 20)
#define SNAPSHOT_RECORD	((size_t)1 << 18)

#define barrier()	__asm__ volatile("" ::: "memory")

struct file {
	char *map;
	size_t size, used;
	int fd;
};

static char *name;			/* NULL: nothing is kept */
static struct file file = { .fd = -1 };
static size_t compact_size;		/* of the file when it was new */

/* The record that is being gathered; room for its head comes first. */
static char *rec;
static size_t rec_len, rec_room;

static struct state_head *head_of(const struct file *f)
{
	return (struct state_head *)(void *)f->map;
}

/* Memory for all of it is had at once: a write must never miss a page. */
static bool file_grow(struct file *f, size_t need)
{
	size_t size = f->size ? f->size : FIRST_SIZE;
	void *p;
	int rc;

	while (size < need)
		size *= 2;
	if (size == f->size)
		return true;
	rc = posix_fallocate(f->fd, 0, size);
	if (rc) {
		log_err("state file of %zu bytes: %s", size, strerror(rc));
		return false;
	}
	p = f->map ? mremap(f->map, f->size, size, MREMAP_MAYMOVE) :
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);
	if (p == MAP_FAILED)
		return false;
	f->map = p;
	f->size = size;
	return true;
}

static void file_close(struct file *f)
{
	if (f->map)
		munmap(f->map, f->size);
	if (f->fd >= 0)
		close(f->fd);
	*f = (struct file){ .fd = -1 };
}

/* ---- gathering ---- */

static void *gather(size_t n)
{
	void *p;

	if (!rec_len)
		rec_len = sizeof(struct state_record);
	if (rec_len + n + 8 > rec_room) {
		rec_room = (rec_len + n + 8) * 2;
		rec = mem_resize(rec, rec_room);
	}
	p = rec + rec_len;
	rec_len += n;
	return p;
}

static void put(uint8_t type, uint8_t sub, unsigned int domid, uint32_t num,
		const char *a, const void *b, size_t b_len)
{
	struct state_item i = {
		.type = type, .sub = sub, .domid = domid, .num = num,
		.a_len = a ? strlen(a) + 1 : 0, .b_len = b_len,
	};

	if (!name)
		return;
	memcpy(gather(sizeof(i)), &i, sizeof(i));
	if (a)
		memcpy(gather(i.a_len), a, i.a_len);
	if (b_len)
		memcpy(gather(b_len), b, b_len);
}

static void put_perms(uint8_t type, uint8_t sub, const char *a,
		      const struct perms *p)
{
	size_t size = p->n * 8 + 8, len;
	char *text = mem_get(size);

	len = perms_print(p, text, size);
	put(type, sub, 0, 0, a, text, len);
	free(text);
}

void state_put_change(const struct change *c)
{
	if (c->type == CHANGE_PERMS)
		put_perms(ITEM_CHANGE, c->type, c->path, c->perms);
	else
		put(ITEM_CHANGE, c->type, c->by, 0, c->path,
		    c->value ? c->value->data : NULL,
		    c->value ? c->value->len : 0);
}

void state_put_watch(unsigned int domid, const char *path, const char *token,
		     int depth)
{
	put(ITEM_WATCH, 0, domid, depth + 1, path, token, strlen(token) + 1);
}

void state_put_unwatch(unsigned int domid, const char *path, const char *token)
{
	put(ITEM_UNWATCH, 0, domid, 0, path, token, strlen(token) + 1);
}

void state_put_reset(unsigned int domid)
{
	put(ITEM_RESET, 0, domid, 0, NULL, NULL, 0);
}

void state_put_introduce(unsigned int domid, uint64_t gfn, uint32_t port)
{
	put(ITEM_INTRODUCE, 0, domid, port, NULL, &gfn, sizeof(gfn));
}

void state_put_release(unsigned int domid)
{
	put(ITEM_RELEASE, 0, domid, 0, NULL, NULL, 0);
}

void state_put_shutdown(unsigned int domid, bool is)
{
	put(ITEM_SHUTDOWN, 0, domid, is, NULL, NULL, 0);
}

void state_put_noticed(unsigned int domid)
{
	put(ITEM_NOTICED, 0, domid, 0, NULL, NULL, 0);
}

void state_put_target(unsigned int domid, int32_t target)
{
	put(ITEM_TARGET, 0, domid, target + 1, NULL, NULL, 0);
}

void state_put_special(const char *special, const struct perms *p)
{
	put_perms(ITEM_SPECIAL, 0, special, p);
}

void state_put_quota(const char *quota, int64_t value)
{
	put(ITEM_QUOTA, 0, 0, value, quota, NULL, 0);
}

/* ---- writing ---- */

/* The record counts from the write of its length on. */
static void append(struct file *f, const struct conn *c)
{
	struct state_record *r = (void *)rec, *to;
	size_t len;

	while (rec_len % 8)
		*(char *)gather(1) = 0;
	r = (void *)rec;
	len = rec_len - offsetof(struct state_record, ring);
	r->len = 0;
	r->unused = 0;
	r->ring = c ? c->who.domid : STATE_NO_RING;
	r->in_done = c ? c->s.in_next : 0;
	r->out_put = c ? c->s.out_next : 0;
	r->check = state_check(&r->ring, len);
	to = (void *)(f->map + f->used);
	memcpy(to, r, rec_len);
	barrier();
	to->len = len;
	head_of(f)->last = f->used;
	f->used += rec_len;
	head_of(f)->tail = f->used;
	barrier();
	rec_len = 0;
}

bool state_has_room(size_t bytes)
{
	return !name || file_grow(&file, file.used + bytes + 4096);
}

void state_commit(struct conn *c)
{
	if (!rec_len)
		return;
	if (!file_grow(&file, file.used + rec_len + 64)) {
		/* Asked for before it began, so only the tidy end of a domain
		 * comes here: it will be noticed again after a restart. */
		log_err("no room for a record: lost if the daemon is killed");
		rec_len = 0;
		return;
	}
	append(&file, c && c->fd < 0 ? c : NULL);
}

size_t state_size(void)
{
	return file.used;
}

/* ---- the whole, as a new file ---- */

struct snapshot {
	struct file f;
	struct perms *perms;		/* of the last node */
	bool failed;
};

static void flush(struct snapshot *s, size_t from)
{
	if (rec_len <= from)
		return;
	if (!s->failed && file_grow(&s->f, s->f.used + rec_len + 64))
		append(&s->f, NULL);
	else
		s->failed = true;
	rec_len = 0;
}

static void put_node(void *arg, const char *path, const struct node *n)
{
	struct snapshot *s = arg;

	if (n->perms != s->perms)
		put_perms(ITEM_NODE_PERMS, 0, NULL, n->perms);
	s->perms = n->perms;
	put(ITEM_NODE, 0, 0, 0, *path ? path : "/",
	    n->value ? n->value->data : NULL, n->value ? n->value->len : 0);
	flush(s, SNAPSHOT_RECORD);
}

static void put_dom(void *arg, unsigned int domid, struct dom *d)
{
	struct snapshot *s = arg;
	struct watch *w;

	if (domid) {
		state_put_introduce(domid, d->gfn, d->port);
		if (d->shut_down)
			state_put_shutdown(domid, true);
		if (d->target >= 0)
			state_put_target(domid, d->target);
	}
	TAILQ_FOREACH(w, &d->conn->watches, of_conn)
		state_put_watch(domid, watch_path(w), w->token, w->depth);
	flush(s, SNAPSHOT_RECORD);
}

static void put_all(struct snapshot *s)
{
	const struct quota_name *q;
	unsigned int i;

	for (i = 0; (q = quota_entry(i)); i++)
		state_put_quota(q->name, *q->limit);
	for (i = 0; i < QUOTA_DOMAINS; i++)
		if (dom_is_noticed(i))
			state_put_noticed(i);
	tree_walk(store_root, "", put_node, s);
	state_put_special("@introduceDomain",
			  *watch_special("@introduceDomain"));
	state_put_special("@releaseDomain", *watch_special("@releaseDomain"));
	dom_each(put_dom, s);
	flush(s, 0);
}

void state_compact(void)
{
	struct snapshot s = { .f.fd = -1 };
	char *new;

	if (!name)
		return;
	if (asprintf(&new, "%s.new", name) < 0)
		mem_check(NULL);
	s.f.fd = open(new, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (s.f.fd < 0 || !file_grow(&s.f, FIRST_SIZE)) {
		s.failed = true;
	} else {
		memcpy(head_of(&s.f)->magic, STATE_MAGIC, 16);
		s.f.used = sizeof(struct state_head);
		put_all(&s);
	}
	if (s.failed || rename(new, name)) {
		log_err("%s: can't be written anew: %s", name, strerror(errno));
		file_close(&s.f);
		unlink(new);
		/* Not at once again. */
		compact_size = file.used;
	} else {
		file_close(&file);
		file = s.f;
		compact_size = file.used;
	}
	free(new);
}

void state_tidy(void)
{
	if (name && file.used > COMPACT_FROM && file.used > 3 * compact_size)
		state_compact();
}

/* ---- start and end ---- */

static int open_file(void)
{
	struct stat st;

	file.fd = open(name, O_RDWR | O_CLOEXEC);
	if (file.fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (fstat(file.fd, &st))
		return -1;
	file.size = st.st_size;
	if (file.size < sizeof(struct state_head))
		return 0;
	file.map = mmap(NULL, file.size, PROT_READ | PROT_WRITE, MAP_SHARED,
			file.fd, 0);
	return file.map == MAP_FAILED ? -1 : 0;
}

int state_open(const char *dir, bool *fresh)
{
	*fresh = true;
	if (!dir)
		return 0;
	if (asprintf(&name, "%s/state", dir) < 0)
		mem_check(NULL);
	if (open_file()) {
		log_err("%s: %s", name, strerror(errno));
		return -1;
	}
	if (!file.map && file.fd >= 0) {
		log_err("%s: %zu bytes are no state; move it away to start "
			"with an empty store", name, file.size);
		return -1;
	}
	if (file.map) {
		file.used = state_read(name, head_of(&file), file.size);
		if (!file.used)
			return -1;
		*fresh = false;
	}
	return 0;
}

void state_close(void)
{
	file_close(&file);
	free(name);
	name = NULL;
	free(rec);
	rec = NULL;
	rec_len = rec_room = compact_size = 0;
}
