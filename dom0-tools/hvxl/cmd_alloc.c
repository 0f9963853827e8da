/* SPDX-License-Identifier: MIT */
/* alloc status, plan, set and bind: what hvxallocd deals out, and by which rules. */
#include "cmds.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include "args.h"
#include "config.h"
#include "hvxd_client.h"
#include "hvxl.h"
#include "out.h"

/* What the hypervisor needs for a domain beside its memory; as hvxd has it. */
#define OVERHEAD_KIB	1024

/* The answer, to be put; NULL: told why not. */
static struct json_object *ask(const char *what, struct json_object *args)
{
	struct hvxd *h = allocd_open();
	struct json_object *answer;
	struct hvxd_error e;

	if (!h) {
		json_object_put(args);
		fail("alloc: hvxallocd does not answer (%s): guests keep the "
		     "memory they have, and new ones get what is free; start "
		     "it with `systemctl start hvxallocd`", strerror(errno));
		return NULL;
	}
	answer = hvxd_ask(h, what, args, NULL, NULL, &e);
	hvxd_close(h);
	if (!answer)
		hvxd_fail("alloc", NULL, &e);
	return answer;
}

static int status(void)
{
	struct json_object *answer = ask("status", NULL);

	if (!answer)
		return 1;
	if (hvxl.json)
		return json_print(stdout, answer);
	table_alloc(stdout, answer);
	json_object_put(answer);
	return 0;
}

/* ---- plan ---- */

static int plan(const char *file, char **settings, unsigned int count)
{
	struct json_object *args = json_object_new_object(), *answer, *v;
	struct guest_config config;
	int rc = 0;

	if (config_read(file, settings, count, true, &config)) {
		json_object_put(args);
		return 1;
	}
	json_object_object_add(args, "kib", json_object_new_int64(
				       config.memory_kb + OVERHEAD_KIB));
	json_object_object_add(args, "vcpus", json_object_new_int64(
				       guest_maxvcpus(&config)));
	json_object_object_add(args, "guarantee", json_object_new_int64(
				       config.cpu_guarantee));
	answer = ask("plan", args);
	if (!answer) {
		guest_config_free(&config);
		return 1;
	}
	if (json_object_object_get_ex(answer, "missing", &v))
		rc = json_object_get_int64(v) > 0;
	if (hvxl.json) {
		rc |= json_print(stdout, answer);
	} else {
		table_plan(stdout, config.name, answer);
		json_object_put(answer);
	}
	guest_config_free(&config);
	return rc;
}

/* ---- set ---- */

/* Of a domain floor and max are sizes, of the host all are plain numbers. */
static int add_value(struct json_object *values, char *word, bool domain)
{
	char *equals = strchr(word, '=');
	unsigned long n;
	uint64_t kib;

	if (!equals || equals == word || !equals[1])
		return fail("alloc set: %s: expected key=value", word);
	*equals++ = 0;
	if (domain && strcmp(word, "weight")) {
		if (!parse_size(equals, 'm', &kib))
			return fail("alloc set: %s=%s: expected a size: a "
				    "number of MiB, or one with k, m or g "
				    "behind it", word, equals);
		n = kib;
	} else if (!parse_number(equals, INT64_MAX, &n)) {
		return fail("alloc set: %s=%s: expected a number", word,
			    equals);
	}
	json_object_object_add(values, word, json_object_new_int64(n));
	return 0;
}

static int set(char **words, int n)
{
	bool domain = n && !strchr(words[0], '=');
	struct json_object *args, *values, *answer;
	int i;

	if (n < 1 + domain)
		return args_wrong("what is to be set? key=value");
	args = domain ? hvxd_domain_args(domain_find(words[0]))
		      : json_object_new_object();
	values = json_object_new_object();
	json_object_object_add(args, "values", values);
	for (i = domain; i < n; i++)
		if (add_value(values, words[i], domain)) {
			json_object_put(args);
			return 1;
		}
	if (only_dry_run("set %s of %s", json_object_to_json_string(values),
			 domain ? words[0] : "the host")) {
		json_object_put(args);
		return 0;
	}
	answer = ask("set", args);
	json_object_put(answer);
	return !answer;
}

/* ---- bind ---- */

static int bind(const char *who)
{
	struct json_object *args = hvxd_domain_args(domain_find(who)), *answer;

	if (only_dry_run("bind each vCPU of %s to the processor that is used "
			 "least", who)) {
		json_object_put(args);
		return 0;
	}
	answer = ask("bind", args);
	json_object_put(answer);
	return !answer;
}

int cmd_alloc(int argc, char **argv)
{
	char **rest;
	int n = args_plain(argc, argv, 1, argc, &rest);

	if (!strcmp(rest[0], "status") && n == 1)
		return status();
	if (!strcmp(rest[0], "plan") && n >= 2)
		return plan(rest[1], rest + 2, n - 2);
	if (!strcmp(rest[0], "set"))
		return set(rest + 1, n - 1);
	if (!strcmp(rest[0], "bind") && n == 2)
		return bind(rest[1]);
	return args_wrong("status, plan FILE, set or bind DOMAIN is to be said");
}
