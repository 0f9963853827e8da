/* SPDX-License-Identifier: MIT */
/*
 * The parts of netback and what they know of each other:
 *
 *   main.c     opens what is needed, gives up rights, runs the loop
 *   control.c  the parent's requests
 *   vif.c      a card's life: offered, connected, closed; resumed
 *   xs.c       its nodes in the store
 *   queue.c    rings and taps of all cards: whose turn it is, events
 *   tx.c rx.c  frames from the guest to a tap, and back
 *   netif.c vnet.c answers.c rate.h mcast.c tap.c many.c state.c  know nothing
 *              of the above
 *
 * One thread. A round (service_round) does a share of what there is to do for
 * each queue and returns; between two rounds nothing is in flight.
 */
#ifndef NETBACK_H
#define NETBACK_H

#include "backends/common/device.h"
#include "backends/common/grants.h"
#include "backends/common/ports.h"
#include "backends/common/ring.h"
#include "common/loop.h"
#include "answers.h"
#include "many.h"
#include "mcast.h"
#include "netif.h"
#include "rate.h"
#include "state.h"
#include "vnet.h"

struct parent;
struct vif;
struct xs_handle;

/* What one turn of one queue moves at most. */
#define BATCH_BYTES	(320u << 10)
#define BATCH_FRAMES	64u
#define BATCH_COPIES	256u

/* A frame of a batch: from the guest, or for it. */
struct frame {
	uint8_t *at;
	uint32_t len;
	unsigned int first_copy, copies, slots;
	unsigned int first_slot;	/* of the batch's */
	union {
		struct net_tx tx;
		struct net_rx rx;
	};
};

/* The one batch that is under way. */
struct batch {
	uint8_t *area;			/* BATCH_BYTES, from a page's start */
	struct many_frame many[MANY_MAX];
	uint32_t used;
	unsigned int frames, copies, slots;
	struct frame frame[BATCH_FRAMES];
	struct grant_copy copy[BATCH_COPIES];
	uint64_t answer[ANSWERS_MAX];
	uint16_t id[ANSWERS_MAX];	/* of the slots for the guest */
};

struct service {
	uint32_t domid;
	struct loop *loop;
	struct loop_timer *again;	/* a round has more to do */
	struct loop_timer *slow;	/* unmasks ports that cry wolf */
	struct loop_timer *tick;	/* each second while a frame waits */
	struct grants *grants;
	struct ports *ports;
	struct batch *batch;
	struct many *many;
	struct state *state;
	struct xs_handle *xs;
	struct vif *vifs;
	struct parent *parent;
};

/* One queue of the tap. */
struct tap {
	struct vif *v;
	int fd;
	struct loop_fd *entry;
	bool readable, polled;
};

/* What a front end offers of one queue. */
struct queue_nodes {
	uint32_t tx_ref, rx_ref;
	uint32_t tx_port, rx_port;	/* the same: one for both */
};

struct queue {
	struct vif *v;
	struct state_queue *st;
	struct ring tx, rx;
	int tx_port, rx_port;		/* ours, or -1; the same: one for both */
	bool tx_masked, rx_masked;
	unsigned int idle_kicks;	/* events in a row with nothing in them */
	bool limited;			/* waits for the rate limit */
	bool large;			/* the last for it was, more than a page */
	/* A frame for which the guest has too few slots. */
	uint8_t *held;			/* NET_RX_MAX, or NULL: no memory yet */
	struct net_rx held_rx;
	bool holding, starved;
	int64_t held_since;		/* ms */
};

#define IDLE_KICKS	16	/* idle_kicks from which on they are slowed */

struct counters {
	uint64_t tx_frames, tx_bytes, tx_dropped, tx_errors;
	uint64_t rx_frames, rx_bytes, rx_dropped, rx_errors;
};

struct vif_spec {
	uint64_t rate_bytes;		/* from the guest, in an interval */
	uint32_t rate_interval;		/* us; 0: 50 ms */
	unsigned int taps;		/* descriptors */
	int tap[STATE_QUEUES];
};

struct vif {
	struct vif *next;
	struct service *s;
	struct device dev;
	struct state_nic *st;
	struct counters count;
	struct rate rate;
	struct loop_timer *refill;	/* the rate limit's next interval */
	struct mcast mcast;
	struct vnet_taste taste;
	struct tap tap[STATE_QUEUES];
	struct queue queue[STATE_QUEUES];
	unsigned int taps, queues;
	int64_t last_complaint;		/* ms */
	int64_t talk_since;		/* ms; when talk began to count */
	unsigned int talk;		/* lines that the guest brought about */
	int carrier;			/* as the tap has it; -1: not known */
};

/* ---- queue.c ------------------------------------------------------------ */

/* Maps and binds; the rings start anew, or go on where the state says. 0, or -1
 * and errno with nothing left behind. */
int queue_open(struct queue *q, struct vif *v, struct state_queue *st,
	       const struct queue_nodes *nodes, bool resume);
void queue_close(struct queue *q);
/* The guest looks at all that was answered. */
void queue_notify(struct queue *q);
/* Moves what it can now, for all queues. */
void service_round(struct service *s);
/* The loop's calls. */
void service_on_ports(void *arg, uint32_t events);
void service_on_again(void *arg);
void service_on_slow(void *arg);
void service_on_tick(void *arg);
void queue_on_tap(void *arg, uint32_t events);
void vif_on_refill(void *arg);
/* 0, or -1 and errno. */
int batch_init(struct service *s);
void batch_begin(struct batch *b);
/* Room for a frame; NULL: none in this batch. offset: where it is to begin in a
 * page of ours, so that pages of the guest come to lie in whole pages: one that
 * came to lie across two of them would be copied in two pieces. */
#define ANYWHERE	UINT32_MAX
uint8_t *batch_room(struct batch *b, uint32_t len, uint32_t offset);
/* Adds the copies of f, which is then the batch's next frame. */
void batch_add(struct batch *b, struct frame *f,
		  const struct net_piece *piece, unsigned int pieces,
		  bool to_guest);
/* Whether all of them were made. */
bool batch_copied(const struct batch *b, const struct frame *f);

/* ---- tx.c, rx.c --------------------------------------------------------- */

enum turn { TURN_DONE, TURN_MORE, TURN_BROKEN };

/* One batch. TURN_BROKEN: the ring makes no sense; *why. */
enum turn tx_turn(struct queue *q, const char **why);
enum turn rx_turn(struct queue *q, const char **why);
/* Throws away what waits for a guest that takes nothing. */
void rx_discard(struct queue *q);

/* ---- vif.c -------------------------------------------------------------- */

/* Takes the spec's descriptors. NULL, errno and a sentence on failure. */
#define VIF_WHY	160
struct vif *vif_attach(struct service *s, uint32_t device, const char *name,
		       const struct vif_spec *spec, char why[VIF_WHY]);
struct vif *vif_find(struct service *s, uint32_t device);
/* The answer goes to request id, when it is done. False: too many wait for it. */
bool vif_detach(struct vif *v, bool force, int64_t id);
/* Looks at the front end's state and acts. */
void vif_step(struct vif *v);
/* The guest can't be served: stops the device and says why. */
void vif_break(struct vif *v, const char *text);
/* The device behind the tap was deleted. */
void vif_lose_tap(struct vif *v);
/* Frees what is gone. Not within a round. */
void vif_settle(struct service *s);
/* The tap has a carrier while the guest takes frames. */
void vif_set_carrier(struct vif *v);
/* At most one a second. */
void vif_complain(struct vif *v, const char *what, const char *why);

/* ---- xs.c --------------------------------------------------------------- */

/* What a front end chose. */
struct front {
	uint32_t queues;
	struct queue_nodes queue[STATE_QUEUES];
	struct vnet_taste taste;
	bool chooses_groups;
};

/* Opens the store; false: it isn't there. */
bool xs_start(struct service *s);
/* Where device's nodes are. */
struct nodes xs_nodes(const struct service *s, uint32_t device);
/* False: the store didn't take it. */
bool xs_offer(struct vif *v);
/* False: what is there makes no sense; why names it. */
bool xs_read_front(struct vif *v, struct front *f, const char **why);

/* ---- control.c ---------------------------------------------------------- */

/* Serves the parent's socket. 0, or -1 and errno. */
int control_start(struct service *s, int fd);
void control_event(struct service *s, const char *event, const struct vif *v,
		   const char *text);
void control_detached(struct service *s, int64_t id);

#endif /* NETBACK_H */
