/* SPDX-License-Identifier: MIT */
/*
 * JSON as xl prints it: yajl's beautified form with four columns a level,
 * where an empty object or array has an empty line inside.
 */
#include "guest.h"

#include <json-c/json.h>

static void indent(unsigned int level, FILE *out)
{
	fprintf(out, "%*s", (int)level * 4, "");
}

static void print_string(const char *s, size_t len, FILE *out)
{
	fputc('"', out);
	for (; len--; s++) {
		unsigned char c = *s;

		switch (c) {
		case '\b': fputs("\\b", out); break;
		case '\t': fputs("\\t", out); break;
		case '\n': fputs("\\n", out); break;
		case '\f': fputs("\\f", out); break;
		case '\r': fputs("\\r", out); break;
		case '"': fputs("\\\"", out); break;
		case '\\': fputs("\\\\", out); break;
		default:
			if (c < ' ')
				fprintf(out, "\\u%04X", c);
			else
				fputc(c, out);
		}
	}
	fputc('"', out);
}

static void print_value(struct json_object *obj, unsigned int level,
			FILE *out);

static void print_object(struct json_object *obj, unsigned int level, FILE *out)
{
	bool first = true;

	fputs("{\n", out);
	json_object_object_foreach(obj, key, value) {
		if (!first)
			fputs(",\n", out);
		first = false;
		indent(level + 1, out);
		print_string(key, __builtin_strlen(key), out);
		fputs(": ", out);
		print_value(value, level + 1, out);
	}
	fputc('\n', out);
	indent(level, out);
	fputc('}', out);
}

static void print_array(struct json_object *obj, unsigned int level, FILE *out)
{
	size_t n = json_object_array_length(obj);

	fputs("[\n", out);
	for (size_t i = 0; i < n; i++) {
		if (i)
			fputs(",\n", out);
		indent(level + 1, out);
		print_value(json_object_array_get_idx(obj, i), level + 1, out);
	}
	fputc('\n', out);
	indent(level, out);
	fputc(']', out);
}

static void print_value(struct json_object *obj, unsigned int level, FILE *out)
{
	if (json_object_is_type(obj, json_type_object))
		print_object(obj, level, out);
	else if (json_object_is_type(obj, json_type_array))
		print_array(obj, level, out);
	else if (json_object_is_type(obj, json_type_string))
		print_string(json_object_get_string(obj),
			     json_object_get_string_len(obj), out);
	else
		fputs(json_object_to_json_string(obj), out);
}

void json_print_xl(struct json_object *obj, FILE *out)
{
	print_value(obj, 0, out);
	fputc('\n', out);
}
