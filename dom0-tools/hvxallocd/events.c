/* SPDX-License-Identifier: MIT */
#include "allocd.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <json-c/json.h>
#include <common/log.h>
#include <common/wall.h>

static void add(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

void decision(struct allocd *a, int i, const char *what,
	      struct json_object *more, const char *fmt, ...)
{
	struct json_object *e = json_object_new_object();
	char text[400], time[32];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	add(e, "time", wall_text(wall_now(), time));
	add(e, "event", what);
	if (i >= 0) {
		json_object_object_add(e, "domid", json_object_new_int64(
					       a->guests[i].domid));
		add(e, "name", a->infos[i].name);
	}
	if (more) {
		json_object_object_foreach(more, key, value)
			json_object_object_add(e, key, json_object_get(value));
		json_object_put(more);
	}
	add(e, "text", text);
	log_msg(strcmp(what, "memory-target") ? LOG_INFO : LOG_DEBUG,
		"%s%s%s: %s", i >= 0 ? a->infos[i].name : "", i >= 0 ? ": " : "",
		what, text);
	server_event(a->server, e);
}
