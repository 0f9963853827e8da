/*
 * Event channels, two-level form: ports, masks and the upcall's scan.
 */
#ifndef PV_EVENT_H
#define PV_EVENT_H

#include <stdint.h>
#include <stdbool.h>

typedef void (*event_fn_t)(unsigned int port);

void event_disable(void);
/* Unmask this vCPU's upcall, and take what is pending. */
void event_enable(void);
bool event_enabled(void);

/* Call @fn for @port, and unmask the port; NULL masks it. */
void event_set_handler(unsigned int port, event_fn_t fn);
void event_mask(unsigned int port);
void event_unmask(unsigned int port);
bool event_pending(unsigned int port);
/* No longer pending, handled or not. */
void event_take(unsigned int port);
/* How often an upcall has come at all. */
unsigned int event_upcalls(void);

/* Each gives a port, or the hypervisor's error. */
long event_bind_virq(unsigned int virq, unsigned int vcpu);
long event_bind_ipi(unsigned int vcpu);
long event_alloc_unbound(unsigned int remote);
long event_bind_interdomain(unsigned int dom, unsigned int port);
long event_send(unsigned int port);
long event_close(unsigned int port);

/* The upcall proper; another form of delivery may take its place. */
void event_upcall(void);
extern void (*event_upcall_fn)(void);

#endif
