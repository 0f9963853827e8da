/*
 * Event channels: ports, their states, sending.  The operations by which a
 * guest changes them are in evtchn_op.c.
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
 * Locks: evtchn_domain.lock, two of them in order of address; inside it the
 * irq lock, then a domain's FIFO lock, then the run queue's.
 */
#include "private.h"

#include <asm/bitops.h>
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
int evtchn_port_open(struct domain *d, enum port_state state, unsigned int vcpu,
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

void evtchn_port_free(struct domain *d, struct evtchn *c, unsigned int port)
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

int evtchn_alloc_unbound(struct domain *d, domid_t remote, unsigned int *out)
{
	struct evtchn *c;
	int port;

	spin_lock(&d->evtchn.lock);
	port = evtchn_port_open(d, PORT_UNBOUND, 0, &c);
	if (port >= 0) {
		c->remote = NULL;
		c->unbound_for = remote;
		*out = port;
	}
	spin_unlock(&d->evtchn.lock);
	return MIN(port, 0);
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

void evtchn_lock_two(struct domain *a, struct domain *b)
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

void evtchn_unlock_two(struct domain *a, struct domain *b)
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
		evtchn_lock_two(d, r);
		if (c->state == PORT_INTERDOMAIN && c->remote == r) {
			/* The pair itself keeps r now. */
			domain_put(r);
			return c;
		}
		evtchn_unlock_two(d, r);
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

int evtchn_close(struct domain *d, unsigned int port)
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
		evtchn_port_free(d, c, port);
	evtchn_unlock_two(d, other);
	return rc;
}

/* Close what is open; -ERESTART if something more urgent turned up. */
int evtchn_close_all(struct domain *d)
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
		evtchn_set_pending(c->remote,
				   known_port(c->remote, c->remote_port),
				   c->remote_port);
		break;
	case PORT_IPI:
		evtchn_set_pending(d, c, port);
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
		evtchn_set_pending(d, c, port);
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

/* ---- birth and death --------------------------------------------------- */

int evtchn_init_domain(struct domain *d)
{
	d->evtchn.ops = &evtchn_2l_ops;
	return 0;
}

void evtchn_init_vcpu(struct vcpu *v)
{
	for (unsigned int i = 0; i < NR_GUEST_VIRQS; i++)
		v->evtchn.virq_port[i] = 0;
	v->evtchn.fifo = NULL;
}

int evtchn_destroy_domain(struct domain *d)
{
	int rc = evtchn_close_all(d);

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
