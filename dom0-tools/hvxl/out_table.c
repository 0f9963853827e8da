/* SPDX-License-Identifier: MIT */
/*
 * Tables of domains and of the machine, in the columns that xl prints: what
 * reads xl's output reads ours. Widths and words are a contract
 * (tests/machine/test_hvxl.py compares them with xl's).
 */
#include "out.h"

#include <stdlib.h>
#include <string.h>
#include <abi/sched.h>
#include "hvxl.h"

#define MIB_OF_PAGES(pages)	((unsigned long)((pages) >> 8))

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

void uuid_text(const xen_domain_handle_t handle, char text[37])
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		text += sprintf(text, "%s%02x",
				i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
				handle[i]);
}

/* Why a domain is shut down; of one that isn't, poweroff's 0. */
static unsigned int shutdown_reason(uint32_t flags)
{
	if (!(flags & XEN_DOMINF_shutdown))
		return SHUTDOWN_poweroff;
	return flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
}

void state_text(uint32_t flags, char text[7])
{
	static const char letters[] = "-rscwS";
	unsigned int reason = shutdown_reason(flags);

	text[0] = flags & XEN_DOMINF_running ? 'r' : '-';
	text[1] = flags & XEN_DOMINF_blocked ? 'b' : '-';
	text[2] = flags & XEN_DOMINF_paused ? 'p' : '-';
	text[3] = flags & XEN_DOMINF_shutdown ? 's' : '-';
	text[4] = reason < sizeof(letters) - 1 ? letters[reason] : '?';
	text[5] = flags & XEN_DOMINF_dying ? 'd' : '-';
	text[6] = 0;
}

static void list_row(FILE *out, const struct dom_row *row, unsigned int columns)
{
	const struct xen_domctl_getdomaininfo *d = &row->info;
	char state[7], uuid[37];

	state_text(d->flags, state);
	fprintf(out, "%-40s %5d %5lu %5d     %s  %8.1f", row->name, d->domain,
		MIB_OF_PAGES(d->tot_pages + d->outstanding_pages),
		d->nr_online_vcpus, state, d->cpu_time / 1e9);
	if (columns & LIST_VERBOSE) {
		uuid_text(d->handle, uuid);
		fprintf(out, " %s", uuid);
		if (d->flags & XEN_DOMINF_shutdown)
			fprintf(out, " %8x", shutdown_reason(d->flags));
		else
			fprintf(out, " %8s", "-");
	}
	/* No security module, no labels. */
	if (columns & (LIST_VERBOSE | LIST_LABEL))
		fprintf(out, " %16s", "-");
	if (columns & LIST_POOL)
		fprintf(out, "%16s", row->pool ? row->pool : "");
	if (columns & LIST_NODES)
		fprintf(out, " %s", row->nodes ? row->nodes : "-");
	fputc('\n', out);
}

void table_list(FILE *out, const struct dom_row *rows, unsigned int n,
		unsigned int columns)
{
	unsigned int i;

	fprintf(out, "%-40s %5s %5s %5s\tState\tTime(s)", "Name", "ID", "Mem",
		"VCPUs");
	if (columns & LIST_VERBOSE)
		fputs("   UUID                            Reason-Code\t"
		      "Security Label", out);
	else if (columns & LIST_LABEL)
		fputs("   Security Label", out);
	if (columns & LIST_POOL)
		fprintf(out, "%16s", "Cpupool");
	if (columns & LIST_NODES)
		fputs(" NODE Affinity", out);
	fputc('\n', out);
	for (i = 0; i < n; i++)
		list_row(out, &rows[i], columns);
}

/* ---- sets of CPUs and nodes ---- */

static bool in_set(const uint8_t *bits, unsigned int i)
{
	return bits[i / 8] >> i % 8 & 1;
}

char *set_text(const uint8_t *bits, unsigned int max)
{
	char *text = xstrdup(""), *more;
	unsigned int first, last, members = 0;

	for (first = 0; first < max; first = last + 1) {
		last = first;
		if (!in_set(bits, first))
			continue;
		while (last + 1 < max && in_set(bits, last + 1))
			last++;
		members += last - first + 1;
		if (first == last)
			more = xformat("%s%s%u", text, *text ? "," : "", first);
		else
			more = xformat("%s%s%u-%u", text, *text ? "," : "",
				       first, last);
		free(text);
		text = more;
	}
	if (members && members < max)
		return text;
	free(text);
	return xstrdup(members ? "all" : "none");
}
