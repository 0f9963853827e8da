/* SPDX-License-Identifier: MIT */
/* The keys of xl.cfg: which there are, and what becomes of them. */
#ifndef HVXL_CFG_KEYS_H
#define HVXL_CFG_KEYS_H

#include <stddef.h>
#include "cfg.h"

enum key_kind {
	KEY_STRING,		/* a char * of the description */
	KEY_UINT,		/* an unsigned int */
	KEY_INT,		/* an int */
	KEY_MIB,		/* a uint64_t in KiB, written in MiB */
	KEY_BOOL,		/* an int: 0 or 1 */
	KEY_ACTION,		/* an enum guest_action */
	KEY_SPECIAL,		/* done by special */
	KEY_UNUSED,		/* xl has it; it has no meaning for PV guests */
	KEY_LATER,		/* xl has it, and it may be missed here */
};

struct apply {
	const struct cfg_tree *tree;
	const struct cfg_host *host;
	struct guest_config *out;
	struct cfg_notes *notes;
	bool complete;		/* the tree has all that was written */
	/* Which item of its list a disk, or a NIC, came from. */
	unsigned int disk_item[GUEST_DISKS_MAX], vif_item[GUEST_VIFS_MAX];
};

struct key {
	const char *name;
	enum key_kind kind;
	size_t at;		/* of the member in struct guest_config */
	long long min, max;	/* of a number */
	void (*special)(struct apply *a, const struct cfg_entry *e);
	const char *help;
	const char *same_as;	/* another name of that key */
};

extern const struct key cfg_keys[];		/* the last has no name */
const struct key *cfg_key(const char *name);
/* The key that is written most like name, NULL if none is alike. */
const char *cfg_key_like(const char *name);

/* Those that need more than a member. */
void apply_type(struct apply *a, const struct cfg_entry *e);
void apply_uuid(struct apply *a, const struct cfg_entry *e);
void apply_cmdline(struct apply *a, const struct cfg_entry *e);
void apply_bootloader(struct apply *a, const struct cfg_entry *e);
void apply_bootloader_args(struct apply *a, const struct cfg_entry *e);
void apply_cpus(struct apply *a, const struct cfg_entry *e);
void apply_disks(struct apply *a, const struct cfg_entry *e);
void apply_vifs(struct apply *a, const struct cfg_entry *e);
void apply_vscsis(struct apply *a, const struct cfg_entry *e);

/* What the above use; found_text fills buf (80 bytes). */
const char *found_text(const struct cfg_value *value, char *buf);
/* NULL, and an error noted, if value is a list. */
const char *value_text(struct apply *a, const char *key,
		       const struct cfg_value *value);
/* A copy of it; NULL, and an error noted, if there is none. */
char *value_dup(struct apply *a, const char *key,
		const struct cfg_value *value);
/* The texts of a list, or one text alone if single allows it; NULL and *count
 * 0 with an error noted if it is something else or has more than max. */
char **value_texts(struct apply *a, const struct cfg_entry *e, bool single,
		   unsigned int max, unsigned int *count);
void apply_error(struct apply *a, struct cfg_place at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void apply_warning(struct apply *a, struct cfg_place at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* HVXL_CFG_KEYS_H */
