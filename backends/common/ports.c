/* SPDX-License-Identifier: MIT */
#include "ports.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>
#include <xenevtchn.h>

#define BATCH	32u

struct ports {
	xenevtchn_handle *handle;
	uint32_t domid;
	evtchn_port_t pending[BATCH];	/* read, and not yet told */
	unsigned int next, count;
};

struct ports *ports_open(uint32_t domid)
{
	struct ports *p = calloc(1, sizeof(*p));
	int fd;

	if (!p)
		return NULL;
	p->domid = domid;
	p->handle = xenevtchn_open(NULL, 0);
	if (!p->handle)
		goto out_free;
	fd = xenevtchn_fd(p->handle);
	if (xenevtchn_restrict(p->handle, domid) ||
	    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK))
		goto out_close;
	return p;

out_close:
	xenevtchn_close(p->handle);
out_free:
	free(p);
	return NULL;
}

void ports_close(struct ports *p)
{
	xenevtchn_close(p->handle);
	free(p);
}

int ports_fd(const struct ports *p)
{
	return xenevtchn_fd(p->handle);
}

int ports_bind(struct ports *p, uint32_t remote)
{
	return xenevtchn_bind_interdomain(p->handle, p->domid, remote);
}

void ports_unbind(struct ports *p, uint32_t port)
{
	xenevtchn_unbind(p->handle, port);
}

void ports_notify(struct ports *p, uint32_t port)
{
	xenevtchn_notify(p->handle, port);
}

/* The library reads one port a call, and needs another call to learn that it was
 * the last; what the device gives less than it was asked for is all there is. */
int ports_next(struct ports *p)
{
	bool all = p->count && p->count < BATCH;
	ssize_t n;

	if (p->next == p->count) {
		p->next = p->count = 0;
		if (all)
			return -1;
		n = read(xenevtchn_fd(p->handle), p->pending,
			 sizeof(p->pending));
		if (n <= 0)
			return -1;
		p->count = n / sizeof(p->pending[0]);
	}
	return p->pending[p->next++];
}

void ports_unmask(struct ports *p, uint32_t port)
{
	xenevtchn_unmask(p->handle, port);
}
