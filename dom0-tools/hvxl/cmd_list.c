/* SPDX-License-Identifier: MIT */
/* list: who is there. */
#include "cmds.h"

#include <json-c/json.h>
#include "args.h"
#include "config.h"
#include "disk_stats.h"
#include "hvxl.h"
#include "out.h"
#include "pools.h"
#include "rows.h"

#define MAX_NODES	64

static char *node_affinity(uint32_t domid)
{
	uint8_t nodes[MAX_NODES / 8] = { 0 };
	struct xen_sysctl_physinfo phys;

	if (hvctl_physinfo(hv(), &phys) ||
	    hvctl_node_affinity_get(hv(), domid, nodes, MAX_NODES))
		return NULL;
	return set_text(nodes, phys.nr_nodes < MAX_NODES ? phys.nr_nodes
							 : MAX_NODES);
}

/* Adds to what the hypervisor said what these columns need. */
static void complete_row(struct dom_row *row, unsigned int columns)
{
	if (columns & LIST_POOL)
		row->pool = pool_name(row->info.cpupool);
	if (columns & LIST_NODES)
		row->nodes = node_affinity(row->info.domain);
}

static void show_long(const struct dom_row *rows, unsigned int n)
{
	struct json_object *list = json_object_new_array();
	unsigned int i;

	for (i = 0; i < n; i++) {
		const struct dom_row *r = &rows[i];
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "domid",
				       json_object_new_int(r->info.domain));
		json_object_object_add(o, "config",
				       config_of_domain(&r->info, r->name));
		json_object_array_add(list, o);
	}
	json_print_xl(list, stdout);
	/* xl ends with an empty line. */
	putchar('\n');
	json_object_put(list);
}

static int show_json(const struct dom_row *rows, unsigned int n)
{
	struct json_object *list = json_list(rows, n);
	struct json_object *disks = disk_stats_ask();

	disk_stats_to_domains(disks, list);
	json_object_put(disks);
	return json_print(stdout, list);
}

const struct option_def list_options[] = {
	{ 'l', "long", NULL, "All that is known of each, as JSON" },
	{ 'v', "verbose", NULL, "UUID, why it was shut down, and label, too" },
	{ 'Z', "context", NULL, "The security label, too" },
	{ 'c', "cpupool", NULL, "The CPU pool, too" },
	{ 'n', "numa", NULL, "The node affinity, too" },
	{ 0 }
};

int cmd_list(int argc, char **argv)
{
	unsigned int i, n, columns = 0;
	struct dom_row *rows;
	bool details = false;
	const char *arg;
	char **rest;
	int c;

	while ((c = args_next(argc, argv, &arg)) >= 0) {
		details |= c == 'l';
		columns |= c == 'v' ? LIST_VERBOSE : c == 'Z' ? LIST_LABEL :
			   c == 'c' ? LIST_POOL : c == 'n' ? LIST_NODES : 0;
	}
	n = args_rest(argc, argv, 0, 1, &rest);
	n = rows_collect(&rows, "list", rest, n);
	if (details) {
		show_long(rows, n);
		dom_rows_free(rows, n);
		return 0;
	}
	for (i = 0; i < n; i++)
		complete_row(&rows[i], columns |
			     (hvxl.json ? LIST_POOL : 0));
	if (hvxl.json)
		c = show_json(rows, n);
	else
		table_list(stdout, rows, n, columns);
	dom_rows_free(rows, n);
	return hvxl.json ? c : 0;
}
