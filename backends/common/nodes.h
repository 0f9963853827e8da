/* SPDX-License-Identifier: MIT */
/*
 * A device's nodes in the store: its back end's, which we write, and its front
 * end's, which are a guest's words: numbers are read with their limits. What
 * the nodes of a kind of device mean is not known here.
 *
 * When the store's daemon goes away, so does this process: its successor opens
 * the store again, for which this one has no rights any more.
 */
#ifndef BACKENDS_NODES_H
#define BACKENDS_NODES_H

#include <stdbool.h>
#include <stdint.h>
#include "bus.h"

struct xs_handle;

struct nodes {
	struct xs_handle *xs;
	const char *back, *front;	/* the type, as in either path */
	uint32_t domid, device;
};

enum number { NUMBER_OK, NUMBER_MISSING, NUMBER_BAD };

/* Opens the store, for the devices of this type and domain only. Where its daemon
 * can't see to that (Debian's has no such request), the log says so. NULL: the
 * store isn't there. */
struct xs_handle *nodes_open(const char *back, const char *front,
			     uint32_t domid);

/* ---- the back end's ----------------------------------------------------- */

/* Writes one, 31 bytes at most. False: the store didn't take it. */
bool nodes_put(const struct nodes *n, const char *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
enum bus_state nodes_own_state(const struct nodes *n);
/* Nothing is written, and false returned, where the nodes are gone. */
bool nodes_set_state(const struct nodes *n, enum bus_state state);

/* ---- the front end's ---------------------------------------------------- */

enum bus_state nodes_front_state(const struct nodes *n);
/* The text, to be freed; NULL: there is none. */
char *nodes_read(const struct nodes *n, const char *node);
/* A decimal number, max at most, of the node that prefix and node name;
 * *out is set only if it is one. */
enum number nodes_number(const struct nodes *n, const char *prefix,
			 const char *node, uint32_t max, uint32_t *out);

/* ---- watching ----------------------------------------------------------- */

/* Hears of the front end's state from now on; false and errno. */
bool nodes_follow(const struct nodes *n);
void nodes_unfollow(const struct nodes *n);
/* The next device whose front end's state may be another; false: none. */
bool nodes_changed(struct xs_handle *xs, uint32_t *device);

#endif /* BACKENDS_NODES_H */
