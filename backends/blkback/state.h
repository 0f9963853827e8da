/* SPDX-License-Identifier: MIT */
/*
 * The memory that outlives blkback: which rings are in use, what is in flight on
 * them, and what was counted, which others read (stats.h). A file of fixed size,
 * mostly holes: only what was used takes memory.
 */
#ifndef BLKBACK_STATE_H
#define BLKBACK_STATE_H

#include <stdint.h>
#include "backends/common/replay.h"

#define STATE_MAGIC	0x32306b6c62787668ull	/* "hvxblk02" */
#define STATE_DISKS	64u
#define STATE_QUEUES	4u
#define STATE_RING_PAGES 16u

struct state_queue {
	uint32_t refs[STATE_RING_PAGES];
	uint32_t port;			/* the guest's */
	struct replay_log log;
};

/* Since the guest got the disk, whichever process served it. */
struct state_counts {
	uint64_t reads, writes, flushes, discards;	/* that went well */
	uint64_t read_sectors, written_sectors;		/* of 512 bytes */
	uint64_t errors;
	uint32_t error;			/* the last one's errno; 0: none yet */
	uint32_t error_kind;		/* its enum blk_kind */
	uint64_t error_time;		/* s since 1970 */
};

struct state_disk {
	uint32_t used;			/* 1: device is somebody's */
	uint32_t device;		/* as in the store's path */
	uint32_t connected;		/* 1: the rest is true */
	uint32_t queues;
	uint32_t ring_pages;		/* of each queue */
	uint32_t persistent;		/* the guest keeps its grants */
	struct state_counts count;
	struct state_queue queue[STATE_QUEUES];
};

struct state {
	uint64_t magic;
	struct state_disk disk[STATE_DISKS];
};

/* Maps the file, making it if it is empty, and waits until nothing of a
 * predecessor can reach a disk any more. *held: what this process's io_uring
 * must hold (see io.h), to be closed by the caller. NULL and errno; EUCLEAN:
 * that file isn't ours. */
struct state *state_open(int fd, int *held);
/* The place for a device, new if it has none; NULL: all are used. */
struct state_disk *state_find(struct state *s, uint32_t device);
void state_forget(struct state_disk *d);

#endif /* BLKBACK_STATE_H */
