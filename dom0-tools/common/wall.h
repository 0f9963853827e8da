/* SPDX-License-Identifier: MIT */
/* The wall clock, for what people read and what outlives a daemon. */
#ifndef COMMON_WALL_H
#define COMMON_WALL_H

#include <stdint.h>

/* ms since 1970 */
int64_t wall_now(void);
/* The same as text, in buf (at least 32 bytes), which is returned. */
const char *wall_text(int64_t ms, char *buf);

#endif /* COMMON_WALL_H */
