/* SPDX-License-Identifier: MIT */
#include "disk_stats.h"

#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include "hvxd_client.h"
#include "hvxl.h"

struct json_object *disk_stats_ask(void)
{
	struct hvxd *h = hvxd_open();
	struct json_object *answer, *list = NULL;
	struct hvxd_error e;

	if (!h)
		return NULL;
	answer = hvxd_ask(h, "disk-counters", NULL, NULL, NULL, &e);
	hvxd_close(h);
	if (answer)
		json_object_object_get_ex(answer, "disks", &list);
	else
		hvxd_error_free(&e);
	json_object_get(list);
	json_object_put(answer);
	if (json_object_is_type(list, json_type_array))
		return list;
	json_object_put(list);
	return NULL;
}

static uint64_t number(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;

	json_object_object_get_ex(o, key, &v);
	return json_object_get_uint64(v);
}

static size_t length(struct json_object *list)
{
	return list ? json_object_array_length(list) : 0;
}

/* A member of both; hvxl's keys have no dashes. */
static void copy(struct json_object *to, struct json_object *from,
		 const char *key)
{
	char *name = xstrdup(key), *dash;
	struct json_object *v = NULL;

	while ((dash = strchr(name, '-')))
		*dash = '_';
	json_object_object_get_ex(from, key, &v);
	json_object_object_add(to, name, json_object_get(v));
	free(name);
}

static struct json_object *errors_of(struct json_object *stats, uint64_t domid)
{
	struct json_object *list = json_object_new_array(), *o, *one, *v;
	size_t i;

	for (i = 0; i < length(stats); i++) {
		o = json_object_array_get_idx(stats, i);
		if (number(o, "domid") != domid ||
		    !json_object_object_get_ex(o, "error", &v) || !v)
			continue;
		one = json_object_new_object();
		copy(one, o, "vdev");
		copy(one, o, "error");
		copy(one, o, "error-time");
		json_object_array_add(list, one);
	}
	return list;
}

void disk_stats_to_domains(struct json_object *stats, struct json_object *list)
{
	size_t i;

	for (i = 0; i < length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		json_object_object_add(o, "disk_errors",
				       errors_of(stats, number(o, "domid")));
	}
}

static struct json_object *counters_of(struct json_object *stats,
				       uint64_t domid, uint64_t device)
{
	static const char *const keys[] = {
		"read-requests", "write-requests", "flush-requests",
		"discard-requests", "read-sectors", "write-sectors", "errors",
		"error", "error-time", NULL
	};
	struct json_object *o = NULL, *found;
	const char *const *key;
	size_t i;

	for (i = 0; i < length(stats); i++) {
		o = json_object_array_get_idx(stats, i);
		if (number(o, "domid") == domid &&
		    number(o, "device") == device)
			break;
	}
	if (i == length(stats))
		return NULL;
	found = json_object_new_object();
	for (key = keys; *key; key++)
		copy(found, o, *key);
	return found;
}

void disk_stats_to_devices(struct json_object *stats, struct json_object *list)
{
	size_t i;

	for (i = 0; i < length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		json_object_object_add(o, "counters", counters_of(
			stats, number(o, "domid"), number(o, "vdev")));
	}
}
