/* SPDX-License-Identifier: MIT */
/* Arguments: getopt_long(3) fed from the command's table, and their meaning. */
#include "args.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "hvxl.h"

#define MAX_OPTIONS	32

static const struct command *current;
static char letters[3 * MAX_OPTIONS + 2];
static struct option longs[MAX_OPTIONS + 1];

static void add_letter(const struct option_def *o)
{
	size_t n = strlen(letters);

	letters[n++] = o->id;
	if (o->arg)
		letters[n++] = ':';
	letters[n] = 0;
}

void args_start(const struct command *cmd)
{
	const struct option_def *o;
	size_t i, n = 0;

	current = cmd;
	memset(longs, 0, sizeof(longs));
	letters[0] = 0;
	for (i = 0; (o = command_option(cmd, i)); i++) {
		if (o->id < OPT_FIRST)
			add_letter(o);
		if (o->name && n < MAX_OPTIONS)
			longs[n++] = (struct option){
				o->name, o->arg ? required_argument
						: no_argument, NULL, o->id };
	}
	/* Zero, not one: glibc begins anew with what it knows of the last. */
	optind = 0;
	opterr = 0;
}

/* What getopt_long would have said, and where to read on. */
static _Noreturn void wrong_option(char **argv)
{
	const char *text = argv[optind > 1 ? optind - 1 : 1];

	if (optopt && optopt < OPT_FIRST && text[0] == '-' && text[1] != '-')
		fail("%s: no option -%c; see `%s help %s`", current->name,
		     optopt, hvxl.prog, current->name);
	else
		fail("%s: no option %s, or not like this; see `%s help %s`",
		     current->name, text, hvxl.prog, current->name);
	host_close();
	exit(2);
}

int args_next(int argc, char **argv, const char **arg)
{
	int id = getopt_long(argc, argv, letters, longs, NULL);

	switch (id) {
	case '?':
		wrong_option(argv);
	case OPT_JSON:
		hvxl.json = true;
		return args_next(argc, argv, arg);
	case 'h':
		help_command(stdout, current);
		host_close();
		exit(0);
	}
	*arg = optarg;
	return id;
}

int args_wrong(const char *why)
{
	fail("%s: %s", current->name, why);
	help_command(stderr, current);
	return 2;
}

int args_rest(int argc, char **argv, int min, int max, char ***rest)
{
	int n = argc - optind;

	*rest = argv + optind;
	if (n >= min && n <= max)
		return n;
	args_wrong(n < min ? "an argument is missing" : "too many arguments");
	host_close();
	exit(n < min ? 2 : 1);
}

int args_plain(int argc, char **argv, int min, int max, char ***rest)
{
	const char *arg;

	while (args_next(argc, argv, &arg) >= 0)
		;
	return args_rest(argc, argv, min, max, rest);
}

bool parse_number(const char *text, unsigned long max, unsigned long *out)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*out = strtoul(text, &end, 10);
	return !errno && !*end && *out <= max;
}

bool parse_size(const char *text, char unit, uint64_t *kib)
{
	static const char units[] = "bkmgt";
	unsigned long long n;
	const char *u;
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno)
		return false;
	if (*end) {
		unit = tolower((unsigned char)*end++);
		/* "512MB" is as good as "512m", but a byte has no bytes. */
		if (*end && unit != 'b' && tolower((unsigned char)*end) == 'b')
			end++;
	}
	u = strchr(units, unit);
	if (*end || !u || !*u)
		return false;
	if (u == units) {
		*kib = n / 1024;
		return true;
	}
	*kib = n << 10 * (u - units - 1);
	return *kib >> 10 * (u - units - 1) == n;
}
