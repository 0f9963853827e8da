/* Random calls of memory_op, each followed by an audit: see mem_model.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "mem_model.h"

static void test_random(void **state)
{
	static uint8_t bytes[4000];
	unsigned long done = 0;

	(void)state;
	srand(3);
	for (unsigned int round = 0; round < 40; round++) {
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)rand();
		done += mem_model_run(bytes, sizeof(bytes));
	}
	/* A model in which nothing ever works would pass any audit. */
	assert_true(done > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
