/*
 * The reader of ACPI tables on a made-up machine: a megabyte of "physical
 * memory" with an RSDP, an XSDT and tables in it.  What must hold: right
 * tables are read; one with a wrong checksum, length or entry is left out and
 * nothing outside a table is looked at (the sanitizer watches: every mapping
 * is a copy of its own, exactly as long as asked for).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <hvx/acpi.h>
#include <hvx/console.h>
#include <hvx/paging.h>
#include <hvx/panic.h>

#define MEMORY (1 << 20)

static uint8_t memory[MEMORY];
static void *mapped[4096];
static unsigned int nr_mapped;
static jmp_buf refused;

void *ioremap(paddr_t pa, unsigned long len, enum map_cache cache)
{
	void *copy;

	(void)cache;
	if (pa >= MEMORY || len > MEMORY - pa || nr_mapped == 4096)
		return NULL;
	copy = malloc(len);
	memcpy(copy, memory + pa, len);
	return mapped[nr_mapped++] = copy;
}

void printk(const char *fmt, ...)
{
	(void)fmt;
}

void boot_refuse(const char *fmt, ...)
{
	(void)fmt;
	longjmp(refused, 1);
}

static int setup(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	memset(&acpi, 0, sizeof(acpi));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	while (nr_mapped)
		free(mapped[--nr_mapped]);
	return 0;
}

static void fix_sum(unsigned int at, unsigned int n, unsigned int sum_at)
{
	uint8_t sum = 0;

	memory[at + sum_at] = 0;
	for (unsigned int i = 0; i < n; i++)
		sum += memory[at + i];
	memory[at + sum_at] = -sum;
}

static void put(unsigned int at, uint64_t v, unsigned int n)
{
	memcpy(memory + at, &v, n);
}

static void table(unsigned int at, const char *signature, unsigned int len)
{
	memcpy(memory + at, signature, 4);
	put(at + 4, len, 4);
	fix_sum(at, len, 9);
}

#define RSDP 0xf0000
#define XSDT 0x1000
#define MADT 0x2000
#define FADT 0x3000
#define HPET 0x4000
#define MCFG 0x5000

static void make_root(void)
{
	memcpy(memory + RSDP, "RSD PTR ", 8);
	memory[RSDP + 15] = 2;
	put(RSDP + 20, 36, 4);
	put(RSDP + 24, XSDT, 8);
	fix_sum(RSDP, 20, 8);
	fix_sum(RSDP, 36, 32);
	put(XSDT + 36, MADT, 8);
	put(XSDT + 44, FADT, 8);
	put(XSDT + 52, HPET, 8);
	put(XSDT + 60, MCFG, 8);
	table(XSDT, "XSDT", 68);
}

static unsigned int madt_end;

static void madt_add(const uint8_t *entry, unsigned int n)
{
	memcpy(memory + madt_end, entry, n);
	madt_end += n;
}

#define ADD(...)                                                               \
	do {                                                                   \
		static const uint8_t e_[] = { __VA_ARGS__ };                   \
		madt_add(e_, sizeof(e_));                                      \
	} while (0)

static void make_madt(void)
{
	madt_end = MADT + 44;
	put(MADT + 36, 0xfee00000, 4);
	ADD(0, 8, 7, 1, 1, 0, 0, 0);			/* enabled, id 1 */
	ADD(0, 8, 8, 2, 0, 0, 0, 0);			/* off */
	ADD(1, 12, 3, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0);
	ADD(2, 10, 0, 0, 2, 0, 0, 0, 0, 0);		/* 0 -> 2 */
	ADD(2, 10, 0, 9, 9, 0, 0, 0, 0x0f, 0);		/* level, low */
	ADD(9, 16, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0);
	ADD(9, 16, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0); /* again id 1 */
	table(MADT, "APIC", madt_end - MADT);
}

static void make_others(void)
{
	put(FADT + 64, 0x604, 4);
	put(FADT + 76, 0x608, 4);
	put(FADT + 112, 1 << 10 | 1 << 8, 4);
	memory[FADT + 108] = 0x32;
	memory[FADT + 116] = 1;
	put(FADT + 120, 0xcf9, 8);
	memory[FADT + 128] = 0x0f;
	memory[FADT + 172] = 1;				/* X_PM1a wins */
	memory[FADT + 173] = 16;
	put(FADT + 176, 0x1604, 8);
	table(FADT, "FACP", 276);
	put(HPET + 44, 0xfed00000, 8);
	table(HPET, "HPET", 56);
	put(MCFG + 44, 0xb0000000, 8);
	memory[MCFG + 55] = 0xff;
	table(MCFG, "MCFG", 60);
}

static void make_all(void)
{
	make_root();
	make_madt();
	make_others();
}

static bool init(void)
{
	if (setjmp(refused))
		return false;
	acpi_init(NULL, 0, 0);
	return true;
}

static void test_reads_all(void **state)
{
	(void)state;
	make_all();
	assert_true(init());
	assert_int_equal(acpi.rsdp, RSDP);
	assert_int_equal(acpi.lapic_addr, 0xfee00000);
	assert_int_equal(acpi.nr_cpus, 3);
	assert_int_equal(acpi.cpus[0].apic_id, 1);
	assert_int_equal(acpi.cpus[0].acpi_id, 7);
	assert_true(acpi.cpus[0].enabled);
	assert_false(acpi.cpus[1].enabled);
	assert_int_equal(acpi.cpus[2].apic_id, 0x100);
	assert_int_equal(acpi.nr_ioapics, 1);
	assert_int_equal(acpi.ioapics[0].addr, 0xfec00000);
	assert_int_equal(acpi.nr_overrides, 2);
	assert_int_equal(acpi.overrides[0].gsi, 2);
	assert_false(acpi.overrides[0].level);
	assert_true(acpi.overrides[1].level && acpi.overrides[1].low);
	assert_int_equal(acpi.pm1a_cnt.addr, 0x1604);
	assert_int_equal(acpi.pm_timer.addr, 0x608);
	assert_true(acpi.pm_timer_32bit);
	assert_int_equal(acpi.reset.addr, 0xcf9);
	assert_int_equal(acpi.reset_value, 0x0f);
	assert_int_equal(acpi.rtc_century, 0x32);
	assert_int_equal(acpi.hpet, 0xfed00000);
	assert_int_equal(acpi.nr_mcfg, 1);
	assert_int_equal(acpi.mcfg[0].last_bus, 0xff);
}

static void test_copy_of_loader(void **state)
{
	uint8_t copy[36];

	(void)state;
	make_all();
	memcpy(copy, memory + RSDP, 36);
	memset(memory + RSDP, 0, 36);
	if (setjmp(refused))
		fail();
	acpi_init(copy, 36, 0);
	assert_int_equal(acpi.rsdp, 0);
	assert_int_equal(acpi.nr_cpus, 3);
}

static void test_from_efi(void **state)
{
	static const uint8_t guid[16] = { 0x71, 0xe8, 0x68, 0x88, 0xf1, 0xe4,
					  0xd3, 0x11, 0xbc, 0x22, 0x00, 0x80,
					  0xc7, 0x3c, 0x88, 0x81 };

	(void)state;
	make_all();
	memmove(memory + 0x9000, memory + RSDP, 36);
	memset(memory + RSDP, 0, 36);
	memcpy(memory + 0x8000, "IBI SYST", 8);
	put(0x8000 + 104, 1, 8);
	put(0x8000 + 112, 0x8800, 8);
	memcpy(memory + 0x8800, guid, 16);
	put(0x8810, 0x9000, 8);
	if (setjmp(refused))
		fail();
	acpi_init(NULL, 0, 0x8000);
	assert_int_equal(acpi.rsdp, 0x9000);
	assert_int_equal(acpi.nr_cpus, 3);
}

static void test_damaged_table_is_left_out(void **state)
{
	(void)state;
	make_all();
	memory[HPET + 50] ^= 1;
	assert_true(init());
	assert_int_equal(acpi.hpet, 0);
	assert_int_equal(acpi.nr_mcfg, 1);
}

static void test_no_madt_is_refused(void **state)
{
	(void)state;
	make_all();
	memory[MADT + 40] ^= 1;
	assert_false(init());
}

static void test_no_rsdp_is_refused(void **state)
{
	(void)state;
	make_all();
	memory[RSDP + 9] ^= 1;
	assert_false(init());
}

/* An entry of length 0 or past the end stops the walk, keeps the rest. */
static void test_bad_entries(void **state)
{
	(void)state;
	make_all();
	ADD(0, 0, 0, 0);
	table(MADT, "APIC", madt_end - MADT);
	assert_true(init());
	assert_int_equal(acpi.nr_cpus, 3);

	setup(NULL);
	make_all();
	ADD(0, 200, 9, 9, 1, 0, 0, 0);
	table(MADT, "APIC", madt_end - MADT);
	assert_true(init());
	assert_int_equal(acpi.nr_cpus, 3);
}

/* Any byte changed, sums put right again: never a look outside. */
static void test_any_byte(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 20000; i++) {
		unsigned int at = MADT + rand() % 128;

		setup(NULL);
		make_all();
		memory[at] = rand();
		put(XSDT + 4, rand() % 4 ? 68 : rand() % 200, 4);
		fix_sum(MADT, madt_end - MADT, 9);
		fix_sum(XSDT, 68, 9);
		(void)init();
		teardown(NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_reads_all),
		T(test_copy_of_loader),
		T(test_from_efi),
		T(test_damaged_table_is_left_out),
		T(test_no_madt_is_refused),
		T(test_no_rsdp_is_refused),
		T(test_bad_entries),
		T(test_any_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
