/* SPDX-License-Identifier: MIT */
/* hvxconsoled's hypervisor, for tests: guests are pages of console rings, their
 * events a list. Our port of domain N is N. */
#ifndef FAKE_HYPER_H
#define FAKE_HYPER_H

#include <stdbool.h>
#include <stdint.h>
#include <abi/io/console.h>

#define FAKE_DOMAINS	16

struct fake_guest {
	struct xencons_interface *ring;	/* shared memory; NULL: no such */
	bool dying, no_map, no_bind;
	bool mapped, bound, pending, masked;
	unsigned int notified;		/* times, by us */
	uint8_t uuid;			/* its first byte; else its number */
};

extern struct fake_guest guests[FAKE_DOMAINS];
extern unsigned int hyper_listed;	/* domains, so far */

/* Begins anew, with no guests. */
void fake_hyper_reset(void);
struct fake_guest *fake_guest_new(uint32_t domid);
/* Writes as much as has room, and notifies; the count. */
size_t fake_guest_print(uint32_t domid, const char *data, size_t len);
void fake_guest_say(uint32_t domid, const char *text);
void fake_guest_notify(uint32_t domid);
/* Takes up to size bytes of input. */
size_t fake_guest_read(uint32_t domid, char *buf, size_t size);

#endif /* FAKE_HYPER_H */
