/*
 * What the loader hands over, as bytes: read, the map put in order, the
 * command line parsed.  The map must come out sorted and without overlaps.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hvx/boot.h>
#include <hvx/options.h>
#include <hvx/panic.h>
#include <hvx/string.h>
#include <hvx/uart.h>

unsigned int console_outputs, console_ring_bytes, preempt_force;
bool console_vga_keep, console_to_ring;
int console_loglvl, console_guest_loglvl;
struct uart_config uart_config;
unsigned int sched_credit_tslice_ms, sched_ratelimit_us;

void printk(const char *fmt, ...);

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

static void check_map(const struct e820_map *m)
{
	for (unsigned int i = 0; i < m->nr; i++) {
		const struct e820_entry *e = &m->e[i];

		if (!e->size || e->type < E820_RAM || e->type > E820_UNUSABLE)
			abort();
		if (i && e[-1].addr + e[-1].size > e->addr)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct boot_info b;
	static struct e820_map m;
	const char *why;
	uint32_t n = (uint32_t)size;
	uint8_t *copy;

	if (size < 16 || size > 65536)
		return 0;
	memset(&b, 0, sizeof(b));
	memset(&m, 0, sizeof(m));
	copy = malloc(size);
	memcpy(copy, data, size);
	memcpy(copy, &n, sizeof(n));	/* the size is true, all else isn't */
	why = mb2_read(copy, &b, &m);
	free(copy);
	if (why)
		return 0;
	e820_sanitize(&m);
	check_map(&m);
	(void)options_parse(b.cmdline, &why);
	return 0;
}
