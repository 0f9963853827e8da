/* SPDX-License-Identifier: MIT */
/*
 * The handshake of a back end with its front end through two `state` nodes, as
 * a function without memory: what to do in our state now that the other's is
 * so. The front end may write any state at any time; the worst that it can
 * bring about is that its device is closed.
 */
#ifndef BACKENDS_BUS_H
#define BACKENDS_BUS_H

#include <stdbool.h>

/* The numbers are the nodes' contents. */
enum bus_state {
	BUS_UNKNOWN, BUS_INITIALISING, BUS_INIT_WAIT, BUS_INITIALISED,
	BUS_CONNECTED, BUS_CLOSING, BUS_CLOSED
};

enum bus_act {
	BUS_NOTHING,		/* wait for the front end */
	BUS_OFFER,		/* write what we can; then InitWait */
	BUS_CONNECT,		/* read what it chose, map; then Connected */
	BUS_CLOSE,		/* ask it to let go: Closing */
	BUS_LEAVE		/* finish, unmap; then Closed */
};

/* going: the device shall be given up. */
enum bus_act bus_next(enum bus_state own, enum bus_state front, bool going);
/* A node's text; whatever isn't a state is BUS_UNKNOWN, as a missing node. */
enum bus_state bus_parse(const char *text);

#endif /* BACKENDS_BUS_H */
