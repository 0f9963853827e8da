/* SPDX-License-Identifier: MIT */
/* hvxd's unpacked kernels: which are kept, for how long, and who waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <hvxd/kernels.h>

#define MIB	(1L << 20)
#define MINUTE	(60 * 1000)

/* A loop whose time is the test's. */
static int64_t now, due;
static loop_timer_fn *timer;
static void *timer_arg;

int64_t loop_now(void)
{
	return now;
}

struct loop_timer *loop_add_timer(struct loop *l, loop_timer_fn *fn, void *arg)
{
	(void)l;
	timer = fn;
	timer_arg = arg;
	due = -1;
	return (struct loop_timer *)&due;
}

void loop_arm(struct loop_timer *t, int64_t ms)
{
	(void)t;
	due = ms < 0 ? -1 : now + ms;
}

void loop_del_timer(struct loop_timer *t)
{
	(void)t;
	due = -1;
}

static void pass(int64_t ms)
{
	int64_t end = now + ms;

	while (due >= 0 && due <= end) {
		now = due;
		due = -1;
		timer(timer_arg);
	}
	now = end;
}

static struct kernels *ks;
static char folder[] = "/tmp/test_kernels.XXXXXX";

static int start(void **state)
{
	(void)state;
	ks = kernels_new(NULL);
	return !ks;
}

static int end(void **state)
{
	(void)state;
	kernels_free(ks);
	return 0;
}

static const char *file(const char *name)
{
	static char path[100];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	return path;
}

static ino_t inode(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

static bool is_sealed(int fd)
{
	return fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE;
}

/* A create: takes the kernel, unpacks it if that wasn't done, gives it back.
 * Whether it had been kept; *fd: what it was in. */
static bool create(const char *name, long size, int *fd)
{
	const char *path = file(name);
	bool kept;

	*fd = kernels_get(ks, path);
	assert_true(*fd >= 0);
	kept = is_sealed(*fd);
	if (!kept) {
		assert_int_equal(ftruncate(*fd, size), 0);
		assert_int_equal(fcntl(*fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	}
	kernels_put(ks, path, *fd);
	return kept;
}

static bool serves(const char *name, long size)
{
	int fd;

	return create(name, size, &fd);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void a_kernel_serves_again_for_five_minutes(void **state)
{
	int i;

	(void)state;
	assert_false(serves("a", 60 * MIB));
	for (i = 0; i < 3; i++) {
		pass(5 * MINUTE - 1);
		assert_true(serves("a", 60 * MIB));
	}
	pass(5 * MINUTE);
	assert_false(serves("a", 60 * MIB));
}

static void two_stock_kernels_and_small_ones_are_kept(void **state)
{
	(void)state;
	serves("a", 63 * MIB);
	serves("b", 51 * MIB);
	serves("c", MIB / 4);
	serves("d", MIB / 4);
	assert_true(serves("a", 63 * MIB));
	assert_true(serves("b", 51 * MIB));
	assert_true(serves("c", MIB / 4));
	assert_true(serves("d", MIB / 4));
}

static void the_longest_unused_makes_room_and_nobody_waits(void **state)
{
	int a, b, c;

	(void)state;
	create("a", 60 * MIB, &a);
	pass(10);
	create("b", 60 * MIB, &b);
	pass(10);
	create("c", 60 * MIB, &c);
	/* Closing it is what takes long. */
	assert_true(is_open(a) && is_open(b) && is_open(c));
	pass(1000);
	assert_false(is_open(a));
	assert_true(is_open(b) && is_open(c));
	pass(10);
	assert_true(serves("b", 60 * MIB));
	pass(10);
	assert_true(serves("c", 60 * MIB));
	pass(10);
	assert_false(serves("a", 60 * MIB));
}

/* However many come in a second. */
static void no_more_than_one_is_about_to_be_closed(void **state)
{
	int fd[16], i, open = 0;
	char name[2] = "a";
	long bytes = 0;
	struct stat st;

	(void)state;
	for (i = 0; i < 16; i++, name[0]++)
		create(name, 60 * MIB, &fd[i]);
	for (i = 3; i < 64; i++)
		if (!fstat(i, &st) && st.st_size == 60 * MIB) {
			open++;
			bytes += st.st_size;
		}
	assert_true(open >= 2 && open <= 3);
	assert_true(bytes <= 180 * MIB);
}

static void a_file_that_changed_is_unpacked_again(void **state)
{
	const struct timespec times[2] = { { 1, 0 }, { 1, 0 } };

	(void)state;
	serves("a", MIB);
	assert_int_equal(utimensat(AT_FDCWD, file("a"), times, 0), 0);
	assert_false(serves("a", MIB));
	assert_true(serves("a", MIB));
}

static void what_changes_while_it_is_unpacked_is_not_kept(void **state)
{
	const struct timespec times[2] = { { 2, 0 }, { 2, 0 } };
	int fd;

	(void)state;
	fd = kernels_get(ks, file("a"));
	assert_int_equal(ftruncate(fd, MIB), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	assert_int_equal(utimensat(AT_FDCWD, file("a"), times, 0), 0);
	kernels_put(ks, file("a"), fd);
	assert_false(is_open(fd));
	assert_false(serves("a", MIB));
}

static void what_was_not_unpacked_is_not_kept(void **state)
{
	ino_t first;
	int fd;

	(void)state;
	fd = kernels_get(ks, file("a"));
	first = inode(fd);
	kernels_put(ks, file("a"), fd);
	assert_false(is_open(fd));
	fd = kernels_get(ks, file("a"));
	assert_int_not_equal(inode(fd), first);
	kernels_put(ks, file("a"), fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f)	cmocka_unit_test_setup_teardown(f, start, end)
		TEST(a_kernel_serves_again_for_five_minutes),
		TEST(two_stock_kernels_and_small_ones_are_kept),
		TEST(the_longest_unused_makes_room_and_nobody_waits),
		TEST(no_more_than_one_is_about_to_be_closed),
		TEST(a_file_that_changed_is_unpacked_again),
		TEST(what_changes_while_it_is_unpacked_is_not_kept),
		TEST(what_was_not_unpacked_is_not_kept),
	};
	char command[100];
	int rc;

	if (!mkdtemp(folder))
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command) || rc;
}
