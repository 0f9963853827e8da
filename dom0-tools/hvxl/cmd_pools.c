/* SPDX-License-Identifier: MIT */
/* cpupool-list: which processors stand together under one scheduler. */
#include "cmds.h"

#include <string.h>
#include "args.h"
#include "hvxl.h"
#include "out.h"
#include "pools.h"

const struct option_def cpupool_list_options[] = {
	{ 'c', "cpus", NULL, "Each pool's processors" },
	{ 0 }
};

static int show(const struct pool *pools, unsigned int n, bool cpus)
{
	if (hvxl.json)
		return json_print(stdout, json_pools(pools, n));
	if (cpus)
		table_pool_cpus(stdout, pools, n);
	else
		table_pools(stdout, pools, n);
	return 0;
}

int cmd_cpupool_list(int argc, char **argv)
{
	struct pool *pools;
	unsigned int i, n, one;
	bool cpus = false;
	const char *arg;
	char **rest;
	int c, rc;

	while ((c = args_next(argc, argv, &arg)) >= 0)
		cpus |= c == 'c';
	one = args_rest(argc, argv, 0, 1, &rest);
	n = pools_list(&pools);
	for (i = 0; one && i < n && strcmp(pools[i].name, rest[0]); i++)
		;
	if (!one) {
		rc = show(pools, n, cpus);
	} else if (i < n) {
		rc = show(&pools[i], 1, cpus);
	} else {
		tell("Pool '%s' does not exist", rest[0]);
		rc = fail("`%s cpupool-list` shows those there are", hvxl.prog);
	}
	pools_free(pools, n);
	return rc;
}
