/* SPDX-License-Identifier: MIT */
/* hvxallocd's answers as tables: sizes in MiB. */
#include "out.h"

#include <json-c/json.h>
#include <string.h>

static struct json_object *at(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;

	json_object_object_get_ex(o, key, &v);
	return v;
}

static long mib(struct json_object *o, const char *key)
{
	return json_object_get_int64(at(o, key)) >> 10;
}

static const char *text(struct json_object *o, const char *key)
{
	const char *s = json_object_get_string(at(o, key));

	return s ? s : "";
}

static size_t length(struct json_object *list)
{
	return json_object_is_type(list, json_type_array)
		       ? json_object_array_length(list) : 0;
}

/* ---- status ---- */

/* Percent of a processor, where the hypervisor tells. */
static void put_cpu(FILE *out, struct json_object *g, const char *state)
{
	if (at(g, "cpu_used"))
		fprintf(out, " %5d %5d %s\n",
			json_object_get_int(at(g, "cpu_used")),
			json_object_get_int(at(g, "cpu_waited")), state);
	else
		fprintf(out, " %5s %5s %s\n", "-", "-", state);
}

static void guest_row(FILE *out, struct json_object *g)
{
	const char *source = text(g, "source");

	fprintf(out, "%-24s %4d %6ld", text(g, "name"),
		json_object_get_int(at(g, "domid")), mib(g, "current"));
	if (!json_object_get_boolean(at(g, "managed"))) {
		fprintf(out, " %6s %6s %6s %6s %6s %6s %-8s", "-", "-", "-",
			"-", "-", "-", "-");
		put_cpu(out, g, "unmanaged");
		return;
	}
	fprintf(out, " %6ld %6ld %6ld %6ld %6d", mib(g, "target"),
		mib(g, "share"), mib(g, "floor"), mib(g, "max"),
		json_object_get_int(at(g, "weight")));
	if (at(g, "used"))
		fprintf(out, " %6ld", mib(g, "used"));
	else
		fprintf(out, " %6s", "-");
	fprintf(out, " %-8s", source);
	put_cpu(out, g, text(g, "why"));
}

/* In words what is out of the ordinary. */
static void guest_note(FILE *out, struct json_object *g)
{
	const char *why = text(g, "why");

	if (!strcmp(why, "wont-shrink") || !strcmp(why, "wont-grow"))
		fprintf(out, "%s: %s\n", text(g, "name"), text(g, "text"));
}

static void put_settings(FILE *out, struct json_object *settings)
{
	if (!json_object_is_type(settings, json_type_object))
		return;
	fprintf(out, "Settings:");
	json_object_object_foreach(settings, key, value)
		fprintf(out, " %s=%s", key, json_object_get_string(value));
	fputc('\n', out);
}

void table_alloc(FILE *out, struct json_object *status)
{
	struct json_object *host = at(status, "host"), *v;
	struct json_object *guests = at(status, "guests");
	struct json_object *kept = at(status, "reservations");
	size_t i;

	fprintf(out, "Memory: %ld MiB, %ld free; kept free: %ld, reserved: "
		"%ld, for new guests: %ld\n", mib(host, "total"),
		mib(host, "free"), mib(host, "slack"), mib(host, "reserved"),
		mib(host, "there"));
	fprintf(out, "%-24s %4s %6s %6s %6s %6s %6s %6s %6s %-8s %5s %5s %s\n",
		"Name", "ID", "Has", "Target", "Share", "Floor", "Max",
		"Weight", "Uses", "Source", "CPU", "Waits", "State");
	for (i = 0; i < length(guests); i++)
		guest_row(out, json_object_array_get_idx(guests, i));
	for (i = 0; i < length(kept); i++) {
		v = json_object_array_get_idx(kept, i);
		fprintf(out, "%s: %ld MiB are %s\n", text(v, "name"),
			mib(v, "kib"), json_object_get_boolean(
			at(v, "granted")) ? "kept for it" : "being freed for it");
	}
	for (i = 0; i < length(guests); i++)
		guest_note(out, json_object_array_get_idx(guests, i));
	put_settings(out, at(status, "settings"));
}

/* ---- plan ---- */

/* As a line for its configuration. */
static void put_cpus(FILE *out, struct json_object *cpus)
{
	size_t i;

	if (!length(cpus))
		return;
	fprintf(out, "Bound to the processors that are used least: cpus = [");
	for (i = 0; i < length(cpus); i++)
		fprintf(out, "%s \"%d\"", i ? "," : "", json_object_get_int(
				json_object_array_get_idx(cpus, i)));
	fprintf(out, " ]\n");
}

void table_plan(FILE *out, const char *name, struct json_object *plan)
{
	struct json_object *guests = at(plan, "guests"), *g;
	long missing = (json_object_get_int64(at(plan, "missing")) + 1023) >>
		       10;
	size_t i;

	fprintf(out, "%s needs %ld MiB; %ld are free, guests could give %ld: ",
		name, mib(plan, "need"), mib(plan, "free"),
		mib(plan, "could"));
	if (missing)
		fprintf(out, "%ld MiB are missing\n", missing);
	else
		fprintf(out, "it can be created\n");
	put_cpus(out, at(plan, "cpus"));
	if (!length(guests))
		return;
	fprintf(out, "%-24s %4s %6s %6s %6s %s\n", "Name", "ID", "Has",
		"Floor", missing ? "Could" : "Gives", "Why not");
	for (i = 0; i < length(guests); i++) {
		g = json_object_array_get_idx(guests, i);
		fprintf(out, "%-24s %4d %6ld %6ld %6ld %s\n", text(g, "name"),
			json_object_get_int(at(g, "domid")), mib(g, "has"),
			mib(g, "floor"), mib(g, "gives"), text(g, "why"));
	}
}
