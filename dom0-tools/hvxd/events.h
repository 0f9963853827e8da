/* SPDX-License-Identifier: MIT */
/* What happens to domains, told to whoever follows, and to the log. */
#ifndef HVXD_EVENTS_H
#define HVXD_EVENTS_H

#include "hvxd.h"

/*
 * kind: created, unpaused, shutdown, ... (README.md). more: further members of
 * the event, or NULL; put. The log line is kind and text; text may be NULL, and
 * else is the event's "text".
 */
void event_emit(struct dom *d, const char *kind, struct json_object *more,
		const char *text, ...) __attribute__((format(printf, 4, 5)));

#endif /* HVXD_EVENTS_H */
