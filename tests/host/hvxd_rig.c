/* SPDX-License-Identifier: MIT */
#include "hvxd_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct hvxd hd;
char folder[64];
static struct loop_timer *limit;
static bool late;

static void on_limit(void *arg)
{
	(void)arg;
	late = true;
	loop_stop(hd.loop);
}

void rig_begin(void)
{
	strcpy(folder, "/tmp/hvxd-rig.XXXXXX");
	assert_non_null(mkdtemp(folder));
	memset(&hd, 0, sizeof(hd));
	hd.loop = loop_new();
	limit = loop_add_timer(hd.loop, on_limit, NULL);
}

int rig_end(void **state)
{
	char command[128];

	(void)state;
	loop_del_timer(limit);
	loop_free(hd.loop);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

bool rig_turn(int64_t ms)
{
	late = false;
	loop_arm(limit, ms);
	assert_int_equal(loop_run(hd.loop), 0);
	return !late;
}
