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

void uuid_text(const xen_domain_handle_t handle, char text[37])
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		text += sprintf(text, "%s%02x",
				i == 4 || i == 6 || i == 8 || i == 10
				? "-" : "", handle[i]);
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

/* What all lists of domains begin with. */
static void list_start(FILE *out, const struct dom_row *row)
{
	const struct xen_domctl_getdomaininfo *d = &row->info;
	char state[7];

	state_text(d->flags, state);
	fprintf(out, "%-40s %5d %5lu %5d     %s  %8.1f", row->name, d->domain,
		MIB_OF_PAGES(d->tot_pages + d->outstanding_pages),
		d->nr_online_vcpus, state, d->cpu_time / 1e9);
}

static void list_head(FILE *out)
{
	fprintf(out, "%-40s %5s %5s %5s\tState\tTime(s)", "Name", "ID", "Mem",
		"VCPUs");
}

static void list_row(FILE *out, const struct dom_row *row, unsigned int columns)
{
	const struct xen_domctl_getdomaininfo *d = &row->info;
	char uuid[37];

	list_start(out, row);
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

	list_head(out);
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

void table_claims(FILE *out, const struct dom_row *rows, unsigned int n)
{
	unsigned int i;

	list_head(out);
	fputs("  Claimed\n", out);
	for (i = 0; i < n; i++) {
		list_start(out, &rows[i]);
		fprintf(out, " %5lu\n",
			MIB_OF_PAGES(rows[i].info.outstanding_pages));
	}
}

void table_vms(FILE *out, const struct dom_row *rows, unsigned int n)
{
	unsigned int i;

	fputs("UUID                                  ID    name\n", out);
	for (i = 0; i < n; i++) {
		char uuid[37];

		uuid_text(rows[i].info.handle, uuid);
		fprintf(out, "%s  %d    %-30s\n", uuid, rows[i].info.domain,
			rows[i].name);
	}
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

/* ---- vCPUs ---- */

static void vcpu_row(FILE *out, const struct vcpu_row *row)
{
	const struct xen_domctl_getvcpuinfo *v = &row->info;
	char running = v->running ? 'r' : '-';
	char blocked = v->blocked ? 'b' : '-';

	fprintf(out, "%-32s %5u %5u", row->name, row->domid, v->vcpu);
	if (v->online)
		fprintf(out, "%5u %3c%c- ", v->cpu, running, blocked);
	else
		fprintf(out, "%5c %3c%cp ", '-', running, blocked);
	fprintf(out, "%9.1f  %s / %s\n", v->cpu_time / 1e9, row->hard,
		row->soft);
}

void table_vcpus(FILE *out, const struct vcpu_row *rows, unsigned int n)
{
	unsigned int i;

	fprintf(out, "%-32s %5s %5s %5s %5s %9s %s\n", "Name", "ID", "VCPU",
		"CPU", "State", "Time(s)", "Affinity (Hard / Soft)");
	for (i = 0; i < n; i++)
		vcpu_row(out, &rows[i]);
}

/* ---- the credit scheduler ---- */

void table_credit_pool(FILE *out, const char *pool,
		       const struct xen_sysctl_credit_schedule *s)
{
	fprintf(out, "Cpupool %s: tslice=%dms ratelimit=%dus "
		"migration-delay=%dus\n", pool, s->tslice_ms, s->ratelimit_us,
		s->vcpu_migr_delay_us);
}

void table_credit(FILE *out, const struct dom_row *rows, unsigned int n)
{
	unsigned int i;

	fprintf(out, "%-33s %4s %6s %4s\n", "Name", "ID", "Weight", "Cap");
	for (i = 0; i < n; i++)
		fprintf(out, "%-33s %4d %6d %4d\n", rows[i].name,
			rows[i].info.domain, rows[i].credit.weight,
			rows[i].credit.cap);
}
