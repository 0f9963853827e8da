/* SPDX-License-Identifier: MIT */
/*
 * A second domain for tests: a copy of this very image, built and started by
 * domctl from a small guest in dom0's place.
 *
 * The peer begins with the image's text and data, its variables zero, and four
 * MiB of its own; then it waits for calls. A call names any function of the
 * image: peer_call(p, fn, arg, size) runs fn in the peer on a copy of arg,
 * which comes back changed, and gives what fn returned. So an attack and the
 * look at what it did stand in one source, whichever side does what.
 *
 * All is done by vCPU 0 of the builder, and the peer's calls run on its vCPU 0.
 */
#ifndef GUESTS_PEER_H
#define GUESTS_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <pv/cpu.h>
#include <pv/event.h>
#include <pv/hypercall.h>
#include <pv/insn.h>
#include <pv/mem.h>
#include <pv/report.h>
#include <pv/string.h>
#include <pv/time.h>

#define PEER_PAGES	1024
#define PEER_EXTENT	512
#define PEER_ARG_MAX	2048
/* What peer_call() gives when the peer isn't there any more. */
#define PEER_DEAD	(-99999l)

typedef long (*peer_fn)(void *arg);

struct peer_mail;

struct peer {
	domid_t id;
	unsigned int port;		/* ours, to tell it of a call */
	unsigned long extent[PEER_PAGES / PEER_EXTENT];	/* first frames */
	struct peer_mail *mail;		/* the peer's page, mapped here */
	void *ring;			/* its console ring, likewise */
};

struct peer_config {
	domid_t id;			/* 0: any */
	unsigned int vcpus;		/* 0: one */
	unsigned int max_pages;		/* 0: what it is built with */
	int grant_frames;		/* 0: the default */
	int maptrack_frames;
};

static inline unsigned long peer_mfn(const struct peer *p, unsigned long pfn)
{
	return p->extent[pfn / PEER_EXTENT] + pfn % PEER_EXTENT;
}

/* ---- whole life ---- */

/* NULL: a peer as it comes. Ends the test if it can't be had. */
void peer_start(struct peer *p, const struct peer_config *how);
/* Until nothing of it is left but what others hold; 0 or the first error. */
long peer_destroy(struct peer *p);
/* The same by hvx's own call: how many pieces it took, or an error. */
long peer_destroy_by_pieces(struct peer *p);

/* ---- calls ---- */

long peer_call(struct peer *p, peer_fn fn, void *arg, size_t size);
#define peer_do(p, fn, argp)	peer_call(p, fn, argp, sizeof(*(argp)))
/* The same in two steps; between them both run. */
void peer_post(struct peer *p, peer_fn fn, const void *arg, size_t size);
bool peer_answered(struct peer *p);
long peer_wait(struct peer *p, void *arg, size_t size);
/* In the peer: its own id, and the builder's. */
domid_t peer_self(void);
domid_t peer_builder(void);

/* ---- step by step, for tests of building ---- */

/* A domain without memory; the error if there is none. */
long peer_create(struct peer *p, const struct peer_config *how);
/* Its pages; the number that came. */
unsigned int peer_populate(struct peer *p);
/* Contents, tables (pinned), mailbox, port. */
void peer_fill(struct peer *p);
/* The first vCPU's context; then it may be unpaused. */
long peer_context(struct peer *p);

/* ---- controlling ---- */

/* Any operation with the rest of *op filled in; on a domain by its id. */
long domctl(struct xen_domctl *op, uint32_t cmd, domid_t id);
long domctl_plain(uint32_t cmd, domid_t id);
/* -ESRCH if there is no domain of that very id. */
long domain_info(domid_t id, struct xen_domctl_getdomaininfo *info);
unsigned long free_pages_of_machine(void);
unsigned long claimed_pages_of_machine(void);
unsigned int cpus_of_machine(void);
/* Map a frame of another domain at va (its table made): 0 or the error. */
long map_foreign(domid_t id, unsigned long va, unsigned long mfn,
		 uint64_t flags);
/* Wait for at most some milliseconds, letting others run. */
bool wait_until(bool (*cond)(void *arg), void *arg, unsigned int ms);
void relax(void);
/* On our own core, not on the one it is compared with. */
bool on_hvx(void);

#endif
