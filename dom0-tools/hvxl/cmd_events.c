/* SPDX-License-Identifier: MIT */
/* events: what happens to domains, as hvxd sees it, and what hvxallocd decides,
 * until one stops hvxl. */
#include "cmds.h"

#include <json-c/json.h>
#include <poll.h>
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

/* hvxallocd may come and go: it is looked for again and again. */
#define LOOK_MS	2000

static struct hvxd *look_for_allocd(void)
{
	struct hvxd *h = allocd_open();
	struct hvxd_error e;

	if (h && hvxd_events_begin(h, &e)) {
		hvxd_error_free(&e);
		hvxd_close(h);
		h = NULL;
	}
	return h;
}

/* Both, until hvxd ends (-1) or nobody reads any more (0). */
static int follow(struct hvxd *h, struct hvxd *alloc, struct hvxd_error *e)
{
	struct hvxd_error ignored = { 0 };
	int rc = hvxd_events_begin(h, e) ? -1 : 1;

	while (rc == 1) {
		struct pollfd p[2] = { { hvxd_fd(h), POLLIN, 0 },
				       { alloc ? hvxd_fd(alloc) : -1, POLLIN,
					 0 } };

		poll(p, 2, alloc ? -1 : LOOK_MS);
		if (p[0].revents)
			rc = hvxd_events_come(h, show_event, NULL, e);
		if (rc == 1 && p[1].revents &&
		    (rc = hvxd_events_come(alloc, show_event, NULL,
					   &ignored)) < 0) {
			hvxd_error_free(&ignored);
			hvxd_close(alloc);
			alloc = NULL;
			rc = 1;
		}
		if (!alloc)
			alloc = look_for_allocd();
	}
	hvxd_close(alloc);
	return rc;
}

int cmd_events(int argc, char **argv)
{
	struct hvxd_error e;
	struct hvxd *h, *alloc;
	char **rest;
	int rc = 0;

	args_plain(argc, argv, 0, 0, &rest);
	h = hvxd_need("events");
	alloc = look_for_allocd();
	if (!alloc)
		warn("hvxallocd does not answer: its decisions are shown "
		     "when it does");
	if (follow(h, alloc, &e))
		rc = hvxd_fail("events", NULL, &e);
	hvxd_close(h);
	return rc;
}
