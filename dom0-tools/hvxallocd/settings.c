/* SPDX-License-Identifier: MIT */
/* What the operator may set, by a table; kept in the store, since the daemon is
 * restarted and the machine's settings are not its own. */
#include "allocd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>

#define FOLDER	"/tool/hvxallocd"

enum kind { U32, U64, I64 };

static const struct setting {
	const char *key;
	enum kind kind;
	size_t at;
	int64_t min, max;
	int64_t unit;		/* stored and told in this many of the member */
} settings[] = {
#define S(name, k, member, low, high, u) \
	{ name, k, offsetof(struct allocd, member), low, high, u }
	S("slack", U64, host.slack, 0, 1 << 20, 1024),
	S("tax", U32, rules.tax, 0, 99, 1),
	S("headroom", U32, rules.headroom, 0, 400, 1),
	S("rate", U64, rules.rate, 1, 1 << 20, 1024),
	S("band", U64, rules.band, 1, 1 << 20, 1024),
	S("settle", I64, rules.settle, 0, 3600, 1000),
	S("follow", I64, rules.follow, 1, 3600, 1000),
	S("retry", I64, rules.retry, 1, 86400, 1000),
	S("dom0-cpu", U32, dom0_cpu, 0, 90, 1),
	S("silence", I64, silence, 0, 86400, 1000),
	S("unseen", U64, unseen, 0, 1 << 20, 1024),
	S("sample", I64, sample, 0, 3600, 1000),
	S("samples", U32, samples, 16, HVCTL_WS_MAX_SAMPLES, 1),
	S("interval", I64, interval, 100, 60000, 1),
#undef S
};
#define SETTINGS	(sizeof(settings) / sizeof(*settings))

static const struct setting *find(const char *key)
{
	size_t i;

	for (i = 0; i < SETTINGS; i++)
		if (!strcmp(settings[i].key, key))
			return &settings[i];
	return NULL;
}

bool settings_has(const char *key)
{
	return find(key);
}

static void put(struct allocd *a, const struct setting *s, int64_t value)
{
	char *at = (char *)a + s->at;

	value *= s->unit;
	if (s->kind == U32)
		*(unsigned int *)at = value;
	else if (s->kind == U64)
		*(uint64_t *)at = value;
	else
		*(int64_t *)at = value;
}

static int64_t get(const struct allocd *a, const struct setting *s)
{
	const char *at = (const char *)a + s->at;

	if (s->kind == U32)
		return *(const unsigned int *)at;
	return *(const int64_t *)at / s->unit;
}

static bool fits(const struct setting *s, int64_t value)
{
	return value >= s->min && value <= s->max;
}

void settings_load(struct allocd *a)
{
	char path[64], *text, *end;
	unsigned int len;
	int64_t value;
	size_t i;

	for (i = 0; i < SETTINGS; i++) {
		snprintf(path, sizeof(path), FOLDER "/%s", settings[i].key);
		text = xs_read(a->xs, XBT_NULL, path, &len);
		value = text ? strtoll(text, &end, 10) : -1;
		if (text && len && !*end && fits(&settings[i], value))
			put(a, &settings[i], value);
		free(text);
	}
}

int settings_set(struct allocd *a, const char *key, int64_t value,
		 struct fault *f)
{
	const struct setting *s = find(key);
	char path[64], text[32];

	if (!fits(s, value))
		return fault_set(f, EINVAL, "set", key,
				 "%s is %" PRId64 " to %" PRId64 ", not %" PRId64,
				 key, s->min, s->max, value);
	snprintf(path, sizeof(path), FOLDER "/%s", key);
	snprintf(text, sizeof(text), "%" PRId64, value);
	if (!xs_write(a->xs, XBT_NULL, path, text, strlen(text)))
		return fault_errno(f, "set", key, "keeping it in the store");
	put(a, s, value);
	return 0;
}

struct json_object *settings_json(const struct allocd *a)
{
	struct json_object *o = json_object_new_object();
	size_t i;

	for (i = 0; i < SETTINGS; i++)
		json_object_object_add(o, settings[i].key,
				       json_object_new_int64(
					       get(a, &settings[i])));
	return o;
}
