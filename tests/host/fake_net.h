/* SPDX-License-Identifier: MIT */
/*
 * A guest in memory for netback's queues: pages that are granted or not, ports
 * that count, taps that are lists of frames, a clock that the test turns. What
 * is written to a tap is checked as the kernel would have to believe it.
 */
#ifndef FAKE_NET_H
#define FAKE_NET_H

#include "backends/netback/netback.h"
#include <linux/virtio_net.h>

#define FAKE_PAGES	300u
#define FAKE_TX_PAGE	0u		/* refs of the rings */
#define FAKE_RX_PAGE	1u
#define FAKE_FRAMES	64u

struct fake_frame {
	struct virtio_net_hdr h;
	uint32_t len;
	uint8_t data[NET_RX_MAX];
};

struct fake_net {
	uint8_t page[FAKE_PAGES][4096] __attribute__((aligned(4096)));
	uint8_t grant[FAKE_PAGES];	/* 0: none, 1: to read, 2: to write */
	unsigned int notified[4];	/* by port */
	unsigned int unmasked[4];
	int pending[8], pending_count;
	/* What came out of the guest; those beyond the room only count. */
	struct fake_frame out[FAKE_FRAMES];
	unsigned int outs;
	/* What waits in the tap for it. */
	struct fake_frame in[FAKE_FRAMES];
	unsigned int in_first, in_end;
	bool tap_full, polled, carrier;
	unsigned int offloads;
	int mapped, bound, watched;	/* pages, ports, descriptors in use */
	int64_t now;			/* ms */
	unsigned int complaints;
	unsigned int split;		/* copies across a page's end of ours */
	const char *broken;
	/* Called with each copy from the guest, before it is made. */
	void (*on_copy)(void);
	struct service s;
	struct vif v;
	struct state state;
	/* The front end's half. */
	uint32_t tx_prod, tx_seen, rx_prod, rx_seen;
};

extern struct fake_net *fake;

/* The guest's memory alone; and with a connected card with one queue and a front
 * end that has posted nothing (tests/host/fake_vif.c). */
void fake_begin(void);
void fake_start(void);
void fake_stop(void);
/* The next slot; fake_push makes those so far known. Events: whether the back
 * end asked for one. */
void fake_tx(const void *slot);
bool fake_push_tx(void);
void fake_rx(uint16_t id, uint32_t ref);
bool fake_push_rx(void);
/* The next answer; false: there is none yet. */
bool fake_tx_answer(struct netif_tx_response *rsp);
bool fake_rx_answer(void *answer);
/* A frame waits in the tap. */
void fake_arrive(const void *data, uint32_t len,
		 const struct virtio_net_hdr *h);

#endif /* FAKE_NET_H */
