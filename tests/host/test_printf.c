/* The core's own snprintf prints what the C library's would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <hvx/symbols.h>

#include "core_printf.h"

const char *symbol_find(unsigned long addr, unsigned long *offset)
{
	*offset = addr & 0xfff;
	return addr >= 0x10000 && addr < 0x11000 ? "some_function" : NULL;
}

#define SAME(...)                                                              \
	do {                                                                   \
		char want[128], got[128];                                      \
		int w = snprintf(want, sizeof(want), __VA_ARGS__);             \
		int g = core_snprintf(got, sizeof(got), __VA_ARGS__);          \
                                                                               \
		assert_string_equal(got, want);                                \
		assert_int_equal(g, w);                                        \
	} while (0)

static void numbers(void **state)
{
	(void)state;
	SAME("%d %i %u", -5, 7, 4000000000u);
	SAME("%ld %lu %lx", INT64_MIN, ~0UL, ~0UL);
	SAME("%d", INT32_MIN);
	SAME("%x %X %#x", 0xabcdefu, 0xabcdefu, 0x10u);
	SAME("%08x|%8x|%-8x|", 0x12u, 0x12u, 0x12u);
	SAME("%05d|%5d|%-5d|%+d", -12, -12, -12, 12);
	SAME("%016lx", 0xffff82d080000000UL);
	SAME("%#010lx", 0x1234UL);
	SAME("%zu %llx", (size_t)12, 0x123456789abcULL);
	SAME("%*d", 6, 42);
}

static void strings(void **state)
{
	(void)state;
	SAME("%s|%10s|%-10s|", "abc", "abc", "abc");
	SAME("%.2s|%.*s|%c%%", "abcdef", 3, "abcdef", 'x');
	SAME("%p", (void *)0x1234);
}

/* Never beyond the buffer, always terminated, the full length returned. */
static void truncates(void **state)
{
	char buf[8];

	(void)state;
	memset(buf, 'x', sizeof(buf));
	assert_int_equal(core_snprintf(buf, 4, "abcdef"), 6);
	assert_memory_equal(buf, "abc\0xxxx", 8);
	assert_int_equal(core_snprintf(buf, 0, "abc"), 3);
	assert_memory_equal(buf, "abc\0xxxx", 8);
}

static void symbols(void **state)
{
	char buf[64];

	(void)state;
	core_snprintf(buf, sizeof(buf), "at %pS.", (void *)0x10123);
	assert_string_equal(buf, "at some_function+0x123.");
	core_snprintf(buf, sizeof(buf), "%pS", (void *)0x99999);
	assert_string_equal(buf, "0x99999");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(strings),
		cmocka_unit_test(truncates),
		cmocka_unit_test(symbols),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
