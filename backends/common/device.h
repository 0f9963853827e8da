/* SPDX-License-Identifier: MIT */
/*
 * What devices of each kind have: nodes in the store, a part in the handshake
 * (bus.h), and requests of the parent that wait for their end. What a step of
 * the handshake does is the kind's own: vbd.c, vif.c.
 */
#ifndef BACKENDS_DEVICE_H
#define BACKENDS_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include "bus.h"
#include "nodes.h"

struct parent;

/* Steps that one look at the store can lead to: Closed, InitWait, Connected. */
#define DEVICE_STEPS	4
/* Requests for one device's end at a time. */
#define DEVICE_DETACHES	8u

struct device {
	struct nodes nodes;
	enum bus_state own;		/* our state in the handshake */
	char name[32];			/* for messages */
	int64_t detach[DEVICE_DETACHES]; /* the requests that wait for the end */
	unsigned int detaches;
	bool going, gone;		/* detaching; to be freed */
	bool force;			/* the guest isn't asked */
};

/* Watches the front end's state, and reads what ours is. */
void device_begin(struct device *d);
/* That the store doesn't take it is logged. */
void device_set_own(struct device *d, enum bus_state state);
/* After the offer was written; taken: whether the store took all of it. */
void device_offered(struct device *d, bool taken);
/* The handshake's next step, with the front end's state as it is now. */
enum bus_act device_next(const struct device *d);
/* It is to be given up; request id waits for that. False: too many wait. */
bool device_detach(struct device *d, bool force, int64_t id);
/* It is closed, its guest is gone, and nobody is left who could attach or detach
 * it: there is no parent (p NULL). */
bool device_is_orphan(const struct device *d, const struct parent *p);

#endif /* BACKENDS_DEVICE_H */
