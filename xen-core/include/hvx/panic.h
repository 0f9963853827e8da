/* What a stopping or misbehaving machine prints, and how it is restarted. */
#ifndef HVX_PANIC_H
#define HVX_PANIC_H

#include <hvx/types.h>

/* The machine or its set-up isn't fit for us: one line, and halt. */
void __noreturn boot_refuse(const char *fmt, ...) __printf(1, 2);

/* Follows frame pointers from rbp, on the core's stacks only. */
void trace_print(unsigned long rbp);

#endif
