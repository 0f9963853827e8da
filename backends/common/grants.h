/* SPDX-License-Identifier: MIT */
/*
 * Memory that one guest granted: mapped, or copied. A grant reference is the
 * guest's word; what is wrong with it comes out here as an error, never as an
 * address. Tests link another implementation, of plain memory.
 */
#ifndef BACKENDS_GRANTS_H
#define BACKENDS_GRANTS_H

#include <stdbool.h>
#include <stddef.h>
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

/* Memory from a page's start, bytes a multiple of a page, for the near side of
 * copies: these are cheaper in it than elsewhere, where the kernel can share its
 * pages (xen-gntalloc). Once only; it stays until grants_close. NULL: no memory. */
void *grants_area(struct grants *g, size_t bytes);
/* Runs all copies, each of which has then failed or is done. */
void grants_copy(struct grants *g, struct grant_copy *ops, unsigned int count);

#endif /* BACKENDS_GRANTS_H */
