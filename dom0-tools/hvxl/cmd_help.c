/* SPDX-License-Identifier: MIT */
/* help: all commands, or one. */
#include "cmds.h"

#include "args.h"
#include "hvxl.h"

const struct option_def help_options[] = {
	{ OPT_TABLE, "table", NULL,
	  "All subcommands and options, for programs" },
	{ 0 }
};

int cmd_help(int argc, char **argv)
{
	const struct command *cmd;
	unsigned int candidates;
	bool table = false;
	const char *arg;
	char **rest;
	int c, n;

	while ((c = args_next(argc, argv, &arg)) >= 0)
		table |= c == OPT_TABLE;
	n = args_rest(argc, argv, 0, 1, &rest);
	if (table) {
		help_table(stdout);
		return 0;
	}
	if (!n) {
		help_all(stdout);
		return 0;
	}
	cmd = command_find(rest[0], &candidates);
	if (!cmd) {
		printf("command \"%s\" not implemented\n", rest[0]);
		return 0;
	}
	help_command(stdout, cmd);
	return 0;
}
