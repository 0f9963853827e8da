/* SPDX-License-Identifier: MIT */
/*
 * The page that a guest shares with the store (abi/io/xs_wire.h). The guest
 * may write what it likes where it likes at any time: its two indices are read
 * once for each use, ours are never read back (the stream knows them), and an
 * index that can't be is an error, not a number to reckon with.
 */
#ifndef HVXSTORED_RING_H
#define HVXSTORED_RING_H

#include <stdbool.h>
#include <sys/types.h>

#include "stream.h"

/* Adopts the indices as the page has them, or makes both directions empty. */
bool ring_adopt(struct xenstore_domain_interface *r, struct stream *s);
void ring_clear(struct xenstore_domain_interface *r, struct stream *s);
/*
 * After a restart: goes on where the stream says, and writes the indices that a
 * killed predecessor may not have; or, if the page is further on than that,
 * because another daemon served it meanwhile, adopts what it says.
 */
void ring_resume(struct xenstore_domain_interface *r, struct stream *s);

/* Bytes moved, or -1: the guest's index makes no sense. */
ssize_t ring_receive(struct xenstore_domain_interface *r, struct stream *s);
ssize_t ring_send(struct xenstore_domain_interface *r, struct stream *s);

/* Whether the guest asks for a new start, and the end of one. */
bool ring_wants_reset(const struct xenstore_domain_interface *r);
void ring_reset_done(struct xenstore_domain_interface *r);
void ring_show_error(struct xenstore_domain_interface *r, uint32_t error);

#endif /* HVXSTORED_RING_H */
