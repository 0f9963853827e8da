/* SPDX-License-Identifier: MIT */
#include "fake_net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "backends/netback/tap.h"

struct fake_net *fake;

/* ---- grants, ports ------------------------------------------------------ */

static bool granted(uint32_t ref, bool write)
{
	return ref < FAKE_PAGES && fake->grant[ref] >= (write ? 2 : 1);
}

void *grants_map(struct grants *g, const uint32_t *refs, unsigned int count,
		 bool writable)
{
	(void)g;
	if (count == 1 && granted(refs[0], writable)) {
		fake->mapped++;
		return fake->page[refs[0]];
	}
	errno = EINVAL;
	return NULL;
}

void grants_unmap(struct grants *g, void *at, unsigned int count)
{
	(void)g;
	(void)at;
	fake->mapped -= count;
}

void *grants_area(struct grants *g, size_t bytes)
{
	(void)g;
	return aligned_alloc(4096, bytes);
}

void grants_copy(struct grants *g, struct grant_copy *ops, unsigned int count)
{
	unsigned int i;

	(void)g;
	for (i = 0; i < count; i++) {
		struct grant_copy *c = &ops[i];
		uint8_t *there;

		/* The hypervisor refuses it; here it may not get so far. */
		if (c->offset + c->len > 4096)
			abort();
		if ((uintptr_t)c->local % 4096 + c->len > 4096)
			fake->split++;
		c->failed = !granted(c->ref, c->to_guest);
		if (c->failed)
			continue;
		there = fake->page[c->ref] + c->offset;
		if (fake->on_copy && !c->to_guest)
			fake->on_copy();
		if (c->to_guest)
			memcpy(there, c->local, c->len);
		else
			memcpy(c->local, there, c->len);
	}
}

int ports_bind(struct ports *p, uint32_t remote)
{
	(void)p;
	if (remote >= 4) {
		errno = EINVAL;
		return -1;
	}
	fake->bound++;
	return remote;
}

void ports_unbind(struct ports *p, uint32_t port)
{
	(void)p;
	(void)port;
	fake->bound--;
}

void ports_notify(struct ports *p, uint32_t port)
{
	(void)p;
	fake->notified[port]++;
}

int ports_next(struct ports *p)
{
	(void)p;
	return fake->pending_count ? fake->pending[--fake->pending_count] : -1;
}

void ports_unmask(struct ports *p, uint32_t port)
{
	(void)p;
	fake->unmasked[port]++;
}

/* ---- the tap ------------------------------------------------------------ */

/* What the kernel would act on without a further look. */
static void check_header(const struct virtio_net_hdr *h, size_t len)
{
	if (h->flags & ~VIRTIO_NET_HDR_F_NEEDS_CSUM)
		abort();
	if (h->flags && (uint32_t)h->csum_start + h->csum_offset + 2 > len)
		abort();
	if (!h->gso_type)
		return;
	if (!h->flags || !h->gso_size || h->hdr_len > len ||
	    h->hdr_len < h->csum_start + 20u || h->gso_size < VNET_GSO_MIN ||
	    (h->gso_type != VIRTIO_NET_HDR_GSO_TCPV4 &&
	     h->gso_type != VIRTIO_NET_HDR_GSO_TCPV6))
		abort();
}

bool tap_write(int fd, const struct virtio_net_hdr *h, const void *frame,
	       size_t len)
{
	struct fake_frame *f;

	(void)fd;
	if (len < NET_HEADER || len > 65535)
		abort();
	check_header(h, len);
	if (fake->tap_full)
		return false;
	f = &fake->out[fake->outs++ % FAKE_FRAMES];
	f->h = *h;
	f->len = len;
	memcpy(f->data, frame, len);
	return true;
}

ssize_t tap_read(int fd, struct virtio_net_hdr *h, void *frame, size_t room)
{
	struct fake_frame *f;

	(void)fd;
	if (fake->in_first == fake->in_end) {
		errno = EAGAIN;
		return -1;
	}
	f = &fake->in[fake->in_first++ % FAKE_FRAMES];
	if (f->len > room)
		abort();
	*h = f->h;
	memcpy(frame, f->data, f->len);
	return f->len;
}

int tap_prepare(int fd)
{
	(void)fd;
	return 0;
}

/* One after the other: that they can be moved at once is test_netmany's. */
struct many *many_open(void)
{
	return (struct many *)(void *)fake;
}

void many_write(struct many *m, int fd, struct many_frame *f,
		unsigned int count)
{
	(void)m;
	for (; count; count--, f++)
		f->took = tap_write(fd, &f->h, f->at, f->len) ?
			(int32_t)f->len : -1;
}

int tap_set_offloads(int fd, unsigned int flags)
{
	(void)fd;
	fake->offloads = flags;
	return 0;
}

int tap_set_carrier(int fd, bool up)
{
	(void)fd;
	fake->carrier = up;
	return 0;
}

void fake_arrive(const void *data, uint32_t len, const struct virtio_net_hdr *h)
{
	struct fake_frame *f = &fake->in[fake->in_end++ % FAKE_FRAMES];

	memset(&f->h, 0, sizeof(f->h));
	if (h)
		f->h = *h;
	f->len = len;
	memcpy(f->data, data, len);
	fake->v.tap[0].readable = true;
}

/* ---- the loop ------------------------------------------------- */

void loop_set_events(struct loop_fd *f, uint32_t events)
{
	(void)f;
	fake->polled = events & EPOLLIN;
}

void loop_arm(struct loop_timer *t, int64_t ms)
{
	(void)t;
	(void)ms;
}

int64_t loop_now(void)
{
	return fake->now;
}

struct loop_fd *loop_add_fd(struct loop *l, int fd, uint32_t events,
			    loop_fd_fn *fn, void *arg)
{
	(void)l;
	(void)fd;
	(void)events;
	(void)fn;
	(void)arg;
	fake->watched++;
	return (struct loop_fd *)(void *)fake;
}

void loop_del_fd(struct loop_fd *f)
{
	(void)f;
	fake->watched--;
}

struct loop_timer *loop_add_timer(struct loop *l, loop_timer_fn *fn, void *arg)
{
	(void)l;
	(void)fn;
	(void)arg;
	return (struct loop_timer *)(void *)fake;
}

void loop_del_timer(struct loop_timer *t)
{
	(void)t;
}

void loop_stop(struct loop *l)
{
	(void)l;
}

/* ---- the front end ------------------------------------------------------ */

static struct ring_head *head(unsigned int page)
{
	return (struct ring_head *)(void *)fake->page[page];
}

void fake_tx(const void *slot)
{
	memcpy(fake->page[FAKE_TX_PAGE] + 64 + (fake->tx_prod++ & 255) * 12,
	       slot, 12);
}

void fake_rx(uint16_t id, uint32_t ref)
{
	struct netif_rx_request req = { .id = id, .gref = ref };

	memcpy(fake->page[FAKE_RX_PAGE] + 64 + (fake->rx_prod++ & 255) * 8,
	       &req, 8);
}

static bool push(unsigned int page, uint32_t prod)
{
	struct ring_head *h = head(page);
	uint32_t old = h->req_prod;

	__atomic_store_n(&h->req_prod, prod, __ATOMIC_SEQ_CST);
	return prod - h->req_event < prod - old;
}

bool fake_push_tx(void)
{
	return push(FAKE_TX_PAGE, fake->tx_prod);
}

bool fake_push_rx(void)
{
	return push(FAKE_RX_PAGE, fake->rx_prod);
}

bool fake_tx_answer(struct netif_tx_response *rsp)
{
	if (fake->tx_seen == head(FAKE_TX_PAGE)->rsp_prod)
		return false;
	memcpy(rsp, fake->page[FAKE_TX_PAGE] + 64 +
	       (fake->tx_seen++ & 255) * 12, 4);
	head(FAKE_TX_PAGE)->rsp_event = fake->tx_seen + 1;
	return true;
}

bool fake_rx_answer(void *answer)
{
	if (fake->rx_seen == head(FAKE_RX_PAGE)->rsp_prod)
		return false;
	memcpy(answer, fake->page[FAKE_RX_PAGE] + 64 +
	       (fake->rx_seen++ & 255) * 8, 8);
	head(FAKE_RX_PAGE)->rsp_event = fake->rx_seen + 1;
	return true;
}

/* ---- all ---------------------------------------------------------------- */

void fake_begin(void)
{
	/* Many pages, of which few are touched. */
	fake = mmap(NULL, sizeof(*fake), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fake == MAP_FAILED)
		abort();
	memset(fake->grant, 2, sizeof(fake->grant));
	head(FAKE_TX_PAGE)->req_event = head(FAKE_TX_PAGE)->rsp_event = 1;
	head(FAKE_RX_PAGE)->req_event = head(FAKE_RX_PAGE)->rsp_event = 1;
	if (batch_init(&fake->s))
		abort();
}

void fake_start(void)
{
	static const struct queue_nodes nodes = { FAKE_TX_PAGE, FAKE_RX_PAGE,
						  2, 3 };
	struct vif *v;

	fake_begin();
	v = &fake->v;
	fake->carrier = fake->polled = true;
	v->s = &fake->s;
	v->taps = 1;
	v->tap[0] = (struct tap){ .v = v, .polled = true,
		.entry = (struct loop_fd *)(void *)fake };
	v->taste = (struct vnet_taste){ true, true, true, true, true };
	fake->s.vifs = v;
	if (queue_open(&v->queue[0], v, &fake->state.nic[0].queue[0], &nodes,
		       false))
		abort();
	v->queues = 1;
}

void fake_stop(void)
{
	while (fake->v.queues)
		queue_close(&fake->v.queue[--fake->v.queues]);
	free(fake->s.batch->area);
	free(fake->s.batch);
	munmap(fake, sizeof(*fake));
}
