/*
 * Event channels as they should be: the invariants that evtchn.c names,
 * checked one by one; and a list for people.
 */
#include "private.h"

#include <hvx/console.h>
#include <hvx/irq.h>

static bool port_is_right(struct domain *d, const struct evtchn *c,
			  unsigned int port)
{
	const struct evtchn *rc;
	unsigned int vcpu = c->vcpu;

	switch (c->state) {
	case PORT_FREE:
		return !c->vcpu;
	case PORT_RESERVED:
		return port == 0;
	case PORT_INTERDOMAIN:
		rc = evtchn_find(c->remote, c->remote_port);
		if (!rc || rc->state != PORT_INTERDOMAIN || rc->remote != d ||
		    rc->remote_port != port)
			return false;
		break;
	case PORT_VIRQ:
		if (c->virq >= NR_GUEST_VIRQS)
			return false;
		if (virq_kind(c->virq) != VIRQ_KIND_VCPU)
			vcpu = 0;
		if (d->vcpu[vcpu]->evtchn.virq_port[c->virq] != port)
			return false;
		break;
	case PORT_PIRQ:
		if (!d->pirqs || c->pirq >= NR_PIRQS ||
		    d->pirqs[c->pirq].port != port)
			return false;
		break;
	case PORT_UNBOUND:
	case PORT_IPI:
		break;
	default:
		return false;
	}
	return vcpu < d->max_vcpus && d->vcpu[vcpu];
}

static unsigned long audit_bucket(struct domain *d, unsigned int b,
				  unsigned int *in_use)
{
	const struct evtchn_domain *e = &d->evtchn;
	unsigned int used = 0;
	unsigned long bad = 0;

	for (unsigned int i = 0; i < PORTS_PER_BUCKET; i++) {
		const struct evtchn *c = &e->buckets[b][i];
		unsigned int port = b * PORTS_PER_BUCKET + i;

		used += c->state != PORT_FREE;
		if (!port_is_right(d, c, port) ||
		    (c->state == PORT_FREE && port < e->free_hint)) {
			printk(LOG_ERR "d%u: port %u (state %u) is wrong\n",
			       d->id, port, c->state);
			bad++;
		}
	}
	*in_use += used;
	return bad + (used != e->used[b]);
}

static unsigned long audit_virqs(struct domain *d)
{
	unsigned long bad = 0;
	struct vcpu *v;

	for_each_vcpu(d, v) {
		for (unsigned int i = 0; i < NR_GUEST_VIRQS; i++) {
			unsigned int port = v->evtchn.virq_port[i];
			const struct evtchn *c = evtchn_find(d, port);

			bad += port && (!c || c->state != PORT_VIRQ ||
					c->virq != i);
		}
	}
	return bad;
}

unsigned long evtchn_audit(struct domain *d)
{
	unsigned int in_use = 0;
	unsigned long bad = 0;

	for (unsigned int b = 0; b < d->evtchn.nr_ports / PORTS_PER_BUCKET; b++)
		bad += audit_bucket(d, b, &in_use);
	/* Port 0 counts as used, not as in use. */
	if (d->evtchn.nr_ports)
		bad += in_use != d->evtchn.in_use + 1;
	return bad + audit_virqs(d) + evtchn_fifo_audit(d);
}

void evtchn_dump(struct domain *d)
{
	static const char *const names[PORT_STATES] = {
		"free",	"reserved", "unbound", "interdomain",
		"pirq", "virq",	    "ipi",
	};

	printk("d%u: %u event channels, %s\n", d->id, d->evtchn.in_use,
	       d->evtchn.ops == &evtchn_fifo_ops ? "FIFO" : "2-level");
	for (unsigned int port = 1; port < d->evtchn.nr_ports; port++) {
		const struct evtchn *c = evtchn_find(d, port);

		if (c->state == PORT_FREE)
			continue;
		printk("  %u %s v%u%s%s", port, names[c->state], c->vcpu,
		       evtchn_port_pending(d, port) ? " pending" : "",
		       evtchn_port_masked(d, port) ? " masked" : "");
		if (c->state == PORT_INTERDOMAIN)
			printk(" d%u:%u", c->remote->id, c->remote_port);
		else if (c->state == PORT_UNBOUND)
			printk(" for d%u", c->unbound_for);
		else if (c->state != PORT_IPI)
			printk(" %u", c->virq);
		printk("\n");
	}
}
