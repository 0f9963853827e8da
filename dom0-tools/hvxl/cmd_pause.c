/* SPDX-License-Identifier: MIT */
/* pause and unpause: a domain's processors stand still, and go on. */
#include "cmds.h"

#include "args.h"
#include "hvxl.h"

int cmd_pause(int argc, char **argv)
{
	uint32_t domid;
	char **rest;

	args_plain(argc, argv, 1, 1, &rest);
	domid = domain_find(rest[0]);
	/* Who would unpause it? */
	if (!domid)
		return fail("pause: domain 0 is who pauses and unpauses");
	if (only_dry_run("pause domain %u", domid))
		return 0;
	if (hvctl_domain_pause(hv(), domid))
		return fail_domain("pause", domid);
	return 0;
}

int cmd_unpause(int argc, char **argv)
{
	uint32_t domid;
	char **rest;

	args_plain(argc, argv, 1, 1, &rest);
	domid = domain_find(rest[0]);
	if (only_dry_run("unpause domain %u", domid))
		return 0;
	if (hvctl_domain_unpause(hv(), domid))
		return fail_domain("unpause", domid);
	return 0;
}
