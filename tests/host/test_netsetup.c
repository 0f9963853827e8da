/* SPDX-License-Identifier: MIT */
/*
 * hvxl net setup's work in network namespaces of its own: a NIC (one end of a
 * veth pair) with addresses and routes, its gateway in a second namespace. The
 * gateway's end goes down half way in some tests. Skipped where namespaces are
 * not allowed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "backends/bridge/netsetup.h"

static const char *unable;
static struct bridges *b;
static char why[BRIDGE_WHY];
static int here, there;		/* namespaces */

#define needs_namespace() do {						\
		if (unable) {						\
			print_message("skipped: %s\n", unable);		\
			skip();						\
		}							\
	} while (0)

static bool sh(const char *command)
{
	return system(command) == 0;
}

/* In the gateway's namespace. */
static bool sh_there(const char *command)
{
	bool fine;

	if (setns(there, CLONE_NEWNET))
		return false;
	fine = sh(command);
	return !setns(here, CLONE_NEWNET) && fine;
}

/* Whether ip's output, of what is asked, has this in it. */
static bool shows(const char *what, const char *text)
{
	char command[200];

	snprintf(command, sizeof(command), "ip %s 2>/dev/null | grep -qF '%s'",
		 what, text);
	return sh(command);
}

static int up(void **state)
{
	(void)state;
	if (unable)
		return 0;
	if (!sh("ip link add nic0 type veth peer name gw0 && "
		"ip link set gw0 netns /proc/self/fd/9") ||
	    !sh_there("ip addr add 10.1.0.1/24 dev gw0 && "
		      "ip link set gw0 up && ip link set lo up") ||
	    !sh("ip addr add 10.1.0.2/24 dev nic0 && ip link set nic0 up && "
		"ip addr add 10.1.0.3/32 dev nic0 && "
		"ip -6 addr add fd00::2/64 dev nic0 nodad && "
		"ip route add 10.7.0.0/16 via 10.1.0.1 metric 77 && "
		"ip route add default via 10.1.0.1"))
		return -1;
	return 0;
}

static int down(void **state)
{
	(void)state;
	if (!unable)
		sh("ip link del xenbr0 2>/dev/null; ip link del nic0");
	return 0;
}

static void as_it_was(void)
{
	assert_true(shows("addr show nic0", "10.1.0.2/24"));
	assert_true(shows("addr show nic0", "10.1.0.3/32"));
	assert_true(shows("addr show nic0", "fd00::2/64"));
	assert_true(shows("route", "default via 10.1.0.1 dev nic0"));
	assert_true(shows("route",
			  "10.7.0.0/16 via 10.1.0.1 dev nic0 metric 77"));
	assert_int_equal(if_nametoindex("xenbr0"), 0);
	assert_false(shows("link show nic0", "master"));
}

static void nothing_said(void *arg, const char *line)
{
	unsigned int *lines = arg;

	assert_true(strlen(line) > 10);
	(*lines)++;
}

static void count(void *arg, const struct netsetup_bridge *one)
{
	struct netsetup_bridge *out = arg;

	*out = *one;
}

static void moves(void **state)
{
	const struct netsetup s = { .nic = "nic0", .bridge = "xenbr0",
				    .seconds = 20 };
	struct netsetup_bridge one = { .up = false };
	unsigned int lines = 0;

	(void)state;
	needs_namespace();
	assert_int_equal(netsetup_do(b, &s, NULL, NULL, why), 0);
	assert_true(shows("addr show xenbr0", "10.1.0.2/24"));
	assert_true(shows("addr show xenbr0", "10.1.0.3/32"));
	assert_true(shows("addr show xenbr0", "fd00::2/64"));
	assert_false(shows("addr show nic0", "10.1.0."));
	assert_true(shows("route", "default via 10.1.0.1 dev xenbr0"));
	assert_true(shows("route",
			  "10.7.0.0/16 via 10.1.0.1 dev xenbr0 metric 77"));
	assert_true(shows("neigh show dev xenbr0", "10.1.0.1"));

	assert_int_equal(netsetup_status(b, count, &one, why), 0);
	assert_string_equal(one.name, "xenbr0");
	assert_string_equal(one.nics, "nic0");
	assert_string_equal(one.guests, "");
	assert_non_null(strstr(one.addresses, "10.1.0.2/24"));
	assert_true(one.up && one.carrier);

	assert_int_equal(netsetup_do(b, &s, nothing_said, &lines, why), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(netsetup_undo(b, "xenbr0", why), 0);
	as_it_was();
}

static void gateway_dies(void *arg, const char *line)
{
	(void)arg;
	if (strstr(line, "moved"))
		assert_true(sh_there("ip addr flush dev gw0"));
}

static void link_dies(void *arg, const char *line)
{
	(void)arg;
	if (strstr(line, "moved"))
		assert_true(sh_there("ip link set gw0 down"));
}

static void rolls_back(void **state)
{
	const struct netsetup s = { .nic = "nic0", .bridge = "xenbr0",
				    .seconds = 2 };

	(void)state;
	needs_namespace();
	assert_int_equal(netsetup_do(b, &s, gateway_dies, NULL, why), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_non_null(strstr(why, "within 2 s"));
	as_it_was();
}

static void rolls_back_without_link(void **state)
{
	const struct netsetup s = { .nic = "nic0", .bridge = "xenbr0",
				    .seconds = 2 };

	(void)state;
	needs_namespace();
	assert_int_equal(netsetup_do(b, &s, link_dies, NULL, why), -1);
	assert_int_equal(errno, ETIMEDOUT);
	as_it_was();
	/* The next try finds no link. */
	assert_int_equal(netsetup_do(b, &s, NULL, NULL, why), -1);
	assert_int_equal(errno, ENOLINK);
	as_it_was();
}

static void killed(void *arg, const char *line)
{
	(void)arg;
	if (strstr(line, "moved"))
		kill(getpid(), SIGKILL);
}

static void rolls_back_when_killed(void **state)
{
	const struct netsetup s = { .nic = "nic0", .bridge = "xenbr0" };

	(void)state;
	needs_namespace();
	assert_int_equal(netsetup_do(b, &s, killed, NULL, why), -1);
	assert_int_equal(errno, EINTR);
	as_it_was();
}

static void without_gateway(void **state)
{
	const struct netsetup s = { .nic = "nic0", .bridge = "xenbr0",
				    .seconds = 5 };

	(void)state;
	needs_namespace();
	assert_true(sh_there("ip addr flush dev gw0"));
	assert_int_equal(netsetup_do(b, &s, NULL, NULL, why), 0);
	assert_true(shows("route", "default via 10.1.0.1 dev xenbr0"));
	assert_int_equal(netsetup_undo(b, "xenbr0", why), 0);
	as_it_was();
}

static void refusals(void **state)
{
	struct netsetup s = { .nic = "nic7", .bridge = "xenbr0" };
	int fd[BRIDGE_QUEUES];
	struct port_spec port = { .mac = { 0, 0x16, 0x3e, 0, 0, 1 } };

	(void)state;
	needs_namespace();
	assert_int_equal(netsetup_do(b, &s, NULL, NULL, why), -1);
	assert_int_equal(errno, ENODEV);
	s.nic = "lo";
	assert_int_equal(netsetup_do(b, &s, NULL, NULL, why), -1);
	s = (struct netsetup){ .nic = "nic0", .bridge = "nic0" };
	assert_int_equal(netsetup_do(b, &s, NULL, NULL, why), -1);
	assert_int_equal(errno, EEXIST);
	as_it_was();
	assert_int_equal(netsetup_undo(b, "nic0", why), -1);
	assert_int_equal(netsetup_undo(b, "nosuch", why), -1);
	assert_non_null(strstr(why, "no such bridge nosuch; there are: none"));
	/* Guests' cards are not cut off. */
	if (access("/dev/net/tun", R_OK | W_OK))
		return;
	s.bridge = "xenbr0";
	assert_int_equal(netsetup_do(b, &s, NULL, NULL, why), 0);
	assert_int_equal(tap_open(b, "vif1.0", 1, fd, why), 0);
	assert_int_equal(port_tie(b, "vif1.0", &port, NULL, NULL, why), 0);
	assert_int_equal(netsetup_undo(b, "xenbr0", why), -1);
	assert_int_equal(errno, EBUSY);
	assert_non_null(strstr(why, "vif1.0"));
	close(fd[0]);
	assert_int_equal(tap_delete(b, "vif1.0", why), 0);
	assert_int_equal(netsetup_undo(b, "xenbr0", why), 0);
	as_it_was();
}

static void find_out(void)
{
	if (unshare(CLONE_NEWNET)) {
		unable = "no network namespaces here";
		return;
	}
	there = open("/proc/self/ns/net", O_RDONLY);
	/* up() names it so to ip(8). */
	dup2(there, 9);
	if (unshare(CLONE_NEWNET) || !sh("ip link set lo up")) {
		unable = "no ip(8) here";
		return;
	}
	here = open("/proc/self/ns/net", O_RDONLY);
	if (!sh("ip link add t0 type veth peer name t1 2>/dev/null && "
		"ip link del t0"))
		unable = "no veth links here";
	b = bridges_open();
	if (!b)
		unable = "no netlink here";
}

#define T(name)	cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(moves), T(rolls_back), T(rolls_back_without_link),
		T(rolls_back_when_killed), T(without_gateway), T(refusals),
	};
	int rc;

	find_out();
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	if (b)
		bridges_close(b);
	return rc;
}
