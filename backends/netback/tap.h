/* SPDX-License-Identifier: MIT */
/*
 * A tap's queue: a descriptor of /dev/net/tun that the parent has tied to the
 * device (IFF_TAP, IFF_NO_PI, IFF_VNET_HDR). A frame has a virtio-net header
 * before it, at a place of its own so that the frame is aligned.
 */
#ifndef NETBACK_TAP_H
#define NETBACK_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <linux/virtio_net.h>

/* Makes the descriptor ready. 0, or -1 and errno: it is no such tap. */
int tap_prepare(int fd);
/* What the guest takes from now on (TUN_F_*). 0, or -1 and errno. */
int tap_set_offloads(int fd, unsigned int flags);
/* The link as dom0 sees it; of all queues of the tap. */
int tap_set_carrier(int fd, bool up);

/* Bytes of the frame; -1: none is there (EAGAIN), or errno. */
ssize_t tap_read(int fd, struct virtio_net_hdr *h, void *frame, size_t room);
/* False: the kernel didn't take it. */
bool tap_write(int fd, const struct virtio_net_hdr *h, const void *frame,
	       size_t len);

#endif /* NETBACK_TAP_H */
