/* SPDX-License-Identifier: MIT */
/*
 * Many frames to a tap by one call of the kernel (io_uring); where the kernel
 * lends no ring, one after the other.
 *
 * Only this way: a read that finds nothing would not come back but wait (a tap
 * of Linux 6.1 takes no RWF_NOWAIT, and io_uring no O_NONBLOCK for an answer).
 */
#ifndef NETBACK_MANY_H
#define NETBACK_MANY_H

#include <stdint.h>
#include <linux/virtio_net.h>

#define MANY_MAX	64u

struct many;

/* Before rights are given up. NULL: no memory. */
struct many *many_open(void);
void many_close(struct many *m);

struct many_frame {
	struct virtio_net_hdr h;
	uint8_t *at;
	uint32_t len;
	int32_t took;			/* bytes; negative: it was refused */
};

/* In that order; all is over when it returns. count: MANY_MAX at most. */
void many_write(struct many *m, int fd, struct many_frame *f,
		unsigned int count);

#endif /* NETBACK_MANY_H */
