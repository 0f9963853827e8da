/* SPDX-License-Identifier: MIT */
#include "proto.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- bytes to lines ---- */

int proto_feed(struct proto_in *in, const char *bytes, size_t n)
{
	if (in->seen) {
		memmove(in->data, in->data + in->seen, in->len - in->seen);
		in->len -= in->seen;
		in->seen = 0;
	}
	if (in->len + n > in->room) {
		size_t room = in->len + n + 4096;
		char *data = realloc(in->data, room);

		if (!data)
			return -1;
		in->data = data;
		in->room = room;
	}
	memcpy(in->data + in->len, bytes, n);
	in->len += n;
	/* What came before these bytes holds no end of a line. */
	if (in->len > PROTO_LINE_MAX && !memchr(in->data, '\n', in->len)) {
		errno = EMSGSIZE;
		return -1;
	}
	return 0;
}

bool proto_line(struct proto_in *in, char **line, size_t *len)
{
	char *at = in->data + in->seen, *end;

	if (in->seen == in->len)
		return false;
	end = memchr(at, '\n', in->len - in->seen);
	if (!end)
		return false;
	*line = at;
	*len = end - at;
	*end = 0;
	in->seen += *len + 1;
	return true;
}

void proto_free(struct proto_in *in)
{
	free(in->data);
	memset(in, 0, sizeof(*in));
}

/* ---- a line to a request ---- */

static struct json_object *parse_whole(const char *line, size_t len,
				       const char **why)
{
	struct json_tokener *tok = json_tokener_new_ex(PROTO_DEPTH);
	struct json_object *obj = NULL;
	enum json_tokener_error e;

	*why = "no memory";
	if (!tok)
		return NULL;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT |
					    JSON_TOKENER_VALIDATE_UTF8);
	obj = json_tokener_parse_ex(tok, line, len);
	e = json_tokener_get_error(tok);
	/* A number may go on, which only the line's end tells. */
	if (e == json_tokener_continue) {
		obj = json_tokener_parse_ex(tok, "", 1);
		e = json_tokener_get_error(tok);
	}
	if (e != json_tokener_success) {
		json_object_put(obj);
		obj = NULL;
		*why = json_tokener_error_desc(e);
	}
	json_tokener_free(tok);
	return obj;
}

int proto_parse(const char *line, size_t len, struct proto_request *out,
		struct fault *f)
{
	struct json_object *o;
	const char *why;

	memset(out, 0, sizeof(*out));
	if (len > PROTO_LINE_MAX)
		return fault_set(f, EMSGSIZE, NULL, NULL,
				 "the request is longer than %u bytes",
				 PROTO_LINE_MAX);
	if (memchr(line, 0, len))
		return fault_set(f, EINVAL, NULL, NULL,
				 "the request has a zero byte in it");
	out->obj = parse_whole(line, len, &why);
	if (!out->obj)
		return fault_set(f, EINVAL, NULL, NULL,
				 "the request is no JSON: %s", why);
	if (!json_object_is_type(out->obj, json_type_object))
		return fault_set(f, EINVAL, NULL, NULL,
				 "the request is no JSON object");
	if (json_object_object_get_ex(out->obj, "id", &o)) {
		if (!json_object_is_type(o, json_type_int) &&
		    !json_object_is_type(o, json_type_string))
			return fault_set(f, EINVAL, NULL, "id",
					 "id is neither a number nor a string");
		out->id = o;
	}
	return proto_string(out->obj, "do", &out->what, f);
}

int proto_string(struct json_object *obj, const char *key, const char **out,
		 struct fault *f)
{
	struct json_object *o = NULL;

	json_object_object_get_ex(obj, key, &o);
	/* A domain's id may come as a number. */
	if (o && (json_object_is_type(o, json_type_string) ||
		  (!strcmp(key, "domain") &&
		   json_object_is_type(o, json_type_int)))) {
		*out = json_object_get_string(o);
		if (**out && strlen(*out) < 4096)
			return 0;
	}
	return fault_set(f, EINVAL, NULL, key, "%s: %s", key,
			 o ? "is no text of 1 to 4095 bytes" : "is missing");
}

int proto_flag(struct json_object *obj, const char *key, bool *out,
	       struct fault *f)
{
	struct json_object *o = NULL;

	*out = false;
	if (!json_object_object_get_ex(obj, key, &o) || !o)
		return 0;
	if (!json_object_is_type(o, json_type_boolean))
		return fault_set(f, EINVAL, NULL, key,
				 "%s: is neither true nor false", key);
	*out = json_object_get_boolean(o);
	return 0;
}

/* ---- answers ---- */

struct json_object *proto_progress(const char *stage)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "progress", json_object_new_string(stage));
	return o;
}

struct json_object *proto_error(const struct fault *f)
{
	struct json_object *o = json_object_new_object();
	struct json_object *e = json_object_new_object();
	const char *name = strerrorname_np(f->err);

	json_object_object_add(e, "stage", json_object_new_string(f->stage));
	if (f->object[0])
		json_object_object_add(e, "object",
				       json_object_new_string(f->object));
	json_object_object_add(e, "errno",
			       json_object_new_string(name ? name : "EIO"));
	json_object_object_add(e, "text", json_object_new_string(f->text));
	if (f->hint[0])
		json_object_object_add(e, "hint",
				       json_object_new_string(f->hint));
	json_object_object_add(o, "error", e);
	return o;
}
