/*
 * Messages out and keys in.
 *
 * printk() writes to the ring, the UART and the text screen, each line after
 * "(hvx) ".  Whatever a guest can cause is limited to so many lines a second,
 * and what a guest writes itself has its control characters replaced, so that
 * the log can't be flooded or forged.
 *
 * Input on the UART goes to dom0 (VIRQ_CONSOLE, read through console_io) or,
 * after three Ctrl-A, to the debug keys, until three more.
 *
 * One lock, the innermost of all, guards everything here.
 */
#include <hvx/console.h>

#include <hvx/domain.h>
#include <hvx/interp.h>
#include <hvx/irq.h>
#include <hvx/keys.h>
#include <hvx/machine.h>
#include <hvx/string.h>
#include <hvx/uart.h>
#include <hvx/vga.h>

#define PREFIX "(hvx) "
#define GUEST_LINES_PER_SECOND 10
#define SECOND 1000000000ULL
#define SWITCH_KEY 0x01		/* Ctrl-A */
#define SWITCH_COUNT 3

unsigned int console_outputs = CONSOLE_COM1 | CONSOLE_VGA;
bool console_vga_keep;
bool console_to_ring;
unsigned int console_ring_bytes;
int console_loglvl = 2;
int console_guest_loglvl = 1;

static struct lock lock = LOCK_INIT;
static bool lock_broken;	/* the machine stops: print anyway */
static bool at_line_start = true;
static bool dom0_line;		/* the line that isn't complete is dom0's */
static char message[512];	/* one at a time, by the lock */

static void console_lock(void)
{
	if (!READ_ONCE(lock_broken))
		spin_lock(&lock);
}

static void console_unlock(void)
{
	if (!READ_ONCE(lock_broken))
		spin_unlock(&lock);
}

void console_force_unlock(void)
{
	WRITE_ONCE(lock_broken, true);
	at_line_start = true;
}

/* ---- the ring ----------------------------------------------------------- */

static char first_ring[16384];
static char *ring = first_ring;
static uint32_t ring_size = sizeof(first_ring);	/* a power of two */
static uint32_t ring_head, ring_tail;		/* bytes ever: written, gone */

static void ring_put(char c)
{
	ring[ring_head++ & (ring_size - 1)] = c;
	if (ring_head - ring_tail > ring_size)
		ring_tail = ring_head - ring_size;
}

size_t console_ring_read(char *buf, size_t n, uint32_t *index)
{
	size_t got = 0;

	console_lock();
	if (*index - ring_tail > ring_head - ring_tail)
		*index = ring_tail;
	while (got < n && *index != ring_head)
		buf[got++] = ring[(*index)++ & (ring_size - 1)];
	console_unlock();
	return got;
}

uint32_t console_ring_start(void)
{
	return READ_ONCE(ring_tail);
}

void console_ring_clear(uint32_t upto)
{
	console_lock();
	if (upto - ring_tail <= ring_head - ring_tail)
		ring_tail = upto;
	console_unlock();
}

/* ---- output ------------------------------------------------------------- */

static void put_devices(char c)
{
	if (console_outputs & CONSOLE_COM1) {
		if (c == '\n')
			uart_putc('\r');
		uart_putc(c);
	}
	if (console_outputs & CONSOLE_VGA)
		vga_putc(c);
}

static void put_raw(char c)
{
	ring_put(c);
	put_devices(c);
}

/* In the ring dom0's text would soon be all there is. */
static void put_dom0(char c)
{
	put_devices(c);
	if (console_to_ring)
		ring_put(c);
}

static void put_text(const char *s)
{
	if (dom0_line && !at_line_start) {
		put_dom0('\n');
		at_line_start = true;
	}
	dom0_line = false;
	for (; *s; s++) {
		if (at_line_start)
			for (const char *p = PREFIX; *p; p++)
				put_raw(*p);
		put_raw(*s);
		at_line_start = *s == '\n';
	}
}

/* May one more line be printed that a guest caused? */
static bool guest_line_allowed(void)
{
	static uint64_t window_end;
	static unsigned int lines, dropped;
	uint64_t now = time_now();

	if (now >= window_end) {
		window_end = now + SECOND;
		lines = 0;
		if (dropped) {
			char note[64];

			snprintf(note, sizeof(note),
				 "(%u guest messages suppressed)\n", dropped);
			dropped = 0;
			put_text(note);
		}
	}
	if (lines++ < GUEST_LINES_PER_SECOND)
		return true;
	dropped++;
	return false;
}

/* Strips the level; NULL if the message isn't wanted. */
static const char *filter(const char *fmt)
{
	char level;

	if (*fmt != '\001')
		return fmt;
	level = fmt[1];
	if (level == 'G')
		return console_guest_loglvl >= 1 && guest_line_allowed()
			? fmt + 2 : NULL;
	return level - '0' <= console_loglvl ? fmt + 2 : NULL;
}

static void vprint(const char *fmt, __builtin_va_list ap)
{
	vsnprintf(message, sizeof(message), fmt, ap);
	put_text(message);
}

void printk(const char *fmt, ...)
{
	__builtin_va_list ap;

	console_lock();
	fmt = filter(fmt);
	if (fmt) {
		__builtin_va_start(ap, fmt);
		vprint(fmt, ap);
		__builtin_va_end(ap);
	}
	console_unlock();
}

void gprintk(const struct domain *d, const char *fmt, ...)
{
	char who[24];
	__builtin_va_list ap;

	if (fmt[0] == '\001')
		fmt += 2;
	console_lock();
	if (filter(LOG_GUEST)) {
		snprintf(who, sizeof(who), "d%u: ", d->id);
		put_text(who);
		__builtin_va_start(ap, fmt);
		vprint(fmt, ap);
		__builtin_va_end(ap);
	}
	console_unlock();
}

/* dom0 is trusted with the terminal; its text is no message of ours. */
static void write_hw_domain(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i])
			put_dom0(s[i]);
		at_line_start = s[i] == '\n' || s[i] == '\r';
	}
	dom0_line = true;
}

/* Other domains' text: line by line, marked, harmless. */
static void write_other(const struct domain *d, const char *s, size_t n)
{
	char line[160];

	while (n) {
		size_t len = 0;

		while (n && *s != '\n' && len < sizeof(line) - 1) {
			line[len++] = *s >= ' ' && *s <= '~' ? *s : '.';
			s++, n--;
		}
		if (n && *s == '\n')
			s++, n--;
		line[len] = 0;
		while (len && line[len - 1] == '.')	/* CR of a CR LF */
			line[--len] = 0;
		if (len && filter(LOG_GUEST)) {
			snprintf(message, sizeof(message), "d%u says: %s\n",
				 d->id, line);
			put_text(message);
		}
	}
}

void console_write_guest(const struct domain *d, const char *s, size_t n)
{
	console_lock();
	if (d->is_hw)
		write_hw_domain(s, n);
	else
		write_other(d, s, n);
	console_unlock();
}

/* ---- input -------------------------------------------------------------- */

static char input[256];
static unsigned int input_head, input_tail;
static bool input_for_keys;	/* else for dom0 */

static void input_for_dom0(char c)
{
	console_lock();
	if (input_head - input_tail < sizeof(input))
		input[input_head++ % sizeof(input)] = c;
	console_unlock();
}

size_t console_read_input(char *buf, size_t n)
{
	size_t got = 0;

	console_lock();
	while (got < n && input_tail != input_head)
		buf[got++] = input[input_tail++ % sizeof(input)];
	console_unlock();
	return got;
}

/* Counts Ctrl-A; true if c is one that changed who listens. */
static bool switches_listener(char c)
{
	static unsigned int count;

	count = c == SWITCH_KEY ? count + 1 : 0;
	if (count < SWITCH_COUNT)
		return false;
	count = 0;
	input_for_keys = !input_for_keys;
	printk("input goes to %s (three times Ctrl-A changes that)\n",
	       input_for_keys ? "hvx: press h for help" : "dom0");
	return true;
}

void console_poll_input(void)
{
	bool tell = false;
	int c;

	while ((c = uart_getc()) >= 0) {
		if (switches_listener((char)c))
			continue;
		if (input_for_keys) {
			key_pressed((char)c);
		} else {
			input_for_dom0((char)c);
			tell = true;
		}
	}
	if (tell && hw_domain)
		virq_send_global(VIRQ_CONSOLE);
}

/* ---- boot steps --------------------------------------------------------- */

void console_init_early(void)
{
	uart_init();
}

void console_init_options(void)
{
	if (console_outputs & CONSOLE_COM1)
		uart_init();
}

void console_init_ring(void)
{
	uint32_t size = ring_size;
	char *bigger;

	while (size < console_ring_bytes && size < 1U << 24)
		size *= 2;
	if (size == ring_size)
		return;
	bigger = heap_alloc(size);
	if (!bigger) {
		printk(LOG_WARN "conring_size: no memory for that\n");
		return;
	}
	console_lock();
	for (uint32_t i = ring_tail; i != ring_head; i++)
		bigger[i & (size - 1)] = ring[i & (ring_size - 1)];
	ring = bigger;
	ring_size = size;
	console_unlock();
}

void console_init_input(void)
{
	unsigned int gsi = irq_isa_to_gsi(uart_config.irq);

	if (!(console_outputs & CONSOLE_COM1) || !uart_present())
		return;
	domain_ioport_deny(uart_config.port, uart_config.port + 7U);
	if (!uart_config.irq)
		return;
	if (irq_request_core(gsi, console_poll_input) == 0)
		uart_enable_rx_irq();
	else
		printk(LOG_WARN "com1: no interrupt, input doesn't work\n");
}

void console_give_up_vga(void)
{
	if (!(console_outputs & CONSOLE_VGA) || console_vga_keep)
		return;
	console_outputs &= ~(unsigned int)CONSOLE_VGA;
}
