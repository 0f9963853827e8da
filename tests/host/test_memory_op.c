/*
 * memory_op and the quotas: that sane calls do what they say and hostile ones
 * change nothing.  test_memory_books has the random ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "machine.h"

#include <abi/memory.h>
#include <hvx/boot.h>
#include <hvx/hypercall.h>

static struct domain *d0, *d1;
static struct vcpu *v0, *v1;
static xen_pfn_t in[64], out[64];

static int setup(void **state)
{
	(void)state;
	host_reset(1);
	host.quiet = true;
	d0 = host_make_domain(0, 1);
	d1 = host_make_domain(1, 1);
	v0 = host_make_vcpu(d0, 0);
	v1 = host_make_vcpu(d1, 0);
	d0->is_hw = true;
	d1->max_pages = 40;
	d1->dirty_cpus = 1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned long k = 0; k < HOST_FRAMES; k++)
		if (frame_release(_mfn(HOST_FIRST_MFN + k), d1))
			continue;
	assert_int_equal(d1->tot_pages, 0);
	heap_free(d1->e820);
	host_free_domain(d0);
	host_free_domain(d1);
	assert_int_equal(host.pages_out, 0);
	assert_int_equal(host.heap_out, 0);
	return 0;
}

static long mem(struct vcpu *v, unsigned long cmd, void *arg)
{
	return hc_memory_op(v, cmd, (gva_t)arg);
}

static struct xen_memory_reservation reservation(xen_pfn_t *list,
						 unsigned long nr,
						 unsigned int order)
{
	return (struct xen_memory_reservation){ .extent_start = list,
						.nr_extents = nr,
						.extent_order = order,
						.domid = DOMID_SELF };
}

static void populate(xen_pfn_t *list, unsigned long nr, unsigned int order)
{
	struct xen_memory_reservation r = reservation(list, nr, order);

	for (unsigned long i = 0; i < nr; i++)
		list[i] = 1000 + i * (1UL << order);
	assert_int_equal(mem(v1, XENMEM_populate_physmap, &r), nr);
}

static void test_populate(void **state)
{
	(void)state;
	populate(out, 3, 2);
	assert_int_equal(d1->tot_pages, 12);
	for (unsigned int i = 0; i < 12; i++) {
		mfn_t mfn = _mfn(out[i / 4] + i % 4);

		assert_true(frame_owned_by(mfn_to_frame(mfn), d1));
		assert_int_equal(m2p_get(mfn), 1000 + i);
	}
}

static void test_quota_is_a_limit(void **state)
{
	struct xen_memory_reservation r = reservation(out, 64, 0);

	(void)state;
	assert_int_equal(mem(v1, XENMEM_increase_reservation, &r), 40);
	assert_int_equal(d1->tot_pages, 40);
	assert_int_equal(mem(v1, XENMEM_increase_reservation, &r), 0);
	r.nr_extents = 1;
	assert_int_equal(mem(v1, XENMEM_decrease_reservation, &r), 1);
	r = reservation(out, 2, 1);
	assert_int_equal(mem(v1, XENMEM_increase_reservation, &r), 0);
	assert_int_equal(d1->tot_pages, 39);
}

static void test_quota_arithmetic(void **state)
{
	(void)state;
	d1->max_pages = UINT32_MAX;
	d1->tot_pages = UINT32_MAX - 1;
	assert_false(domain_reserve_pages(d1, 2));
	assert_false(domain_reserve_pages(d1, 1UL << 32));
	assert_false(domain_reserve_pages(d1, ~0UL));
	assert_true(domain_reserve_pages(d1, 1));
	assert_false(domain_reserve_pages(d1, 1));
	d1->max_pages = 5;
	assert_false(domain_reserve_pages(d1, 1));
	d1->tot_pages = 0;
}

static void test_order_and_count(void **state)
{
	static const unsigned int orders[] = { 10, 20, 52, 63, 64, ~0U };
	struct xen_memory_reservation r;

	(void)state;
	for (unsigned int op = 0; op <= 6; op++) {
		if (op > 1 && op != XENMEM_populate_physmap)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
			r = reservation(out, 1, orders[i]);
			assert_int_equal(mem(v1, op, &r), 0);
		}
		r = reservation(out, ~0UL, 0);
		assert_int_equal(mem(v1, op, &r), 0);
		/* A start beyond the list, as only a guest could say. */
		r = reservation(out, 4, 0);
		assert_int_equal(mem(v1, op | 5UL << 6, &r), -EINVAL);
		assert_int_equal(mem(v1, op | 4UL << 6, &r), 4);
	}
	assert_int_equal(d1->tot_pages, 0);
}

static void test_unreadable_list(void **state)
{
	struct xen_memory_reservation r = reservation(out, 8, 0);

	(void)state;
	host.read_only_from = (gva_t)&out[3];
	host.read_only_to = (gva_t)&out[4];
	assert_int_equal(mem(v1, XENMEM_populate_physmap, &r), 3);
	assert_int_equal(d1->tot_pages, 3);
	r.extent_start = (void *)HYPERVISOR_VIRT_START;
	assert_int_equal(mem(v1, XENMEM_populate_physmap, &r), 0);
	assert_int_equal(mem(v1, XENMEM_populate_physmap,
			     (void *)HYPERVISOR_VIRT_START), -EFAULT);
}

static void test_continuation(void **state)
{
	struct xen_memory_reservation r = reservation(out, 40, 0);
	long ret = mem(v1, XENMEM_populate_physmap, &r);

	(void)state;
	assert_int_equal(ret, 40);
	host.preempt = true;
	ret = mem(v1, XENMEM_decrease_reservation, &r);
	while (host.continued) {
		host.continued = false;
		assert_true(host.cont_args[0] >> 6 > 0);
		ret = mem(v1, host.cont_args[0], &r);
	}
	host.preempt = false;
	assert_int_equal(ret, 40);
	assert_int_equal(d1->tot_pages, 0);
}

static void test_each_allocation_fails_once(void **state)
{
	(void)state;
	for (long n = 0; n < 6; n++) {
		struct xen_memory_reservation r = reservation(out, 6, 0);

		host.allocs_left = n;
		assert_int_equal(mem(v1, XENMEM_increase_reservation, &r), n);
		assert_int_equal(d1->tot_pages, n);
		host.allocs_left = -1;
		r.nr_extents = (unsigned long)n;
		assert_int_equal(mem(v1, XENMEM_decrease_reservation, &r), n);
	}
}

static void test_dying_gets_nothing(void **state)
{
	struct xen_memory_reservation r = reservation(out, 2, 0);

	(void)state;
	d1->is_dying = true;
	assert_int_equal(mem(v1, XENMEM_increase_reservation, &r), 0);
	assert_int_equal(d1->tot_pages, 0);
}

static void test_other_domains(void **state)
{
	struct xen_memory_reservation r = reservation(out, 2, 0);

	(void)state;
	r.domid = 0;
	assert_int_equal(mem(v1, XENMEM_increase_reservation, &r), -EPERM);
	r.domid = 1;
	assert_int_equal(mem(v0, XENMEM_increase_reservation, &r), 2);
	assert_int_equal(d1->tot_pages, 2);
	r.domid = 77;
	assert_int_equal(mem(v0, XENMEM_increase_reservation, &r), 0);
}

/* ---- exchange ------------------------------------------------------------------- */

static struct xen_memory_exchange exchange(unsigned long nr_in,
					   unsigned int in_order,
					   unsigned long nr_out,
					   unsigned int out_order)
{
	return (struct xen_memory_exchange){
		.in = reservation(in, nr_in, in_order),
		.out = reservation(out, nr_out, out_order),
	};
}

static void test_exchange_gathers(void **state)
{
	struct xen_memory_exchange e = exchange(16, 0, 2, 3);

	(void)state;
	populate(in, 16, 0);
	out[0] = 500;
	out[1] = 600;
	assert_int_equal(mem(v1, XENMEM_exchange, &e), 0);
	assert_int_equal(e.nr_exchanged, 16);
	assert_int_equal(d1->tot_pages, 16);
	for (unsigned int i = 0; i < 16; i++) {
		mfn_t mfn = _mfn(out[i / 8] + i % 8);

		assert_true(frame_owned_by(mfn_to_frame(mfn), d1));
		assert_int_equal(m2p_get(mfn), (i < 8 ? 500 : 592) + i);
	}
	assert_int_equal(host.pages_out, 16 + 2);
	assert_true(host.flushes > 0);
}

static void test_exchange_scatters(void **state)
{
	struct xen_memory_exchange e = exchange(2, 2, 8, 0);

	(void)state;
	populate(in, 2, 2);
	for (unsigned int i = 0; i < 8; i++)
		out[i] = 700 + i;
	assert_int_equal(mem(v1, XENMEM_exchange, &e), 0);
	assert_int_equal(e.nr_exchanged, 2);
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(m2p_get(_mfn(out[i])), 700 + i);
	assert_int_equal(d1->tot_pages, 8);
}

static void test_exchange_of_used_frames(void **state)
{
	struct xen_memory_exchange e = exchange(8, 0, 1, 3);

	(void)state;
	populate(in, 8, 0);
	assert_true(frame_get(_mfn(in[5]), d1));
	assert_int_equal(mem(v1, XENMEM_exchange, &e), -EINVAL);
	assert_int_equal(e.nr_exchanged, 0);
	frame_put(_mfn(in[5]));
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(m2p_get(_mfn(in[i])), 1000 + i);
	/* The same frame twice is a frame in use, too. */
	in[7] = in[6];
	assert_int_equal(mem(v1, XENMEM_exchange, &e), -EINVAL);
	assert_int_equal(d1->tot_pages, 8);
	assert_int_equal(host.pages_out, 8 + 2);
}

static void test_exchange_arguments(void **state)
{
	struct xen_memory_exchange e;

	(void)state;
	populate(in, 8, 0);
	e = exchange(8, 0, 2, 3);
	assert_int_equal(mem(v1, XENMEM_exchange, &e), -EINVAL);
	e = exchange(8, 0, 1, 3);
	e.nr_exchanged = 9;
	assert_int_equal(mem(v1, XENMEM_exchange, &e), -EINVAL);
	e = exchange(1, 10, 1024, 0);
	assert_int_equal(mem(v1, XENMEM_exchange, &e), -EPERM);
	e = exchange(1, 0, 1, 64);
	assert_int_equal(mem(v1, XENMEM_exchange, &e), -EPERM);
	e = exchange(~0UL, 1, ~0UL, 1);
	assert_int_equal(mem(v1, XENMEM_exchange, &e), -EINVAL);
	e = exchange(8, 0, 1, 3);
	e.out.domid = 0;
	assert_int_equal(mem(v1, XENMEM_exchange, &e), -EINVAL);
	e = exchange(8, 0, 1, 3);
	e.in.extent_start = (void *)(HYPERVISOR_VIRT_START + 8);
	assert_int_equal(mem(v1, XENMEM_exchange, &e), -EFAULT);
	e = exchange(8, 0, 1, 3);
	e.out.extent_start = (void *)~7UL;
	e.out.nr_extents = 8;
	e.out.extent_order = 0;
	assert_int_equal(mem(v1, XENMEM_exchange, &e), -EFAULT);
	assert_int_equal(d1->tot_pages, 8);
}

static void test_exchange_preempted(void **state)
{
	struct xen_memory_exchange e = exchange(8, 0, 8, 0);
	long ret;

	(void)state;
	populate(in, 8, 0);
	host.preempt = true;
	for (unsigned int tries = 0; tries < 8; tries++) {
		host.continued = false;
		ret = mem(v1, XENMEM_exchange, &e);
		assert_int_equal(e.nr_exchanged, tries + 1);
		assert_int_equal(host.continued, tries < 7);
	}
	assert_int_equal(ret, 0);
}

/* ---- the rest --------------------------------------------------------------------- */

static void test_claims(void **state)
{
	struct xen_memory_reservation r = reservation(NULL, 0, 0);
	unsigned long free = buddy_free_pages();

	(void)state;
	r.domid = 1;
	r.nr_extents = v1->d->max_pages + 1UL;
	assert_int_equal(mem(v0, XENMEM_claim_pages, &r), -EINVAL);
	v1->d->max_pages = ~0U;
	r.nr_extents = free + 1;
	assert_int_equal(mem(v0, XENMEM_claim_pages, &r), -ENOMEM);
	r.nr_extents = free - 1;
	assert_int_equal(mem(v0, XENMEM_claim_pages, &r), 0);
	/* dom0 may have the one page that isn't promised. */
	r = reservation(out, 2, 0);
	assert_int_equal(mem(v0, XENMEM_increase_reservation, &r), 1);
	assert_int_equal(mem(v0, XENMEM_decrease_reservation, &r), 1);
	/* The claimant uses its promise up. */
	assert_int_equal(mem(v1, XENMEM_increase_reservation, &r), 2);
	assert_int_equal(domain_claims_total(), free - 3);
	r = reservation(NULL, 0, 0);
	r.domid = 1;
	assert_int_equal(mem(v0, XENMEM_claim_pages, &r), 0);
	assert_int_equal(domain_claims_total(), 0);
	v1->d->is_dying = true;
	r.nr_extents = 10;
	assert_int_equal(mem(v0, XENMEM_claim_pages, &r), -ESRCH);
	assert_int_equal(mem(v1, XENMEM_claim_pages, &r), -EPERM);
}

static void test_maps(void **state)
{
	struct e820_entry map[8] = { { 0, 0x1000000, E820_RAM } }, back[8];
	struct xen_foreign_memory_map f = { .domid = 1,
					    .map = { 1, map } };
	struct xen_memory_map m = { 8, back };

	(void)state;
	assert_int_equal(mem(v1, XENMEM_memory_map, &m), -ENOSYS);
	assert_int_equal(mem(v1, XENMEM_set_memory_map, &f), -EPERM);
	assert_int_equal(mem(v0, XENMEM_set_memory_map, &f), 0);
	assert_int_equal(mem(v1, XENMEM_memory_map, &m), 0);
	assert_int_equal(m.nr_entries, 1);
	assert_int_equal(back[0].size, 0x1000000);
	f.map.nr_entries = DOMAIN_E820_MAX + 1;
	assert_int_equal(mem(v0, XENMEM_set_memory_map, &f), -EINVAL);
	m.nr_entries = 8;
	assert_int_equal(mem(v1, XENMEM_machine_memory_map, &m), -EPERM);
	assert_int_equal(mem(v0, XENMEM_machine_memory_map, &m), 0);
	assert_int_equal(m.nr_entries, e820.nr);
	m.nr_entries = 1;
	assert_int_equal(mem(v0, XENMEM_machine_memory_map, &m), -EINVAL);
}

static void test_facts(void **state)
{
	struct xen_memory_domain who = { DOMID_SELF };
	struct xen_machphys_mapping map;

	(void)state;
	populate(out, 3, 0);
	assert_int_equal(mem(v1, XENMEM_current_reservation, &who), 3);
	assert_int_equal(mem(v1, XENMEM_maximum_reservation, &who), 40);
	d1->shared->arch.max_pfn = 100;
	assert_int_equal(mem(v1, XENMEM_maximum_gpfn, &who), 99);
	d1->shared->arch.max_pfn = ~0UL;
	assert_int_equal(mem(v1, XENMEM_maximum_gpfn, &who), 0);
	who.domid = 0;
	assert_int_equal(mem(v1, XENMEM_current_reservation, &who), -EPERM);
	assert_int_equal(mem(v1, XENMEM_machphys_mapping, &map), 0);
	assert_int_equal(map.v_start, MACH2PHYS_VIRT_START);
	assert_true(map.max_mfn < MACH2PHYS_NR_ENTRIES);
}

static void test_privileged_and_unknown(void **state)
{
	uint64_t zeros[16] = { 0 };

	(void)state;
	assert_int_equal(mem(v1, XENMEM_acquire_resource, zeros), -EPERM);
	assert_int_equal(mem(v1, XENMEM_add_to_physmap, zeros), -EPERM);
	zeros[0] = DOMID_SELF;
	assert_int_equal(mem(v1, XENMEM_add_to_physmap, zeros), -EACCES);
	for (unsigned long op = XENMEM_acquire_resource + 1; op < 64; op++)
		assert_int_equal(mem(v1, op, zeros), -ENOSYS);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_populate),
		T(test_quota_is_a_limit),
		T(test_quota_arithmetic),
		T(test_order_and_count),
		T(test_unreadable_list),
		T(test_continuation),
		T(test_each_allocation_fails_once),
		T(test_dying_gets_nothing),
		T(test_other_domains),
		T(test_exchange_gathers),
		T(test_exchange_scatters),
		T(test_exchange_of_used_frames),
		T(test_exchange_arguments),
		T(test_exchange_preempted),
		T(test_claims),
		T(test_maps),
		T(test_facts),
		T(test_privileged_and_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
