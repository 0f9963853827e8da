/*
 * Virtual interrupts: what the core itself has to tell.
 *
 * virq_port[] of a vCPU names the port; VIRQs of a whole domain stand in that
 * of vCPU 0, whichever vCPU the port notifies.  Sending takes no lock: ports
 * are never freed while their domain lives, and a port that is being closed
 * at this moment gets at worst an event that its own domain caused.
 */
#include "private.h"

#include <hvx/domain.h>

enum virq_kind virq_kind(unsigned int virq)
{
	switch (virq) {
	case VIRQ_TIMER:
	case VIRQ_DEBUG:
	case VIRQ_XENOPROF:
	case VIRQ_XENPMU:
	case VIRQ_ARCH_1 ... VIRQ_ARCH_7:
		return VIRQ_KIND_VCPU;
	case VIRQ_ARGO:
		return VIRQ_KIND_DOMAIN;
	default:
		return VIRQ_KIND_GLOBAL;
	}
}

static void send_on(struct vcpu *v, unsigned int virq)
{
	struct domain *d = v->d;
	unsigned int port = READ_ONCE(v->evtchn.virq_port[virq]);
	struct evtchn *c = port ? evtchn_find(d, port) : NULL;

	if (c && c->state == PORT_VIRQ && c->virq == virq)
		evtchn_set_pending(d, c, port);
}

void virq_send_vcpu(struct vcpu *v, unsigned int virq)
{
	send_on(v, virq);
}

void virq_send_domain(struct domain *d, unsigned int virq)
{
	if (d->vcpu && d->vcpu[0])
		send_on(d->vcpu[0], virq);
}

void virq_send_global(unsigned int virq)
{
	if (hw_domain)
		virq_send_domain(hw_domain, virq);
}
