/* SPDX-License-Identifier: MIT */
/*
 * Memory that one guest granted: mapped, or copied. A grant reference is the
 * guest's word; what is wrong with it comes out here as an error, never as an
 * address. Tests link another implementation, of plain memory.
 */
#ifndef BACKENDS_GRANTS_H
#define BACKENDS_GRANTS_H

#include <stdbool.h>
#include <stdint.h>

#define GRANT_PAGE	4096

struct grants;

struct grant_copy {
	void *local;			/* may cross pages */
	uint32_t ref;
	uint16_t offset, len;		/* within the granted page */
	bool to_guest;
	bool failed;			/* set by grants_copy */
};

/* Opens the grant device, for grants of this domain only. NULL and errno. */
struct grants *grants_open(uint32_t domid);
void grants_close(struct grants *g);

/* Pages side by side, in the order of refs. NULL and errno: none is mapped. */
void *grants_map(struct grants *g, const uint32_t *refs, unsigned int count,
		 bool writable);
void grants_unmap(struct grants *g, void *at, unsigned int count);

/* Runs all copies, each of which has then failed or is done. */
void grants_copy(struct grants *g, struct grant_copy *ops, unsigned int count);

#endif /* BACKENDS_GRANTS_H */
