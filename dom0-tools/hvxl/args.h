/* SPDX-License-Identifier: MIT */
/* Arguments: options by the command's table, numbers, sizes, sets of CPUs. */
#ifndef HVXL_ARGS_H
#define HVXL_ARGS_H

#include <stdbool.h>
#include <stdint.h>
#include "cmdtable.h"

/* Arguments that follow are cmd's; called once, before it runs. */
void args_start(const struct command *cmd);
/*
 * The next option's id, -1 after the last; its argument is in *arg. Options
 * may stand before and behind other arguments, which args_rest gives then.
 * --json and --help are served here. A wrong option ends hvxl with 2, like xl.
 */
int args_next(int argc, char **argv, const char **arg);
/* How many other arguments there are; *rest is the first. Ends hvxl with help
 * and 2 if they are less than min, 1 if more than max: xl's exit codes. */
int args_rest(int argc, char **argv, int min, int max, char ***rest);
/* For commands without options of their own: both in one. */
int args_plain(int argc, char **argv, int min, int max, char ***rest);
/* The command's usage on stderr; 2. */
int args_wrong(const char *why);

/* A whole number that fills the text. */
bool parse_number(const char *text, unsigned long max, unsigned long *out);
/*
 * A size: a number and b, k, m, g or t (without: unit), in KiB. Sizes below
 * 1 KiB are rounded down.
 */
bool parse_size(const char *text, char unit, uint64_t *kib);

#endif /* HVXL_ARGS_H */
