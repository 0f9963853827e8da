/* SPDX-License-Identifier: MIT */
/* What hvxd knows of guests' disks: counters, and the last I/O error. */
#ifndef HVXL_DISK_STATS_H
#define HVXL_DISK_STATS_H

struct json_object;

/* All disks that hvxd serves, to be put; NULL: it doesn't run. */
struct json_object *disk_stats_ask(void);
/* "disk_errors" of each domain in list, as json_list makes it: the disks that had
 * one, and its cause. stats may be NULL, here and below. */
void disk_stats_to_domains(struct json_object *stats, struct json_object *list);
/* "counters" of each disk in list, as json_devices makes it; null: unknown. */
void disk_stats_to_devices(struct json_object *stats, struct json_object *list);

#endif /* HVXL_DISK_STATS_H */
