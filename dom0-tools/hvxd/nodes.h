/* SPDX-License-Identifier: MIT */
/*
 * A domain's nodes in the store: as libxl lays them out, so that libxl's tools,
 * the guest's kernel and the console daemon find them. All of a domain's nodes
 * come in one transaction, and go in one.
 */
#ifndef HVXD_NODES_H
#define HVXD_NODES_H

#include "hvxd.h"

struct rings {
	uint32_t store_port, console_port;
	unsigned long store_mfn, console_mfn;
};

/* 0, or -1 and errno: then none is there. */
int nodes_write(struct dom *d, const struct rings *r);
/* Also of devices, in dom0's part. uuid may be "". */
int nodes_remove(struct store *s, uint32_t domid, const char *uuid);
/* Another name (and for a domain that was put aside, another UUID). */
int nodes_rename(struct dom *d, const char *name, const char *uuid);
/* What dom0 needs, where it isn't there yet. */
int nodes_init_dom0(struct hvxd *hd);
/* Below the domain's home; "" if it isn't there. size bytes. */
void nodes_read(struct hvxd *hd, uint32_t domid, const char *node, char *buf,
		unsigned int size);
/* Of n domains by one exchange with the store: NULL where it isn't, else to be
 * freed. -1: no memory. */
int nodes_read_all(struct hvxd *hd, const uint32_t *domids, unsigned int n,
		   const char *node, char **values);
int nodes_set(struct hvxd *hd, uint32_t domid, const char *node,
	      const char *value);

#endif /* HVXD_NODES_H */
