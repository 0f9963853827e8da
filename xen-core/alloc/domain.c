/*
 * Domains: birth, death, and finding them.
 *
 * A domain has an id, which guests and tools use, and a slot, its index in
 * the table here, which frame words use.  Ids are not given out again soon;
 * a slot is given out again only when no frame names it any more (a peer may
 * keep a page mapped after its owner is gone): domain_slot_hold() counts.
 *
 * References: the table holds one from domain_create() until domain_kill() has
 * done its work; who keeps a pointer longer than a hypercall, or uses one
 * that it looked up, holds one too.  The last one frees the object.  A dying
 * domain can be looked up; what changes it checks is_dying.
 *
 * Death is a row of steps, each safe to repeat and none long: see kill_steps.
 *
 * domain_list_lock guards table, list and the slots' counts of frames at the
 * moment a slot is chosen.  It is taken last but for the heap's locks.
 */
#include <hvx/domain.h>

#include <abi/sched.h>
#include <asm/nospec.h>
#include <hvx/console.h>
#include <hvx/fpu.h>
#include <hvx/gnttab.h>
#include <hvx/irq.h>
#include <hvx/machine.h>
#include <hvx/string.h>
#include <hvx/time.h>
#include <hvx/traps.h>

struct domain *hw_domain;
struct domain idle_domain;
struct list domain_list = LIST_INIT(domain_list);
struct lock domain_list_lock = LOCK_INIT;

#define BUCKETS 256

static struct domain *table[MAX_DOMAINS];
static struct domain *bucket[BUCKETS];	/* by id; chained by next_in_bucket */
static uint32_t slot_frames[MAX_DOMAINS];
static struct vcpu *idle_vcpus[NR_CPUS];

/* For vCPUs whose info is registered nowhere yet: written, never read. */
static struct vcpu_info nowhere = { .evtchn_upcall_mask = 1 };

/* ---- finding ---------------------------------------------------------- */

/* Not if the last reference is gone already. */
static bool get_unless_zero(struct domain *d)
{
	uint32_t refs = READ_ONCE(d->refs);

	while (refs)
		if (__atomic_compare_exchange_n(&d->refs, &refs, refs + 1,
						false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return true;
	return false;
}

/* Where the chain points at the domain of that id, or at its end. */
static struct domain **find(domid_t id)
{
	struct domain **p = &bucket[id % BUCKETS];

	while (*p && (*p)->id != id)
		p = &(*p)->next_in_bucket;
	return p;
}

struct domain *domain_get_by_id(domid_t id)
{
	struct domain *d;

	spin_lock(&domain_list_lock);
	d = *find(id);
	if (d && !get_unless_zero(d))
		d = NULL;
	spin_unlock(&domain_list_lock);
	return d;
}

struct domain *domain_get_next(domid_t id)
{
	struct domain *d = NULL;
	struct list *pos;

	spin_lock(&domain_list_lock);
	list_for_each(pos, &domain_list) {
		d = list_entry(pos, struct domain, list);
		if (d->id >= id && get_unless_zero(d))
			break;
		d = NULL;
	}
	spin_unlock(&domain_list_lock);
	return d;
}

struct domain *domain_get_remote_or_self(struct vcpu *v, domid_t id)
{
	if (id != DOMID_SELF && id != v->d->id)
		return domain_get_by_id(id);
	domain_get(v->d);
	return v->d;
}

struct domain *domain_by_slot(unsigned int slot)
{
	if (slot >= MAX_DOMAINS)
		return NULL;
	return __atomic_load_n(&table[slot], __ATOMIC_ACQUIRE);
}

struct vcpu *domain_vcpu(struct domain *d, unsigned int id)
{
	if (id >= d->max_vcpus)
		return NULL;
	return READ_ONCE(d->vcpu[index_clamp(id, d->max_vcpus)]);
}

/* ---- slots ------------------------------------------------------------- */

void domain_slot_hold(unsigned int slot)
{
	__atomic_add_fetch(&slot_frames[slot], 1, __ATOMIC_RELAXED);
}

void domain_slot_release(unsigned int slot)
{
	__atomic_sub_fetch(&slot_frames[slot], 1, __ATOMIC_RELEASE);
}

static int slot_take(struct domain *d)
{
	unsigned int slot;

	spin_lock(&domain_list_lock);
	for (slot = 0; slot < MAX_DOMAINS; slot++)
		if (!table[slot] &&
		    !__atomic_load_n(&slot_frames[slot], __ATOMIC_ACQUIRE))
			break;
	if (slot < MAX_DOMAINS) {
		d->slot = slot;
		table[slot] = d;
	}
	spin_unlock(&domain_list_lock);
	return slot < MAX_DOMAINS ? 0 : -ENOMEM;
}

/* From here on it can be found.  The list is sorted by id. */
static int publish(struct domain *d)
{
	struct domain **end;
	struct list *pos;
	bool taken;

	spin_lock(&domain_list_lock);
	end = find(d->id);
	taken = *end != NULL;
	if (!taken) {
		*end = d;
		list_for_each(pos, &domain_list)
			if (list_entry(pos, struct domain, list)->id > d->id)
				break;
		list_add_tail(&d->list, pos);
	}
	spin_unlock(&domain_list_lock);
	return taken ? -EEXIST : 0;
}

static void unpublish(struct domain *d)
{
	struct domain **p;

	spin_lock(&domain_list_lock);
	list_del(&d->list);
	p = find(d->id);
	if (*p == d)
		*p = d->next_in_bucket;
	table[d->slot] = NULL;
	spin_unlock(&domain_list_lock);
}

/* ---- vCPUs ------------------------------------------------------------- */

static unsigned int nth_online_cpu(unsigned int n)
{
	unsigned int cpu = 0;

	n %= cpumask_count(cpu_online);
	cpumask_for_each(cpu, cpu_online)
		if (n-- == 0)
			break;
	return cpu;
}

static void vcpu_place_info(struct vcpu *v)
{
	v->info_mfn = INVALID_MFN;
	v->info = &nowhere;
	if (v->id < LEGACY_VCPUS && v->d->shared) {
		v->info = &v->d->shared->vcpu_info[v->id];
		v->info->evtchn_upcall_mask = 1;
	}
}

int vcpu_create(struct domain *d, unsigned int id)
{
	struct vcpu *v;
	int rc;

	if (id >= d->max_vcpus)
		return -EINVAL;
	if (d->vcpu[id])
		return -EEXIST;
	v = heap_alloc(sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->d = d;
	v->id = id;
	/* Small domains begin on different CPUs, too. */
	v->cpu = nth_online_cpu(d->slot + id);
	v->pause_flags = VPF_DOWN | (d->pause_count ? VPF_PAUSED : 0);
	v->runstate.state = RUNSTATE_offline;
	v->runstate.state_entry_time = time_now();
	vcpu_place_info(v);
	evtchn_init_vcpu(v);
	rc = fpu_init_vcpu(v);
	if (rc)
		goto out_free;
	rc = pv_init_vcpu(v);
	if (rc)
		goto out_fpu;
	rc = sched_init_vcpu(v, v->cpu);
	if (rc)
		goto out_pv;
	__atomic_store_n(&d->vcpu[id], v, __ATOMIC_RELEASE);
	return 0;

out_pv:
	pv_free_vcpu(v);
out_fpu:
	fpu_free_vcpu(v);
out_free:
	heap_free(v);
	return rc;
}

static void vcpu_free(struct vcpu *v)
{
	v->d->vcpu[v->id] = NULL;
	sched_destroy_vcpu(v);
	pv_free_vcpu(v);
	fpu_free_vcpu(v);
	heap_free(v);
}

struct vcpu *vcpu_create_idle(unsigned int cpu)
{
	struct vcpu *v = heap_alloc(sizeof(*v));

	if (!v)
		return NULL;
	idle_domain.id = DOMID_IDLE;
	idle_domain.vcpu = idle_vcpus;
	idle_domain.max_vcpus = NR_CPUS;
	v->d = &idle_domain;
	v->id = v->cpu = cpu;
	v->is_idle = true;
	v->initialised = true;
	v->info = &nowhere;
	v->info_mfn = INVALID_MFN;
	v->runstate.state = RUNSTATE_running;
	if (sched_init_vcpu(v, cpu)) {
		heap_free(v);
		return NULL;
	}
	idle_vcpus[cpu] = v;
	return v;
}

/* ---- birth -------------------------------------------------------------- */

static int share_info_page(struct domain *d)
{
	d->shared = page_alloc();
	if (!d->shared)
		return -ENOMEM;
	d->shared_mfn = virt_to_mfn(d->shared);
	frame_share_with(d->shared_mfn, d);
	return 0;
}

/* Each module's share, in order; on failure those before are undone. */
static int init_modules(struct domain *d, const struct domain_config *cfg)
{
	int rc = share_info_page(d);

	if (rc)
		return rc;
	rc = evtchn_init_domain(d);
	if (rc)
		goto out_shared;
	rc = gnttab_init_domain(d, cfg->max_grant_frames,
				cfg->max_maptrack_frames);
	if (rc)
		goto out_evtchn;
	rc = sched_init_domain(d);
	if (rc)
		goto out_gnttab;
	rc = pv_init_domain(d);
	if (rc)
		goto out_sched;
	rc = cfg->is_hw ? pirq_init_domain(d) : 0;
	if (rc)
		goto out_pv;
	return 0;

out_pv:
	pv_free_domain(d);
out_sched:
	sched_destroy_domain(d);
out_gnttab:
	gnttab_destroy_domain(d);
out_evtchn:
	evtchn_free_domain(d);
out_shared:
	frame_unshare(d->shared_mfn);
	return rc;
}

static void free_modules(struct domain *d)
{
	if (d->pirqs)
		pirq_destroy_domain(d);
	pv_free_domain(d);
	sched_destroy_domain(d);
	gnttab_destroy_domain(d);
	evtchn_free_domain(d);
	frame_unshare(d->shared_mfn);
}

static struct domain *domain_object(domid_t id, const struct domain_config *cfg)
{
	struct domain *d = heap_alloc(sizeof(*d));

	if (!d)
		return NULL;
	d->vcpu = heap_alloc(cfg->max_vcpus * sizeof(*d->vcpu));
	if (!d->vcpu) {
		heap_free(d);
		return NULL;
	}
	d->id = id;
	d->is_hw = cfg->is_hw;
	d->max_vcpus = cfg->max_vcpus;
	d->refs = 1;
	d->max_pages = cfg->is_hw ? ~0U : 0;
	d->pirq_eoi_mfn = INVALID_MFN;
	if (cfg->max_evtchn_port)
		d->evtchn.max_ports =
			MIN(cfg->max_evtchn_port, (unsigned int)INT32_MAX) + 1;
	/* Whoever builds it lets it go when it is complete. */
	d->pause_count = 1;
	d->ctl_pauses = !cfg->is_hw;
	list_init(&d->list);
	return d;
}

int domain_create(domid_t id, const struct domain_config *cfg,
		  struct domain **out)
{
	struct domain *d;
	int rc;

	if (id >= DOMID_FIRST_RESERVED || cfg->max_vcpus == 0 ||
	    cfg->max_vcpus > MAX_VCPUS)
		return -EINVAL;
	d = domain_object(id, cfg);
	if (!d)
		return -ENOMEM;
	rc = slot_take(d);
	if (rc)
		goto out_object;
	rc = init_modules(d, cfg);
	if (rc)
		goto out_slot;
	rc = publish(d);
	if (rc)
		goto out_modules;
	if (cfg->is_hw)
		hw_domain = d;
	time_update_wallclock(d);
	*out = d;
	return 0;

out_modules:
	free_modules(d);
out_slot:
	unpublish(d);
out_object:
	heap_free(d->vcpu);
	heap_free(d);
	return rc;
}

/* ---- references ----------------------------------------------------------- */

static void domain_free(struct domain *d)
{
	struct vcpu *v;

	for_each_vcpu(d, v)
		vcpu_free(v);
	free_modules(d);
	/* Now at the latest the store daemon must see that it is gone. */
	unpublish(d);
	virq_send_global(VIRQ_DOM_EXC);
	heap_free(d->e820);
	heap_free(d->sample);
	heap_free(d->vcpu);
	heap_free(d);
}

void domain_get(struct domain *d)
{
	BUG_ON(__atomic_fetch_add(&d->refs, 1, __ATOMIC_RELAXED) == 0);
}

void domain_put(struct domain *d)
{
	if (__atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL) == 0)
		domain_free(d);
}

/* ---- death ---------------------------------------------------------------- */

static int kill_stop(struct domain *d)
{
	domain_pause(d);
	return domain_claim_pages(d, 0);
}

/* No table, page or timer knows it any more. */
static int release_vcpu(struct vcpu *v)
{
	int rc = pv_release_vcpu(v);

	if (rc)
		return rc;
	timer_stop(&v->sched.singleshot);
	timer_stop(&v->sched.periodic);
	timer_stop(&v->sched.poll);
	v->runstate_area = v->time_area = 0;
	if (!mfn_eq(v->info_mfn, INVALID_MFN)) {
		v->info = &nowhere;
		frame_put_writable(v->info_mfn);
		v->info_mfn = INVALID_MFN;
	}
	return 0;
}

static int kill_vcpus(struct domain *d)
{
	while (d->destroy_vcpu < d->max_vcpus) {
		struct vcpu *v = d->vcpu[d->destroy_vcpu];
		int rc = v ? release_vcpu(v) : 0;

		if (rc)
			return rc;
		d->destroy_vcpu++;
		if (preempt_needed())
			return -ERESTART;
	}
	return 0;
}

static int kill_pirqs(struct domain *d)
{
	if (d->pirqs)
		pirq_destroy_domain(d);
	d->pirqs = NULL;
	return 0;
}

/* Nothing runs, nobody sends to it, nobody maps its pages by grants; then its
 * tables go, and its frames with them. */
static int (*const kill_steps[])(struct domain *d) = {
	kill_stop,
	evtchn_destroy_domain,
	kill_pirqs,
	gnttab_release_mappings,
	kill_vcpus,
	pv_release_frames,
};

int domain_kill(struct domain *d)
{
	if (d == hw_domain || d == &idle_domain)
		return -EINVAL;
	spin_lock(&d->lock);
	d->is_dying = true;
	spin_unlock(&d->lock);
	while (d->destroy_step < ARRAY_SIZE(kill_steps)) {
		int rc = kill_steps[d->destroy_step](d);

		if (rc)
			return rc;
		d->destroy_step++;
	}
	if (d->destroy_step == ARRAY_SIZE(kill_steps)) {
		d->destroy_step++;
		virq_send_global(VIRQ_DOM_EXC);
		domain_put(d);
	}
	return 0;
}

/* ---- a domain stops ---------------------------------------------------------- */

static void __noreturn hw_shutdown(uint8_t reason)
{
	switch (reason) {
	case SHUTDOWN_poweroff:
		printk(LOG_INFO "dom0 halted: halting the machine\n");
		machine_halt();
	case SHUTDOWN_reboot:
		printk(LOG_INFO "dom0 shut down: rebooting the machine\n");
		break;
	case SHUTDOWN_crash:
		printk(LOG_ERR "dom0 crashed: rebooting the machine\n");
		break;
	case SHUTDOWN_watchdog:
		printk(LOG_ERR "dom0's watchdog: rebooting the machine\n");
		break;
	default:
		printk(LOG_ERR "dom0 shut down, reason %u: "
			       "rebooting the machine\n", reason);
		break;
	}
	machine_restart();
}

void domain_shutdown(struct domain *d, uint8_t reason)
{
	bool first;

	if (d->is_hw)
		hw_shutdown(reason);
	spin_lock(&d->lock);
	first = !d->is_shutting_down;
	if (first) {
		d->shutdown_code = reason;
		d->is_shutting_down = true;
	}
	spin_unlock(&d->lock);
	if (!first)
		return;
	domain_pause_nosync(d);
	d->is_shut_down = true;
	virq_send_global(VIRQ_DOM_EXC);
}

void domain_resume(struct domain *d)
{
	bool was;

	spin_lock(&d->lock);
	was = d->is_shut_down;
	d->is_shutting_down = d->is_shut_down = false;
	d->shutdown_code = 0;
	spin_unlock(&d->lock);
	if (was)
		domain_unpause(d);
}

static void print_vcpus(struct domain *d)
{
	struct vcpu *v;

	for_each_vcpu(d, v) {
		if (!v->sched.running || v->cpu != cpu_id())
			continue;
		printk(LOG_WARN "d%uv%u on CPU %u:\n", d->id, v->id, v->cpu);
		regs_print(&v->regs);
	}
}

void domain_crash(struct domain *d, const char *why, ...)
{
	__builtin_va_list ap;
	char text[160];

	if (READ_ONCE(d->is_shutting_down))
		return;
	__builtin_va_start(ap, why);
	vsnprintf(text, sizeof(text), why, ap);
	__builtin_va_end(ap);
	printk(LOG_WARN "domain %u crashed: %s%s", d->id, text,
	       strchr(text, '\n') ? "" : "\n");
	print_vcpus(d);
	domain_shutdown(d, SHUTDOWN_crash);
}
