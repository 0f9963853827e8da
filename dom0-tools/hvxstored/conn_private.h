/* SPDX-License-Identifier: MIT */
/* What conn.c, who they are, and conn_turn.c, when they are served, share. */
#ifndef HVXSTORED_CONN_PRIVATE_H
#define HVXSTORED_CONN_PRIVATE_H

#include "conn.h"

static inline bool conn_is_ring(const struct conn *c)
{
	return c->fd < 0;
}

/* conn.c. Without a stream yet. */
struct conn *conn_new(int fd, unsigned int domid);
/* keep: the file of a ring's stream stays. */
void conn_free(struct conn *c, bool keep);
void conn_free_all(void);
/* Frees those that were dropped. */
void conn_reap(void);
/* Messages that were sent, or all, burden nobody any more. */
void conn_pop_marks(struct conn *c, bool all);

/* conn_turn.c. Takes it out of the line. */
void conn_unready(struct conn *c);

#endif /* HVXSTORED_CONN_PRIVATE_H */
