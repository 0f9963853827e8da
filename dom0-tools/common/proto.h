/* SPDX-License-Identifier: MIT */
/*
 * The daemons' protocol (hvxd/README.md) as functions on memory: bytes to lines, a line to a request,
 * answers to lines. A client is not trusted to send either.
 */
#ifndef COMMON_PROTO_H
#define COMMON_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <json-c/json.h>
#include "fault.h"

/* The longest line, both ways. */
#define PROTO_LINE_MAX	(1u << 20)
#define PROTO_DEPTH	16

/* Bytes that came and are no whole line yet. All zero: empty. */
struct proto_in {
	char *data;
	size_t len, room, seen;
};

/* 0, or -1 and errno: ENOMEM, or EMSGSIZE for a line without end. */
int proto_feed(struct proto_in *in, const char *bytes, size_t n);
/* The next line without its end, at *line until the next call; or false. */
bool proto_line(struct proto_in *in, char **line, size_t *len);
void proto_free(struct proto_in *in);

/* A request's parts; all of them belong to obj. */
struct proto_request {
	struct json_object *obj;	/* to be put */
	struct json_object *id;		/* number or string, or NULL */
	const char *what;		/* "do" */
};

/* -1: f says why; id is set if the line had a usable one. obj is to be put
 * in either case (NULL is fine). */
int proto_parse(const char *line, size_t len, struct proto_request *out,
		struct fault *f);

/* Arguments. -1: f names the argument and what was expected. */
int proto_string(struct json_object *obj, const char *key, const char **out,
		 struct fault *f);
int proto_flag(struct json_object *obj, const char *key, bool *out,
	       struct fault *f);

/* Answers, as new objects; NULL: no memory. */
struct json_object *proto_progress(const char *stage);
struct json_object *proto_error(const struct fault *f);

#endif /* COMMON_PROTO_H */
