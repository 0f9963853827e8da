/* SPDX-License-Identifier: MIT */
/* IP addresses and routes of one link, taken down and put onto another. */
#ifndef BRIDGE_MOVE_H
#define BRIDGE_MOVE_H

#include "private.h"

struct nl_addr;

/* What a link has now. */
struct belongings {
	struct nl_cache *addrs, *routes;
	int ifindex;
};

/* 0, or libnl's error with nothing held. */
int belongings_note(struct bridges *b, int ifindex, struct belongings *of);
void belongings_free(struct belongings *of);
/* Moves the addresses that are still at their link, then puts all routes onto
 * to. What is there already is right. 0, or libnl's error. */
int belongings_move(struct bridges *b, const struct belongings *of, int to);
/* The same back: from a link to that where they were noted. */
int belongings_restore(struct bridges *b, const struct belongings *of,
		       int from);
/* Its addresses, with blanks between. */
void belongings_list(const struct belongings *of, char *text, size_t size);
/* The gateway of a default route; NULL: none. Owned by of. */
struct nl_addr *belongings_gateway(const struct belongings *of);

#endif /* BRIDGE_MOVE_H */
