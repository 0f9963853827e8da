/* SPDX-License-Identifier: MIT */
/* The table of commands, in the order in which help shows them. */
#include "cmdtable.h"

#include "cmds.h"

const struct command commands[] = {
	{ "help", cmd_help, "[SUBCOMMAND]",
	  "Tell what there is, or how one subcommand is used",
	  NULL, 0 },
	{ "list", cmd_list, "[options] [Domain]",
	  "List information about all/some domains",
	  list_options, CMD_JSON | CMD_DOMAIN },
	{ "pause", cmd_pause, "<Domain>",
	  "Pause execution of a domain",
	  NULL, CMD_DOMAIN | CMD_DRY_RUN },
	{ "unpause", cmd_unpause, "<Domain>",
	  "Unpause a paused domain",
	  NULL, CMD_DOMAIN | CMD_DRY_RUN },
	{ "domid", cmd_domid, "<DomainName>",
	  "Convert a domain name to domain id",
	  NULL, CMD_DOMAIN },
	{ "domname", cmd_domname, "<DomainId>",
	  "Convert a domain id to domain name",
	  NULL, 0 },
	{ "info", cmd_info, "[options] [Key]",
	  "Get information about the host and its hypervisor",
	  info_options, CMD_JSON },
};

const size_t command_count = sizeof(commands) / sizeof(commands[0]);
