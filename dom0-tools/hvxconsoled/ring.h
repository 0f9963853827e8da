/* SPDX-License-Identifier: MIT */
/*
 * A guest's console ring, as functions on the page that it shares with us.
 *
 * All of the page is the guest's to write at any time. Each index is read once;
 * our own two are kept outside of it, and those in the page are only ever
 * written. A distance that can't be is taken for a guest that has begun anew
 * (a kernel after kexec): we go on from where the page says, and only that
 * guest's own text suffers.
 */
#ifndef HVXCONSOLED_RING_H
#define HVXCONSOLED_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <abi/io/console.h>

#define RING_OUT	2048		/* bytes; the page's arrays */
#define RING_IN		1024

/* Copies what the guest has written since *cons into buf, which holds RING_OUT
 * bytes, and moves *cons; the count. The guest doesn't get its room back before
 * ring_release_output. *odd: the indices made no sense. */
size_t ring_take_output(struct xencons_interface *ring, uint32_t *cons,
			char *buf, bool *odd);
void ring_release_output(struct xencons_interface *ring, uint32_t cons);

/* Where to begin to read: at cons, if that is known and fits what the page
 * says, or else where the page says. */
uint32_t ring_find_output(struct xencons_interface *ring, bool known,
			  uint32_t cons);
uint32_t ring_find_input(struct xencons_interface *ring);

/* Writes as much of data as has room, and moves *prod; the count. */
size_t ring_put_input(struct xencons_interface *ring, uint32_t *prod,
		      const char *data, size_t len);

#endif /* HVXCONSOLED_RING_H */
