/* SPDX-License-Identifier: MIT */
/* Tables of uptimes and of CPU pools, in xl's columns. */
#include "out.h"

#include "hvxl.h"
#include "pools.h"

/* "2 days,  0:03:31"; short without seconds. */
static void time_text(char *text, size_t size, long seconds, bool shorter)
{
	long days = seconds / 86400, hours = seconds / 3600 % 24;
	long minutes = seconds / 60 % 60;
	int n = 0;

	if (days)
		n = snprintf(text, size, "%ld day%s, ", days,
			     days > 1 ? "s" : "");
	if (shorter)
		snprintf(text + n, size - n, "%2ld:%02ld", hours, minutes);
	else
		snprintf(text + n, size - n, "%2ld:%02ld:%02ld", hours,
			 minutes, seconds % 60);
}

void table_uptime(FILE *out, const struct uptime_row *rows, unsigned int n)
{
	unsigned int i;
	char text[64];

	fprintf(out, "%-33s %4s %s\n", "Name", "ID", "Uptime");
	for (i = 0; i < n; i++) {
		if (rows[i].seconds < 0)
			snprintf(text, sizeof(text), " -");
		else
			time_text(text, sizeof(text), rows[i].seconds, false);
		fprintf(out, "%-33s %4d %s\n", rows[i].name, rows[i].domid,
			text);
	}
}

void table_uptime_short(FILE *out, const struct uptime_row *rows,
			unsigned int n, const char *clock)
{
	unsigned int i;
	char text[64];

	for (i = 0; i < n; i++) {
		if (rows[i].seconds < 0)
			continue;
		time_text(text, sizeof(text), rows[i].seconds, true);
		fprintf(out, " %s up %s, %s (%d)\n", clock, text, rows[i].name,
			rows[i].domid);
	}
}

void table_pools(FILE *out, const struct pool *pools, unsigned int n)
{
	unsigned int i;

	fprintf(out, "%-19sCPUs   Sched     Active   Domain count\n", "Name");
	for (i = 0; i < n; i++)
		fprintf(out, "%-19s%3d %9s       y       %4d\n", pools[i].name,
			pool_cpu_count(&pools[i]), sched_name(pools[i].sched),
			pools[i].domains);
}

void table_pool_cpus(FILE *out, const struct pool *pools, unsigned int n)
{
	unsigned int i, cpu;

	fprintf(out, "%-19sCPU list\n", "Name");
	for (i = 0; i < n; i++) {
		const char *before = "";

		fprintf(out, "%-19s", pools[i].name);
		for (cpu = 0; cpu < POOL_CPUS; cpu++) {
			if (!pool_has_cpu(&pools[i], cpu))
				continue;
			fprintf(out, "%s%u", before, cpu);
			before = ",";
		}
		fputc('\n', out);
	}
}
