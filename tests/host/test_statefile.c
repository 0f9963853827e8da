/* SPDX-License-Identifier: MIT */
/* A backend's state file: kept as it is if it is ours, and refused if not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>
#include "backends/common/statefile.h"

#define BYTES	8192
#define MAGIC	0x3130747365747868ull

static int file;

static int make(void **arg)
{
	(void)arg;
	file = memfd_create("state", MFD_CLOEXEC);
	return file < 0 ? -1 : 0;
}

static int end(void **arg)
{
	(void)arg;
	return close(file);
}

static void refused(size_t bytes, uint64_t magic)
{
	errno = 0;
	assert_null(statefile_map(file, bytes, magic));
	assert_int_equal(errno, EUCLEAN);
}

static void test_kept(void **arg)
{
	uint64_t *at = statefile_map(file, BYTES, MAGIC), *again;
	unsigned int i;

	(void)arg;
	assert_non_null(at);
	assert_true(at[0] == MAGIC);
	for (i = 1; i < BYTES / 8; i++)
		assert_true(at[i] == 0);
	at[BYTES / 8 - 1] = 7;
	assert_int_equal(munmap(at, BYTES), 0);
	again = statefile_map(file, BYTES, MAGIC);
	assert_non_null(again);
	assert_true(again[BYTES / 8 - 1] == 7);
	assert_int_equal(munmap(again, BYTES), 0);
}

/* Killed between its size and its magic. */
static void test_half_made(void **arg)
{
	uint64_t *at;

	(void)arg;
	assert_int_equal(ftruncate(file, BYTES), 0);
	at = statefile_map(file, BYTES, MAGIC);
	assert_non_null(at);
	assert_true(at[0] == MAGIC);
	assert_int_equal(munmap(at, BYTES), 0);
}

static void test_another(void **arg)
{
	uint64_t *at = statefile_map(file, BYTES, MAGIC);

	(void)arg;
	assert_non_null(at);
	refused(BYTES, MAGIC + 1);
	refused(BYTES - 8, MAGIC);
	refused(BYTES + 8, MAGIC);
	assert_true(at[0] == MAGIC);
	assert_int_equal(lseek(file, 0, SEEK_END), BYTES);
	assert_int_equal(munmap(at, BYTES), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(test_##name, make, end)
	const struct CMUnitTest tests[] = {
		T(kept), T(half_made), T(another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
