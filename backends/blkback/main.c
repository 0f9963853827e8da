/* SPDX-License-Identifier: MIT */
/*
 * blkback: all disks of one guest. It opens what it needs as root, gives up
 * its rights, and then hears of its first disk.
 */
#include "blkback.h"

#include <linux/fs.h>
#include <linux/io_uring.h>
#include <seccomp.h>
#include <unistd.h>
#include "backends/common/start.h"

#define IO_ENTRIES	512

static const char serves[] =
"Serves the disks of one guest; started by hvxd, which hands over the disks.";

static const int calls[] = {
	SCMP_SYS(lseek), SCMP_SYS(pread64), SCMP_SYS(io_uring_enter),
	SCMP_SYS(timerfd_settime), SCMP_SYS(shutdown), -1
};

/* Buffers are pinned as they come into use. */
static const unsigned long registers[] = { IORING_REGISTER_BUFFERS_UPDATE, 0 };

static const unsigned long ioctls[] = {
	BLKGETSIZE64, BLKSSZGET, BLKPBSZGET, 0
};

static void start_timers(struct service *s)
{
	s->again = start_timer(s->loop, service_on_again, s);
	s->slow = start_timer(s->loop, service_on_slow, s);
	s->idle = start_timer(s->loop, service_on_idle, s);
	s->later = start_timer(s->loop, vbd_on_later, s);
}

static void open_all(struct service *s, const struct start_options *o)
{
	int held;

	s->state = state_open(start_state(o), &held);
	start_need_state(s->state);
	s->grants = start_grants(s->domid);
	s->ports = start_ports(s->domid);
	s->io = io_open(IO_ENTRIES, held);
	if (!s->io)
		start_fail("io_uring");
	close(held);
	if (pool_init(&s->pool))
		start_fail("memory for buffers");
	io_area(s->io, s->pool.area, POOL_PART * POOL_PAGE,
		POOL_PAGES / POOL_PART);
	if (!xs_start(s))
		start_fail("the store (is its daemon running?)");
}

static void listen_all(struct service *s, const struct start_options *o)
{
	if (!loop_add_fd(s->loop, ports_fd(s->ports), EPOLLIN,
			 service_on_ports, s) ||
	    !loop_add_fd(s->loop, io_fd(s->io), EPOLLIN, service_on_io, s) ||
	    control_start(s, o->control))
		start_fail("event loop");
}

int main(int argc, char **argv)
{
	struct start_options o = start(argc, argv, "blkback", serves);
	struct service s = { .domid = o.domid, .loop = start_loop() };

	list_init(&s.ready);
	list_init(&s.starved);
	start_timers(&s);
	open_all(&s, &o);
	start_confine(&o, (struct confine){
		.address_space = 512 << 20, .files = 256,
		.calls = calls, .ioctls = ioctls, .registers = registers });
	listen_all(&s, &o);
	start_run(s.loop);
	return 0;
}
