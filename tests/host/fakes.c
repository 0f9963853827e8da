/*
 * Stand-ins for the modules that a test doesn't link: the least that lets
 * the others run, with what they were asked noted in `host`.  All weak.
 */
#include "machine.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <hvx/console.h>
#include <hvx/evtchn.h>
#include <hvx/gnttab.h>
#include <hvx/guest_access.h>
#include <hvx/hypercall.h>
#include <hvx/irq.h>
#include <hvx/pv.h>
#include <hvx/sched.h>
#include <hvx/time.h>

#define __weak __attribute__((weak))

/* ---- alloc/domain.c ------------------------------------------------------ */

struct domain *hw_domain __weak;
struct domain idle_domain __weak;
struct list domain_list __weak = LIST_INIT(domain_list);
struct lock domain_list_lock __weak;

__weak struct domain *domain_get_by_id(domid_t id)
{
	struct list *l;

	list_for_each(l, &domain_list) {
		struct domain *d = list_entry(l, struct domain, list);

		if (d->id == id) {
			d->refs++;
			return d;
		}
	}
	return NULL;
}

__weak struct domain *domain_get_remote_or_self(struct vcpu *v, domid_t id)
{
	return domain_get_by_id(id == DOMID_SELF ? v->d->id : id);
}

__weak struct domain *domain_by_slot(unsigned int slot)
{
	struct list *l;

	list_for_each(l, &domain_list) {
		struct domain *d = list_entry(l, struct domain, list);

		if (d->slot == slot)
			return d;
	}
	return NULL;
}

__weak void domain_get(struct domain *d)
{
	d->refs++;
}

__weak void domain_put(struct domain *d)
{
	BUG_ON(d->refs == 0);
	d->refs--;
}

__weak struct vcpu *domain_vcpu(struct domain *d, unsigned int id)
{
	return id < d->max_vcpus ? d->vcpu[id] : NULL;
}

__weak void domain_shutdown(struct domain *d, uint8_t reason)
{
	host.shutdowns++;
	d->is_shutting_down = true;
	d->shutdown_code = reason;
}

__weak void domain_crash(struct domain *d, const char *why, ...)
{
	printk(LOG_INFO "d%u crashed: %s\n", d->id, why);
	domain_shutdown(d, 3);
}

__weak bool domain_reserve_pages(struct domain *d, unsigned long n)
{
	if (n > d->max_pages - d->tot_pages)
		return false;
	d->tot_pages += (uint32_t)n;
	return true;
}

__weak void domain_unreserve_pages(struct domain *d, unsigned long n)
{
	d->tot_pages -= (uint32_t)n;
}

/* ---- alloc/frame.c: owner and two counts, no tables ---------------------- */

static struct fake_frame {
	const struct domain *owner;
	unsigned int refs, types;
	bool alloc, core;
} fake[HOST_FRAMES];

static struct fake_frame *fake_of(mfn_t mfn)
{
	return mfn_valid(mfn) ? &fake[mfn_x(mfn) - HOST_FIRST_MFN] : NULL;
}

static void fake_settle(struct fake_frame *f, mfn_t mfn)
{
	if (f->alloc || f->refs || f->types || !f->owner)
		return;
	f->owner = NULL;
	if (!f->core)
		buddy_free(mfn, 0);
}

__weak bool frame_owned_by(const struct frame *fr, const struct domain *d)
{
	return fake_of(frame_to_mfn(fr))->owner == d;
}

__weak bool frame_get(mfn_t mfn, const struct domain *d)
{
	struct fake_frame *f = fake_of(mfn);

	if (!f || !d || f->owner != d)
		return false;
	f->refs++;
	return true;
}

__weak void frame_put(mfn_t mfn)
{
	struct fake_frame *f = fake_of(mfn);

	BUG_ON(!f || !f->refs);
	f->refs--;
	fake_settle(f, mfn);
}

__weak int frame_get_type(mfn_t mfn, const struct domain *d,
			  enum frame_type type)
{
	struct fake_frame *f = fake_of(mfn);

	if (!f || !d || f->owner != d || type != FT_WRITABLE)
		return -EINVAL;
	f->types++;
	return 0;
}

__weak void frame_put_type_leaf(mfn_t mfn)
{
	struct fake_frame *f = fake_of(mfn);

	BUG_ON(!f || !f->types);
	f->types--;
	fake_settle(f, mfn);
}

__weak int frame_put_type(mfn_t mfn)
{
	frame_put_type_leaf(mfn);
	return 0;
}

__weak void frame_assign(mfn_t mfn, struct domain *d)
{
	*fake_of(mfn) = (struct fake_frame){ .owner = d, .alloc = true };
}

__weak bool frame_release(mfn_t mfn, struct domain *d)
{
	struct fake_frame *f = fake_of(mfn);

	if (!f || f->owner != d || !f->alloc)
		return false;
	f->alloc = false;
	fake_settle(f, mfn);
	return true;
}

__weak void frame_share_with(mfn_t mfn, struct domain *d)
{
	struct fake_frame *f = fake_of(mfn);

	*f = (struct fake_frame){ .owner = d, .refs = 1, .core = true };
}

__weak void frame_unshare(mfn_t mfn)
{
	struct fake_frame *f = fake_of(mfn);

	f->core = false;
	frame_put(mfn);
}

__weak bool frame_is_shared(mfn_t mfn)
{
	return fake_of(mfn)->core;
}

mfn_t host_give_frame(struct domain *d)
{
	mfn_t mfn = buddy_alloc(0);

	BUG_ON(!mfn_valid(mfn));
	d->max_pages++;
	if (!domain_reserve_pages(d, 1))
		BUG();
	frame_assign(mfn, d);
	return mfn;
}

/* ---- sched --------------------------------------------------------------- */

__weak void timer_softirq(void) {}
__weak void sched_softirq(void) {}

__weak void sched_switch_done(struct vcpu *prev)
{
	(void)prev;
}

__weak void evtchn_poll_begin(struct domain *d)
{
	(void)d;
}

__weak void evtchn_poll_end(struct domain *d)
{
	(void)d;
}

__weak void vcpu_kick(struct vcpu *v)
{
	(void)v;
	host.upcalls++;
}

__weak void vcpu_wake(struct vcpu *v)
{
	(void)v;
}

__weak void vcpu_block(struct vcpu *v)
{
	v->pause_flags |= VPF_BLOCKED;
}

__weak void vcpu_pause(struct vcpu *v)
{
	v->pause_count++;
	v->pause_flags |= VPF_PAUSED;
}

__weak void vcpu_unpause(struct vcpu *v)
{
	BUG_ON(!v->pause_count);
	if (--v->pause_count == 0 && !v->d->pause_count)
		v->pause_flags &= ~(uint32_t)VPF_PAUSED;
}

__weak void domain_pause(struct domain *d)
{
	d->pause_count++;
}

__weak void domain_pause_nosync(struct domain *d)
{
	d->pause_count++;
}

__weak void domain_unpause(struct domain *d)
{
	d->pause_count--;
}

/* ---- chan ---------------------------------------------------------------- */

static void note_virq(struct vcpu *v, unsigned int virq)
{
	host.virqs++;
	host.last_virq = virq;
	host.last_virq_vcpu = v;
}

__weak void virq_send_vcpu(struct vcpu *v, unsigned int virq)
{
	note_virq(v, virq);
}

__weak void virq_send_domain(struct domain *d, unsigned int virq)
{
	(void)d;
	note_virq(NULL, virq);
}

__weak void virq_send_global(unsigned int virq)
{
	note_virq(NULL, virq);
}

__weak bool evtchn_upcall_wanted(const struct vcpu *v)
{
	return v->info && v->info->evtchn_upcall_pending &&
	       !v->info->evtchn_upcall_mask;
}

__weak bool evtchn_port_pending(struct domain *d, unsigned int port)
{
	return d->shared->evtchn_pending[port / 64 % 64] >> port % 64 & 1;
}

__weak void evtchn_vcpu_info_moved(struct vcpu *v)
{
	v->info->evtchn_upcall_pending = 1;
}

/* ---- pv, cpu: no page tables --------------------------------------------- */

__weak int ptval_validate(mfn_t mfn, const struct domain *d,
			  enum frame_type level, unsigned int *entry)
{
	(void)mfn, (void)d, (void)level, (void)entry;
	abort();
}

__weak int ptval_undo(mfn_t mfn, enum frame_type level, unsigned int *entry)
{
	(void)mfn, (void)level, (void)entry;
	abort();
}

__weak int descpage_validate(mfn_t mfn)
{
	(void)mfn;
	abort();
}

__weak int pv_set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
	(void)c;
	v->initialised = true;
	return 0;
}

__weak void time_update_area(struct vcpu *v)
{
	(void)v;
}

__weak void time_update_vcpu(struct vcpu *v)
{
	(void)v;
}

__weak int pirq_bind(struct vcpu *v, unsigned int pirq, bool will_share,
		     unsigned int port)
{
	(void)v, (void)pirq, (void)will_share, (void)port;
	return 0;
}

__weak void pirq_unbind(struct domain *d, unsigned int pirq)
{
	(void)d, (void)pirq;
}

__weak void pirq_set_affinity(struct domain *d, unsigned int pirq,
			      unsigned int cpu)
{
	(void)d, (void)pirq, (void)cpu;
}

__weak void pirq_guest_eoi(struct domain *d, unsigned int pirq)
{
	(void)d, (void)pirq;
}

__weak int grant_pte_install(struct vcpu *v, uint64_t va, mfn_t frame,
			     unsigned int flags)
{
	(void)v, (void)va, (void)frame, (void)flags;
	return 0;
}

__weak int grant_pte_remove(struct vcpu *v, uint64_t va, mfn_t frame,
			    unsigned int flags, uint64_t new_va)
{
	(void)v, (void)va, (void)frame, (void)flags, (void)new_va;
	return 0;
}

/* ---- dispatch ------------------------------------------------------------ */

__weak long hypercall_continue(struct vcpu *v, unsigned int nr, unsigned int n,
			       ...)
{
	va_list ap;

	(void)v;
	host.continued = true;
	va_start(ap, n);
	for (unsigned int i = 0; i < n && i < 6; i++)
		host.cont_args[i] = va_arg(ap, unsigned long);
	va_end(ap);
	return nr;
}

__weak long hypercall_unknown(struct vcpu *v, unsigned long nr,
			      unsigned long cmd)
{
	(void)v, (void)nr, (void)cmd;
	return -ENOSYS;
}

/* ---- makers -------------------------------------------------------------- */

struct domain *host_make_domain(domid_t id, unsigned int max_vcpus)
{
	struct domain *d = calloc(1, sizeof(*d));

	BUG_ON(!d);
	d->id = id;
	d->slot = id;
	d->refs = 1;
	d->max_vcpus = max_vcpus;
	d->vcpu = calloc(max_vcpus, sizeof(d->vcpu[0]));
	d->max_pages = 1024;
	d->shared = page_alloc();
	BUG_ON(!d->vcpu || !d->shared);
	d->shared_mfn = virt_to_mfn(d->shared);
	d->pirq_eoi_mfn = INVALID_MFN;
	frame_share_with(d->shared_mfn, d);
	list_add_tail(&d->list, &domain_list);
	return d;
}

struct vcpu *host_make_vcpu(struct domain *d, unsigned int id)
{
	struct vcpu *v;

	if (posix_memalign((void **)&v, 64, sizeof(*v)))
		BUG();
	memset(v, 0, sizeof(*v));
	v->d = d;
	v->id = id;
	v->pause_flags = VPF_DOWN;
	v->info_mfn = INVALID_MFN;
	if (id < LEGACY_VCPUS)
		v->info = &d->shared->vcpu_info[id];
	v->pv.kernel_mode = true;
	v->pv.kernel_base = v->pv.user_base = v->pv.old_table = INVALID_MFN;
	d->vcpu[id] = v;
	return v;
}

void host_free_domain(struct domain *d)
{
	struct vcpu *v;

	list_del(&d->list);
	for_each_vcpu(d, v)
		free(v);
	free(d->vcpu);
	frame_put(d->shared_mfn);
	page_free(d->shared);
	free(d);
}
