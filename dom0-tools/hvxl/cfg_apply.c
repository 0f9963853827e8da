/* SPDX-License-Identifier: MIT */
/*
 * From assignments to a description: each key by its line of the table, then
 * the rules that tie them together.  A key that failed is not complained about
 * a second time.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "cfg.h"
#include "cfg_keys.h"

static void __attribute__((format(printf, 4, 0)))
note(struct apply *a, enum cfg_level level, struct cfg_place at,
     const char *fmt, va_list ap)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	cfg_note(a->notes, level, at, "%s", text);
}

void apply_error(struct apply *a, struct cfg_place at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(a, CFG_ERROR, at, fmt, ap);
	va_end(ap);
}

void apply_warning(struct apply *a, struct cfg_place at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(a, CFG_WARNING, at, fmt, ap);
	va_end(ap);
}

/* ---- values -------------------------------------------------------------- */

const char *found_text(const struct cfg_value *value, char *buf)
{
	char *out = buf;

	if (value->type == CFG_LIST)
		return "a list";
	if (value->type == CFG_STRING)
		*out++ = '"';
	for (const char *p = value->text; *p; p++) {
		unsigned char c = *p;

		if (out - buf > 60) {
			out = stpcpy(out, "...");
			break;
		}
		*out++ = c < ' ' || c == 0x7f ? '?' : c;
	}
	strcpy(out, value->type == CFG_STRING ? "\"" : "");
	return buf;
}

const char *value_text(struct apply *a, const char *key,
		       const struct cfg_value *value)
{
	if (value->type == CFG_LIST) {
		apply_error(a, value->at, "%s: expected text, found a list",
			    key);
		return NULL;
	}
	if (strlen(value->text) <= GUEST_STRING_MAX)
		return value->text;
	apply_error(a, value->at, "%s: expected at most %d bytes, found %zu",
		    key, GUEST_STRING_MAX, strlen(value->text));
	return NULL;
}

char *value_dup(struct apply *a, const char *key, const struct cfg_value *value)
{
	const char *text = value_text(a, key, value);
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		apply_error(a, value->at, "%s: no memory", key);
	return copy;
}

/* Decimal, 0x and hexadecimal, or 0 and octal; quotes make no difference. */
static bool value_number(struct apply *a, const struct key *k,
			 const struct cfg_value *value, long long *out)
{
	char buf[80], *end = NULL;
	const char *unit = k->kind == KEY_MIB ? " of MiB" : "";

	errno = 0;
	if (value->type != CFG_LIST)
		*out = strtoll(value->text, &end, 0);
	while (end && (*end == ' ' || *end == '\t'))
		end++;
	if (end && end != value->text && !*end && !errno && *out >= k->min &&
	    *out <= k->max)
		return true;
	apply_error(a, value->at, "%s: expected a number%s from %lld to %lld, "
		    "found %s", k->name, unit, k->min, k->max,
		    found_text(value, buf));
	return false;
}

char **value_texts(struct apply *a, const struct cfg_entry *e, bool single,
		   unsigned int max, unsigned int *count)
{
	struct cfg_value *alone = e->value, **items = &alone;
	unsigned int n = 1;
	char buf[80], **list;

	*count = 0;
	if (e->value->type == CFG_LIST) {
		items = e->value->items;
		n = e->value->count;
	} else if (!single) {
		apply_error(a, e->at, "%s: expected a list like [ \"...\" ], "
			    "found %s", e->key, found_text(e->value, buf));
		return NULL;
	}
	if (n > max) {
		apply_error(a, e->at, "%s: expected at most %u entries, "
			    "found %u", e->key, max, n);
		return NULL;
	}
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		apply_error(a, e->at, "%s: no memory", e->key);
	for (unsigned int i = 0; list && i < n; i++) {
		list[*count] = value_dup(a, e->key, items[i]);
		if (list[*count])
			++*count;
	}
	return list;
}

/* ---- members ------------------------------------------------------------- */

static void apply_string(struct apply *a, const struct key *k,
			 const struct cfg_entry *e, char **at)
{
	/* An empty one says nothing. */
	if (e->value->type == CFG_LIST || *e->value->text)
		*at = value_dup(a, k->name, e->value);
}

static void apply_action(struct apply *a, const struct key *k,
			 const struct cfg_entry *e, enum guest_action *at)
{
	/* As libxl's names, with - and the words the other way round. */
	static const char *const names[ACTION_COUNT] = {
		"destroy", "restart", "rename-restart", "preserve",
		"coredump-destroy", "coredump-restart", "soft-reset",
	};
	char buf[80];

	for (int i = 0; e->value->type != CFG_LIST && i < ACTION_COUNT; i++) {
		if (strcmp(e->value->text, names[i]))
			continue;
		*at = i;
		return;
	}
	apply_error(a, e->value->at, "%s: expected destroy, restart, "
		    "rename-restart, preserve, coredump-destroy, "
		    "coredump-restart or soft-reset, found %s", k->name,
		    found_text(e->value, buf));
}

/* 0, "" and [] say that it isn't wanted, too. */
static bool asks_for_nothing(const struct cfg_value *value)
{
	if (value->type == CFG_LIST)
		return !value->count;
	return !*value->text || !strcmp(value->text, "0");
}

static void apply_number(struct apply *a, const struct key *k,
			 const struct cfg_entry *e, void *at)
{
	long long n;

	if (!value_number(a, k, e->value, &n))
		return;
	if (k->kind == KEY_MIB)
		*(uint64_t *)at = (uint64_t)n << 10;
	else if (k->kind == KEY_UINT)
		*(unsigned int *)at = n;
	else
		*(int *)at = n;
}

static void apply_bool(struct apply *a, const struct key *k,
		       const struct cfg_entry *e, int *at)
{
	long long n;

	if (value_number(a, k, e->value, &n))
		*at = n != 0;
}

static void apply_key(struct apply *a, const struct key *k,
		      const struct cfg_entry *e)
{
	void *at = (char *)a->out + k->at;

	switch (k->kind) {
	case KEY_STRING:
		apply_string(a, k, e, at);
		break;
	case KEY_UINT:
	case KEY_INT:
	case KEY_MIB:
		apply_number(a, k, e, at);
		break;
	case KEY_BOOL:
		apply_bool(a, k, e, at);
		break;
	case KEY_ACTION:
		apply_action(a, k, e, at);
		break;
	case KEY_SPECIAL:
		k->special(a, e);
		break;
	case KEY_LATER:
		if (!asks_for_nothing(e->value))
			apply_warning(a, e->at, "ignored: %s", k->name);
		break;
	case KEY_UNUSED:
		break;
	}
}

/* One key under two names: the true one counts. */
static void apply_alias(struct apply *a, const struct key *k,
			const struct cfg_entry *e)
{
	if (cfg_find(a->tree, k->same_as))
		apply_warning(a, e->at, "ignored: %s, as %s is given, too",
			      k->name, k->same_as);
	else
		apply_key(a, cfg_key(k->same_as), e);
}

static void apply_keys(struct apply *a)
{
	for (const struct key *k = cfg_keys; k->name; k++) {
		const struct cfg_entry *e = cfg_find(a->tree, k->name);

		if (e && k->same_as)
			apply_alias(a, k, e);
		else if (e)
			apply_key(a, k, e);
	}
}

static void warn_unknown(struct apply *a)
{
	for (unsigned int i = 0; i < a->tree->count; i++) {
		const struct cfg_entry *e = &a->tree->entries[i];
		const char *like;

		if (cfg_key(e->key))
			continue;
		like = cfg_key_like(e->key);
		if (like)
			apply_warning(a, e->at, "ignored: %s is not a key (did "
				      "you mean %s?)", e->key, like);
		else
			apply_warning(a, e->at, "ignored: %s is not a key",
				      e->key);
	}
}

/* ---- rules -------------------------------------------------------------- */

/* Where a key was assigned, by whatever name. */
static const struct cfg_entry *entry_of(const struct apply *a, const char *key)
{
	const struct cfg_entry *e = cfg_find(a->tree, key);

	for (const struct key *k = cfg_keys; !e && k->name; k++)
		if (k->same_as && !strcmp(k->same_as, key))
			e = cfg_find(a->tree, k->name);
	if (!e && !strcmp(key, "cmdline")) {
		e = cfg_find(a->tree, "extra");
		if (!e)
			e = cfg_find(a->tree, "root");
	}
	return e;
}

/* Whether it has been complained about. */
static bool has_failed(const struct apply *a, const struct cfg_entry *e)
{
	size_t len = strlen(e->key);

	for (unsigned int i = 0; i < a->notes->count; i++) {
		const struct cfg_note *n = &a->notes->list[i];

		if (n->level == CFG_ERROR && !strncmp(n->text, e->key, len) &&
		    n->text[len] == ':')
			return true;
	}
	return false;
}

static void note_fault(void *arg, const char *key, int index, const char *text)
{
	struct apply *a = arg;
	const struct cfg_entry *e = entry_of(a, key);
	struct cfg_place at = { a->tree->source_count ? a->tree->sources[0] :
				"configuration", 0 };
	unsigned int item = index;

	if (!e) {
		/* Perhaps it stands where the text could not be read. */
		if (a->complete)
			apply_error(a, at, "%s: %s", key, text);
		return;
	}
	if (has_failed(a, e))
		return;
	if (index < 0) {
		apply_error(a, e->at, "%s: %s", e->key, text);
		return;
	}
	if (!strcmp(key, "disk"))
		item = a->disk_item[index];
	else if (!strcmp(key, "vif"))
		item = a->vif_item[index];
	if (e->value->type == CFG_LIST && item < e->value->count)
		apply_error(a, e->value->items[item]->at, "%s %u: %s", e->key,
			    item + 1, text);
	else if (!index)
		apply_error(a, e->at, "%s: %s", e->key, text);
}

int cfg_apply(const struct cfg_tree *tree, const struct cfg_host *host,
	      struct guest_config *out, struct cfg_notes *notes)
{
	struct apply *a = calloc(1, sizeof(*a));

	guest_config_init(out);
	if (!a) {
		cfg_note(notes, CFG_ERROR,
			 (struct cfg_place){ "configuration", 0 }, "no memory");
		return -1;
	}
	a->tree = tree;
	a->host = host;
	a->out = out;
	a->notes = notes;
	a->complete = !notes->errors;
	apply_keys(a);
	warn_unknown(a);
	guest_config_check(out, note_fault, a);
	free(a);
	return notes->errors ? -1 : 0;
}
