/* The core's snprintf, as core_printf.c names it. */
#ifndef CORE_PRINTF_H
#define CORE_PRINTF_H

#include <stddef.h>

int core_snprintf(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
