/* SPDX-License-Identifier: MIT */
#include "cmds.h"

#include <ctype.h>
#include <string.h>
#include "args.h"
#include "console.h"
#include "hvxl.h"

const struct option_def console_options[] = {
	{ 't', "type", "TYPE", "pv (a guest's own) or serial" },
	{ 'n', "num", "NUM", "Which console; there is number 0" },
	{ 'e', "escape", "CHAR", "What leaves the console; ^] if not said" },
	{ 0 }
};

/* A character, or ^ and one for its control character. -1: neither. */
static int parse_escape(const char *text)
{
	if (text[0] == '^' && text[1] && !text[2] &&
	    strchr("@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_",
		   toupper((unsigned char)text[1])))
		return toupper((unsigned char)text[1]) & 0x1f;
	return text[0] && !text[1] ? (unsigned char)text[0] : -1;
}

int cmd_console(int argc, char **argv)
{
	const char *arg, *type = "pv";
	int c, escape = CONSOLE_ESCAPE;
	unsigned long number = 0;
	uint32_t domid;
	char **rest;

	while ((c = args_next(argc, argv, &arg)) >= 0) {
		if (c == 't')
			type = arg;
		else if (c == 'n' && !parse_number(arg, UINT32_MAX, &number))
			return args_wrong("-n takes a number");
		else if (c == 'e' && (escape = parse_escape(arg)) < 0)
			return args_wrong("-e takes a character, or ^ and one");
	}
	args_rest(argc, argv, 1, 1, &rest);
	if (strcmp(type, "pv") && strcmp(type, "serial"))
		return args_wrong("-t takes pv or serial");
	domid = domain_find(rest[0]);
	if (!domid)
		return fail("console: domain 0's console is the machine's");
	if (!strcmp(type, "serial"))
		return fail("console: domain %u is a PV guest and has no "
			    "serial line; leave out -t", domid);
	if (number)
		return fail("console: domain %u has one console, number 0",
			    domid);
	return console_attach(domid, escape);
}
