/*
 * The buddy allocator and the heap on 32 MiB around the 4 GiB line.  What must
 * hold: no frame is given twice; blocks are aligned, and zero whatever was in
 * them before; low memory goes last; all that is freed joins up again; a
 * frame freed twice, or while somebody refers to it, stops the machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <hvx/console.h>
#include <hvx/frame.h>
#include <hvx/machine.h>

#define NR_FRAMES 8192UL
#define FIRST	  (0x100000UL - NR_FRAMES / 2)

static uint8_t arena[NR_FRAMES][PAGE_SIZE] __aligned(4096);
static struct frame words[NR_FRAMES];
static jmp_buf on_panic;
static bool panic_expected;

unsigned long frame_max_mfn = FIRST + NR_FRAMES;

void machine_relax(void)
{
	abort();
}

void panic(const char *fmt, ...)
{
	if (panic_expected)
		longjmp(on_panic, 1);
	fail_msg("panic: %s", fmt);
	abort();
}

#define expect_panic(call)                                                     \
	do {                                                                   \
		panic_expected = true;                                         \
		if (!setjmp(on_panic)) {                                       \
			call;                                                  \
			fail_msg("%s is let pass", #call);                     \
		}                                                              \
		panic_expected = false;                                        \
	} while (0)

bool mfn_valid(mfn_t mfn)
{
	return mfn_x(mfn) - FIRST < NR_FRAMES;
}

struct frame *mfn_to_frame(mfn_t mfn)
{
	assert_true(mfn_valid(mfn));
	return &words[mfn_x(mfn) - FIRST];
}

mfn_t frame_to_mfn(const struct frame *fr)
{
	return _mfn(FIRST + (unsigned long)(fr - words));
}

void *mfn_to_virt(mfn_t mfn)
{
	assert_true(mfn_valid(mfn));
	return arena[mfn_x(mfn) - FIRST];
}

mfn_t virt_to_mfn(const void *p)
{
	return _mfn(FIRST + (unsigned long)((const uint8_t *)p - arena[0]) /
				    PAGE_SIZE);
}

/* All of it, once: the allocator has no way to take memory back. */
static int give_all(void **state)
{
	(void)state;
	for (unsigned long i = 0; i < NR_FRAMES; i++)
		words[i].word = (uint64_t)OWNER_CORE << 52;
	memset(arena, 0x5a, sizeof(arena));
	/* In odd pieces, as a memory map has them. */
	buddy_add_range(_mfn(FIRST), _mfn(FIRST + 3));
	buddy_add_range(_mfn(FIRST + 1001), _mfn(FIRST + NR_FRAMES));
	buddy_add_range(_mfn(FIRST + 3), _mfn(FIRST + 1001));
	return 0;
}

static int nothing_lost(void **state)
{
	(void)state;
	assert_int_equal(buddy_audit(), 0);
	assert_int_equal(buddy_free_pages(), NR_FRAMES);
	return 0;
}

static void assert_zero(mfn_t mfn, unsigned int order)
{
	const uint8_t *p = mfn_to_virt(mfn);

	for (unsigned long i = 0; i < PAGE_SIZE << order; i++)
		assert_int_equal(p[i], 0);
}

static void test_first_use_is_scrubbed(void **state)
{
	mfn_t dirty, mfn;
	bool is_dirty = false;

	(void)state;
	dirty = buddy_take(4, 64, &is_dirty);
	assert_true(is_dirty);
	assert_int_equal(*((uint8_t *)mfn_to_virt(dirty) + 100), 0x5a);
	mfn = buddy_alloc(4);
	assert_true(mfn_valid(mfn));
	assert_zero(mfn, 4);
	memset(mfn_to_virt(mfn), 0x77, PAGE_SIZE << 4);
	buddy_free(mfn, 4);
	buddy_free(dirty, 4);
	/* Whichever block this is: nothing of the last user's is in it. */
	mfn = buddy_alloc(5);
	assert_zero(mfn, 5);
	buddy_free(mfn, 5);
}

static void test_all_frames_once(void **state)
{
	static bool seen[NR_FRAMES];
	static mfn_t got[NR_FRAMES];

	(void)state;
	for (unsigned long i = 0; i < NR_FRAMES; i++) {
		got[i] = buddy_alloc(0);
		assert_true(mfn_valid(got[i]));
		assert_false(seen[mfn_x(got[i]) - FIRST]);
		seen[mfn_x(got[i]) - FIRST] = true;
		/* What devices can reach goes last. */
		assert_true((mfn_x(got[i]) >= 0x100000) == (i < NR_FRAMES / 2));
	}
	assert_int_equal(buddy_free_pages(), 0);
	assert_false(mfn_valid(buddy_alloc(0)));
	for (unsigned long i = 0; i < NR_FRAMES; i++)
		buddy_free(got[i * 4099 % NR_FRAMES], 0);
	/* All has joined: each half is one block again. */
	got[0] = buddy_alloc(12);
	got[1] = buddy_alloc(12);
	assert_true(mfn_valid(got[0]) && mfn_valid(got[1]));
	buddy_free(got[0], 12);
	buddy_free(got[1], 12);
}

static void test_below(void **state)
{
	mfn_t mfn = buddy_alloc_below(3, 32);

	(void)state;
	assert_true(mfn_valid(mfn));
	assert_true(mfn_x(mfn) < 0x100000);
	assert_int_equal(mfn_x(mfn) & 7, 0);
	assert_int_equal(buddy_free_below(32), NR_FRAMES / 2 - 8);
	buddy_free(mfn, 3);
	mfn = buddy_alloc_below(0, 33);
	assert_true(mfn_x(mfn) >= 0x100000);
	buddy_free(mfn, 0);
	/* There is nothing below 2 GiB here, nor below a page. */
	assert_false(mfn_valid(buddy_alloc_below(0, 31)));
	assert_false(mfn_valid(buddy_alloc_below(0, 0)));
	assert_false(mfn_valid(buddy_alloc(MAX_ORDER + 1)));
	assert_false(mfn_valid(buddy_alloc(~0U)));
}

static void test_misuse(void **state)
{
	mfn_t mfn = buddy_alloc(1);

	(void)state;
	expect_panic(buddy_free(_mfn(mfn_x(mfn) + 1), 1));
	expect_panic(buddy_free(mfn, MAX_ORDER + 1));
	/* Somebody refers to one of the two. */
	mfn_to_frame(_mfn(mfn_x(mfn) + 1))->word |= 1;
	expect_panic(buddy_free(mfn, 1));
	mfn_to_frame(_mfn(mfn_x(mfn) + 1))->word &= ~1ULL;
	buddy_free(mfn, 1);
	expect_panic(buddy_free(mfn, 1));
	expect_panic(buddy_free(_mfn(mfn_x(mfn) + 1), 0));
	assert_int_equal(buddy_audit(), 0);
}

static void test_nth_fails(void **state)
{
	mfn_t a, b;

	(void)state;
	alloc_fail_nth(2);
	a = buddy_alloc(0);
	assert_true(mfn_valid(a));
	assert_false(mfn_valid(buddy_alloc(0)));
	b = buddy_alloc(0);
	assert_true(mfn_valid(b));
	buddy_free(a, 0);
	buddy_free(b, 0);
	alloc_fail_nth(1);
	assert_null(heap_alloc(100));
}

#define HELD 200

static void test_random_orders(void **state)
{
	static struct {
		mfn_t mfn;
		unsigned int order;
	} held[HELD];
	unsigned int nr = 0;

	(void)state;
	srand(1);
	for (unsigned int round = 0; round < 20000; round++) {
		unsigned int order = (unsigned int)rand() % 7;
		bool low = rand() % 2;
		mfn_t mfn;

		if (nr == HELD || (nr && rand() % 2)) {
			unsigned int i = (unsigned int)rand() % nr;

			memset(mfn_to_virt(held[i].mfn), 0xee,
			       PAGE_SIZE << held[i].order);
			buddy_free(held[i].mfn, held[i].order);
			held[i] = held[--nr];
			continue;
		}
		mfn = low ? buddy_alloc_below(order, 32) : buddy_alloc(order);
		if (!mfn_valid(mfn))
			continue;
		assert_int_equal(mfn_x(mfn) & ((1UL << order) - 1), 0);
		assert_zero(mfn, order);
		held[nr].mfn = mfn;
		held[nr++].order = order;
		if (round % 64 == 0)
			assert_int_equal(buddy_audit(), 0);
	}
	while (nr--)
		buddy_free(held[nr].mfn, held[nr].order);
}

/* ---- heap -------------------------------------------------------------------- */

static void test_heap_sizes(void **state)
{
	static const size_t sizes[] = { 1,    16,   32,	  33,	 100,  256,
					496,  500,  1008, 1344,	 2000, 2016,
					2017, 4096, 5000, 70000, 0 };
	uint8_t *p[ARRAY_SIZE(sizes)];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		p[i] = heap_alloc(sizes[i]);
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] % 16, 0);
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(p[i][k], 0);
		memset(p[i], (int)i + 1, sizes[i]);
	}
	/* None lies in another. */
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(p[i][k], i + 1);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		heap_free(p[i]);
	heap_free(NULL);
	assert_int_equal(heap_pages_used(), 0);
}

static void test_heap_random(void **state)
{
	static struct {
		uint8_t *p;
		size_t size;
	} held[HELD];
	unsigned int nr = 0;

	(void)state;
	srand(2);
	for (unsigned int round = 0; round < 50000; round++) {
		if (nr == HELD || (nr && rand() % 2)) {
			unsigned int i = (unsigned int)rand() % nr;

			for (size_t k = 0; k < held[i].size; k++)
				assert_int_equal(held[i].p[k],
						 held[i].size & 0xff);
			heap_free(held[i].p);
			held[i] = held[--nr];
			continue;
		}
		held[nr].size = (size_t)rand() % (rand() % 8 ? 2100 : 9000);
		held[nr].p = heap_alloc(held[nr].size);
		assert_non_null(held[nr].p);
		for (size_t k = 0; k < held[nr].size; k++)
			assert_int_equal(held[nr].p[k], 0);
		memset(held[nr].p, (int)(held[nr].size & 0xff), held[nr].size);
		nr++;
	}
	while (nr--)
		heap_free(held[nr].p);
	assert_int_equal(heap_pages_used(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_first_use_is_scrubbed,
					  nothing_lost),
		cmocka_unit_test_teardown(test_all_frames_once, nothing_lost),
		cmocka_unit_test_teardown(test_below, nothing_lost),
		cmocka_unit_test_teardown(test_misuse, nothing_lost),
		cmocka_unit_test_teardown(test_nth_fails, nothing_lost),
		cmocka_unit_test_teardown(test_random_orders, nothing_lost),
		cmocka_unit_test_teardown(test_heap_sizes, nothing_lost),
		cmocka_unit_test_teardown(test_heap_random, nothing_lost),
	};

	return cmocka_run_group_tests(tests, give_all, NULL);
}
