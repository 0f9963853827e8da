/* SPDX-License-Identifier: MIT */
/*
 * Which changes of a disk may run at the same time. A flush or barrier begins
 * when every write taken before it has ended, and until it ends nothing that
 * was taken after it begins. Reads don't ask.
 */
#ifndef BLKBACK_ORDER_H
#define BLKBACK_ORDER_H

#include <stdbool.h>
#include <stddef.h>

struct order_item {
	struct order_item *next;
	bool alone;			/* a flush or barrier */
};

struct order {
	unsigned int running;
	bool alone;			/* the running one is a barrier */
	struct order_item *head, **tail;
};

static inline void order_init(struct order *o)
{
	*o = (struct order){ .head = NULL };
	o->tail = &o->head;
}

static inline bool order_may_run(const struct order *o, bool alone)
{
	return !o->alone && !(alone && o->running);
}

/* True: go on. False: it waits its turn, see order_leave. */
static inline bool order_enter(struct order *o, struct order_item *it)
{
	it->next = NULL;
	if (!o->head && order_may_run(o, it->alone)) {
		o->running++;
		o->alone = it->alone;
		return true;
	}
	*o->tail = it;
	o->tail = &it->next;
	return false;
}

/* One that ran has ended. */
static inline void order_leave(struct order *o)
{
	o->running--;
	o->alone = false;
}

/* The next whose turn has come; it runs from now on. NULL: none. */
static inline struct order_item *order_next(struct order *o)
{
	struct order_item *it = o->head;

	if (!it || !order_may_run(o, it->alone))
		return NULL;
	o->head = it->next;
	if (!o->head)
		o->tail = &o->head;
	o->running++;
	o->alone = it->alone;
	return it;
}

#endif /* BLKBACK_ORDER_H */
