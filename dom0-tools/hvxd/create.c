/* SPDX-License-Identifier: MIT */
#include "create.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <common/log.h>
#include <common/server.h>
#include "backend.h"
#include "build_child.h"
#include "end.h"
#include "events.h"
#include "nodes.h"
#include "reservation.h"
#include "state.h"
#include "store.h"

/* As libxl has them: what a domain may have beyond its memory, and the ports
 * that it may use. */
#define MAXMEM_SLACK_KIB	1024
#define EVTCHN_PORTS		1023

enum { STEP_DONE = 0, STEP_WAIT = 1, STEP_FAILED = -1 };

struct create {
	struct dom *d;
	struct request *req;
	bool paused;
	bool ending;			/* failed: its end is under way */
	unsigned int step;
	struct rings rings;
	struct reservation *reservation;
	struct build_child *build;
	struct fault fault;
	create_done_fn *done;
	void *arg;
};

static void resume(struct create *c, bool ok);

static int fail_errno(struct create *c, const char *stage, const char *what)
{
	return fault_errno(&c->fault, stage, c->d->name, what);
}

/* ---- the steps ---- */

static void let_go(struct create *c)
{
	reservation_end(c->reservation);
	c->reservation = NULL;
}

static void on_reserved(void *arg, const struct fault *f)
{
	struct create *c = arg;

	if (f)
		c->fault = *f;
	resume(c, !f);
}

/* Where nobody keeps memory, what is free must do. */
static int reserve(struct create *c)
{
	c->reservation = reservation_ask(c->d, on_reserved, c);
	if (c->reservation)
		return STEP_WAIT;
	return check_memory(c->d->hd, &c->d->config, &c->fault) ? STEP_FAILED
								: STEP_DONE;
}

/* The file says "building" before there is anything to be built, so that a
 * killed hvxd finds what it left. */
static int record(struct create *c)
{
	if (!state_write(c->d))
		return STEP_DONE;
	fault_errno(&c->fault, "record", c->d->hd->state_folder,
		    "its state file can't be written");
	fault_hint(&c->fault, "is the file system full? df %s",
		   c->d->hd->state_folder);
	return STEP_FAILED;
}

static int make_domain(struct create *c)
{
	const struct guest_config *g = &c->d->config;
	struct xen_domctl_createdomain how = {
		.max_vcpus = guest_maxvcpus(g),
		.max_evtchn_port = g->max_event_channels >= 0
					   ? g->max_event_channels
					   : EVTCHN_PORTS,
		.max_grant_frames = g->max_grant_frames,
		.max_maptrack_frames = g->max_maptrack_frames,
		/* Version 1 serves all kernels; 2 is only a larger target. */
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};
	uint32_t domid = 0;

	uuid_bytes(c->d->uuid, how.handle);
	if (hvctl_domain_create(c->d->hd->hv, &how, &domid))
		return fail_errno(c, "domain",
				  "the hypervisor refuses a new domain");
	c->d->domid = domid;
	return STEP_DONE;
}

/* A set of CPUs, cut to the machine's; -1: none of those is in it. */
static int cpu_map(const struct guest_cpus *set, uint8_t *map,
		   unsigned int cpus)
{
	unsigned int i;
	int rc = -1;

	memset(map, 0, (cpus + 7) / 8);
	for (i = 0; i < cpus; i++)
		if (guest_cpus_has(set, i)) {
			map[i / 8] |= 1 << i % 8;
			rc = 0;
		}
	return rc;
}

static const struct guest_cpus *cpus_for(const struct guest_cpus *sets,
					 unsigned int count, unsigned int vcpu)
{
	return vcpu < count && sets[vcpu].bits ? &sets[vcpu] : NULL;
}

static int pin_vcpu(struct create *c, unsigned int vcpu, unsigned int cpus)
{
	const struct guest_config *g = &c->d->config;
	const struct guest_cpus *hard, *soft;
	uint8_t hard_map[512], soft_map[512];

	hard = cpus_for(g->hard, g->hard_count, vcpu);
	soft = cpus_for(g->soft, g->soft_count, vcpu);
	if (!hard && !soft)
		return 0;
	if ((hard && cpu_map(hard, hard_map, cpus)) ||
	    (soft && cpu_map(soft, soft_map, cpus))) {
		fault_set(&c->fault, EINVAL, "limits", c->d->name,
			  "vCPU %u may run on none of this machine's CPUs (0 to %u)",
			  vcpu, cpus - 1);
		fault_hint(&c->fault, "change cpus or cpus_soft in its configuration");
		return -1;
	}
	if (hvctl_vcpu_affinity_set(c->d->hd->hv, c->d->domid, vcpu,
				    hard ? hard_map : NULL,
				    soft ? soft_map : NULL, cpus, false))
		return fail_errno(c, "limits", "binding its vCPUs to CPUs");
	return 0;
}

static int pin_vcpus(struct create *c)
{
	const struct guest_config *g = &c->d->config;
	struct xen_sysctl_physinfo info;
	unsigned int i, cpus;

	if (!g->hard_count && !g->soft_count)
		return 0;
	if (hvctl_physinfo(c->d->hd->hv, &info))
		return fail_errno(c, "limits", "asking for the machine's CPUs");
	cpus = info.max_cpu_id + 1;
	cpus = cpus < 4096 ? cpus : 4096;
	for (i = 0; i < guest_maxvcpus(g); i++)
		if (pin_vcpu(c, i, cpus))
			return -1;
	return 0;
}

static int set_share(struct create *c)
{
	const struct guest_config *g = &c->d->config;
	struct xen_domctl_sched_credit s;

	if (g->weight < 0 && g->cap < 0)
		return 0;
	if (hvctl_share_get(c->d->hd->hv, c->d->domid, &s))
		return fail_errno(c, "limits", "asking for its weight and cap");
	s.weight = g->weight >= 0 ? g->weight : s.weight;
	s.cap = g->cap >= 0 ? g->cap : s.cap;
	if (hvctl_share_set(c->d->hd->hv, c->d->domid, &s)) {
		fail_errno(c, "limits", "setting its weight and cap");
		fault_hint(&c->fault, "cpu_weight is 1 to 65535, cap at most 100 for each vCPU");
		return -1;
	}
	return 0;
}

static int set_limits(struct create *c)
{
	const struct guest_config *g = &c->d->config;
	struct hvctl *hv = c->d->hd->hv;
	uint32_t domid = c->d->domid;

	if (hvctl_domain_max_vcpus(hv, domid, guest_maxvcpus(g)))
		return fail_errno(c, "limits", "making its vCPUs");
	if (hvctl_domain_max_mem(hv, domid,
				 g->memory_kb + MAXMEM_SLACK_KIB))
		return fail_errno(c, "limits", "setting its memory limit");
	if (guest_maxmem_kb(g) > g->memory_kb &&
	    hvctl_domain_memory_map(hv, domid, guest_maxmem_kb(g)))
		return fail_errno(c, "limits", "saying what it may grow to");
	/* Guests read the processor's own counter: none is ever moved to a
	 * machine with another, and emulation costs 1,000 instructions. */
	if (hvctl_domain_set_tsc_native(hv, domid))
		return fail_errno(c, "limits", "setting its TSC mode");
	return set_share(c) || pin_vcpus(c) ? STEP_FAILED : STEP_DONE;
}

/* From here on nobody else can take its memory. */
static int claim(struct create *c)
{
	const struct guest_config *g = &c->d->config;

	if (!hvctl_domain_claim(c->d->hd->hv, c->d->domid,
				g->memory_kb >> 2)) {
		let_go(c);
		return STEP_DONE;
	}
	if (errno == ENOMEM && check_memory(c->d->hd, g, &c->fault))
		return STEP_FAILED;
	return fail_errno(c, "claim", "reserving its memory");
}

static void on_built(void *arg, const struct fault *f, const struct rings *r)
{
	struct create *c = arg;

	c->build = NULL;
	if (f) {
		c->fault = *f;
		resume(c, false);
		return;
	}
	c->rings = *r;
	/* All that was claimed is used; a call more leaves no doubt. */
	hvctl_domain_claim(c->d->hd->hv, c->d->domid, 0);
	resume(c, true);
}

static int build_memory(struct create *c)
{
	struct hvctl *hv = c->d->hd->hv;
	int store = hvctl_evtchn_alloc(hv, c->d->domid, 0);
	int console = hvctl_evtchn_alloc(hv, c->d->domid, 0);

	if (store < 0 || console < 0)
		return fail_errno(c, "memory", "allocating its event channels");
	c->rings.store_port = store;
	c->rings.console_port = console;
	c->build = build_start(c->d, &c->rings, on_built, c, &c->fault);
	return c->build ? STEP_WAIT : STEP_FAILED;
}

static int write_nodes(struct create *c)
{
	if (nodes_write(c->d, &c->rings))
		return fail_errno(c, "store", "writing its nodes");
	return STEP_DONE;
}

static int introduce(struct create *c)
{
	if (store_introduce(c->d->hd->store, c->d->domid, c->rings.store_mfn,
			    c->rings.store_port))
		return fail_errno(c, "introduce",
				  "the store daemon can't take it on");
	return STEP_DONE;
}

static void on_backends(void *arg, const struct fault *f)
{
	struct create *c = arg;

	if (f)
		c->fault = *f;
	resume(c, !f);
}

static int start_backends(struct create *c)
{
	return backend_start(c->d, on_backends, c, &c->fault);
}

static int ready(struct create *c)
{
	dom_set_state(c->d, c->paused ? DOM_PAUSED : DOM_RUNNING, NULL);
	return record(c);
}

static int start(struct create *c)
{
	if (!c->paused && hvctl_domain_unpause(c->d->hd->hv, c->d->domid))
		return fail_errno(c, "start", "unpausing it");
	return STEP_DONE;
}

static const struct step {
	const char *name;
	int (*run)(struct create *c);
	bool told;			/* as progress: it may take a while */
} steps[] = {
	{ "reserve", reserve, true },
	{ "record", record, false },
	{ "domain", make_domain, false },
	{ "limits", set_limits, false },
	{ "claim", claim, false },
	{ "memory", build_memory, true },
	{ "store", write_nodes, true },
	{ "introduce", introduce, false },
	{ "devices", start_backends, true },
	{ "ready", ready, false },
	{ "start", start, false },
};
#define STEPS	(sizeof(steps) / sizeof(*steps))

/* ---- running them ---- */

static void finish(struct create *c, const struct fault *f)
{
	struct dom *d = c->d;

	d->create = NULL;
	let_go(c);
	c->done(d, f, c->arg);
	free(c);
}

static void on_ended(struct dom *d, void *arg)
{
	struct create *c = arg;

	(void)d;
	finish(c, &c->fault);
}

static void failed(struct create *c)
{
	struct json_object *more = proto_error(&c->fault), *e;

	let_go(c);
	json_object_object_get_ex(more, "error", &e);
	json_object_get(e);
	json_object_put(more);
	json_object_object_del(e, "errno");
	event_emit(c->d, "create-failed", e, "%s", c->fault.text);
	dom_set_state(c->d, DOM_DYING, "its creation failed");
	/* With its id now, for an hvxd that must end what this one doesn't. */
	state_write(c->d);
	c->ending = true;
	end_begin(c->d, on_ended, c);
}

/* Tests let a step fail after its work is done, when most is to be undone. */
static bool injected(struct create *c)
{
	const char *at = getenv(FAIL_AT);

	if (!at || strcmp(at, steps[c->step].name))
		return false;
	fault_set(&c->fault, EIO, at, c->d->name,
		  "a failure was asked for by " FAIL_AT);
	return true;
}

static void advance(struct create *c)
{
	int rc;

	while (c->step < STEPS) {
		if (steps[c->step].told)
			req_progress(c->req, steps[c->step].name);
		rc = steps[c->step].run(c);
		if (rc == STEP_WAIT)
			return;
		if (rc == STEP_FAILED || injected(c)) {
			failed(c);
			return;
		}
		c->step++;
	}
	finish(c, NULL);
}

/* The step that waited has come to its end. */
static void resume(struct create *c, bool ok)
{
	if (!ok || injected(c)) {
		failed(c);
		return;
	}
	c->step++;
	advance(c);
}

void create_begin(struct dom *d, struct request *r, bool paused,
		  create_done_fn *done, void *arg)
{
	struct create *c = calloc(1, sizeof(*c));
	struct fault f;

	if (!c) {
		fault_set(&f, ENOMEM, "record", d->name, "no memory");
		done(d, &f, arg);
		return;
	}
	c->d = d;
	c->req = r;
	c->paused = paused;
	c->done = done;
	c->arg = arg;
	d->create = c;
	d->started = wall_now();
	advance(c);
}

void create_cancel(struct dom *d, const struct fault *f)
{
	struct create *c = d->create;

	if (!c || c->ending)
		return;
	build_kill(c->build);
	c->build = NULL;
	c->fault = *f;
	failed(c);
}
