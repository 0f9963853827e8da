/* SPDX-License-Identifier: MIT */
/*
 * What hvxallocd's parts share. One thread, one loop: every interval a round
 * observes, asks the policy, and applies what it says; requests come between.
 *
 * Nothing here is the truth: what guests have is the hypervisor's, what they were
 * told and their floors and weights are the store's. What only this daemon knows
 * (who doesn't follow) it finds out again after a restart.
 */
#ifndef HVXALLOCD_ALLOCD_H
#define HVXALLOCD_ALLOCD_H

#include <common/fault.h>
#include <common/loop.h>
#include <common/server.h>
#include <libhvctl/hvctl.h>
#include <libhvxs/hvxs.h>
#include "policy.h"

#define NAME_ROOM	128

/* What is known of a domain beside what the policy is told; the same index. */
struct info {
	char name[NAME_ROOM];
	xen_domain_handle_t handle;
	int64_t since;		/* when it was first seen */
	bool known;		/* its nodes were there and read */
	bool still;		/* paused, shut down or dying */
	bool managed;		/* floor, maximum and target are in the store */
	uint64_t outstanding;	/* claimed and not yet populated, KiB */
	unsigned int vcpus;
	unsigned int guarantee;	/* of processor time, see cpu.h */
	int burst;
	bool bind;		/* its vCPUs are to be bound, */
	bool bind_done;		/* and that was seen to */
	uint64_t run_ns, wait_ns;	/* of its vCPUs, in all, at states_at */
	int64_t states_at;	/* 0: not read yet */
	unsigned int used, waited, extra;	/* see cpu.h */
	uint64_t told;		/* KiB, by its agent; 0: nothing */
	int64_t told_at;	/* when that last changed */
	uint64_t sampled;	/* KiB; 0: not yet, or not here */
	uint64_t interval;	/* KiB, in the last interval that is over */
	struct hvctl_working_set seen;	/* what was told of this one */
	int64_t watched_at;	/* when this one began */
	int64_t sampled_at;	/* when that was asked for */
	int64_t gave_at;	/* when it last had more than its target */
	int64_t sample_rest;	/* ms that must go by, so costly is a look */
	bool heard;		/* the store tells when its agent does */
	enum alloc_why why;	/* of the last round */
	uint64_t share;
	char reason[160];
};

struct reservation;

struct allocd {
	struct loop *loop;
	struct hvctl *hv;
	struct xs_handle *xs;
	struct server *server;
	struct loop_timer *timer;
	struct alloc_rules rules;
	struct alloc_host host;		/* as last observed */
	uint64_t total;			/* KiB of the machine */
	int64_t interval;		/* ms between rounds */
	unsigned int dom0_cpu;		/* percent of the machine, see cpu.h */
	unsigned int cpus;		/* of the machine */
	unsigned int dom0_weight;	/* as the operator has it, */
	unsigned int dom0_set;		/* and as it was set by us; 0: not yet */
	int64_t silence;		/* ms after which an agent is dead; 0: never */
	uint64_t unseen;		/* KiB that a kernel holds, see observe.c */
	int64_t sample;			/* ms between looks at a guest; 0: none */
	unsigned int samples;		/* frames that are looked at */
	unsigned int sample_first;	/* guest, of the next round's looks */
	struct alloc_guest *guests;
	struct info *infos;
	struct alloc_move *moves;
	uint64_t *gives;
	unsigned int count, room;	/* of these four */
	uint64_t rounds;
	int64_t round_at;	/* when the last one began, */
	int64_t hurry;		/* and ms after that the next may */
	struct reservation *reservations;
};

/* ---- observe.c ---- */

/* 0, or -1 and errno: the hypervisor can't be asked. */
int observe(struct allocd *a);
/* Only what the hypervisor has free and domains hold: before a decision on a
 * request. */
int observe_memory(struct allocd *a);
/* Asks the store for what new domains are, once their nodes are there. */
void observe_new(struct allocd *a);
/* The index of a domain by name or id, or -1. */
int find_guest(const struct allocd *a, const char *who);

/* Whether its agent told something, and something else within so many ms; 0:
 * ever. */
bool agent_speaks(const struct allocd *a, unsigned int i, int64_t ms);

/* A number alone, of at most 16 TiB in KiB; text may be NULL. */
bool store_number(const char *text, uint64_t *out);

/* ---- hear.c ---- */

/* 0, or -1 and errno. */
int hear_start(struct allocd *a);
/* From now on what its agent tells is heard, or no more. */
void hear_guest(struct allocd *a, unsigned int i);
void hear_no_more(struct allocd *a, unsigned int i);
/* An agent told something: the node's path. */
void heard(struct allocd *a, const char *path);

/* ---- sample.c ---- */

/* Asks the hypervisor what guests use that don't tell themselves: some in each
 * round, each as often as the policy says, by a->sample ms. */
void sample_some(struct allocd *a);

/* ---- cpu_apply.c ---- */

/* Reads how long domains ran and waited, and sets weights and caps of those that
 * have a class, and dom0's. */
void cpu_round(struct allocd *a);

/* ---- pins.c ---- */

/* Where vCPUs of a new guest would be best, as an array; each of them is to use
 * `each` percent. */
struct json_object *pins_json(struct allocd *a, unsigned int vcpus,
			      unsigned int each);
/* Binds each vCPU of a guest to the processor that is best for it now. 0, or -1
 * and errno. */
int pins_apply(struct allocd *a, unsigned int i);
/* Those whose configuration asks for it and that are bound nowhere. */
void pins_round(struct allocd *a);

/* ---- apply.c ---- */

/* Tells the guest, and sets its limit. 0, or -1 and errno. */
int apply_target(struct allocd *a, unsigned int i, uint64_t target);
/* A number into a domain's memory folder in the store. */
int put_memory(struct allocd *a, uint32_t domid, const char *node, uint64_t n);

/* ---- round.c ---- */

void round_run(struct allocd *a);
/* The next one at once. */
void round_soon(struct allocd *a);
/* The next one as soon as one may follow another. */
void round_hurry(struct allocd *a);

/* ---- reserve.c ---- */

struct reservation {
	struct reservation *next;
	struct allocd *a;
	struct request *req;
	char name[NAME_ROOM];
	uint8_t handle[16];	/* of the domain that is to come */
	uint64_t kib;
	int64_t until;		/* when waiting ends */
	bool granted;
};

/* Takes r. handle: 16 bytes. */
void reserve(struct allocd *a, struct request *r, const char *name,
	     const uint8_t *handle, uint64_t kib);
/* Those whose memory is there now are granted, those in vain refused; whether
 * some still wait. */
bool reserve_turn(struct allocd *a);
/* What is reserved and not yet its domain's. */
uint64_t reserved(const struct allocd *a);
/* A plan as JSON: sizes, and who gives. */
struct json_object *plan_json(struct allocd *a, uint64_t need);

/* ---- settings.c ---- */

/* Those kept in the store; what isn't there stays. */
void settings_load(struct allocd *a);
/* false: there is no such setting. -1 and f: a wrong value, or not kept. */
bool settings_has(const char *key);
int settings_set(struct allocd *a, const char *key, int64_t value,
		 struct fault *f);
struct json_object *settings_json(const struct allocd *a);

/* ---- requests.c, events.c ---- */

void request_serve(void *allocd, struct request *r,
		   const struct proto_request *p);
/* A decision: to all who follow, and the log. i: a guest, or -1. more: members
 * beside, taken; or NULL. */
void decision(struct allocd *a, int i, const char *what,
	      struct json_object *more, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

#endif /* HVXALLOCD_ALLOCD_H */
