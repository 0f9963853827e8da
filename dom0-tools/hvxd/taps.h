/* SPDX-License-Identifier: MIT */
/*
 * Guests' taps (backends/bridge), held open by hvxd for as long as the cards
 * exist: a tap keeps its carrier and what waits in it while netback is started
 * again, and the next netback gets the same queues.
 *
 * A card with a script= is not tied to a bridge: the script does with its tap
 * what it does, once when it comes and once before it goes.
 */
#ifndef HVXD_TAPS_H
#define HVXD_TAPS_H

#include <stdbool.h>
#include <backends/bridge/bridge.h>
#include "hotplug.h"

struct hvxd;

/* Who is called, once, when a call that said "not yet" is to be made again. */
struct taps_again {
	void (*fn)(void *arg);
	void *arg;
};

/* A duplicate of each queue's descriptor, of a tap held or opened now: *fresh
 * says which. 0; 1: not yet; or -1, errno and why (BRIDGE_WHY bytes). */
int taps_get(struct hvxd *hd, const char *name, unsigned int queues,
	     int fd[BRIDGE_QUEUES], bool *fresh, const struct taps_again *again,
	     char *why);
/* Closes and deletes it, first of all by the card's script if script is set;
 * nobody waits for it any more. 0 too if it isn't there; -1 and why. */
int taps_delete(struct hvxd *hd, const char *name,
		const struct hotplug_card *script, char *why);
/* Runs the card's script for a tap that is held, unless it has been run.
 * 0: it ended well; 1: not yet; or -1, errno and why. */
int taps_online(struct hvxd *hd, const struct hotplug_card *c,
		const struct taps_again *again, char *why);

#endif /* HVXD_TAPS_H */
