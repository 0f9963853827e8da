/* SPDX-License-Identifier: MIT */
#include "ring.h"

#include <string.h>

#define SIZE	XENSTORE_RING_SIZE

/* Pairs with the guest's write of data before its producer index, and with its
 * reads of data before its consumer index. */
static uint32_t load(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

/* What we wrote or read of the ring's data comes before. */
static void store(uint32_t *p, uint32_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

static uint32_t req_cons(const struct stream *s)
{
	return s->h->req_base + (uint32_t)s->h->in_got;
}

static uint32_t rsp_prod(const struct stream *s)
{
	return s->h->rsp_base + (uint32_t)s->h->out_sent;
}

/* Our indices, and what we can. */
static void show(struct xenstore_domain_interface *r, const struct stream *s)
{
	store(&r->server_features, XENSTORE_SERVER_FEATURE_RECONNECTION |
				   XENSTORE_SERVER_FEATURE_ERROR);
	store(&r->error, s->h->error);
	store(&r->req_cons, req_cons(s));
	store(&r->rsp_prod, rsp_prod(s));
}

bool ring_adopt(struct xenstore_domain_interface *r, struct stream *s)
{
	uint32_t cons = load(&r->req_cons), prod = load(&r->rsp_prod);

	stream_restart(s, cons, prod);
	show(r, s);
	return load(&r->req_prod) - cons <= SIZE &&
	       prod - load(&r->rsp_cons) <= SIZE;
}

void ring_clear(struct xenstore_domain_interface *r, struct stream *s)
{
	stream_restart(s, 0, 0);
	store(&r->req_prod, 0);
	store(&r->rsp_cons, 0);
	show(r, s);
}

void ring_resume(struct xenstore_domain_interface *r, struct stream *s)
{
	if (req_cons(s) - load(&r->req_cons) > SIZE ||
	    rsp_prod(s) - load(&r->rsp_prod) > SIZE)
		ring_adopt(r, s);
	else
		show(r, s);
}

/* Copies between a ring's circle and pieces of ours. */
static void copy_out(const char *ring, uint32_t at, const struct iovec *v)
{
	size_t from = at & (SIZE - 1), first = SIZE - from;

	if (first > v->iov_len)
		first = v->iov_len;
	memcpy(v->iov_base, ring + from, first);
	memcpy((char *)v->iov_base + first, ring, v->iov_len - first);
}

static void copy_in(char *ring, uint32_t at, const struct iovec *v)
{
	size_t from = at & (SIZE - 1), first = SIZE - from;

	if (first > v->iov_len)
		first = v->iov_len;
	memcpy(ring + from, v->iov_base, first);
	memcpy(ring, (char *)v->iov_base + first, v->iov_len - first);
}

/* Cuts two pieces to n bytes in all. */
static size_t cut(struct iovec v[2], size_t n)
{
	if (v[0].iov_len > n)
		v[0].iov_len = n;
	if (v[1].iov_len > n - v[0].iov_len)
		v[1].iov_len = n - v[0].iov_len;
	return v[0].iov_len + v[1].iov_len;
}

ssize_t ring_receive(struct xenstore_domain_interface *r, struct stream *s)
{
	uint32_t cons = req_cons(s), n = load(&r->req_prod) - cons;
	struct iovec v[2];

	if (n > SIZE)
		return -1;
	stream_in_room(s, v);
	n = cut(v, n);
	copy_out(r->req, cons, &v[0]);
	copy_out(r->req, cons + v[0].iov_len, &v[1]);
	if (n) {
		stream_in_got(s, n);
		store(&r->req_cons, cons + n);
	}
	return n;
}

ssize_t ring_send(struct xenstore_domain_interface *r, struct stream *s)
{
	uint32_t prod = rsp_prod(s), used = prod - load(&r->rsp_cons);
	struct iovec v[2];
	size_t n;

	if (used > SIZE)
		return -1;
	stream_out_data(s, v);
	n = cut(v, SIZE - used);
	copy_in(r->rsp, prod, &v[0]);
	copy_in(r->rsp, prod + v[0].iov_len, &v[1]);
	if (n) {
		stream_out_sent(s, n);
		store(&r->rsp_prod, prod + n);
	}
	return n;
}

bool ring_wants_reset(const struct xenstore_domain_interface *r)
{
	return load(&r->connection) == XENSTORE_RECONNECT;
}

void ring_reset_done(struct xenstore_domain_interface *r)
{
	store(&r->connection, XENSTORE_CONNECTED);
}

void ring_show_error(struct xenstore_domain_interface *r, uint32_t error)
{
	store(&r->error, error);
}
