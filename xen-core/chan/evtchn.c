/*
 * Event channels: ports, their states, and the operations on them.
 *
 * A domain's ports stand in pages of 256 that are added as they are needed
 * and stay until the domain ends, so that what looks at a port without a lock
 * (virq.c, interrupts) never looks at freed memory.  The lowest free port is
 * the next one used.
 *
 * Invariants (evtchn_audit):
 *  - port 0 is reserved; nothing else ever is;
 *  - an INTERDOMAIN port's other end is INTERDOMAIN and names this port;
 *    both change under both locks only, so a sender holds just its own;
 *  - a VIRQ port stands in virq_port[] of its vCPU, of vCPU 0 if the VIRQ is
 *    a domain's, and nowhere else;
 *  - used[], in_use and free_hint agree with the states.
 *
 * Locks: evtchn_domain.lock, two of them in order of address; then a
 * FIFO domain's lock, the irq lock, the run queue's.
 */
#include "private.h"

#include <asm/bitops.h>
#include <hvx/console.h>
#include <hvx/guest_access.h>
#include <hvx/hypercall.h>
#include <hvx/irq.h>
#include <hvx/machine.h>

/* ---- ports ------------------------------------------------------------- */

struct evtchn *evtchn_find(struct domain *d, unsigned int port)
{
	unsigned int nr = __atomic_load_n(&d->evtchn.nr_ports,
					  __ATOMIC_ACQUIRE);

	if (unlikely(port >= nr))
		return NULL;
	port = index_clamp(port, nr);
	return &d->evtchn.buckets[port / PORTS_PER_BUCKET]
				 [port % PORTS_PER_BUCKET];
}

/* The same for a port that the core itself noted: it exists. */
static struct evtchn *known_port(const struct domain *d, unsigned int port)
{
	return &d->evtchn.buckets[port / PORTS_PER_BUCKET]
				 [port % PORTS_PER_BUCKET];
}

static unsigned int max_buckets(const struct domain *d)
{
	unsigned int max = d->evtchn.max_ports;

	if (!max || max > EVTCHN_FIFO_NR_CHANNELS)
		max = EVTCHN_FIFO_NR_CHANNELS;
	return DIV_ROUND_UP(max, PORTS_PER_BUCKET);
}

static unsigned int port_limit(const struct domain *d)
{
	unsigned int max = d->evtchn.ops->max_ports;

	return d->evtchn.max_ports ? MIN(max, d->evtchn.max_ports) : max;
}

/* The tables of a domain are made for its first port. */
static int make_tables(struct evtchn_domain *e, unsigned int nr)
{
	if (e->buckets)
		return 0;
	e->used = heap_alloc(nr * sizeof(e->used[0]));
	if (!e->used)
		return -ENOMEM;
	e->buckets = heap_alloc(nr * sizeof(e->buckets[0]));
	if (e->buckets)
		return 0;
	heap_free(e->used);
	e->used = NULL;
	return -ENOMEM;
}

static int add_bucket(struct domain *d)
{
	struct evtchn_domain *e = &d->evtchn;
	unsigned int b = e->nr_ports / PORTS_PER_BUCKET;
	struct evtchn *page;

	if (make_tables(e, max_buckets(d)))
		return -ENOMEM;
	page = page_alloc();
	if (!page)
		return -ENOMEM;
	if (b == 0) {
		page[0].state = PORT_RESERVED;
		e->used[0] = 1;
		e->free_hint = 1;
	}
	e->buckets[b] = page;
	/* Pairs with the load in evtchn_find(): the page before its number. */
	__atomic_store_n(&e->nr_ports, e->nr_ports + PORTS_PER_BUCKET,
			 __ATOMIC_RELEASE);
	return 0;
}

/* The lowest free port, or -ENOSPC, -ENOMEM. */
static int find_free(struct domain *d)
{
	struct evtchn_domain *e = &d->evtchn;
	unsigned int limit = port_limit(d);
	unsigned int port = e->free_hint;

	while (port < limit) {
		unsigned int b = port / PORTS_PER_BUCKET;

		if (port >= e->nr_ports) {
			if (add_bucket(d))
				return -ENOMEM;
			port = MAX(port, e->free_hint);
			continue;
		}
		if (e->used[b] == PORTS_PER_BUCKET)
			port = (b + 1) * PORTS_PER_BUCKET;
		else if (e->buckets[b][port % PORTS_PER_BUCKET].state ==
			 PORT_FREE)
			return port;
		else
			port++;
	}
	return -ENOSPC;
}

/* A port of d in the given state, notifying v; the lock is held. */
static int port_open(struct domain *d, enum port_state state, unsigned int vcpu,
		     struct evtchn **out)
{
	struct evtchn_domain *e = &d->evtchn;
	struct evtchn *c;
	int port;

	if (d->is_dying)
		return -EINVAL;
	port = find_free(d);
	if (port < 0)
		return port;
	e->free_hint = port + 1;
	e->used[port / PORTS_PER_BUCKET]++;
	e->in_use++;
	c = known_port(d, port);
	c->vcpu = vcpu;
	e->ops->init_port(d, c, port);
	c->state = state;
	*out = c;
	return port;
}

static void port_free(struct domain *d, struct evtchn *c, unsigned int port)
{
	struct evtchn_domain *e = &d->evtchn;

	c->state = PORT_FREE;
	c->vcpu = 0;
	c->remote = NULL;
	c->remote_port = 0;
	e->ops->clear_pending(d, port);
	e->used[port / PORTS_PER_BUCKET]--;
	e->in_use--;
	e->free_hint = MIN(e->free_hint, port);
}

static void set_pending(struct domain *d, struct evtchn *c, unsigned int port)
{
	__atomic_load_n(&d->evtchn.ops, __ATOMIC_ACQUIRE)->set_pending(d, c,
								       port);
}

/* ---- telling vCPUs ----------------------------------------------------- */

void evtchn_notify(struct vcpu *v)
{
	struct vcpu_info *info = READ_ONCE(v->info);

	if (info && !__atomic_exchange_n(&info->evtchn_upcall_pending, 1,
					 __ATOMIC_SEQ_CST))
		vcpu_kick(v);
}

void evtchn_wake_pollers(struct domain *d, unsigned int port)
{
	struct vcpu *v;

	for_each_vcpu(d, v) {
		uint32_t one = READ_ONCE(v->poll_port);

		if ((READ_ONCE(v->pause_flags) & VPF_POLLING) &&
		    (!one || one == port))
			vcpu_kick(v);
	}
}

void evtchn_poll_begin(struct domain *d)
{
	__atomic_fetch_add(&d->evtchn.pollers, 1, __ATOMIC_SEQ_CST);
}

void evtchn_poll_end(struct domain *d)
{
	__atomic_fetch_sub(&d->evtchn.pollers, 1, __ATOMIC_SEQ_CST);
}

bool evtchn_upcall_wanted(const struct vcpu *v)
{
	const struct vcpu_info *info = READ_ONCE(v->info);

	return info && READ_ONCE(info->evtchn_upcall_pending) &&
	       !READ_ONCE(info->evtchn_upcall_mask);
}

void evtchn_vcpu_info_moved(struct vcpu *v)
{
	__atomic_store_n(&v->info->evtchn_pending_sel, ~0UL, __ATOMIC_SEQ_CST);
	evtchn_notify(v);
}

bool evtchn_port_valid(struct domain *d, unsigned int port)
{
	return evtchn_find(d, port) != NULL;
}

bool evtchn_port_pending(struct domain *d, unsigned int port)
{
	return evtchn_find(d, port) &&
	       READ_ONCE(d->evtchn.ops)->is_pending(d, port);
}

bool evtchn_port_masked(struct domain *d, unsigned int port)
{
	return evtchn_find(d, port) &&
	       READ_ONCE(d->evtchn.ops)->is_masked(d, port);
}

/* ---- locking pairs ----------------------------------------------------- */

static void lock_two(struct domain *a, struct domain *b)
{
	if (a > b) {
		struct domain *t = a;

		a = b;
		b = t;
	}
	spin_lock(&a->evtchn.lock);
	if (a != b)
		spin_lock(&b->evtchn.lock);
}

static void unlock_two(struct domain *a, struct domain *b)
{
	if (a != b)
		spin_unlock(&b->evtchn.lock);
	spin_unlock(&a->evtchn.lock);
}

/*
 * Lock d and, if its port is bound to another domain, that one too: *other,
 * which is d itself if there is none.  The port must exist.
 */
static struct evtchn *lock_with_other(struct domain *d, unsigned int port,
				      struct domain **other)
{
	struct evtchn *c = evtchn_find(d, port);
	struct domain *r;

	for (;;) {
		spin_lock(&d->evtchn.lock);
		r = c->state == PORT_INTERDOMAIN ? c->remote : d;
		*other = r;
		if (r == d)
			return c;
		if (d < r) {
			spin_lock(&r->evtchn.lock);
			return c;
		}
		/* Out of order: let go, take both, see if it is still so. */
		domain_get(r);
		spin_unlock(&d->evtchn.lock);
		lock_two(d, r);
		if (c->state == PORT_INTERDOMAIN && c->remote == r) {
			/* The pair itself keeps r now. */
			domain_put(r);
			return c;
		}
		unlock_two(d, r);
		domain_put(r);
	}
}

/* ---- close ------------------------------------------------------------- */

static void forget_virq(struct domain *d, const struct evtchn *c)
{
	unsigned int vcpu = virq_kind(c->virq) == VIRQ_KIND_VCPU ? c->vcpu : 0;

	WRITE_ONCE(d->vcpu[vcpu]->evtchn.virq_port[c->virq], 0);
}

static void unbind_other(const struct domain *d, const struct evtchn *c)
{
	struct evtchn *rc = known_port(c->remote, c->remote_port);

	rc->state = PORT_UNBOUND;
	rc->remote = NULL;
	rc->unbound_for = d->id;
	rc->remote_port = 0;
}

static int evtchn_close(struct domain *d, unsigned int port)
{
	struct domain *other;
	struct evtchn *c;
	int rc = 0;

	if (!evtchn_find(d, port))
		return -EINVAL;
	c = lock_with_other(d, port, &other);
	switch (c->state) {
	case PORT_FREE:
	case PORT_RESERVED:
		rc = -EINVAL;
		break;
	case PORT_PIRQ:
		pirq_unbind(d, c->pirq);
		break;
	case PORT_VIRQ:
		forget_virq(d, c);
		break;
	case PORT_INTERDOMAIN:
		unbind_other(d, c);
		break;
	default:
		break;
	}
	if (!rc)
		port_free(d, c, port);
	unlock_two(d, other);
	return rc;
}

/* Close what is open; -ERESTART if something more urgent turned up. */
static int close_all(struct domain *d)
{
	unsigned int done = 0;

	for (unsigned int port = 1; port < d->evtchn.nr_ports; port++) {
		unsigned int b = port / PORTS_PER_BUCKET;

		if (!READ_ONCE(d->evtchn.used[b])) {
			port = (b + 1) * PORTS_PER_BUCKET - 1;
			continue;
		}
		if (evtchn_find(d, port)->state == PORT_FREE)
			continue;
		(void)evtchn_close(d, port);
		if (++done % 64 == 0 && preempt_needed())
			return -ERESTART;
	}
	return 0;
}

/* ---- send and unmask --------------------------------------------------- */

int evtchn_send(struct domain *d, unsigned int port)
{
	struct evtchn *c = evtchn_find(d, port);
	int rc = 0;

	if (unlikely(!c))
		return -EINVAL;
	spin_lock(&d->evtchn.lock);
	switch (c->state) {
	case PORT_INTERDOMAIN:
		set_pending(c->remote, known_port(c->remote, c->remote_port),
			    c->remote_port);
		break;
	case PORT_IPI:
		set_pending(d, c, port);
		break;
	case PORT_UNBOUND:	/* nobody listens (yet) */
		break;
	default:
		rc = -EINVAL;
	}
	spin_unlock(&d->evtchn.lock);
	return rc;
}

void evtchn_send_pirq(struct domain *d, unsigned int port)
{
	struct evtchn *c = evtchn_find(d, port);

	if (c && c->state == PORT_PIRQ)
		set_pending(d, c, port);
}

int evtchn_unmask(struct domain *d, unsigned int port)
{
	struct evtchn *c = evtchn_find(d, port);

	if (!c)
		return -EINVAL;
	spin_lock(&d->evtchn.lock);
	d->evtchn.ops->unmask(d, c, port);
	spin_unlock(&d->evtchn.lock);
	return 0;
}

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

int evtchn_alloc_unbound(struct domain *d, domid_t remote, unsigned int *out)
{
	struct evtchn *c;
	int port;

	spin_lock(&d->evtchn.lock);
	port = port_open(d, PORT_UNBOUND, 0, &c);
	if (port >= 0) {
		c->remote = NULL;
		c->unbound_for = remote;
		*out = port;
	}
	spin_unlock(&d->evtchn.lock);
	return MIN(port, 0);
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
	port = port_open(d, PORT_INTERDOMAIN, 0, &c);
	if (port < 0)
		return port;
	c->remote = rd;
	c->remote_port = rport;
	rc->remote = d;
	rc->remote_port = port;
	rc->state = PORT_INTERDOMAIN;
	/* The other end may have sent before it was bound. */
	set_pending(d, c, port);
	return port;
}

static long op_bind_interdomain(struct vcpu *v,
				struct evtchn_bind_interdomain *op)
{
	struct domain *rd = domain_get_remote_or_self(v, op->remote_dom);
	int port;

	if (!rd)
		return -ESRCH;
	lock_two(v->d, rd);
	port = join(v->d, rd, op->remote_port);
	unlock_two(v->d, rd);
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
	port = port_open(target->d, PORT_VIRQ, target->id, &c);
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
	port = port_open(v->d, PORT_IPI, target->id, &c);
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

	port = port_open(v->d, PORT_PIRQ, 0, &c);
	if (port < 0)
		return port;
	c->pirq = pirq;
	rc = pirq_bind(v, pirq, share, port);
	if (rc) {
		port_free(v->d, c, port);
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
	int rc = close_all(d);

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

static __attribute__((noinline)) long dispatch(struct vcpu *v, int cmd, gva_t arg)
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

/* ---- birth, death, audit ----------------------------------------------- */

int evtchn_init_domain(struct domain *d)
{
	d->evtchn.ops = &evtchn_2l_ops;
	return 0;
}

void evtchn_set_limit(struct domain *d, unsigned int max_port)
{
	d->evtchn.max_ports = MIN(max_port, EVTCHN_FIFO_NR_CHANNELS - 1U) + 1;
}

void evtchn_init_vcpu(struct vcpu *v)
{
	for (unsigned int i = 0; i < NR_GUEST_VIRQS; i++)
		v->evtchn.virq_port[i] = 0;
	v->evtchn.fifo = NULL;
}

int evtchn_destroy_domain(struct domain *d)
{
	int rc = close_all(d);

	if (rc)
		return rc;
	spin_lock(&d->evtchn.lock);
	evtchn_fifo_reset(d);
	spin_unlock(&d->evtchn.lock);
	return 0;
}

void evtchn_free_domain(struct domain *d)
{
	struct evtchn_domain *e = &d->evtchn;

	evtchn_fifo_free(d);
	for (unsigned int b = 0; b < e->nr_ports / PORTS_PER_BUCKET; b++)
		page_free(e->buckets[b]);
	heap_free(e->buckets);
	heap_free(e->used);
	e->buckets = NULL;
	e->used = NULL;
	e->nr_ports = 0;
}

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
