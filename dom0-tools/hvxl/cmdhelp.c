/* SPDX-License-Identifier: MIT */
/* What is made from the table of commands: the look-up, and help. */
#include "cmdtable.h"

#include <string.h>
#include "hvxl.h"

static const struct option_def help_option = {
	'h', "help", NULL, "This help"
};
static const struct option_def json_option = {
	OPT_JSON, "json", NULL, "The same as JSON, for programs"
};

const struct command *command_find(const char *name, unsigned int *candidates)
{
	const struct command *found = NULL;
	size_t i, len = strlen(name);

	*candidates = 0;
	for (i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];

		if (!strcmp(c->name, name))
			return c;
		if (len && !strncmp(c->name, name, len)) {
			++*candidates;
			found = c;
		}
	}
	return *candidates == 1 ? found : NULL;
}

void command_candidates(FILE *out, const char *name)
{
	size_t i;

	for (i = 0; i < command_count; i++)
		if (!strncmp(commands[i].name, name, strlen(name)))
			fprintf(out, "%s ", commands[i].name);
}

const struct option_def *command_option(const struct command *cmd, size_t n)
{
	size_t own = 0;
	bool has_h = false;

	for (; cmd->options && cmd->options[own].id; own++)
		has_h |= cmd->options[own].id == 'h';
	if (n < own)
		return &cmd->options[n];
	n -= own;
	if (!has_h && n-- == 0)
		return &help_option;
	return n == 0 && (cmd->flags & CMD_JSON) ? &json_option : NULL;
}

void help_all(FILE *out)
{
	size_t i;

	fprintf(out, "Usage %s [-vfNtT] [--json] <subcommand> [args]\n\n"
		"%s full list of subcommands:\n\n", hvxl.prog, hvxl.prog);
	for (i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];

		if (c->flags & CMD_ABSENT)
			continue;
		fprintf(out, " %-19s %s\n", c->name, c->summary);
	}
	fprintf(out, "\nA subcommand may be shortened; `%s help SUBCOMMAND` "
		"tells more. Before it may stand:\n\n"
		" -v                  Tell more; -vvv tells all\n"
		" -f                  Do it even where it is advised against\n"
		" -N                  Only say what would be done\n"
		" -t                  Show progress, also without a terminal\n"
		" -T                  Begin each message with time and process\n"
		" --json              The answer as JSON\n", hvxl.prog);
}

/* "-l, --long=ARG", in a column of 24. */
static void help_option_line(FILE *out, const struct option_def *o)
{
	char left[64];
	int n = 0;

	if (o->id < OPT_FIRST)
		n = snprintf(left, sizeof(left), "-%c%s%s", o->id,
			     o->arg && !o->name ? " " : "",
			     o->arg && !o->name ? o->arg : "");
	if (o->name)
		snprintf(left + n, sizeof(left) - n, "%s--%s%s%s",
			 n ? ", " : "", o->name, o->arg ? "=" : "",
			 o->arg ? o->arg : "");
	/* A long one has a line to itself. */
	fprintf(out, "%-23s%s%s\n", left, strlen(left) > 22
		? "\n                        " : " ", o->help);
}

void help_command(FILE *out, const struct command *cmd)
{
	const struct option_def *o;
	size_t i;

	if (cmd->flags & CMD_ABSENT) {
		fprintf(out, "%s is not supported by this build\n", cmd->name);
		return;
	}
	fprintf(out, "Usage: %s [-v%stT] %s%s%s\n\n\n%s.\n\nOptions:\n\n",
		hvxl.prog, cmd->flags & CMD_DRY_RUN ? "N" : "", cmd->name,
		*cmd->usage ? " " : "", cmd->usage, cmd->summary);
	for (i = 0; (o = command_option(cmd, i)); i++)
		help_option_line(out, o);
}

static const char *completes(const struct command *cmd)
{
	if (cmd->flags & CMD_ABSENT)
		return "absent";
	if (cmd->flags & CMD_FILE)
		return "file";
	if (cmd->flags & CMD_DOMAINS)
		return "domains";
	return cmd->flags & CMD_DOMAIN ? "domain" : "none";
}

void help_table(FILE *out)
{
	const struct option_def *o;
	size_t i, n;

	for (i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];

		fprintf(out, "command %s %s\n", c->name, completes(c));
		if (c->flags & CMD_ABSENT)
			continue;
		for (n = 0; (o = command_option(c, n)); n++)
			fprintf(out, "option %s %c %s %s\n", c->name,
				o->id < OPT_FIRST ? o->id : '-',
				o->name ? o->name : "-",
				o->arg ? o->arg : "-");
	}
}
