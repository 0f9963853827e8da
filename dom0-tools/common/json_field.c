/* SPDX-License-Identifier: MIT */
#include "json_field.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "guest.h"

bool json_put(struct json_object *obj, const char *key,
	      struct json_object *value)
{
	if (!value)
		return false;
	if (json_object_object_add(obj, key, value)) {
		json_object_put(value);
		return false;
	}
	return true;
}

struct json_object *json_at(struct json_object *obj, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(obj, key, &value);
	return value;
}

bool json_bad(char *why, const char *path, const char *key,
	      const char *expected, struct json_object *found)
{
	snprintf(why, GUEST_WHY, "%s%s%s%sexpected %s, found %.60s", path,
		 *path && *key ? "." : "", key, *path || *key ? ": " : "",
		 expected, json_object_to_json_string(found));
	return false;
}

/* ---- to JSON ----------------------------------------------------------- */

static bool add(struct json_object *list, struct json_object *value)
{
	if (!value)
		return false;
	if (json_object_array_add(list, value)) {
		json_object_put(value);
		return false;
	}
	return true;
}

static struct json_object *strings_to_json(char **list, unsigned int count)
{
	struct json_object *array = json_object_new_array();
	bool ok = array;

	for (unsigned int i = 0; ok && i < count; i++)
		ok = add(array, json_object_new_string(list[i]));
	if (ok)
		return array;
	json_object_put(array);
	return NULL;
}

static struct json_object *set_to_json(const struct guest_cpus *set)
{
	struct json_object *array = json_object_new_array();
	bool ok = array;

	for (unsigned int cpu = 0; ok && cpu < set->count; cpu++)
		if (guest_cpus_has(set, cpu))
			ok = add(array, json_object_new_int(cpu));
	if (ok)
		return array;
	json_object_put(array);
	return NULL;
}

static struct json_object *sets_to_json(const struct guest_cpus *sets,
					unsigned int count)
{
	struct json_object *array = json_object_new_array();
	bool ok = array;

	for (unsigned int i = 0; ok && i < count; i++)
		ok = add(array, set_to_json(&sets[i]));
	if (ok)
		return array;
	json_object_put(array);
	return NULL;
}

static bool put_list(struct json_object *obj, const struct field *f,
		     const char *base)
{
	unsigned int count = *(const unsigned int *)(base + f->count_at);
	void *list = *(void *const *)(base + f->at);

	if (!count)
		return true;
	return json_put(obj, f->key, f->kind == FIELD_CPUS ?
			sets_to_json(list, count) :
			strings_to_json(list, count));
}

static bool put_bool(struct json_object *obj, const struct field *f, bool set)
{
	if (!set)
		return true;
	if (f->kind == FIELD_FLAG)
		return json_put(obj, f->key, json_object_new_int(1));
	return json_put(obj, f->key, json_object_new_boolean(true));
}

static bool put_field(struct json_object *obj, const struct field *f,
		      const void *base)
{
	const void *p = (const char *)base + f->at;
	const char *s;
	uint64_t n;
	int i;

	switch (f->kind) {
	case FIELD_STRING:
		s = *(const char *const *)p;
		return !s || json_put(obj, f->key, json_object_new_string(s));
	case FIELD_STRINGS:
	case FIELD_CPUS:
		return put_list(obj, f, base);
	case FIELD_UINT:
	case FIELD_U64:
		n = f->kind == FIELD_U64 ? *(const uint64_t *)p :
			*(const unsigned int *)p;
		return !n || json_put(obj, f->key, json_object_new_uint64(n));
	case FIELD_INT:
		i = *(const int *)p;
		return i < 0 || json_put(obj, f->key, json_object_new_int(i));
	case FIELD_FLAG:
	case FIELD_BOOL:
		return put_bool(obj, f, *(const bool *)p);
	case FIELD_TRI:
		i = *(const int *)p;
		return i < 0 || json_put(obj, f->key, json_object_new_string(
						 i ? "True" : "False"));
	case FIELD_ENUM:
		n = *(const unsigned int *)p;
		return !n || json_put(obj, f->key,
				      json_object_new_string(f->names[n]));
	}
	return false;
}

bool fields_put(struct json_object *obj, const struct field *fields,
		const void *base)
{
	for (; fields->key; fields++)
		if (!put_field(obj, fields, base))
			return false;
	return true;
}

/* ---- from JSON ---------------------------------------------------------- */

static bool no_memory(char *why)
{
	snprintf(why, GUEST_WHY, "no memory");
	return false;
}

static bool get_number(struct json_object *value, uint64_t max, uint64_t *out)
{
	int64_t n;

	if (!json_object_is_type(value, json_type_int))
		return false;
	errno = 0;
	n = json_object_get_int64(value);
	if (n < 0)
		return false;
	/* Past INT64_MAX the signed one is clamped. */
	*out = n == INT64_MAX ? json_object_get_uint64(value) : (uint64_t)n;
	return *out <= max;
}

/* A string of ours: no zero byte in it, and not too long. */
static bool is_string(struct json_object *value)
{
	const char *s;
	size_t len;

	if (!json_object_is_type(value, json_type_string))
		return false;
	s = json_object_get_string(value);
	len = json_object_get_string_len(value);
	return len <= GUEST_STRING_MAX && strlen(s) == len;
}

static bool get_strings(struct json_object *value, unsigned int max,
			char ***list, unsigned int *count)
{
	size_t n;

	if (!json_object_is_type(value, json_type_array))
		return false;
	n = json_object_array_length(value);
	if (n > max)
		return false;
	*list = calloc(n ? n : 1, sizeof(**list));
	for (size_t i = 0; *list && i < n; i++) {
		struct json_object *item = json_object_array_get_idx(value, i);

		if (!is_string(item))
			return false;
		(*list)[i] = strdup(json_object_get_string(item));
		if (!(*list)[i])
			return false;
		*count = i + 1;
	}
	return *list;
}

static bool get_set(struct json_object *value, struct guest_cpus *set)
{
	size_t n;

	if (!json_object_is_type(value, json_type_array))
		return false;
	n = json_object_array_length(value);
	for (size_t i = 0; i < n; i++) {
		uint64_t cpu;

		if (!get_number(json_object_array_get_idx(value, i),
				GUEST_CPUS_MAX - 1, &cpu) ||
		    guest_cpus_add(set, cpu))
			return false;
	}
	return true;
}

static bool get_sets(struct json_object *value, unsigned int max,
		     struct guest_cpus **sets, unsigned int *count)
{
	size_t n;

	if (!json_object_is_type(value, json_type_array))
		return false;
	n = json_object_array_length(value);
	if (n > max)
		return false;
	*sets = calloc(n ? n : 1, sizeof(**sets));
	for (size_t i = 0; *sets && i < n; i++) {
		*count = i + 1;
		if (!get_set(json_object_array_get_idx(value, i), &(*sets)[i]))
			return false;
	}
	return *sets;
}

/* -1: neither; libxl's "<default>" is as good as nothing. */
static int get_word(struct json_object *value)
{
	const char *s;

	if (!json_object_is_type(value, json_type_string))
		return -2;
	s = json_object_get_string(value);
	if (!strcmp(s, "<default>"))
		return -1;
	return !strcmp(s, "True") ? 1 : !strcmp(s, "False") ? 0 : -2;
}

static bool get_enum(struct json_object *value, const struct field *f,
		     unsigned int *out)
{
	if (!json_object_is_type(value, json_type_string))
		return false;
	for (unsigned int i = 0; i < f->max; i++) {
		if (strcmp(json_object_get_string(value), f->names[i]))
			continue;
		*out = i;
		return true;
	}
	return false;
}

static const char *const expectations[] = {
	[FIELD_STRING] = "a string",
	[FIELD_STRINGS] = "an array of strings",
	[FIELD_UINT] = "a whole number",
	[FIELD_U64] = "a whole number",
	[FIELD_INT] = "a whole number",
	[FIELD_FLAG] = "0 or 1",
	[FIELD_BOOL] = "true or false",
	[FIELD_TRI] = "\"True\" or \"False\"",
	[FIELD_ENUM] = "one of its names",
	[FIELD_CPUS] = "an array of arrays of CPUs",
};

/* false: it isn't what it should be, or there is no memory. */
static bool get_value(struct json_object *value, const struct field *f,
		      void *base)
{
	void *p = (char *)base + f->at;
	unsigned int *count = (unsigned int *)(void *)((char *)base +
						      f->count_at);
	uint64_t n = 0;
	int word;

	switch (f->kind) {
	case FIELD_STRING:
		if (!is_string(value))
			return false;
		free(*(char **)p);
		*(char **)p = strdup(json_object_get_string(value));
		return *(char **)p;
	case FIELD_STRINGS:
		return get_strings(value, f->max, p, count);
	case FIELD_CPUS:
		return get_sets(value, f->max, p, count);
	case FIELD_U64:
		return get_number(value, UINT64_MAX, p);
	case FIELD_UINT:
	case FIELD_INT:
		if (!get_number(value, INT_MAX, &n))
			return false;
		*(unsigned int *)p = n;
		return true;
	case FIELD_FLAG:
		*(bool *)p = get_number(value, 1, &n) && n;
		return get_number(value, 1, &n);
	case FIELD_BOOL:
		*(bool *)p = json_object_get_boolean(value);
		return json_object_is_type(value, json_type_boolean);
	case FIELD_TRI:
		word = get_word(value);
		*(int *)p = word;
		return word != -2;
	case FIELD_ENUM:
		return get_enum(value, f, p);
	}
	return false;
}

bool fields_get(struct json_object *obj, const char *path,
		const struct field *fields, void *base, char *why)
{
	for (; fields->key; fields++) {
		struct json_object *value = json_at(obj, fields->key);

		errno = 0;
		if (!value || get_value(value, fields, base))
			continue;
		if (errno == ENOMEM)
			return no_memory(why);
		return json_bad(why, path, fields->key,
				expectations[fields->kind], value);
	}
	return true;
}
