/* SPDX-License-Identifier: MIT */
/* top: what domains use; on a terminal live, with -b as tables. */
#include "cmds.h"

#include <stdlib.h>
#include <time.h>
#include "args.h"
#include "hvxl.h"
#include "out.h"
#include "top.h"

const struct option_def top_option_defs[] = {
	{ 'b', "batch", NULL, "Print tables, one after the other" },
	{ 'i', "iterations", "N", "End after N tables" },
	{ 'd', "delay", "SECONDS", "Time between two looks (3)" },
	{ 'f', "full-name", NULL,
	  "Names in full, not their first ten letters" },
	{ 'n', "networks", NULL, "Each network card, too" },
	{ 'x', "vbds", NULL, "Each disk, too" },
	{ 'v', "vcpus", NULL, "Each VCPU, too" },
	{ 'r', "repeat-header", NULL, "The header before each domain" },
	{ 'z', "no-dom0", NULL, "Without domain 0" },
	{ 0 }
};

static double seconds(const char *text)
{
	char *end;
	double s = strtod(text, &end);

	if (end == text || *end || !(s >= 0.1 && s <= 86400))
		die("top: a delay is a number of seconds from 0.1 on, not %s",
		    text);
	return s;
}

static struct top_options read_options(int argc, char **argv)
{
	struct top_options o = { .delay = 3 };
	const char *arg;
	char **rest;
	int c;

	while ((c = args_next(argc, argv, &arg)) >= 0) {
		o.batch |= c == 'b';
		o.full_name |= c == 'f';
		o.nics |= c == 'n';
		o.disks |= c == 'x';
		o.vcpus |= c == 'v';
		o.repeat_header |= c == 'r';
		o.no_dom0 |= c == 'z';
		if (c == 'd')
			o.delay = seconds(arg);
		if (c == 'i' && (!parse_number(arg, UINT32_MAX,
					       &o.iterations) ||
				 !o.iterations))
			die("top: -i takes a number from 1 on, not %s", arg);
	}
	args_rest(argc, argv, 0, 0, &rest);
	return o;
}

static void wait_for(double s)
{
	struct timespec t = { s, (s - (long)s) * 1e9 };

	nanosleep(&t, NULL);
}

static int top_batch(struct top_options *o)
{
	struct top_sample now = { 0 }, before;
	/* A program that asks once wants shares, not zeroes: two looks. */
	const bool once = hvxl.json && !o->batch;
	unsigned long i;
	int rc = 0;

	if (once)
		o->iterations = 2;

	for (i = 0; !o->iterations || i < o->iterations; i++) {
		if (i)
			wait_for(o->delay);
		before = now;
		top_sample_take(&now, i ? &before : NULL, o->vcpus);
		top_sample_free(&before);
		if (once && !i)
			continue;
		if (hvxl.json)
			rc = json_print(stdout, json_top(&now));
		else
			top_table(stdout, &now, o);
		/* Nobody reads any more. */
		if (fflush(stdout))
			break;
	}
	top_sample_free(&now);
	return rc;
}

int cmd_top(int argc, char **argv)
{
	struct top_options o = read_options(argc, argv);

	if (o.batch || hvxl.json)
		return top_batch(&o);
	return top_view(&o);
}
