/* SPDX-License-Identifier: MIT */
/* Taps: made by an ioctl, as netlink can't; the rest by netlink. */
#include "private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEVICE	"/dev/net/tun"

/* One queue. The descriptor, or -1 and errno. */
static int open_queue(const char *name, bool several)
{
	struct ifreq req = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR |
			     (several ? IFF_MULTI_QUEUE : 0) };
	int error, fd = open(DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -1;
	strncpy(req.ifr_name, name, sizeof(req.ifr_name) - 1);
	if (!ioctl(fd, TUNSETIFF, &req) && !ioctl(fd, TUNSETPERSIST, 1ul))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static int refused(const char *name, char *why)
{
	switch (errno) {
	case ENOENT:
	case ENODEV:
		return bridge_fail(why, errno, "tap %s: there is no " DEVICE
				   "; is the module tun loaded?", name);
	case EBUSY:
		return bridge_fail(why, EBUSY, "tap %s is open elsewhere, "
				   "perhaps in another netback", name);
	case EINVAL:
		return bridge_fail(why, EINVAL, "tap %s: a link of that name "
				   "is there, and is another kind of it",
				   name);
	default:
		return bridge_fail(why, errno, "tap %s is refused: %s", name,
				   strerror(errno));
	}
}

int tap_open(struct bridges *b, const char *name, unsigned int queues,
	     int fd[BRIDGE_QUEUES], char *why)
{
	unsigned int i;
	int error;

	(void)b;
	if (!queues || queues > BRIDGE_QUEUES || strlen(name) >= BRIDGE_NAME)
		return bridge_fail(why, EINVAL, "tap %s: 1 to %u queues, and "
				   "a name of less than %d bytes", name,
				   BRIDGE_QUEUES, BRIDGE_NAME);
	for (i = 0; i < queues; i++) {
		fd[i] = open_queue(name, queues > 1);
		if (fd[i] >= 0)
			continue;
		error = errno;
		while (i)
			close(fd[--i]);
		errno = error;
		return refused(name, why);
	}
	return 0;
}

int tap_delete(struct bridges *b, const char *name, char *why)
{
	struct rtnl_link *link = link_find(b, name);
	const char *type = link ? rtnl_link_get_type(link) : NULL;
	int rc = 0;

	if (!link)
		return 0;
	/* A guest's configuration may name any link. */
	if (type && !strcmp(type, "tun"))
		rc = rtnl_link_delete(b->sock, link);
	rtnl_link_put(link);
	return rc ? bridge_fail_nl(why, rc, "tap %s can't be deleted", name) :
		0;
}

/* ---- what a crash left -------------------------------------------------- */

#define SWEEP_MAX	256u

struct sweep {
	bool (*keep)(void *arg, uint32_t domid, uint32_t device);
	void *arg;
	unsigned int count;
	char name[SWEEP_MAX][BRIDGE_NAME];
};

static void consider(void *arg, struct rtnl_link *link)
{
	const char *name = rtnl_link_get_name(link);
	struct sweep *s = arg;
	uint32_t domid, device;
	char extra;

	if (sscanf(name, "vif%u.%u%c", &domid, &device, &extra) != 2 ||
	    s->count == SWEEP_MAX || s->keep(s->arg, domid, device))
		return;
	snprintf(s->name[s->count++], BRIDGE_NAME, "%s", name);
}

int tap_sweep(struct bridges *b,
	      bool (*keep)(void *arg, uint32_t domid, uint32_t device),
	      void *arg, char *why)
{
	struct sweep s = { .keep = keep, .arg = arg };
	unsigned int i;
	int rc = links_each(b, "tun", consider, &s);

	if (rc)
		return bridge_fail_nl(why, rc, "links can't be listed");
	for (i = 0; i < s.count; i++)
		if (tap_delete(b, s.name[i], why))
			return -1;
	return s.count;
}
