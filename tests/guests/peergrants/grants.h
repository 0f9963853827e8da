/* SPDX-License-Identifier: MIT */
/*
 * Granting and mapping, for the tests of `peergrants`. All of it runs on either
 * side: the caller's own table, its own mappings.
 */
#ifndef PEERGRANTS_GRANTS_H
#define PEERGRANTS_GRANTS_H

#include "../common/peer.h"

#define GRANT_FRAMES	2
#define MAP_VA		0xffffff2000100000ul	/* a page each from here */
#define REF		40
#define RO		(GNTMAP_host_map | GNTMAP_readonly)
#define RW		GNTMAP_host_map

extern volatile struct grant_entry_v1 *grants;	/* the caller's table */
extern unsigned long grant_table_mfn;		/* its first frame */
extern struct peer granter, mapper;	/* two peers, in the builder only */

/* Makes the table, maps it, and tables for the first 1024 of MAP_VA. */
void grants_open(void);
void grant(unsigned int ref, domid_t to, unsigned long mfn, unsigned int flags);

struct mapping {
	domid_t dom;
	uint32_t ref, flags;
	uint64_t va;			/* or a PTE's machine address */
	uint32_t handle;		/* out, as the next */
	uint64_t bus;
};

/* A GNTST_ code, or what the call itself said below -1000. */
int map_grant(struct mapping *m);
int unmap_grant(uint32_t handle, uint64_t va, uint64_t bus);
static inline unsigned long map_va_of(unsigned int i)
{
	return MAP_VA + i * (unsigned long)PAGE_SIZE;
}

/* ---- for peer_call ---- */

struct grant_call {
	unsigned int ref, flags, page;
	domid_t to;
	unsigned long mfn;	/* in, or 0: of `page`, made if it isn't there */
};
/* Grants one of the peer's own pages, or any frame; its frame is put out. */
long p_grant(void *arg);		/* struct grant_call */
long p_entry(void *arg);		/* unsigned int: the entry's flags */
long p_open(void *arg);			/* grants_open() */
long p_map(void *arg);			/* struct mapping */
long p_unmap(void *arg);		/* struct mapping */
/* The peer's page of that number, in the peer. */
uint64_t *my_page(unsigned int i);
/* Have `p` grant its page i to somebody at `ref`; its frame. */
unsigned long grant_page(struct peer *p, unsigned int ref, unsigned int i,
			 domid_t to, unsigned int flags);
void grant_frame(struct peer *p, unsigned int ref, unsigned long mfn,
		 domid_t to, unsigned int flags);

/* Many things in one call: those that went wrong are bits, the last lowest. */
#define MARK(bits, wrong)	((bits) = (bits) << 1 | !!(wrong))
void check_none(long bits, const char *what);

/* ---- the tests ---- */

void check_refusals(void);
void check_lives(void);
void check_pins(void);
void check_races(void);

#endif
