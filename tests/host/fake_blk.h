/* SPDX-License-Identifier: MIT */
/*
 * A guest with disks, in memory: implementations of grants, event channels, the
 * store's nodes and the parent for blkback's data path and life, and a front
 * end to drive it with. Disks are files; io_uring is the kernel's.
 */
#ifndef FAKE_BLK_H
#define FAKE_BLK_H

#include "backends/blkback/blkback.h"

#define FAKE_PAGES	1024u		/* of the guest; reference = number */
#define FAKE_DEVICES	4u

enum { GRANT_NONE, GRANT_READ, GRANT_WRITE };	/* what the back end may */

struct fake_front {
	enum bus_state state, own;	/* in the store: guest's, back end's */
	struct front choice;
	bool bad_choice;
	uint32_t req_prod, rsp_cons;
	unsigned int notified;
};

/* Shared with forked processes. */
struct fake {
	uint8_t grant[FAKE_PAGES];
	struct fake_front front[FAKE_DEVICES];	/* of device number i + 1 */
	unsigned int events[4];		/* connected, disconnected, broken,
					 * io-error */
	int64_t detached;		/* the last answer's id */
	/* A disk that hangs: the next copies to the guest fail. */
	unsigned int copies;
	unsigned int mapped;		/* pages, now */
	int event;			/* the port with an event; 0: none */
	unsigned int unmasked;
};

extern struct fake *fake;
extern struct service fake_service;

/* Makes the guest; its state is a new memfd. */
void fake_begin(void);
/* A new process's view: opens everything anew on the same guest and state. */
void fake_open(void);
void fake_close(void);
void fake_end(void);
extern int fake_state;

/* Pages of the guest. */
uint8_t *fake_page(uint32_t n);
/* A file of so many bytes, full of byte. */
int fake_image(size_t bytes, int byte);
struct vbd *fake_attach(unsigned int i, int image, const struct disk_spec *s);
/* The front end chooses a ring in page 1 + i * 16, and is connected. */
void fake_connect(unsigned int i, uint32_t ring_pages);
extern bool fake_persistent;	/* what it says of its grants */

/* A slot for the next request of device i. */
union blkif_sring_entry *fake_slot(unsigned int i);
void fake_push(unsigned int i);
/* Runs rounds until every request that can be answered is. */
void fake_run(void);
/* False: there is no response. */
bool fake_response(unsigned int i, struct blkif_response *rsp);
/* Sends one request and returns its status. */
int fake_ask(unsigned int i, const struct blkif_request *req);

#endif /* FAKE_BLK_H */
