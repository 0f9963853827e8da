/* SPDX-License-Identifier: MIT */
#include "json_text.h"

#include <stdio.h>
#include <json-c/json.h>

char *json_text(struct json_object *obj)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	json_print_xl(obj, f);
	fclose(f);
	return text;
}

char *guest_text(const struct guest_config *config)
{
	struct json_object *obj = guest_to_json(config);
	char *text = obj ? json_text(obj) : NULL;

	json_object_put(obj);
	return text;
}
