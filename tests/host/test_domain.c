/*
 * Domains' birth, references and death, with the real event channels, grant
 * tables and frame words; page tables, scheduler and FPU are counters here.
 * What must hold: whatever fails half way leaves nothing behind; an id or a
 * slot means one domain at a time; the object lives as long as somebody holds
 * it; death can be interrupted anywhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "machine.h"

#include <abi/sched.h>
#include <hvx/console.h>
#include <hvx/fpu.h>
#include <hvx/gnttab.h>
#include <hvx/hypercall.h>
#include <hvx/irq.h>
#include <hvx/pv.h>
#include <hvx/time.h>
#include <hvx/traps.h>

/* ---- modules that aren't under test: each counts what it has given ---------- */

static int pv_domains, pv_vcpus, sched_domains, sched_vcpus, fpus, pirq_tables;
static unsigned int restarts;	/* of the frames' release, still to come */
static jmp_buf machine_end;
static const char *how_it_ended;

static int give(int *count)
{
	void *p = heap_alloc(16);

	if (!p)
		return -ENOMEM;
	heap_free(p);
	(*count)++;
	return 0;
}

int pv_init_domain(struct domain *d)
{
	(void)d;
	return give(&pv_domains);
}

void pv_free_domain(struct domain *d)
{
	(void)d;
	pv_domains--;
}

int pv_init_vcpu(struct vcpu *v)
{
	(void)v;
	return give(&pv_vcpus);
}

void pv_free_vcpu(struct vcpu *v)
{
	(void)v;
	pv_vcpus--;
}

int pv_release_vcpu(struct vcpu *v)
{
	assert_true(v->pause_flags);
	return 0;
}

int pv_release_frames(struct domain *d)
{
	if (restarts) {
		restarts--;
		return -ERESTART;
	}
	for (unsigned long i = 0; i < HOST_FRAMES; i++)
		if (!frame_release(_mfn(HOST_FIRST_MFN + i), d))
			continue;
	return 0;
}

int fpu_init_vcpu(struct vcpu *v)
{
	(void)v;
	return give(&fpus);
}

void fpu_free_vcpu(struct vcpu *v)
{
	(void)v;
	fpus--;
}

int sched_init_domain(struct domain *d)
{
	(void)d;
	return give(&sched_domains);
}

void sched_destroy_domain(struct domain *d)
{
	(void)d;
	sched_domains--;
}

int sched_init_vcpu(struct vcpu *v, unsigned int cpu)
{
	assert_true(cpumask_test(cpu_online, cpu));
	assert_int_equal(v->cpu, cpu);
	return give(&sched_vcpus);
}

void sched_destroy_vcpu(struct vcpu *v)
{
	(void)v;
	sched_vcpus--;
}

int pirq_init_domain(struct domain *d)
{
	int rc = give(&pirq_tables);

	if (!rc)
		d->pirqs = (struct pirq *)d;
	return rc;
}

void pirq_destroy_domain(struct domain *d)
{
	assert_non_null(d->pirqs);
	d->pirqs = NULL;
	pirq_tables--;
}

void timer_stop(struct timer *t)
{
	(void)t;
}

void time_update_wallclock(struct domain *d)
{
	assert_non_null(d->shared);
}

void regs_print(const struct cpu_regs *regs)
{
	(void)regs;
}

void machine_halt(void)
{
	how_it_ended = "halt";
	longjmp(machine_end, 1);
}

void machine_restart(void)
{
	how_it_ended = "restart";
	longjmp(machine_end, 1);
}

/* ---- the machine --------------------------------------------------------------- */

static int setup(void **state)
{
	(void)state;
	host_reset(2);
	host.quiet = true;
	return 0;
}

static int nothing_left(void **state)
{
	(void)state;
	assert_true(list_empty(&domain_list));
	assert_int_equal(host.pages_out, 0);
	assert_int_equal(host.heap_out, 0);
	assert_int_equal(pv_domains | pv_vcpus | sched_domains | sched_vcpus |
				 fpus | pirq_tables, 0);
	return 0;
}

static const struct domain_config config = {
	.max_vcpus = 3,
	.max_grant_frames = 4,
	.max_maptrack_frames = 4,
};

static struct domain *create(domid_t id)
{
	struct domain *d = NULL;

	assert_int_equal(domain_create(id, &config, &d), 0);
	for (unsigned int i = 0; i < config.max_vcpus; i++)
		assert_int_equal(vcpu_create(d, i), 0);
	return d;
}

static void kill_domain(struct domain *d)
{
	while (domain_kill(d) == -ERESTART)
		;
}

/* ---- tests ----------------------------------------------------------------------- */

static void test_life(void **state)
{
	struct domain *d = create(5);

	(void)state;
	assert_int_equal(d->id, 5);
	assert_int_equal(d->pause_count, 1);
	assert_int_equal(d->ctl_pauses, 1);
	assert_int_equal(d->max_pages, 0);
	assert_ptr_equal(domain_by_slot(d->slot), d);
	for (unsigned int i = 0; i < 3; i++) {
		struct vcpu *v = domain_vcpu(d, i);

		assert_true(v->pause_flags & VPF_DOWN);
		assert_ptr_equal(v->info, &d->shared->vcpu_info[i]);
		assert_int_equal(v->info->evtchn_upcall_mask, 1);
	}
	assert_null(domain_vcpu(d, 3));
	assert_null(domain_vcpu(d, ~0U));
	assert_int_equal(vcpu_create(d, 1), -EEXIST);
	assert_int_equal(vcpu_create(d, 3), -EINVAL);
	kill_domain(d);
}

static void test_bad_arguments(void **state)
{
	struct domain_config cfg = config;
	struct domain *d;

	(void)state;
	assert_int_equal(domain_create(DOMID_FIRST_RESERVED, &cfg, &d),
			 -EINVAL);
	cfg.max_vcpus = 0;
	assert_int_equal(domain_create(1, &cfg, &d), -EINVAL);
	cfg.max_vcpus = MAX_VCPUS + 1;
	assert_int_equal(domain_create(1, &cfg, &d), -EINVAL);
}

static void test_ids(void **state)
{
	/* Two of them in one bucket. */
	static const domid_t ids[] = { 7, 2, 263, 4 };
	struct domain *d[4], *other;
	domid_t last = 0;
	struct list *pos;

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		d[i] = create(ids[i]);
	assert_int_equal(domain_create(263, &config, &other), -EEXIST);
	list_for_each(pos, &domain_list) {
		domid_t id = list_entry(pos, struct domain, list)->id;

		assert_true(id > last);
		last = id;
	}
	for (unsigned int i = 0; i < 4; i++) {
		other = domain_get_by_id(ids[i]);
		assert_ptr_equal(other, d[i]);
		domain_put(other);
	}
	assert_null(domain_get_by_id(3));
	assert_null(domain_get_by_id(519));
	assert_null(domain_get_by_id(DOMID_SELF));
	other = domain_get_next(5);
	assert_int_equal(other->id, 7);
	domain_put(other);
	assert_null(domain_get_next(264));
	kill_domain(d[0]);
	assert_null(domain_get_by_id(7));
	other = domain_get_by_id(263);
	assert_ptr_equal(other, d[2]);
	domain_put(other);
	for (unsigned int i = 1; i < 4; i++)
		kill_domain(d[i]);
}

static void test_each_allocation_fails_once(void **state)
{
	struct domain *d = NULL;
	unsigned int failures = 0;
	int rc;

	(void)state;
	for (long n = 0;; n++) {
		host.allocs_left = n;
		rc = domain_create(1, &config, &d);
		for (unsigned int i = 0; !rc && i < config.max_vcpus; i++) {
			rc = vcpu_create(d, i);
			if (rc)
				kill_domain(d);
		}
		host.allocs_left = -1;
		if (!rc)
			break;
		failures++;
		assert_int_equal(rc, -ENOMEM);
		nothing_left(NULL);
	}
	/* One a module at least. */
	assert_true(failures > 10);
	kill_domain(d);
}

static void test_a_reference_keeps_it(void **state)
{
	struct domain *d = create(1), *same;

	(void)state;
	same = domain_get_by_id(1);
	kill_domain(d);
	assert_true(same->is_dying);
	assert_ptr_equal(domain_by_slot(same->slot), same);
	domain_put(same);
	assert_null(domain_get_by_id(1));
}

static void test_frames_keep_it(void **state)
{
	struct domain *d = create(1);
	mfn_t mfn;

	(void)state;
	mfn = host_give_frame(d);
	/* A peer has it mapped. */
	assert_true(frame_get(mfn, d));
	kill_domain(d);
	assert_int_equal(d->tot_pages, 1);
	d = domain_get_by_id(1);
	assert_non_null(d);
	domain_put(d);
	frame_put(mfn);
	assert_null(domain_get_by_id(1));
}

static void test_a_shared_page_keeps_its_slot(void **state)
{
	struct domain *d = create(1), *next;
	unsigned int slot = d->slot;
	mfn_t mfn = d->shared_mfn;

	(void)state;
	assert_true(frame_get(mfn, d));
	kill_domain(d);
	next = create(1);
	assert_int_not_equal(next->slot, slot);
	assert_false(frame_get(mfn, next));
	kill_domain(next);
	frame_put(mfn);
	next = create(1);
	assert_int_equal(next->slot, slot);
	kill_domain(next);
}

static void test_death_stops_and_goes_on(void **state)
{
	struct domain *d = create(1);
	unsigned int port, calls = 0;

	(void)state;
	assert_int_equal(evtchn_alloc_unbound(d, 1, &port), 0);
	host_give_frame(d);
	host.preempt = true;
	restarts = 3;
	while (domain_kill(d) == -ERESTART)
		assert_true(calls++ < 1000);
	host.preempt = false;
	assert_true(calls >= 3 + config.max_vcpus);
}

static void test_dom0_and_idle_do_not_die(void **state)
{
	struct domain_config cfg = config;
	struct domain *d;

	(void)state;
	cfg.is_hw = true;
	assert_int_equal(domain_create(0, &cfg, &d), 0);
	assert_ptr_equal(hw_domain, d);
	assert_int_equal(domain_kill(d), -EINVAL);
	assert_int_equal(domain_kill(&idle_domain), -EINVAL);
	if (!setjmp(machine_end))
		domain_shutdown(d, SHUTDOWN_poweroff);
	assert_string_equal(how_it_ended, "halt");
	if (!setjmp(machine_end))
		domain_crash(d, "for a test");
	assert_string_equal(how_it_ended, "restart");
	hw_domain = NULL;
	kill_domain(d);
}

/* Was dom0 told since it was last asked? */
static bool told(struct domain *d0, unsigned int port)
{
	unsigned long bit = 1UL << port, *word = d0->shared->evtchn_pending;
	bool was = *word & bit;

	*word &= ~bit;
	return was;
}

static void test_shutdown_is_told_once(void **state)
{
	struct evtchn_bind_virq bind = { .virq = VIRQ_DOM_EXC };
	struct domain_config cfg = config;
	struct domain *d0, *d;

	(void)state;
	cfg.is_hw = true;
	assert_int_equal(domain_create(0, &cfg, &d0), 0);
	assert_int_equal(vcpu_create(d0, 0), 0);
	assert_int_equal(hc_event_channel_op(d0->vcpu[0], EVTCHNOP_bind_virq,
					     (gva_t)&bind), 0);
	d = create(1);
	assert_false(told(d0, bind.port));
	domain_crash(d, "by %s", "a test");
	assert_true(told(d0, bind.port));
	assert_int_equal(d->pause_count, 2);
	domain_crash(d, "again");
	domain_shutdown(d, SHUTDOWN_poweroff);
	assert_false(told(d0, bind.port));
	assert_int_equal(d->shutdown_code, SHUTDOWN_crash);
	domain_resume(d);
	assert_int_equal(d->pause_count, 1);
	assert_false(d->is_shut_down);
	domain_resume(d);
	assert_int_equal(d->pause_count, 1);
	kill_domain(d);
	assert_true(told(d0, bind.port));
	hw_domain = NULL;
	kill_domain(d0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, nothing_left)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_life),
		T(test_bad_arguments),
		T(test_ids),
		T(test_each_allocation_fails_once),
		T(test_a_reference_keeps_it),
		T(test_frames_keep_it),
		T(test_a_shared_page_keeps_its_slot),
		T(test_death_stops_and_goes_on),
		T(test_dom0_and_idle_do_not_die),
		T(test_shutdown_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
