/* SPDX-License-Identifier: MIT */
/*
 * Many frames by one call: in order, each whole; those that are refused are told
 * apart from those that aren't. A pair of packet sockets plays the tap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "backends/netback/many.h"

static struct many *m;
static int tap[2];
static uint8_t data[MANY_MAX][2048], large[65536];
static struct many_frame f[MANY_MAX];

static int up(void **state)
{
	(void)state;
	m = many_open();
	return !m || socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, tap);
}

static int down(void **state)
{
	(void)state;
	many_close(m);
	close(tap[0]);
	return close(tap[1]);
}

static void frames(unsigned int count, uint32_t len)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		memset(data[i], i + 1, sizeof(data[i]));
		f[i] = (struct many_frame){ .at = data[i], .len = len,
					    .h.gso_size = i, .took = 77 };
	}
}

/* The next packet is frame i. */
static void comes(unsigned int i, uint32_t len)
{
	struct {
		struct virtio_net_hdr h;
		uint8_t data[2048];
	} got;

	assert_int_equal(read(tap[1], &got, sizeof(got)),
			 sizeof(got.h) + len);
	assert_int_equal(got.h.gso_size, i);
	assert_int_equal(got.data[0], i + 1);
	assert_int_equal(got.data[len - 1], i + 1);
}

static void write_them(unsigned int count)
{
	unsigned int i;

	frames(count, 100 + count);
	many_write(m, tap[0], f, count);
	for (i = 0; i < count; i++) {
		assert_int_equal(f[i].took, 100 + count);
		comes(i, 100 + count);
	}
	assert_int_equal(read(tap[1], data, 1), -1);
}

static void in_order(void **state)
{
	(void)state;
	write_them(0);
	write_them(1);
	write_them(2);
	write_them(7);
}

/* One that is too long for the tap is refused, and no other. */
static void one_refused(void **state)
{
	int small = 4096;
	unsigned int i;

	(void)state;
	setsockopt(tap[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	frames(3, 200);
	f[1].at = large;
	f[1].len = sizeof(large);
	many_write(m, tap[0], f, 3);
	assert_true(f[1].took < 0);
	for (i = 0; i < 3; i += 2) {
		assert_int_equal(f[i].took, 200);
		comes(i, 200);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(in_order, up, down),
		cmocka_unit_test_setup_teardown(one_refused, up, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
