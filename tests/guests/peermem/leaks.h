/* SPDX-License-Identifier: MIT */
/* What the files of the test `peermem` share. */
#ifndef PEERMEM_LEAKS_H
#define PEERMEM_LEAKS_H

#include "../common/peer.h"

extern struct peer a, b;	/* in the builder only */

/* Freed memory, FPU and registers (leaks.c). */
void check_scrub(void);
void check_registers(void);

#endif
