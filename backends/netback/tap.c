/* SPDX-License-Identifier: MIT */
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

int tap_prepare(int fd)
{
	int size = sizeof(struct virtio_net_hdr);
	int flags = fcntl(fd, F_GETFL);
	struct ifreq req;

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) ||
	    ioctl(fd, TUNGETIFF, &req) || ioctl(fd, TUNSETVNETHDRSZ, &size))
		return -1;
	if ((req.ifr_flags & (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)) ==
	    (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
		return 0;
	errno = EINVAL;
	return -1;
}

int tap_set_offloads(int fd, unsigned int flags)
{
	return ioctl(fd, TUNSETOFFLOAD, (unsigned long)flags);
}

int tap_set_carrier(int fd, bool up)
{
	int on = up;

	return ioctl(fd, TUNSETCARRIER, &on);
}

ssize_t tap_read(int fd, struct virtio_net_hdr *h, void *frame, size_t room)
{
	struct iovec iov[2] = { { h, sizeof(*h) }, { frame, room } };
	ssize_t n = readv(fd, iov, 2);

	if (n < 0)
		return -1;
	return n < (ssize_t)sizeof(*h) ? 0 : n - (ssize_t)sizeof(*h);
}

bool tap_write(int fd, const struct virtio_net_hdr *h, const void *frame,
	       size_t len)
{
	struct virtio_net_hdr copy = *h;
	union {
		const void *in;
		void *out;		/* iovec has no const */
	} data = { .in = frame };
	struct iovec iov[2] = { { &copy, sizeof(copy) }, { data.out, len } };

	return writev(fd, iov, 2) >= 0;
}
