/*
 * Event channels: ports and their states (chan/evtchn.c), the two ways of
 * telling the guest (evtchn_2l.c, evtchn_fifo.c), virtual interrupts (virq.c).
 */
#ifndef HVX_EVTCHN_H
#define HVX_EVTCHN_H

#include <abi/event_channel.h>
#include <hvx/lock.h>
#include <hvx/types.h>

struct domain;
struct vcpu;
struct evtchn;
struct evtchn_ops;
struct evtchn_fifo_domain;

/* The channels' share of a domain; the lock guards everything here. */
struct evtchn_domain {
	struct lock lock;
	const struct evtchn_ops *ops;	/* 2-level or FIFO */
	struct evtchn **buckets;
	unsigned int nr_ports;		/* ports that exist now */
	unsigned int max_ports;		/* limit: ABI's and toolstack's */
	unsigned int in_use;
	struct evtchn_fifo_domain *fifo;
};

#define NR_GUEST_VIRQS 24

/* The channels' share of a vCPU. */
struct evtchn_vcpu {
	uint32_t virq_port[NR_GUEST_VIRQS]; /* 0: not bound */
	struct evtchn_fifo_vcpu *fifo;
};

int evtchn_init_domain(struct domain *d);
/* Close all; preemptible: -ERESTART. */
int evtchn_destroy_domain(struct domain *d);
void evtchn_free_domain(struct domain *d);
void evtchn_init_vcpu(struct vcpu *v);

/* VIRQs: of one vCPU; of a domain (to the vCPU it is bound on); of the domain
 * that dom0 registered for it (VIRQ_DOM_EXC, VIRQ_CONSOLE, ...). */
void virq_send_vcpu(struct vcpu *v, unsigned int virq);
void virq_send_domain(struct domain *d, unsigned int virq);
void virq_send_global(unsigned int virq);

/* A physical interrupt for d's pirq arrived: set its port pending. */
void evtchn_send_pirq(struct domain *d, unsigned int port);
/* Is an event waiting that poll or block must notice? */
bool evtchn_upcall_wanted(const struct vcpu *v);
/* Is one of this port pending (for poll and pirq status)? */
bool evtchn_port_pending(struct domain *d, unsigned int port);
bool evtchn_port_masked(struct domain *d, unsigned int port);
/* vcpu_info moved: nothing may be lost; marks all as pending. */
void evtchn_vcpu_info_moved(struct vcpu *v);

/* A port of d whose other end is the toolstack's remote: for domain building. */
int evtchn_alloc_unbound(struct domain *d, domid_t remote, unsigned int *port);

unsigned long evtchn_audit(struct domain *d);
void evtchn_dump(struct domain *d);	/* debug key 'e' */

#endif
