/* SPDX-License-Identifier: MIT */
/*
 * Requests and responses of a paravirtual network card; tx and rx are named
 * from the guest's side. A packet may take several slots, and a slot may be a
 * netif_extra_info instead.
 */
#ifndef ABI_IO_NETIF_H
#define ABI_IO_NETIF_H

#include <abi/grant_table.h>
#include <abi/io/ring.h>

/* Slots that every back end takes for one packet. */
#define XEN_NETIF_NR_SLOTS_MIN		18
#define XEN_NETIF_MAX_TX_SIZE		0xffff

struct netif_tx_request {
	grant_ref_t gref;
	uint16_t offset;
	uint16_t flags;			/* NETTXF_* */
	uint16_t id;
	uint16_t size;			/* first slot: of the whole packet */
};

#define NETTXF_csum_blank		(1U << 0)
#define NETTXF_data_validated		(1U << 1)
#define NETTXF_more_data		(1U << 2)
#define NETTXF_extra_info		(1U << 3)

struct netif_extra_info {
	uint8_t type;			/* XEN_NETIF_EXTRA_TYPE_* */
	uint8_t flags;			/* XEN_NETIF_EXTRA_FLAG_MORE */
	union {
		struct {
			uint16_t size;
			uint8_t type;	/* XEN_NETIF_GSO_TYPE_* */
			uint8_t pad;
			uint16_t features;
		} gso;
		struct {
			uint8_t addr[6];
		} mcast;
		struct {
			uint8_t type;
			uint8_t algorithm;
			uint8_t value[4];
		} hash;
		uint16_t pad[3];
	} u;
};

#define XEN_NETIF_EXTRA_TYPE_NONE	0
#define XEN_NETIF_EXTRA_TYPE_GSO	1
#define XEN_NETIF_EXTRA_TYPE_MCAST_ADD	2
#define XEN_NETIF_EXTRA_TYPE_MCAST_DEL	3
#define XEN_NETIF_EXTRA_TYPE_HASH	4
#define XEN_NETIF_EXTRA_TYPE_MAX	5
#define XEN_NETIF_EXTRA_FLAG_MORE	(1U << 0)
#define XEN_NETIF_GSO_TYPE_NONE		0
#define XEN_NETIF_GSO_TYPE_TCPV4	1
#define XEN_NETIF_GSO_TYPE_TCPV6	2

struct netif_tx_response {
	uint16_t id;
	int16_t status;			/* NETIF_RSP_* */
};

struct netif_rx_request {
	uint16_t id;
	uint16_t pad;
	grant_ref_t gref;
};

struct netif_rx_response {
	uint16_t id;
	uint16_t offset;
	uint16_t flags;			/* NETRXF_* */
	int16_t status;			/* bytes, or NETIF_RSP_* */
};

#define NETRXF_data_validated		(1U << 0)
#define NETRXF_csum_blank		(1U << 1)
#define NETRXF_more_data		(1U << 2)
#define NETRXF_extra_info		(1U << 3)
#define NETRXF_gso_prefix		(1U << 4)

#define NETIF_RSP_DROPPED		(-2)
#define NETIF_RSP_ERROR			(-1)
#define NETIF_RSP_OKAY			0
#define NETIF_RSP_NULL			1

DEFINE_RING_TYPES(netif_tx, struct netif_tx_request, struct netif_tx_response);
DEFINE_RING_TYPES(netif_rx, struct netif_rx_request, struct netif_rx_response);

#endif /* ABI_IO_NETIF_H */
