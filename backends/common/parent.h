/* SPDX-License-Identifier: MIT */
/*
 * The parent's socket: a packet is a JSON object, and may bring descriptors;
 * each request is answered by a packet with the same id (backends/README.md).
 * The parent is trusted; what it says is checked for its sake.
 */
#ifndef BACKENDS_PARENT_H
#define BACKENDS_PARENT_H

#include <stdbool.h>
#include <stdint.h>
#include <json-c/json.h>
#include "common/loop.h"

#define PARENT_FDS	8u		/* that a packet brings, at most */

struct parent;

/* A request. */
struct call {
	struct parent *p;
	struct json_object *in;
	int64_t id;
	unsigned int fds;		/* the callee sets it to 0 to keep them */
	int fd[PARENT_FDS];
};

struct parent_fns {
	void (*hear)(void *arg, struct call *c);
	void (*heard)(void *arg);	/* after some requests */
	void (*hung_up)(void *arg);	/* the parent is gone, and p */
};

/* Serves the socket fd, which it takes, and says "ready". NULL and errno. */
struct parent *parent_start(struct loop *l, int fd,
			    const struct parent_fns *fns, void *arg);
/* Takes obj. A parent that doesn't read loses what it doesn't take; p may be
 * NULL. */
void parent_say(struct parent *p, struct json_object *obj);
/* An event; device and text may be NULL, error 0 (an errno): not of it. */
void parent_event(struct parent *p, const char *event, const uint32_t *device,
		  int error, const char *text);
/* What an object has more. */
void parent_add_text(struct json_object *to, const char *key, const char *text);
void parent_add_number(struct json_object *to, const char *key, uint64_t n);
/* Answers; ok takes value. */
void parent_ok(struct parent *p, int64_t id, struct json_object *value);
void call_ok(struct call *c, struct json_object *value);
void call_error(struct call *c, int error, const char *text);

/* Arguments; what is missing is 0, false and "". */
uint64_t call_number(const struct call *c, const char *key);
bool call_flag(const struct call *c, const char *key);
const char *call_text(const struct call *c, const char *key);

#endif /* BACKENDS_PARENT_H */
