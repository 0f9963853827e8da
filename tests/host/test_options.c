/*
 * Boot options: values read as Xen's users write them, bad ones refused by
 * name, unknown ones only warned about.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <hvx/options.h>
#include <hvx/uart.h>

static char log_text[512];

unsigned int console_outputs, console_ring_bytes;
bool console_to_ring;
bool console_vga_keep;
int console_loglvl, console_guest_loglvl;
struct uart_config uart_config;
unsigned int sched_credit_tslice_ms, sched_ratelimit_us;
unsigned int preempt_force;

void printk(const char *fmt, ...);

void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(log_text, sizeof(log_text), fmt, ap);
	va_end(ap);
}

static void good(const char *line)
{
	const char *why = NULL;

	log_text[0] = 0;
	assert_null(options_parse(line, &why));
}

static void bad(const char *line, const char *name)
{
	const char *why = NULL, *who = options_parse(line, &why);

	assert_non_null(who);
	assert_string_equal(who, name);
	assert_non_null(why);
}

static void dom0_mem(__maybe_unused void **state)
{
	good("dom0_mem=2G,max:4G");
	assert_int_equal(opt_dom0_mem.size, 2ULL << 30);
	assert_int_equal(opt_dom0_mem.max, 4ULL << 30);
	good("dom0_mem=min:512M,-128M");
	assert_int_equal(opt_dom0_mem.min, 512ULL << 20);
	assert_int_equal(opt_dom0_mem.size, 128ULL << 20);
	assert_true(opt_dom0_mem.size_negative);
	good("dom0_mem=1048576");
	assert_int_equal(opt_dom0_mem.size, 1ULL << 30);
	assert_false(opt_dom0_mem.size_negative);
	bad("dom0_mem=", "dom0_mem");
	bad("dom0_mem=50%", "dom0_mem");
	bad("dom0_mem=1G+10%", "dom0_mem");
	bad("dom0_mem=1Gx", "dom0_mem");
	bad("dom0_mem=max:", "dom0_mem");
	bad("dom0_mem=99999999999999999999", "dom0_mem");
	bad("dom0_mem=99999999999T", "dom0_mem");
}

static void dom0_max_vcpus(__maybe_unused void **state)
{
	good("dom0_max_vcpus=4");
	assert_int_equal(opt_dom0_vcpus_min, 4);
	assert_int_equal(opt_dom0_vcpus_max, 4);
	good("dom0_max_vcpus=2-8");
	assert_int_equal(opt_dom0_vcpus_min, 2);
	assert_int_equal(opt_dom0_vcpus_max, 8);
	good("dom0_max_vcpus=-3");
	assert_int_equal(opt_dom0_vcpus_min, 0);
	assert_int_equal(opt_dom0_vcpus_max, 3);
	good("dom0_max_vcpus=2-");
	assert_int_equal(opt_dom0_vcpus_min, 2);
	assert_int_equal(opt_dom0_vcpus_max, 0);
	bad("dom0_max_vcpus=0", "dom0_max_vcpus");
	bad("dom0_max_vcpus=8-2", "dom0_max_vcpus");
	bad("dom0_max_vcpus=4x", "dom0_max_vcpus");
	bad("dom0_max_vcpus=100000", "dom0_max_vcpus");
}

static void numbers(__maybe_unused void **state)
{
	good("maxcpus=0x10 sched_credit_tslice_ms=5");
	assert_int_equal(opt_maxcpus, 16);
	assert_int_equal(sched_credit_tslice_ms, 5);
	bad("maxcpus=65", "maxcpus");
	bad("maxcpus=two", "maxcpus");
	bad("maxcpus", "maxcpus");
	bad("sched_credit_tslice_ms=0", "sched_credit_tslice_ms");
	good("conring_size=64k");
	assert_int_equal(console_ring_bytes, 65536);
	bad("conring_size=1T", "conring_size");
}

static void booleans(__maybe_unused void **state)
{
	good("noreboot");
	assert_true(opt_noreboot);
	good("noreboot=off");
	assert_false(opt_noreboot);
	good("dom0_vcpus_pin");
	assert_true(opt_dom0_vcpus_pin);
	good("no-noreboot noreboot no-noreboot");
	assert_false(opt_noreboot);
	bad("noreboot=maybe", "noreboot");
}

static void com1(__maybe_unused void **state)
{
	good("com1=9600,7e2,0x2f8,3");
	assert_int_equal(uart_config.baud, 9600);
	assert_int_equal(uart_config.data_bits, 7);
	assert_int_equal(uart_config.parity, 'e');
	assert_int_equal(uart_config.stop_bits, 2);
	assert_int_equal(uart_config.port, 0x2f8);
	assert_int_equal(uart_config.irq, 3);
	good("com1=115200,8n1");
	assert_int_equal(uart_config.baud, 115200);
	assert_int_equal(uart_config.port, 0x2f8);
	good("com1=,,0x3f8");
	assert_int_equal(uart_config.port, 0x3f8);
	assert_int_equal(uart_config.baud, 115200);
	bad("com1=fast", "com1");
	bad("com1=0", "com1");
	bad("com1=115200,9n1", "com1");
	bad("com1=115200,8x1", "com1");
	bad("com1=115200,8", "com1");
}

static void levels(__maybe_unused void **state)
{
	good("loglvl=all guest_loglvl=none");
	assert_true(console_loglvl >= 3);
	assert_int_equal(console_guest_loglvl, -1);
	good("loglvl=error guest_loglvl=none/warning");
	assert_int_equal(console_loglvl, 0);
	assert_int_equal(console_guest_loglvl, 1);
	bad("loglvl=loud", "loglvl");
}

static void others(__maybe_unused void **state)
{
	good("frobnicate=3");
	assert_non_null(strstr(log_text, "frobnicate"));
	good("watchdog");
	assert_non_null(strstr(log_text, "watchdog"));
	good("  \t noreboot   maxcpus=2 ");
	assert_true(opt_noreboot);
	assert_int_equal(opt_maxcpus, 2);
	good("console=com1,vga");
	bad("console=tty", "console");
	bad("sched=credit2", "sched");
	good("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dom0_mem),
		cmocka_unit_test(dom0_max_vcpus),
		cmocka_unit_test(numbers),
		cmocka_unit_test(booleans),
		cmocka_unit_test(com1),
		cmocka_unit_test(levels),
		cmocka_unit_test(others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
