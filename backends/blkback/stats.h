/* SPDX-License-Identifier: MIT */
/*
 * What a guest's blkback has counted, read from its state by others. The file
 * outlives the process, so that no count goes back when it is killed; but a
 * process in its guest's hands may have written anything there.
 */
#ifndef BLKBACK_STATS_H
#define BLKBACK_STATS_H

#include "state.h"

/* Of device (its number in the store) in the state file at path. 0, or -1 and
 * errno: ENODEV if the file knows no such device. */
int stats_read(const char *path, uint32_t device, struct state_counts *c);
/* "write: No space left on device"; NULL: there was no error. */
const char *stats_error(const struct state_counts *c, char *text, size_t size);

#endif /* BLKBACK_STATS_H */
