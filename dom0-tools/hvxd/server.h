/* SPDX-License-Identifier: MIT */
/*
 * Clients on the socket, and their requests.
 *
 * A request lives until it is answered, even if its client is gone by then:
 * whoever took it answers it once, by req_ok or req_fail, which free it. NULL
 * is a request of nobody: hvxd's own doing.
 */
#ifndef HVXD_SERVER_H
#define HVXD_SERVER_H

#include "hvxd.h"
#include "proto.h"

/* NULL and errno. path: of the socket; a file that is there is replaced. */
struct server *server_new(struct hvxd *hd, const char *path);
void server_free(struct server *s);
/* Clients connected. */
unsigned int server_clients(const struct server *s);

void req_progress(struct request *r, const char *stage);
/* answer is taken; NULL: {} */
void req_ok(struct request *r, struct json_object *answer);
void req_fail(struct request *r, const struct fault *f);
/* From now on events go to it, until its client hangs up. */
void req_follow(struct request *r);
/* event is put. */
void server_event(struct server *s, struct json_object *event);

/* requests.c: takes r. p is the caller's. */
void request_serve(struct hvxd *hd, struct request *r,
		   const struct proto_request *p);

#endif /* HVXD_SERVER_H */
