/* SPDX-License-Identifier: MIT */
/*
 * The socket by which clients look at consoles.
 *
 * A client says `attach DOMID [POS]` and a newline: a domain's number, and from
 * which byte of its output on (as much of the last 64 KiB as there is, if it
 * doesn't say). The answer is a line, `ok START` or `error WHY`; START is the
 * number of the first byte that follows. After ok both ways are the console's
 * bytes, nothing else, until the guest ends: then the connection does.
 *
 * A domain without a console yet gets one soon: the answer comes when it has.
 */
#ifndef HVXCONSOLED_ATTACH_H
#define HVXCONSOLED_ATTACH_H

#include "console.h"

struct attach;

/* Serves a socket at path. NULL and errno. */
struct attach *attach_open(struct consoles *all, const char *path,
			   bool (*there)(void *arg, uint32_t domid), void *arg);
void attach_close(struct attach *a);
/* Consoles, or domains, have come or gone: looks again at who waits. */
void attach_look(struct attach *a);

#endif /* HVXCONSOLED_ATTACH_H */
