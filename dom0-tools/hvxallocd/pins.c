/* SPDX-License-Identifier: MIT */
/*
 * Where vCPUs are best: a plan is made of what each processor has to do now, by
 * what domains used lately or are guaranteed, and applied to those that ask for
 * it. A guest that is bound somewhere already is let be.
 */
#include "allocd.h"

#include <errno.h>
#include <string.h>
#include <json-c/json.h>
#include <common/log.h>
#include "cpu.h"

/* What plans know. */
#define CPUS_MAX	1024
#define VCPUS_MAX	512
/* Loads are in hundredths of a percent: parts of a vCPU's are on many. */
#define UNIT		100

static bool is_in(const uint8_t *map, unsigned int cpu)
{
	return map[cpu / 8] >> cpu % 8 & 1;
}

static unsigned int count_in(const uint8_t *map, unsigned int cpus)
{
	unsigned int c, n = 0;

	for (c = 0; c < cpus; c++)
		n += is_in(map, c);
	return n;
}

/* Where a vCPU may run: the number of processors, 0 if nobody says. */
static unsigned int places(struct allocd *a, unsigned int i, unsigned int vcpu,
			   uint8_t *hard)
{
	memset(hard, 0, CPUS_MAX / 8);
	if (hvctl_vcpu_affinity_get(a->hv, a->guests[i].domid, vcpu, hard, NULL,
				    a->cpus))
		return 0;
	return count_in(hard, a->cpus);
}

/* What one of its vCPUs uses, or is to have. */
static unsigned int each_uses(const struct allocd *a, unsigned int i)
{
	const struct info *in = &a->infos[i];
	unsigned int part = a->guests[i].domid ? in->guarantee
					       : a->dom0_cpu * a->cpus;

	part = part > in->used ? part : in->used;
	return in->vcpus ? part * UNIT / in->vcpus : 0;
}

/* Evenly over all processors that it may use; one that is bound to a single
 * one takes its place there even if it sleeps. */
static void add_load(struct allocd *a, unsigned int i, unsigned int vcpu,
		     unsigned int *load)
{
	uint8_t hard[CPUS_MAX / 8];
	unsigned int n = places(a, i, vcpu, hard), uses = each_uses(a, i), c;

	if (n == 1 && uses < UNIT)
		uses = UNIT;
	for (c = 0; n && c < a->cpus; c++)
		if (is_in(hard, c))
			load[c] += uses / n;
}

/* Of all but one, whose own load isn't in its way; -1: of all. */
static void add_loads(struct allocd *a, int but, unsigned int *load)
{
	unsigned int i, v;

	for (i = 0; i < a->count; i++)
		for (v = 0; (int)i != but && v < a->infos[i].vcpus; v++)
			add_load(a, i, v, load);
}

static bool plan(struct allocd *a, int but, unsigned int vcpus,
		 unsigned int each, unsigned int *pins)
{
	unsigned int load[CPUS_MAX] = { 0 };

	if (a->cpus > CPUS_MAX || vcpus > VCPUS_MAX)
		return false;
	add_loads(a, but, load);
	cpu_pins(a->cpus, load, vcpus, each ? each : UNIT, pins);
	return true;
}

struct json_object *pins_json(struct allocd *a, unsigned int vcpus,
			      unsigned int each)
{
	struct json_object *list = json_object_new_array();
	unsigned int pins[VCPUS_MAX], v;

	if (!plan(a, -1, vcpus, each * UNIT, pins))
		return list;
	for (v = 0; v < vcpus; v++)
		json_object_array_add(list, json_object_new_int(pins[v]));
	return list;
}

int pins_apply(struct allocd *a, unsigned int i)
{
	unsigned int pins[VCPUS_MAX], v, n = a->infos[i].vcpus;
	struct json_object *list, *more;

	if (!plan(a, i, n, each_uses(a, i), pins)) {
		errno = E2BIG;
		return -1;
	}
	for (v = 0; v < n; v++) {
		uint8_t hard[CPUS_MAX / 8] = { 0 };

		hard[pins[v] / 8] = 1 << pins[v] % 8;
		if (hvctl_vcpu_affinity_set(a->hv, a->guests[i].domid, v, hard,
					    NULL, a->cpus, false))
			return -1;
	}
	list = json_object_new_array();
	for (v = 0; v < n; v++)
		json_object_array_add(list, json_object_new_int(pins[v]));
	more = json_object_new_object();
	json_object_object_add(more, "cpus", list);
	decision(a, i, "cpu-bound", more,
		 "bound to the processors that were used least: %s",
		 json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN));
	return 0;
}

static bool is_bound(struct allocd *a, unsigned int i)
{
	uint8_t hard[CPUS_MAX / 8];
	unsigned int v;

	for (v = 0; v < a->infos[i].vcpus; v++)
		if (places(a, i, v, hard) < a->cpus)
			return true;
	return false;
}

void pins_round(struct allocd *a)
{
	unsigned int i;

	for (i = 0; i < a->count; i++) {
		struct info *in = &a->infos[i];

		if (!in->bind || in->bind_done || in->still ||
		    a->cpus > CPUS_MAX)
			continue;
		in->bind_done = true;
		if (!is_bound(a, i) && pins_apply(a, i) && errno != ESRCH)
			log_warn("%s: its vCPUs can't be bound: %s", in->name,
				 strerror(errno));
	}
}
