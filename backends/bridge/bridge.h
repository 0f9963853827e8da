/* SPDX-License-Identifier: MIT */
/*
 * libbridge: dom0's side of guests' networks. Links are made and tied by
 * netlink (libnl); nothing here starts a program.
 *
 * Calls return 0, or -1 with errno and one sentence for people in why
 * (BRIDGE_WHY bytes): what failed, on which link, and what to try. Nothing is
 * printed. A call that fails leaves what was there.
 *
 * Spoofing. A guest may send from its own hardware address alone: its port is
 * `locked`, learns nothing, and the bridge has one static entry for it. That is
 * the bridge's own doing (Linux 5.18 and later), needs no further module, and
 * also keeps a guest from drawing others' frames to itself. Where addresses are
 * given, tc filters at the tap (u32 and gact, both in Debian's kernel) pass
 * IPv4 from these, ARP that claims no others, DHCP requests, and drop all else.
 */
#ifndef BRIDGE_H
#define BRIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BRIDGE_WHY	240
#define BRIDGE_NAME	16		/* IFNAMSIZ */
#define BRIDGE_QUEUES	4u

struct bridges;

/* NULL and errno. One thread at a time. */
struct bridges *bridges_open(void);
void bridges_close(struct bridges *b);

/* ---- bridges ------------------------------------------------------------ */

/* Their names with blanks between; "none" if there is none. */
void bridge_list(struct bridges *b, char *names, size_t size);
/* No STP, no forwarding delay: guests talk at once. EEXIST: there is such a
 * link. */
int bridge_make(struct bridges *b, const char *name, char *why);
/* 0 too if it isn't there. */
int bridge_delete(struct bridges *b, const char *name, char *why);
int bridge_up(struct bridges *b, const char *name, char *why);
/* Ports without a VLAN of their own stay in VLAN 1, untagged. */
int bridge_filter_vlans(struct bridges *b, const char *name, char *why);
/* The one that is meant when none is named: xenbr0, or else the only one. */
int bridge_default(struct bridges *b, char name[BRIDGE_NAME], char *why);

/* ---- taps --------------------------------------------------------------- */

/* Makes the tap, or opens one that is there, with so many queues; gives a
 * descriptor for each. It stays when all are closed. EBUSY: somebody has it
 * open. */
int tap_open(struct bridges *b, const char *name, unsigned int queues,
	     int fd[BRIDGE_QUEUES], char *why);
/* With all that was set up for it. 0 too if it isn't there, or is no tap. */
int tap_delete(struct bridges *b, const char *name, char *why);
/* Deletes each tap named vifD.N of which keep says false; how many, or -1. */
int tap_sweep(struct bridges *b,
	      bool (*keep)(void *arg, uint32_t domid, uint32_t device),
	      void *arg, char *why);

/* ---- ports -------------------------------------------------------------- */

struct port_spec {
	const char *bridge;		/* NULL: bridge_default */
	uint8_t mac[6];			/* the guest's */
	uint32_t mtu;			/* 0: the bridge's */
	uint16_t vlan;			/* 1 to 4094; 0: as the bridge has it */
	bool isolated;			/* talks to no other isolated port */
	bool trusted;			/* may send from any address */
	const char *ip;			/* addresses, blanks or commas between;
					 * NULL: any */
};

/* Ties the tap to a bridge and brings it up. bridge and mtu, if not NULL: what
 * it came to. ENODEV: no such bridge (why names those that exist); EADDRINUSE:
 * another guest of this bridge has the hardware address; EOPNOTSUPP: the bridge
 * filters no VLANs. On failure the tap is free again. */
int port_tie(struct bridges *b, const char *tap, const struct port_spec *spec,
	     char bridge[BRIDGE_NAME], uint32_t *mtu, char *why);

/* Down, and no bridge's port any more. 0 too if it isn't there. */
int tap_release(struct bridges *b, const char *tap, char *why);

#endif /* BRIDGE_H */
