/* SPDX-License-Identifier: MIT */
/*
 * Who may do what with a node. A list of entries, never changed once made and
 * shared by the nodes that have it: the first entry names the owner, and what
 * those may do who are not listed; the others name a domain each.
 *
 * A domain's rights end with the domain: entries carry the life of the id that
 * they were written in, and count only in it.
 */
#ifndef HVXSTORED_PERM_H
#define HVXSTORED_PERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <abi/xen.h>

#define PERM_READ	1u
#define PERM_WRITE	2u
#define PERM_OWNER	4u

struct perm {
	uint16_t domid;
	uint16_t bits;			/* PERM_READ, PERM_WRITE */
	uint32_t life;			/* of the id, when this was written */
};

struct perms {
	uint32_t refs, n;		/* n is at least 1 */
	struct perm p[];
};

/* Who asks. Domain 0 may everything. */
struct who {
	uint16_t domid;
	int32_t target;			/* rights of this one too; -1: none */
};

static inline bool who_is_privileged(const struct who *w)
{
	return w->domid == 0;
}

/* New, with one reference; entries are the caller's to fill in. */
struct perms *perms_new(unsigned int n);
struct perms *perms_get(struct perms *p);
void perms_put(struct perms *p);
/* A list that only the owner may use. */
struct perms *perms_owned(unsigned int owner);
/* The same list with another owner, as a new one. */
struct perms *perms_with_owner(const struct perms *p, unsigned int owner);
bool perms_equal(const struct perms *a, const struct perms *b);

/* PERM_* that w has by the list. */
unsigned int perms_of(const struct perms *p, const struct who *w);
/* Whether w may do all of want. */
static inline bool perms_allow(const struct perms *p, const struct who *w,
			       unsigned int want)
{
	return (perms_of(p, w) & want) == want;
}

/*
 * "n0\0r5\0" and back, with len bytes; NULL for what is no such list.
 * perms_print: entries that still count; the length, 0 if size is too small.
 */
struct perms *perms_parse(const char *text, size_t len);
size_t perms_print(const struct perms *p, char *out, size_t size);

/* Whether some entry is of a life that has ended. */
bool perms_stale(const struct perms *p);

/* Lives of ids: a released domain's entries count no more. */
uint32_t perm_life(unsigned int domid);
void perm_life_end(unsigned int domid);
void perm_lives_reset(void);

#endif /* HVXSTORED_PERM_H */
