/* SPDX-License-Identifier: MIT */
/*
 * A domain's making, step by step (create.c lists them). A step that fails, and
 * a cancelled create, are followed by the end of what there is (end.h), so that
 * nothing stays: no domain, node, file, process, memory.
 */
#ifndef HVXD_CREATE_H
#define HVXD_CREATE_H

#include "hvxd.h"

/* f NULL: it runs, or is paused as asked. Else nothing is left of it but d
 * itself, which is then the callee's to free or keep. */
typedef void create_done_fn(struct dom *d, const struct fault *f, void *arg);

/* d is in the table with its configuration whole, and state DOM_BUILDING. r gets
 * the progress and isn't answered. done may come before this returns. */
void create_begin(struct dom *d, struct request *r, bool paused,
		  create_done_fn *done, void *arg);
/* Ends a create under way; done comes, with f. */
void create_cancel(struct dom *d, const struct fault *f);

/* check.c: what can be known before anything is made. 0, or -1 and f. */
int check_config(struct hvxd *hd, const struct guest_config *c,
		 struct fault *f);
/* Names are nodes' values and files' names. Of ours and of others' domains;
 * except: the one that may have it. */
int check_name(struct hvxd *hd, const char *name, const struct dom *except,
	       struct fault *f);
int check_memory(struct hvxd *hd, const struct guest_config *c,
		 struct fault *f);

#endif /* HVXD_CREATE_H */
