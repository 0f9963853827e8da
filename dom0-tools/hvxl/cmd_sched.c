/* SPDX-License-Identifier: MIT */
/* sched-credit and cpupool-list: who may have how much of the processors. */
#include "cmds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "args.h"
#include "hvxl.h"
#include "out.h"
#include "pools.h"
#include "rows.h"

const struct option_def sched_credit_options[] = {
	{ 'd', "domain", "DOMAIN", "Whose weight and cap" },
	{ 'w', "weight", "WEIGHT",
	  "Its share beside others', 1 to 65535 (256)" },
	{ 'c', "cap", "CAP", "The most it gets, in percent of a CPU; 0: all" },
	{ 's', "schedparam", NULL, "The scheduler's own parameters" },
	{ 't', "tslice_ms", "TSLICE", "Time slice, 1 to 1000 ms" },
	{ 'r', "ratelimit_us", "RLIMIT",
	  "The least time a vCPU runs, 100 to 500000 us; 0: off" },
	{ 'm', "migration_delay_us", "DELAY",
	  "How long a vCPU's cache counts as warm, 0 to 100000 us" },
	{ 'p', "cpupool", "CPUPOOL", "Only this pool" },
	{ 0 }
};

struct credit_wish {
	const char *domain, *pool;
	bool params;
	long weight, cap, slice, rate, delay;	/* -1: not said */
};

static long wanted_number(const char *text, const char *what)
{
	unsigned long n;

	if (!parse_number(text, INT32_MAX, &n))
		die("sched-credit: %s must be a number, %s is none", what,
		    text);
	return n;
}

static struct credit_wish read_wish(int argc, char **argv)
{
	struct credit_wish w = { NULL, NULL, false, -1, -1, -1, -1, -1 };
	const char *arg;
	char **rest;
	int c;

	while ((c = args_next(argc, argv, &arg)) >= 0) {
		switch (c) {
		case 'd':
			w.domain = arg;
			break;
		case 'p':
			w.pool = arg;
			break;
		case 's':
			w.params = true;
			break;
		case 'w':
			w.weight = wanted_number(arg, "a weight");
			break;
		case 'c':
			w.cap = wanted_number(arg, "a cap");
			break;
		case 't':
			w.slice = wanted_number(arg, "a time slice");
			break;
		case 'r':
			w.rate = wanted_number(arg, "a rate limit");
			break;
		case 'm':
			w.delay = wanted_number(arg, "a delay");
			break;
		}
	}
	args_rest(argc, argv, 0, 0, &rest);
	return w;
}

/* What goes together: xl's rules. */
static void check_wish(const struct credit_wish *w)
{
	bool params = w->params || w->slice >= 0 || w->rate >= 0 ||
		      w->delay >= 0;

	if (w->domain && (w->pool || params)) {
		tell("Specifying a cpupool or schedparam is not allowed with "
		     "domain options.");
		die("sched-credit: -d goes with -w and -c only");
	}
	if (!w->domain && (w->weight >= 0 || w->cap >= 0)) {
		tell("Must specify a domain.");
		die("sched-credit: -w and -c need -d DOMAIN");
	}
	if (params && !w->params) {
		tell("Must specify schedparam to set schedule parameter "
		     "values.");
		die("sched-credit: -t, -r and -m need -s");
	}
}

static int set_domain(const struct credit_wish *w, uint32_t domid)
{
	struct xen_domctl_sched_credit credit;
	struct xen_domctl_getdomaininfo info;

	if (hvctl_domain_info(hv(), domid, &info) ||
	    hvctl_credit_get(hv(), domid, &credit))
		return fail_domain("sched-credit", domid);
	if (w->weight == 0 || w->weight > 65535)
		return fail("sched-credit: a weight is between 1 and 65535, "
			    "not %ld", w->weight);
	if (w->cap > (long)(info.max_vcpu_id + 1) * 100)
		return fail("sched-credit: a cap for %u vCPUs is between 0 "
			    "and %u, not %ld", info.max_vcpu_id + 1,
			    (info.max_vcpu_id + 1) * 100, w->cap);
	if (w->weight >= 0)
		credit.weight = w->weight;
	if (w->cap >= 0)
		credit.cap = w->cap;
	if (hvctl_credit_set(hv(), domid, &credit))
		return fail_domain("sched-credit", domid);
	return 0;
}

static int set_pool(const struct credit_wish *w, const struct pool *pool)
{
	struct xen_sysctl_credit_schedule s;

	if (hvctl_credit_global_get(hv(), pool->id, &s))
		return fail("sched-credit: pool %s: %s", pool->name,
			    strerror(errno));
	if (w->slice == 0 || w->slice > XEN_SYSCTL_CSCHED_TSLICE_MAX)
		return fail("sched-credit: a time slice is between 1 and %d "
			    "ms, not %ld", XEN_SYSCTL_CSCHED_TSLICE_MAX,
			    w->slice);
	if (w->rate > XEN_SYSCTL_SCHED_RATELIMIT_MAX ||
	    (w->rate > 0 && w->rate < XEN_SYSCTL_SCHED_RATELIMIT_MIN))
		return fail("sched-credit: a rate limit is 0, or between %d "
			    "and %d us, not %ld",
			    XEN_SYSCTL_SCHED_RATELIMIT_MIN,
			    XEN_SYSCTL_SCHED_RATELIMIT_MAX, w->rate);
	if (w->delay > XEN_SYSCTL_CSCHED_MGR_DLY_MAX_US)
		return fail("sched-credit: a migration delay is between 0 and "
			    "%d us, not %ld", XEN_SYSCTL_CSCHED_MGR_DLY_MAX_US,
			    w->delay);
	if (w->slice >= 0)
		s.tslice_ms = w->slice;
	if (w->rate >= 0)
		s.ratelimit_us = w->rate;
	if (w->delay >= 0)
		s.vcpu_migr_delay_us = w->delay;
	if (s.ratelimit_us > s.tslice_ms * 1000)
		return fail("sched-credit: the rate limit (%u us) must not "
			    "exceed the time slice (%u ms)", s.ratelimit_us,
			    s.tslice_ms);
	if (hvctl_credit_global_set(hv(), pool->id, &s))
		return fail("sched-credit: pool %s: %s", pool->name,
			    strerror(errno));
	return 0;
}

/* Its domains, or with -s none; into list if it isn't NULL. */
static int show_pool(const struct credit_wish *w, const struct pool *pool,
		     const struct dom_row *rows, unsigned int n,
		     struct json_object *list)
{
	struct dom_row *mine = xalloc(n, sizeof(*mine));
	struct xen_sysctl_credit_schedule s;
	unsigned int i, count = 0;
	int rc = 0;

	if (hvctl_credit_global_get(hv(), pool->id, &s)) {
		rc = fail("sched-credit: pool %s: %s", pool->name,
			  strerror(errno));
		goto out;
	}
	for (i = 0; i < n && !w->params; i++) {
		if (rows[i].info.cpupool != pool->id)
			continue;
		mine[count] = rows[i];
		if (!hvctl_credit_get(hv(), rows[i].info.domain,
				      &mine[count].credit))
			count++;
	}
	if (list) {
		json_append(list, json_credit(pool->name, &s, mine, count));
		goto out;
	}
	table_credit_pool(stdout, pool->name, &s);
	if (!w->params)
		table_credit(stdout, mine, count);
out:
	free(mine);
	return rc;
}

static int all_pools(const struct credit_wish *w)
{
	bool setting = w->slice >= 0 || w->rate >= 0 || w->delay >= 0;
	struct json_object *list = hvxl.json ? json_new_list() : NULL;
	bool found = false;
	struct dom_row *rows;
	struct pool *pools;
	unsigned int i, n, count = pools_list(&pools);
	int rc = 0;

	n = rows_collect(&rows, "sched-credit", NULL, 0);
	for (i = 0; i < count; i++) {
		/* Setting is for one pool: the first, if none was named. */
		if (w->pool ? strcmp(pools[i].name, w->pool)
			    : setting && found)
			continue;
		if (pools[i].sched != XEN_SCHEDULER_CREDIT)
			continue;
		found = true;
		rc |= setting ? set_pool(w, &pools[i])
			      : show_pool(w, &pools[i], rows, n, list);
	}
	if (!found && w->pool) {
		tell("unknown cpupool '%s'", w->pool);
		rc = fail("sched-credit: no pool of this name is under the "
			  "credit scheduler; see `%s cpupool-list`", hvxl.prog);
	}
	if (list && !setting)
		rc |= json_print(stdout, list);
	pools_free(pools, count);
	dom_rows_free(rows, n);
	return rc;
}

int cmd_sched_credit(int argc, char **argv)
{
	struct credit_wish w = read_wish(argc, argv);
	struct dom_row *row;
	char *who;

	check_wish(&w);
	if (!w.domain)
		return all_pools(&w);
	if (w.weight >= 0 || w.cap >= 0)
		return set_domain(&w, domain_find(w.domain));
	who = xstrdup(w.domain);
	rows_collect(&row, "sched-credit", &who, 1);
	free(who);
	if (hvctl_credit_get(hv(), row->info.domain, &row->credit))
		return fail_domain("sched-credit", row->info.domain);
	if (hvxl.json)
		json_print(stdout, json_credit_domain(row));
	else
		table_credit(stdout, row, 1);
	dom_rows_free(row, 1);
	return 0;
}
