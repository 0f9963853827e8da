/* SPDX-License-Identifier: MIT */
/*
 * The parts of blkback and what they know of each other:
 *
 *   main.c     opens what is needed, gives up rights, runs the loop
 *   control.c  the parent's requests
 *   vbd.c      a disk's life: offered, connected, closed; resumed
 *   xs.c       its nodes in the store
 *   queue.c    requests of one ring: taken, carried out, answered
 *   copies.c   data to and from the guest, many pieces a call
 *   blkif.c disk.c io.c nbd.c pool.c order.h state.c   know nothing of the above
 *
 * One thread. A round (service_round) does what there is to do for all disks
 * and returns; what it waits for are descriptors of the loop.
 */
#ifndef BLKBACK_H
#define BLKBACK_H

#include "backends/common/device.h"
#include "backends/common/grants.h"
#include "backends/common/kept.h"
#include "backends/common/ports.h"
#include "backends/common/replay.h"
#include "backends/common/ring.h"
#include "common/loop.h"
#include "blkif.h"
#include "disk.h"
#include "io.h"
#include "order.h"
#include "pool.h"
#include "state.h"

struct parent;
struct queue;
struct vbd;
struct xs_handle;

#define COPIES_MAX	512u

/* Copies to be made with the next call. */
struct copies {
	struct grant_copy op[COPIES_MAX];
	struct request *owner[COPIES_MAX];
	unsigned int count;
};

struct request_list {
	struct request *head, **tail;
};

struct service {
	uint32_t domid;
	struct loop *loop;
	struct loop_timer *again;	/* a round has more to do */
	struct loop_timer *idle;	/* gives memory back */
	struct loop_timer *slow;	/* unmasks ports that cry wolf */
	struct loop_timer *later;	/* steps of disks that change too fast */
	struct grants *grants;
	struct ports *ports;
	struct io *io;
	struct pool pool;
	struct copies copies;
	struct request_list ready;	/* to be begun */
	struct request_list starved;	/* wait for a buffer, in order */
	struct state *state;
	struct xs_handle *xs;
	struct vbd *disks;
	struct parent *parent;		/* NULL: it is gone */
};

struct request {
	struct io_op io;		/* first: io_op is the request */
	struct order_item order;
	struct queue *q;
	struct request *next;
	struct blk_op op;
	struct blkif_request_segment direct[BLKIF_MAX_SEGMENTS_PER_REQUEST];
	struct blkif_request_segment *seg;	/* direct, or allocated */
	uint8_t *buffer;
	uint32_t bytes, done;
	uint16_t entry;
	uint8_t step;			/* of a barrier */
	bool ordered;			/* has entered the disk's order */
	bool bad_copy;
};

struct queue {
	struct vbd *v;
	struct state_queue *st;
	struct ring ring;
	struct replay replay;
	struct request *request;	/* one for each slot */
	struct kept *kept;		/* NULL: every page is copied by call */
	int port;			/* ours, or -1 */
	unsigned int in_flight;
	unsigned int idle_kicks;	/* events in a row with nothing in them */
	bool kicked, dirty, masked;
	bool resumed;			/* the guest must hear of it */
};

#define IDLE_KICKS	16	/* idle_kicks from which on they are slowed */

struct vbd {
	struct vbd *next;
	struct service *s;
	struct device dev;
	struct disk disk;
	struct order order;
	struct state_disk *st;
	struct queue queue[STATE_QUEUES];
	int64_t last_error;		/* ms, when one was reported */
	int64_t second;			/* ms, when connects began to count */
	unsigned int connects;
	bool hurried;			/* waits for s->later */
	bool changed;			/* the front end's state was written */
	bool draining;			/* takes no more, until all is answered */
	struct loop_fd *image;		/* its server's socket; NULL: none */
	uint32_t image_events;
};

/* ---- queue.c ------------------------------------------------------------ */

/* Maps and binds what q->st says; the ring starts anew, or goes on where the
 * log says. 0, or -1 and errno with nothing left behind. */
int queue_open(struct queue *q, struct vbd *v, struct state_queue *st,
	       bool resume);
/* Only without requests in flight. */
void queue_close(struct queue *q);
/* Carries out and answers what it can now, for all queues. */
void service_round(struct service *s);
/* The loop's calls: events from the guest; completions; a timer. */
void service_on_ports(void *arg, uint32_t events);
void service_on_io(void *arg, uint32_t events);
void service_on_image(void *arg, uint32_t events);	/* arg: the vbd */
void service_on_again(void *arg);
void service_on_slow(void *arg);
void service_on_idle(void *arg);
void request_copied(struct request *req);
void list_init(struct request_list *l);

/* ---- copies.c ----------------------------------------------------------- */

/* Data of a request between its buffer and the guest. request_copied is called
 * once it is there. */
void copies_add(struct service *s, struct request *req, bool to_guest);
void copies_run(struct service *s);

/* ---- vbd.c -------------------------------------------------------------- */

/* Takes fd. NULL, errno and a sentence on failure. */
struct vbd *vbd_attach(struct service *s, uint32_t device, const char *name,
		       int fd, const struct disk_spec *spec,
		       char why[DISK_WHY]);
struct vbd *vbd_find(struct service *s, uint32_t device);
/* The answer goes to request id, when it is done. False: too many wait. */
bool vbd_detach(struct vbd *v, bool force, int64_t id);
/* Looks at the front end's state and acts. */
void vbd_step(struct vbd *v);
/* The guest can't be served: stops the device and says why. */
void vbd_break(struct vbd *v, const char *text);
/* A timer's call: goes on with disks whose guests were too fast. */
void vbd_on_later(void *arg);
/* Called when a round has ended: finishes what waited for quiet queues. */
void vbd_settle(struct service *s);
void vbd_io_error(struct vbd *v, enum blk_kind kind, int error);

/* ---- xs.c --------------------------------------------------------------- */

/* What a front end chose. */
struct front {
	uint32_t queues, ring_pages, persistent;
	uint32_t refs[STATE_QUEUES][STATE_RING_PAGES];
	uint32_t port[STATE_QUEUES];
};

/* Opens the store; false: it isn't there. */
bool xs_start(struct service *s);
/* Where device's nodes are. */
struct nodes xs_nodes(const struct service *s, uint32_t device);
/* False: the store didn't take it. */
bool xs_offer(struct vbd *v);
bool xs_describe(struct vbd *v);
bool xs_set_size(struct vbd *v);
/* False: what is there makes no sense; why names it. */
bool xs_read_front(struct vbd *v, struct front *f, const char **why);

/* ---- control.c ---------------------------------------------------------- */

/* Serves the parent's socket. 0, or -1 and errno. */
int control_start(struct service *s, int fd);
void control_event(struct service *s, const char *event, const struct vbd *v,
		   int error, const char *text);
void control_detached(struct service *s, int64_t id);

#endif /* BLKBACK_H */
