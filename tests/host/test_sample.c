/*
 * The working set (pv/sample.c): estimates against what was touched, access
 * bits afterwards against before, and random sequences of a guest's changes
 * while it is watched.  The test is the processor: it sets bits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <abi/domctl.h>

#include "machine.h"
#include "pt_model.h"

#define TABLES	6
#define DATA	(TABLES * 512)

static struct domain *d;
static mfn_t table[TABLES], data[DATA];
static uint32_t seed;

static uint32_t draw(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static uint64_t *entry(unsigned int i)
{
	return (uint64_t *)mfn_to_virt(table[i / 512]) + i % 512;
}

/* A domain whose tables map each of its data frames once, all touched. */
static void setup_domain(void)
{
	host_reset(2);
	host.quiet = true;
	seed = 1;
	d = host_make_domain(1, 1);
	for (unsigned int i = 0; i < DATA; i++)
		data[i] = host_give_frame(d);
	for (unsigned int t = 0; t < TABLES; t++)
		table[t] = host_give_frame(d);
	for (unsigned int i = 0; i < DATA; i++)
		*entry(i) = mfn_to_paddr(data[i]) | PTE_P | PTE_RW | PTE_A;
	for (unsigned int t = 0; t < TABLES; t++)
		assert_int_equal(frame_pin(table[t], d, FT_L1), 0);
	d->tot_pages = DATA + TABLES;
	d->dirty_cpus = 2;
}

static int free_domain(void **state)
{
	(void)state;
	for (unsigned int t = 0; t < TABLES; t++)
		(void)!frame_unpin(table[t], d);
	for (unsigned int t = 0; t < TABLES; t++)
		(void)!frame_release(table[t], d);
	for (unsigned int i = 0; i < DATA; i++)
		assert_true(frame_release(data[i], d));
	heap_free(d->sample);
	host_free_domain(d);
	assert_int_equal(host.pages_out, 0);
	assert_int_equal(host.heap_out, 0);
	return 0;
}

static struct xen_domctl_hvx_working_set turn(uint32_t samples)
{
	struct xen_domctl_hvx_working_set ws;
	unsigned int pieces = 0;

	do {
		ws.samples = samples;
		ws.keep = 0;
		host.clock += 1000;
		assert_int_equal(sample_step(d, &ws), 0);
		assert_int_equal(d->pause_count, 0);
		assert_true(++pieces < 10000);
	} while (ws.more);
	return ws;
}

/* Touch n frames, from `first` on; twice, which must count once. */
static void touch(unsigned int first, unsigned int n)
{
	for (unsigned int i = 0; i < 2 * n; i++)
		*entry((first + i % n) % DATA) |= PTE_A;
}

static void nothing_to_tell_at_first(void **state)
{
	struct xen_domctl_hvx_working_set ws;

	(void)state;
	setup_domain();
	ws = turn(0);
	assert_int_equal(ws.watched, 0);
	ws = turn(100);
	assert_int_equal(ws.watched, 0);
	assert_non_null(d->sample);
	ws = turn(0);
	assert_true(ws.watched > 80 && ws.watched < 120);
	assert_int_equal(ws.touched, 0);
	assert_int_equal(ws.pages, DATA + TABLES);
	assert_null(d->sample);
}

static void all_watched_is_exact(void **state)
{
	(void)state;
	setup_domain();
	turn(2 * DATA);
	touch(100, 777);
	assert_int_equal(turn(2 * DATA).touched, 777);
	assert_int_equal(turn(0).touched, 0);
}

/* Runs of frames, as programs have them: k of them touched gives an error that
 * is a little below what independent draws would. */
static void estimates_are_near(void **state)
{
	double error = 0;
	unsigned int rounds = 200;

	(void)state;
	setup_domain();
	turn(512);
	for (unsigned int r = 0; r < rounds; r++) {
		unsigned int n = 200 + draw(DATA - 200);
		struct xen_domctl_hvx_working_set ws;
		double e;

		touch(draw(DATA), n);
		host.clock += draw(1000000000);
		ws = turn(512);
		assert_int_equal(ws.unseen, 0);
		e = (double)ws.pages * ws.touched / ws.watched / n - 1;
		assert_true(e > -0.15 && e < 0.15);
		error += e;
	}
	/* And no bias. */
	assert_true(error / rounds > -0.01 && error / rounds < 0.01);
}

/* All bits are as they were, or as the processor set them meanwhile. */
static void bits_come_back(void **state)
{
	bool was[DATA];

	(void)state;
	setup_domain();
	for (unsigned int i = 0; i < DATA; i++) {
		was[i] = draw(2);
		if (!was[i])
			*entry(i) &= ~PTE_A;
	}
	for (unsigned int r = 0; r < 20; r++) {
		unsigned int i = draw(DATA), cleared = 0;

		turn(r % 5 ? 700 : DATA);
		for (unsigned int k = 0; k < DATA; k++)
			cleared += was[k] && !(*entry(k) & PTE_A);
		assert_true(cleared > 100);
		touch(i, 10);
		for (unsigned int k = 0; k < 10; k++)
			was[(i + k) % DATA] = true;
		turn(0);
		for (unsigned int k = 0; k < DATA; k++)
			assert_int_equal(!!(*entry(k) & PTE_A), was[k]);
	}
}

/* Several mappings of a frame, any of them used: it counts once. */
static void a_shared_frame_counts_once(void **state)
{
	(void)state;
	setup_domain();
	for (unsigned int i = 0; i < 512; i++) {
		unsigned int k = 512 + i;
		uint64_t e = mfn_to_paddr(data[i]) | PTE_P | PTE_RW | PTE_A;

		*entry(k) = e;
		assert_int_equal(frame_get_type(data[i], d, FT_WRITABLE), 0);
		frame_put_type_leaf(data[k]);
	}
	turn(2 * DATA);
	touch(256, 512);	/* half of the first table, half of the second */
	assert_int_equal(turn(0).touched, 512);
	turn(2 * DATA);
	touch(0, 1024);
	assert_int_equal(turn(0).touched, 512);
}

/* More mappings than there is room for: said, and the rest still right. */
static void too_many_mappings(void **state)
{
	struct xen_domctl_hvx_working_set ws;

	(void)state;
	setup_domain();
	for (unsigned int i = 0; i < DATA; i++) {
		assert_int_equal(frame_get_type(data[0], d, FT_WRITABLE), 0);
		frame_put_type_leaf(data[i]);
		*entry(i) = mfn_to_paddr(data[0]) | PTE_P | PTE_RW | PTE_A;
	}
	d->tot_pages = 4;	/* so that 4 samples are all */
	turn(4);
	touch(0, DATA);
	ws = turn(0);
	assert_int_equal(ws.touched, 1);
	assert_int_equal(ws.unseen, DATA - 16);
}

/* What was a table when it was watched is the guest's own page at the end. */
static void a_table_no_more(void **state)
{
	(void)state;
	setup_domain();
	turn(2 * DATA);
	assert_int_equal(frame_unpin(table[1], d), 0);
	assert_true(frame_get_writable(table[1], d));
	for (unsigned int i = 512; i < 1024; i++)
		*entry(i) &= ~(PTE_A | PTE_D);
	turn(0);
	for (unsigned int i = 512; i < 1024; i++)
		assert_false(*entry(i) & PTE_A);
	frame_put_writable(table[1]);
}

static struct xen_domctl_hvx_working_set peek(void)
{
	struct xen_domctl_hvx_working_set ws;

	do {
		ws.samples = 0;
		ws.keep = 1;
		host.clock += 1000;
		assert_int_equal(sample_step(d, &ws), 0);
	} while (ws.more);
	return ws;
}

/* Told of an interval that goes on: all that was touched so far, each once, and no
 * bit is given back before its end. */
static void told_so_far(void **state)
{
	unsigned int set = 0;

	(void)state;
	setup_domain();
	assert_int_equal(peek().watched, 0);
	turn(2 * DATA);
	assert_int_equal(peek().touched, 0);
	touch(100, 500);
	assert_int_equal(peek().touched, 500);
	assert_true(peek().watched >= DATA + TABLES);
	touch(300, 600);
	host.preempt = true;
	assert_int_equal(peek().touched, 800);
	host.preempt = false;
	for (unsigned int i = 0; i < DATA; i++)
		set += !!(*entry(i) & PTE_A);
	assert_int_equal(set, 800);
	touch(900, 100);
	assert_int_equal(turn(0).touched, 900);
	for (unsigned int i = 0; i < DATA; i++)
		assert_true(*entry(i) & PTE_A);
	assert_int_equal(peek().watched, 0);
}

/* Counted from one interval's beginning to the next one's, by all vCPUs. */
static void what_was_swapped(void **state)
{
	static struct vcpu vcpu[2];
	struct vcpu *list[3] = { &vcpu[0], NULL, &vcpu[1] };
	struct vcpu **own;
	unsigned int max;
	struct xen_domctl_hvx_working_set ws;

	(void)state;
	setup_domain();
	own = d->vcpu;
	max = d->max_vcpus;
	d->vcpu = list;
	d->max_vcpus = 3;
	vcpu[0].pv.paged_out = UINT32_MAX - 1;
	vcpu[1].pv.paged_in = 5;
	turn(100);
	vcpu[0].pv.paged_out += 3;
	vcpu[1].pv.paged_out += 4;
	vcpu[1].pv.paged_in += 2;
	ws = turn(100);
	assert_int_equal(ws.paged_out, 7);
	assert_int_equal(ws.paged_in, 2);
	vcpu[0].pv.paged_in += 1;
	ws = turn(0);
	assert_int_equal(ws.paged_out, 0);
	assert_int_equal(ws.paged_in, 1);
	d->vcpu = own;
	d->max_vcpus = max;
}

static void another_frame_in_the_entry(void **state)
{
	(void)state;
	setup_domain();
	turn(2 * DATA);
	for (unsigned int i = 0; i < DATA; i += 2) {
		uint64_t e = *entry(i);

		*entry(i) = *entry(i + 1);
		*entry(i + 1) = e;
	}
	turn(0);
	for (unsigned int i = 0; i < DATA; i++)
		assert_false(*entry(i) & PTE_A);
}

static void processors_are_made_to_look(void **state)
{
	(void)state;
	setup_domain();
	host.flushed = 0;
	turn(100);
	assert_int_equal(host.flushed, 2);
}

/* A guest of whom every piece is interrupted at once gets it done all the same,
 * and no piece is long. */
static void pieces_are_bounded(void **state)
{
	struct xen_domctl_hvx_working_set ws = { .samples = 2 * DATA };
	unsigned int pieces = 0;

	(void)state;
	setup_domain();
	host.preempt = true;
	do {
		unsigned int before = 0, after = 0;

		for (unsigned int i = 0; i < DATA; i++)
			before += !!(*entry(i) & PTE_A);
		ws.samples = 2 * DATA;
		ws.keep = 0;
		assert_int_equal(sample_step(d, &ws), 0);
		for (unsigned int i = 0; i < DATA; i++)
			after += !!(*entry(i) & PTE_A);
		assert_true(before - after <= 512);
		pieces++;
	} while (ws.more);
	assert_true(pieces > TABLES);
	host.preempt = false;
}

static void refusals(void **state)
{
	struct xen_domctl_hvx_working_set ws = {
		.samples = XEN_DOMCTL_HVX_WS_MAX_SAMPLES + 1,
	};

	(void)state;
	setup_domain();
	assert_int_equal(sample_step(d, &ws), -EINVAL);
	ws.samples = 100;
	host.allocs_left = 0;
	assert_int_equal(sample_step(d, &ws), -ENOMEM);
	host.allocs_left = -1;
	turn(100);
	/* No memory for the next interval: this one is over all the same. */
	host.allocs_left = 0;
	ws.samples = 100;
	assert_int_equal(sample_step(d, &ws), -ENOMEM);
	assert_int_equal(d->pause_count, 0);
	assert_null(d->sample);
	for (unsigned int i = 0; i < DATA; i++)
		assert_true(*entry(i) & PTE_A);
	host.allocs_left = -1;
	d->is_dying = true;
	assert_int_equal(sample_step(d, &ws), -ESRCH);
}

/* A guest that changes its tables at random meanwhile. */
static void random_sequences(void **state)
{
	unsigned long allowed = 0, rounds;

	(void)state;
	seed = 0x7654321;
	for (rounds = 0; rounds < 1000; rounds++) {
		uint8_t ops[4 * 200];

		for (size_t i = 0; i < sizeof(ops); i++)
			ops[i] = (uint8_t)draw(256);
		allowed += pt_model_run_watched(ops, sizeof(ops));
	}
	assert_true(allowed > rounds * 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(nothing_to_tell_at_first, free_domain),
		cmocka_unit_test_teardown(all_watched_is_exact, free_domain),
		cmocka_unit_test_teardown(estimates_are_near, free_domain),
		cmocka_unit_test_teardown(bits_come_back, free_domain),
		cmocka_unit_test_teardown(a_shared_frame_counts_once, free_domain),
		cmocka_unit_test_teardown(too_many_mappings, free_domain),
		cmocka_unit_test_teardown(a_table_no_more, free_domain),
		cmocka_unit_test_teardown(told_so_far, free_domain),
		cmocka_unit_test_teardown(what_was_swapped, free_domain),
		cmocka_unit_test_teardown(another_frame_in_the_entry, free_domain),
		cmocka_unit_test_teardown(processors_are_made_to_look, free_domain),
		cmocka_unit_test_teardown(pieces_are_bounded, free_domain),
		cmocka_unit_test_teardown(refusals, free_domain),
		cmocka_unit_test(random_sequences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
