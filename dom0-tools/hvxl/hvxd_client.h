/* SPDX-License-Identifier: MIT */
/*
 * Asking hvxd, or hvxallocd, which speaks the same: JSON, a line each way
 * (hvxd/README.md). A connection has one request under way; what comes for
 * others is passed over.
 */
#ifndef HVXL_HVXD_CLIENT_H
#define HVXL_HVXD_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

struct hvxd;
struct json_object;

/* Why hvxd didn't, or why it couldn't be asked; members may be NULL. */
struct hvxd_error {
	char *stage, *object, *code, *text, *hint;
};

/* NULL and errno: ENOENT or ECONNREFUSED if hvxd doesn't run. */
struct hvxd *hvxd_open(void);
/* The same of hvxallocd. */
struct hvxd *allocd_open(void);
/* The same over a socket that is there already; it is closed by hvxd_close. */
struct hvxd *hvxd_from_fd(int fd);
void hvxd_close(struct hvxd *h);

typedef void hvxd_progress_fn(void *arg, const char *step);
/* True: go on. */
typedef bool hvxd_event_fn(void *arg, struct json_object *event);

/*
 * Asks for what with args (an object, taken over; or NULL). The answer, to be
 * put by the caller, or NULL: error says why. progress may be NULL.
 */
struct json_object *hvxd_ask(struct hvxd *h, const char *what,
			     struct json_object *args,
			     hvxd_progress_fn *progress, void *arg,
			     struct hvxd_error *error);
/* Its two halves: the request (0, or -1), and the wait for its answer. */
int hvxd_send(struct hvxd *h, const char *what, struct json_object *args,
	      struct hvxd_error *error);
struct json_object *hvxd_answer(struct hvxd *h, hvxd_progress_fn *progress,
				void *arg, struct hvxd_error *error);
/* Hands each event on until fn says false (0), or there are no more (-1). */
int hvxd_follow(struct hvxd *h, hvxd_event_fn *fn, void *arg,
		struct hvxd_error *error);
/* For who waits for more than one: begin asks for events; once the descriptor
 * is readable, those that came are handed on: 1: more may come. */
int hvxd_events_begin(struct hvxd *h, struct hvxd_error *error);
int hvxd_events_come(struct hvxd *h, hvxd_event_fn *fn, void *arg,
		     struct hvxd_error *error);
int hvxd_fd(const struct hvxd *h);
void hvxd_error_free(struct hvxd_error *error);

/* ---- in the words of a command ---- */

/* Ends hvxl if hvxd doesn't run, saying how to start it. */
struct hvxd *hvxd_need(const char *what);
/* {"domain": domid}, for args. */
struct json_object *hvxd_domain_args(uint32_t domid);
/* Whether domid was made by someone else than hvxd, which then lets it alone.
 * h: NULL if hvxd doesn't run. */
bool domain_is_foreign(struct hvxd *h, uint32_t domid);
/* Tells the error, frees it, and returns 1. */
int hvxd_fail(const char *what, const char *object, struct hvxd_error *error);

#endif /* HVXL_HVXD_CLIENT_H */
