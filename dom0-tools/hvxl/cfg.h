/* SPDX-License-Identifier: MIT */
/*
 * xl.cfg: from text to a description of a guest.
 *
 *	text --cfg_parse--> struct cfg_tree    what was assigned, and where
 *	     --cfg_apply--> struct guest_config    what it means
 *	     --guest_to_json--> the JSON that hvxd takes and xl prints
 *
 * Nothing here prints or exits: what is wrong is noted in struct cfg_notes,
 * each note with the source and the line that caused it, and reading goes on,
 * so that one run finds all mistakes of a file.
 */
#ifndef HVXL_CFG_H
#define HVXL_CFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <common/guest.h>

/* ---- what is wrong ---------------------------------------------------- */

enum cfg_level { CFG_WARNING, CFG_ERROR };

struct cfg_note {
	enum cfg_level level;
	char *source;		/* file name, or "command line" */
	unsigned int line;	/* from 1; 0: of the source as a whole */
	char *text;		/* "key: what was expected, what was found" */
};

#define CFG_NOTES_MAX	100

struct cfg_notes {
	struct cfg_note *list;	/* as they are to be printed */
	unsigned int count;
	unsigned int errors;	/* those that weren't kept included */
	bool full;		/* more were found than are kept */
};

/* Where something stands. */
struct cfg_place {
	const char *source;
	unsigned int line;
};

void cfg_note(struct cfg_notes *notes, enum cfg_level level,
	      struct cfg_place at, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* A line for each, in the order of the sources' lines:
 * SOURCE:LINE: TEXT, or SOURCE:LINE: warning: TEXT. */
void cfg_notes_print(const struct cfg_notes *notes, bool warnings, FILE *out);
void cfg_notes_free(struct cfg_notes *notes);

/* ---- text to assignments ---------------------------------------------- */

enum cfg_type { CFG_NUMBER, CFG_STRING, CFG_LIST };

struct cfg_value {
	enum cfg_type type;
	char *text;		/* of a number as it was written */
	struct cfg_value **items;
	unsigned int count;
	struct cfg_place at;	/* its source belongs to the tree */
};

struct cfg_entry {
	char *key;
	struct cfg_place at;
	struct cfg_value *value;
};

struct cfg_tree {
	struct cfg_entry *entries;	/* one a key */
	unsigned int count;
	char **sources;
	unsigned int source_count;
};

/*
 * Adds the assignments of len bytes of text to tree; a later one of the same
 * key replaces an earlier one (from the same source: with a warning), +=
 * extends it.  Only with errors noted does tree lack assignments.  source
 * is copied.  -1: notes has errors.
 */
int cfg_parse(struct cfg_tree *tree, const char *source, const char *text,
	      size_t len, struct cfg_notes *notes);
/* The same of a file, - for standard input; one that can't be read is an
 * error, too. */
int cfg_parse_file(struct cfg_tree *tree, const char *path,
		   struct cfg_notes *notes);
/* The same of an argument like memory=256 or 'name="x"'. */
int cfg_parse_arg(struct cfg_tree *tree, const char *arg,
		  struct cfg_notes *notes);
const struct cfg_entry *cfg_find(const struct cfg_tree *tree, const char *key);
void cfg_tree_free(struct cfg_tree *tree);

/* What the machine has, as far as it is known. */
struct cfg_host {
	unsigned int cpus;		/* 0: unknown */
	const uint32_t *node_of_cpu;	/* NULL: unknown; ~0: no such CPU */
};

/*
 * Says what tree means.  With errors noted (-1) out may still be freed, but
 * not used.  To be called even after errors of cfg_parse, so that they are told
 * together.  host may be NULL.
 */
int cfg_apply(const struct cfg_tree *tree, const struct cfg_host *host,
	      struct guest_config *out, struct cfg_notes *notes);

/* Each key that is understood, one line each: "key  kind  help". */
void cfg_keys_print(FILE *out);

/* ---- specs, also taken by block-attach, network-attach and vcpu-pin ---- */

/*
 * Each parses text into *out and returns 0, or -1 with an explanation in why
 * (of size CFG_WHY): what was expected, what was found.  A success may leave
 * a warning in why (otherwise "").  out is to be freed in either case.
 */
#define CFG_WHY GUEST_WHY

int cfg_parse_disk(const char *text, struct guest_disk *out, char *why);
int cfg_parse_vif(const char *text, struct guest_vif *out, char *why);
/* host may be NULL: then all and nodes are refused. */
int cfg_parse_cpus(const char *text, const struct cfg_host *host,
		   struct guest_cpus *out, char *why);

/* ---- /etc/xen/xl.conf ------------------------------------------------- */

struct xl_conf {
	char *vif_script, *vif_bridge, *vif_backend, *vif_gatewaydev;
	char *lockfile;
	bool output_sxp, run_hotplug_scripts, claim;
	char *cpumask, *pv_cpumask;	/* cpu lists; NULL: none */
	int max_grant_frames, max_maptrack_frames;	/* -1: not said */
};

/* A missing file gives the defaults. -1: notes has errors. */
int xl_conf_read(const char *path, struct xl_conf *out,
		 struct cfg_notes *notes);
/* Puts its defaults where config says nothing, and keeps vCPUs within its
 * CPU masks.  -1: notes has errors. */
int xl_conf_apply(const struct xl_conf *conf, const struct cfg_host *host,
		  struct guest_config *config, struct cfg_notes *notes);
void xl_conf_free(struct xl_conf *conf);

#endif /* HVXL_CFG_H */
