/* SPDX-License-Identifier: MIT */
/* Kernel files: each packing comes out whole, each damage is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <libhvctl/unpack.h>
#include "kernel_file.h"

struct out {
	uint8_t data[1 << 16];
	size_t size;
};

static int take(void *arg, const void *data, size_t size)
{
	struct out *o = arg;

	assert_true(size <= sizeof(o->data) - o->size);
	memcpy(o->data + o->size, data, size);
	o->size += size;
	return 0;
}

static int unpack(struct kernel_file k, struct out *o)
{
	o->size = 0;
	return unpack_image(k.data, k.size, take, o);
}

static void each_packing_comes_out_whole(void **state)
{
	struct kernel_file elf = kernel_elf(true);
	static struct out o;
	int how, bz;

	(void)state;
	for (how = 0; how < PACK_COUNT; how++)
		for (bz = 0; bz < 2; bz++) {
			struct kernel_file k = kernel_pack(elf, how, bz);

			assert_int_equal(unpack(k, &o), UNPACK_OK);
			assert_int_equal(o.size, elf.size);
			assert_memory_equal(o.data, elf.data, elf.size);
			free(k.data);
		}
	free(elf.data);
}

static void no_cut_file_is_taken_for_a_whole_one(void **state)
{
	struct kernel_file elf = kernel_elf(true);
	static struct out o;
	int how;

	(void)state;
	for (how = PACK_GZIP; how < PACK_COUNT; how++) {
		struct kernel_file k = kernel_pack(elf, how, true);
		size_t whole = k.size;

		for (k.size = 0; k.size < whole; k.size += 7)
			assert_int_not_equal(unpack(k, &o), UNPACK_OK);
		k.size = whole - 1;
		assert_int_equal(unpack(k, &o), UNPACK_SHORT);
		free(k.data);
	}
	free(elf.data);
}

static void damage_inside_is_found(void **state)
{
	static const enum packing checked[] = { PACK_GZIP, PACK_XZ };
	struct kernel_file elf = kernel_elf(true);
	static struct out o;
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct kernel_file k = kernel_pack(elf, checked[i], true);

		k.data[1024 + 200] ^= 0x40;
		assert_int_equal(unpack(k, &o), UNPACK_CORRUPT);
		free(k.data);
	}
	free(elf.data);
}

static void what_is_no_kernel_is_refused(void **state)
{
	struct kernel_file k = { calloc(1, 4096), 4096 };
	static struct out o;

	(void)state;
	assert_int_equal(unpack(k, &o), UNPACK_UNKNOWN);
	memcpy(k.data + 0x202, "HdrS\x07\x02", 6);
	assert_int_equal(unpack(k, &o), UNPACK_OLD);
	k.data[0x206] = 8;
	memset(k.data + 0x248, 0xff, 8);
	assert_int_equal(unpack(k, &o), UNPACK_SHORT);
	k.size = 3;
	assert_int_equal(unpack(k, &o), UNPACK_SHORT);
	free(k.data);
}

static const char *by_child(struct kernel_file k, struct unpack *u)
{
	const char *path = kernel_write(k), *why;

	why = unpack_start(u, path, -1);
	if (!why)
		why = unpack_finish(u);
	unlink(path);
	return why;
}

static void the_child_hands_over_the_image(void **state)
{
	struct kernel_file elf = kernel_elf(false);
	struct kernel_file k = kernel_pack(elf, PACK_XZ, true);
	struct unpack u;

	(void)state;
	assert_null(by_child(k, &u));
	assert_int_equal(u.size, elf.size);
	assert_memory_equal(u.image, elf.data, elf.size);
	/* Nobody can change it any more. */
	assert_int_equal(pwrite(u.out, "x", 1, 0), -1);
	unpack_end(&u);
	unpack_end(&u);
	k.data[1024 + 200] ^= 0x40;
	assert_string_equal(by_child(k, &u),
			    "is corrupt: it can't be unpacked");
	unpack_end(&u);
	free(k.data);
	free(elf.data);
}

/* An image that was unpacked once serves again; one that nobody sealed is not
 * taken for an image. */
static void an_image_serves_twice(void **state)
{
	struct kernel_file elf = kernel_elf(false);
	struct kernel_file k = kernel_pack(elf, PACK_GZIP, true);
	const char *path = kernel_write(k);
	int image = memfd_create("test", MFD_ALLOW_SEALING);
	struct unpack u;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_null(unpack_start(&u, path, image));
		assert_int_equal(u.child > 0, i == 0);
		assert_null(unpack_finish(&u));
		assert_int_equal(u.size, elf.size);
		assert_memory_equal(u.image, elf.data, elf.size);
		unpack_end(&u);
	}
	assert_true(fcntl(image, F_GET_SEALS) & F_SEAL_WRITE);
	close(image);
	unlink(path);
	free(k.data);
	free(elf.data);
}

/* What is no package is copied by the caller, and sealed all the same. */
static void a_plain_image_needs_no_child(void **state)
{
	struct kernel_file elf = kernel_elf(true);
	const char *path = kernel_write(elf);
	struct unpack u;

	(void)state;
	assert_null(unpack_start(&u, path, -1));
	assert_int_equal(u.child, 0);
	assert_null(unpack_finish(&u));
	unlink(path);
	assert_int_equal(u.size, elf.size);
	assert_memory_equal(u.image, elf.data, elf.size);
	assert_int_equal(pwrite(u.out, "x", 1, 0), -1);
	unpack_end(&u);
	free(elf.data);
}

/* Cut while the child reads it, which then has nothing where the rest was. It
 * may be done before that, on a busy machine: the next one isn't. */
static void a_file_cut_while_it_is_read_is_named(void **state)
{
	struct kernel_file big = { calloc(1, 64 << 20), 64 << 20 };
	struct kernel_file k = kernel_pack(big, PACK_GZIP, true);
	const char *why = NULL;
	int tries;

	(void)state;
	for (tries = 0; !why && tries < 20; tries++) {
		const char *path = kernel_write(k);
		struct unpack u;

		assert_null(unpack_start(&u, path, -1));
		assert_int_equal(truncate(path, 0), 0);
		why = unpack_finish(&u);
		unpack_end(&u);
		unlink(path);
	}
	assert_non_null(why);
	assert_string_equal(why, "can't be read to its end");
	free(k.data);
	free(big.data);
}

static void files_that_cannot_be_read_are_named(void **state)
{
	struct unpack u;

	(void)state;
	assert_string_equal(unpack_start(&u, "/nonexistent", -1),
			    "No such file or directory");
	assert_string_equal(unpack_start(&u, "/tmp", -1),
			    "is no file of 1 byte to 256 MiB");
	assert_string_equal(unpack_start(&u, "/dev/zero", -1),
			    "is no file of 1 byte to 256 MiB");
	assert_int_equal(u.out, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_packing_comes_out_whole),
		cmocka_unit_test(no_cut_file_is_taken_for_a_whole_one),
		cmocka_unit_test(damage_inside_is_found),
		cmocka_unit_test(what_is_no_kernel_is_refused),
		cmocka_unit_test(the_child_hands_over_the_image),
		cmocka_unit_test(an_image_serves_twice),
		cmocka_unit_test(a_plain_image_needs_no_child),
		cmocka_unit_test(a_file_cut_while_it_is_read_is_named),
		cmocka_unit_test(files_that_cannot_be_read_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
