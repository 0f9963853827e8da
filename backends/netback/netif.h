/* SPDX-License-Identifier: MIT */
/*
 * What a guest asks of a network card: from private copies of a ring's slots to
 * a packet that is safe to fetch, or to a refusal; and the answers' shapes.
 * Pure functions: no shared memory, no descriptor.
 */
#ifndef NETBACK_NETIF_H
#define NETBACK_NETIF_H

#include <stdbool.h>
#include <stdint.h>
#include <abi/io/netif.h>

#define NET_PIECES	XEN_NETIF_NR_SLOTS_MIN
#define NET_PAGE	4096u
#define NET_HEADER	14u		/* Ethernet's, without a tag */
#define NET_RX_MAX	(65535u + NET_HEADER + 4)	/* an IP packet, tagged */

enum net_tx_kind {
	NET_TX_FRAME,
	NET_TX_MCAST,			/* no frame: a change of the list */
	NET_TX_BAD			/* to be answered with an error */
};

struct net_piece {
	uint32_t ref;
	uint16_t offset, len;		/* within the granted page */
};

struct net_gso {
	uint8_t type;			/* XEN_NETIF_GSO_TYPE_* */
	uint16_t size;			/* bytes of payload in a segment */
};

struct net_tx {
	enum net_tx_kind kind;
	unsigned int slots;		/* of the ring, that it takes */
	unsigned int extras;		/* of these, right after the first */
	unsigned int pieces;
	uint32_t len;
	bool csum_blank;
	struct net_gso gso;
	bool mcast_add;
	uint8_t mcast[6];
	struct net_piece piece[NET_PIECES];
	const char *why;		/* it is bad */
};

/* Reads the packet that begins at slot[0]. How many slots it takes; 0: it goes
 * on beyond count, which no front end leaves so. */
unsigned int netif_parse_tx(const struct netif_tx_request *slot,
			    unsigned int count, struct net_tx *tx);
/* An answer for each of the packet's slots, in 32 bits each. */
void netif_answer_tx(const struct netif_tx_request *slot,
		     const struct net_tx *tx, int16_t status, uint64_t *answer);

/* A frame for the guest. */
struct net_rx {
	uint32_t len;
	bool csum_blank, validated;
	struct net_gso gso;		/* type 0: none */
};

/* How many of the guest's slots it takes. */
unsigned int netif_rx_slots(const struct net_rx *rx);
/* Lays a frame out over so many slots: an answer for each in 64 bits, and where
 * its data goes. Returns how many pieces; piece and answer have room for
 * netif_rx_slots(). */
unsigned int netif_fill_rx(const struct netif_rx_request *slot,
			   const struct net_rx *rx, struct net_piece *piece,
			   uint64_t *answer);
/* The answers when that failed. */
void netif_fail_rx(const uint16_t *id, unsigned int slots, uint64_t *answer);

#endif /* NETBACK_NETIF_H */
