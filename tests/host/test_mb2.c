/*
 * The loader's information: what it says is copied; what doesn't fit in itself
 * is refused; nothing outside of it is read (the buffer ends where it says).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <hvx/boot.h>
#include <hvx/console.h>
#include <hvx/panic.h>
#include <hvx/string.h>

void printk(__maybe_unused const char *fmt, ...)
{
}

void boot_refuse(__maybe_unused const char *fmt, ...)
{
	abort();
}

size_t strlcpy(char *to, const char *from, size_t size)
{
	return (size_t)snprintf(to, size, "%s", from);
}

static uint8_t info[8192];
static uint32_t used;
static struct boot_info b;
static struct e820_map m;

static void begin(void)
{
	memset(info, 0, sizeof(info));
	memset(&b, 0, sizeof(b));
	memset(&m, 0, sizeof(m));
	used = 8;
}

static void tag(uint32_t type, const void *data, uint32_t n)
{
	uint32_t head[2] = { type, 8 + n };

	memcpy(info + used, head, 8);
	memcpy(info + used + 8, data, n);
	used += (8 + n + 7) & ~7U;
}

static void tag_map(void)
{
	struct {
		uint32_t entry_size, version;
		uint64_t addr, len;
		uint32_t type, zero;
	} __attribute__((packed)) map = { 24, 0, 0x100000, 0x8000000, 1, 0 };

	tag(6, &map, sizeof(map));
}

static const char *finish(void)
{
	const char *why;
	void *copy;

	tag(0, "", 0);
	memcpy(info, &used, 4);
	/* The sanitizer watches the end. */
	copy = malloc(used);
	memcpy(copy, info, used);
	why = mb2_read(copy, &b, &m);
	free(copy);
	return why;
}

static void tag_module(uint32_t start, uint32_t end, const char *line)
{
	uint8_t data[4096];
	uint32_t n = (uint32_t)strlen(line) + 1;

	memcpy(data, &start, 4);
	memcpy(data + 4, &end, 4);
	memcpy(data + 8, line, n);
	tag(3, data, 8 + n);
}

static void reads_all(__maybe_unused void **state)
{
	uint8_t old[20] = "RSD PTR 1", new[36] = "RSD PTR 2";
	uint64_t system_table = 0x1234567;

	begin();
	tag(1, "placeholder noreboot x=1", 25);
	tag(2, "GRUB", 5);
	tag_module(0x1000, 0x2000, "/boot/vmlinux root=/dev/sda1 ro");
	tag_module(0x3000, 0x4000, "");
	tag_map();
	tag(15, new, 36);
	tag(14, old, 20);
	tag(12, &system_table, 8);
	assert_null(finish());
	assert_string_equal(b.cmdline, "noreboot x=1");
	assert_string_equal(b.loader, "GRUB");
	assert_int_equal(b.nr_modules, 2);
	assert_string_equal(b.module[0].cmdline, "root=/dev/sda1 ro");
	assert_int_equal(b.module[0].end, 0x2000);
	assert_string_equal(b.module[1].cmdline, "");
	assert_int_equal(m.nr, 1);
	assert_int_equal(m.e[0].size, 0x8000000);
	assert_true(b.has_rsdp);
	assert_memory_equal(b.rsdp, new, 36);
	assert_true(b.is_efi);
	assert_int_equal(b.efi_system_table, system_table);
}

/* Our first option isn't taken for the file's name. */
static void no_file_name(__maybe_unused void **state)
{
	begin();
	tag(1, "noreboot com1=9600", 19);
	tag_map();
	assert_null(finish());
	assert_string_equal(b.cmdline, "noreboot com1=9600");
}

static void refuses(__maybe_unused void **state)
{
	char line[3000];

	begin();
	assert_non_null(finish());		/* no memory map */

	begin();
	tag_map();
	tag(1, "unterminated", 5);
	assert_non_null(finish());

	begin();
	tag_map();
	tag_module(0x2000, 0x1000, "ends before it begins");
	assert_non_null(finish());

	begin();
	tag_map();
	memset(line, 'a', sizeof(line));
	line[1500] = 0;
	tag_module(0x1000, 0x2000, line);
	assert_non_null(finish());		/* too long for dom0 */

	begin();
	tag_map();
	for (int i = 0; i < BOOT_MODULES + 1; i++)
		tag_module(0x1000, 0x2000, "");
	assert_non_null(finish());

	begin();
	tag(6, "\0\0\0\0\0\0\0\0", 8);		/* entries of no size */
	assert_non_null(finish());
}

static const char *read_exactly(const uint8_t *p, uint32_t n)
{
	const char *why;
	void *copy = malloc(n);

	memcpy(copy, p, n);
	why = mb2_read(copy, &b, &m);
	free(copy);
	return why;
}

/* Cut off, or with a tag's size wrong: refused, nothing read beyond. */
static void damaged(__maybe_unused void **state)
{
	uint8_t whole[8192];
	uint32_t total;

	begin();
	tag(1, "placeholder noreboot", 21);
	tag_map();
	tag_module(0x1000, 0x2000, "x");
	assert_null(finish());
	total = used;
	memcpy(whole, info, total);
	for (uint32_t n = 16; n < total; n += 8) {
		memcpy(whole, &n, 4);
		memset(&b, 0, sizeof(b));
		memset(&m, 0, sizeof(m));
		assert_non_null(read_exactly(whole, n));
	}
	memcpy(whole, &total, 4);
	for (uint32_t size = 0; size < 8; size++) {
		memcpy(whole + 12, &size, 4);
		assert_non_null(read_exactly(whole, total));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all),
		cmocka_unit_test(no_file_name),
		cmocka_unit_test(refuses),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
