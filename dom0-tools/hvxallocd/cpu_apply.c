/* SPDX-License-Identifier: MIT */
/* Weights, caps and places of vCPUs: what cpu.c says, to the scheduler. */
#include "allocd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include <common/log.h>
#include "cpu.h"

/* CPUs that plans know. */
#define CPUS_MAX	1024

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
	const struct info *in = &a->infos[i];

	if (hvctl_share_get(a->hv, a->guests[i].domid, now))
		return -1;
	*g = (struct cpu_guest){
		.vcpus = in->vcpus, .guarantee = in->guarantee,
		.burst = in->burst, .weight = now->weight, .cap = now->cap,
	};
	if (!a->guests[i].domid)
		take_dom0(a, g);
	return 0;
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
	decision(a, i, "cpu-share", NULL, "weight %u, cap %u: %s", to.weight,
		 to.cap, a->guests[i].domid
		 ? "so that it gets what it is guaranteed"
		 : "so that guests leave it its part");
}

void cpu_round(struct allocd *a)
{
	unsigned int i, n = a->count;
	struct xen_domctl_sched_credit *now = calloc(n + 1, sizeof(*now));
	struct cpu_guest *g = calloc(n + 1, sizeof(*g));
	struct cpu_share *s = calloc(n + 1, sizeof(*s));
	struct cpu_rules r = { a->cpus, a->dom0_cpu };

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

/* ---- plans ---- */

/* What a vCPU that is bound to one processor may use of it. */
static void add_load(struct allocd *a, unsigned int i, unsigned int vcpu,
		     unsigned int *load)
{
	const struct info *in = &a->infos[i];
	uint8_t hard[CPUS_MAX / 8] = { 0 };
	unsigned int c, bound = 0, where = 0;

	if (hvctl_vcpu_affinity_get(a->hv, a->guests[i].domid, vcpu, hard,
				    NULL, a->cpus))
		return;
	for (c = 0; c < a->cpus; c++)
		if (hard[c / 8] >> c % 8 & 1) {
			bound++;
			where = c;
		}
	if (bound == 1)
		load[where] += in->guarantee ? in->guarantee / in->vcpus : 1;
}

struct json_object *pins_json(struct allocd *a, unsigned int vcpus,
			      unsigned int each)
{
	struct json_object *list = json_object_new_array();
	unsigned int load[CPUS_MAX] = { 0 }, pins[512], i, v;

	if (a->cpus > CPUS_MAX || vcpus > 512)
		return list;
	for (i = 0; i < a->count; i++)
		for (v = 0; v < a->infos[i].vcpus; v++)
			add_load(a, i, v, load);
	cpu_pins(a->cpus, load, vcpus, each, pins);
	for (v = 0; v < vcpus; v++)
		json_object_array_add(list, json_object_new_int(pins[v]));
	return list;
}
