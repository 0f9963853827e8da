/* SPDX-License-Identifier: MIT */
/*
 * Classic hotplug scripts (script= of a card): what is done with a tap is
 * theirs. They are called as xl calls them, and are over when they exit.
 */
#ifndef HVXD_HOTPLUG_H
#define HVXD_HOTPLUG_H

#include <stddef.h>
#include <stdint.h>
#include <common/loop.h>

/* A script's path: a bare name is one of /etc/xen/scripts. */
void hotplug_path(const char *script, char *path, size_t size);

struct hotplug_card {
	const char *script;		/* as configured */
	const char *tap, *gatewaydev;	/* gatewaydev: may be NULL */
	uint32_t domid, device;
};

/* From the loop. why NULL: it exited with 0; else how it ended. */
typedef void hotplug_done_fn(void *arg, const char *why);

/* action: "online" or "offline". It has HOTPLUG_S seconds. 0, or -1 and
 * errno. */
#define HOTPLUG_S	40
int hotplug_run(struct loop *l, const struct hotplug_card *c,
		const char *action, hotplug_done_fn *done, void *arg);

#endif /* HVXD_HOTPLUG_H */
