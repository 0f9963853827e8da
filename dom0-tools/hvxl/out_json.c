/* SPDX-License-Identifier: MIT */
/*
 * The answers of queries as JSON, for programs: sizes in KiB, times in
 * nanoseconds, the hypervisor's words for states.
 */
#include "out.h"

#include <json-c/json.h>
#include <string.h>
#include <abi/sched.h>
#include <common/guest.h>
#include <common/json_put.h>
#include "hvxl.h"
#include "pools.h"

static void put(struct json_object *o, const char *key, struct json_object *v)
{
	json_object_object_add(o, key, v);
}

static void put_truth(struct json_object *o, const char *key, bool yes)
{
	put(o, key, json_object_new_boolean(yes));
}

struct json_object *json_new_list(void)
{
	return json_object_new_array();
}

void json_append(struct json_object *list, struct json_object *entry)
{
	json_object_array_add(list, entry);
}

int json_print(FILE *out, struct json_object *obj)
{
	if (!obj)
		return fail("no memory for the answer");
	json_print_xl(obj, out);
	json_object_put(obj);
	return 0;
}

const char *shutdown_reason_name(unsigned int reason)
{
	static const char *const names[] = {
		[SHUTDOWN_poweroff] = "poweroff",
		[SHUTDOWN_reboot] = "reboot",
		[SHUTDOWN_suspend] = "suspend",
		[SHUTDOWN_crash] = "crash",
		[SHUTDOWN_watchdog] = "watchdog",
		[SHUTDOWN_soft_reset] = "soft-reset",
	};

	if (reason < sizeof(names) / sizeof(names[0]) && names[reason])
		return names[reason];
	return "unknown";
}

static struct json_object *state_json(uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} words[] = {
		{ XEN_DOMINF_running, "running" },
		{ XEN_DOMINF_blocked, "blocked" },
		{ XEN_DOMINF_paused, "paused" },
		{ XEN_DOMINF_shutdown, "shutdown" },
		{ XEN_DOMINF_dying, "dying" },
	};
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (flags & words[i].flag)
			json_object_array_add(
				list, json_object_new_string(words[i].name));
	return list;
}

static struct json_object *list_entry(const struct dom_row *row)
{
	const struct xen_domctl_getdomaininfo *d = &row->info;
	struct json_object *o = json_object_new_object();
	char uuid[37];

	uuid_text(d->handle, uuid);
	put_number(o, "domid", d->domain);
	put_text(o, "name", row->name);
	put_text(o, "uuid", uuid);
	put(o, "state", state_json(d->flags));
	put_text(o, "shutdown_reason", d->flags & XEN_DOMINF_shutdown
		 ? shutdown_reason_name(d->flags >> XEN_DOMINF_shutdownshift &
					XEN_DOMINF_shutdownmask) : NULL);
	put_number(o, "memory_kib", d->tot_pages * 4);
	put_number(o, "outstanding_kib", d->outstanding_pages * 4);
	put_number(o, "max_memory_kib", d->max_pages * 4);
	put_number(o, "vcpus", d->max_vcpu_id + 1);
	put_number(o, "online_vcpus", d->nr_online_vcpus);
	put_number(o, "cpu_time_ns", d->cpu_time);
	put_text(o, "cpupool", row->pool);
	return o;
}

struct json_object *json_list(const struct dom_row *rows, unsigned int n)
{
	struct json_object *list = json_object_new_array();
	unsigned int i;

	for (i = 0; i < n; i++)
		json_object_array_add(list, list_entry(&rows[i]));
	return list;
}

struct json_object *json_vcpus(const struct vcpu_row *rows, unsigned int n)
{
	struct json_object *list = json_object_new_array();
	unsigned int i;

	for (i = 0; i < n; i++) {
		const struct xen_domctl_getvcpuinfo *v = &rows[i].info;
		struct json_object *o = json_object_new_object();

		put_number(o, "domid", rows[i].domid);
		put_text(o, "name", rows[i].name);
		put_number(o, "vcpu", v->vcpu);
		put_truth(o, "online", v->online);
		put_truth(o, "running", v->running);
		put_truth(o, "blocked", v->blocked);
		put_number(o, "cpu", v->cpu);
		put_number(o, "cpu_time_ns", v->cpu_time);
		put_text(o, "hard_affinity", rows[i].hard);
		put_text(o, "soft_affinity", rows[i].soft);
		json_object_array_add(list, o);
	}
	return list;
}

struct json_object *json_credit_domain(const struct dom_row *row)
{
	struct json_object *o = json_object_new_object();

	put_number(o, "domid", row->info.domain);
	put_text(o, "name", row->name);
	put_number(o, "weight", row->credit.weight);
	put_number(o, "cap", row->credit.cap);
	return o;
}

struct json_object *json_credit(const char *pool,
				const struct xen_sysctl_credit_schedule *s,
				const struct dom_row *rows, unsigned int n)
{
	struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();
	unsigned int i;

	put_text(o, "cpupool", pool);
	put_number(o, "tslice_ms", s->tslice_ms);
	put_number(o, "ratelimit_us", s->ratelimit_us);
	put_number(o, "migration_delay_us", s->vcpu_migr_delay_us);
	for (i = 0; i < n; i++)
		json_object_array_add(list, json_credit_domain(&rows[i]));
	put(o, "domains", list);
	return o;
}

struct json_object *json_uptime(const struct uptime_row *rows, unsigned int n)
{
	struct json_object *list = json_object_new_array();
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct json_object *o = json_object_new_object();

		put_number(o, "domid", rows[i].domid);
		put_text(o, "name", rows[i].name);
		put(o, "seconds", rows[i].seconds < 0 ? NULL :
		    json_object_new_int64(rows[i].seconds));
		json_object_array_add(list, o);
	}
	return list;
}

struct json_object *json_pools(const struct pool *pools, unsigned int n)
{
	struct json_object *list = json_object_new_array();
	unsigned int i, cpu;

	for (i = 0; i < n; i++) {
		struct json_object *o = json_object_new_object();
		struct json_object *cpus = json_object_new_array();

		for (cpu = 0; cpu < POOL_CPUS; cpu++)
			if (pool_has_cpu(&pools[i], cpu))
				json_object_array_add(
					cpus, json_object_new_int(cpu));
		put_number(o, "id", pools[i].id);
		put_text(o, "name", pools[i].name);
		put_text(o, "scheduler", sched_name(pools[i].sched));
		put_number(o, "domains", pools[i].domains);
		put(o, "cpus", cpus);
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *numa_cpus(const struct host_info *h)
{
	struct json_object *list = json_object_new_array();
	unsigned int i;

	for (i = 0; i < h->cpu_count; i++) {
		struct json_object *o = json_object_new_object();

		if (h->cpus[i].core == XEN_INVALID_CORE_ID) {
			json_object_put(o);
			continue;
		}
		put_number(o, "cpu", i);
		put_number(o, "core", h->cpus[i].core);
		put_number(o, "socket", h->cpus[i].socket);
		put_number(o, "node", h->cpus[i].node);
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *numa_nodes(const struct host_info *h)
{
	struct json_object *list = json_object_new_array();
	unsigned int i, j;

	for (i = 0; i < h->node_count; i++) {
		struct json_object *o = json_object_new_object();
		struct json_object *d = json_object_new_array();

		for (j = 0; j < h->node_count; j++)
			json_object_array_add(d, json_object_new_int(
				h->distances[i * h->node_count + j]));
		put_number(o, "node", i);
		put_number(o, "memory_kib", h->nodes[i].memsize / 1024);
		put_number(o, "free_memory_kib", h->nodes[i].memfree / 1024);
		put(o, "distances", d);
		json_object_array_add(list, o);
	}
	return list;
}

struct json_object *json_info(const struct host_info *h)
{
	const struct xen_sysctl_physinfo *p = &h->phys;
	const struct hvctl_version *v = &h->version;
	struct json_object *o = json_object_new_object();
	char virt[128];

	virt_caps_text(p, virt);
	put_text(o, "host", h->uname.nodename);
	put_text(o, "release", h->uname.release);
	put_text(o, "version", h->uname.version);
	put_text(o, "machine", h->uname.machine);
	put_number(o, "nr_cpus", p->nr_cpus);
	put_number(o, "max_cpu_id", p->max_cpu_id);
	put_number(o, "nr_nodes", p->nr_nodes);
	put_number(o, "cores_per_socket", p->cores_per_socket);
	put_number(o, "threads_per_core", p->threads_per_core);
	put_number(o, "cpu_khz", p->cpu_khz);
	put_number(o, "free_cpus", h->free_cpus);
	put_text(o, "virt_caps", virt);
	put_number(o, "total_memory_kib", p->total_pages * 4);
	put_number(o, "free_memory_kib", p->free_pages * 4);
	put_number(o, "outstanding_claims_kib", p->outstanding_pages * 4);
	put_number(o, "xen_major", v->major);
	put_number(o, "xen_minor", v->minor);
	put_text(o, "xen_extra", v->extra);
	put_text(o, "xen_caps", v->caps);
	put_text(o, "xen_scheduler", h->scheduler);
	put_number(o, "xen_pagesize", v->page_size);
	put_number(o, "virt_start", v->virt_start);
	put_text(o, "xen_changeset", v->changeset);
	put_text(o, "xen_commandline", v->command_line);
	put_text(o, "cc_compiler", v->compiler);
	put_text(o, "cc_compile_date", v->compile_date);
	put_text(o, "build_id", v->build_id);
	if (h->numa) {
		put(o, "cpu_topology", numa_cpus(h));
		put(o, "numa_info", numa_nodes(h));
	}
	return o;
}
