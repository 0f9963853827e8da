/* SPDX-License-Identifier: MIT */
/* Weights and caps: what cpu.c says, to the scheduler; and how long domains ran
 * and waited, from it. */
#include "allocd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <abi/vcpu.h>
#include <common/log.h>
#include "cpu.h"

/* Of so many ms at least percents are made. */
#define STATES_MS	1000

/* ---- run states ---- */

static unsigned int percent(uint64_t ns, int64_t ms)
{
	return ns / 10000 / (uint64_t)ms;
}

/* Xen doesn't tell: then nobody is seen to wait. */
static void read_states(struct allocd *a, unsigned int i)
{
	struct info *in = &a->infos[i];
	int64_t now = loop_now(), ms = now - in->states_at;
	uint64_t time[4];

	if ((in->states_at && ms < STATES_MS) ||
	    hvctl_run_states(a->hv, a->guests[i].domid, time))
		return;
	if (in->states_at) {
		in->used = percent(time[RUNSTATE_running] - in->run_ns, ms);
		in->waited = percent(time[RUNSTATE_runnable] - in->wait_ns, ms);
	}
	in->run_ns = time[RUNSTATE_running];
	in->wait_ns = time[RUNSTATE_runnable];
	in->states_at = now;
}

/* ---- weights and caps ---- */

/* dom0's weight is the operator's until we raise it, and again when somebody
 * else changed it. */
static void take_dom0(struct allocd *a, struct cpu_guest *g)
{
	if (g->weight != a->dom0_set)
		a->dom0_weight = g->weight;
	g->weight = a->dom0_weight;
	g->dom0 = true;
}

static int take(struct allocd *a, unsigned int i, struct cpu_guest *g,
		struct xen_domctl_sched_credit *now)
{
	struct cpu_rules r = { a->cpus, a->dom0_cpu };
	struct info *in = &a->infos[i];

	if (hvctl_share_get(a->hv, a->guests[i].domid, now))
		return -1;
	*g = (struct cpu_guest){
		.vcpus = in->vcpus, .guarantee = in->guarantee,
		.burst = in->burst, .weight = now->weight, .cap = now->cap,
		.used = in->used, .waited = in->waited, .extra = in->extra,
	};
	if (!a->guests[i].domid)
		take_dom0(a, g);
	g->extra = in->extra = cpu_extra(&r, g);
	return 0;
}

static void tell_share(struct allocd *a, unsigned int i,
		       const struct xen_domctl_sched_credit *to)
{
	const struct info *in = &a->infos[i];
	char waited[80] = "";

	if (in->extra)
		snprintf(waited, sizeof(waited),
			 ", beside others where it runs (it ran %u percent and waited %u)",
			 in->used, in->waited);
	decision(a, i, "cpu-share", NULL, "weight %u, cap %u: %s%s", to->weight,
		 to->cap, a->guests[i].domid
		 ? "so that it gets what it is guaranteed"
		 : "so that guests leave it its part", waited);
}

static void give(struct allocd *a, unsigned int i,
		 const struct xen_domctl_sched_credit *now,
		 const struct cpu_share *s)
{
	struct xen_domctl_sched_credit to = { s->weight, s->cap };

	if (to.weight == now->weight && to.cap == now->cap)
		return;
	if (hvctl_share_set(a->hv, a->guests[i].domid, &to)) {
		if (errno != ESRCH)
			log_warn("%s: weight %u and cap %u can't be set: %s",
				 a->infos[i].name, to.weight, to.cap,
				 strerror(errno));
		return;
	}
	if (!a->guests[i].domid)
		a->dom0_set = to.weight;
	tell_share(a, i, &to);
}

void cpu_round(struct allocd *a)
{
	unsigned int i, n = a->count;
	struct xen_domctl_sched_credit *now = calloc(n + 1, sizeof(*now));
	struct cpu_guest *g = calloc(n + 1, sizeof(*g));
	struct cpu_share *s = calloc(n + 1, sizeof(*s));
	struct cpu_rules r = { a->cpus, a->dom0_cpu };

	for (i = 0; i < n; i++)
		read_states(a, i);
	/* One that goes just now is seen in the next round. */
	for (i = 0; now && g && s && i < n; i++)
		if (take(a, i, &g[i], &now[i]))
			n = 0;
	if (now && g && s && n) {
		cpu_shares(&r, g, n, s);
		for (i = 0; i < n; i++)
			give(a, i, &now[i], &s[i]);
	}
	free(now);
	free(g);
	free(s);
}
