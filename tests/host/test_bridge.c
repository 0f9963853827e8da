/* SPDX-License-Identifier: MIT */
/*
 * libbridge in a network namespace of its own: what passes between two guests'
 * taps is tried with frames. Skipped where namespaces or taps are not allowed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "backends/bridge/bridge.h"

#define HEADER	10		/* virtio-net's */

static const uint8_t mac_a[6] = { 0, 0x16, 0x3e, 0, 0, 1 };
static const uint8_t mac_b[6] = { 0, 0x16, 0x3e, 0, 0, 2 };
static const uint8_t mac_c[6] = { 0, 0x16, 0x3e, 0, 0, 3 };

static const char *unable;
static struct bridges *b;
static char why[BRIDGE_WHY];
static int fd_a, fd_b;

#define needs_namespace() do {						\
		if (unable) {						\
			print_message("skipped: %s\n", unable);		\
			skip();						\
		}							\
	} while (0)

/* ---- frames ------------------------------------------------------------- */

static void send_frame(int fd, const uint8_t *to, const uint8_t *from,
		       unsigned int type, const uint8_t *data, size_t len)
{
	uint8_t f[HEADER + 14 + 100] = { 0 };

	memcpy(f + HEADER, to, 6);
	memcpy(f + HEADER + 6, from, 6);
	f[HEADER + 12] = type >> 8;
	f[HEADER + 13] = type;
	if (len)
		memcpy(f + HEADER + 14, data, len);
	assert_int_equal(write(fd, f, sizeof(f)), sizeof(f));
}

/* Whether a frame from this address comes out of fd; others are passed over.
 * The bridge hands on at once, within the write. */
static bool comes(int fd, const uint8_t *from)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint8_t f[2048];

	while (poll(&p, 1, 100) > 0)
		if (read(fd, f, sizeof(f)) >= HEADER + 14 &&
		    !memcmp(f + HEADER + 6, from, 6))
			return true;
	return false;
}

/* ---- two guests on a bridge --------------------------------------------- */

static int tie(const char *tap, const uint8_t *mac, struct port_spec spec)
{
	memcpy(spec.mac, mac, 6);
	return port_tie(b, tap, &spec, NULL, NULL, why);
}

static int up(void **state)
{
	int fd[BRIDGE_QUEUES];

	(void)state;
	if (unable)
		return 0;
	if (bridge_make(b, "xenbr0", why) || bridge_up(b, "xenbr0", why) ||
	    tap_open(b, "vif1.0", 1, fd, why))
		return -1;
	fd_a = fd[0];
	if (tap_open(b, "vif2.0", 1, fd, why))
		return -1;
	fd_b = fd[0];
	return 0;
}

static int down(void **state)
{
	(void)state;
	if (unable)
		return 0;
	close(fd_a);
	close(fd_b);
	return tap_delete(b, "vif1.0", why) || tap_delete(b, "vif2.0", why) ||
		bridge_delete(b, "xenbr0", why);
}

static void two_guests_talk(void **state)
{
	(void)state;
	needs_namespace();
	assert_int_equal(tie("vif1.0", mac_a, (struct port_spec){ 0 }), 0);
	assert_int_equal(tie("vif2.0", mac_b, (struct port_spec){ 0 }), 0);
	send_frame(fd_a, mac_b, mac_a, 0x1234, NULL, 0);
	assert_true(comes(fd_b, mac_a));
	send_frame(fd_b, mac_a, mac_b, 0x1234, NULL, 0);
	assert_true(comes(fd_a, mac_b));
}

/* NB-09 */
static void no_other_address(void **state)
{
	(void)state;
	needs_namespace();
	assert_int_equal(tie("vif1.0", mac_a, (struct port_spec){ 0 }), 0);
	assert_int_equal(tie("vif2.0", mac_b, (struct port_spec){ 0 }), 0);
	send_frame(fd_a, mac_b, mac_c, 0x1234, NULL, 0);
	assert_false(comes(fd_b, mac_c));
	/* Nor does it draw the other's frames to itself. */
	send_frame(fd_a, mac_c, mac_b, 0x1234, NULL, 0);
	send_frame(fd_a, mac_b, mac_a, 0x1234, NULL, 0);
	assert_true(comes(fd_b, mac_a));
}

static void trusted_port(void **state)
{
	struct port_spec spec = { .trusted = true };

	(void)state;
	needs_namespace();
	assert_int_equal(tie("vif1.0", mac_a, spec), 0);
	assert_int_equal(tie("vif2.0", mac_b, (struct port_spec){ 0 }), 0);
	send_frame(fd_a, mac_b, mac_c, 0x1234, NULL, 0);
	assert_true(comes(fd_b, mac_c));
}

static void isolated_ports(void **state)
{
	struct port_spec spec = { .isolated = true };

	(void)state;
	needs_namespace();
	assert_int_equal(tie("vif1.0", mac_a, spec), 0);
	assert_int_equal(tie("vif2.0", mac_b, spec), 0);
	send_frame(fd_a, mac_b, mac_a, 0x1234, NULL, 0);
	assert_false(comes(fd_b, mac_a));
	/* One that isn't isolated may talk to both. */
	assert_int_equal(tie("vif2.0", mac_b, (struct port_spec){ 0 }), 0);
	send_frame(fd_a, mac_b, mac_a, 0x1234, NULL, 0);
	assert_true(comes(fd_b, mac_a));
}

static void vlans(void **state)
{
	struct port_spec five = { .vlan = 5 }, six = { .vlan = 6 };

	(void)state;
	needs_namespace();
	assert_int_equal(tie("vif1.0", mac_a, five), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_non_null(strstr(why, "vlan_filtering"));
	if (bridge_filter_vlans(b, "xenbr0", why)) {
		print_message("skipped: %s\n", why);
		assert_int_equal(errno, EOPNOTSUPP);
		skip();
	}
	assert_int_equal(tie("vif1.0", mac_a, five), 0);
	assert_int_equal(tie("vif2.0", mac_b, six), 0);
	send_frame(fd_a, mac_b, mac_a, 0x1234, NULL, 0);
	assert_false(comes(fd_b, mac_a));
	assert_int_equal(tap_release(b, "vif2.0", why), 0);
	assert_int_equal(tie("vif2.0", mac_b, five), 0);
	send_frame(fd_a, mac_b, mac_a, 0x1234, NULL, 0);
	assert_true(comes(fd_b, mac_a));
	/* Once more, as after a restart of who ties it. */
	assert_int_equal(tie("vif2.0", mac_b, five), 0);
	send_frame(fd_a, mac_b, mac_a, 0x1234, NULL, 0);
	assert_true(comes(fd_b, mac_a));
	/* Still bound to its own address. */
	send_frame(fd_a, mac_b, mac_c, 0x1234, NULL, 0);
	assert_false(comes(fd_b, mac_c));
}

static void address_in_use(void **state)
{
	(void)state;
	needs_namespace();
	assert_int_equal(tie("vif1.0", mac_a, (struct port_spec){ 0 }), 0);
	assert_int_equal(tie("vif2.0", mac_a, (struct port_spec){ 0 }), -1);
	assert_int_equal(errno, EADDRINUSE);
	assert_non_null(strstr(why, "00:16:3e:00:00:01"));
	assert_non_null(strstr(why, "vif1.0"));
	/* Twice the same is no quarrel. */
	assert_int_equal(tie("vif1.0", mac_a, (struct port_spec){ 0 }), 0);
}

static void ip_filter(void **state)
{
	struct port_spec spec = { .ip = "10.0.0.5, 10.0.0.6" };
	uint8_t ip[40] = { 0x45, 0, 0, 40 }, arp[28] = { 0, 1, 8, 0, 6, 4 };

	(void)state;
	needs_namespace();
	if (tie("vif1.0", mac_a, spec)) {
		print_message("skipped: %s\n", why);
		assert_non_null(strstr(why, "act_gact"));
		skip();
	}
	assert_int_equal(tie("vif2.0", mac_b, (struct port_spec){ 0 }), 0);
	memcpy(ip + 12, (uint8_t[]){ 10, 0, 0, 6 }, 4);
	memcpy(arp + 14, (uint8_t[]){ 10, 0, 0, 5 }, 4);
	send_frame(fd_a, mac_b, mac_a, 0x0800, ip, sizeof(ip));
	assert_true(comes(fd_b, mac_a));
	send_frame(fd_a, mac_b, mac_a, 0x0806, arp, sizeof(arp));
	assert_true(comes(fd_b, mac_a));
	ip[15] = arp[17] = 7;
	send_frame(fd_a, mac_b, mac_a, 0x0800, ip, sizeof(ip));
	send_frame(fd_a, mac_b, mac_a, 0x0806, arp, sizeof(arp));
	send_frame(fd_a, mac_b, mac_a, 0x86dd, ip, sizeof(ip));
	assert_false(comes(fd_b, mac_a));
}

static void bad_ip(void **state)
{
	static const char *const bad[] = { "10.0.0", "10.0.0.1/24", "fe80::1",
					   "10.0.0.1;10.0.0.2", "x" };
	unsigned int i;

	(void)state;
	needs_namespace();
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct port_spec spec = { .ip = bad[i] };

		assert_int_equal(tie("vif1.0", mac_a, spec), -1);
		assert_non_null(strstr(why, bad[i]));
	}
}

/* ---- messages, and what is left behind ---------------------------------- */

static void no_such_bridge(void **state)
{
	struct port_spec spec = { .bridge = "xenbr7" };

	(void)state;
	needs_namespace();
	assert_int_equal(bridge_make(b, "br-lan", why), 0);
	assert_int_equal(tie("vif1.0", mac_a, spec), -1);
	assert_int_equal(errno, ENODEV);
	assert_non_null(strstr(why, "no such bridge xenbr7; there are: "));
	assert_non_null(strstr(why, "xenbr0"));
	assert_non_null(strstr(why, "br-lan"));
	spec.bridge = "lo";
	assert_int_equal(tie("vif1.0", mac_a, spec), -1);
	assert_int_equal(bridge_delete(b, "br-lan", why), 0);
	assert_int_equal(bridge_make(b, "xenbr0", why), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(tie("vif9.0", mac_a, (struct port_spec){ 0 }), -1);
	assert_int_equal(errno, ENODEV);
}

static void default_bridge(void **state)
{
	char name[BRIDGE_NAME];

	(void)state;
	needs_namespace();
	assert_int_equal(bridge_default(b, name, why), 0);
	assert_string_equal(name, "xenbr0");
	assert_int_equal(bridge_delete(b, "xenbr0", why), 0);
	assert_int_equal(bridge_default(b, name, why), -1);
	assert_int_equal(bridge_make(b, "one", why), 0);
	assert_int_equal(bridge_default(b, name, why), 0);
	assert_string_equal(name, "one");
	assert_int_equal(bridge_make(b, "two", why), 0);
	assert_int_equal(bridge_default(b, name, why), -1);
	assert_non_null(strstr(why, "one"));
	assert_int_equal(bridge_delete(b, "one", why), 0);
	assert_int_equal(bridge_delete(b, "two", why), 0);
}

static bool only_guest_2(void *arg, uint32_t domid, uint32_t device)
{
	unsigned int *asked = arg;

	(*asked)++;
	assert_int_equal(device, 0);
	return domid == 2;
}

static void swept(void **state)
{
	unsigned int asked = 0;
	int fd[BRIDGE_QUEUES];

	(void)state;
	needs_namespace();
	assert_int_equal(tap_open(b, "vifx.0", 1, fd, why), 0);
	close(fd[0]);
	assert_int_equal(tap_sweep(b, only_guest_2, &asked, why), 1);
	assert_int_equal(asked, 2);
	assert_int_equal(if_nametoindex("vif1.0"), 0);
	assert_int_not_equal(if_nametoindex("vif2.0"), 0);
	assert_int_not_equal(if_nametoindex("vifx.0"), 0);
	assert_int_equal(tap_delete(b, "vifx.0", why), 0);
	assert_int_equal(tap_delete(b, "vifx.0", why), 0);
	/* Another kind of link that goes by a tap's name is let alone. */
	assert_int_equal(tap_delete(b, "xenbr0", why), 0);
	assert_int_not_equal(if_nametoindex("xenbr0"), 0);
}

static void tap_twice(void **state)
{
	int fd[BRIDGE_QUEUES];

	(void)state;
	needs_namespace();
	assert_int_equal(tap_open(b, "vif1.0", 1, fd, why), -1);
	assert_int_equal(errno, EBUSY);
	assert_non_null(strstr(why, "vif1.0"));
	/* It outlives its descriptors, and is opened again. */
	close(fd_a);
	assert_int_not_equal(if_nametoindex("vif1.0"), 0);
	assert_int_equal(tap_open(b, "vif1.0", 1, fd, why), 0);
	fd_a = fd[0];
	assert_int_equal(tap_open(b, "vif3.0", 4, fd, why), 0);
	close(fd[0]);
	close(fd[1]);
	close(fd[2]);
	close(fd[3]);
	assert_int_equal(tap_open(b, "vif3.0", 0, fd, why), -1);
	assert_int_equal(tap_open(b, "vif3.0", 5, fd, why), -1);
	assert_int_equal(tap_delete(b, "vif3.0", why), 0);
}

static void find_out(void)
{
	if (unshare(CLONE_NEWNET))
		unable = "no network namespaces here";
	else if (access("/dev/net/tun", R_OK | W_OK))
		unable = "no taps here";
	else if (!(b = bridges_open()))
		unable = "no netlink here";
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(two_guests_talk, up, down),
		cmocka_unit_test_setup_teardown(no_other_address, up, down),
		cmocka_unit_test_setup_teardown(trusted_port, up, down),
		cmocka_unit_test_setup_teardown(isolated_ports, up, down),
		cmocka_unit_test_setup_teardown(vlans, up, down),
		cmocka_unit_test_setup_teardown(address_in_use, up, down),
		cmocka_unit_test_setup_teardown(ip_filter, up, down),
		cmocka_unit_test_setup_teardown(bad_ip, up, down),
		cmocka_unit_test_setup_teardown(no_such_bridge, up, down),
		cmocka_unit_test_setup_teardown(default_bridge, up, down),
		cmocka_unit_test_setup_teardown(swept, up, down),
		cmocka_unit_test_setup_teardown(tap_twice, up, down),
	};
	int rc;

	find_out();
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	if (b)
		bridges_close(b);
	return rc;
}
