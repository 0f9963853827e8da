/* SPDX-License-Identifier: MIT */
/*
 * The one table of commands. From it come dispatch, abbreviations, help, what
 * the shell completes, and the test that the man page tells of all of them.
 */
#ifndef HVXL_CMDTABLE_H
#define HVXL_CMDTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* An option: its letter or, if it has none, a number of OPT_FIRST and above. */
struct option_def {
	int id;
	const char *name;	/* the long one, or NULL */
	const char *arg;	/* what it takes, or NULL */
	const char *help;
};

enum {
	OPT_FIRST = 256,
	OPT_JSON,		/* of every command with CMD_JSON */
	OPT_FORCE,
	OPT_TABLE,
	OPT_IGNORE_MASKS,
};

enum {
	CMD_JSON = 1,		/* a query: knows --json */
	CMD_DOMAIN = 2,		/* its first argument is a domain */
	CMD_DOMAINS = 4,	/* all its arguments are */
	CMD_FILE = 8,		/* its first argument is a file */
	CMD_DRY_RUN = 16,	/* knows -N */
	CMD_ABSENT = 32,	/* xl has it, this build does not */
};

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *usage;	/* what follows the name */
	const char *summary;	/* a line, no full stop */
	const struct option_def *options;	/* ends with id 0; or NULL */
	unsigned int flags;
};

extern const struct command commands[];
extern const size_t command_count;

/*
 * The command of this name, or the only one that begins with it. NULL: none,
 * or several; then *candidates is how many.
 */
const struct command *command_find(const char *name, unsigned int *candidates);
/* Those that begin with name, after each a blank. */
void command_candidates(FILE *out, const char *name);

/* The option of cmd with this id, letter or not; those that commands share
 * are found, too. NULL: it has none. */
const struct option_def *command_option(const struct command *cmd, size_t n);

void help_all(FILE *out);
void help_command(FILE *out, const struct command *cmd);
/* A line for each command and option, for scripts: "command NAME FLAGS",
 * "option NAME SHORT LONG ARG"; - where there is none. */
void help_table(FILE *out);

#endif /* HVXL_CMDTABLE_H */
