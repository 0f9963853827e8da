/* SPDX-License-Identifier: MIT */
/*
 * peerevents: event channels between domains (EV-02, EV-05, EV-06, EV-11,
 * EV-12).
 *
 * What must hold: a port is bound by the domain that it was opened for, once,
 * and only its two ends send by it; what one end does to its own never harms
 * the other; ports that are closed, reset and bound by both at once are either
 * free or a pair. A broken hypervisor lets a guest listen to, or flood, others.
 */
#include "../common/peer.h"

#define SECONDS	2

static struct peer a, b;

/* ---- in a peer ---- */

struct port_call {
	domid_t dom, remote;
	uint32_t port;
	unsigned int count;
};

static long p_alloc(void *arg)
{
	struct port_call *c = arg;
	struct evtchn_alloc_unbound op = {
		.dom = c->dom, .remote_dom = c->remote,
	};
	long rc = HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &op);

	return rc ? rc : (long)op.port;
}

static long p_bind(void *arg)
{
	struct port_call *c = arg;

	return event_bind_interdomain(c->remote, c->port);
}

static long p_close(void *arg)
{
	return event_close(((struct port_call *)arg)->port);
}

static long p_status(void *arg)
{
	struct port_call *c = arg;
	struct evtchn_status op = { .dom = c->dom, .port = c->port };
	long rc = HYPERVISOR_event_channel_op(EVTCHNOP_status, &op);

	return rc ? rc : (long)op.status;
}

static long p_reset(void *arg)
{
	struct port_call *c = arg;
	struct evtchn_reset op = { .dom = c->dom };

	return HYPERVISOR_event_channel_op(EVTCHNOP_reset, &op);
}

static long p_send_many(void *arg)
{
	struct port_call *c = arg;
	unsigned int i, bad = 0;

	for (i = 0; i < c->count; i++)
		bad += event_send(c->port) != 0;
	return bad;
}

/* Sends by every port there could be; how many took it. */
static long p_send_all(void *arg)
{
	unsigned int port, n = 0;

	(void)arg;
	for (port = 0; port < 4096; port++)
		n += event_send(port) == 0;
	return n;
}

/* ---- EV-02 ---- */

static long alloc(struct peer *p, domid_t dom, domid_t remote)
{
	struct port_call c = { .dom = dom, .remote = remote };

	return peer_do(p, p_alloc, &c);
}

static long bind(struct peer *p, domid_t remote, long port)
{
	struct port_call c = { .remote = remote, .port = (uint32_t)port };

	return peer_do(p, p_bind, &c);
}

static long closing(struct peer *p, long port)
{
	struct port_call c = { .port = (uint32_t)port };

	return peer_do(p, p_close, &c);
}

static long status(struct peer *p, domid_t dom, long port)
{
	struct port_call c = { .dom = dom, .port = (uint32_t)port };

	return peer_do(p, p_status, &c);
}

static void check_rights(void)
{
	long for_b, for_dom0, mine, other, at_b;
	struct port_call c = { .dom = b.id };

	check(alloc(&a, b.id, a.id) == -XEN_EPERM &&
	      alloc(&a, 0, a.id) == -XEN_EPERM,
	      "EV-02 nobody opens another's port");
	for_b = alloc(&a, DOMID_SELF, b.id);
	for_dom0 = alloc(&a, DOMID_SELF, 0);
	check(for_b > 0 && for_dom0 > 0, "EV-02 but his own, for anybody");
	check(bind(&b, a.id, for_dom0) == -XEN_EINVAL,
	      "EV-02 a port opened for somebody else");
	check(bind(&b, a.id, 1000) == -XEN_EINVAL &&
	      bind(&b, a.id, 1 << 30) == -XEN_EINVAL, "EV-02 no port");
	check(bind(&b, 0x7ef0, for_b) == -XEN_ESRCH, "EV-02 no domain");
	at_b = bind(&b, a.id, for_b);
	check(at_b > 0, "EV-02 the one it was opened for");
	check(bind(&b, a.id, for_b) == -XEN_EINVAL, "EV-02 but once");
	check(status(&b, a.id, for_b) == -XEN_EPERM, "others' ports are theirs");
	check(peer_do(&a, p_reset, &c) == -XEN_EPERM, "and not to be reset");
	check(!closing(&a, for_b) &&
	      status(&b, DOMID_SELF, at_b) == EVTCHNSTAT_unbound,
	      "EV-02 one end closed, the other waits again");
	check(bind(&b, a.id, for_b) == -XEN_EINVAL, "EV-02 a closed port");
	mine = alloc(&a, DOMID_SELF, DOMID_SELF);
	other = bind(&a, DOMID_SELF, mine);
	check(mine > 0 && other > 0, "EV-02 both ends in one domain");
	check(!closing(&a, for_dom0) && !closing(&a, mine) &&
	      !closing(&a, other) && !closing(&b, at_b), "all closed");
}

/* ---- EV-05, EV-06 ---- */

static volatile unsigned int heard;

static void listen(unsigned int port)
{
	(void)port;
	heard++;
}

static void check_storm(void)
{
	unsigned long before = free_pages_of_machine();
	struct port_call c = { .count = 100000 };
	long at_a = alloc(&a, DOMID_SELF, 0), here;

	here = event_bind_interdomain(a.id, (unsigned int)at_a);
	check(here > 0, "a channel");
	event_mask((unsigned int)here);
	c.port = (uint32_t)at_a;
	check(!peer_do(&a, p_send_many, &c) &&
	      event_pending((unsigned int)here),
	      "EV-06 a masked port is pending, whatever is sent");
	event_set_handler((unsigned int)here, listen);
	c.count = 20000;
	peer_post(&a, p_send_many, &c, sizeof(c));
	check(!peer_wait(&a, &c, sizeof(c)) && heard > 1,
	      "EV-06 one that is served is heard");
	event_set_handler((unsigned int)here, NULL);
	check(free_pages_of_machine() == before || !on_hvx(),
	      "EV-06 no memory grows by it");
	check(peer_call(&a, p_send_all, NULL, 0) == 2,
	      "EV-05 it sends by its own two ports and no other");
	event_close((unsigned int)here);
	closing(&a, at_a);
}

/* ---- EV-11, EV-12: all at once ---- */

struct race {
	uint64_t end;			/* in the peer: by its own clock */
};

static struct race race;

/* Opens for the builder, sends, closes; ports come and go. */
static void open_and_close(void *arg)
{
	const struct race *r = arg;

	while (time_now() < r->end) {
		long port = event_alloc_unbound(peer_builder()), other;

		event_send((unsigned int)port);
		other = event_alloc_unbound(peer_self());
		if (other > 0)
			event_bind_interdomain(peer_self(),
					       (unsigned int)other);
		event_send((unsigned int)other);
		event_close((unsigned int)other);
		event_close((unsigned int)port);
	}
}

static void reset_often(void *arg)
{
	const struct race *r = arg;
	struct evtchn_reset op = { .dom = DOMID_SELF };

	while (time_now() < r->end)
		HYPERVISOR_event_channel_op(EVTCHNOP_reset, &op);
}

static long p_race(void *arg)
{
	(void)arg;
	race.end = time_now() + SECONDS * 1000000000ull;
	cpu_start(1, reset_often, &race);
	open_and_close(&race);
	cpu_wait(1);
	return 0;
}

/* The builder binds to what the peer may have opened, sends and closes. */
static void check_races(void)
{
	struct peer_config two = { .vcpus = 2 };
	unsigned int bound = 0, i, rounds = 0;
	static struct peer p;
	long port;

	peer_start(&p, &two);
	peer_post(&p, p_race, NULL, 0);
	while (!peer_answered(&p)) {
		rounds++;
		for (i = 1; i < 8; i++) {
			port = event_bind_interdomain(p.id, i);
			if (port < 0)
				continue;
			bound++;
			event_send((unsigned int)port);
			event_close((unsigned int)port);
		}
		if (rounds % 64 == 0)
			relax();
	}
	note("%u rounds, bound %u times", rounds, bound);
	check(bound > 0, "EV-11 EV-12 ports that both ends open and close");
	check(!peer_destroy(&p), "EV-11 it dies in peace");
}

void guest_main(void)
{
	peer_start(&a, NULL);
	peer_start(&b, NULL);
	event_enable();
	check_rights();
	check_storm();
	check_races();
	check(!peer_destroy(&a) && !peer_destroy(&b), "the end");
}
