/* SPDX-License-Identifier: MIT */
/*
 * hvxd's memory on disk: a file for each domain, UUID.json in the state folder,
 * written whole under another name and renamed, so that it is always whole.
 * What it says is what was wanted; the truth is the hypervisor's.
 */
#ifndef HVXD_STATE_H
#define HVXD_STATE_H

#include "hvxd.h"

/* Makes the folder. -1 and errno. */
int state_prepare(const char *folder);
/* -1 and errno: nothing changed. Foreign domains have no file. */
int state_write(const struct dom *d);
/* No file is fine. */
void state_remove(const struct hvxd *hd, const char *uuid);
/*
 * Each file as a domain in the table: its domid and state as they were. Files
 * that can't be read are logged, and renamed to UUID.json.bad; half-written
 * ones are removed. The number of domains.
 */
unsigned int state_load(struct hvxd *hd);
/* One file's text as a domain in the table; NULL: why is filled in. */
struct dom *state_parse(struct hvxd *hd, const char *text, char *why);

#endif /* HVXD_STATE_H */
