/* SPDX-License-Identifier: MIT */
#include "perm.h"
#include "mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static uint32_t lives[DOMID_FIRST_RESERVED];

uint32_t perm_life(unsigned int domid)
{
	return lives[domid];
}

void perm_life_end(unsigned int domid)
{
	lives[domid]++;
}

void perm_lives_reset(void)
{
	memset(lives, 0, sizeof(lives));
}

struct perms *perms_new(unsigned int n)
{
	struct perms *p = mem_get(sizeof(*p) + n * sizeof(p->p[0]));

	p->refs = 1;
	p->n = n;
	return p;
}

struct perms *perms_get(struct perms *p)
{
	p->refs++;
	return p;
}

void perms_put(struct perms *p)
{
	if (p && !--p->refs)
		free(p);
}

struct perms *perms_owned(unsigned int owner)
{
	struct perms *p = perms_new(1);

	p->p[0] = (struct perm){ owner, 0, perm_life(owner) };
	return p;
}

struct perms *perms_with_owner(const struct perms *p, unsigned int owner)
{
	struct perms *q = perms_new(p->n);

	memcpy(q->p, p->p, p->n * sizeof(p->p[0]));
	q->p[0].domid = owner;
	q->p[0].life = perm_life(owner);
	return q;
}

bool perms_equal(const struct perms *a, const struct perms *b)
{
	return a == b || (a->n == b->n &&
			  !memcmp(a->p, b->p, a->n * sizeof(a->p[0])));
}

static bool entry_names(const struct perm *p, const struct who *w)
{
	return (p->domid == w->domid || p->domid == w->target) &&
	       p->life == perm_life(p->domid);
}

unsigned int perms_of(const struct perms *p, const struct who *w)
{
	uint32_t i;

	if (who_is_privileged(w) || entry_names(&p->p[0], w))
		return PERM_READ | PERM_WRITE | PERM_OWNER;
	for (i = 1; i < p->n; i++)
		if (entry_names(&p->p[i], w))
			return p->p[i].bits;
	return p->p[0].bits;
}

bool perms_stale(const struct perms *p)
{
	uint32_t i;

	for (i = 0; i < p->n; i++)
		if (p->p[i].life != perm_life(p->p[i].domid))
			return true;
	return false;
}

static int bits_of_letter(char c)
{
	switch (c) {
	case 'n':
		return 0;
	case 'r':
		return PERM_READ;
	case 'w':
		return PERM_WRITE;
	case 'b':
		return PERM_READ | PERM_WRITE;
	}
	return -1;
}

static bool parse_entry(struct perm *p, const char *s)
{
	unsigned int id = 0, digits = 0;
	int bits = bits_of_letter(*s);

	if (bits < 0)
		return false;
	for (s++; *s >= '0' && *s <= '9' && digits < 6; s++, digits++)
		id = id * 10 + *s - '0';
	if (*s || !digits || id >= DOMID_FIRST_RESERVED)
		return false;
	*p = (struct perm){ id, bits, perm_life(id) };
	return true;
}

struct perms *perms_parse(const char *text, size_t len)
{
	const char *end = text + len, *s;
	struct perms *p;
	size_t n = 0;

	if (!len || end[-1])
		return NULL;
	for (s = text; s < end; s++)
		n += !*s;
	p = perms_new(n);
	for (n = 0, s = text; s < end; s += strlen(s) + 1)
		if (!parse_entry(&p->p[n++], s)) {
			perms_put(p);
			return NULL;
		}
	return p;
}

size_t perms_print(const struct perms *p, char *out, size_t size)
{
	size_t at = 0;
	uint32_t i;

	for (i = 0; i < p->n; i++) {
		if (i && p->p[i].life != perm_life(p->p[i].domid))
			continue;
		if (at + 8 > size)
			return 0;
		at += sprintf(out + at, "%c%u", "nrwb"[p->p[i].bits],
			      p->p[i].domid) + 1;
	}
	return at;
}
