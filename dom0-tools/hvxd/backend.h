/* SPDX-License-Identifier: MIT */
/*
 * The processes that serve a guest's devices: one of each kind for a guest that
 * has such devices (backends/README.md says how they are started and spoken to).
 * They are started before it runs, started again when they die, and killed with
 * it. What they keep about requests under way is in a file that outlives them.
 *
 * A killed hvxd leaves them running; the next one replaces them, which the guest
 * sees as a pause.
 */
#ifndef HVXD_BACKEND_H
#define HVXD_BACKEND_H

#include <sys/types.h>
#include "hvxd.h"

enum { BACKEND_DISKS, BACKEND_NICS, BACKEND_KINDS };

struct store_txn;

/* f NULL: done. */
typedef void backend_done_fn(void *arg, const struct fault *f);

/* Can this configuration's devices be served? 0, or -1 and f. */
int backend_check(struct hvxd *hd, const struct guest_config *c,
		  struct fault *f);
/* The nodes of its devices, both sides. 0, or -1 and errno. */
int backend_put_nodes(struct dom *d, struct store_txn *t);
/* 0: done at once; 1: done comes; -1: f. */
int backend_start(struct dom *d, backend_done_fn *done, void *arg,
		  struct fault *f);
/* For a domain that a former hvxd started. */
void backend_adopt(struct dom *d);
/* Kills them; done comes when they have ended. false: there is none (any more),
 * done doesn't come. */
bool backend_stop(struct dom *d, backend_done_fn *done, void *arg);
/* Forgets them without ending them: hvxd ends. */
void backend_leave(struct dom *d);
/* The last device of the configuration is to be served too; done comes. 0, or
 * -1 and f. */
int backend_add(struct dom *d, unsigned int kind, backend_done_fn *done,
		void *arg, struct fault *f);
/* Device i is to be served no more; done comes. 0, or -1 and f. */
int backend_drop(struct dom *d, unsigned int kind, unsigned int i, bool force,
		 backend_done_fn *done, void *arg, struct fault *f);

/* Device i is looked at again, and the guest told of its size; done comes. 0, or
 * -1 and f. */
int backend_resize(struct dom *d, unsigned int kind, unsigned int i,
		   backend_done_fn *done, void *arg, struct fault *f);

void backend_dropped(struct dom *d, unsigned int kind);

/* devices.c: requests to attach and detach; take r. -1: f. */
int device_attach(struct dom *d, unsigned int kind, struct json_object *args,
		  struct request *r, struct fault *f);
int device_detach(struct dom *d, unsigned int kind, struct json_object *args,
		  struct request *r, struct fault *f);
int device_resize(struct dom *d, unsigned int kind, struct json_object *args,
		  struct request *r, struct fault *f);

/* ---- the kinds: disks.c and nics.c ------------------------------------- */

#define BACKEND_FDS	4
/* Users that no account has (systemd's "unused" range): one for each guest, so
 * that guests' backends can't reach each other. */
#define BACKEND_FIRST_USER 1900000000u

/* What an attach needs. */
struct backend_attach {
	void (*again)(void *arg);	/* see open */
	void *again_arg;
	struct json_object *args;	/* without "do" and "id" */
	int fd[BACKEND_FDS];
	unsigned int fds;
};

struct backend_kind;

/* Device i of the configuration: where its nodes are. */
struct device_nodes {
	struct dom *d;
	const struct backend_kind *kind;
	unsigned int i, number;		/* number: in the paths */
	char back[64], front[64];	/* dom0's side; the guest's */
	char record[64];		/* libxl's, of dom0's side */
	char shown[64];			/* for tools that look for counters;
					 * empty: they find it as it is */
};

struct backend_kind {
	const char *program;
	/* The file that is run under that name; NULL: the same. */
	const char *(*binary)(const struct guest_config *c);
	const char *devices, *device;	/* in messages; and a request's key */
	const char *back, *front;	/* types in the store: hvbd, vbd */
	unsigned int (*count)(const struct guest_config *c);
	/* The number in its nodes' paths. */
	unsigned int (*number)(const struct guest_config *c, unsigned int i);
	/* Can device i be served? */
	int (*check)(struct hvxd *hd, const struct guest_config *c,
		     unsigned int i, struct fault *f);
	/* The nodes of either side; of the front end's those that not every
	 * kind has. base: dom0's, or the record of it; perm is base's, as in
	 * store.h. */
	int (*put_back)(const struct device_nodes *n, struct store_txn *t,
			const char *base, int perm);
	int (*put_front)(const struct device_nodes *n, struct store_txn *t);
	/* Under a type that tools know; both NULL: there is no need. */
	const char *shown;
	int (*put_shown)(const struct device_nodes *n, struct store_txn *t);
	/* Opens what device i is; on -1 nothing is open. 1: nothing is, yet:
	 * a->again is called, once, when it is to be tried again, unless forget
	 * came first. */
	int (*open)(struct dom *d, unsigned int i, struct backend_attach *a,
		    struct fault *f);
	/* It is served no more: what open made goes. */
	void (*forget)(struct dom *d, unsigned int i);
	/* Another one, at the end; -1: why (GUEST_WHY bytes). And one less. */
	int (*add)(struct guest_config *c, struct json_object *o, char *why);
	void (*drop)(struct guest_config *c, unsigned int i);
};
extern const struct backend_kind disks_kind, nics_kind;
extern const struct backend_kind *const backend_kinds[BACKEND_KINDS];

/* device_nodes.c: names all, and writes all: 0, or -1 and errno. */
struct device_nodes device_nodes(struct dom *d, const struct backend_kind *kind,
				 unsigned int i);
int device_nodes_put(const struct device_nodes *n, struct store_txn *t);
/* Whether dom0 serves a device with this backend=; NULL: none was given. */
bool device_from_dom0(const char *domain);
/* nodes.c: one node of a device; perm as in store.h. */
int device_node(struct store_txn *t, uint32_t domid, int perm, const char *base,
		const char *name, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

/* ---- channel.c: a backend's control socket ------------------------------ */

struct channel;

/* answer: the packet, or NULL: the process has gone before it answered. */
typedef void channel_answer_fn(void *arg, struct json_object *answer);
/* event: what came unasked; NULL: the other end hung up, the channel is to be
 * freed. */
typedef void channel_event_fn(void *arg, struct json_object *event);

/* Takes fd. NULL and errno. */
struct channel *channel_new(struct loop *l, int fd, channel_event_fn *fn,
			    void *arg);
/* What is unanswered isn't any more; its functions aren't called. */
void channel_free(struct channel *c);
/* Takes args, and closes a's descriptors. 0, or -1 and errno. */
int channel_ask(struct channel *c, const char *what, struct backend_attach *a,
		channel_answer_fn *fn, void *arg);
/* An answer's error, as a fault; 0: it is none. */
int channel_fault(struct json_object *answer, const char *stage,
		  const char *object, struct fault *f);

/* spawn.c: starts folder/program for d; *control: our end of its socket. The
 * process, or -1 and errno. */
pid_t backend_spawn(struct dom *d, const char *program, const char *binary,
		    int *control);
/* Ends a process that a former hvxd started, and waits until it is gone. */
void backend_kill_orphan(struct dom *d, const char *program);
/* The files of a process that is needed no more. */
void backend_remove_files(struct dom *d, const char *program);
/* Where what it keeps about requests under way is. */
void backend_state_path(struct dom *d, const char *program, char *path,
			size_t size);
bool backend_installed(struct hvxd *hd, const char *program);

#endif /* HVXD_BACKEND_H */
