/*
 * What the event channel files share: a port, and the two ways of telling
 * the guest.
 */
#ifndef CHAN_PRIVATE_H
#define CHAN_PRIVATE_H

#include <hvx/domain.h>
#include <hvx/evtchn.h>

enum port_state {
	PORT_FREE,
	PORT_RESERVED,		/* port 0: never in use, never free */
	PORT_UNBOUND,		/* waits for remote to bind */
	PORT_INTERDOMAIN,
	PORT_PIRQ,
	PORT_VIRQ,
	PORT_IPI,
	PORT_STATES
};

/*
 * A port: 16 bytes, 256 to a page.  Guarded by its domain's lock, apart from
 * the last two, which are the FIFO lock's.  An interdomain pair changes only
 * under both domains' locks, so either lock keeps the other end in place.
 */
struct evtchn {
	union {
		struct domain *remote;	/* INTERDOMAIN */
		domid_t unbound_for;	/* UNBOUND */
	};
	union {
		uint32_t remote_port;	/* INTERDOMAIN */
		uint32_t pirq;
		uint32_t virq;
	};
	uint8_t state : 4;		/* enum port_state */
	uint8_t priority : 4;		/* FIFO queue of the next event */
	uint8_t vcpu;			/* is notified; always exists */
	uint16_t queue : 15;		/* it was last put on: vCPU, priority */
	uint16_t early : 1;		/* pending before it had a word */
};

#define PORTS_PER_BUCKET (PAGE_SIZE / sizeof(struct evtchn))

struct evtchn_ops {
	unsigned int max_ports;
	/* Any context; no lock above the run queue's.  Tells c->vcpu unless
	 * the guest masked the port. */
	void (*set_pending)(struct domain *d, struct evtchn *c,
			    unsigned int port);
	/* A port starts or ends its life. */
	void (*init_port)(struct domain *d, struct evtchn *c,
			  unsigned int port);
	void (*clear_pending)(struct domain *d, unsigned int port);
	void (*unmask)(struct domain *d, struct evtchn *c, unsigned int port);
	bool (*is_pending)(struct domain *d, unsigned int port);
	bool (*is_masked)(struct domain *d, unsigned int port);
	/* NULL: there are no priorities. */
	int (*set_priority)(struct evtchn *c, unsigned int priority);
};

extern const struct evtchn_ops evtchn_2l_ops, evtchn_fifo_ops;

/* d's port, or NULL if it doesn't exist (a free one does). */
struct evtchn *evtchn_find(struct domain *d, unsigned int port);
/* A new port in the given state, notifying vcpu: its number, or -ENOSPC,
 * -ENOMEM, -EINVAL if d dies.  free: the reverse, of what was unbound from
 * all else.  The lock is held. */
int evtchn_port_open(struct domain *d, enum port_state state,
		     unsigned int vcpu, struct evtchn **out);
void evtchn_port_free(struct domain *d, struct evtchn *c, unsigned int port);
/* Unbinds the port from whatever it is bound to; -EINVAL if none is open. */
int evtchn_close(struct domain *d, unsigned int port);
/* All of them; -ERESTART if something more urgent turned up. */
int evtchn_close_all(struct domain *d);
/* Two domains' locks (or one's) in order. */
void evtchn_lock_two(struct domain *a, struct domain *b);
void evtchn_unlock_two(struct domain *a, struct domain *b);

/* An event for d's port: no lock needed. */
static inline void evtchn_set_pending(struct domain *d, struct evtchn *c,
				      unsigned int port)
{
	__atomic_load_n(&d->evtchn.ops, __ATOMIC_ACQUIRE)
		->set_pending(d, c, port);
}

/* v has events: its upcall flag is set and it is made to look. */
void evtchn_notify(struct vcpu *v);
/* Somebody polls: tell those that wait for this port. */
void evtchn_wake_pollers(struct domain *d, unsigned int port);

static inline void evtchn_check_pollers(struct domain *d, unsigned int port)
{
	if (unlikely(READ_ONCE(d->evtchn.pollers)))
		evtchn_wake_pollers(d, port);
}

/* FIFO set-up; the domain's lock is held. */
int evtchn_fifo_init_control(struct vcpu *v, mfn_t mfn, unsigned int offset);
int evtchn_fifo_expand(struct domain *d, mfn_t mfn);
/* Back to 2-level: lets go of the guest's pages. */
void evtchn_fifo_reset(struct domain *d);
void evtchn_fifo_free(struct domain *d);
unsigned long evtchn_fifo_audit(struct domain *d);

/* VIRQ kinds: one for each vCPU; one for a domain, bound on vCPU 0; the same
 * and for dom0 only. */
enum virq_kind { VIRQ_KIND_VCPU, VIRQ_KIND_DOMAIN, VIRQ_KIND_GLOBAL };
enum virq_kind virq_kind(unsigned int virq);

#endif
