/* The core's own text symbols, for stack traces (the build links them in). */
#ifndef HVX_SYMBOLS_H
#define HVX_SYMBOLS_H

#include <hvx/types.h>

/* The function that addr is in, and how far; NULL if it is in none. */
const char *symbol_find(unsigned long addr, unsigned long *offset);

#endif
