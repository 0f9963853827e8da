/* SPDX-License-Identifier: MIT */
/* uptime, vm-list and claims: lists of domains with one fact each. */
#include "cmds.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "args.h"
#include "hvxl.h"
#include "rows.h"

const struct option_def uptime_options[] = {
	{ 's', "short", NULL, "A short form, without seconds" },
	{ 0 }
};

static long seconds_of_dom0(void)
{
	FILE *f = fopen("/proc/uptime", "re");
	double seconds = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%lf", &seconds) != 1)
		seconds = -1;
	fclose(f);
	return seconds;
}

/* Who started the domain wrote when: seconds since 1970, with a fraction. */
static long seconds_since_start(const xen_domain_handle_t handle, time_t now)
{
	char uuid[37], *text, *end;
	long started;

	uuid_text(handle, uuid);
	text = store_get("/vm/%s/start_time", uuid);
	if (!text)
		return -1;
	started = strtol(text, &end, 10);
	if (end == text || started < 0 || started > now)
		started = now + 1;
	free(text);
	return now - started;
}

int cmd_uptime(int argc, char **argv)
{
	struct uptime_row *times;
	struct dom_row *rows;
	bool shorter = false;
	time_t now = time(NULL);
	unsigned int i, n;
	const char *arg;
	char **rest, clock[16];
	struct tm tm;
	int c, rc = 0;

	while ((c = args_next(argc, argv, &arg)) >= 0)
		shorter |= c == 's';
	n = args_rest(argc, argv, 0, argc, &rest);
	n = rows_collect(&rows, "uptime", rest, n);
	times = xalloc(n, sizeof(*times));
	for (i = 0; i < n; i++) {
		times[i].name = rows[i].name;
		times[i].domid = rows[i].info.domain;
		times[i].seconds = !times[i].domid ? seconds_of_dom0() :
			seconds_since_start(rows[i].info.handle, now);
	}
	strftime(clock, sizeof(clock), "%H:%M:%S", localtime_r(&now, &tm));
	if (hvxl.json)
		rc = json_print(stdout, json_uptime(times, n));
	else if (shorter)
		table_uptime_short(stdout, times, n, clock);
	else
		table_uptime(stdout, times, n);
	free(times);
	dom_rows_free(rows, n);
	return rc;
}

typedef void table_fn(FILE *out, const struct dom_row *rows, unsigned int n);

static int all_domains(int argc, char **argv, table_fn *table)
{
	struct dom_row *rows;
	unsigned int n;
	char **rest;
	int rc = 0;

	args_plain(argc, argv, 0, 0, &rest);
	n = rows_collect(&rows, argv[0], NULL, 0);
	if (hvxl.json)
		rc = json_print(stdout, json_list(rows, n));
	else
		table(stdout, rows, n);
	dom_rows_free(rows, n);
	return rc;
}

int cmd_vm_list(int argc, char **argv)
{
	return all_domains(argc, argv, table_vms);
}

int cmd_claims(int argc, char **argv)
{
	return all_domains(argc, argv, table_claims);
}
