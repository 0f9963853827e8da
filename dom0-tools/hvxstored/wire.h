/* SPDX-License-Identifier: MIT */
/*
 * The messages: one table, a line for each, with a handler. A handler answers
 * or fails; what it changed is gathered for the state file; what is to follow
 * once that is written (watches) it leaves in the request.
 */
#ifndef HVXSTORED_WIRE_H
#define HVXSTORED_WIRE_H

#include "change.h"
#include "conn.h"
#include "txn.h"

#define REQ_STRINGS	8

struct req {
	struct conn *conn;
	struct xsd_sockmsg hdr;
	const char *payload;		/* NUL after its len bytes */
	struct txn *txn;		/* NULL: none */

	char reply[XENSTORE_PAYLOAD_MAX];
	uint32_t reply_len;		/* 0 and !empty: "OK" */
	bool empty;			/* an empty reply is meant */

	/* Afterwards. */
	struct change change;		/* one that was done, type 0: none */
	struct perms *before;		/* its node's permissions till then */
	struct node *gone;		/* what it removed */
	struct node *old;		/* the tree before a commit */
	void (*after)(struct req *r);
	unsigned int domid;		/* for after() */
};

/* Serves one message; the payload has a NUL after it. */
void wire_handle(struct conn *c, const struct xsd_sockmsg *hdr,
		 const char *payload);

/* For handlers: the payload's strings, exactly n of them; false if not so. */
bool req_strings(const struct req *r, const char **v, unsigned int n);
/* A domain's number, up to max; false if it is none. */
bool req_number(const char *s, uint64_t max, uint64_t *out);
void req_answer(struct req *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The handlers: 0 or an errno. wire_node.c */
int wire_read(struct req *r);
int wire_directory(struct req *r);
int wire_directory_part(struct req *r);
int wire_write(struct req *r);
int wire_mkdir(struct req *r);
int wire_rm(struct req *r);
int wire_get_perms(struct req *r);
int wire_set_perms(struct req *r);
/* wire_txn.c */
int wire_watch(struct req *r);
int wire_unwatch(struct req *r);
int wire_reset_watches(struct req *r);
int wire_transaction_start(struct req *r);
int wire_transaction_end(struct req *r);
/* wire_dom.c */
int wire_introduce(struct req *r);
int wire_release(struct req *r);
int wire_resume(struct req *r);
int wire_set_target(struct req *r);
int wire_is_introduced(struct req *r);
int wire_domain_path(struct req *r);
/* control.c */
int wire_control(struct req *r);
/* NULL, or what is wrong with the store's own books. */
const char *store_audit(void);
/* Each request is logged. */
extern bool wire_trace;

#endif /* HVXSTORED_WIRE_H */
