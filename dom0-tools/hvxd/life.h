/* SPDX-License-Identifier: MIT */
/*
 * What follows when a domain has shut down: policy.c decides (a function of its
 * arguments), life.c does it.
 */
#ifndef HVXD_LIFE_H
#define HVXD_LIFE_H

#include "hvxd.h"

enum life_act { LIFE_KEEP, LIFE_DESTROY, LIFE_RESTART, LIFE_RENAME_RESTART };

struct life_verdict {
	enum life_act act;
	int64_t delay;			/* ms until the restart */
	const char *note;		/* what isn't as was asked; or NULL */
};

/*
 * reason: SHUTDOWN_*. now, restarted: ms, of the same clock; restarted 0: never.
 * interval: s; a restart follows the one before not sooner, so that a guest that
 * can't start doesn't keep dom0 busy. The first one comes at once.
 */
struct life_verdict life_decide(const struct guest_config *c,
				unsigned int reason, int64_t now,
				int64_t restarted, unsigned int interval);
/* "poweroff", ...: as shown to people and programs. */
const char *life_reason_name(unsigned int reason);
/* A name that is free, for a domain that is put aside: NAME-1, NAME-2, ... */
void life_free_name(struct hvxd *hd, const char *name, char *buf, size_t size);

/* The hypervisor says that d has shut down. */
void life_shutdown(struct dom *d, unsigned int reason);
/* Starts it (again) from its configuration; its end is behind it. */
void life_start_again(struct dom *d);
/* A former hvxd was about to: its old domain, if it is there, ends first. */
void life_resume_restart(struct dom *d);
/* Its end, without a restart; r may be NULL. */
void life_destroy(struct dom *d, struct request *r, const char *why);
/* Off the table and the disk. */
void life_forget(struct dom *d);

#endif /* HVXD_LIFE_H */
