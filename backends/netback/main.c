/* SPDX-License-Identifier: MIT */
/*
 * netback: all network cards of one guest. It opens what it needs as root,
 * gives up its rights, and then hears of its first card.
 */
#include "netback.h"

#include <linux/if_tun.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include "backends/common/start.h"

static const char serves[] =
"Serves the network cards of one guest; hvxd starts it and hands over taps.";

static const int calls[] = { SCMP_SYS(readv), SCMP_SYS(io_uring_enter), -1 };

/* Of the tap's requests none that makes, finds or moves a device. */
static const unsigned long ioctls[] = {
	TUNGETIFF, TUNSETOFFLOAD, TUNSETVNETHDRSZ, TUNSETCARRIER, 0
};

static void start_timers(struct service *s)
{
	s->again = start_timer(s->loop, service_on_again, s);
	s->slow = start_timer(s->loop, service_on_slow, s);
	s->tick = start_timer(s->loop, service_on_tick, s);
}

static void open_all(struct service *s, const struct start_options *o)
{
	s->state = state_open(start_state(o));
	start_need_state(s->state);
	s->grants = start_grants(s->domid);
	s->ports = start_ports(s->domid);
	if (batch_init(s))
		start_fail("memory for buffers");
	if (!xs_start(s))
		start_fail("the store (is its daemon running?)");
}

int main(int argc, char **argv)
{
	struct start_options o = start(argc, argv, "netback", serves);
	struct service s = { .domid = o.domid, .loop = start_loop() };

	start_timers(&s);
	open_all(&s, &o);
	start_confine(&o, (struct confine){
		.address_space = 256 << 20, .files = 128,
		.calls = calls, .ioctls = ioctls });
	if (!loop_add_fd(s.loop, ports_fd(s.ports), EPOLLIN, service_on_ports,
			 &s) || control_start(&s, o.control))
		start_fail("event loop");
	start_run(s.loop);
	return 0;
}
