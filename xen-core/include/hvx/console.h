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
