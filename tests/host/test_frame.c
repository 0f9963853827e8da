/*
 * Frame words and page-table validation (alloc/frame.c, pv/ptval.c): random
 * sequences against the oracle of pt_model.c, and the cases that a random
 * walk hardly meets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "machine.h"
#include "pt_model.h"

static void random_sequences(void **state)
{
	uint32_t seed = 0x1234567;
	unsigned long allowed = 0, rounds;

	(void)state;
	for (rounds = 0; rounds < 3000; rounds++) {
		uint8_t ops[4 * 200];
		size_t i;

		for (i = 0; i < sizeof(ops); i++) {
			seed = seed * 1664525 + 1013904223;
			ops[i] = seed >> 24;
		}
		allowed += pt_model_run(ops, sizeof(ops));
	}
	/* A walk in which nearly all is refused would show nothing. */
	assert_true(allowed > rounds * 50);
}

static struct domain *d, *other;

static void two_domains(void)
{
	host_reset(2);
	host.quiet = true;
	d = host_make_domain(1, 1);
	other = host_make_domain(2, 1);
}

static int free_domains(void **state)
{
	(void)state;
	host_free_domain(d);
	host_free_domain(other);
	return 0;
}

static void references_keep_a_frame(void **state)
{
	mfn_t m;

	(void)state;
	two_domains();
	m = host_give_frame(d);
	assert_true(frame_get(m, d));
	assert_false(frame_get(m, other));
	assert_true(frame_release(m, d));
	/* Let go twice: refused, and it is still there for the reference. */
	assert_false(frame_release(m, d));
	assert_true(frame_owned_by(mfn_to_frame(m), d));
	frame_put(m);
	assert_false(frame_get(m, d));
	assert_false(frame_get_writable(m, d));
}

static void counts_are_refused_not_wrapped(void **state)
{
	mfn_t m;
	uint64_t *w;

	(void)state;
	two_domains();
	m = host_give_frame(d);
	w = &mfn_to_frame(m)->word;
	*w |= 0x1ffffff;
	assert_false(frame_get(m, d));
	*w &= ~0x1ffffffUL;
	assert_true(frame_get_writable(m, d));
	*w |= 0xfffffUL << 25;
	assert_int_equal(frame_get_type(m, d, FT_WRITABLE), -EBUSY);
	assert_int_equal(*w >> 25 & 0xfffff, 0xfffff);
}

static void shared_frames_cannot_be_unpinned(void **state)
{
	mfn_t m;

	(void)state;
	two_domains();
	m = host_give_frame(d);
	frame_share_with(m, d);
	assert_int_equal(frame_unpin(m, d), -EINVAL);
	assert_int_equal(frame_pin(m, d, FT_L1), -EBUSY);
	assert_false(frame_release(m, d));
	assert_true(frame_get_writable(m, d));
	frame_unshare(m);
	assert_true(frame_owned_by(mfn_to_frame(m), d));
	frame_put_writable(m);
	assert_false(frame_owned_by(mfn_to_frame(m), d));
}

/* A frame that was writable and becomes a table: stale translations must
 * have gone from each CPU that may hold some. */
static void type_changes_flush(void **state)
{
	mfn_t m;
	unsigned int before;

	(void)state;
	two_domains();
	m = host_give_frame(d);
	d->dirty_cpus = 3;
	assert_true(frame_get_writable(m, d));
	frame_put_writable(m);
	before = host.flushes;
	host.flushed = 0;
	assert_int_equal(frame_pin(m, d, FT_L1), 0);
	assert_true(host.flushes > before);
	assert_int_equal(host.flushed, 3);
	assert_int_equal(frame_unpin(m, d), 0);
	host.flushed = 0;
	assert_true(frame_get_writable(m, d));
	assert_int_equal(host.flushed, 3);
}

/* Read-only mappings outlive their reference in a TLB: whoever gets the frame
 * next must not be read through them. */
static void a_freed_frame_is_flushed(void **state)
{
	mfn_t m;

	(void)state;
	two_domains();
	m = host_give_frame(d);
	d->dirty_cpus = 1;
	assert_true(frame_get(m, d));
	frame_put(m);
	host.flushed = 0;
	assert_true(frame_release(m, d));
	assert_int_equal(host.flushed, 1);
}

static void invalid_frames(void **state)
{
	(void)state;
	two_domains();
	assert_false(frame_get(_mfn(HOST_FIRST_MFN + HOST_FRAMES), d));
	assert_false(frame_get(INVALID_MFN, d));
	assert_int_equal(frame_get_type(INVALID_MFN, d, FT_L4), -EINVAL);
	assert_int_equal(frame_pin(_mfn(1UL << 40), d, FT_L2), -EINVAL);
	assert_int_equal(frame_unpin(INVALID_MFN, d), -EINVAL);
	assert_false(frame_release(INVALID_MFN, d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_sequences),
		cmocka_unit_test_teardown(references_keep_a_frame, free_domains),
		cmocka_unit_test_teardown(counts_are_refused_not_wrapped, free_domains),
		cmocka_unit_test_teardown(shared_frames_cannot_be_unpinned, free_domains),
		cmocka_unit_test_teardown(type_changes_flush, free_domains),
		cmocka_unit_test_teardown(a_freed_frame_is_flushed, free_domains),
		cmocka_unit_test_teardown(invalid_frames, free_domains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
