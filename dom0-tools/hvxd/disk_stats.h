/* SPDX-License-Identifier: MIT */
/* What guests' disks have done: hvxd's answer to `disk-counters`, and qmp.c's source. */
#ifndef HVXD_DISK_STATS_H
#define HVXD_DISK_STATS_H

#include <backends/blkback/stats.h>
#include "hvxd.h"

/* Disk i of d. 0, or -1: nothing has been counted. */
int disk_counts(struct dom *d, unsigned int i, struct state_counts *c);
/* An object for each disk of d, added to list. */
void disk_stats_add(struct dom *d, struct json_object *list);

#endif /* HVXD_DISK_STATS_H */
