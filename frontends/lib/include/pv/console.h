/*
 * Text out: console_io for the control domain, the console ring otherwise.
 * printf() knows %c %s %d %u %x %p with l, 0, - and a width.
 */
#ifndef PV_CONSOLE_H
#define PV_CONSOLE_H

#include <stddef.h>
#include <stdarg.h>

void console_init(void);
void console_write(const char *s, size_t len);
/* What was typed since, at most size bytes; how many. Only of the ring. */
size_t console_read(char *buf, size_t size);

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));
int snprintf(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
