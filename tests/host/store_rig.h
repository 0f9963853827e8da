/* SPDX-License-Identifier: MIT */
/*
 * The store in the test's own process, turned step by step, with domains that
 * are a page of memory and a state each. Clients speak the protocol as bytes,
 * on a socket pair or a ring.
 */
#ifndef TESTS_STORE_RIG_H
#define TESTS_STORE_RIG_H

#include <stdbool.h>
#include <hvxstored/conn.h>
#include <hvxstored/dom.h>
#include <hvxstored/state.h>
#include <hvxstored/store.h>
#include <hvxstored/watch.h>
#include <hvxstored/wire.h>

/* dir: where state is kept, or NULL. Stopping leaves it as a kill would. */
void rig_start(const char *dir);
bool rig_try_start(const char *dir);
void rig_stop(void);
/* One round of the loop: who has a turn has it once. */
void rig_step(void);
/* Until nobody has anything to do. */
void rig_settle(void);
/* No leak, and all books right. */
void rig_audit(void);
/* A new folder, and the end of it. */
char *rig_dir(void);
void rig_dir_remove(char *dir);

/* A domain there is from now on, with an empty page; or another state. */
struct xenstore_domain_interface *rig_domain(unsigned int domid);
void rig_domain_state(unsigned int domid, enum xen_state state);
/* No page can be mapped any more. */
void rig_domain_lose_page(unsigned int domid);
/* The hypervisor says that some domain changed. */
void rig_virq(void);
/* Its guest signals its port. */
void rig_signal(unsigned int domid);

#define CLIENT_EVENTS	4096

struct client {
	int fd;				/* -1: a ring */
	unsigned int domid;
	struct xenstore_domain_interface *ring;
	uint32_t req_id;
	uint8_t *in;			/* not yet a whole message */
	size_t in_n, in_room;
	struct xsd_sockmsg hdr;		/* of the last reply */
	char reply[4097];
	char *events[CLIENT_EVENTS];	/* path NUL token NUL */
	unsigned int first, n;
	unsigned int rounds;		/* that the last call took */
	bool closed;
};

struct client *client_socket(void);
struct client *client_ring(unsigned int domid);
void client_close(struct client *c);

/* Raw: what went; what came is gathered, and false if there is no reply. */
size_t client_send(struct client *c, const void *data, size_t n);
bool client_poll(struct client *c);
/* A whole exchange: 0, or the errno that the reply names; -1: none came. */
int client_call(struct client *c, uint32_t type, uint32_t tx, const void *data,
		size_t n);
/* The same with one string, or two. */
int client_str(struct client *c, uint32_t type, uint32_t tx, const char *a);
int client_str2(struct client *c, uint32_t type, uint32_t tx, const char *a,
		const char *b);
int client_write(struct client *c, uint32_t tx, const char *path,
		 const char *value);
/* Of perms as "n0 r5". */
int client_chmod(struct client *c, uint32_t tx, const char *path,
		 const char *perms);
uint32_t client_begin(struct client *c);
int client_end(struct client *c, uint32_t tx, bool commit);
/* "path token" of the next event, or NULL; valid until the next call. */
const char *client_event(struct client *c);
void client_drop_events(struct client *c);
/* Introduces a domain that is there. */
int client_introduce(struct client *c, unsigned int domid);

#endif /* TESTS_STORE_RIG_H */
