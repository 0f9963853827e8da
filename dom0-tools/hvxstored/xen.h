/* SPDX-License-Identifier: MIT */
/*
 * What the store needs of the hypervisor. xen_linux.c has it by dom0's device
 * nodes, with Xen's headers, which define what our ABI's would define again: so
 * none of these here. Tests have their own.
 */
#ifndef HVXSTORED_XEN_H
#define HVXSTORED_XEN_H

#include <stdbool.h>
#include <stdint.h>
#include <common/loop.h>

struct xenstore_domain_interface;	/* abi/io/xs_wire.h */

struct ring_link {
	struct xenstore_domain_interface *page;
	bool granted;			/* how it was mapped */
	int port;			/* our end; -1: none */
};

/* port: one of ours has an event; -1: some domain stopped or died. */
typedef void xen_event_fn(void *arg, int port);

/* -1 and errno, with *what naming the thing that is missing. */
int xen_open(struct loop *l, xen_event_fn *fn, void *arg, const char **what);
void xen_close(void);
/* Whether there is a hypervisor at all; without it there are no rings. */
bool xen_is_there(void);

/* The page by its reserved grant, or else by frame number, and the port. 0 or
 * an errno; nothing is left on failure. */
int xen_attach(unsigned int domid, uint64_t gfn, unsigned int remote_port,
	       struct ring_link *link);
/* dom0's own kernel. */
int xen_attach_dom0(struct ring_link *link);
/* Another event channel for the same page. */
int xen_rebind(unsigned int domid, unsigned int remote_port,
	       struct ring_link *link);
void xen_detach(struct ring_link *link);
void xen_notify(const struct ring_link *link);

enum xen_state { XEN_GONE, XEN_RUNNING, XEN_SHUTDOWN, XEN_DYING };
/* Calls fn for each domain there is, in order of id. 0, or -1 and errno. */
typedef void xen_domain_fn(void *arg, unsigned int domid, enum xen_state state);
int xen_domains(xen_domain_fn *fn, void *arg);
bool xen_domain_exists(unsigned int domid);

#endif /* HVXSTORED_XEN_H */
