/* SPDX-License-Identifier: MIT */
#include "events.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <json-c/json.h>
#include <common/log.h>
#include <common/server.h>

static enum log_level level_of(const char *kind)
{
	static const char *const bad[] = {
		"crashed", "create-failed", "backend-died", "stuck",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (!strcmp(kind, bad[i]))
			return LOG_WARN;
	return LOG_INFO;
}

static void add(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

void event_emit(struct dom *d, const char *kind, struct json_object *more,
		const char *text, ...)
{
	struct json_object *e = json_object_new_object();
	char line[512] = "", time[32];
	va_list ap;

	if (text) {
		va_start(ap, text);
		vsnprintf(line, sizeof(line), text, ap);
		va_end(ap);
	}
	if (d->domid == DOMID_NONE)
		log_msg(level_of(kind), "%s: %s%s%s", d->name, kind,
			*line ? ": " : "", line);
	else
		log_msg(level_of(kind), "%s (%u): %s%s%s", d->name, d->domid,
			kind, *line ? ": " : "", line);
	add(e, "time", wall_text(wall_now(), time));
	add(e, "event", kind);
	if (d->domid != DOMID_NONE)
		json_object_object_add(e, "domid",
				       json_object_new_int(d->domid));
	add(e, "name", d->name);
	add(e, "uuid", d->uuid);
	if (more) {
		json_object_object_foreach(more, key, value)
			json_object_object_add(e, key, json_object_get(value));
		json_object_put(more);
	}
	if (*line)
		add(e, "text", line);
	server_event(d->hd->server, e);
}
