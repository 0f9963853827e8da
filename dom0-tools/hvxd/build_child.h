/* SPDX-License-Identifier: MIT */
/* The building of a guest's memory, in a child process (job.h). */
#ifndef HVXD_BUILD_CHILD_H
#define HVXD_BUILD_CHILD_H

#include "hvxd.h"
#include "nodes.h"

struct build_child;

/* f NULL: r's frames are filled in. From the loop. */
typedef void build_done_fn(void *arg, const struct fault *f,
			   const struct rings *r);

/* r: the ports. NULL: f says why it can't be started. */
struct build_child *build_start(struct dom *d, const struct rings *r,
				build_done_fn *done, void *arg,
				struct fault *f);
/* done isn't called. */
void build_kill(struct build_child *b);

#endif /* HVXD_BUILD_CHILD_H */
