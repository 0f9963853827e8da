/* SPDX-License-Identifier: MIT */
/*
 * A physical NIC becomes a bridge's port without the host being lost: its
 * hardware address, IP addresses and routes move to the bridge. If the network
 * doesn't come back in the promised time, all of it is undone.
 *
 * Nothing is written anywhere: what is on a bridge is what undo moves back. A
 * setup that is interrupted half way (SIGKILL of all of it) is ended by undo,
 * too. It holds until the next boot; netsetup_advice tells what makes it last.
 *
 * Calls return 0, or -1, errno and why, as in bridge.h.
 */
#ifndef NETSETUP_H
#define NETSETUP_H

#include "bridge.h"

struct netsetup {
	const char *nic, *bridge;
	/* Until the link, and the gateway if there was one that answered, has
	 * to be back; 0: 20. */
	unsigned int seconds;
	bool vlans;			/* the bridge filters VLANs */
};

/* say: a line for people at each step; may be NULL. Runs in a child that
 * neither the terminal's end nor a signal stops half way; if that child dies,
 * the caller's process undoes. ETIMEDOUT: the network didn't come back; all is
 * as it was. */
int netsetup_do(struct bridges *b, const struct netsetup *s,
		void (*say)(void *arg, const char *line), void *arg,
		char *why);
/* The NIC gets back what is on the bridge, which goes away unless guests are
 * tied to it (EBUSY). */
int netsetup_undo(struct bridges *b, const char *bridge, char *why);

struct netsetup_bridge {
	char name[BRIDGE_NAME];
	char nics[80], guests[200];	/* its ports' names */
	char addresses[200];
	uint32_t mtu;
	bool up, vlans, carrier;
};

/* Each bridge. */
int netsetup_status(struct bridges *b,
		    void (*fn)(void *arg, const struct netsetup_bridge *one),
		    void *arg, char *why);
/* What to put into /etc/network/interfaces. */
void netsetup_advice(const struct netsetup *s, char *text, size_t size);

#endif /* NETSETUP_H */
