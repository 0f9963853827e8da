/* SPDX-License-Identifier: MIT */
/*
 * A domain's devices as the store has them: the toolstack's own nodes below
 * /libxl/N/device say which there are and where their ends are; the rest is
 * what the guest and the backend wrote for each other.
 */
#ifndef HVXL_DEVICES_H
#define HVXL_DEVICES_H

#include <stdint.h>

struct device {
	uint32_t id;
	char *backend;		/* path of the backend's node, to be freed */
	uint32_t backend_domid;
	/* -1: not there, or not a number. The guest's word: never trusted, and
	 * so never printed as it stands. */
	int handle, state, channel, ring, tx_ring, rx_ring;
	char mac[18];		/* canonical; empty if there is none */
};

/* Of kind ("vbd", "vif"), ascending by id; the count. */
unsigned int devices_list(uint32_t domid, const char *kind,
			  struct device **out);
void devices_free(struct device *list, unsigned int n);

#endif /* HVXL_DEVICES_H */
