/*
 * What a guest kernel says about its entry points: good ones are stored, bad
 * ones never; lists end, or are gone on with later.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "machine.h"
#include <abi/callback.h>
#include <hvx/fpu.h>
#include <hvx/hypercall.h>
#include <hvx/interp.h>

#define GOOD	0xffffffff81000000UL
#define RESERVED HYPERVISOR_VIRT_START
#define NOWHERE	0x800000000000UL

static struct domain *d;
static struct vcpu *v;
static unsigned int gdt_nr, gdt_entries;
static int gdt_rc;

int pv_set_gdt(struct vcpu *w, const mfn_t *frames, unsigned int nr,
	       unsigned int entries)
{
	(void)w, (void)frames;
	gdt_nr = nr;
	gdt_entries = entries;
	return gdt_rc;
}

void fpu_set_ts(struct vcpu *w, bool ts)
{
	w->pv.ts = ts;
}

bool vcpu_has_debugreg(const struct vcpu *w, unsigned int reg)
{
	(void)w;
	return reg < 8;
}

int vcpu_set_debugreg(struct vcpu *w, unsigned int reg, uint64_t value)
{
	w->pv.dr[reg & 7] = value;
	return 0;
}

uint64_t vcpu_get_debugreg(struct vcpu *w, unsigned int reg)
{
	return w->pv.dr[reg & 7];
}

static int set_up(__maybe_unused void **state)
{
	host_reset(1);
	host.quiet = true;
	d = host_make_domain(1, 1);
	v = host_make_vcpu(d, 0);
	return 0;
}

static int tear_down(__maybe_unused void **state)
{
	host_free_domain(d);
	return 0;
}

static void trap_tables(__maybe_unused void **state)
{
	struct trap_info t[] = {
		{ .vector = 14, .flags = 4, .cs = 0x10, .address = GOOD },
		{ .vector = 0xff, .flags = 3, .cs = 0, .address = GOOD + 1 },
		{ .address = 0 },
		{ .vector = 3, .address = GOOD },
	};

	assert_int_equal(hc_set_trap_table(v, (gva_t)t), 0);
	assert_int_equal(v->pv.traps[14].address, GOOD);
	assert_int_equal(v->pv.traps[14].cs & 3, 3);
	assert_int_equal(v->pv.traps[255].address, GOOD + 1);
	assert_int_equal(v->pv.traps[3].address, 0);

	t[0].address = RESERVED;
	assert_int_equal(hc_set_trap_table(v, (gva_t)t), -EINVAL);
	t[0].address = NOWHERE;
	assert_int_equal(hc_set_trap_table(v, (gva_t)t), -EINVAL);
	assert_int_equal(v->pv.traps[14].address, GOOD);
	assert_int_equal(hc_set_trap_table(v, RESERVED), -EFAULT);
	/* No list: no handlers. */
	assert_int_equal(hc_set_trap_table(v, 0), 0);
	assert_int_equal(v->pv.traps[14].address, 0);
}

static void a_long_table_is_preempted(__maybe_unused void **state)
{
	static struct trap_info t[100];
	unsigned int i;

	for (i = 0; i < 99; i++)
		t[i] = (struct trap_info){ .vector = (uint8_t)i,
					   .address = GOOD + i };
	host.preempt = true;
	(void)hc_set_trap_table(v, (gva_t)t);
	assert_true(host.continued);
	assert_true(host.cont_args[0] > (gva_t)t);
	assert_int_equal(v->pv.traps[0].address, GOOD);
	assert_int_equal(v->pv.traps[98].address, 0);
	host.preempt = false;
	assert_int_equal(hc_set_trap_table(v, host.cont_args[0]), 0);
	assert_int_equal(v->pv.traps[98].address, GOOD + 98);
}

static long callback(unsigned int type, unsigned int flags, uint64_t address)
{
	struct callback_register r = { .type = (uint16_t)type,
				       .flags = (uint16_t)flags,
				       .address = address };

	return hc_callback_op(v, CALLBACKOP_register, (gva_t)&r);
}

static void callbacks(__maybe_unused void **state)
{
	static const unsigned int types[] = {
		CALLBACKTYPE_event, CALLBACKTYPE_failsafe,
		CALLBACKTYPE_syscall, CALLBACKTYPE_syscall32,
		CALLBACKTYPE_sysenter, CALLBACKTYPE_nmi,
	};
	struct callback_unregister u = { .type = CALLBACKTYPE_event };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		assert_int_equal(callback(types[i], 1, GOOD + i), 0);
		assert_int_equal(callback(types[i], 1, RESERVED), -EINVAL);
		assert_int_equal(callback(types[i], 1, NOWHERE), -EINVAL);
	}
	assert_int_equal(v->pv.event_rip, GOOD);
	assert_int_equal(v->pv.failsafe_rip, GOOD + 1);
	assert_int_equal(v->pv.syscall_rip, GOOD + 2);
	assert_int_equal(v->pv.syscall32_rip, GOOD + 3);
	assert_int_equal(v->pv.sysenter_rip, GOOD + 4);
	assert_int_equal(v->pv.nmi_rip, GOOD + 5);
	assert_true(v->pv.syscall_masks_events);
	assert_int_equal(callback(CALLBACKTYPE_syscall, 0, GOOD), 0);
	assert_false(v->pv.syscall_masks_events);
	assert_int_equal(callback(6, 0, GOOD), -ENOSYS);
	assert_int_equal(callback(0xffff, 0, GOOD), -ENOSYS);
	assert_int_equal(hc_callback_op(v, CALLBACKOP_register, RESERVED),
			 -EFAULT);

	assert_int_equal(hc_callback_op(v, CALLBACKOP_unregister, (gva_t)&u),
			 -EINVAL);
	u.type = CALLBACKTYPE_syscall32;
	assert_int_equal(hc_callback_op(v, CALLBACKOP_unregister, (gva_t)&u),
			 0);
	assert_int_equal(v->pv.syscall32_rip, 0);

	assert_int_equal(hc_set_callbacks(v, GOOD + 7, NOWHERE, GOOD),
			 -EINVAL);
	assert_int_equal(v->pv.event_rip, GOOD);
	assert_int_equal(hc_set_callbacks(v, GOOD + 7, GOOD + 8, GOOD + 9), 0);
	assert_int_equal(v->pv.event_rip, GOOD + 7);
	assert_int_equal(v->pv.syscall_rip, GOOD + 9);
}

static void small_calls(__maybe_unused void **state)
{
	unsigned long frames[14] = { 1 };

	assert_int_equal(hc_stack_switch(v, 0x18, GOOD), 0);
	assert_int_equal(v->pv.kernel_ss, 0x1b);
	assert_int_equal(v->pv.kernel_sp, GOOD);
	assert_int_equal(hc_fpu_taskswitch(v, 1), 0);
	assert_true(v->pv.ts);
	assert_int_equal(hc_set_gdt(v, (gva_t)frames, 513), 0);
	assert_int_equal(gdt_nr, 2);
	assert_int_equal(gdt_entries, 513);
	assert_int_equal(hc_set_gdt(v, (gva_t)frames, 14 * 512 + 1), -EINVAL);
	assert_int_equal(hc_set_gdt(v, (gva_t)frames, ~0U), -EINVAL);
	assert_int_equal(hc_set_gdt(v, RESERVED, 1), -EFAULT);
	gdt_rc = -EINVAL;
	assert_int_equal(hc_set_gdt(v, (gva_t)frames, 1), -EINVAL);
	assert_int_equal(hc_get_debugreg(v, 8), -ENODEV);
	assert_int_equal(hc_get_debugreg(v, -1), -ENODEV);
	assert_true(guest_addr_ok(RESERVED - 1) == false);
	assert_true(guest_addr_ok(HYPERVISOR_VIRT_END));
	assert_false(guest_addr_ok(HYPERVISOR_VIRT_END - 1));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(trap_tables),
		TEST(a_long_table_is_preempted),
		TEST(callbacks),
		TEST(small_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
