/* SPDX-License-Identifier: MIT */
/* The commands, one file each or a few that belong together: cmd_NAME.c. Each
 * takes its arguments with its own name first, and returns the exit code. */
#ifndef HVXL_CMDS_H
#define HVXL_CMDS_H

#include "cmdtable.h"

int cmd_help(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_console(int argc, char **argv);
int cmd_domid(int argc, char **argv);
int cmd_domname(int argc, char **argv);
int cmd_pause(int argc, char **argv);
int cmd_unpause(int argc, char **argv);
int cmd_create(int argc, char **argv);
int cmd_config_update(int argc, char **argv);
int cmd_vcpu_pin(int argc, char **argv);
int cmd_block_list(int argc, char **argv);
int cmd_block_attach(int argc, char **argv);
int cmd_block_detach(int argc, char **argv);
int cmd_block_resize(int argc, char **argv);
int cmd_net(int argc, char **argv);
int cmd_network_list(int argc, char **argv);
int cmd_network_attach(int argc, char **argv);
int cmd_network_detach(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_destroy(int argc, char **argv);
int cmd_rename(int argc, char **argv);
int cmd_shutdown(int argc, char **argv);
int cmd_reboot(int argc, char **argv);
int cmd_events(int argc, char **argv);
int cmd_alloc(int argc, char **argv);
int cmd_vcpu_list(int argc, char **argv);
int cmd_vcpu_set(int argc, char **argv);
int cmd_mem_set(int argc, char **argv);
int cmd_mem_max(int argc, char **argv);
int cmd_uptime(int argc, char **argv);
int cmd_vm_list(int argc, char **argv);
int cmd_claims(int argc, char **argv);
int cmd_sysrq(int argc, char **argv);
int cmd_trigger(int argc, char **argv);
int cmd_debug_keys(int argc, char **argv);
int cmd_dmesg(int argc, char **argv);
int cmd_sched_credit(int argc, char **argv);
int cmd_cpupool_list(int argc, char **argv);

extern const struct option_def list_options[];
extern const struct option_def net_options[];
extern const struct option_def help_options[];
extern const struct option_def info_options[];
extern const struct option_def create_options[];
extern const struct option_def vcpu_pin_options[];
extern const struct option_def detach_options[];
extern const struct option_def top_option_defs[];
extern const struct option_def destroy_options[];
extern const struct option_def power_options[];
extern const struct option_def console_options[];
extern const struct option_def vcpu_set_options[];
extern const struct option_def uptime_options[];
extern const struct option_def dmesg_options[];
extern const struct option_def sched_credit_options[];
extern const struct option_def cpupool_list_options[];

#endif /* HVXL_CMDS_H */
