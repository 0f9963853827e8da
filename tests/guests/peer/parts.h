/* SPDX-License-Identifier: MIT */
/* What the files of the test `peer` share. */
#ifndef PEER_PARTS_H
#define PEER_PARTS_H

#include "../common/peer.h"

/* What tools ask and set (asked.c). */
void check_asked(void);
/* Domains that die at every step of their life (dying.c). */
void check_dying(void);
void check_claims(void);

/* Nothing of the machine's memory is missing since, and the id is free. */
void check_gone(struct peer *p, unsigned long free_before, const char *what);

#endif
