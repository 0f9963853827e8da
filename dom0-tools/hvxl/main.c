/* SPDX-License-Identifier: MIT */
/*
 * hvxl: the operator's tool. Reads the global options, finds the command in
 * the table, runs it, and exits with what it returned: 0 or 1 as xl does, 2 for
 * arguments that make no sense.
 */
#include "hvxl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "args.h"

/* Called through the link `xl` it speaks of itself so. */
static const char *program_name(const char *arg0)
{
	const char *base = arg0 ? strrchr(arg0, '/') : NULL;

	base = base ? base + 1 : arg0;
	return base && !strcmp(base, "xl") ? "xl" : "hvxl";
}

/* The number of arguments up to the command, or -1: help was wanted, -2: there
 * is no such option. */
static int read_globals(int argc, char **argv)
{
	int c;

	opterr = 0;
	while ((c = getopt(argc, argv, "+vftTNh-:")) >= 0) {
		switch (c) {
		case 'v':
			hvxl.verbose++;
			break;
		case 'f':
			hvxl.force = true;
			break;
		case 't':
			hvxl.progress = true;
			break;
		case 'T':
			hvxl.stamps = true;
			break;
		case 'N':
			hvxl.dry_run = true;
			break;
		case '-':
			if (!strcmp(optarg, "json")) {
				hvxl.json = true;
				break;
			}
			return strcmp(optarg, "help") ? -2 : -1;
		case 'h':
			return -1;
		default:
			return -2;
		}
	}
	return optind;
}

static int no_such_command(const char *name, unsigned int candidates)
{
	if (!candidates) {
		tell("command not implemented");
		return fail("there is no command %s; `%s help` shows all",
			    name, hvxl.prog);
	}
	fprintf(stderr, "%s: %s may be any of: ", hvxl.prog, name);
	command_candidates(stderr, name);
	fputc('\n', stderr);
	return 1;
}

static int run_command(int argc, char **argv)
{
	unsigned int candidates;
	const struct command *cmd = command_find(argv[0], &candidates);

	if (!cmd)
		return no_such_command(argv[0], candidates);
	if (cmd->flags & CMD_ABSENT)
		return fail("%s: not supported by this build", cmd->name);
	if (hvxl.dry_run && !(cmd->flags & CMD_DRY_RUN))
		return fail("%s does not know -N: nothing was done", cmd->name);
	args_start(cmd);
	return cmd->run(argc, argv);
}

/* A full disk or a closed pipe must not look like success. */
static int finish(int rc)
{
	if ((fflush(stdout) || ferror(stdout)) && errno != EPIPE)
		rc = fail("what was to be printed is lost: %s",
			  strerror(errno));
	host_close();
	return rc;
}

int main(int argc, char **argv)
{
	int n;

	hvxl.prog = program_name(argv[0]);
	n = read_globals(argc, argv);
	if (n == -1) {
		help_all(stdout);
		return finish(0);
	}
	if (n < 0) {
		fail("there is no such option before the command");
		help_all(stderr);
		return 1;
	}
	if (n == argc) {
		help_all(stdout);
		finish(0);
		return 1;
	}
	return finish(run_command(argc - n, argv + n));
}
