/* SPDX-License-Identifier: MIT */
/*
 * The control calls: each fills in one structure of the ABI, makes one
 * hypercall and hands back what it says.
 */
#include <libhvctl/hvctl.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <abi/event_channel.h>
#include <abi/memory.h>
#include <abi/sched.h>
#include <abi/version.h>
#include "private.h"

/* What Linux' errno lacks: "call again", in the hypervisor's numbers. */
#define XEN_ERESTART	85

/* Enough that lists of domains and the like take few calls. */
#define ARENA_PAGES	64
/* The start of the arena, for a call's own structure. */
#define ARENA_HEAD	1024

struct hvctl *hvctl_open_sized(unsigned int pages)
{
	struct hvctl *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	if (hvctl_linux_open(h, pages)) {
		free(h);
		return NULL;
	}
	return h;
}

struct hvctl *hvctl_open(void)
{
	return hvctl_open_sized(ARENA_PAGES);
}

void hvctl_close(struct hvctl *h)
{
	if (!h)
		return;
	hvctl_linux_close(h);
	free(h);
}

uint64_t hvctl_calls(const struct hvctl *h)
{
	return h->calls;
}

/* ---- the arena ---- */

void *hvctl_arena_head(struct hvctl *h)
{
	h->used = ARENA_HEAD;
	return memset(h->arena, 0, ARENA_HEAD);
}

void *hvctl_arena_take(struct hvctl *h, size_t size)
{
	void *p = h->arena + h->used;

	size = (size + 15) & ~(size_t)15;
	if (size > h->size - h->used) {
		errno = ENOBUFS;
		return NULL;
	}
	h->used += size;
	return p;
}

size_t hvctl_arena_room(struct hvctl *h, size_t size)
{
	return (h->size - h->used) / size;
}

static uint64_t addr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

long hvctl_call1(struct hvctl *h, unsigned int op, uint64_t a)
{
	return hvctl_linux_call(h, op, 1, (uint64_t[]){ a });
}

long hvctl_call2(struct hvctl *h, unsigned int op, uint64_t a, uint64_t b)
{
	return hvctl_linux_call(h, op, 2, (uint64_t[]){ a, b });
}

long hvctl_call4(struct hvctl *h, unsigned int op, uint64_t a, uint64_t b,
		 uint64_t c, uint64_t d)
{
	return hvctl_linux_call(h, op, 4, (uint64_t[]){ a, b, c, d });
}

/* ---- sysctl ---- */

static struct xen_sysctl *sysctl_new(struct hvctl *h, uint32_t cmd)
{
	struct xen_sysctl *op;

	op = hvctl_arena_head(h);
	op->cmd = cmd;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return op;
}

static int sysctl_do(struct hvctl *h, struct xen_sysctl *op)
{
	return hvctl_call1(h, __HYPERVISOR_sysctl, addr(op)) < 0 ? -1 : 0;
}

int hvctl_physinfo(struct hvctl *h, struct xen_sysctl_physinfo *out)
{
	struct xen_sysctl *op = sysctl_new(h, XEN_SYSCTL_physinfo);

	if (sysctl_do(h, op))
		return -1;
	*out = op->u.physinfo;
	return 0;
}

int hvctl_sched_id(struct hvctl *h, uint32_t *id)
{
	struct xen_sysctl *op = sysctl_new(h, XEN_SYSCTL_sched_id);

	if (sysctl_do(h, op))
		return -1;
	*id = op->u.sched_id.sched_id;
	return 0;
}

int hvctl_dmesg(struct hvctl *h, char *buf, size_t size, uint32_t *index,
		bool clear)
{
	struct xen_sysctl *op = sysctl_new(h, XEN_SYSCTL_readconsole);
	size_t n = hvctl_arena_room(h, 1);
	char *ring;

	n = size < n ? size : n;
	ring = hvctl_arena_take(h, n & ~(size_t)15);
	op->u.readconsole.buffer = ring;
	op->u.readconsole.count = n & ~(size_t)15;
	op->u.readconsole.incremental = 1;
	op->u.readconsole.index = *index;
	op->u.readconsole.clear = clear;
	if (sysctl_do(h, op))
		return -1;
	*index = op->u.readconsole.index;
	memcpy(buf, ring, op->u.readconsole.count);
	return op->u.readconsole.count;
}

int hvctl_debug_keys(struct hvctl *h, const char *keys)
{
	struct xen_sysctl *op = sysctl_new(h, XEN_SYSCTL_debug_keys);
	char *p = hvctl_arena_take(h, strlen(keys) + 1);

	if (!p)
		return -1;
	memcpy(p, keys, strlen(keys) + 1);
	op->u.debug_keys.keys = p;
	op->u.debug_keys.nr_keys = strlen(keys);
	return sysctl_do(h, op);
}

int hvctl_topology(struct hvctl *h, struct xen_sysctl_cputopo *out,
		   unsigned int max)
{
	struct xen_sysctl *op = sysctl_new(h, XEN_SYSCTL_cputopoinfo);
	void *p = hvctl_arena_take(h, max * sizeof(*out));

	if (!p)
		return -1;
	op->u.cputopoinfo.num_cpus = max;
	op->u.cputopoinfo.cputopo = p;
	if (sysctl_do(h, op))
		return -1;
	max = op->u.cputopoinfo.num_cpus < max ? op->u.cputopoinfo.num_cpus
					       : max;
	memcpy(out, p, max * sizeof(*out));
	return max;
}

int hvctl_numa(struct hvctl *h, struct xen_sysctl_meminfo *out,
	       uint32_t *distance, unsigned int max)
{
	struct xen_sysctl *op = sysctl_new(h, XEN_SYSCTL_numainfo);
	void *mem = hvctl_arena_take(h, max * sizeof(*out));
	void *dist = hvctl_arena_take(h, max * max * sizeof(*distance));
	unsigned int n;

	if (!mem || !dist)
		return -1;
	op->u.numainfo.num_nodes = max;
	op->u.numainfo.meminfo = mem;
	op->u.numainfo.distance = dist;
	if (sysctl_do(h, op))
		return -1;
	n = op->u.numainfo.num_nodes < max ? op->u.numainfo.num_nodes : max;
	memcpy(out, mem, n * sizeof(*out));
	memcpy(distance, dist, n * n * sizeof(*distance));
	return n;
}

int hvctl_cpupool_info(struct hvctl *h, uint32_t id,
		       struct xen_sysctl_cpupool_op *out, uint8_t *map,
		       size_t size)
{
	struct xen_sysctl *op = sysctl_new(h, XEN_SYSCTL_cpupool_op);
	uint8_t *p = hvctl_arena_take(h, size);

	if (!p)
		return -1;
	memset(p, 0, size);
	op->u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_INFO;
	op->u.cpupool_op.cpupool_id = id;
	op->u.cpupool_op.cpumap.bitmap = p;
	op->u.cpupool_op.cpumap.nr_bits = size * 8;
	if (sysctl_do(h, op))
		return -1;
	*out = op->u.cpupool_op;
	out->cpumap.bitmap = map;
	memcpy(map, p, size);
	return 0;
}

static int credit_global(struct hvctl *h, uint32_t pool, uint32_t cmd,
			 struct xen_sysctl_credit_schedule *s)
{
	struct xen_sysctl *op = sysctl_new(h, XEN_SYSCTL_scheduler_op);

	op->u.scheduler_op.cpupool_id = pool;
	op->u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT;
	op->u.scheduler_op.cmd = cmd;
	op->u.scheduler_op.u.sched_credit = *s;
	if (sysctl_do(h, op))
		return -1;
	*s = op->u.scheduler_op.u.sched_credit;
	return 0;
}

int hvctl_credit_global_get(struct hvctl *h, uint32_t pool,
			    struct xen_sysctl_credit_schedule *out)
{
	memset(out, 0, sizeof(*out));
	return credit_global(h, pool, XEN_SYSCTL_SCHEDOP_getinfo, out);
}

int hvctl_credit_global_set(struct hvctl *h, uint32_t pool,
			    struct xen_sysctl_credit_schedule *inout)
{
	return credit_global(h, pool, XEN_SYSCTL_SCHEDOP_putinfo, inout);
}

int hvctl_domain_list(struct hvctl *h, uint32_t first, unsigned int max,
		      struct xen_domctl_getdomaininfo *out)
{
	unsigned int got = 0;

	while (got < max) {
		struct xen_sysctl *op =
			sysctl_new(h, XEN_SYSCTL_getdomaininfolist);
		size_t n = hvctl_arena_room(h, sizeof(*out));
		void *p;

		n = max - got < n ? max - got : n;
		p = hvctl_arena_take(h, n * sizeof(*out));
		op->u.getdomaininfolist.first_domain = first;
		op->u.getdomaininfolist.max_domains = n;
		op->u.getdomaininfolist.buffer = p;
		if (sysctl_do(h, op))
			return -1;
		memcpy(out + got, p, op->u.getdomaininfolist.num_domains *
					     sizeof(*out));
		got += op->u.getdomaininfolist.num_domains;
		if (op->u.getdomaininfolist.num_domains < n)
			break;
		first = out[got - 1].domain + 1;
	}
	return got;
}

/* ---- the version ---- */

static int version(struct hvctl *h, int cmd, void *out, size_t size)
{
	void *p = hvctl_arena_head(h);
	long n;

	n = hvctl_call2(h, __HYPERVISOR_xen_version, cmd, addr(p));
	if (n >= 0)
		memcpy(out, p, size);
	return n;
}

static void version_build_id(struct hvctl *h, char *hex, size_t size)
{
	struct {
		uint32_t len;
		unsigned char buf[28];
	} id = { .len = sizeof(id.buf) };
	struct xen_build_id *p;
	unsigned int i;
	long n;

	p = hvctl_arena_head(h);
	memcpy(p, &id, sizeof(id));
	n = hvctl_call2(h, __HYPERVISOR_xen_version, XENVER_build_id, addr(p));
	*hex = 0;
	for (i = 0; n > 0 && i < n && i < sizeof(id.buf) && 2 * i + 3 <= size;
	     i++)
		sprintf(hex + 2 * i, "%02x", p->buf[i]);
}

int hvctl_version(struct hvctl *h, struct hvctl_version *out)
{
	struct xen_platform_parameters platform = { 0 };
	struct xen_compile_info ci;
	int n = version(h, XENVER_version, &ci, 0);

	memset(out, 0, sizeof(*out));
	memset(&ci, 0, sizeof(ci));
	if (n < 0)
		return -1;
	out->major = n >> 16;
	out->minor = n & 0xffff;
	if (version(h, XENVER_extraversion, out->extra, sizeof(out->extra)) <
		    0 ||
	    version(h, XENVER_capabilities, out->caps, sizeof(out->caps)) < 0 ||
	    version(h, XENVER_changeset, out->changeset,
		    sizeof(out->changeset)) < 0 ||
	    version(h, XENVER_commandline, out->command_line,
		    sizeof(out->command_line)) < 0 ||
	    version(h, XENVER_compile_info, &ci, sizeof(ci)) < 0 ||
	    version(h, XENVER_platform_parameters, &platform,
		    sizeof(platform)) < 0)
		return -1;
	memcpy(out->compiler, ci.compiler, sizeof(out->compiler));
	memcpy(out->compile_by, ci.compile_by, sizeof(out->compile_by));
	memcpy(out->compile_domain, ci.compile_domain,
	       sizeof(out->compile_domain));
	memcpy(out->compile_date, ci.compile_date, sizeof(out->compile_date));
	out->virt_start = platform.virt_start;
	/* The one that must be asked without an argument. */
	n = hvctl_call2(h, __HYPERVISOR_xen_version, XENVER_pagesize, 0);
	out->page_size = n > 0 ? n : 0;
	version_build_id(h, out->build_id, sizeof(out->build_id));
	return 0;
}

/* ---- domctl ---- */

struct xen_domctl *hvctl_domctl_new(struct hvctl *h, uint32_t cmd,
				    uint32_t domid)
{
	struct xen_domctl *op;

	op = hvctl_arena_head(h);
	op->cmd = cmd;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op->domain = domid;
	return op;
}

int hvctl_domctl_do(struct hvctl *h, struct xen_domctl *op)
{
	return hvctl_call1(h, __HYPERVISOR_domctl, addr(op)) < 0 ? -1 : 0;
}

static int domctl_plain(struct hvctl *h, uint32_t cmd, uint32_t domid)
{
	return hvctl_domctl_do(h, hvctl_domctl_new(h, cmd, domid));
}

int hvctl_domain_info(struct hvctl *h, uint32_t domid,
		      struct xen_domctl_getdomaininfo *out)
{
	struct xen_domctl *op =
		hvctl_domctl_new(h, XEN_DOMCTL_getdomaininfo, domid);

	if (hvctl_domctl_do(h, op))
		return -1;
	/* Unlike its neighbours this call may answer with the next domain. */
	if (op->u.getdomaininfo.domain != domid) {
		errno = ESRCH;
		return -1;
	}
	*out = op->u.getdomaininfo;
	return 0;
}

int hvctl_domain_create(struct hvctl *h, struct xen_domctl_createdomain *how,
			uint32_t *domid)
{
	struct xen_domctl *op =
		hvctl_domctl_new(h, XEN_DOMCTL_createdomain, *domid);

	op->u.createdomain = *how;
	if (hvctl_domctl_do(h, op))
		return -1;
	*domid = op->domain;
	return 0;
}

int hvctl_domain_destroy(struct hvctl *h, uint32_t domid)
{
	int rc;

	/* Between two pieces dom0's kernel may run something else here. */
	do {
		rc = domctl_plain(h, XEN_DOMCTL_hvx_destroy_some, domid);
	} while (rc && errno == EAGAIN);
	if (rc && (errno == ENOSYS || errno == EOPNOTSUPP))
		rc = domctl_plain(h, XEN_DOMCTL_destroydomain, domid);
	return rc;
}

int hvctl_domain_pause(struct hvctl *h, uint32_t domid)
{
	return domctl_plain(h, XEN_DOMCTL_pausedomain, domid);
}

int hvctl_domain_unpause(struct hvctl *h, uint32_t domid)
{
	return domctl_plain(h, XEN_DOMCTL_unpausedomain, domid);
}

int hvctl_domain_resume(struct hvctl *h, uint32_t domid)
{
	return domctl_plain(h, XEN_DOMCTL_resumedomain, domid);
}

int hvctl_domain_shutdown(struct hvctl *h, uint32_t domid, unsigned int reason)
{
	struct sched_remote_shutdown *s;

	s = hvctl_arena_head(h);
	s->domain_id = domid;
	s->reason = reason;
	return hvctl_call2(h, __HYPERVISOR_sched_op, SCHEDOP_remote_shutdown,
			   addr(s)) < 0 ? -1 : 0;
}

int hvctl_domain_max_mem(struct hvctl *h, uint32_t domid, uint64_t kib)
{
	struct xen_domctl *op = hvctl_domctl_new(h, XEN_DOMCTL_max_mem, domid);

	op->u.max_mem.max_memkb = kib;
	return hvctl_domctl_do(h, op);
}

int hvctl_domain_max_vcpus(struct hvctl *h, uint32_t domid, unsigned int n)
{
	struct xen_domctl *op =
		hvctl_domctl_new(h, XEN_DOMCTL_max_vcpus, domid);

	op->u.max_vcpus.max = n;
	return hvctl_domctl_do(h, op);
}

int hvctl_domain_set_handle(struct hvctl *h, uint32_t domid,
			    const xen_domain_handle_t handle)
{
	struct xen_domctl *op =
		hvctl_domctl_new(h, XEN_DOMCTL_setdomainhandle, domid);

	memcpy(op->u.setdomainhandle.handle, handle,
	       sizeof(xen_domain_handle_t));
	return hvctl_domctl_do(h, op);
}

int hvctl_node_affinity_get(struct hvctl *h, uint32_t domid, uint8_t *map,
			    unsigned int nodes)
{
	struct xen_domctl *op =
		hvctl_domctl_new(h, XEN_DOMCTL_getnodeaffinity, domid);
	uint8_t *p = hvctl_arena_take(h, (nodes + 7) / 8);

	if (!p)
		return -1;
	memset(p, 0, (nodes + 7) / 8);
	op->u.nodeaffinity.nodemap.bitmap = p;
	op->u.nodeaffinity.nodemap.nr_bits = nodes;
	if (hvctl_domctl_do(h, op))
		return -1;
	memcpy(map, p, (nodes + 7) / 8);
	return 0;
}

int hvctl_domain_set_tsc_native(struct hvctl *h, uint32_t domid)
{
	struct xen_domctl *op =
		hvctl_domctl_new(h, XEN_DOMCTL_settscinfo, domid);

	op->u.tsc_info.tsc_mode = 2;
	return hvctl_domctl_do(h, op);
}

int hvctl_domain_claim(struct hvctl *h, uint32_t domid, unsigned long pages)
{
	struct xen_memory_reservation *r;

	r = hvctl_arena_head(h);
	r->nr_extents = pages;
	r->domid = domid;
	return hvctl_call2(h, __HYPERVISOR_memory_op, XENMEM_claim_pages,
			   addr(r)) < 0 ? -1 : 0;
}

int hvctl_domain_memory_map(struct hvctl *h, uint32_t domid, uint64_t kib)
{
	/* BIOS's own form */
	struct { uint64_t addr, size; uint32_t type; }
		__attribute__((packed)) *ram;
	struct xen_foreign_memory_map *map = hvctl_arena_head(h);

	ram = hvctl_arena_take(h, sizeof(*ram));
	if (!ram)
		return -1;
	ram->addr = 0;
	ram->size = kib << 10;
	ram->type = 1;
	map->domid = domid;
	map->map.nr_entries = 1;
	map->map.buffer = ram;
	return hvctl_call2(h, __HYPERVISOR_memory_op, XENMEM_set_memory_map,
			   addr(map)) < 0 ? -1 : 0;
}

int hvctl_domain_trigger(struct hvctl *h, uint32_t domid, uint32_t trigger,
			 uint32_t vcpu)
{
	struct xen_domctl *op =
		hvctl_domctl_new(h, XEN_DOMCTL_sendtrigger, domid);

	op->u.sendtrigger.trigger = trigger;
	op->u.sendtrigger.vcpu = vcpu;
	return hvctl_domctl_do(h, op);
}

int hvctl_evtchn_alloc(struct hvctl *h, uint32_t domid, uint32_t remote)
{
	struct evtchn_alloc_unbound *a;

	a = hvctl_arena_head(h);
	a->dom = domid;
	a->remote_dom = remote;
	if (hvctl_call2(h, __HYPERVISOR_event_channel_op,
			EVTCHNOP_alloc_unbound, addr(a)) < 0)
		return -1;
	return a->port;
}

/* ---- vCPUs ---- */

int hvctl_vcpu_info(struct hvctl *h, uint32_t domid, uint32_t vcpu,
		    struct xen_domctl_getvcpuinfo *out)
{
	struct xen_domctl *op =
		hvctl_domctl_new(h, XEN_DOMCTL_getvcpuinfo, domid);

	op->u.getvcpuinfo.vcpu = vcpu;
	if (hvctl_domctl_do(h, op))
		return -1;
	*out = op->u.getvcpuinfo;
	return 0;
}

int hvctl_run_states(struct hvctl *h, uint32_t domid, uint64_t *time)
{
	struct xen_domctl *op =
		hvctl_domctl_new(h, XEN_DOMCTL_hvx_run_states, domid);

	if (hvctl_domctl_do(h, op)) {
		if (errno == ENOSYS)
			errno = EOPNOTSUPP;
		return -1;
	}
	memcpy(time, op->u.hvx_run_states.time,
	       sizeof(op->u.hvx_run_states.time));
	return 0;
}

static int affinity(struct hvctl *h, struct xen_domctl *op, uint32_t vcpu,
		    uint8_t *hard, uint8_t *soft, unsigned int cpus)
{
	struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
	size_t size = (cpus + 7) / 8;
	uint8_t *p = hvctl_arena_take(h, 2 * size);

	if (!p)
		return -1;
	memset(p, 0, 2 * size);
	a->vcpu = vcpu;
	if (hard) {
		a->flags |= XEN_VCPUAFFINITY_HARD;
		a->cpumap_hard.bitmap = memcpy(p, hard, size);
		a->cpumap_hard.nr_bits = cpus;
	}
	if (soft) {
		a->flags |= XEN_VCPUAFFINITY_SOFT;
		a->cpumap_soft.bitmap = memcpy(p + size, soft, size);
		a->cpumap_soft.nr_bits = cpus;
	}
	if (hvctl_domctl_do(h, op))
		return -1;
	if (hard)
		memcpy(hard, p, size);
	if (soft)
		memcpy(soft, p + size, size);
	return 0;
}

int hvctl_vcpu_affinity_get(struct hvctl *h, uint32_t domid, uint32_t vcpu,
			    uint8_t *hard, uint8_t *soft, unsigned int cpus)
{
	return affinity(h, hvctl_domctl_new(h, XEN_DOMCTL_getvcpuaffinity,
					    domid),
			vcpu, hard, soft, cpus);
}

int hvctl_vcpu_affinity_set(struct hvctl *h, uint32_t domid, uint32_t vcpu,
			    uint8_t *hard, uint8_t *soft, unsigned int cpus,
			    bool force)
{
	struct xen_domctl *op =
		hvctl_domctl_new(h, XEN_DOMCTL_setvcpuaffinity, domid);

	op->u.vcpuaffinity.flags = force ? XEN_VCPUAFFINITY_FORCE : 0;
	return affinity(h, op, vcpu, hard, soft, cpus);
}

/* credit and credit2 have the same two numbers. */
static int credit(struct hvctl *h, uint32_t domid, uint32_t sched,
		  uint32_t cmd, struct xen_domctl_sched_credit *c)
{
	struct xen_domctl *op =
		hvctl_domctl_new(h, XEN_DOMCTL_scheduler_op, domid);

	op->u.scheduler_op.sched_id = sched;
	op->u.scheduler_op.cmd = cmd;
	op->u.scheduler_op.u.credit = *c;
	if (hvctl_domctl_do(h, op))
		return -1;
	*c = op->u.scheduler_op.u.credit;
	return 0;
}

int hvctl_credit_get(struct hvctl *h, uint32_t domid,
		     struct xen_domctl_sched_credit *out)
{
	memset(out, 0, sizeof(*out));
	return credit(h, domid, XEN_SCHEDULER_CREDIT,
		      XEN_DOMCTL_SCHEDOP_getinfo, out);
}

int hvctl_credit_set(struct hvctl *h, uint32_t domid,
		     const struct xen_domctl_sched_credit *in)
{
	struct xen_domctl_sched_credit c = *in;

	return credit(h, domid, XEN_SCHEDULER_CREDIT,
		      XEN_DOMCTL_SCHEDOP_putinfo, &c);
}

int hvctl_share_get(struct hvctl *h, uint32_t domid,
		    struct xen_domctl_sched_credit *out)
{
	uint32_t sched;

	memset(out, 0, sizeof(*out));
	if (hvctl_sched_id(h, &sched))
		return -1;
	return credit(h, domid, sched, XEN_DOMCTL_SCHEDOP_getinfo, out);
}

int hvctl_share_set(struct hvctl *h, uint32_t domid,
		    const struct xen_domctl_sched_credit *in)
{
	struct xen_domctl_sched_credit c = *in;
	uint32_t sched;

	if (hvctl_sched_id(h, &sched))
		return -1;
	return credit(h, domid, sched, XEN_DOMCTL_SCHEDOP_putinfo, &c);
}
