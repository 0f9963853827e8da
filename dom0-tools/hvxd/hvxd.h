/* SPDX-License-Identifier: MIT */
/*
 * What hvxd's parts share: the daemon itself, and a domain as it knows it.
 *
 * One thread, one loop. What may take long (building a guest's memory, giving
 * it back) is done by child processes, see job.h.
 */
#ifndef HVXD_H
#define HVXD_H

#include <stdbool.h>
#include <stdint.h>
#include <common/fault.h>
#include <common/guest.h>
#include <common/loop.h>
#include <common/wall.h>
#include <libhvctl/hvctl.h>

#define DOMID_NONE	0xffffu
#define UUID_TEXT	37
/* Where a failure is injected by tests: the name of a step of create. */
#define FAIL_AT		"HVXD_FAIL_AT"

struct backend;
struct bridges;
struct held_tap;
struct create;
struct dom;
struct end;
struct held_image;
struct json_object;
struct kernels;
struct proto_request;
struct request;
struct server;
struct store;

struct hvxd {
	struct loop *loop;
	struct hvctl *hv;
	struct store *store;
	struct kernels *kernels;
	struct bridges *bridges;	/* opened when first needed */
	struct held_tap *taps;		/* of guests' cards */
	struct held_image *images;	/* served by qemu-nbd */
	struct server *server;
	struct dom *doms;
	struct loop_timer *census, *stop_timer;
	bool look_at_all;		/* in the next census */
	int64_t looked_at_all;		/* ms; when the last one did */
	uint32_t last_id;		/* the highest that it saw */
	bool stopping;
	const char *state_folder;	/* a file for each domain */
	const char *run_folder;		/* a file for each backend */
	const char *xen_folder;		/* sockets that xentop looks for */
	const char *backend_folder;	/* where blkback and netback are */
	unsigned int restart_interval;	/* s, see life.h */
};

/* ---- domains ---------------------------------------------------------- */

enum dom_state {
	DOM_BUILDING, DOM_RUNNING, DOM_PAUSED, DOM_SHUTDOWN, DOM_CRASHED,
	DOM_DYING, DOM_RESTARTING, DOM_FOREIGN, DOM_STATES
};
extern const char *const dom_state_names[DOM_STATES];

struct dom {
	struct dom *next;
	struct hvxd *hd;
	char uuid[UUID_TEXT];
	char *name;
	uint32_t domid;			/* DOMID_NONE: not in the hypervisor */
	enum dom_state state;
	struct guest_config config;	/* nothing in it: foreign */
	char why[160];			/* of the state */
	int64_t since;			/* of the state: wall clock, ms */
	int64_t started;		/* likewise, of the last start */
	int64_t restarted;		/* likewise, of the last restart; or 0 */
	int64_t delay;			/* ms to wait before its restart */
	unsigned int restarts;		/* so far */
	struct create *create;		/* while it is built */
	struct end *end;		/* while it is ended */
	struct backend *backends;
	struct waiter *waiters;
	struct order *orders;		/* to the guest, not yet taken up */
	struct loop_timer *timer;	/* until its restart */
};

/* NULL: no memory. name is copied. */
struct dom *dom_new(struct hvxd *hd, const char *name, const char *uuid);
/* Out of the table; who still waits for it is answered as for a destroy. */
void dom_free(struct dom *d);
struct dom *dom_by_name(struct hvxd *hd, const char *name);
struct dom *dom_by_uuid(struct hvxd *hd, const char *uuid);
struct dom *dom_by_id(struct hvxd *hd, uint32_t domid);
/* A name, a number or a UUID, as a client gave it. */
struct dom *dom_find(struct hvxd *hd, const char *what);
/* fmt: why it is so, or NULL. Doesn't write the state file. */
void dom_set_state(struct dom *d, enum dom_state state, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The state as the hypervisor sees it now, where that may have changed. */
enum dom_state dom_state_now(struct dom *d);
/* 0, or -1: no memory. */
int dom_set_name(struct dom *d, const char *name);
/* What `domain` and `list` answer. */
struct json_object *dom_to_json(struct dom *d);

/*
 * Requests that wait for what becomes of a domain: answered when it has shut
 * down or is gone, with the reason; or when it is gone.
 */
enum dom_wait { WAIT_END, WAIT_GONE };
void dom_wait(struct dom *d, enum dom_wait what, struct request *r);
void dom_tell_end(struct dom *d, const char *reason);
/* It can't go, f says why. */
void dom_tell_stuck(struct dom *d, const struct fault *f);
/* Made by another toolstack: no configuration, and no file, of ours. */
static inline bool dom_is_foreign(const struct dom *d)
{
	return !d->config.name;
}

/* requests.c: what a client asks for; hd is the struct hvxd. */
void request_serve(void *hd, struct request *r, const struct proto_request *p);

void uuid_text(const uint8_t *bytes, char *text);
/* 0, or -1: no UUID. */
int uuid_bytes(const char *text, uint8_t *bytes);

#endif /* HVXD_H */
