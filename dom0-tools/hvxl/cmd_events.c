/* SPDX-License-Identifier: MIT */
/* events: what happens to domains, as hvxd sees it, until one stops hvxl. */
#include "cmds.h"

#include <json-c/json.h>
#include <string.h>
#include "args.h"
#include "hvxd_client.h"
#include "hvxl.h"
#include "out.h"

static const char *field(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) ? json_object_get_string(v)
						     : NULL;
}

void event_text(FILE *out, struct json_object *event)
{
	const char *name = field(event, "name"), *what = field(event, "event");
	const char *time = field(event, "time"), *domid = field(event, "domid");

	fprintf(out, "%s %s %s (%s)", time ? time : "-", what ? what : "-",
		name ? name : "-", domid ? domid : "-");
	json_object_object_foreach(event, key, v) {
		if (strcmp(key, "time") && strcmp(key, "event") &&
		    strcmp(key, "name") && strcmp(key, "domid") &&
		    strcmp(key, "uuid"))
			fprintf(out, " %s=%s", key, json_object_get_string(v));
	}
	fputc('\n', out);
}

static bool show_event(void *arg, struct json_object *event)
{
	(void)arg;
	if (hvxl.json)
		printf("%s\n", json_object_to_json_string_ext(
			event, JSON_C_TO_STRING_PLAIN |
			       JSON_C_TO_STRING_NOSLASHESCAPE));
	else
		event_text(stdout, event);
	/* A reader that went away ends us. */
	return !fflush(stdout);
}

int cmd_events(int argc, char **argv)
{
	struct hvxd_error e;
	struct hvxd *h;
	char **rest;
	int rc = 0;

	args_plain(argc, argv, 0, 0, &rest);
	h = hvxd_need("events");
	if (hvxd_follow(h, show_event, NULL, &e))
		rc = hvxd_fail("events", NULL, &e);
	hvxd_close(h);
	return rc;
}
