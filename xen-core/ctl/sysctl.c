/*
 * sysctl: dom0's tools ask about the machine as a whole, and read messages.
 *
 * Decoded by the table made from hypercalls/ops/sysctl.def; the structure is
 * copied in once and back out, also with an error if the copy says why.
 */
#include "private.h"

#include <hvx/boot.h>
#include <hvx/console.h>
#include <hvx/domain.h>
#include <hvx/frame.h>
#include <hvx/guest_access.h>
#include <hvx/hypercall.h>
#include <hvx/keys.h>
#include <hvx/machine.h>
#include <hvx/pcpu.h>
#include <hvx/string.h>
#include <hvx/subop.h>
#include <hvx/time.h>

/* One more than the highest CPU that is up. */
static unsigned int cpu_limit(void)
{
	return 64 - (unsigned int)__builtin_clzll(cpu_online);
}

static unsigned long ram_pages(void)
{
	unsigned long bytes = 0;

	for (unsigned int i = 0; i < e820.nr; i++)
		if (e820.e[i].type == E820_RAM)
			bytes += e820.e[i].size;
	return bytes >> PAGE_SHIFT;
}

/* ---- messages ----------------------------------------------------------- */

long sysctl_readconsole(__maybe_unused struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_readconsole *a = &op->u.readconsole;
	uint32_t index = console_ring_start(), done = 0;
	char chunk[256];

	if (a->incremental && (int32_t)(a->index - index) > 0)
		index = a->index;
	while (done < a->count) {
		size_t n = console_ring_read(
			chunk, MIN(sizeof(chunk), (size_t)(a->count - done)),
			&index);

		if (n == 0)
			break;
		if (copy_to_guest(handle_gva(a->buffer) + done, chunk, n))
			return -EFAULT;
		done += (uint32_t)n;
	}
	if (a->clear)
		console_ring_clear(index);
	a->count = done;
	a->index = index;
	return 0;
}

long sysctl_debug_keys(__maybe_unused struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_debug_keys *a = &op->u.debug_keys;

	for (uint32_t i = 0; i < a->nr_keys; i++) {
		char key;

		if (copy_from_guest(&key, handle_gva(a->keys) + i, 1))
			return -EFAULT;
		key_pressed(key);
		if (preempt_needed() && i + 1 < a->nr_keys) {
			/* What is done can be told by where the list begins. */
			a->keys += i + 1;
			a->nr_keys -= i + 1;
			return CTL_AGAIN;
		}
	}
	return 0;
}

/* ---- processors ------------------------------------------------------------ */

long sysctl_physinfo(__maybe_unused struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_physinfo *a = &op->u.physinfo;
	uint32_t words[POLICY_WORDS];

	memset(a, 0, sizeof(*a));
	a->threads_per_core = 1;
	a->cores_per_socket = cpumask_count(cpu_online);
	a->nr_cpus = cpumask_count(cpu_online);
	a->max_cpu_id = cpu_limit() - 1;
	a->nr_nodes = 1;
	a->cpu_khz = (uint32_t)tsc_khz;
	a->capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1;
	a->total_pages = ram_pages();
	a->free_pages = buddy_free_pages();
	a->outstanding_pages = domain_claims_total();
	a->max_mfn = frame_max_mfn - 1;
	policy_features(NULL, words);
	memcpy(a->hw_cap, words, sizeof(a->hw_cap));
	return 0;
}

long sysctl_getcpuinfo(__maybe_unused struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_getcpuinfo *a = &op->u.getcpuinfo;
	unsigned int nr = MIN(a->max_cpus, cpu_limit());

	for (unsigned int cpu = 0; cpu < nr; cpu++) {
		struct xen_sysctl_cpuinfo info = {
			.idletime = cpumask_test(cpu_online, cpu) ?
				READ_ONCE(pcpu_of(cpu)->idle_ns) : 0,
		};

		if (copy_to_guest_index(handle_gva(a->info), cpu, &info))
			return -EFAULT;
	}
	a->nr_cpus = nr;
	return 0;
}

/* Cores of one socket: dom0 has ACPI and knows better, if it must know. */
long sysctl_cputopoinfo(__maybe_unused struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_cputopoinfo *a = &op->u.cputopoinfo;
	unsigned int nr = MIN(a->num_cpus, cpu_limit());

	if (!handle_gva(a->cputopo)) {
		a->num_cpus = cpu_limit();
		return 0;
	}
	for (unsigned int cpu = 0; cpu < nr; cpu++) {
		struct xen_sysctl_cputopo t = { cpu, 0, 0 };

		if (!cpumask_test(cpu_online, cpu))
			t = (struct xen_sysctl_cputopo){
				XEN_INVALID_CORE_ID, XEN_INVALID_SOCKET_ID,
				XEN_INVALID_NODE_ID };
		if (copy_to_guest_index(handle_gva(a->cputopo), cpu, &t))
			return -EFAULT;
	}
	a->num_cpus = nr;
	return 0;
}

/* Which device is near which node: not known here. */
long sysctl_pcitopoinfo(__maybe_unused struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_pcitopoinfo *a = &op->u.pcitopoinfo;
	uint32_t node = XEN_INVALID_DEV;

	a->num_devs = MIN(a->num_devs, 64U);
	for (unsigned int i = 0; i < a->num_devs; i++)
		if (copy_to_guest_index(handle_gva(a->nodes), i, &node))
			return -EFAULT;
	return 0;
}

long sysctl_get_cpu_levelling_caps(__maybe_unused struct vcpu *v,
				   struct xen_sysctl *op)
{
	op->u.cpu_levelling_caps.caps = 0;
	return 0;
}

long sysctl_get_cpu_featureset(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_cpu_featureset *a = &op->u.cpu_featureset;
	uint32_t words[POLICY_WORDS];
	unsigned int room = a->nr_features;

	if (a->index > XEN_SYSCTL_cpu_featureset_hvm_max)
		return -EINVAL;
	if (a->index == XEN_SYSCTL_cpu_featureset_hvm ||
	    a->index == XEN_SYSCTL_cpu_featureset_hvm_max)
		return -EOPNOTSUPP;
	a->nr_features = POLICY_WORDS;
	if (!handle_gva(a->features))
		return 0;
	policy_features(a->index <= XEN_SYSCTL_cpu_featureset_host ? NULL : v,
			words);
	a->nr_features = MIN(room, (unsigned int)POLICY_WORDS);
	if (copy_to_guest(handle_gva(a->features), words,
			  a->nr_features * sizeof(words[0])))
		return -EFAULT;
	return room < POLICY_WORDS ? -ENOBUFS : 0;
}

long sysctl_get_cpu_policy(struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_cpu_policy *a = &op->u.cpu_policy;

	if (a->_rsvd || a->index > XEN_SYSCTL_cpu_policy_hvm_default)
		return -EINVAL;
	if (a->index == XEN_SYSCTL_cpu_policy_hvm_max ||
	    a->index == XEN_SYSCTL_cpu_policy_hvm_default)
		return -EOPNOTSUPP;
	a->nr_msrs = handle_gva(a->msrs) ? 0 : POLICY_MAX_MSRS;
	return policy_put_leaves(
		a->index <= XEN_SYSCTL_cpu_policy_host ? NULL : v,
		handle_gva(a->leaves), &a->nr_leaves);
}

/* ---- memory ------------------------------------------------------------------ */

long sysctl_numainfo(__maybe_unused struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_numainfo *a = &op->u.numainfo;
	struct xen_sysctl_meminfo mem = {
		.memsize = (uint64_t)ram_pages() << PAGE_SHIFT,
		.memfree = (uint64_t)buddy_free_pages() << PAGE_SHIFT,
	};
	uint32_t distance = 10;

	if (!handle_gva(a->meminfo) && !handle_gva(a->distance)) {
		a->num_nodes = 1;
		return 0;
	}
	a->num_nodes = MIN(a->num_nodes, 1U);
	if (!a->num_nodes)
		return 0;
	if (handle_gva(a->meminfo) &&
	    copy_to_guest(handle_gva(a->meminfo), &mem, sizeof(mem)))
		return -EFAULT;
	if (handle_gva(a->distance) &&
	    copy_to_guest(handle_gva(a->distance), &distance, sizeof(distance)))
		return -EFAULT;
	return 0;
}

long sysctl_availheap(__maybe_unused struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_availheap *a = &op->u.availheap;
	unsigned long pages;

	if (a->node > 0)
		return -EINVAL;
	pages = a->max_bitwidth ? buddy_free_below(a->max_bitwidth) :
				  buddy_free_pages();
	if (a->min_bitwidth)
		pages -= MIN(pages, buddy_free_below(a->min_bitwidth));
	a->avail_bytes = (uint64_t)pages << PAGE_SHIFT;
	return 0;
}

/* ---- domains and scheduling ----------------------------------------------------- */

long sysctl_getdomaininfolist(__maybe_unused struct vcpu *v,
			      struct xen_sysctl *op)
{
	struct xen_sysctl_getdomaininfolist *a = &op->u.getdomaininfolist;
	struct xen_domctl_getdomaininfo info;
	domid_t id = a->first_domain;
	struct domain *d;

	a->num_domains = 0;
	while (a->num_domains < a->max_domains &&
	       (d = domain_get_next(id)) != NULL) {
		domctl_fill_info(d, &info);
		id = (domid_t)(d->id + 1);
		domain_put(d);
		if (copy_to_guest_index(handle_gva(a->buffer), a->num_domains,
					&info))
			return -EFAULT;
		a->num_domains++;
	}
	return 0;
}

long sysctl_sched_id(__maybe_unused struct vcpu *v, struct xen_sysctl *op)
{
	op->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT;
	return 0;
}

long sysctl_scheduler_op(__maybe_unused struct vcpu *v, struct xen_sysctl *op)
{
	return sched_sysctl(&op->u.scheduler_op);
}

static unsigned int count_domains(void)
{
	unsigned int n = 0;
	struct list *pos;

	spin_lock(&domain_list_lock);
	list_for_each(pos, &domain_list)
		n++;
	spin_unlock(&domain_list_lock);
	return n;
}

/* There is one pool, with all processors and all domains. */
long sysctl_cpupool_op(__maybe_unused struct vcpu *v, struct xen_sysctl *op)
{
	struct xen_sysctl_cpupool_op *a = &op->u.cpupool_op;

	switch (a->op) {
	case XEN_SYSCTL_CPUPOOL_OP_INFO:
		if (a->cpupool_id > 0)
			return -ENOENT;
		a->sched_id = XEN_SCHEDULER_CREDIT;
		a->n_dom = count_domains();
		return bitmap_put(&a->cpumap, cpu_online);
	case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:
		return bitmap_put(&a->cpumap, CPUMASK_NONE);
	case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
		return a->cpupool_id ? -ENOENT : 0;
	case XEN_SYSCTL_CPUPOOL_OP_CREATE:
	case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
	case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
	case XEN_SYSCTL_CPUPOOL_OP_RMCPU:
		return -EBUSY;
	default:
		return -ENOSYS;
	}
}

/* ---- what there is none of -------------------------------------------------------- */

#define ANSWER(name, rc)                                                       \
	long sysctl_##name(__maybe_unused struct vcpu *v,                      \
			   __maybe_unused struct xen_sysctl *op)               \
	{                                                                      \
		return rc;                                                     \
	}
ANSWER(get_pmstat, -ENODEV)
ANSWER(pm_op, -ENODEV)
ANSWER(cpu_hotplug, -EOPNOTSUPP)
ANSWER(page_offline_op, -EOPNOTSUPP)
ANSWER(tbuf_op, -EOPNOTSUPP)
ANSWER(perfc_op, -EOPNOTSUPP)
ANSWER(coverage_op, -EOPNOTSUPP)
ANSWER(psr_cmt_op, -ENODEV)
ANSWER(psr_alloc, -ENODEV)

/* ---- dispatch ------------------------------------------------------------------------ */

static const struct {
	long (*fn)(struct vcpu *v, struct xen_sysctl *op);
	bool answers;
} subops[] = {
#define SUBOP(nr, name, type, dir, who)                                        \
	[nr] = { sysctl_##name, SUBOP_DIR_##dir & SUBOP_DIR_OUT },
#include <ops/sysctl.def>
};

long hc_sysctl(struct vcpu *v, gva_t arg)
{
	struct xen_sysctl op;
	long ret;

	if (!v->d->is_hw)
		return -EPERM;
	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XEN_SYSCTL_INTERFACE_VERSION)
		return -EACCES;
	if (op.cmd >= ARRAY_SIZE(subops) || !subops[op.cmd].fn)
		return hypercall_unknown(v, __HYPERVISOR_sysctl, op.cmd);
	ret = subops[op.cmd].fn(v, &op);
	if ((subops[op.cmd].answers || ret == CTL_AGAIN) &&
	    copy_to_guest(arg, &op, sizeof(op)))
		return -EFAULT;
	if (ret == CTL_AGAIN)
		return hypercall_continue(v, __HYPERVISOR_sysctl, 1, arg);
	return ret;
}
