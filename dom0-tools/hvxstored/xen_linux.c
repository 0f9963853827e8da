/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor through dom0's device nodes, by Debian's libraries. Their
 * headers bring Xen's own structures, so this file includes none of the ABI
 * that defines the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>
#include <xen/xen.h>
#include <xen/grant_table.h>
#include "xen.h"

#define EVENTS	128			/* taken at once */

static xenevtchn_handle *ports;
static xengnttab_handle *grants;
static xenforeignmemory_handle *foreign;
static struct loop_fd *watcher;
static int virq = -1;
static xen_event_fn *event_fn;
static void *event_arg;

/* A port is masked until it is answered: one event a round from each. */
static void on_events(void *arg, uint32_t events)
{
	int n, port;

	(void)arg;
	(void)events;
	for (n = 0; n < EVENTS; n++) {
		port = xenevtchn_pending(ports);
		if (port < 0)
			return;
		xenevtchn_unmask(ports, port);
		event_fn(event_arg, port == virq ? -1 : port);
	}
}

int xen_open(struct loop *l, xen_event_fn *fn, void *arg, const char **what)
{
	int fd;

	event_fn = fn;
	event_arg = arg;
	*what = "/dev/xen/evtchn";
	ports = xenevtchn_open(NULL, 0);
	if (!ports)
		return -1;
	*what = "VIRQ_DOM_EXC";
	virq = xenevtchn_bind_virq(ports, VIRQ_DOM_EXC);
	if (virq < 0)
		return -1;
	*what = "/dev/xen/gntdev";
	grants = xengnttab_open(NULL, 0);
	if (!grants)
		return -1;
	*what = "/dev/xen/privcmd";
	foreign = xenforeignmemory_open(NULL, 0);
	if (!foreign)
		return -1;
	*what = "the event loop";
	fd = xenevtchn_fd(ports);
	if (fcntl(fd, F_SETFL, O_NONBLOCK))
		return -1;
	watcher = loop_add_fd(l, fd, EPOLLIN, on_events, NULL);
	return watcher ? 0 : -1;
}

void xen_close(void)
{
	loop_del_fd(watcher);
	if (foreign)
		xenforeignmemory_close(foreign);
	if (grants)
		xengnttab_close(grants);
	if (ports)
		xenevtchn_close(ports);
	foreign = NULL;
	grants = NULL;
	ports = NULL;
}

bool xen_is_there(void)
{
	return ports;
}

static void *map(unsigned int domid, uint64_t gfn, bool *granted)
{
	xen_pfn_t frame = gfn;
	void *p;

	p = xengnttab_map_grant_ref(grants, domid, GNTTAB_RESERVED_XENSTORE,
				    PROT_READ | PROT_WRITE);
	*granted = p;
	if (!p)
		p = xenforeignmemory_map(foreign, domid,
					 PROT_READ | PROT_WRITE, 1, &frame,
					 NULL);
	return p;
}

static void unmap(struct ring_link *link)
{
	if (!link->page)
		return;
	if (link->granted)
		xengnttab_unmap(grants, link->page, 1);
	else
		xenforeignmemory_unmap(foreign, link->page, 1);
	link->page = NULL;
}

int xen_attach(unsigned int domid, uint64_t gfn, unsigned int remote_port,
	       struct ring_link *link)
{
	int rc;

	link->port = -1;
	link->page = map(domid, gfn, &link->granted);
	if (!link->page)
		return errno;
	link->port = xenevtchn_bind_interdomain(ports, domid, remote_port);
	if (link->port >= 0)
		return 0;
	rc = errno;
	unmap(link);
	return rc;
}

/* The kernel tells its port in a file, and shows its page as another. */
int xen_attach_dom0(struct ring_link *link)
{
	unsigned int remote;
	FILE *f = fopen("/proc/xen/xsd_port", "re");
	int fd, n;

	*link = (struct ring_link){ .port = -1 };
	if (!f)
		return errno;
	n = fscanf(f, "%u", &remote);
	fclose(f);
	if (n != 1)
		return EIO;
	fd = open("/proc/xen/xsd_kva", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno;
	link->page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			  0);
	close(fd);
	if (link->page == MAP_FAILED) {
		link->page = NULL;
		return errno;
	}
	link->port = xenevtchn_bind_interdomain(ports, 0, remote);
	return link->port < 0 ? errno : 0;
}

int xen_rebind(unsigned int domid, unsigned int remote_port,
	       struct ring_link *link)
{
	int port = xenevtchn_bind_interdomain(ports, domid, remote_port);

	if (port < 0)
		return -1;
	if (link->port >= 0)
		xenevtchn_unbind(ports, link->port);
	link->port = port;
	return 0;
}

void xen_detach(struct ring_link *link)
{
	if (link->port >= 0)
		xenevtchn_unbind(ports, link->port);
	link->port = -1;
	unmap(link);
}

void xen_notify(const struct ring_link *link)
{
	if (link->port >= 0)
		xenevtchn_notify(ports, link->port);
}
