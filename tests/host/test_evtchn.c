/*
 * Event channels: who may bind what to whom, what a send does in each state,
 * what closing and resetting leave behind; the 2-level bits.  Two domains
 * (d1 with two vCPUs, d2), and dom0.  evtchn_audit() after each step.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "evtchn_rig.h"
#include <hvx/hypercall.h>
#include <hvx/irq.h>

static struct domain *d0, *d1, *d2;
static struct vcpu *v0, *v1, *v1b, *v2;
static struct pirq pirqs[NR_PIRQS];
static unsigned int pirq_cpu;

/* cpu/irq.c's part, as far as it is visible from here. */
int pirq_bind(struct vcpu *v, unsigned int pirq, bool will_share,
	      unsigned int port)
{
	(void)will_share;
	if (pirq == 99)
		return -EINVAL;
	v->d->pirqs[pirq].port = port;
	return 0;
}

void pirq_unbind(struct domain *d, unsigned int pirq)
{
	d->pirqs[pirq].port = 0;
}

void pirq_set_affinity(struct domain *d, unsigned int pirq, unsigned int cpu)
{
	(void)d;
	(void)pirq;
	pirq_cpu = cpu;
}

static long call(struct vcpu *v, int cmd, void *arg)
{
	long rc = hc_event_channel_op(v, cmd, (gva_t)arg);

	assert_int_equal(evtchn_audit(d0) + evtchn_audit(d1) + evtchn_audit(d2),
			 0);
	return rc;
}

static int setup(void **state)
{
	(void)state;
	host_reset(2);
	host.quiet = true;
	memset(pirqs, 0, sizeof(pirqs));
	d0 = evtchn_make(0, 1);
	d0->is_hw = true;
	d0->pirqs = pirqs;
	hw_domain = d0;
	d1 = evtchn_make(1, 3);
	d2 = evtchn_make(2, 1);
	v0 = d0->vcpu[0];
	v1 = d1->vcpu[0];
	v1b = d1->vcpu[1];
	v2 = d2->vcpu[0];
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	evtchn_unmake(d2);
	evtchn_unmake(d1);
	evtchn_unmake(d0);
	hw_domain = NULL;
	assert_int_equal(host.pages_out, 0);
	assert_int_equal(host.heap_out, 0);
	return 0;
}

/* ---- the calls, by name --------------------------------------------------- */

static long alloc_unbound(struct vcpu *v, domid_t dom, domid_t remote,
			  unsigned int *port)
{
	struct evtchn_alloc_unbound op = { .dom = dom, .remote_dom = remote };
	long rc = call(v, EVTCHNOP_alloc_unbound, &op);

	*port = op.port;
	return rc;
}

static long bind_interdomain(struct vcpu *v, domid_t dom, unsigned int rport,
			     unsigned int *port)
{
	struct evtchn_bind_interdomain op = { .remote_dom = dom,
					      .remote_port = rport };
	long rc = call(v, EVTCHNOP_bind_interdomain, &op);

	*port = op.local_port;
	return rc;
}

static long bind_virq(struct vcpu *v, unsigned int virq, unsigned int vcpu,
		      unsigned int *port)
{
	struct evtchn_bind_virq op = { .virq = virq, .vcpu = vcpu };
	long rc = call(v, EVTCHNOP_bind_virq, &op);

	*port = op.port;
	return rc;
}

static long bind_ipi(struct vcpu *v, unsigned int vcpu, unsigned int *port)
{
	struct evtchn_bind_ipi op = { .vcpu = vcpu };
	long rc = call(v, EVTCHNOP_bind_ipi, &op);

	*port = op.port;
	return rc;
}

static long on_port(struct vcpu *v, int cmd, unsigned int port)
{
	return call(v, cmd, &port);	/* close, send, unmask */
}

static long bind_vcpu(struct vcpu *v, unsigned int port, unsigned int vcpu)
{
	struct evtchn_bind_vcpu op = { .port = port, .vcpu = vcpu };

	return call(v, EVTCHNOP_bind_vcpu, &op);
}

static struct evtchn_status status(struct vcpu *v, unsigned int port)
{
	struct evtchn_status op = { .dom = DOMID_SELF, .port = port };

	assert_int_equal(call(v, EVTCHNOP_status, &op), 0);
	return op;
}

static long reset(struct vcpu *v, domid_t dom)
{
	struct evtchn_reset op = { .dom = dom };

	return call(v, EVTCHNOP_reset, &op);
}

/* d1 and d2 joined by a pair of ports. */
static void make_pair(unsigned int *p1, unsigned int *p2)
{
	assert_int_equal(alloc_unbound(v1, DOMID_SELF, 2, p1), 0);
	assert_int_equal(bind_interdomain(v2, 1, *p1, p2), 0);
	memset(d2->shared, 0, sizeof(*d2->shared));
}

/* ---- tests ----------------------------------------------------------------- */

static void test_lowest_port_first(void **state)
{
	unsigned int a, b, c;

	(void)state;
	assert_int_equal(bind_ipi(v1, 0, &a), 0);
	assert_int_equal(bind_ipi(v1, 0, &b), 0);
	assert_int_equal(bind_ipi(v1, 0, &c), 0);
	assert_int_equal(a, 1);
	assert_int_equal(b, 2);
	assert_int_equal(on_port(v1, EVTCHNOP_close, b), 0);
	assert_int_equal(on_port(v1, EVTCHNOP_close, a), 0);
	assert_int_equal(bind_ipi(v1, 0, &a), 0);
	assert_int_equal(a, 1);
	assert_int_equal(bind_ipi(v1, 0, &b), 0);
	assert_int_equal(b, 2);
	assert_int_equal(bind_ipi(v1, 0, &b), 0);
	assert_int_equal(b, 4);
}

static void test_send_interdomain(void **state)
{
	struct vcpu_info *info = v2->info;
	unsigned int p1, p2;

	(void)state;
	make_pair(&p1, &p2);
	host.upcalls = 0;
	assert_int_equal(on_port(v1, EVTCHNOP_send, p1), 0);
	assert_true(d2->shared->evtchn_pending[0] & BIT(p2));
	assert_int_equal(info->evtchn_pending_sel, 1);
	assert_int_equal(info->evtchn_upcall_pending, 1);
	assert_int_equal(host.upcalls, 1);

	/* It is pending already: nothing more happens. */
	assert_int_equal(on_port(v1, EVTCHNOP_send, p1), 0);
	assert_int_equal(host.upcalls, 1);
	assert_int_equal(d1->shared->evtchn_pending[0], 0);
}

static void test_bind_sets_local_pending(void **state)
{
	unsigned int p1, p2;

	(void)state;
	assert_int_equal(alloc_unbound(v1, DOMID_SELF, 2, &p1), 0);
	/* Nobody listens: dropped, but the binder is told anyway. */
	assert_int_equal(on_port(v1, EVTCHNOP_send, p1), 0);
	assert_int_equal(bind_interdomain(v2, 1, p1, &p2), 0);
	assert_true(d2->shared->evtchn_pending[0] & BIT(p2));
}

static void test_mask_and_unmask(void **state)
{
	struct vcpu_info *info = v2->info;
	unsigned int p1, p2;

	(void)state;
	make_pair(&p1, &p2);
	d2->shared->evtchn_mask[0] = ~0UL;
	assert_int_equal(on_port(v1, EVTCHNOP_send, p1), 0);
	assert_true(d2->shared->evtchn_pending[0] & BIT(p2));
	assert_int_equal(info->evtchn_upcall_pending, 0);

	assert_int_equal(on_port(v2, EVTCHNOP_unmask, p2), 0);
	assert_false(d2->shared->evtchn_mask[0] & BIT(p2));
	assert_int_equal(info->evtchn_pending_sel, 1);
	assert_int_equal(info->evtchn_upcall_pending, 1);
}

static void test_ports_out_of_range(void **state)
{
	static const unsigned int ports[] = { 0,    4,	   4095,   4096,
					      131071, 131072, 1U << 31, ~0U };
	unsigned int p;

	(void)state;
	for (int i = 1; i < 4; i++)
		assert_int_equal(bind_ipi(v1, 0, &p), 0);
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		struct evtchn_set_priority prio = { .port = ports[i] };
		unsigned int out;

		assert_int_equal(on_port(v1, EVTCHNOP_close, ports[i]),
				 -EINVAL);
		assert_int_equal(on_port(v1, EVTCHNOP_send, ports[i]),
				 -EINVAL);
		assert_int_equal(bind_vcpu(v1, ports[i], 0), -EINVAL);
		assert_int_equal(bind_interdomain(v2, 1, ports[i], &out),
				 -EINVAL);
		assert_true(call(v1, EVTCHNOP_set_priority, &prio) < 0);
		(void)on_port(v1, EVTCHNOP_unmask, ports[i]);
		assert_false(evtchn_port_pending(d1, ports[i]));
	}
	assert_int_equal(d1->evtchn.in_use, 3);
}

static void test_who_may_bind(void **state)
{
	unsigned int p1, p2, p;

	(void)state;
	/* Between two others: dom0 only. */
	assert_int_equal(alloc_unbound(v1, 2, 0, &p), -EPERM);
	assert_int_equal(alloc_unbound(v1, 77, 0, &p), -ESRCH);
	assert_int_equal(alloc_unbound(v0, 2, 1, &p), 0);
	assert_int_equal(d2->evtchn.in_use, 1);

	assert_int_equal(alloc_unbound(v1, DOMID_SELF, 2, &p1), 0);
	assert_int_equal(bind_interdomain(v0, 1, p1, &p), -EINVAL);
	assert_int_equal(bind_interdomain(v1, 1, p1, &p), -EINVAL);
	assert_int_equal(bind_interdomain(v2, 77, p1, &p), -ESRCH);
	assert_int_equal(bind_interdomain(v2, 1, p1, &p2), 0);
	/* Bound: not to be had twice. */
	assert_int_equal(bind_interdomain(v2, 1, p1, &p), -EINVAL);
	/* A domain that dies gives nothing any more. */
	assert_int_equal(alloc_unbound(v1, DOMID_SELF, 2, &p1), 0);
	d1->is_dying = true;
	assert_int_equal(bind_interdomain(v2, 1, p1, &p), -EINVAL);
	assert_int_equal(alloc_unbound(v1, DOMID_SELF, 2, &p), -EINVAL);
	d1->is_dying = false;
}

static void test_close_leaves_other_end_unbound(void **state)
{
	unsigned int p1, p2, p;

	(void)state;
	make_pair(&p1, &p2);
	assert_int_equal(on_port(v2, EVTCHNOP_close, p2), 0);
	assert_int_equal(status(v1, p1).status, EVTCHNSTAT_unbound);
	assert_int_equal(status(v1, p1).u.unbound.dom, 2);
	assert_int_equal(status(v2, p2).status, EVTCHNSTAT_closed);
	assert_int_equal(on_port(v1, EVTCHNOP_send, p1), 0);
	assert_int_equal(d2->shared->evtchn_pending[0], 0);
	/* Only who was bound may bind again. */
	assert_int_equal(bind_interdomain(v0, 1, p1, &p), -EINVAL);
	assert_int_equal(bind_interdomain(v2, 1, p1, &p), 0);
	/* From the side with the other address order, too. */
	assert_int_equal(on_port(v1, EVTCHNOP_close, p1), 0);
	assert_int_equal(status(v2, p).status, EVTCHNSTAT_unbound);
	assert_int_equal(status(v2, p).u.unbound.dom, 1);
}

static void test_loopback(void **state)
{
	unsigned int a, b;

	(void)state;
	assert_int_equal(alloc_unbound(v1, DOMID_SELF, DOMID_SELF, &a), 0);
	assert_int_equal(bind_interdomain(v1, DOMID_SELF, a, &b), 0);
	assert_int_equal(status(v1, a).u.interdomain.dom, 1);
	assert_int_equal(status(v1, a).u.interdomain.port, b);
	assert_int_equal(on_port(v1, EVTCHNOP_send, b), 0);
	assert_true(d1->shared->evtchn_pending[0] & BIT(a));
	assert_int_equal(on_port(v1, EVTCHNOP_close, a), 0);
	assert_false(d1->shared->evtchn_pending[0] & BIT(a));
	assert_int_equal(status(v1, b).status, EVTCHNSTAT_unbound);
}

static void test_exhaustion(void **state)
{
	unsigned int n, p, dummy;

	(void)state;
	for (int round = 0; round < 3; round++) {
		long rc, pages;

		for (n = 0; !(rc = evtchn_alloc_unbound(d1, 2, &p)); n++)
			;
		assert_int_equal(rc, -ENOSPC);
		assert_int_equal(n, EVTCHN_2L_NR_CHANNELS - 1);
		assert_int_equal(bind_virq(v1, VIRQ_TIMER, 0, &dummy),
				 -ENOSPC);
		assert_int_equal(v1->evtchn.virq_port[VIRQ_TIMER], 0);
		assert_int_equal(bind_ipi(v1, 0, &dummy), -ENOSPC);
		pages = host.pages_out;
		assert_int_equal(reset(v1, DOMID_SELF), 0);
		assert_int_equal(d1->evtchn.in_use, 0);
		assert_int_equal(host.pages_out, pages);
	}
}

static void test_toolstack_limit(void **state)
{
	unsigned int n, p;

	(void)state;
	d1->evtchn.max_ports = 1023 + 1;
	for (n = 0; !evtchn_alloc_unbound(d1, 2, &p); n++)
		assert_true(p <= 1023);
	assert_int_equal(n, 1023);
}

static void test_virq_rules(void **state)
{
	unsigned int p, q;

	(void)state;
	assert_int_equal(bind_virq(v1, NR_VIRQS, 0, &p), -EINVAL);
	assert_int_equal(bind_virq(v1, ~0U, 0, &p), -EINVAL);
	assert_int_equal(bind_virq(v0, VIRQ_DOM_EXC, 1, &p), -EINVAL);
	assert_int_equal(bind_virq(v1, VIRQ_DOM_EXC, 0, &p), -EPERM);
	assert_int_equal(bind_virq(v1, VIRQ_TIMER, 3, &p), -ENOENT);
	assert_int_equal(bind_virq(v1, VIRQ_TIMER, ~0U, &p), -ENOENT);
	assert_int_equal(bind_virq(v1, VIRQ_TIMER, 1, &p), 0);
	assert_int_equal(bind_virq(v1, VIRQ_TIMER, 1, &q), -EEXIST);
	assert_int_equal(bind_vcpu(v1, p, 0), -EINVAL);

	virq_send_vcpu(v1, VIRQ_TIMER);
	assert_int_equal(d1->shared->evtchn_pending[0], 0);
	virq_send_vcpu(v1b, VIRQ_TIMER);
	assert_true(d1->shared->evtchn_pending[0] & BIT(p));
	assert_int_equal(v1b->info->evtchn_upcall_pending, 1);
	assert_int_equal(v1->info->evtchn_upcall_pending, 0);

	assert_int_equal(on_port(v1, EVTCHNOP_close, p), 0);
	virq_send_vcpu(v1b, VIRQ_TIMER);
	assert_int_equal(d1->shared->evtchn_pending[0], 0);
	assert_int_equal(bind_virq(v1, VIRQ_TIMER, 1, &p), 0);
}

static void test_global_virq(void **state)
{
	unsigned int p;

	(void)state;
	virq_send_global(VIRQ_DOM_EXC);
	assert_int_equal(bind_virq(v0, VIRQ_DOM_EXC, 0, &p), 0);
	virq_send_global(VIRQ_DOM_EXC);
	assert_true(d0->shared->evtchn_pending[0] & BIT(p));
	assert_int_equal(status(v0, p).u.virq, VIRQ_DOM_EXC);
}

/* A domain's VIRQ stays its after it moved to another vCPU. */
static void test_domain_virq_moves(void **state)
{
	unsigned int p;

	(void)state;
	assert_int_equal(bind_virq(v1, VIRQ_ARGO, 0, &p), 0);
	assert_int_equal(bind_vcpu(v1, p, 2), 0);
	virq_send_domain(d1, VIRQ_ARGO);
	assert_int_equal(d1->vcpu[2]->info->evtchn_upcall_pending, 1);
	assert_int_equal(v1->info->evtchn_upcall_pending, 0);
	assert_int_equal(on_port(v1, EVTCHNOP_close, p), 0);
	assert_int_equal(v1->evtchn.virq_port[VIRQ_ARGO], 0);
}

static void test_ipi(void **state)
{
	unsigned int p;

	(void)state;
	assert_int_equal(bind_ipi(v1, 3, &p), -ENOENT);
	assert_int_equal(bind_ipi(v1, 2, &p), 0);
	assert_int_equal(on_port(v1, EVTCHNOP_send, p), 0);
	assert_int_equal(d1->vcpu[2]->info->evtchn_upcall_pending, 1);
	assert_int_equal(bind_vcpu(v1, p, 0), -EINVAL);
}

static void test_pirq(void **state)
{
	struct evtchn_bind_pirq op = { .pirq = 9 };
	unsigned int p;

	(void)state;
	assert_int_equal(call(v1, EVTCHNOP_bind_pirq, &op), -EPERM);
	op.pirq = NR_PIRQS;
	assert_int_equal(call(v0, EVTCHNOP_bind_pirq, &op), -EINVAL);
	op.pirq = 99;		/* refused by the interrupt code */
	assert_int_equal(call(v0, EVTCHNOP_bind_pirq, &op), -EINVAL);
	assert_int_equal(d0->evtchn.in_use, 0);
	op.pirq = 9;
	assert_int_equal(call(v0, EVTCHNOP_bind_pirq, &op), 0);
	p = op.port;
	assert_int_equal(call(v0, EVTCHNOP_bind_pirq, &op), -EEXIST);
	evtchn_send_pirq(d0, p);
	assert_true(evtchn_port_pending(d0, p));
	assert_int_equal(on_port(v0, EVTCHNOP_send, p), -EINVAL);
	v0->cpu = 1;
	assert_int_equal(bind_vcpu(v0, p, 0), 0);
	assert_int_equal(pirq_cpu, 1);
	assert_int_equal(on_port(v0, EVTCHNOP_close, p), 0);
	assert_int_equal(pirqs[9].port, 0);
	evtchn_send_pirq(d0, p);
	assert_false(evtchn_port_pending(d0, p));
}

static void test_status_rights(void **state)
{
	struct evtchn_status op = { .dom = 2, .port = 1 };
	unsigned int p;

	(void)state;
	assert_int_equal(bind_ipi(v2, 0, &p), 0);
	assert_int_equal(call(v1, EVTCHNOP_status, &op), -EPERM);
	assert_int_equal(call(v0, EVTCHNOP_status, &op), 0);
	assert_int_equal(op.status, EVTCHNSTAT_ipi);
	op.port = 4000;
	assert_int_equal(call(v0, EVTCHNOP_status, &op), -EINVAL);
	assert_int_equal(reset(v1, 2), -EPERM);
	assert_int_equal(d2->evtchn.in_use, 1);
	assert_int_equal(reset(v0, 2), 0);
	assert_int_equal(d2->evtchn.in_use, 0);
}

/* The caller's memory goes away between the copy in and the copy out. */
static void test_port_taken_back(void **state)
{
	static struct evtchn_alloc_unbound ro __aligned(4096);
	struct evtchn_alloc_unbound *op = &ro;

	(void)state;
	ro = (struct evtchn_alloc_unbound){ .dom = DOMID_SELF };
	host.read_only_from = (gva_t)op;
	host.read_only_to = (gva_t)(op + 1);
	assert_int_equal(call(v1, EVTCHNOP_alloc_unbound, op), -EFAULT);
	assert_int_equal(d1->evtchn.in_use, 0);
}

static void test_bad_pointers(void **state)
{
	(void)state;
	for (int cmd = 0; cmd < 16; cmd++) {
		long rc = call(v1, cmd, (void *)8);

		assert_int_equal(rc, cmd <= EVTCHNOP_set_priority ? -EFAULT
								  : -ENOSYS);
	}
	assert_int_equal(call(v1, -1, (void *)8), -ENOSYS);
}

static void test_every_allocation_fails_once(void **state)
{
	unsigned int p;
	long n, rc;

	(void)state;
	for (n = 0; n < 10; n++) {
		host.allocs_left = n;
		rc = bind_ipi(v1, 0, &p);
		host.allocs_left = -1;
		if (!rc)
			break;
		assert_int_equal(rc, -ENOMEM);
		assert_int_equal(d1->evtchn.in_use, 0);
	}
	assert_int_equal(n, 3);		/* two tables and a page */
}

static void test_destroy_is_preemptible(void **state)
{
	unsigned int p, q = 0;
	int again = 0, rc;

	(void)state;
	for (int i = 0; i < 300; i++) {
		assert_int_equal(evtchn_alloc_unbound(d1, 2, &p), 0);
		if (i == 250)
			assert_int_equal(bind_interdomain(v2, 1, p, &q), 0);
	}
	d1->is_dying = true;
	host.preempt = true;
	while ((rc = evtchn_destroy_domain(d1)) == -ERESTART)
		again++;
	host.preempt = false;
	assert_int_equal(rc, 0);
	assert_in_range(again, 2, 5);
	assert_int_equal(d1->evtchn.in_use, 0);
	assert_int_equal(status(v2, q).status, EVTCHNSTAT_unbound);
}

static void test_reset_continues(void **state)
{
	struct evtchn_reset op = { .dom = DOMID_SELF };
	unsigned int p, again = 0;

	(void)state;
	for (int i = 0; i < 200; i++)
		assert_int_equal(evtchn_alloc_unbound(d1, 2, &p), 0);
	host.preempt = true;
	do {
		host.continued = false;
		(void)call(v1, EVTCHNOP_reset, &op);
		again += host.continued;
	} while (host.continued);
	assert_int_equal(host.cont_args[0], EVTCHNOP_reset);
	assert_in_range(again, 2, 4);
	assert_int_equal(d1->evtchn.in_use, 0);
}

static void test_scribbled_shared_info(void **state)
{
	unsigned int p1, p2;

	(void)state;
	make_pair(&p1, &p2);
	memset(d2->shared, 0xff, sizeof(*d2->shared));
	assert_int_equal(on_port(v1, EVTCHNOP_send, p1), 0);
	assert_int_equal(on_port(v2, EVTCHNOP_unmask, p2), 0);
	assert_int_equal(on_port(v2, EVTCHNOP_close, p2), 0);
	assert_false(d2->shared->evtchn_pending[0] & BIT(p2));
}

static void test_no_vcpu_info_yet(void **state)
{
	unsigned int p;

	(void)state;
	assert_int_equal(bind_ipi(v1, 1, &p), 0);
	v1b->info = NULL;
	assert_int_equal(on_port(v1, EVTCHNOP_send, p), 0);
	v1b->info = &d1->shared->vcpu_info[1];
	evtchn_vcpu_info_moved(v1b);
	assert_true(evtchn_upcall_wanted(v1b));
	assert_int_equal(v1b->info->evtchn_pending_sel, ~0UL);
}

/* Who polls is woken by a masked port too, but only by one it asked for. */
static void test_pollers(void **state)
{
	unsigned int p, q;

	(void)state;
	assert_int_equal(bind_ipi(v1, 0, &p), 0);
	assert_int_equal(bind_ipi(v1, 0, &q), 0);
	d1->shared->evtchn_mask[0] = ~0UL;
	evtchn_poll_begin(d1);
	v1b->pause_flags |= VPF_POLLING;
	v1b->poll_port = p;
	host.upcalls = 0;
	assert_int_equal(on_port(v1, EVTCHNOP_send, q), 0);
	assert_int_equal(host.upcalls, 0);
	assert_int_equal(on_port(v1, EVTCHNOP_send, p), 0);
	assert_int_equal(host.upcalls, 1);
	v1b->poll_port = 0;	/* several: any may be meant */
	d1->shared->evtchn_pending[0] = 0;
	assert_int_equal(on_port(v1, EVTCHNOP_send, q), 0);
	assert_int_equal(host.upcalls, 2);
	evtchn_poll_end(d1);
	assert_int_equal(d1->evtchn.pollers, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_lowest_port_first),
		T(test_send_interdomain),
		T(test_bind_sets_local_pending),
		T(test_mask_and_unmask),
		T(test_ports_out_of_range),
		T(test_who_may_bind),
		T(test_close_leaves_other_end_unbound),
		T(test_loopback),
		T(test_exhaustion),
		T(test_toolstack_limit),
		T(test_virq_rules),
		T(test_global_virq),
		T(test_domain_virq_moves),
		T(test_ipi),
		T(test_pirq),
		T(test_status_rights),
		T(test_port_taken_back),
		T(test_bad_pointers),
		T(test_every_allocation_fails_once),
		T(test_destroy_is_preemptible),
		T(test_reset_continues),
		T(test_scribbled_shared_info),
		T(test_no_vcpu_info_yet),
		T(test_pollers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
