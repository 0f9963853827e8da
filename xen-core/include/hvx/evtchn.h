/*
 * Event channels: ports and their states (chan/evtchn.c), the two ways of
 * telling the guest (evtchn_2l.c, evtchn_fifo.c), virtual interrupts (virq.c).
 */
#ifndef HVX_EVTCHN_H
#define HVX_EVTCHN_H

#include <abi/event_channel.h>
#include <hvx/frame.h>
#include <hvx/lock.h>
#include <hvx/types.h>

struct domain;
struct vcpu;
struct evtchn;
struct evtchn_ops;
struct evtchn_fifo_domain;
struct evtchn_fifo_vcpu;

/*
 * The channels' share of a domain; the lock guards everything here.  What is
 * read without it: ops, fifo, buckets and nr_ports, all of which stay valid
 * until evtchn_free_domain().
 */
struct evtchn_domain {
	struct lock lock;
	const struct evtchn_ops *ops;	/* 2-level or FIFO */
	struct evtchn **buckets;	/* each a page of ports */
	uint16_t *used;			/* ports in use, of each bucket */
	unsigned int nr_ports;		/* ports that exist now */
	unsigned int max_ports;		/* the toolstack's limit; 0: ABI's */
	unsigned int in_use;
	unsigned int free_hint;		/* no port below it is free */
	uint32_t pollers;		/* vCPUs in SCHEDOP_poll; atomic */
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
/* After that, when nobody refers to d any more; vCPUs may be gone. */
void evtchn_free_domain(struct domain *d);
void evtchn_init_vcpu(struct vcpu *v);

/* VIRQs: of one vCPU; of a domain (to the vCPU it is bound on); of the domain
 * that registered for it: dom0 (VIRQ_DOM_EXC, VIRQ_CONSOLE, ...).  They take
 * no lock above the run queue's. */
void virq_send_vcpu(struct vcpu *v, unsigned int virq);
void virq_send_domain(struct domain *d, unsigned int virq);
void virq_send_global(unsigned int virq);

/* A physical interrupt for d's pirq arrived: set its port pending.  May be
 * called with the irq lock held. */
void evtchn_send_pirq(struct domain *d, unsigned int port);
/* What EVTCHNOP_send and EVTCHNOP_unmask do, for d's port.  0 or -errno. */
int evtchn_send(struct domain *d, unsigned int port);
int evtchn_unmask(struct domain *d, unsigned int port);
/* Is an event waiting that poll or block must notice? */
bool evtchn_upcall_wanted(const struct vcpu *v);
/* Is one of this port pending (for poll and pirq status)?  False if d has no
 * such port. */
bool evtchn_port_pending(struct domain *d, unsigned int port);
bool evtchn_port_masked(struct domain *d, unsigned int port);
/* Around SCHEDOP_poll: begin, set VPF_POLLING, look at the ports, sleep; end
 * when VPF_POLLING is cleared.  In between, an event on any polled port, even
 * a masked one, is told to vcpu_kick(). */
void evtchn_poll_begin(struct domain *d);
void evtchn_poll_end(struct domain *d);
/* vcpu_info moved: nothing may be lost; marks all as pending. */
void evtchn_vcpu_info_moved(struct vcpu *v);

/* A port of d whose other end is the toolstack's remote: for domain building. */
int evtchn_alloc_unbound(struct domain *d, domid_t remote, unsigned int *port);

/* Each reference to d's frames that its FIFO pages hold. */
void evtchn_each_ref(struct domain *d, frame_ref_fn fn, void *ctx);
unsigned long evtchn_audit(struct domain *d);
void evtchn_dump(struct domain *d);	/* debug key 'e' */

#endif
