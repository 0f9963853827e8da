/* SPDX-License-Identifier: MIT */
/*
 * Clients on a daemon's socket, and their requests.
 *
 * A request lives until it is answered, even if its client is gone by then:
 * whoever took it answers it once, by req_ok or req_fail, which free it. NULL
 * is a request of nobody: the daemon's own doing.
 */
#ifndef COMMON_SERVER_H
#define COMMON_SERVER_H

#include "loop.h"
#include "proto.h"

struct request;
struct server;

/* What a client asks for; takes r. p is the caller's. */
typedef void server_serve_fn(void *arg, struct request *r,
			     const struct proto_request *p);

/* NULL and errno. path: of the socket; a file that is there is replaced. */
struct server *server_new(struct loop *l, const char *path,
			  server_serve_fn *serve, void *arg);
void server_free(struct server *s);
/* Clients connected. */
unsigned int server_clients(const struct server *s);

void req_progress(struct request *r, const char *stage);
/* answer is taken; NULL: {} */
void req_ok(struct request *r, struct json_object *answer);
void req_fail(struct request *r, const struct fault *f);
/* The request lives until its client hangs up, though it may be answered by
 * req_tell before; gone is called then, and r is no more. req_fail ends it
 * without that call. */
typedef void req_gone_fn(void *arg);
void req_hold(struct request *r, req_gone_fn *gone, void *arg);
void req_tell(struct request *r, struct json_object *answer);
/* From now on events go to it, until its client hangs up. */
void req_follow(struct request *r);
/* event is put. */
void server_event(struct server *s, struct json_object *event);

#endif /* COMMON_SERVER_H */
