/* SPDX-License-Identifier: MIT */
#include "dom.h"
#include "mem.h"
#include "path.h"
#include "ring.h"
#include "state.h"
#include "store.h"
#include "txn.h"
#include "watch.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>

#define DOMAINS		DOMID_FIRST_RESERVED

static struct dom *doms[DOMAINS];
static bool noticed[DOMAINS];
static unsigned int ids_end;		/* above any that was ever in use */
static const char *ring_dir;

void dom_exit(void)
{
	unsigned int i;

	for (i = 0; i < ids_end; i++) {
		free(doms[i]);
		doms[i] = NULL;
		noticed[i] = false;
	}
	ids_end = 0;
}

struct dom *dom_find(unsigned int domid)
{
	return domid < DOMAINS ? doms[domid] : NULL;
}

void dom_each(void (*fn)(void *arg, unsigned int domid, struct dom *d),
	      void *arg)
{
	unsigned int i;

	for (i = 0; i < ids_end; i++)
		if (doms[i])
			fn(arg, i, doms[i]);
}

static void in_use(unsigned int domid)
{
	if (domid >= ids_end)
		ids_end = domid + 1;
}

static struct dom *dom_new(unsigned int domid, uint64_t gfn, uint32_t port,
			   bool *kept)
{
	struct conn *c = conn_new_ring(domid, ring_dir, kept);
	struct dom *d;

	if (!c)
		return NULL;
	d = mem_zero(sizeof(*d));
	d->conn = c;
	d->gfn = gfn;
	d->port = port;
	d->target = -1;
	d->kept = *kept;
	doms[domid] = d;
	in_use(domid);
	return d;
}

int dom_init(const char *dir)
{
	bool kept;

	ring_dir = dir;
	return dom_new(0, 0, 0, &kept) ? 0 : -1;
}

int dom_load(unsigned int domid, uint64_t gfn, uint32_t port)
{
	struct dom *d = dom_find(domid);
	bool kept;

	if (d) {
		d->port = port;
		d->gfn = gfn;
		return 0;
	}
	if (domid >= DOMAINS || !dom_new(domid, gfn, port, &kept))
		return EINVAL;
	return 0;
}

static int reintroduce(unsigned int domid, struct dom *d, uint64_t gfn,
		       uint32_t port)
{
	struct ring_link link = d->conn->link, old = link;
	int rc;

	if (link.page && d->gfn != gfn) {
		/* Another page: the ring begins anew there. */
		rc = xen_attach(domid, gfn, port, &link);
		if (rc)
			return rc;
		conn_reset(d->conn);
		ring_clear(link.page, &d->conn->s);
		conn_attach(d->conn, &link);
		xen_detach(&old);
	} else if (link.page) {
		if (xen_rebind(domid, port, &link))
			return errno;
		conn_reset(d->conn);
		ring_clear(link.page, &d->conn->s);
		conn_attach(d->conn, &link);
	}
	d->gfn = gfn;
	d->port = port;
	d->shut_down = false;
	return 0;
}

int dom_introduce(unsigned int domid, uint64_t gfn, uint32_t port)
{
	struct ring_link link = { .port = -1 };
	struct dom *d = dom_find(domid);
	bool kept;
	int rc;

	if (d)
		return reintroduce(domid, d, gfn, port);
	if (xen_is_there()) {
		if (!xen_domain_exists(domid))
			return ENOENT;
		rc = xen_attach(domid, gfn, port, &link);
		if (rc)
			return rc;
	}
	d = dom_new(domid, gfn, port, &kept);
	if (!d) {
		xen_detach(&link);
		return errno;
	}
	if (link.page) {
		ring_clear(link.page, &d->conn->s);
		conn_attach(d->conn, &link);
	}
	return 0;
}

void dom_set_target(unsigned int domid, int32_t target)
{
	doms[domid]->target = target;
	doms[domid]->conn->who.target = target;
}

void dom_set_noticed(unsigned int domid)
{
	noticed[domid] = true;
	in_use(domid);
}

bool dom_is_noticed(unsigned int domid)
{
	return noticed[domid];
}

/*
 * Tools give a domain its nodes before they introduce it. Ids that no domain
 * has yet are anybody's to write down, and nothing ends with them.
 */
void dom_notice(unsigned int domid)
{
	if (!domid || doms[domid] || noticed[domid] || !xen_is_there() ||
	    !xen_domain_exists(domid))
		return;
	dom_set_noticed(domid);
	state_put_noticed(domid);
}

/* ---- the end of one ---- */

struct owned {
	unsigned int domid;
	char **paths;			/* its nodes, parents first */
	unsigned int n, room;
	bool others;			/* there are nodes of others */
};

static void collect(void *arg, const char *path, const struct node *n)
{
	struct owned *o = arg;

	if (n->perms->p[0].domid != o->domid) {
		o->others = true;
		return;
	}
	if (o->n == o->room) {
		o->room = o->room ? o->room * 2 : 64;
		o->paths = mem_resize(o->paths, o->room * sizeof(*o->paths));
	}
	o->paths[o->n++] = mem_string(*path ? path : "/");
}

static void look_for_others(void *arg, const char *path, const struct node *n)
{
	struct owned *o = arg;

	(void)path;
	o->others |= n->perms->p[0].domid != o->domid;
}

static void purge_node(const char *path, unsigned int domid,
		       struct change *c, struct tally *t)
{
	struct owned o = { .domid = domid };
	struct node *n = tree_find(store_root, path);

	tree_walk(n, path, look_for_others, &o);
	*c = (struct change){ .path = mem_string(path) };
	if (o.others || path[1] == 0) {
		c->type = CHANGE_PERMS;
		c->perms = perms_owned(0);
	} else {
		c->type = CHANGE_RM;
	}
	change_apply(&store_root, c, t);
}

void dom_purge(unsigned int domid, struct change **changes, unsigned int *n)
{
	struct owned o = { .domid = domid };
	struct tally t = { 0 };
	char home[32];
	struct node *top;
	unsigned int i;

	perm_life_end(domid);
	snprintf(home, sizeof(home), "/local/domain/%u", domid);
	top = tree_find(store_root, home);
	if (top && quota_of(domid)->nodes)
		tree_walk(top, home, collect, &o);
	/* Elsewhere only if some are not at home, where nearly all are. */
	if (quota_of(domid)->nodes > (int)o.n) {
		while (o.n)
			free(o.paths[--o.n]);
		tree_walk(store_root, "", collect, &o);
	}
	*changes = mem_get((o.n + 1) * sizeof(**changes));
	for (i = *n = 0; i < o.n; i++) {
		if (tree_find(store_root, o.paths[i]))
			purge_node(o.paths[i], domid, &(*changes)[(*n)++], &t);
		free(o.paths[i]);
	}
	free(o.paths);
	tally_commit(&t);
	tally_free(&t);
}

static void untarget(void *arg, unsigned int domid, struct dom *d)
{
	unsigned int *gone = arg;

	if (d->target == (int32_t)*gone)
		dom_set_target(domid, -1);
}

void dom_drop(unsigned int domid)
{
	struct dom *d = doms[domid];
	struct usage *u = quota_of(domid);

	dom_each(untarget, &domid);
	noticed[domid] = false;

	if (d) {
		conn_drop(d->conn);
		free(d);
		doms[domid] = NULL;
	}
	u->outstanding = 0;
	u->warned = false;
}

void dom_end(unsigned int domid)
{
	struct node *old = node_get(store_root);
	struct change *c;
	unsigned int i, n;

	dom_drop(domid);
	dom_purge(domid, &c, &n);
	txn_count_change();
	store_fire(old, c, n, 0);
	for (i = 0; i < n; i++)
		change_clear(&c[i]);
	free(c);
	node_put(old);
}

void dom_release(unsigned int domid)
{
	state_put_release(domid);
	state_commit(NULL);
	dom_end(domid);
}

/* ---- what the hypervisor says ---- */

struct seen {
	uint8_t state[DOMAINS];		/* enum xen_state */
};

static void see(void *arg, unsigned int domid, enum xen_state state)
{
	struct seen *s = arg;

	if (domid < DOMAINS)
		s->state[domid] = state;
}

/* Whether watchers of @releaseDomain are to hear of it. */
static bool check_one(unsigned int domid, enum xen_state state)
{
	struct dom *d = doms[domid];

	if (!d && !noticed[domid])
		return false;
	if (state == XEN_GONE || state == XEN_DYING) {
		if (d || state == XEN_GONE)
			dom_release(domid);
		return d;
	}
	if (!d || d->shut_down == (state == XEN_SHUTDOWN))
		return false;
	d->shut_down = state == XEN_SHUTDOWN;
	state_put_shutdown(domid, d->shut_down);
	state_commit(NULL);
	return d->shut_down;
}

static void check_all(void)
{
	struct seen *s = mem_zero(sizeof(*s));
	unsigned int i;
	bool ended = false;

	if (xen_domains(see, s)) {
		log_warn("can't list domains: %s", strerror(errno));
		free(s);
		return;
	}
	for (i = 1; i < ids_end; i++)
		if (check_one(i, s->state[i])) {
			ended = true;
			watch_fire_special("@releaseDomain", i);
		}
	free(s);
	if (ended)
		malloc_trim(0);
}

void dom_event(void *arg, int port)
{
	struct conn *c;

	(void)arg;
	if (port < 0) {
		check_all();
	} else {
		c = conn_by_port(port);
		if (c)
			conn_kick(c);
	}
	conn_run();
}

static void connect_one(void *arg, unsigned int domid, struct dom *d)
{
	struct ring_link link = { .port = -1 };
	int rc;

	(void)arg;
	if (!domid || d->conn->link.page)
		return;
	rc = xen_domain_exists(domid) ?
	     xen_attach(domid, d->gfn, d->port, &link) : ESRCH;
	if (rc) {
		log_warn("d%u: its ring is gone (%s): released", domid,
			 strerror(rc));
		dom_release(domid);
		watch_fire_special("@releaseDomain", domid);
		return;
	}
	ring_resume(link.page, &d->conn->s);
	conn_attach(d->conn, &link);
}

static void connect_dom0(struct dom *d)
{
	struct ring_link link;
	int rc = xen_attach_dom0(&link);

	if (rc) {
		log_warn("dom0's kernel has no ring for us (%s): only sockets "
			 "and guests are served", strerror(rc));
		return;
	}
	if (d->kept)
		ring_resume(link.page, &d->conn->s);
	else if (!ring_adopt(link.page, &d->conn->s))
		log_warn("dom0's ring has odd indices");
	conn_attach(d->conn, &link);
}

void dom_connect(void)
{
	if (!xen_is_there())
		return;
	connect_dom0(doms[0]);
	dom_each(connect_one, NULL);
	check_all();
}
