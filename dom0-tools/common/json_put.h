/* SPDX-License-Identifier: MIT */
/* Members for an object that is put together by hand. */
#ifndef COMMON_JSON_PUT_H
#define COMMON_JSON_PUT_H

#include <stdint.h>
#include <json-c/json.h>

static inline void put_number(struct json_object *o, const char *key,
			      uint64_t n)
{
	json_object_object_add(o, key, json_object_new_uint64(n));
}

/* NULL: null. */
static inline void put_text(struct json_object *o, const char *key,
			    const char *text)
{
	json_object_object_add(o, key,
			       text ? json_object_new_string(text) : NULL);
}

#endif /* COMMON_JSON_PUT_H */
