/* SPDX-License-Identifier: MIT */
/*
 * hvxconsoled's view of a console ring. What must hold: what a fair guest writes
 * comes out once and in order, across every wrap; whatever a hostile one writes
 * into the page, nothing outside of it is touched, no more than a ring is taken
 * at a time, and a guest that becomes fair again is served again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hvxconsoled/ring.h>

/* Values around which indices go wrong */
static const uint32_t edges[] = {
	0, 1, 2, 1023, 1024, 1025, 2047, 2048, 2049, 4096, 0x7fffffff,
	0x80000000, 0x80000001, 0xfffff7ff, 0xfffff800, 0xfffff801, 0xfffffffe,
	0xffffffff,
};
#define EDGES (sizeof(edges) / sizeof(edges[0]))

static struct xencons_interface *page(void)
{
	/* Malloc'd exactly, so that the sanitizer guards both ends. */
	return calloc(1, sizeof(struct xencons_interface));
}

static void guest_writes(struct xencons_interface *r, const char *s, size_t n)
{
	while (n--)
		r->out[MASK_XENCONS_IDX(r->out_prod++, r->out)] = *s++;
}

static void test_wraps(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < EDGES; i++) {
		struct xencons_interface *r = page();
		uint32_t cons = edges[i];
		char text[RING_OUT], buf[RING_OUT];
		size_t n, k;
		bool odd;

		r->out_prod = r->out_cons = cons;
		for (n = 0; n <= RING_OUT; n += 511) {
			for (k = 0; k < n; k++)
				text[k] = k * 7 + n;
			guest_writes(r, text, n);
			assert_int_equal(ring_take_output(r, &cons, buf, &odd),
					 n);
			assert_false(odd);
			assert_memory_equal(buf, text, n);
			ring_release_output(r, cons);
			assert_int_equal(r->out_cons, r->out_prod);
		}
		free(r);
	}
}

/* Every pair of producer and consumer in the page, and of ours */
static void test_hostile_output(void **state)
{
	size_t i, j, k;

	(void)state;
	for (i = 0; i < EDGES; i++)
		for (j = 0; j < EDGES; j++)
			for (k = 0; k < EDGES; k++) {
				struct xencons_interface *r = page();
				uint32_t cons = edges[k];
				char *buf = malloc(RING_OUT);
				size_t n;
				bool odd;

				r->out_prod = edges[i];
				r->out_cons = edges[j];
				n = ring_take_output(r, &cons, buf, &odd);
				assert_true(n <= RING_OUT);
				assert_int_equal(cons, edges[i]);
				assert_int_equal(odd, edges[i] - edges[k] >
						 RING_OUT);
				/* Fair from now on, and all is well. */
				ring_release_output(r, cons);
				guest_writes(r, "fair", 4);
				assert_int_equal(ring_take_output(r, &cons, buf,
								  &odd), 4);
				assert_false(odd);
				assert_memory_equal(buf, "fair", 4);
				free(buf);
				free(r);
			}
}

static void test_find(void **state)
{
	struct xencons_interface *r = page();

	(void)state;
	r->out_cons = 100;
	r->out_prod = 150;
	assert_int_equal(ring_find_output(r, false, 0), 100);
	/* Killed between taking 40 bytes and giving back their room */
	assert_int_equal(ring_find_output(r, true, 140), 140);
	/* Another has served it meanwhile */
	assert_int_equal(ring_find_output(r, true, 90), 100);
	/* Killed before taking, or in step */
	assert_int_equal(ring_find_output(r, true, 100), 100);
	assert_int_equal(ring_find_output(r, true, 150), 150);
	/* What we knew is of another page's life */
	assert_int_equal(ring_find_output(r, true, 9000), 100);
	r->out_cons = 9000;
	assert_int_equal(ring_find_output(r, false, 0), 150);
	r->in_cons = 5;
	r->in_prod = 9;
	assert_int_equal(ring_find_input(r), 9);
	r->in_prod = 5000;
	assert_int_equal(ring_find_input(r), 5);
	free(r);
}

static void test_input(void **state)
{
	struct xencons_interface *r = page();
	uint32_t prod = 0xfffffff0;
	char text[3000];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(text); i++)
		text[i] = i % 251;
	r->in_prod = r->in_cons = prod;
	assert_int_equal(ring_put_input(r, &prod, text, 3000), RING_IN);
	assert_int_equal(ring_put_input(r, &prod, text + RING_IN, 9), 0);
	assert_int_equal(r->in_prod, prod);
	for (i = 0; i < RING_IN; i++)
		assert_int_equal(r->in[MASK_XENCONS_IDX(r->in_cons + i, r->in)],
				 text[i]);
	r->in_cons += 10;
	assert_int_equal(ring_put_input(r, &prod, text, 3000), 10);
	free(r);
}

static void test_hostile_input(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < EDGES; i++)
		for (j = 0; j < EDGES; j++) {
			struct xencons_interface *r = page();
			uint32_t prod = edges[j];
			size_t n;

			r->in_cons = edges[i];
			n = ring_put_input(r, &prod, "0123456789", 10);
			assert_true(n <= 10);
			assert_true(prod - edges[i] <= RING_IN);
			r->in_cons = prod;
			assert_int_equal(ring_put_input(r, &prod, "abc", 3), 3);
			free(r);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wraps),
		cmocka_unit_test(test_hostile_output),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_input),
		cmocka_unit_test(test_hostile_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
