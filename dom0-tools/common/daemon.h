/* SPDX-License-Identifier: MIT */
/* What each daemon does at its start besides its own work. */
#ifndef COMMON_DAEMON_H
#define COMMON_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

/* An option of a daemon's command line: with an argument, which goes to *text,
 * or without, when it sets *flag. A row without name ends a table. */
struct daemon_option {
	const char *name;		/* behind "--" */
	char letter;			/* behind "-"; 0: none */
	const char **text;
	bool *flag;
};
#define DAEMON_OPTIONS_MAX	16

/* Reads the command line by the table, beside -h and --help, which print usage.
 * Whatever else is there is refused: the process ends with 2. */
void daemon_options(int argc, char **argv, const char *usage,
		    const struct daemon_option *table);

/* As many descriptors as the hard limit allows: a guest needs some. */
void daemon_raise_files(void);
/* Only one of a kind: takes the lock file path until the process ends. 0, or -1
 * after a message that program runs already, or can't. */
int daemon_lock(const char *path, const char *program);
/* Writes this process's number to path, for who sends it signals; the caller
 * removes it at the end. NULL: nowhere. 0, or -1 after a message. */
int daemon_write_pid(const char *path);

/* Makes the folder path, by mode, and those above it; those that are there are
 * left as they are. 0, or -1 and errno. */
int daemon_make_folder(const char *path, mode_t mode);

#endif /* COMMON_DAEMON_H */
