/* SPDX-License-Identifier: MIT */
/* The commands, one file each or a few that belong together: cmd_NAME.c. Each
 * takes its arguments with its own name first, and returns the exit code. */
#ifndef HVXL_CMDS_H
#define HVXL_CMDS_H

#include "cmdtable.h"

int cmd_help(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_domid(int argc, char **argv);
int cmd_domname(int argc, char **argv);
int cmd_pause(int argc, char **argv);
int cmd_unpause(int argc, char **argv);

extern const struct option_def list_options[];
extern const struct option_def info_options[];

#endif /* HVXL_CMDS_H */
