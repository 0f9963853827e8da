/* SPDX-License-Identifier: MIT */
/*
 * The groups whose frames a guest wants, once it has asked to choose. A list of
 * fixed size: a guest that wants more gets an error for each further one, and
 * then asks for all of them.
 */
#ifndef NETBACK_MCAST_H
#define NETBACK_MCAST_H

#include <stdbool.h>
#include <stdint.h>

#define MCAST_MAX	64u

struct mcast {
	bool chosen;			/* only what is listed is wanted */
	unsigned int count;
	uint8_t addr[MCAST_MAX][6];
};

/* False: no room. A group that is listed already stays so. */
bool mcast_add(struct mcast *m, const uint8_t addr[6]);
/* False: it isn't listed. */
bool mcast_del(struct mcast *m, const uint8_t addr[6]);
/* Whether a frame to this address is for the guest. */
bool mcast_wants(const struct mcast *m, const uint8_t addr[6]);

#endif /* NETBACK_MCAST_H */
