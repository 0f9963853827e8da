/* SPDX-License-Identifier: MIT */
/* domid and domname: from a name to an id, and back. */
#include "cmds.h"

#include <json-c/json.h>
#include <stdlib.h>
#include "args.h"
#include "hvxl.h"
#include "out.h"

static int print_both(uint32_t domid, const char *name)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "domid", json_object_new_int64(domid));
	json_object_object_add(o, "name", json_object_new_string(name));
	return json_print(stdout, o);
}

int cmd_domid(int argc, char **argv)
{
	uint32_t domid;
	char **rest;

	args_plain(argc, argv, 1, 1, &rest);
	/* Unlike elsewhere, digits are a name here. */
	if (!domain_lookup_name(rest[0], &domid)) {
		tell("Can't get domid of domain name '%s', maybe this domain "
		     "does not exist.", rest[0]);
		return 1;
	}
	if (hvxl.json)
		return print_both(domid, rest[0]);
	printf("%u\n", domid);
	return 0;
}

int cmd_domname(int argc, char **argv)
{
	unsigned long domid;
	char **rest, *name;
	int rc = 0;

	args_plain(argc, argv, 1, 1, &rest);
	if (!parse_number(rest[0], DOMID_FIRST_RESERVED - 1, &domid)) {
		tell("Invalid domain id.");
		return fail("domname: %s is no number", rest[0]);
	}
	name = domain_name(domid);
	if (!name) {
		tell("Can't get domain name of domain id '%s', maybe this "
		     "domain does not exist.", rest[0]);
		return 1;
	}
	if (hvxl.json)
		rc = print_both(domid, name);
	else
		puts(name);
	free(name);
	return rc;
}
