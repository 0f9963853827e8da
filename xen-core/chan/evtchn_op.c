/*
 * The operations of event_channel_op: check the arguments and the caller's
 * rights, take the locks, change ports (evtchn.c).  Each gets a private copy
 * of its argument; the table ops/event_channel_op.def says which are copied
 * back.
 */
#include "private.h"

#include <asm/bitops.h>
#include <hvx/guest_access.h>
#include <hvx/hypercall.h>
#include <hvx/irq.h>

/* ---- operations -------------------------------------------------------- */

/* The domain an operation names, if v may act on it; with a reference. */
static int get_subject(struct vcpu *v, domid_t id, struct domain **out)
{
	struct domain *d = domain_get_remote_or_self(v, id);

	if (!d)
		return -ESRCH;
	if (d != v->d && !v->d->is_hw) {
		domain_put(d);
		return -EPERM;
	}
	*out = d;
	return 0;
}

static long op_alloc_unbound(struct vcpu *v, struct evtchn_alloc_unbound *op)
{
	domid_t remote = op->remote_dom == DOMID_SELF ? v->d->id
						      : op->remote_dom;
	struct domain *d;
	int rc;

	rc = get_subject(v, op->dom, &d);
	if (rc)
		return rc;
	rc = evtchn_alloc_unbound(d, remote, &op->port);
	domain_put(d);
	return rc;
}

/* Both locks are held: join a new port of d to the one that waits for it. */
static int join(struct domain *d, struct domain *rd, unsigned int rport)
{
	struct evtchn *c, *rc = evtchn_find(rd, rport);
	int port;

	if (!rc || rc->state != PORT_UNBOUND || rc->unbound_for != d->id ||
	    rd->is_dying)
		return -EINVAL;
	port = evtchn_port_open(d, PORT_INTERDOMAIN, 0, &c);
	if (port < 0)
		return port;
	c->remote = rd;
	c->remote_port = rport;
	rc->remote = d;
	rc->remote_port = port;
	rc->state = PORT_INTERDOMAIN;
	/* The other end may have sent before it was bound. */
	evtchn_set_pending(d, c, port);
	return port;
}

static long op_bind_interdomain(struct vcpu *v,
				struct evtchn_bind_interdomain *op)
{
	struct domain *rd = domain_get_remote_or_self(v, op->remote_dom);
	int port;

	if (!rd)
		return -ESRCH;
	evtchn_lock_two(v->d, rd);
	port = join(v->d, rd, op->remote_port);
	evtchn_unlock_two(v->d, rd);
	domain_put(rd);
	if (port < 0)
		return port;
	op->local_port = port;
	return 0;
}

static int bind_virq_locked(struct vcpu *target, unsigned int virq)
{
	struct evtchn *c;
	int port;

	if (target->evtchn.virq_port[virq])
		return -EEXIST;
	port = evtchn_port_open(target->d, PORT_VIRQ, target->id, &c);
	if (port < 0)
		return port;
	c->virq = virq;
	WRITE_ONCE(target->evtchn.virq_port[virq], port);
	return port;
}

static long op_bind_virq(struct vcpu *v, struct evtchn_bind_virq *op)
{
	enum virq_kind kind;
	struct vcpu *target;
	int port;

	if (op->virq >= NR_GUEST_VIRQS)
		return -EINVAL;
	op->virq = index_clamp(op->virq, NR_GUEST_VIRQS);
	kind = virq_kind(op->virq);
	if (kind != VIRQ_KIND_VCPU && op->vcpu != 0)
		return -EINVAL;
	if (kind == VIRQ_KIND_GLOBAL && !v->d->is_hw)
		return -EPERM;
	target = domain_vcpu(v->d, op->vcpu);
	if (!target)
		return -ENOENT;
	spin_lock(&v->d->evtchn.lock);
	port = bind_virq_locked(target, op->virq);
	spin_unlock(&v->d->evtchn.lock);
	if (port < 0)
		return port;
	op->port = port;
	return 0;
}

static long op_bind_ipi(struct vcpu *v, struct evtchn_bind_ipi *op)
{
	struct vcpu *target = domain_vcpu(v->d, op->vcpu);
	struct evtchn *c;
	int port;

	if (!target)
		return -ENOENT;
	spin_lock(&v->d->evtchn.lock);
	port = evtchn_port_open(v->d, PORT_IPI, target->id, &c);
	spin_unlock(&v->d->evtchn.lock);
	if (port < 0)
		return port;
	op->port = port;
	return 0;
}

/* The state comes first: an interrupt that arrives as soon as it is bound
 * must find the port ready, or a level-triggered one would wait forever. */
static int bind_pirq_locked(struct vcpu *v, unsigned int pirq, bool share)
{
	struct evtchn *c;
	int port, rc;

	port = evtchn_port_open(v->d, PORT_PIRQ, 0, &c);
	if (port < 0)
		return port;
	c->pirq = pirq;
	rc = pirq_bind(v, pirq, share, port);
	if (rc) {
		evtchn_port_free(v->d, c, port);
		return rc;
	}
	return port;
}

static long op_bind_pirq(struct vcpu *v, struct evtchn_bind_pirq *op)
{
	struct domain *d = v->d;
	int port;

	if (op->pirq >= NR_PIRQS)
		return -EINVAL;
	op->pirq = index_clamp(op->pirq, NR_PIRQS);
	if (!d->pirqs)
		return -EPERM;
	spin_lock(&d->evtchn.lock);
	if (d->pirqs[op->pirq].port)
		port = -EEXIST;
	else
		port = bind_pirq_locked(v, op->pirq,
					op->flags & BIND_PIRQ__WILL_SHARE);
	spin_unlock(&d->evtchn.lock);
	if (port < 0)
		return port;
	op->port = port;
	return 0;
}

static long op_close(struct vcpu *v, struct evtchn_close *op)
{
	return evtchn_close(v->d, op->port);
}

static long op_send(struct vcpu *v, struct evtchn_send *op)
{
	return evtchn_send(v->d, op->port);
}

static long op_unmask(struct vcpu *v, struct evtchn_unmask *op)
{
	return evtchn_unmask(v->d, op->port);
}

static void describe(const struct evtchn *c, struct evtchn_status *op)
{
	static const uint8_t status[PORT_STATES] = {
		[PORT_FREE] = EVTCHNSTAT_closed,
		[PORT_RESERVED] = EVTCHNSTAT_closed,
		[PORT_UNBOUND] = EVTCHNSTAT_unbound,
		[PORT_INTERDOMAIN] = EVTCHNSTAT_interdomain,
		[PORT_PIRQ] = EVTCHNSTAT_pirq,
		[PORT_VIRQ] = EVTCHNSTAT_virq,
		[PORT_IPI] = EVTCHNSTAT_ipi,
	};

	op->status = status[c->state];
	op->vcpu = c->vcpu;
	switch (c->state) {
	case PORT_UNBOUND:
		op->u.unbound.dom = c->unbound_for;
		break;
	case PORT_INTERDOMAIN:
		op->u.interdomain.dom = c->remote->id;
		op->u.interdomain.port = c->remote_port;
		break;
	case PORT_PIRQ:
		op->u.pirq = c->pirq;
		break;
	case PORT_VIRQ:
		op->u.virq = c->virq;
		break;
	default:
		break;
	}
}

static long op_status(struct vcpu *v, struct evtchn_status *op)
{
	struct domain *d;
	struct evtchn *c;
	int rc;

	rc = get_subject(v, op->dom, &d);
	if (rc)
		return rc;
	spin_lock(&d->evtchn.lock);
	c = evtchn_find(d, op->port);
	if (c)
		describe(c, op);
	else
		rc = -EINVAL;
	spin_unlock(&d->evtchn.lock);
	domain_put(d);
	return rc;
}

static int rebind(struct domain *d, struct evtchn *c, const struct vcpu *target)
{
	switch (c->state) {
	case PORT_VIRQ:
		if (virq_kind(c->virq) == VIRQ_KIND_VCPU)
			return -EINVAL;
		break;
	case PORT_UNBOUND:
	case PORT_INTERDOMAIN:
		break;
	case PORT_PIRQ:
		pirq_set_affinity(d, c->pirq, target->cpu);
		break;
	default:
		return -EINVAL;
	}
	WRITE_ONCE(c->vcpu, target->id);
	return 0;
}

static long op_bind_vcpu(struct vcpu *v, struct evtchn_bind_vcpu *op)
{
	struct vcpu *target = domain_vcpu(v->d, op->vcpu);
	struct evtchn *c = evtchn_find(v->d, op->port);
	int rc;

	if (!target)
		return -ENOENT;
	if (!c)
		return -EINVAL;
	spin_lock(&v->d->evtchn.lock);
	rc = rebind(v->d, c, target);
	spin_unlock(&v->d->evtchn.lock);
	return rc;
}

/* Everything closed, and for the caller itself, back to 2-level.  May be
 * entered again from its beginning: what is closed is passed over fast. */
static int reset(struct domain *d, bool whole)
{
	int rc = evtchn_close_all(d);

	if (rc || !whole)
		return rc;
	spin_lock(&d->evtchn.lock);
	if (d->evtchn.in_use)
		rc = -EAGAIN;	/* another vCPU opened ports meanwhile */
	else
		evtchn_fifo_reset(d);
	spin_unlock(&d->evtchn.lock);
	return rc;
}

static long op_reset(struct vcpu *v, struct evtchn_reset *op)
{
	struct domain *d;
	int rc;

	rc = get_subject(v, op->dom, &d);
	if (rc)
		return rc;
	rc = reset(d, d == v->d);
	domain_put(d);
	return rc;
}

static long op_init_control(struct vcpu *v, struct evtchn_init_control *op)
{
	struct vcpu *target = domain_vcpu(v->d, op->vcpu);
	int rc;

	if (!target)
		return -ENOENT;
	op->link_bits = EVTCHN_FIFO_LINK_BITS;
	spin_lock(&v->d->evtchn.lock);
	rc = evtchn_fifo_init_control(target, _mfn(op->control_gfn),
				      op->offset);
	spin_unlock(&v->d->evtchn.lock);
	return rc;
}

static long op_expand_array(struct vcpu *v, struct evtchn_expand_array *op)
{
	int rc;

	spin_lock(&v->d->evtchn.lock);
	rc = evtchn_fifo_expand(v->d, _mfn(op->array_gfn));
	spin_unlock(&v->d->evtchn.lock);
	return rc;
}

static long op_set_priority(struct vcpu *v, struct evtchn_set_priority *op)
{
	struct domain *d = v->d;
	struct evtchn *c;
	int rc;

	spin_lock(&d->evtchn.lock);
	c = evtchn_find(d, op->port);
	if (!c)
		rc = -EINVAL;
	else if (!d->evtchn.ops->set_priority)
		rc = -ENOSYS;
	else
		rc = d->evtchn.ops->set_priority(c, op->priority);
	spin_unlock(&d->evtchn.lock);
	return rc;
}

/* ---- dispatch ---------------------------------------------------------- */

union evtchn_arg {
#define SUBOP(nr, name, type, dir, who) type name;
#include <ops/event_channel_op.def>
};

enum { OUT_IN = 0, OUT_INOUT = 1 };
enum { ONLY_ANY = 0, ONLY_DOM0 = 1 };

/* The caller can't be told its new port: it never was. */
static void take_back(struct vcpu *v, int cmd, const union evtchn_arg *op)
{
	struct domain *d;

	switch (cmd) {
	case EVTCHNOP_alloc_unbound:
		if (get_subject(v, op->alloc_unbound.dom, &d))
			return;
		(void)evtchn_close(d, op->alloc_unbound.port);
		domain_put(d);
		break;
	case EVTCHNOP_bind_interdomain:
		(void)evtchn_close(v->d, op->bind_interdomain.local_port);
		break;
	case EVTCHNOP_bind_virq:
		(void)evtchn_close(v->d, op->bind_virq.port);
		break;
	case EVTCHNOP_bind_pirq:
		(void)evtchn_close(v->d, op->bind_pirq.port);
		break;
	case EVTCHNOP_bind_ipi:
		(void)evtchn_close(v->d, op->bind_ipi.port);
		break;
	}
}

static __attribute__((noinline)) long dispatch(struct vcpu *v, int cmd,
					       gva_t arg)
{
	union evtchn_arg op;
	size_t size;
	bool out;
	long rc;

	switch (cmd) {
#define SUBOP(nr, name, type, dir, who)                                        \
	case nr:                                                               \
		if (ONLY_##who && !v->d->is_hw)                                \
			return -EPERM;                                         \
		size = sizeof(op.name);                                        \
		out = OUT_##dir;                                               \
		if (copy_from_guest(&op.name, arg, size))                      \
			return -EFAULT;                                        \
		rc = op_##name(v, &op.name);                                   \
		break;
#include <ops/event_channel_op.def>
	default:
		return hypercall_unknown(v, __HYPERVISOR_event_channel_op, cmd);
	}

	if (rc == -ERESTART)
		return hypercall_continue(v, __HYPERVISOR_event_channel_op, 2,
					  (unsigned long)cmd, arg);
	if (rc < 0 || !out)
		return rc;
	if (copy_to_guest(arg, &op, size)) {
		take_back(v, cmd, &op);
		return -EFAULT;
	}
	return rc;
}

/* Nearly all calls are sends: they go by a short way of their own. */
long hc_event_channel_op(struct vcpu *v, int cmd, gva_t arg)
{
	struct evtchn_send op;

	if (unlikely(cmd != EVTCHNOP_send))
		return dispatch(v, cmd, arg);
	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	return evtchn_send(v->d, op.port);
}
