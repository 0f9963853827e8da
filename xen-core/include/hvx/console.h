/*
 * Messages: to the UART and VGA while they are ours, and always into the ring
 * that `xl dmesg` reads.  A message starts with its level, as in
 * printk(LOG_ERR "...").  Levels and thresholds as Xen's loglvl options.
 */
#ifndef HVX_CONSOLE_H
#define HVX_CONSOLE_H

#include <hvx/types.h>

struct domain;

#define LOG_ERR	  "\001" "0"
#define LOG_WARN  "\001" "1"
#define LOG_INFO  "\001" "2"
#define LOG_DEBUG "\001" "3"
/* Caused by a guest's act: goes by guest_loglvl, at most 10 lines a second. */
#define LOG_GUEST "\001" "G"

void printk(const char *fmt, ...) __printf(1, 2);
/* The same with "d<id>v<id>: " of the current vCPU before it, rate-limited. */
void gprintk(const struct domain *d, const char *fmt, ...) __printf(2, 3);

/* What a domain writes to its console.  dom0's goes out as it is, others' by
 * lines, made safe, after the domain's number, if guest_loglvl lets it. */
void console_write_guest(const struct domain *d, const char *s, size_t n);
/* What was typed for dom0 and not read yet: up to n characters. */
size_t console_read_input(char *buf, size_t n);

/*
 * Copy from the message ring (sysctl readconsole): *index counts all that was
 * ever written, and moves on; what was overwritten meanwhile is skipped.
 * Returns how many bytes were copied.  console_ring_start() is the oldest
 * index there is; after console_ring_clear() older messages aren't shown.
 */
size_t console_ring_read(char *buf, size_t n, uint32_t *index);
uint32_t console_ring_start(void);
void console_ring_clear(uint32_t upto);

/* Boot steps. */
void console_init_early(void);
void console_init_options(void);	/* once the command line was read */
void console_init_ring(void);		/* once there is a heap */
void console_init_input(void);		/* once there are interrupts */
void console_give_up_vga(void);		/* dom0 takes the screen */
/* For a machine that stops: no locks any more. */
void console_force_unlock(void);
/* For commands of panic() and of slow keys. */
void console_poll_input(void);

enum { CONSOLE_COM1 = 1, CONSOLE_VGA = 2 };
extern unsigned int console_outputs;	/* option console= */
extern bool console_vga_keep;
extern bool console_to_ring;		/* dom0's output too */
extern unsigned int console_ring_bytes;	/* option conring_size= */
/* Messages of a level at or below are printed; -1: none. */
extern int console_loglvl, console_guest_loglvl;

int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int vsnprintf(char *buf, size_t size, const char *fmt, __builtin_va_list ap);

/* Stop the machine: message, registers, stack trace; reboot unless noreboot. */
void __noreturn panic(const char *fmt, ...) __printf(1, 2);

#define BUG() panic("BUG at %s:%d\n", __FILE__, __LINE__)
#define BUG_ON(c)                                                              \
	do {                                                                   \
		if (unlikely(c))                                               \
			panic("BUG at %s:%d: %s\n", __FILE__, __LINE__, #c);   \
	} while (0)
#ifdef NDEBUG
#define ASSERT(c) ((void)sizeof(c))
#else
#define ASSERT(c) BUG_ON(!(c))
#endif

#endif
