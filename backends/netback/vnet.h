/* SPDX-License-Identifier: MIT */
/*
 * Offloads on their way between a guest's flags and the virtio-net header of a
 * tap. The kernel takes that header at its word, so each offset in it comes
 * from here, found in a private copy of the frame, and never from the guest.
 */
#ifndef NETBACK_VNET_H
#define NETBACK_VNET_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/virtio_net.h>
#include "netif.h"

/* Segments at least so long, as no kernel makes shorter ones (Linux:
 * tcp_min_snd_mss is 48): a packet doesn't become a thousand of them. */
#define VNET_GSO_MIN	48u

/* What a front end can take. */
struct vnet_taste {
	bool sg, csum4, csum6, gso4, gso6;
};

/* Where a frame's headers are, in bytes from its start. */
struct vnet_layers {
	uint16_t l3, l4;
	uint32_t end;			/* of the IP packet */
	uint8_t protocol;
	bool v6;
};

/* False: no whole TCP or UDP header in an unfragmented IP packet. */
bool vnet_find_layers(const uint8_t *frame, uint32_t len,
		      struct vnet_layers *l);
/* From the guest: makes the header, and sets the checksum field to the sum
 * that the kernel goes on from. NULL, or why the frame can't be sent. *len may
 * become less, where bytes follow the IP packet. */
const char *vnet_to_tap(const struct net_tx *tx, uint8_t *frame, uint32_t *len,
			struct virtio_net_hdr *h);
/* To the guest: the flags it gets. Completes the checksum itself where the
 * guest can't. False: the frame can't be given to it. */
bool vnet_from_tap(const struct virtio_net_hdr *h, uint8_t *frame,
		   uint32_t len, const struct vnet_taste *taste,
		   struct net_rx *rx);
/* TUN_F_* for what a front end takes. */
unsigned int vnet_offloads(const struct vnet_taste *taste);

#endif /* NETBACK_VNET_H */
