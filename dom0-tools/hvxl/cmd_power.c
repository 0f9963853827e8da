/* SPDX-License-Identifier: MIT */
/*
 * shutdown and reboot. All domains are asked before the first is waited for:
 * each has a connection to hvxd of its own. Without hvxd only those are asked
 * whose end isn't its business.
 */
#include "cmds.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include "args.h"
#include "direct.h"
#include "hvxd_client.h"
#include "hvxl.h"
#include "out.h"

const struct option_def power_options[] = {
	{ 'a', "all", NULL, "All guests" },
	{ 'w', "wait", NULL, "Wait until they have" },
	{ 'F', NULL, NULL, "Nothing for PV guests; taken for xl's sake" },
	{ 0 }
};

struct power {
	const char *verb;	/* "shutdown", "reboot": ours and hvxd's */
	const char *doing;	/* xl's word for it */
	const char *how;	/* the guest's */
	bool wait;
};

struct target {
	uint32_t domid;
	struct hvxd *h;		/* asked and not answered yet; or NULL */
	bool foreign;		/* another tool's: asked in the store */
};

static struct json_object *request(const struct power *p, uint32_t domid)
{
	struct json_object *args = hvxd_domain_args(domid);

	json_object_object_add(args, "wait", json_object_new_boolean(p->wait));
	return args;
}

static int begin(const struct power *p, struct target *t)
{
	struct xen_domctl_getdomaininfo info;
	struct hvxd_error e;

	tell("%s domain %u", p->doing, t->domid);
	if (hvctl_domain_info(hv(), t->domid, &info))
		return fail_domain(p->verb, t->domid);
	t->h = hvxd_open();
	t->foreign = !t->h && domain_is_foreign(NULL, t->domid);
	if (t->foreign)
		return direct_shutdown(t->domid, p->how);
	if (!t->h)
		hvxd_need(p->verb);
	if (!hvxd_send(t->h, p->verb, request(p, t->domid), &e))
		return 0;
	hvxd_close(t->h);
	t->h = NULL;
	return hvxd_fail(p->verb, NULL, &e);
}

static void told_end(uint32_t domid, int reason)
{
	if (reason < 0)
		tell("Domain %u has been destroyed.", domid);
	else
		tell("Domain %u has been shut down, reason code %d", domid,
		     reason);
}

static int finish(const struct power *p, struct target *t)
{
	struct json_object *answer, *reason;
	struct hvxd_error e;

	if (t->foreign) {
		if (p->wait)
			told_end(t->domid, direct_wait(t->domid));
		return 0;
	}
	answer = hvxd_answer(t->h, NULL, NULL, &e);
	hvxd_close(t->h);
	if (!answer) {
		char *name = domain_name_shown(t->domid);
		int rc = hvxd_fail(p->verb, name, &e);

		free(name);
		return rc;
	}
	if (p->wait && json_object_object_get_ex(answer, "reason", &reason))
		tell("Domain %u has been shut down, reason %s", t->domid,
		     json_object_get_string(reason));
	json_object_put(answer);
	return 0;
}

static unsigned int all_guests(struct target **out)
{
	struct xen_domctl_getdomaininfo *list;
	unsigned int i, n = domain_list(&list), count = 0;

	*out = xalloc(n, sizeof(**out));
	for (i = 0; i < n; i++)
		if (list[i].domain)
			(*out)[count++].domid = list[i].domain;
	free(list);
	return count;
}

static int power(int argc, char **argv, struct power p)
{
	struct target *targets;
	bool all = false, *begun;
	unsigned int i, n;
	const char *arg;
	char **rest;
	int c, rc = 0;

	while ((c = args_next(argc, argv, &arg)) >= 0) {
		all |= c == 'a';
		p.wait |= c == 'w';
	}
	n = args_rest(argc, argv, 0, 1, &rest);
	if (!n == !all) {
		tell(all ? "You can't specify both -a and a domain id."
			 : "You must specify -a or a domain id.");
		return 1;
	}
	if (all) {
		n = all_guests(&targets);
	} else {
		targets = xalloc(1, sizeof(*targets));
		targets->domid = domain_find(rest[0]);
	}
	begun = xalloc(n, sizeof(*begun));
	for (i = 0; i < n; i++) {
		if (only_dry_run("%s domain %u", p.verb, targets[i].domid))
			continue;
		begun[i] = !begin(&p, &targets[i]);
		rc |= !begun[i];
	}
	for (i = 0; i < n; i++)
		if (begun[i])
			rc |= finish(&p, &targets[i]);
	free(begun);
	free(targets);
	return rc;
}

int cmd_shutdown(int argc, char **argv)
{
	return power(argc, argv, (struct power){ "shutdown", "Shutting down",
						 "poweroff", false });
}

int cmd_reboot(int argc, char **argv)
{
	return power(argc, argv, (struct power){ "reboot", "Rebooting",
						 "reboot", false });
}
