/* SPDX-License-Identifier: MIT */
/*
 * netback's rings under a hostile guest: bytes become what it does to its
 * rings, its pages and its grants, what arrives for it, and deaths of netback.
 * The tap (tests/host/fake_net.c) aborts on a header that the kernel must not be
 * shown; after each step:
 *
 *   - as many slots are answered as were taken;
 *   - what is held fits a packet's slots, and the list of groups its limit.
 *
 * Operations: a byte for what, then its arguments; bytes that run out are 0.
 */
#include <stdlib.h>
#include <string.h>
#include "../../host/fake_net.h"

static const uint8_t *input;
static size_t left;

static uint8_t byte(void)
{
	if (!left)
		return 0;
	left--;
	return *input++;
}

static uint16_t word(void)
{
	uint16_t low = byte();

	return low | byte() << 8;
}

static struct ring_head *head(unsigned int page)
{
	return (struct ring_head *)(void *)fake->page[page];
}

/* ---- what a guest does -------------------------------------------------- */

static void post_tx(void)
{
	struct netif_tx_request r = {
		.gref = byte() % FAKE_PAGES, .offset = word(),
		.flags = byte(), .id = byte(), .size = word() };

	fake_tx(&r);
}

static void post_extra(void)
{
	uint8_t slot[12] = { 0 };
	unsigned int i;

	for (i = 0; i < 8; i++)
		slot[i] = byte();
	fake_tx(slot);
}

static void post_rx(void)
{
	unsigned int i, n = byte() & 31;

	for (i = 0; i < n; i++)
		fake_rx(i, 2 + byte());
}

static void poke(void)
{
	unsigned int page = byte(), offset = word() & 4095, n = byte() & 63;

	while (n-- && offset < 4096)
		fake->page[page % FAKE_PAGES][offset++] = byte();
}

static void arrive(void)
{
	static uint8_t data[NET_RX_MAX];
	struct virtio_net_hdr h = {
		.flags = byte() & 3, .gso_type = byte() & 7,
		.hdr_len = word(), .gso_size = word(), .csum_start = word(),
		.csum_offset = byte() };
	uint32_t len = word() + byte() % 20;
	unsigned int i, n = byte() & 63;

	if (fake->in_end - fake->in_first == FAKE_FRAMES)
		return;
	for (i = 0; i < n; i++)
		data[i] = byte();
	fake_arrive(data, len > NET_RX_MAX ? NET_RX_MAX : len, &h);
}

/* ---- what happens to netback -------------------------------------------- */

static void reopen(bool resume)
{
	static const struct queue_nodes nodes = { FAKE_TX_PAGE, FAKE_RX_PAGE,
						  2, 3 };
	struct queue *q = &fake->v.queue[0];

	if (fake->v.queues)
		queue_close(q);
	fake->v.queues = 0;
	fake->broken = NULL;
	if (!queue_open(q, &fake->v, &fake->state.nic[0].queue[0], &nodes,
			resume))
		fake->v.queues = 1;
}

static void taste(void)
{
	uint8_t b = byte();

	fake->v.taste = (struct vnet_taste){ b & 1, b & 2, b & 4, b & 8,
					     b & 16 };
	fake->v.mcast.chosen = b & 32;
	rate_init(&fake->v.rate, b & 64 ? 3000 : 0, 1, 0);
}

/* The state as a dead process may have left it, or one in the guest's hands. */
static void spoil(void)
{
	struct state_queue *st = &fake->state.nic[0].queue[0];
	uint64_t span = (uint64_t)byte() << 32 | byte();

	if (byte() & 1)
		st->tx.span = span;
	else
		st->rx.span = span;
}

static void check(void)
{
	struct queue *q = &fake->v.queue[0];

	if (!fake->v.queues)
		return;
	if (q->tx.req_cons != q->tx.rsp_prod ||
	    q->rx.req_cons != q->rx.rsp_prod)
		abort();
	if (q->holding && netif_rx_slots(&q->held_rx) > NET_PIECES + 1)
		abort();
	if (fake->v.mcast.count > MCAST_MAX)
		abort();
}

static void step(void)
{
	switch (byte() & 15) {
	case 0: case 1: post_tx(); break;
	case 2: post_extra(); break;
	case 3: post_rx(); break;
	case 4: fake_push_tx(); break;
	case 5: fake_push_rx(); break;
	case 6: head(byte() & 1)->req_prod += (int8_t)byte(); break;
	case 7: head(byte() & 1)->rsp_prod += (int8_t)byte(); break;
	case 8: poke(); break;
	case 9: fake->grant[2 + byte()] = byte() % 3; break;
	case 10: arrive(); break;
	case 11: reopen(byte() & 1); break;
	case 12: taste(); break;
	case 13: spoil(); break;
	case 14:
		fake->now += byte() * 100;
		service_on_tick(&fake->s);
		vif_on_refill(&fake->v);
		break;
	case 15: service_round(&fake->s); break;
	}
	check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = data;
	left = size;
	fake_start();
	while (left)
		step();
	service_round(&fake->s);
	check();
	fake_stop();
	return 0;
}
