/*
 * What guests see of the processor: nothing that it hasn't got, none of what
 * a PV guest can't have, the hypervisor's own leaves, and sizes of XSAVE that
 * agree with each other.  Run on whatever processor the test runs on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "machine.h"
#include <asm/cpu.h>
#include <hvx/cpu.h>
#include <hvx/interp.h>

enum { EAX, EBX, ECX, EDX };

uint64_t tsc_khz = 2100000;
bool tsc_reliable = true;

static struct vcpu v;

void domain_iomem_limit(__maybe_unused unsigned int address_bits)
{
}

void msr_init(void)
{
}

static int set_up(__maybe_unused void **state)
{
	memset(&v, 0, sizeof(v));
	v.xcr0 = 1;
	cpuid_init();
	return 0;
}

static void is_subset(uint32_t leaf, uint32_t sub, unsigned int reg,
		      uint32_t besides)
{
	uint32_t guest[4], host_regs[4];

	cpuid_policy(&v, leaf, sub, guest);
	cpuid_count(leaf, sub, host_regs);
	if (guest[reg] & ~host_regs[reg] & ~besides)
		fail_msg("leaf %x register %u has %x, the processor %x", leaf,
			 reg, guest[reg], host_regs[reg]);
}

static void no_feature_is_invented(__maybe_unused void **state)
{
	is_subset(1, 0, ECX, 1U << 31);		/* the hypervisor bit */
	is_subset(1, 0, EDX, 0);
	is_subset(7, 0, EBX, 0);
	is_subset(7, 0, ECX, 0);
	is_subset(7, 0, EDX, 0);
	is_subset(0xd, 1, EAX, 0);
	is_subset(0x80000001, 0, ECX, 0);
	is_subset(0x80000001, 0, EDX, 0);
	is_subset(0x80000007, 0, EDX, 0);
	is_subset(0x80000008, 0, EBX, 0);
}

static void hidden(uint32_t leaf, unsigned int reg, uint32_t bits)
{
	uint32_t r[4];

	cpuid_policy(&v, leaf, 0, r);
	if (r[reg] & bits)
		fail_msg("leaf %x register %u shows %x", leaf, reg,
			 r[reg] & bits);
}

#define B(n) (1U << (n))

static void what_a_pv_guest_cannot_have_is_hidden(__maybe_unused void **state)
{
	/* MONITOR VMX SMX EIST PCID x2APIC TSC-deadline */
	hidden(1, ECX, B(3) | B(5) | B(6) | B(7) | B(17) | B(21) | B(24));
	/* VME PSE SEP MTRR PGE PSE36 DS HTT */
	hidden(1, EDX, B(1) | B(3) | B(11) | B(12) | B(13) | B(17) | B(21) |
			       B(28));
	/* FSGSBASE TSC_ADJUST SMEP INVPCID MPX SMAP PT */
	hidden(7, EBX, B(0) | B(1) | B(7) | B(10) | B(14) | B(20) | B(25));
	/* UMIP PKU OSPKE CET LA57 */
	hidden(7, ECX, B(2) | B(3) | B(4) | B(7) | B(16));
	/* AMX, IBRS, STIBP, ARCH_CAPS, SSBD: their MSRs are nobody's */
	hidden(7, EDX, B(22) | B(24) | B(25) | B(26) | B(27) | B(29) | B(31));
	/* SVM EXTAPIC IBS TOPOEXT */
	hidden(0x80000001, ECX, B(2) | B(3) | B(10) | B(22));
	/* 1 GiB pages */
	hidden(0x80000001, EDX, B(26));
	hidden(0xd, EDX, ~0U);
}

static void osxsave_follows_cr4(__maybe_unused void **state)
{
	uint32_t r[4];

	v.pv.cr4 = 0;
	cpuid_policy(&v, 1, 0, r);
	assert_false(r[ECX] & B(27));
	v.pv.cr4 = CR4_OSXSAVE;
	cpuid_policy(&v, 1, 0, r);
	assert_true(r[ECX] & B(27));
}

static void the_hypervisor_says_who_it_is(__maybe_unused void **state)
{
	uint32_t r[4];
	char name[13] = "";

	cpuid_policy(&v, 0x40000000, 0, r);
	assert_int_equal(r[EAX], 0x40000005);
	memcpy(name, &r[EBX], 12);
	assert_string_equal(name, "XenVMMXenVMM");
	cpuid_policy(&v, 0x40000001, 0, r);
	assert_int_equal(r[EAX], 4 << 16 | 17);
	cpuid_policy(&v, 0x40000003, 0, r);
	assert_int_equal(r[ECX], tsc_khz);
	assert_int_equal(r[EAX] & 1, 0);	/* the TSC isn't emulated */
	assert_true(r[EAX] & 2);
	cpuid_policy(&v, 0x40000006, 0, r);
	assert_int_equal(r[EAX] | r[EBX] | r[ECX] | r[EDX], 0);
	cpuid_policy(&v, 0x40000100, 0, r);
	assert_int_equal(r[EAX] | r[EBX] | r[ECX] | r[EDX], 0);
}

/* ns = ticks scaled by leaf 3.1, within a millionth. */
static void the_time_scale_is_right(__maybe_unused void **state)
{
	static const uint64_t khz[] = { 500000, 1000000, 2100000, 5000000 };
	unsigned int i;
	uint32_t r[4];

	for (i = 0; i < ARRAY_SIZE(khz); i++) {
		uint64_t ticks = khz[i] * 1000, ns;
		int shift;

		tsc_khz = khz[i];
		cpuid_policy(&v, 0x40000003, 1, r);
		shift = (int8_t)r[EDX];
		ticks = shift < 0 ? ticks >> -shift : ticks << shift;
		ns = (uint64_t)((unsigned __int128)ticks * r[ECX] >> 32);
		if (ns < 999999000 || ns > 1000001000)
			fail_msg("%lu kHz: a second is %lu ns", khz[i], ns);
	}
	tsc_khz = 2100000;
}

static void nothing_is_beyond_the_last_leaf(__maybe_unused void **state)
{
	static const uint32_t leaves[] = { 0xe,	       0x10,	   0x1f,
					   0x7fffffff, 0x80000022, ~0U };
	unsigned int i;
	uint32_t r[4];

	for (i = 0; i < ARRAY_SIZE(leaves); i++) {
		cpuid_policy(&v, leaves[i], 0, r);
		assert_int_equal(r[EAX] | r[EBX] | r[ECX] | r[EDX], 0);
	}
	/* And nothing where every serial number and topology would be. */
	cpuid_policy(&v, 3, 0, r);
	assert_int_equal(r[ECX] | r[EDX], 0);
	cpuid_policy(&v, 0xb, 0, r);
	assert_int_equal(r[EAX] | r[EBX] | r[ECX] | r[EDX], 0);
	cpuid_policy(&v, 0x8000001e, 0, r);
	assert_int_equal(r[EAX] | r[EBX] | r[ECX] | r[EDX], 0);
	cpuid_policy(&v, 1, 0, r);
	assert_int_equal(r[EBX] & 0xffff00ff, 0);
}

static void xsave_sizes_fit(__maybe_unused void **state)
{
	uint32_t r[4], end = 576, i;

	if (!guest_xcr0_mask)
		skip();
	v.xcr0 = 3;
	cpuid_policy(&v, 0xd, 0, r);
	assert_int_equal(r[EAX], guest_xcr0_mask);
	assert_int_equal(r[EBX], 576);
	v.xcr0 = guest_xcr0_mask;
	for (i = 2; i < 64; i++) {
		cpuid_policy(&v, 0xd, i, r);
		assert_int_equal(r[EAX] != 0,
				 guest_xcr0_mask >> i & 1);
		end = MAX(end, r[EAX] + r[EBX]);
	}
	cpuid_policy(&v, 0xd, 0, r);
	assert_int_equal(r[EBX], end);
	assert_int_equal(r[ECX], end);
	v.xcr0 = 1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_feature_is_invented),
		cmocka_unit_test(what_a_pv_guest_cannot_have_is_hidden),
		cmocka_unit_test(osxsave_follows_cr4),
		cmocka_unit_test(the_hypervisor_says_who_it_is),
		cmocka_unit_test(the_time_scale_is_right),
		cmocka_unit_test(nothing_is_beyond_the_last_leaf),
		cmocka_unit_test(xsave_sizes_fit),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
