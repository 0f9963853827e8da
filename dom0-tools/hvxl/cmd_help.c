/* SPDX-License-Identifier: MIT */
/* help: all commands, or one. */
#include "cmds.h"

#include <string.h>
#include "args.h"
#include "hvxl.h"

int cmd_help(int argc, char **argv)
{
	const struct command *cmd;
	unsigned int candidates;
	char **rest;

	if (!args_plain(argc, argv, 0, 1, &rest)) {
		help_all(stdout);
		return 0;
	}
	/* For completion, and for the test of the man page. */
	if (!strcmp(rest[0], "--table")) {
		help_table(stdout);
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
