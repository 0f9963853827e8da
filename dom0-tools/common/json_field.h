/* SPDX-License-Identifier: MIT */
/*
 * Structs to JSON and back by a table of their members, so that both ways
 * agree.  A member at its default isn't written, and one that isn't there
 * keeps what it had.
 */
#ifndef COMMON_JSON_FIELD_H
#define COMMON_JSON_FIELD_H

#include <stdbool.h>
#include <stddef.h>

struct json_object;

enum field_kind {		/* C type; default; in JSON */
	FIELD_STRING,		/* char *; NULL; string */
	FIELD_STRINGS,		/* char **, count; none; array */
	FIELD_UINT,		/* unsigned int; 0; number */
	FIELD_U64,		/* uint64_t; 0; number */
	FIELD_INT,		/* int; -1; number from 0 */
	FIELD_FLAG,		/* bool; false; 1 */
	FIELD_BOOL,		/* bool; false; true */
	FIELD_TRI,		/* int; -1; "False" 0, "True" 1 */
	FIELD_ENUM,		/* unsigned int; 0; a name */
	FIELD_CPUS,		/* struct guest_cpus *, count; none; arrays */
};

struct field {
	const char *key;
	enum field_kind kind;
	size_t at;			/* of the member in its struct */
	size_t count_at;		/* of its count */
	const char *const *names;	/* of an enum's values */
	unsigned int max;		/* most: names, entries */
};

/* Both return false, the first without memory, the second after it has said
 * in why (GUEST_WHY bytes) what is wrong at path.key. */
bool fields_put(struct json_object *obj, const struct field *fields,
		const void *base);
bool fields_get(struct json_object *obj, const char *path,
		const struct field *fields, void *base, char *why);

/* Adds a value, which it then owns; false: none, or no memory. */
bool json_put(struct json_object *obj, const char *key,
	      struct json_object *value);
/* The value of a key, NULL if it isn't there or null. */
struct json_object *json_at(struct json_object *obj, const char *key);
/* false, and why: "PATH.KEY: expected WHAT, found VALUE". */
bool json_bad(char *why, const char *path, const char *key,
	      const char *expected, struct json_object *found);

#endif /* COMMON_JSON_FIELD_H */
