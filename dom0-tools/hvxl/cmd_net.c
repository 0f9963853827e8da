/* SPDX-License-Identifier: MIT */
/*
 * net setup, status and undo: the bridge that guests are tied to. The work is
 * libbridge's (backends/bridge/netsetup.h).
 */
#include "cmds.h"

#include <backends/bridge/netsetup.h>
#include <errno.h>
#include <json-c/json.h>
#include <string.h>
#include "args.h"
#include "hvxl.h"
#include "out.h"

#define BRIDGE	"xenbr0"

const struct option_def net_options[] = {
	{ 't', "timeout", "SECONDS",
	  "setup: how long the network may be away (20)" },
	{ 'V', "vlans", NULL, "setup: let guests have a vlan=" },
	{ 0 }
};

static struct bridges *open_network(void)
{
	struct bridges *b = bridges_open();

	if (!b)
		die("net: no netlink socket: %s", strerror(errno));
	return b;
}

/* ---- setup, undo -------------------------------------------------------- */

static void say_step(void *arg, const char *line)
{
	(void)arg;
	fprintf(stderr, "%s\n", line);
}

static int setup(const struct netsetup *s)
{
	char why[BRIDGE_WHY], advice[400];
	struct bridges *b;
	int rc;

	if (only_dry_run("tie %s to a new bridge %s, which gets its addresses "
			 "and routes", s->nic, s->bridge))
		return 0;
	b = open_network();
	rc = netsetup_do(b, s, say_step, NULL, why);
	bridges_close(b);
	if (rc)
		return fail("net setup: %s", why);
	netsetup_advice(s, advice, sizeof(advice));
	printf("%s is tied to %s until the next boot. To keep it so, have in "
	       "/etc/network/interfaces:\n\n%s", s->nic, s->bridge, advice);
	return 0;
}

static int undo(const char *bridge)
{
	char why[BRIDGE_WHY];
	struct bridges *b;
	int rc;

	if (only_dry_run("give %s's NIC back its addresses and routes, and "
			 "delete %s", bridge, bridge))
		return 0;
	b = open_network();
	rc = netsetup_undo(b, bridge, why);
	bridges_close(b);
	return rc ? fail("net undo: %s", why) : 0;
}

/* ---- status ------------------------------------------------------------- */

static void add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static void add_flag(struct json_object *o, const char *key, bool on)
{
	json_object_object_add(o, key, json_object_new_boolean(on));
}

static void add_json(void *arg, const struct netsetup_bridge *one)
{
	struct json_object *o = json_object_new_object();

	add_text(o, "name", one->name);
	add_flag(o, "up", one->up);
	add_flag(o, "link", one->carrier);
	json_object_object_add(o, "mtu", json_object_new_int64(one->mtu));
	add_flag(o, "vlans", one->vlans);
	add_text(o, "nics", one->nics);
	add_text(o, "addresses", one->addresses);
	add_text(o, "guests", one->guests);
	json_append(arg, o);
}

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

static void print_row(void *arg, const struct netsetup_bridge *one)
{
	(void)arg;
	printf("%-15s %-5s %-5u %-5s %-15s %-25s %s\n", one->name,
	       !one->up ? "down" : one->carrier ? "up" : "none", one->mtu,
	       one->vlans ? "yes" : "no", or_dash(one->nics),
	       or_dash(one->addresses), or_dash(one->guests));
}

static int status(void)
{
	struct json_object *json = hvxl.json ? json_new_list() : NULL;
	struct bridges *b = open_network();
	char why[BRIDGE_WHY];
	int rc;

	if (!json)
		printf("%-15s %-5s %-5s %-5s %-15s %-25s %s\n", "Bridge",
		       "Link", "MTU", "VLANs", "NICs", "Addresses", "Guests");
	rc = netsetup_status(b, json ? add_json : print_row, json, why);
	bridges_close(b);
	if (rc)
		return fail("net status: %s", why);
	return json ? json_print(stdout, json) : 0;
}

/* ---- the command -------------------------------------------------------- */

int cmd_net(int argc, char **argv)
{
	struct netsetup s = { .bridge = BRIDGE };
	const char *arg;
	unsigned long seconds;
	char **rest;
	int c, n;

	while ((c = args_next(argc, argv, &arg)) >= 0)
		if (c == 'V')
			s.vlans = true;
		else if (parse_number(arg, 3600, &seconds) && seconds)
			s.seconds = seconds;
		else
			return args_wrong("--timeout wants seconds, 1 to 3600");
	n = args_rest(argc, argv, 1, 3, &rest);
	if (!strcmp(rest[0], "status") && n == 1)
		return status();
	if (!strcmp(rest[0], "undo") && n <= 2)
		return undo(n == 2 ? rest[1] : BRIDGE);
	if (strcmp(rest[0], "setup") || n < 2)
		return args_wrong("setup NIC, status or undo is to be said");
	s.nic = rest[1];
	if (n == 3)
		s.bridge = rest[2];
	if (strlen(s.nic) >= BRIDGE_NAME || strlen(s.bridge) >= BRIDGE_NAME)
		return args_wrong("a link's name has 15 letters at most");
	return setup(&s);
}
