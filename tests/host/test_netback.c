/* SPDX-License-Identifier: MIT */
/*
 * netback's queues on a guest in memory: what a stock front end does, and what
 * a hostile one may try (NB-01 to NB-07, NB-09).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "fake_net.h"

#define PAGE0	10u		/* the first page of frames' data */

static int start(void **state)
{
	(void)state;
	fake_start();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_stop();
	return 0;
}

static struct ring_head *head(unsigned int page)
{
	return (struct ring_head *)(void *)fake->page[page];
}

static void post(uint16_t id, uint16_t flags, uint32_t ref, uint16_t offset,
		 uint16_t size)
{
	struct netif_tx_request r = { .gref = ref, .offset = offset,
				      .flags = flags, .id = id, .size = size };

	fake_tx(&r);
}

static void round_now(void)
{
	service_round(&fake->s);
}

/* The next answer is this one. */
static void answered(uint16_t id, int16_t status)
{
	struct netif_tx_response rsp;

	assert_true(fake_tx_answer(&rsp));
	assert_int_equal(rsp.status, status);
	if (status != NETIF_RSP_NULL)
		assert_int_equal(rsp.id, id);
}

static void no_answer(void)
{
	struct netif_tx_response rsp;

	assert_false(fake_tx_answer(&rsp));
}

/* ---- from the guest ----------------------------------------------------- */

static void tx_frames(void **state)
{
	unsigned int i;

	(void)state;
	memset(fake->page[PAGE0], 0x11, 4096);
	memset(fake->page[PAGE0 + 1], 0x22, 4096);
	post(5, 0, PAGE0, 96, 60);
	post(6, NETTXF_more_data, PAGE0, 0, 3000);
	post(7, 0, PAGE0 + 1, 10, 2000);
	assert_true(fake_push_tx());
	round_now();
	assert_int_equal(fake->outs, 2);
	assert_int_equal(fake->out[0].len, 60);
	assert_int_equal(fake->out[1].len, 3000);
	for (i = 0; i < 3000; i++)
		assert_int_equal(fake->out[1].data[i], i < 1000 ? 0x11 : 0x22);
	answered(5, NETIF_RSP_OKAY);
	answered(6, NETIF_RSP_OKAY);
	answered(7, NETIF_RSP_OKAY);
	no_answer();
	assert_int_equal(fake->notified[2], 1);
	assert_int_equal(fake->v.count.tx_frames, 2);
	assert_int_equal(fake->v.count.tx_bytes, 3060);
	/* It asks for the next event. */
	post(8, 0, PAGE0, 0, 60);
	assert_true(fake_push_tx());
	fake->tap_full = true;
	round_now();
	answered(8, NETIF_RSP_DROPPED);
	assert_int_equal(fake->v.count.tx_dropped, 1);
}

/* A page of the guest is copied in one piece, whatever comes before it. */
static void tx_whole_pages(void **state)
{
	unsigned int i, n;

	(void)state;
	for (n = 0; n < 3; n++) {
		post(0, 0, PAGE0, 0, 60);
		post(1, NETTXF_more_data, PAGE0, 50, 100 + n + 3 * 4096);
		for (i = 0; i < 3; i++)
			post(2 + i, i < 2 ? NETTXF_more_data : 0, PAGE0 + 1 + i,
			     0, 4096);
	}
	fake_push_tx();
	round_now();
	assert_int_equal(fake->outs, 6);
	assert_int_equal(fake->out[5].len, 102 + 3 * 4096);
	assert_int_equal(fake->split, 0);
}

/* Nor where the data begins within a page, as a stream's does. */
static void tx_from_within_a_page(void **state)
{
	unsigned int i;

	(void)state;
	post(0, 0, PAGE0, 0, 60);
	post(1, NETTXF_more_data, PAGE0, 50, 66 + 3096 + 2 * 4096 + 500);
	post(2, NETTXF_more_data, PAGE0 + 1, 1000, 3096);
	for (i = 0; i < 3; i++) {
		memset(fake->page[PAGE0 + 2 + i], 0x40 + i, 4096);
		post(3 + i, i < 2 ? NETTXF_more_data : 0, PAGE0 + 2 + i, 0,
		     i < 2 ? 4096 : 500);
	}
	fake_push_tx();
	round_now();
	assert_int_equal(fake->outs, 2);
	assert_int_equal(fake->out[1].len, 66 + 3096 + 2 * 4096 + 500);
	for (i = 0; i < 500; i++)
		assert_int_equal(fake->out[1].data[66 + 3096 + 2 * 4096 + i],
				 0x42);
	assert_int_equal(fake->split, 0);
}

/* Several rings' worth, more than a batch at once. */
static void tx_many(void **state)
{
	unsigned int i, n;

	(void)state;
	for (n = 0; n < 10; n++) {
		for (i = 0; i < 256; i++)
			post(i, 0, PAGE0 + i % 50, 0, 1000);
		fake_push_tx();
		round_now();
		for (i = 0; i < 256; i++)
			answered(i, NETIF_RSP_OKAY);
	}
	assert_int_equal(fake->outs, 2560);
	assert_null(fake->broken);
}

/* NB-01 */
static void producer_jumps(void **state)
{
	static const uint32_t jumps[] = { 257, 0x80000000, UINT32_MAX };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		head(FAKE_TX_PAGE)->req_prod = jumps[i];
		round_now();
		assert_non_null(fake->broken);
		assert_int_equal(fake->v.queues, 0);
		assert_int_equal(fake->outs, 0);
		no_answer();
		stop(state);
		start(state);
	}
	head(FAKE_RX_PAGE)->req_prod = 257;
	fake_arrive(fake->page[PAGE0], 60, NULL);
	round_now();
	assert_non_null(fake->broken);
}

/* NB-02: the frames before it go their way. */
static void chain_never_completed(void **state)
{
	(void)state;
	post(1, 0, PAGE0, 0, 60);
	post(2, NETTXF_more_data, PAGE0, 0, 600);
	fake_push_tx();
	round_now();
	assert_int_equal(fake->outs, 1);
	answered(1, NETIF_RSP_OKAY);
	no_answer();
	assert_non_null(fake->broken);
}

/* NB-02, NB-03: a bad one is answered, and what follows is not mistaken. */
static void bad_among_good(void **state)
{
	unsigned int i;

	(void)state;
	post(1, 0, PAGE0, 0, 60);
	post(2, 0, PAGE0, 4090, 60);
	for (i = 3; i < 24; i++)
		post(i, i < 23 ? NETTXF_more_data : 0, PAGE0, 0,
		     i == 3 ? 2000 : 20);
	post(24, NETTXF_extra_info, PAGE0, 0, 60);
	post(0, 0, 0xff, 0, 0);			/* extra info, type 255 */
	post(25, 0, PAGE0, 0, 60);
	fake_push_tx();
	round_now();
	answered(1, NETIF_RSP_OKAY);
	for (i = 2; i < 25; i++)
		answered(i, NETIF_RSP_ERROR);
	answered(0, NETIF_RSP_NULL);
	answered(25, NETIF_RSP_OKAY);
	assert_int_equal(fake->outs, 2);
	assert_int_equal(fake->v.count.tx_errors, 3);
	assert_null(fake->broken);
}

/* NB-06 */
static void bad_grants(void **state)
{
	(void)state;
	fake->grant[PAGE0] = 0;
	fake->grant[PAGE0 + 1] = 1;
	post(1, 0, PAGE0, 0, 60);
	post(2, 0, UINT32_MAX, 0, 60);
	post(3, NETTXF_more_data, PAGE0 + 1, 0, 200);
	post(4, 0, PAGE0, 0, 100);
	post(5, 0, PAGE0 + 1, 0, 60);
	fake_push_tx();
	round_now();
	answered(1, NETIF_RSP_ERROR);
	answered(2, NETIF_RSP_ERROR);
	answered(3, NETIF_RSP_ERROR);
	answered(4, NETIF_RSP_ERROR);
	answered(5, NETIF_RSP_OKAY);
	assert_int_equal(fake->outs, 1);
}

/* NB-09 */
static void rate_limit(void **state)
{
	unsigned int i;

	(void)state;
	rate_init(&fake->v.rate, 5000, UINT32_MAX, 0);
	for (i = 0; i < 10; i++)
		post(i, 0, PAGE0, 0, 1000);
	fake_push_tx();
	round_now();
	assert_int_equal(fake->outs, 5);
	assert_true(fake->v.queue[0].limited);
	round_now();
	assert_int_equal(fake->outs, 5);
	rate_init(&fake->v.rate, 5000, UINT32_MAX, 0);
	vif_on_refill(&fake->v);
	assert_int_equal(fake->outs, 10);
	for (i = 0; i < 10; i++)
		answered(i, NETIF_RSP_OKAY);
}

/* ---- the double fetch (NB-05) ------------------------------------------- */

static volatile bool rewriting;

static void *rewriter(void *arg)
{
	uint32_t *slot = (uint32_t *)(void *)(fake->page[FAKE_TX_PAGE] + 64);
	uint64_t seed = 1;
	unsigned int i;

	(void)arg;
	while (rewriting) {
		for (i = 0; i < 256 * 3; i++) {
			seed = seed * 6364136223846793005ull + 1;
			__atomic_store_n(&slot[i], (uint32_t)(seed >> 33),
					 __ATOMIC_RELAXED);
		}
		for (i = 0; i < 60; i++)
			fake->page[PAGE0][i] = seed >> (i & 31);
	}
	return NULL;
}

/* The guest writes all slots and a frame's headers at any moment. What reaches
 * the tap is consistent (checked there), and as many answers come. */
static void slots_rewritten(void **state)
{
	struct netif_tx_response rsp;
	unsigned int n, i, answers = 0;
	pthread_t thread;

	(void)state;
	rewriting = true;
	assert_int_equal(pthread_create(&thread, NULL, rewriter, NULL), 0);
	for (n = 0; n < 3000; n++) {
		for (i = 0; i < 200; i++)
			post(i, NETTXF_csum_blank, PAGE0, 0, 60);
		fake_push_tx();
		round_now();
		while (fake_tx_answer(&rsp))
			answers++;
		if (!fake->broken)
			continue;
		/* A chain that was made endless. */
		head(FAKE_TX_PAGE)->rsp_prod = head(FAKE_TX_PAGE)->req_prod;
		fake->tx_seen = fake->tx_prod;
		fake->broken = NULL;
		assert_int_equal(queue_open(&fake->v.queue[0], &fake->v,
			&fake->state.nic[0].queue[0],
			&(struct queue_nodes){ FAKE_TX_PAGE, FAKE_RX_PAGE, 2,
					       3 }, false), 0);
		fake->v.queues = 1;
	}
	rewriting = false;
	pthread_join(thread, NULL);
	assert_true(answers > 0);
}

static void change_headers(void)
{
	/* An IPv4 header whose length is beyond the frame, just before the
	 * copy: what is checked is the copy. */
	memset(fake->page[PAGE0] + 14, 0x4f, 40);
}

static void headers_rewritten(void **state)
{
	(void)state;
	memset(fake->page[PAGE0], 0, 64);
	fake->on_copy = change_headers;
	post(1, NETTXF_csum_blank, PAGE0, 0, 60);
	fake_push_tx();
	round_now();
	answered(1, NETIF_RSP_ERROR);
	assert_int_equal(fake->outs, 0);
}

/* ---- to the guest ------------------------------------------------------- */

union answer {
	struct netif_rx_response rsp;
	struct netif_extra_info extra;
};

static uint8_t big[NET_RX_MAX];

static void rx_frames(void **state)
{
	struct virtio_net_hdr h = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 1448,
		.csum_start = 34, .csum_offset = 16 };
	union answer a;
	unsigned int i;

	(void)state;
	for (i = 0; i < 10; i++)
		fake_rx(i, PAGE0 + i);
	fake_push_rx();
	for (i = 0; i < sizeof(big); i++)
		big[i] = i * 5 + (i >> 8);
	big[12] = 8;			/* IPv4, TCP */
	big[13] = 0;
	big[14] = 0x45;
	big[16] = (9000 - 14) >> 8;
	big[17] = (9000 - 14) & 255;
	big[20] = big[21] = 0;
	big[23] = 6;
	fake_arrive(big, 100, NULL);
	fake_arrive(big, 9000, &h);
	round_now();
	assert_true(fake_rx_answer(&a));
	assert_int_equal(a.rsp.id, 0);
	assert_int_equal(a.rsp.status, 100);
	assert_int_equal(a.rsp.flags, 0);
	assert_memory_equal(fake->page[PAGE0], big, 100);
	assert_true(fake_rx_answer(&a));
	assert_int_equal(a.rsp.flags, NETRXF_more_data | NETRXF_extra_info |
			 NETRXF_csum_blank | NETRXF_data_validated);
	assert_memory_equal(fake->page[PAGE0 + 1], big, 4096);
	assert_true(fake_rx_answer(&a));
	assert_int_equal(a.extra.u.gso.size, 1448);
	assert_true(fake_rx_answer(&a));
	assert_memory_equal(fake->page[PAGE0 + 3], big + 4096, 4096);
	assert_true(fake_rx_answer(&a));
	assert_int_equal(a.rsp.status, 9000 - 8192);
	assert_int_equal(a.rsp.flags, 0);
	assert_memory_equal(fake->page[PAGE0 + 4], big + 8192, 9000 - 8192);
	assert_false(fake_rx_answer(&a));
	assert_int_equal(fake->notified[3], 1);
	assert_int_equal(fake->v.count.rx_frames, 2);
	assert_int_equal(fake->v.count.rx_bytes, 9100);
	/* Where one was large, the next one is put so that its pages are whole. */
	fake->split = 0;
	for (i = 0; i < 3; i++)
		fake_rx(10 + i, PAGE0 + i);
	fake_push_rx();
	fake_arrive(big, 9000, &h);
	fake_arrive(big, 9000, &h);
	round_now();
	assert_int_equal(fake->v.count.rx_frames, 4);
	assert_int_equal(fake->split, 0);
	/* In the slots that were left. */
	assert_memory_equal(fake->page[PAGE0 + 5], big, 4096);
	assert_memory_equal(fake->page[PAGE0 + 7], big + 4096, 4096);
}

/* NB-06 */
static void rx_bad_grants(void **state)
{
	union answer a;
	unsigned int i;

	(void)state;
	fake->grant[PAGE0] = 1;
	fake->grant[PAGE0 + 2] = 0;
	for (i = 0; i < 4; i++)
		fake_rx(i, PAGE0 + i);
	fake_push_rx();
	fake_arrive(big, 100, NULL);
	fake_arrive(big, 5000, NULL);
	fake_arrive(big, 200, NULL);
	round_now();
	for (i = 0; i < 3; i++) {
		assert_true(fake_rx_answer(&a));
		assert_int_equal(a.rsp.id, i);
		assert_int_equal(a.rsp.status, NETIF_RSP_ERROR);
		assert_int_equal(a.rsp.flags, 0);
	}
	assert_true(fake_rx_answer(&a));
	assert_int_equal(a.rsp.status, 200);
	assert_int_equal(fake->v.count.rx_errors, 2);
	assert_null(fake->broken);
}

/* NB-07 */
static void rx_starved(void **state)
{
	union answer a;
	unsigned int i;

	(void)state;
	for (i = 0; i < 30; i++)
		fake_arrive(big, 9000, NULL);
	for (i = 0; i < 10; i++) {
		round_now();
		service_on_tick(&fake->s);
	}
	/* One is held, the others wait in the tap, which nobody polls. */
	assert_int_equal(fake->in_first, 1);
	assert_false(fake->polled);
	/* Room is made slot by slot; the event comes with the third. */
	fake_rx(0, PAGE0);
	assert_false(fake_push_rx());
	fake_rx(1, PAGE0 + 1);
	assert_false(fake_push_rx());
	fake_rx(2, PAGE0 + 2);
	assert_true(fake_push_rx());
	round_now();
	for (i = 0; i < 3; i++)
		assert_true(fake_rx_answer(&a));
	assert_false(fake_rx_answer(&a));
	assert_int_equal(fake->in_first, 2);
	/* Ten seconds of nothing. */
	fake->now += 10000;
	service_on_tick(&fake->s);
	assert_false(fake->carrier);
	assert_int_equal(fake->in_first, fake->in_end);
	assert_int_equal(fake->v.count.rx_dropped, 28);
	fake_arrive(big, 60, NULL);
	service_on_tick(&fake->s);
	assert_int_equal(fake->in_first, fake->in_end);
	/* It comes back. */
	for (i = 0; i < 10; i++)
		fake_rx(i, PAGE0 + i);
	assert_true(fake_push_rx());
	round_now();
	assert_true(fake->carrier);
	assert_true(fake->polled);
	assert_true(fake_rx_answer(&a));
	assert_int_equal(a.rsp.status, 4096);
}

static void rx_groups(void **state)
{
	static const uint8_t group[6] = { 1, 0, 0x5e, 0, 0, 1 };
	union answer a;
	unsigned int i;

	(void)state;
	fake->v.mcast.chosen = true;
	for (i = 0; i < 4; i++)
		fake_rx(i, PAGE0 + i);
	fake_push_rx();
	memcpy(big, group, 6);
	fake_arrive(big, 60, NULL);
	round_now();
	assert_false(fake_rx_answer(&a));
	mcast_add(&fake->v.mcast, group);
	fake_arrive(big, 60, NULL);
	round_now();
	assert_true(fake_rx_answer(&a));
}

/* ---- events ------------------------------------------------------------- */

/* A guest that only cries wolf waits longer and longer for the next event. */
static void idle_kicks(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		fake->pending[fake->pending_count++] = 2;
		service_on_ports(&fake->s, EPOLLIN);
	}
	assert_int_equal(fake->unmasked[2], IDLE_KICKS);
	/* Work that came meanwhile is seen with the pause's end. */
	post(1, 0, PAGE0, 0, 60);
	fake_push_tx();
	service_on_slow(&fake->s);
	answered(1, NETIF_RSP_OKAY);
	assert_int_equal(fake->unmasked[2], IDLE_KICKS + 1);
	fake->pending[fake->pending_count++] = 2;
	service_on_ports(&fake->s, EPOLLIN);
	assert_int_equal(fake->unmasked[2], IDLE_KICKS + 2);
}

/* ---- a successor -------------------------------------------------------- */

static void goes_on(void **state)
{
	static const struct queue_nodes nodes = { FAKE_TX_PAGE, FAKE_RX_PAGE,
						  2, 3 };
	struct queue *q = &fake->v.queue[0];
	unsigned int i;

	(void)state;
	for (i = 0; i < 100; i++)
		post(i, 0, PAGE0, 0, 60);
	fake_push_tx();
	round_now();
	for (i = 100; i < 150; i++)
		post(i, 0, PAGE0, 0, 60);
	/* Dead without a word: only rings and state are left. */
	queue_close(q);
	assert_int_equal(queue_open(q, &fake->v, &fake->state.nic[0].queue[0],
				    &nodes, true), 0);
	fake_push_tx();
	round_now();
	assert_int_equal(fake->outs, 150);
	for (i = 0; i < 150; i++)
		answered(i, NETIF_RSP_OKAY);
	no_answer();
}

static void grants_gone(void **state)
{
	static const struct queue_nodes nodes = { FAKE_TX_PAGE, 299, 2, 3 };
	static const struct queue_nodes port = { FAKE_TX_PAGE, FAKE_RX_PAGE, 2,
						 77 };
	struct queue *q = &fake->v.queue[0];

	(void)state;
	fake->grant[299] = 1;
	queue_close(q);
	assert_int_equal(queue_open(q, &fake->v, &fake->state.nic[0].queue[0],
				    &nodes, false), -1);
	assert_int_equal(queue_open(q, &fake->v, &fake->state.nic[0].queue[0],
				    &port, false), -1);
	assert_null(q->tx.shared);
	assert_null(q->held);
	fake->v.queues = 0;
}

#define T(name)	cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(tx_frames), T(tx_whole_pages), T(tx_from_within_a_page), T(tx_many),
		T(producer_jumps),
		T(chain_never_completed), T(bad_among_good), T(bad_grants),
		T(rate_limit), T(slots_rewritten),
		T(headers_rewritten), T(rx_frames), T(rx_bad_grants),
		T(rx_starved), T(rx_groups), T(idle_kicks), T(goes_on),
		T(grants_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
