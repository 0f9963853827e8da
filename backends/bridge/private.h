/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_PRIVATE_H
#define BRIDGE_PRIVATE_H

#include "bridge.h"

#include <netlink/netlink.h>
#include <netlink/route/link.h>

struct bridges {
	struct nl_sock *sock;
};

/* Fills why, sets errno, returns -1. */
int bridge_fail(char *why, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for what libnl returned: its errno and its words come after. */
int bridge_fail_nl(char *why, int rc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* NULL: there is none. To be put back by rtnl_link_put. */
struct rtnl_link *link_find(struct bridges *b, const char *name);
/* Sends the change of a link. 0, or libnl's error. */
int link_change(struct bridges *b, struct rtnl_link *link,
		struct rtnl_link *change);
int link_up(struct bridges *b, struct rtnl_link *link);
/* Sends m, frees it, waits for the answer. 0, or libnl's error. */
int message_send(struct bridges *b, struct nl_msg *m);
/* Calls fn for each link of a kind ("bridge", "tun"; NULL: any). */
int links_each(struct bridges *b, const char *kind,
	       void (*fn)(void *arg, struct rtnl_link *link), void *arg);

/* Whether the bridge filters VLANs; the kernel takes VLANs for its ports if it
 * doesn't, too, and then ignores them. */
bool bridge_filters(struct bridges *b, int ifindex);

/* The tap passes these addresses alone from now on. */
int filter_set(struct bridges *b, int ifindex, const char *tap, const char *ip,
	       char *why);
/* Reads the list. How many, or -1: text is no address. */
#define FILTER_MAX	16u
int filter_parse(const char *ip, uint32_t addr[FILTER_MAX]);

#endif /* BRIDGE_PRIVATE_H */
