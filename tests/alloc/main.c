/* SPDX-License-Identifier: MIT */
/*
 * allocsim TRACE...: what the policy makes of traces, beside a fixed split, and
 * with --svg FOLDER a drawing of each (by gnuplot).
 */
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include "model.h"

/* Guests that are drawn one by one. */
#define DRAWN	6

static const char usage[] =
"usage: allocsim [--svg FOLDER] TRACE...\n"
"Turns the allocator's policy on played hosts. Times are in seconds; a phase\n"
"lasts from one change of the guests' use to the next.\n"
"\n"
"  settle     from a phase's start to its last new target: mean and most\n"
"  unsettled  phases in which targets still moved in the last 5 s\n"
"  overshoot  most that a target of a guest that got more was above where it\n"
"             came to rest\n"
"  dip        most that a target was below where it began and came to rest\n"
"  Jain       fairness of what guests have of what they need, the least\n"
"  lost       work that waits for memory: policy, and a fixed split\n";

static struct model model;

static double fixed_lost(const char *path)
{
	FILE *f = fopen(path, "r");
	char why[128];

	if (!f || model_read(&model, f, why, sizeof(why)))
		exit(2);
	fclose(f);
	model.fixed = true;
	while (model_step(&model))
		;
	return model_lost(&model);
}

/* A row a second: the time, all free memory, and what each of the first has,
 * and uses. */
static void record(FILE *out)
{
	unsigned int i;

	if (!out || model.now % 1000)
		return;
	fprintf(out, "%g %g", model.now / 1e3, model_free(&model) / 1024.0);
	for (i = 0; i < model.guests && i < DRAWN; i++)
		fprintf(out, " %g %g", model.guest[i].g.current / 1024.0,
			model.guest[i].uses / 1024.0);
	fputc('\n', out);
}

static int draw(const char *data, const char *svg, const char *title)
{
	unsigned int i, n = model.guests < DRAWN ? model.guests : DRAWN;
	FILE *p = popen("gnuplot", "w");

	if (!p)
		return -1;
	fprintf(p, "set terminal svg size 800,480\nset output '%s'\n"
		"set title '%s'\nset xlabel 's'\nset ylabel 'MiB'\n"
		"set key outside\nplot '%s' using 1:2 with lines "
		"lc 'gray' title 'free'", svg, title, data);
	for (i = 0; i < n; i++)
		fprintf(p, ", '' using 1:%u with lines lc %u title 'guest %u',"
			" '' using 1:%u with lines lc %u dt 2 title 'uses'",
			3 + 2 * i, i + 1, i, 4 + 2 * i, i + 1);
	fputc('\n', p);
	return pclose(p) ? -1 : 0;
}

static int run(const char *path, const char *folder)
{
	char why[128], data[512] = "", svg[512], *copy = strdup(path);
	FILE *f = fopen(path, "r"), *out = NULL;
	char *name = basename(copy);
	double fixed;
	int rc;

	if (!f) {
		fprintf(stderr, "allocsim: %s: %s\n", path, strerror(errno));
		return -1;
	}
	rc = model_read(&model, f, why, sizeof(why));
	fclose(f);
	if (rc) {
		fprintf(stderr, "allocsim: %s: %s\n", path, why);
		return -1;
	}
	if (folder) {
		snprintf(data, sizeof(data), "%s/%s.dat", folder, name);
		snprintf(svg, sizeof(svg), "%s/%s.svg", folder, name);
		out = fopen(data, "w");
	}
	for (record(out); model_step(&model);)
		record(out);
	model_end(&model);
	if (out)
		fclose(out);
	if (folder && (!out || draw(data, svg, name))) {
		fprintf(stderr, "allocsim: %s: can't be drawn: is gnuplot there?\n", svg);
		rc = -1;
	}
	printf("%-12s %6u %8.1f %8.1f %9u %8.1f%% %5.1f%% %6.3f %8.2f%%",
	       name, model.guests,
	       model.phases ? model.settle_sum / 1e3 / model.phases : 0,
	       model.settle_max / 1e3, model.unsettled, 100 * model.overshoot,
	       100 * model.dip,
	       model.fairness, 100 * model_lost(&model));
	if (model.broken) {
		printf("\nallocsim: %s: %s\n", path, model.broken);
		rc = -1;
	}
	fixed = fixed_lost(path);
	printf(" %8.2f%%\n", 100 * fixed);
	free(copy);
	return rc;
}

int main(int argc, char **argv)
{
	const char *folder = NULL;
	int i = 1, rc = 0;

	if (i + 1 < argc && !strcmp(argv[i], "--svg")) {
		folder = argv[i + 1];
		i += 2;
	}
	if (i >= argc || argv[i][0] == '-') {
		fputs(usage, argc > 1 && !strcmp(argv[1], "--help") ? stdout
								   : stderr);
		return argc > 1 && !strcmp(argv[1], "--help") ? 0 : 2;
	}
	printf("%-12s %6s %8s %8s %9s %9s %6s %6s %9s %9s\n", "trace", "guests",
	       "settle", "most", "unsettled", "overshoot", "dip", "Jain", "lost",
	       "fixed");
	for (; i < argc; i++)
		rc |= run(argv[i], folder);
	return rc ? 1 : 0;
}
