/* SPDX-License-Identifier: MIT */
/*
 * Names of nodes. The store keeps absolute paths: "/", or components led by a
 * slash each, of letters, digits and "-_@". What clients send may be relative
 * to their domain's home, or one of the special names, which begin with '@'.
 */
#ifndef HVXSTORED_PATH_H
#define HVXSTORED_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <abi/io/xs_wire.h>

#define PATH_SIZE	(XENSTORE_ABS_PATH_MAX + 1)

/*
 * The absolute form of what a client of this domain sent; *prefix (may be
 * NULL): how many characters were put before it. 0, or EINVAL for what can't
 * name a node. Special names come out as they are.
 */
int path_resolve(char out[PATH_SIZE], const char *in, unsigned int domid,
		 size_t *prefix);

static inline bool path_is_special(const char *path)
{
	return *path == '@';
}

/* Length of the parent's path: 1 for that of "/x", 0 for "/" itself. */
size_t path_parent(const char *path, size_t len);

/*
 * Walks over components: *at starts as the path; gives the next component and
 * its length, or NULL after the last.
 */
const char *path_next(const char **at, size_t *len);

#endif /* HVXSTORED_PATH_H */
