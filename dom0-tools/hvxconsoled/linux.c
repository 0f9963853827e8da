/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor by Debian's libraries. Their headers bring Xen's own, so this
 * file alone includes them; which domains there are comes from libhvctl, in
 * list.c.
 */
#include "hyper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>

struct hyper {
	xenevtchn_handle *evtchn;
	xengnttab_handle *gnttab;
	xenforeignmemory_handle *foreign;
};

void hyper_close(struct hyper *h)
{
	if (h->evtchn)
		xenevtchn_close(h->evtchn);
	if (h->gnttab)
		xengnttab_close(h->gnttab);
	if (h->foreign)
		xenforeignmemory_close(h->foreign);
	free(h);
}

struct hyper *hyper_open(const char **what)
{
	struct hyper *h = calloc(1, sizeof(*h));
	int fd;

	*what = "memory";
	if (!h)
		return NULL;
	*what = "/dev/xen/evtchn";
	h->evtchn = xenevtchn_open(NULL, 0);
	if (!h->evtchn)
		goto out_close;
	/* Asked when it says that a port is pending, and once too often. */
	fd = xenevtchn_fd(h->evtchn);
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK))
		goto out_close;
	*what = "/dev/xen/privcmd";
	h->foreign = xenforeignmemory_open(NULL, 0);
	if (!h->foreign)
		goto out_close;
	/* Without grants there is still the other way. */
	h->gnttab = xengnttab_open(NULL, 0);
	return h;

out_close:
	hyper_close(h);
	return NULL;
}

int hyper_fd(struct hyper *h)
{
	return xenevtchn_fd(h->evtchn);
}

int hyper_pending(struct hyper *h)
{
	return xenevtchn_pending(h->evtchn);
}

void hyper_unmask(struct hyper *h, int port)
{
	xenevtchn_unmask(h->evtchn, port);
}

void hyper_notify(struct hyper *h, int port)
{
	xenevtchn_notify(h->evtchn, port);
}

int hyper_bind(struct hyper *h, uint32_t domid, uint32_t remote)
{
	return xenevtchn_bind_interdomain(h->evtchn, domid, remote);
}

void hyper_unbind(struct hyper *h, int port)
{
	xenevtchn_unbind(h->evtchn, port);
}

void *hyper_map_console(struct hyper *h, uint32_t domid, unsigned long mfn,
			bool *granted)
{
	xen_pfn_t frame = mfn;
	void *page = NULL;

	if (h->gnttab)
		page = xengnttab_map_grant_ref(h->gnttab, domid,
					       GNTTAB_RESERVED_CONSOLE,
					       PROT_READ | PROT_WRITE);
	*granted = page;
	if (!page)
		page = xenforeignmemory_map(h->foreign, domid,
					    PROT_READ | PROT_WRITE, 1, &frame,
					    NULL);
	return page;
}

void hyper_unmap_console(struct hyper *h, void *page, bool granted)
{
	if (granted)
		xengnttab_unmap(h->gnttab, page, 1);
	else
		xenforeignmemory_unmap(h->foreign, page, 1);
}
