/* SPDX-License-Identifier: MIT */
/* A configuration from a file, the command line and xl.conf. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include "hvxl.h"
#include "machine.h"

#define XL_CONF	"/etc/xen/xl.conf"

/* Later settings win: those of the command line over the file's. */
static int parse(struct cfg_tree *tree, const char *file, char **settings,
		 unsigned int count, struct cfg_notes *notes)
{
	unsigned int i;
	int rc = cfg_parse_file(tree, file, notes);

	for (i = 0; i < count; i++)
		rc |= cfg_parse_arg(tree, settings[i], notes);
	return rc;
}

static int add_xl_conf(struct guest_config *config,
		       const struct cfg_host *host, struct cfg_notes *notes)
{
	struct xl_conf conf;
	int rc = xl_conf_read(XL_CONF, &conf, notes);

	if (!rc)
		rc = xl_conf_apply(&conf, host, config, notes);
	xl_conf_free(&conf);
	return rc;
}

int config_read(const char *file, char **settings, unsigned int count,
		bool warnings, struct guest_config *out)
{
	struct cfg_notes notes = { 0 };
	struct cfg_tree tree = { 0 };
	struct cfg_host host;
	int rc;

	guest_config_init(out);
	machine_read(&host);
	rc = parse(&tree, file, settings, count, &notes);
	/* Even if some of it couldn't be read, so that all mistakes are told. */
	rc |= cfg_apply(&tree, &host, out, &notes);
	if (!rc)
		rc = add_xl_conf(out, &host, &notes);
	fflush(stdout);
	cfg_notes_print(&notes, warnings, stderr);
	if (rc) {
		fail("%s: %u mistake%s; nothing was done", file, notes.errors,
		     notes.errors == 1 ? "" : "s");
		guest_config_free(out);
	}
	cfg_notes_free(&notes);
	cfg_tree_free(&tree);
	machine_free(&host);
	return rc ? 1 : 0;
}
