/* SPDX-License-Identifier: MIT */
#include "store_rig.h"

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include <common/log.h>

#define DOMAINS		DOMID_FIRST_RESERVED

static struct loop *loop;
static struct loop_timer *stop_timer;
static size_t nodes_before;

/* ---- a hypervisor of pages ---- */

static unsigned int fakes_end;		/* above any that there was */
static struct fake {
	struct xenstore_domain_interface *page;
	enum xen_state state;
	bool no_page;
} fakes[DOMAINS];

static struct xenstore_domain_interface *new_page(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

struct xenstore_domain_interface *rig_domain(unsigned int domid)
{
	if (!fakes[domid].page)
		fakes[domid].page = new_page();
	if (domid >= fakes_end)
		fakes_end = domid + 1;
	memset(fakes[domid].page, 0, 4096);
	fakes[domid].state = XEN_RUNNING;
	fakes[domid].no_page = false;
	return fakes[domid].page;
}

void rig_domain_state(unsigned int domid, enum xen_state state)
{
	fakes[domid].state = state;
}

void rig_domain_lose_page(unsigned int domid)
{
	fakes[domid].no_page = true;
}

void rig_virq(void)
{
	dom_event(NULL, -1);
}

void rig_signal(unsigned int domid)
{
	dom_event(NULL, 100 + domid);
}

int xen_open(struct loop *l, xen_event_fn *fn, void *arg, const char **what)
{
	(void)l, (void)fn, (void)arg, (void)what;
	return 0;
}

void xen_close(void)
{
}

bool xen_is_there(void)
{
	return true;
}

/* Our end's number is the domain's and 100. */
int xen_attach(unsigned int domid, uint64_t gfn, unsigned int remote_port,
	       struct ring_link *link)
{
	(void)gfn, (void)remote_port;
	if (!fakes[domid].page || fakes[domid].no_page)
		return EINVAL;
	*link = (struct ring_link){ fakes[domid].page, true, 100 + domid };
	return 0;
}

int xen_attach_dom0(struct ring_link *link)
{
	if (!fakes[0].page)
		fakes[0].page = new_page();
	*link = (struct ring_link){ fakes[0].page, false, 100 };
	return 0;
}

int xen_rebind(unsigned int domid, unsigned int remote_port,
	       struct ring_link *link)
{
	(void)domid, (void)remote_port, (void)link;
	return 0;
}

void xen_detach(struct ring_link *link)
{
	link->page = NULL;
	link->port = -1;
}

void xen_notify(const struct ring_link *link)
{
	(void)link;
}

int xen_domains(xen_domain_fn *fn, void *arg)
{
	unsigned int i;

	for (i = 0; i < fakes_end; i++)
		if (fakes[i].state != XEN_GONE)
			fn(arg, i, fakes[i].state);
	return 0;
}

bool xen_domain_exists(unsigned int domid)
{
	return fakes[domid].state == XEN_RUNNING ||
	       fakes[domid].state == XEN_SHUTDOWN;
}

/* ---- the store ---- */

static void stop(void *arg)
{
	loop_stop(arg);
}

bool rig_try_start(const char *dir)
{
	log_init("test", getenv("STORE_LOG") ? LOG_INFO : (enum log_level)0);
	nodes_before = tree_nodes;
	loop = loop_new();
	stop_timer = loop_add_timer(loop, stop, loop);
	return !store_start(loop, dir);
}

void rig_start(const char *dir)
{
	assert_true(rig_try_start(dir));
}

void rig_stop(void)
{
	store_stop();
	loop_free(loop);
	assert_int_equal(tree_nodes, nodes_before);
	assert_int_equal(watch_spots, 0);
}

void rig_step(void)
{
	loop_arm(stop_timer, 0);
	assert_int_equal(loop_run(loop), 0);
}

void rig_settle(void)
{
	unsigned int i;

	for (i = 0; i < 50; i++)
		rig_step();
}

void rig_audit(void)
{
	const char *wrong = store_audit();

	if (wrong)
		fail_msg("%s", wrong);
}

char *rig_dir(void)
{
	char *dir = strdup("/tmp/hvxstored-test-XXXXXX");

	assert_non_null(mkdtemp(dir));
	return dir;
}

static int remove_one(const char *path, const struct stat *st, int flag,
		      struct FTW *f)
{
	(void)st, (void)flag, (void)f;
	return remove(path);
}

void rig_dir_remove(char *dir)
{
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(dir);
}

/* ---- clients ---- */

static struct client *client_new(int fd, unsigned int domid)
{
	struct client *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->fd = fd;
	c->domid = domid;
	c->in_room = 1 << 16;
	c->in = malloc(c->in_room);
	return c;
}

struct client *client_socket(void)
{
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
				    fd), 0);
	assert_non_null(conn_new_socket(fd[0]));
	return client_new(fd[1], 0);
}

struct client *client_ring(unsigned int domid)
{
	struct client *c = client_new(-1, domid);

	c->ring = fakes[domid].page;
	assert_non_null(c->ring);
	return c;
}

void client_close(struct client *c)
{
	client_drop_events(c);
	if (c->fd >= 0)
		close(c->fd);
	free(c->in);
	free(c);
}

static size_t ring_put(struct client *c, const char *data, size_t n)
{
	struct xenstore_domain_interface *r = c->ring;
	size_t i, room = XENSTORE_RING_SIZE - (r->req_prod - r->req_cons);

	for (i = 0; i < n && i < room; i++)
		r->req[MASK_XENSTORE_IDX(r->req_prod + i)] = data[i];
	__atomic_store_n(&r->req_prod, r->req_prod + i, __ATOMIC_RELEASE);
	return i;
}

size_t client_send(struct client *c, const void *data, size_t n)
{
	ssize_t k;

	if (c->fd < 0)
		return ring_put(c, data, n);
	k = send(c->fd, data, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	return k < 0 ? 0 : k;
}

static void gather(struct client *c)
{
	struct xenstore_domain_interface *r = c->ring;
	ssize_t n;

	if (c->in_room - c->in_n < 8192) {
		c->in_room *= 2;
		c->in = realloc(c->in, c->in_room);
		assert_non_null(c->in);
	}
	if (c->fd >= 0) {
		n = recv(c->fd, c->in + c->in_n, c->in_room - c->in_n,
			 MSG_DONTWAIT);
		c->closed |= !n || (n < 0 && errno != EAGAIN);
		c->in_n += n > 0 ? n : 0;
		return;
	}
	while (r->rsp_cons != __atomic_load_n(&r->rsp_prod, __ATOMIC_ACQUIRE)) {
		c->in[c->in_n++] = r->rsp[MASK_XENSTORE_IDX(r->rsp_cons)];
		__atomic_store_n(&r->rsp_cons, r->rsp_cons + 1,
				 __ATOMIC_RELEASE);
	}
}

static void keep_event(struct client *c, const char *data, size_t n)
{
	assert_true(c->n < CLIENT_EVENTS);
	assert_true(n >= 2 && !data[n - 1]);
	c->events[(c->first + c->n++) % CLIENT_EVENTS] =
		memcpy(malloc(n), data, n);
}

bool client_poll(struct client *c)
{
	struct xsd_sockmsg hdr;
	bool reply;

	for (gather(c); c->in_n >= sizeof(hdr);) {
		memcpy(&hdr, c->in, sizeof(hdr));
		assert_true(hdr.len <= XENSTORE_PAYLOAD_MAX);
		if (c->in_n < sizeof(hdr) + hdr.len)
			return false;
		reply = hdr.type != XS_WATCH_EVENT;
		if (reply) {
			c->hdr = hdr;
			memcpy(c->reply, c->in + sizeof(hdr), hdr.len);
			c->reply[hdr.len] = 0;
		} else {
			keep_event(c, (char *)c->in + sizeof(hdr), hdr.len);
		}
		c->in_n -= sizeof(hdr) + hdr.len;
		memmove(c->in, c->in + sizeof(hdr) + hdr.len, c->in_n);
		if (reply)
			return true;
	}
	return false;
}

static int error_of(const char *name)
{
	static const struct { const char *name; int rc; } names[] = {
		{ "EINVAL", EINVAL }, { "EACCES", EACCES },
		{ "EEXIST", EEXIST }, { "ENOENT", ENOENT },
		{ "ENOMEM", ENOMEM }, { "ENOSPC", ENOSPC }, { "EIO", EIO },
		{ "ENOSYS", ENOSYS }, { "EBUSY", EBUSY },
		{ "EAGAIN", EAGAIN }, { "E2BIG", E2BIG }, { "EPERM", EPERM },
	};
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i].name, name))
			return names[i].rc;
	fail_msg("unknown error %s", name);
	return 0;
}

static void nudge(struct client *c)
{
	if (c->fd < 0)
		rig_signal(c->domid);
	rig_step();
}

int client_call(struct client *c, uint32_t type, uint32_t tx, const void *data,
		size_t n)
{
	struct xsd_sockmsg hdr = { type, ++c->req_id, tx, n };
	char msg[sizeof(hdr) + 65536];
	size_t sent = 0;

	memcpy(msg, &hdr, sizeof(hdr));
	memcpy(msg + sizeof(hdr), data, n);
	n += sizeof(hdr);
	for (c->rounds = 0; c->rounds < 1000; c->rounds++) {
		sent += client_send(c, msg + sent, n - sent);
		nudge(c);
		while (client_poll(c))
			if (c->hdr.req_id == c->req_id)
				goto found;
		if (c->closed)
			return -1;
	}
	return -1;
found:
	assert_int_equal(c->hdr.tx_id, tx);
	if (c->hdr.type == XS_ERROR)
		return error_of(c->reply);
	assert_int_equal(c->hdr.type, type);
	return 0;
}

int client_str(struct client *c, uint32_t type, uint32_t tx, const char *a)
{
	return client_call(c, type, tx, a, strlen(a) + 1);
}

int client_str2(struct client *c, uint32_t type, uint32_t tx, const char *a,
		const char *b)
{
	char data[8192];
	size_t n = strlen(a) + 1, m = strlen(b) + 1;

	memcpy(data, a, n);
	memcpy(data + n, b, m);
	return client_call(c, type, tx, data, n + m);
}

int client_write(struct client *c, uint32_t tx, const char *path,
		 const char *value)
{
	char data[8192];
	size_t n = strlen(path) + 1;

	memcpy(data, path, n);
	memcpy(data + n, value, strlen(value));
	return client_call(c, XS_WRITE, tx, data, n + strlen(value));
}

int client_chmod(struct client *c, uint32_t tx, const char *path,
		 const char *perms)
{
	char data[8192], *p;
	size_t n = strlen(path) + 1, m = strlen(perms) + 1;

	memcpy(data, path, n);
	memcpy(data + n, perms, m);
	for (p = data + n; *p; p++)
		if (*p == ' ')
			*p = 0;
	return client_call(c, XS_SET_PERMS, tx, data, n + m);
}

uint32_t client_begin(struct client *c)
{
	assert_int_equal(client_str(c, XS_TRANSACTION_START, 0, ""), 0);
	return strtoul(c->reply, NULL, 10);
}

int client_end(struct client *c, uint32_t tx, bool commit)
{
	return client_str(c, XS_TRANSACTION_END, tx, commit ? "T" : "F");
}

const char *client_event(struct client *c)
{
	static char text[8192];
	unsigned int i;
	char *e;

	/* A long one takes a ring several rounds. */
	for (i = 0; i < 6 && (i < 2 || c->in_n) && !c->n; i++) {
		if (c->fd < 0)
			rig_signal(c->domid);
		rig_step();
		assert_false(client_poll(c));
	}
	if (!c->n)
		return NULL;
	e = c->events[c->first];
	c->first = (c->first + 1) % CLIENT_EVENTS;
	c->n--;
	snprintf(text, sizeof(text), "%s %s", e, e + strlen(e) + 1);
	free(e);
	return text;
}

void client_drop_events(struct client *c)
{
	while (c->n) {
		free(c->events[c->first]);
		c->first = (c->first + 1) % CLIENT_EVENTS;
		c->n--;
	}
}

int client_introduce(struct client *c, unsigned int domid)
{
	char data[64];
	int n = sprintf(data, "%u%c%u%c%u", domid, 0, 1000, 0, 7);

	return client_call(c, XS_INTRODUCE, 0, data, n + 1);
}
