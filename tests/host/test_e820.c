/*
 * The memory map put in order: sorted, no overlaps, the less usable type wins,
 * neighbours of one type become one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <hvx/boot.h>
#include <hvx/console.h>

void printk(__maybe_unused const char *fmt, ...)
{
}

static struct e820_map m;

static int empty(__maybe_unused void **state)
{
	memset(&m, 0, sizeof(m));
	return 0;
}

static void expect(unsigned int i, uint64_t start, uint64_t end, uint32_t type)
{
	assert_true(i < m.nr);
	assert_int_equal(m.e[i].addr, start);
	assert_int_equal(m.e[i].addr + m.e[i].size, end);
	assert_int_equal(m.e[i].type, type);
}

static void sorts_and_joins(__maybe_unused void **state)
{
	assert_true(e820_add(&m, 0x3000, 0x5000, E820_RAM));
	assert_true(e820_add(&m, 0x8000, 0x9000, E820_NVS));
	assert_true(e820_add(&m, 0x1000, 0x3000, E820_RAM));
	e820_sanitize(&m);
	assert_int_equal(m.nr, 2);
	expect(0, 0x1000, 0x5000, E820_RAM);
	expect(1, 0x8000, 0x9000, E820_NVS);
}

static void less_usable_wins(__maybe_unused void **state)
{
	assert_true(e820_add(&m, 0, 0x10000, E820_RAM));
	assert_true(e820_add(&m, 0x4000, 0x6000, E820_RESERVED));
	assert_true(e820_add(&m, 0x5000, 0x7000, E820_NVS));
	e820_sanitize(&m);
	assert_int_equal(m.nr, 4);
	expect(0, 0, 0x4000, E820_RAM);
	expect(1, 0x4000, 0x5000, E820_RESERVED);
	expect(2, 0x5000, 0x7000, E820_NVS);
	expect(3, 0x7000, 0x10000, E820_RAM);
}

/* A type that nobody defined is not RAM. */
static void unknown_type_is_reserved(__maybe_unused void **state)
{
	assert_true(e820_add(&m, 0x1000, 0x2000, 77));
	assert_true(e820_add(&m, 0x1800, 0x3000, E820_RAM));
	e820_sanitize(&m);
	assert_int_equal(m.nr, 2);
	expect(0, 0x1000, 0x2000, E820_RESERVED);
	expect(1, 0x2000, 0x3000, E820_RAM);
}

static void asks(__maybe_unused void **state)
{
	assert_true(e820_add(&m, 0x1000, 0x3000, E820_RAM));
	assert_true(e820_add(&m, 0x3000, 0x4000, E820_ACPI));
	assert_true(e820_add(&m, 0x6000, 0x8000, E820_RAM));
	e820_sanitize(&m);
	assert_true(e820_all(&m, 0x1000, 0x3000, E820_RAM));
	assert_false(e820_all(&m, 0x1000, 0x3001, E820_RAM));
	assert_false(e820_all(&m, 0x4fff, 0x6001, E820_RAM));
	assert_int_equal(e820_ram_end(&m), 0x8000);
}

static void full(__maybe_unused void **state)
{
	for (unsigned int i = 0; i < E820_MAX; i++)
		assert_true(e820_add(&m, i * 0x2000, i * 0x2000 + 1, 1));
	assert_false(e820_add(&m, 0, 1, 1));
	assert_int_equal(m.nr, E820_MAX);
}

/* Whatever the pieces: each byte has the worst type said about it. */
static void random_pieces(__maybe_unused void **state)
{
	static const unsigned int rank[] = { 0, 1, 2, 3, 4, 5 };

	for (unsigned int round = 0; round < 2000; round++) {
		unsigned int want[64] = { 0 }, got[64] = { 0 };

		srand(round);
		memset(&m, 0, sizeof(m));
		for (unsigned int i = 0; i < 8; i++) {
			unsigned int a = (unsigned int)rand() % 64;
			unsigned int b = a + (unsigned int)rand() % (64 - a);
			uint32_t t = 1 + (uint32_t)rand() % 5;

			assert_true(e820_add(&m, a, b, t));
			for (unsigned int k = a; k < b; k++)
				want[k] = MAX(want[k], rank[t]);
		}
		e820_sanitize(&m);
		for (unsigned int i = 0; i < m.nr; i++) {
			const struct e820_entry *e = &m.e[i];

			assert_true(e->size);
			if (i) {
				uint64_t end = e[-1].addr + e[-1].size;

				assert_true(end <= e->addr);
				assert_true(end < e->addr ||
					    e[-1].type != e->type);
			}
			for (uint64_t k = 0; k < e->size; k++)
				got[e->addr + k] = e->type;
		}
		assert_memory_equal(want, got, sizeof(want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sorts_and_joins, empty),
		cmocka_unit_test_setup(less_usable_wins, empty),
		cmocka_unit_test_setup(unknown_type_is_reserved, empty),
		cmocka_unit_test_setup(asks, empty),
		cmocka_unit_test_setup(full, empty),
		cmocka_unit_test_setup(random_pieces, empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
