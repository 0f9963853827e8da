/* SPDX-License-Identifier: MIT */
/* Event channels to one guest. Tests link another implementation. */
#ifndef BACKENDS_PORTS_H
#define BACKENDS_PORTS_H

#include <stdint.h>

struct ports;

/* Opens the device, and forbids it other domains. NULL and errno. */
struct ports *ports_open(uint32_t domid);
void ports_close(struct ports *p);
/* Readable when events are pending. */
int ports_fd(const struct ports *p);

/* Ties the guest's port to one of ours: its number, or -1 and errno. */
int ports_bind(struct ports *p, uint32_t remote);
void ports_unbind(struct ports *p, uint32_t port);
void ports_notify(struct ports *p, uint32_t port);
/* The next port with an event, masked from now on; -1: none. */
int ports_next(struct ports *p);
void ports_unmask(struct ports *p, uint32_t port);

#endif /* BACKENDS_PORTS_H */
