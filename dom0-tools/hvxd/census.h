/* SPDX-License-Identifier: MIT */
/*
 * What the hypervisor says about domains, against what the table says. Runs
 * when the store tells that a domain came or ended, and now and then besides.
 */
#ifndef HVXD_CENSUS_H
#define HVXD_CENSUS_H

#include "hvxd.h"

/* After state_load: goes on with what a former hvxd had under way. */
void census_start(struct hvxd *hd);
void census_run(struct hvxd *hd);
/* The store says that a domain came, or else that something changed: when the
 * caller's work is done, hd->census is due. */
void census_wanted(struct hvxd *hd, bool came);
/* It is: looks at those that came, or at all if that is wanted or long ago. */
void census_due(struct hvxd *hd);
/* Others' domains may have been renamed by others. */
void census_names(struct hvxd *hd);

#endif /* HVXD_CENSUS_H */
