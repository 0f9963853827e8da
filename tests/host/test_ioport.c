/*
 * Ports: who may try, whose they are, and what a domain without any sees.
 * (The test has no right to touch a real port: it dies if the code does.)
 * Then the timer's channel 2, by which kernels measure their clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "machine.h"
#include "xen-core/interp/private.h"
#include <hvx/pci.h>

static struct domain *d, *hw;
static struct vcpu *v;
static unsigned int pci_bdf, pci_reg, pci_width, toggles;
static uint32_t pci_written;

uint32_t pci_conf_read(unsigned int bdf, unsigned int reg, unsigned int width)
{
	pci_bdf = bdf;
	pci_reg = reg;
	pci_width = width;
	return 0x12345678;
}

void pci_conf_write(unsigned int bdf, unsigned int reg, unsigned int width,
		    uint32_t value)
{
	(void)pci_conf_read(bdf, reg, width);
	pci_written = value;
}

void pv_toggle_mode(struct vcpu *w)
{
	toggles++;
	w->pv.kernel_mode = !w->pv.kernel_mode;
}

static int set_up(__maybe_unused void **state)
{
	host_reset(1);
	host.quiet = true;
	d = host_make_domain(1, 1);
	hw = host_make_domain(0, 1);
	hw->is_hw = true;
	v = host_make_vcpu(d, 0);
	v->pv.kernel_mode = true;
	toggles = 0;
	return 0;
}

static int tear_down(__maybe_unused void **state)
{
	host_free_domain(d);
	host_free_domain(hw);
	return 0;
}

static void a_guest_has_no_port(__maybe_unused void **state)
{
	unsigned int port;

	for (port = 0; port < 65536; port++) {
		assert_false(domain_ioport_allowed(d, port, 1));
		if (port == 0x42 || port == 0x61)
			continue;
		assert_int_equal(ioport_read(d, port, 1), 0xff);
		ioport_write(d, port, 1, 0);
		if (port < 65533) {
			assert_int_equal(ioport_read(d, port, 2), 0xffff);
			assert_int_equal(ioport_read(d, port, 4), ~0U);
			ioport_write(d, port, 4, 0);
		}
	}
	assert_int_equal(pci_width, 0);
}

static void dom0_has_all_but_the_cores(__maybe_unused void **state)
{
	assert_true(domain_ioport_allowed(hw, 0x60, 1));
	assert_true(domain_ioport_allowed(hw, 0x70, 2));
	assert_true(domain_ioport_allowed(hw, 0xcfc, 4));
	assert_true(domain_ioport_allowed(hw, 0xfffc, 4));
	assert_false(domain_ioport_allowed(hw, 0xfffd, 4));
	assert_false(domain_ioport_allowed(hw, 0x20, 1));
	assert_false(domain_ioport_allowed(hw, 0x1f, 2));
	assert_false(domain_ioport_allowed(hw, 0x43, 1));
	assert_false(domain_ioport_allowed(hw, 0xcf8, 1));
	assert_true(domain_ioport_allowed(hw, 0x3f8, 1));
	domain_ioport_deny(0x3f8, 0x3ff);
	assert_false(domain_ioport_allowed(hw, 0x3f7, 2));
	assert_true(domain_ioport_allowed(hw, 0x3f7, 1));
	assert_true(domain_ioport_allowed(hw, 0x400, 4));
}

static void pci_by_a_register_of_ones_own(__maybe_unused void **state)
{
	ioport_write(hw, 0xcf8, 4, 0x80001234);
	ioport_write(d, 0xcf8, 4, 0x80005678);
	assert_int_equal(ioport_read(hw, 0xcf8, 4), 0x80001234);
	assert_int_equal(ioport_read(d, 0xcf8, 4), ~0U);
	assert_int_equal(ioport_read(hw, 0xcfe, 2), 0x12345678);
	assert_int_equal(pci_bdf, 0x12);
	assert_int_equal(pci_reg, 0x36);
	assert_int_equal(pci_width, 2);
	ioport_write(hw, 0xcfc, 1, 0x99);
	assert_int_equal(pci_reg, 0x34);
	assert_int_equal(pci_written, 0x99);
	pci_width = 0;
	assert_int_equal(ioport_read(d, 0xcfc, 4), ~0U);
	assert_int_equal(pci_width, 0);
}

static void rights_by_level(__maybe_unused void **state)
{
	assert_false(ioport_may_try(v, 0x80, 1));
	v->pv.iopl = 1;
	assert_true(ioport_may_try(v, 0x80, 1));
	assert_false(ioport_may_try(v, 0xffff, 2));
	assert_true(ioport_may_try(v, 0xffff, 1));
	v->pv.kernel_mode = false;
	assert_false(ioport_may_try(v, 0x80, 1));
	v->pv.iopl = 3;
	assert_true(ioport_may_try(v, 0x80, 1));
}

static void rights_by_bitmap(__maybe_unused void **state)
{
	static uint8_t map[8192];

	memset(map, 0xff, sizeof(map));
	map[0x80 / 8] = 0xfe;			/* 0x80 */
	map[0x87 / 8] &= 0x7f;			/* 0x87, 0x88 */
	map[0x88 / 8] = 0xfe;
	v->pv.kernel_mode = false;
	v->pv.iobmp = (gva_t)map;
	v->pv.iobmp_limit = 65536;
	assert_true(ioport_may_try(v, 0x80, 1));
	assert_false(ioport_may_try(v, 0x80, 2));
	assert_false(ioport_may_try(v, 0x81, 1));
	assert_true(ioport_may_try(v, 0x87, 2));
	assert_false(ioport_may_try(v, 0x87, 4));
	/* It is read with the kernel's tables, and user mode goes on. */
	assert_int_equal(toggles % 2, 0);
	assert_true(toggles > 0);
	assert_false(v->pv.kernel_mode);
	v->pv.iobmp_limit = 0x81;
	assert_true(ioport_may_try(v, 0x80, 1));
	assert_false(ioport_may_try(v, 0x87, 2));
	v->pv.iobmp_limit = 65536;
	v->pv.iobmp = HYPERVISOR_VIRT_START;
	assert_false(ioport_may_try(v, 0x80, 1));
	v->pv.iobmp = 0;
	assert_false(ioport_may_try(v, 0x80, 1));
}

static unsigned int count(void)
{
	unsigned int low = ioport_read(d, 0x42, 1);

	return low | ioport_read(d, 0x42, 1) << 8;
}

/* What Linux does first: gate on, mode 0, count down from 0xffff. */
static void the_timer_counts(__maybe_unused void **state)
{
	host.clock = 5000000000;
	ioport_write(d, 0x61, 1, 1);
	ioport_write(d, 0x43, 1, 0xb0);
	ioport_write(d, 0x42, 1, 0xff);
	ioport_write(d, 0x42, 1, 0xff);
	assert_int_equal(count(), 0xffff);
	host.clock += 10000000;			/* 10 ms: 11931 ticks */
	assert_in_range(0xffff - count(), 11930, 11933);
	assert_false(ioport_read(d, 0x61, 1) & 0x20);
	assert_int_equal(ioport_read(d, 0x61, 1) & 3, 1);

	/* Latched, it stands still until both bytes are read. */
	ioport_write(d, 0x43, 1, 0x80);
	host.clock += 10000000;
	assert_in_range(0xffff - count(), 11930, 11933);
	assert_in_range(0xffff - count(), 23862, 23865);

	/* The output rises when it is through; another channel is deaf. */
	host.clock += 40000000;
	assert_true(ioport_read(d, 0x61, 1) & 0x20);
	ioport_write(d, 0x43, 1, 0x30);
	assert_true(ioport_read(d, 0x61, 1) & 0x20);
	/* Two domains have two. */
	ioport_write(hw, 0x43, 1, 0xb0);
	assert_false(ioport_read(hw, 0x61, 1) & 0x20);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_guest_has_no_port),
		TEST(dom0_has_all_but_the_cores),
		TEST(pci_by_a_register_of_ones_own),
		TEST(rights_by_level),
		TEST(rights_by_bitmap),
		TEST(the_timer_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
