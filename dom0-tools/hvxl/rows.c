/* SPDX-License-Identifier: MIT */
/* Domains collected for tables: what the hypervisor says, and their names. */
#include "rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "hvxl.h"

static unsigned int rows_all(struct dom_row **rows)
{
	struct xen_domctl_getdomaininfo *list;
	unsigned int i, n = domain_list(&list);
	char **names = xalloc(n, sizeof(*names));

	*rows = xalloc(n, sizeof(**rows));
	domain_names(list, n, names);
	for (i = 0; i < n; i++) {
		(*rows)[i].info = list[i];
		(*rows)[i].name = names[i] ? names[i] : xstrdup("(null)");
	}
	free(names);
	free(list);
	return n;
}

static void row_one(struct dom_row *row, const char *who, const char *what)
{
	uint32_t domid = domain_find(who);

	if (!hvctl_domain_info(hv(), domid, &row->info)) {
		row->name = domain_name_shown(domid);
		return;
	}
	if (errno != ESRCH)
		die("%s: domain %u: %s", what, domid, strerror(errno));
	/* The words that scripts know. */
	tell("Error: Domain '%s' does not exist.", who);
	die("`%s list` shows those there are", hvxl.prog);
}

unsigned int rows_collect(struct dom_row **rows, const char *what, char **who,
			  unsigned int n)
{
	unsigned int i;

	if (!n)
		return rows_all(rows);
	*rows = xalloc(n, sizeof(**rows));
	for (i = 0; i < n; i++)
		row_one(&(*rows)[i], who[i], what);
	return n;
}

void dom_rows_free(struct dom_row *rows, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		free(rows[i].name);
		free(rows[i].pool);
		free(rows[i].nodes);
	}
	free(rows);
}
