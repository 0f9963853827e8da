/* SPDX-License-Identifier: MIT */
/* The layout of the state file, for its writer and its reader. */
#ifndef HVXSTORED_STATE_FILE_H
#define HVXSTORED_STATE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define STATE_MAGIC	"hvxstore state 1"
#define STATE_NO_RING	0xffffu

struct state_head {
	char magic[16];
	/* Hints, which a kill may leave one record behind. */
	uint64_t tail;			/* where the last record ends, */
	uint64_t last;			/* and where it begins */
	uint64_t unused[4];
};

struct state_record {
	uint32_t len;			/* of all after it, a multiple of 8;
					 * written last; 0: no record */
	uint32_t check;			/* of what follows */
	/* The request that was done with it. */
	uint32_t ring;			/* domain, or STATE_NO_RING */
	uint32_t unused;
	uint64_t in_done, out_put;
	uint8_t items[];
};

enum state_item_type {
	ITEM_CHANGE = 1,		/* sub: type; domid: by; a path, b data */
	ITEM_NODE,			/* a path, b value; permissions as set by */
	ITEM_NODE_PERMS,		/* the last of these: b */
	ITEM_WATCH,			/* a path, b token; num: depth + 1 */
	ITEM_UNWATCH,
	ITEM_RESET,
	ITEM_INTRODUCE,			/* a: frame number, num: port */
	ITEM_RELEASE,
	ITEM_SHUTDOWN,			/* num */
	ITEM_TARGET,			/* num: domain + 1 */
	ITEM_SPECIAL,			/* a name, b permissions */
	ITEM_QUOTA,			/* a name, num */
	ITEM_NOTICED,
};

struct state_item {
	uint8_t type, sub;
	uint16_t domid;
	uint32_t num;
	uint32_t a_len, b_len;		/* a ends with NUL */
};

/* A sum that tells damage, not malice. n is a multiple of 8. */
static inline uint32_t state_check(const void *data, size_t n)
{
	uint64_t h = 0x9e3779b97f4a7c15u ^ n, w;
	const uint8_t *p = data;

	for (; n; n -= 8, p += 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	return h;
}

/* state_load.c: applies the records of a mapped file; the end of the last whole
 * one, or 0 if the file is refused. */
size_t state_read(const char *name, const struct state_head *h, size_t size);

#endif /* HVXSTORED_STATE_FILE_H */
