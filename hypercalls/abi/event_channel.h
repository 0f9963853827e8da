/* SPDX-License-Identifier: MIT */
/*
 * Event channels: ports, their operations, and the FIFO variant's pages.
 * The two-level variant's bits are in shared_info (xen.h).
 */
#ifndef ABI_EVENT_CHANNEL_H
#define ABI_EVENT_CHANNEL_H

#include <abi/xen.h>

typedef uint32_t evtchn_port_t;

#define EVTCHNOP_bind_interdomain	0
#define EVTCHNOP_bind_virq		1
#define EVTCHNOP_bind_pirq		2
#define EVTCHNOP_close			3
#define EVTCHNOP_send			4
#define EVTCHNOP_status			5
#define EVTCHNOP_alloc_unbound		6
#define EVTCHNOP_bind_ipi		7
#define EVTCHNOP_bind_vcpu		8
#define EVTCHNOP_unmask			9
#define EVTCHNOP_reset			10
#define EVTCHNOP_init_control		11
#define EVTCHNOP_expand_array		12
#define EVTCHNOP_set_priority		13

struct evtchn_alloc_unbound {
	domid_t dom, remote_dom;
	evtchn_port_t port;		/* out */
};

struct evtchn_bind_interdomain {
	domid_t remote_dom;
	evtchn_port_t remote_port;
	evtchn_port_t local_port;	/* out */
};

struct evtchn_bind_virq {
	uint32_t virq;			/* VIRQ_* */
	uint32_t vcpu;
	evtchn_port_t port;		/* out */
};

struct evtchn_bind_pirq {
	uint32_t pirq;
	uint32_t flags;			/* BIND_PIRQ__* */
	evtchn_port_t port;		/* out */
};

#define BIND_PIRQ__WILL_SHARE		1

struct evtchn_bind_ipi {
	uint32_t vcpu;
	evtchn_port_t port;		/* out */
};

struct evtchn_close {
	evtchn_port_t port;
};

struct evtchn_send {
	evtchn_port_t port;
};

struct evtchn_status {
	domid_t dom;
	evtchn_port_t port;
	uint32_t status;		/* out: EVTCHNSTAT_* */
	uint32_t vcpu;			/* out: who is notified */
	union {
		struct {
			domid_t dom;
		} unbound;
		struct {
			domid_t dom;
			evtchn_port_t port;
		} interdomain;
		uint32_t pirq;
		uint32_t virq;
	} u;
};

#define EVTCHNSTAT_closed		0
#define EVTCHNSTAT_unbound		1
#define EVTCHNSTAT_interdomain		2
#define EVTCHNSTAT_pirq			3
#define EVTCHNSTAT_virq			4
#define EVTCHNSTAT_ipi			5

struct evtchn_bind_vcpu {
	evtchn_port_t port;
	uint32_t vcpu;
};

struct evtchn_unmask {
	evtchn_port_t port;
};

struct evtchn_reset {
	domid_t dom;
};

struct evtchn_init_control {
	uint64_t control_gfn;		/* page of the control block */
	uint32_t offset;		/* of it in the page */
	uint32_t vcpu;
	uint8_t link_bits;		/* out */
	uint8_t _pad[7];
};

struct evtchn_expand_array {
	uint64_t array_gfn;		/* next page of event words */
};

struct evtchn_set_priority {
	evtchn_port_t port;
	uint32_t priority;		/* EVTCHN_FIFO_PRIORITY_* */
};

/* Argument of the old hypercall event_channel_op_compat. */
struct evtchn_op {
	uint32_t cmd;
	union {
		struct evtchn_alloc_unbound alloc_unbound;
		struct evtchn_bind_interdomain bind_interdomain;
		struct evtchn_bind_virq bind_virq;
		struct evtchn_bind_pirq bind_pirq;
		struct evtchn_bind_ipi bind_ipi;
		struct evtchn_close close;
		struct evtchn_send send;
		struct evtchn_status status;
		struct evtchn_bind_vcpu bind_vcpu;
		struct evtchn_unmask unmask;
	} u;
};

/* Two-level: 64 words of 64 bits. */
#define EVTCHN_2L_NR_CHANNELS \
	(sizeof(xen_ulong_t) * sizeof(xen_ulong_t) * 64)

/* FIFO: an event word for each port, and 16 queues for each vCPU. */
typedef uint32_t event_word_t;

#define EVTCHN_FIFO_PRIORITY_MAX	0
#define EVTCHN_FIFO_PRIORITY_DEFAULT	7
#define EVTCHN_FIFO_PRIORITY_MIN	15
#define EVTCHN_FIFO_MAX_QUEUES		(EVTCHN_FIFO_PRIORITY_MIN + 1)

/* Bit numbers in an event word; below them the link to the next port. */
#define EVTCHN_FIFO_PENDING		31
#define EVTCHN_FIFO_MASKED		30
#define EVTCHN_FIFO_LINKED		29
#define EVTCHN_FIFO_BUSY		28
#define EVTCHN_FIFO_LINK_BITS		17
#define EVTCHN_FIFO_LINK_MASK		((1 << EVTCHN_FIFO_LINK_BITS) - 1)
#define EVTCHN_FIFO_NR_CHANNELS		(1 << EVTCHN_FIFO_LINK_BITS)

struct evtchn_fifo_control_block {
	uint32_t ready;			/* bit for each queue not empty */
	uint32_t _rsvd;
	uint32_t head[EVTCHN_FIFO_MAX_QUEUES];
};

#endif /* ABI_EVENT_CHANNEL_H */
