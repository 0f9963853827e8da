/* SPDX-License-Identifier: MIT */
/* create and config-update: from a configuration to a domain, by hvxd. */
#include "cmds.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "args.h"
#include "config.h"
#include "console.h"
#include "direct.h"
#include "hvxd_client.h"
#include "hvxl.h"

const struct option_def create_options[] = {
	{ 'p', NULL, NULL, "Leave the domain paused after it is created" },
	{ 'c', NULL, NULL, "Connect to the console after it is created" },
	{ 'f', "defconfig", "FILE", "Use this configuration file" },
	{ 'n', "dryrun", NULL,
	  "Print the configuration as JSON, and create nothing" },
	{ 'q', "quiet", NULL, "Say less" },
	{ 'd', NULL, NULL, "Print the configuration as JSON, too" },
	{ 'F', NULL, NULL, "Return when the domain has ended" },
	{ 'e', NULL, NULL, "Nothing here: hvxd waits for its end" },
	{ 0 }
};

struct create {
	const char *file;
	char **settings;
	unsigned int count;
	bool paused, console, dry_run, quiet, show, wait;
};

static void read_options(struct create *c, int argc, char **argv)
{
	const char *arg;
	char **rest;
	int o, n;

	while ((o = args_next(argc, argv, &arg)) >= 0) {
		c->paused |= o == 'p';
		c->console |= o == 'c';
		c->dry_run |= o == 'n';
		c->quiet |= o == 'q';
		c->show |= o == 'd';
		c->wait |= o == 'F';
		if (o == 'f')
			c->file = arg;
	}
	c->dry_run |= hvxl.dry_run;
	n = args_rest(argc, argv, 0, argc, &rest);
	if (n && !strchr(rest[0], '=')) {
		c->file = rest[0];
		rest++;
		n--;
	}
	c->settings = rest;
	c->count = n;
}

/* ---- progress, on one line of a terminal ---- */

struct progress {
	const char *name;
	bool shown;
};

static void show_step(void *arg, const char *step)
{
	struct progress *p = arg;

	if (!step)
		return;
	if (isatty(2) || hvxl.progress) {
		fprintf(stderr, "\r\033[K%s: %s ...", p->name, step);
		fflush(stderr);
		p->shown = true;
	} else {
		detail("%s: %s", p->name, step);
	}
}

static void end_progress(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}

/* hvxd works in another folder. */
static int make_absolute(struct guest_config *config)
{
	char *cwd = get_current_dir_name();
	int rc = cwd ? guest_config_make_absolute(config, cwd) : -1;

	free(cwd);
	if (rc)
		return fail("%s: its paths can't be completed: %s",
			    config->name, strerror(errno));
	return 0;
}

/* ---- create ---- */

static struct json_object *request(const struct create *c,
				   const struct guest_config *config)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "config", guest_to_json(config));
	json_object_object_add(o, "paused", json_object_new_boolean(c->paused));
	return o;
}

/* The new domain's id, or -1: told why there is none. */
static int64_t ask_create(const struct create *c,
			  const struct guest_config *config)
{
	struct progress p = { config->name, false };
	struct json_object *answer, *v;
	struct hvxd *h = hvxd_need("create");
	struct hvxd_error e;
	int64_t domid = -1;

	answer = hvxd_ask(h, "create", request(c, config), show_step, &p, &e);
	hvxd_close(h);
	end_progress(&p);
	if (!answer) {
		hvxd_fail("create", config->name, &e);
		return -1;
	}
	if (json_object_object_get_ex(answer, "domid", &v))
		domid = json_object_get_int64(v);
	json_object_put(answer);
	if (domid <= 0)
		fail("create %s: hvxd's answer has no domain", config->name);
	else
		detail("%s is domain %ld", config->name, domid);
	return domid > 0 ? domid : -1;
}

static void print_config(const struct guest_config *config)
{
	struct json_object *o = guest_to_json(config);

	if (!o)
		die("no memory");
	json_print_xl(o, stdout);
	json_object_put(o);
	fflush(stdout);
}

static int create(const struct create *c, struct guest_config *config)
{
	int64_t domid;
	int reason;

	if (!config->uuid && guest_config_make_uuid(config))
		return fail("create: no UUID can be made: %s", strerror(errno));
	if (c->dry_run || c->show)
		print_config(config);
	if (c->dry_run)
		return 0;
	if (make_absolute(config))
		return 1;
	domid = ask_create(c, config);
	if (domid < 0)
		return 1;
	/* It shows what was printed before, too. */
	if (c->console)
		return console_attach(domid, CONSOLE_ESCAPE);
	if (!c->wait)
		return 0;
	reason = direct_wait(domid);
	detail("domain %ld has ended, reason %d", domid, reason);
	return 0;
}

int cmd_create(int argc, char **argv)
{
	struct guest_config config;
	struct create c = { 0 };
	int rc;

	read_options(&c, argc, argv);
	if (!c.file) {
		tell("Config file not specified and none in save file");
		return fail("create: which configuration? `%s create FILE`",
			    hvxl.prog);
	}
	if (!c.quiet)
		fprintf(stderr, "Parsing config from %s\n", c.file);
	if (config_read(c.file, c.settings, c.count, !c.quiet, &config))
		return 1;
	rc = create(&c, &config);
	guest_config_free(&config);
	return rc;
}

/* ---- config-update ---- */

int cmd_config_update(int argc, char **argv)
{
	struct json_object *args, *answer;
	struct guest_config config;
	struct hvxd_error e;
	struct hvxd *h;
	uint32_t domid;
	char **rest;
	int n, rc = 0;

	n = args_plain(argc, argv, 1, argc, &rest);
	domid = domain_find(rest[0]);
	if (n < 2 || strchr(rest[1], '=')) {
		tell("Config file not specified");
		return fail("config-update: which configuration? `%s "
			    "config-update %s FILE`", hvxl.prog, rest[0]);
	}
	if (config_read(rest[1], rest + 2, n - 2, true, &config))
		return 1;
	if (hvxl.dry_run) {
		print_config(&config);
		guest_config_free(&config);
		return 0;
	}
	if (make_absolute(&config)) {
		guest_config_free(&config);
		return 1;
	}
	tell("setting dom%u configuration", domid);
	h = hvxd_need("config-update");
	args = hvxd_domain_args(domid);
	json_object_object_add(args, "config", guest_to_json(&config));
	answer = hvxd_ask(h, "config-update", args, NULL, NULL, &e);
	if (!answer)
		rc = hvxd_fail("config-update", rest[0], &e);
	json_object_put(answer);
	hvxd_close(h);
	guest_config_free(&config);
	return rc;
}
