/*
 * Event channels of three domains, one of them dom0: each four bytes are an
 * operation (who, what, two arguments), among them scribbles over all that
 * guests can write.  After each the audit; at the end nothing may be left.
 */
#include <stdlib.h>
#include <string.h>

#include "../../host/machine.h"
#include <hvx/console.h>
#include <hvx/evtchn.h>
#include <hvx/hypercall.h>
#include <hvx/irq.h>

#define DOMAINS 3
#define VCPUS	2
#define PAGES	3	/* of each domain, for FIFO */

static struct domain *dom[DOMAINS];
static mfn_t page[DOMAINS][PAGES];
static struct pirq pirqs[NR_PIRQS];

int pirq_bind(struct vcpu *v, unsigned int pirq, bool will_share,
	      unsigned int port)
{
	if (will_share)
		return -EBUSY;
	v->d->pirqs[pirq].port = port;
	return 0;
}

void pirq_unbind(struct domain *d, unsigned int pirq)
{
	d->pirqs[pirq].port = 0;
}

static void make(unsigned int id)
{
	struct domain *d = host_make_domain(id, VCPUS);

	BUG_ON(evtchn_init_domain(d));
	d->evtchn.max_ports = 1500 + 1;
	for (unsigned int i = 0; i < VCPUS; i++)
		evtchn_init_vcpu(host_make_vcpu(d, i));
	for (unsigned int i = 0; i < PAGES; i++)
		page[id][i] = host_give_frame(d);
	dom[id] = d;
}

static void unmake(unsigned int id)
{
	struct domain *d = dom[id];

	d->is_dying = true;
	while (evtchn_destroy_domain(d) == -ERESTART)
		;
	BUG_ON(d->evtchn.in_use || evtchn_audit(d));
	evtchn_free_domain(d);
	for (unsigned int i = 0; i < PAGES; i++)
		BUG_ON(!frame_release(page[id][i], d));
	host_free_domain(d);
}

union arg {
	struct evtchn_bind_interdomain bind_interdomain;
	struct evtchn_bind_virq bind_virq;
	struct evtchn_bind_pirq bind_pirq;
	struct evtchn_status status;
	struct evtchn_alloc_unbound alloc_unbound;
	struct evtchn_bind_ipi bind_ipi;
	struct evtchn_bind_vcpu bind_vcpu;
	struct evtchn_reset reset;
	struct evtchn_init_control init_control;
	struct evtchn_expand_array expand_array;
	struct evtchn_set_priority set_priority;
	uint32_t port;
};

/* Small numbers that exist, and now and then one far out. */
static domid_t domid(uint8_t x)
{
	return x < 200 ? x % (DOMAINS + 1) : DOMID_SELF;
}

static uint32_t portno(uint8_t x)
{
	static const uint32_t odd[] = { 4095, 4096, 131071, 1U << 31, ~0U };

	return x < 240 ? x % 24 : odd[x % 5];
}

static void fill(union arg *a, unsigned int cmd, unsigned int id, uint8_t x,
		 uint8_t y)
{
	memset(a, 0, sizeof(*a));
	switch (cmd) {
	case EVTCHNOP_bind_interdomain:
		a->bind_interdomain.remote_dom = domid(x);
		a->bind_interdomain.remote_port = portno(y);
		break;
	case EVTCHNOP_bind_virq:
		a->bind_virq.virq = x % 26;
		a->bind_virq.vcpu = y % (VCPUS + 1);
		break;
	case EVTCHNOP_bind_pirq:
		a->bind_pirq.pirq = x * 4;
		a->bind_pirq.flags = y & 1;
		break;
	case EVTCHNOP_status:
		a->status.dom = domid(x);
		a->status.port = portno(y);
		break;
	case EVTCHNOP_alloc_unbound:
		a->alloc_unbound.dom = domid(x);
		a->alloc_unbound.remote_dom = domid(y);
		break;
	case EVTCHNOP_bind_ipi:
		a->bind_ipi.vcpu = x % (VCPUS + 1);
		break;
	case EVTCHNOP_bind_vcpu:
		a->bind_vcpu.port = portno(x);
		a->bind_vcpu.vcpu = y % (VCPUS + 1);
		break;
	case EVTCHNOP_reset:
		a->reset.dom = domid(x);
		break;
	case EVTCHNOP_init_control:
		a->init_control.control_gfn =
			mfn_x(page[y < 250 ? id : 1][x % PAGES]);
		a->init_control.offset = y * 24;
		a->init_control.vcpu = y % (VCPUS + 1);
		break;
	case EVTCHNOP_expand_array:
		a->expand_array.array_gfn =
			mfn_x(page[y < 250 ? id : 1][x % PAGES]);
		break;
	case EVTCHNOP_set_priority:
		a->set_priority.port = portno(x);
		a->set_priority.priority = y % 20;
		break;
	default:
		a->port = portno(x);
	}
}

static void hypercall(unsigned int id, unsigned int cmd, uint8_t x, uint8_t y)
{
	struct vcpu *v = dom[id]->vcpu[y & 1];
	union arg a;

	fill(&a, cmd, id, x, y);
	host.preempt = (x ^ y) & 1;
	do {
		host.continued = false;
		(void)hc_event_channel_op(v, (int)cmd, (gva_t)&a);
	} while (host.continued);
}

/* A byte of what the guest shares with the core. */
static void scribble(unsigned int id, uint8_t x, uint8_t y)
{
	uint8_t *p = x & 1 ? mfn_to_virt(page[id][x % PAGES])
			   : (uint8_t *)dom[id]->shared;

	p[(x >> 1) * 4 % 512 + (y & 3)] = y;
	p[(x >> 1) * 24 % 4096] ^= y;
}

static void event(unsigned int id, uint8_t x, uint8_t y)
{
	switch (x % 4) {
	case 0:
		virq_send_vcpu(dom[id]->vcpu[y & 1], y % NR_VIRQS);
		break;
	case 1:
		virq_send_domain(dom[id], y % NR_VIRQS);
		break;
	case 2:
		virq_send_global(y % NR_VIRQS);
		break;
	case 3:
		evtchn_send_pirq(dom[id], portno(y));
		break;
	}
}

static void step(const uint8_t *b)
{
	unsigned int id = b[0] % DOMAINS, what = b[1] % 20;

	if (what < 16)
		hypercall(id, what, b[2], b[3]);
	else if (what < 18)
		scribble(id, b[2], b[3]);
	else if (what == 18)
		event(id, b[2], b[3]);
	else
		host.allocs_left = b[2] < 128 ? b[2] % 4 : -1;
	for (unsigned int i = 0; i < DOMAINS; i++)
		BUG_ON(evtchn_audit(dom[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	host_reset(2);
	host.quiet = true;
	memset(pirqs, 0, sizeof(pirqs));
	for (unsigned int i = 0; i < DOMAINS; i++)
		make(i);
	hw_domain = dom[0];
	dom[0]->is_hw = true;
	dom[0]->pirqs = pirqs;

	for (size_t i = 0; i + 4 <= size && i < 1024; i += 4)
		step(data + i);

	host.preempt = false;
	for (unsigned int i = 0; i < DOMAINS; i++)
		unmake(i);
	hw_domain = NULL;
	BUG_ON(host.pages_out || host.heap_out);
	return 0;
}
