/* SPDX-License-Identifier: MIT */
/*
 * The memory that outlives netback: the answers that were being given. Which
 * rings are in use is in the store. A file of fixed size, mostly holes.
 */
#ifndef NETBACK_STATE_H
#define NETBACK_STATE_H

#include "answers.h"

#define STATE_MAGIC	0x313074656e787668ull	/* "hvxnet01" */
#define STATE_NICS	16u
#define STATE_QUEUES	4u

struct state_queue {
	struct answers tx, rx;
};

struct state_nic {
	uint32_t used;			/* 1: device is somebody's */
	uint32_t device;		/* as in the store's path */
	struct state_queue queue[STATE_QUEUES];
};

struct state {
	uint64_t magic;
	struct state_nic nic[STATE_NICS];
};

/* Maps the file, making it if it is empty. NULL and errno; EUCLEAN: that file
 * isn't ours. */
struct state *state_open(int fd);
/* The place for a device, new if it has none; NULL: all are used. */
struct state_nic *state_find(struct state *s, uint32_t device);
void state_forget(struct state_nic *n);

#endif /* NETBACK_STATE_H */
