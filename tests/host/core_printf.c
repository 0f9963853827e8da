/* The core's snprintf under another name: the C library has that one. */
#define snprintf  core_snprintf
#define vsnprintf core_vsnprintf
#include "xen-core/lib/printf.c"
