/* sched_op, set_timer_op and vcpu_op, as a guest calls them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim.h"

#include <abi/sched.h>
#include <abi/vcpu.h>
#include <hvx/hypercall.h>
#include <hvx/sched.h>

#define MS  1000000UL
#define SEC 1000000000UL

static struct domain *d;
static struct vcpu *v;
static unsigned int polls;	/* begun and not ended */

void evtchn_poll_begin(struct domain *of)
{
	(void)of;
	polls++;
}

void evtchn_poll_end(struct domain *of)
{
	(void)of;
	polls--;
}

static int start(void **state)
{
	(void)state;
	sim_start(2);
	polls = 0;
	d = sim_domain(1, 256, 0);
	d->evtchn.nr_ports = 64;
	v = sim_vcpu(d, SEC, 0)->v;
	host_set_cpu(v->cpu);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	if (sched_audit() || polls)
		return -1;
	sim_stop();
	return host.pages_out || host.heap_out ? -1 : 0;
}

static long sched(int cmd, void *arg)
{
	return hc_sched_op(v, cmd, (gva_t)arg);
}

static long op(int cmd, unsigned int id, void *arg)
{
	return hc_vcpu_op(v, cmd, id, (gva_t)arg);
}

static void settle(void)
{
	host_advance(host.clock);
}

static void wait(uint64_t ns)
{
	host_advance(host.clock + ns);
}

static bool runs(const struct vcpu *of)
{
	return host_pcpu_current(of->cpu) == of;
}

/* ---- sched_op ------------------------------------------------------------ */

static void unknown_and_unreadable(void **state)
{
	(void)state;
	assert_int_equal(sched(99, NULL), -ENOSYS);
	assert_int_equal(sched(-1, NULL), -ENOSYS);
	for (int cmd = SCHEDOP_shutdown; cmd <= SCHEDOP_pin_override; cmd++)
		assert_int_equal(sched(cmd, NULL), -EFAULT);
	assert_int_equal(hc_sched_op_compat(v, SCHEDOP_poll, 0), -ENOSYS);
}

static void poll_until_event(void **state)
{
	evtchn_port_t port = 5;
	struct sched_poll p = { .ports = &port, .nr_ports = 1 };

	(void)state;
	v->info->evtchn_upcall_mask = 1;
	assert_int_equal(sched(SCHEDOP_poll, &p), 0);
	settle();
	assert_false(runs(v));
	assert_int_equal(v->poll_port, 5);
	wait(SEC);
	assert_false(runs(v));
	vcpu_kick(v);
	settle();
	assert_true(runs(v));
}

static void poll_returns_at_once(void **state)
{
	evtchn_port_t ports[2] = { 5, 6 };
	struct sched_poll p = { .ports = ports, .nr_ports = 2 };

	(void)state;
	v->info->evtchn_upcall_mask = 1;
	d->shared->evtchn_pending[0] = BIT(6);
	assert_int_equal(sched(SCHEDOP_poll, &p), 0);
	assert_true(vcpu_runnable(v));
	d->shared->evtchn_pending[0] = 0;
	v->info->evtchn_upcall_mask = 0;
	v->info->evtchn_upcall_pending = 1;
	assert_int_equal(sched(SCHEDOP_poll, &p), 0);
	assert_true(vcpu_runnable(v));
	v->info->evtchn_upcall_pending = 0;
	p.timeout = host.clock;
	assert_int_equal(sched(SCHEDOP_poll, &p), 0);
	assert_true(vcpu_runnable(v));
}

static void poll_times_out(void **state)
{
	evtchn_port_t port = 5;
	struct sched_poll p = { .ports = &port, .nr_ports = 1,
				.timeout = host.clock + 10 * MS };

	(void)state;
	assert_int_equal(sched(SCHEDOP_poll, &p), 0);
	wait(10 * MS - 1);
	assert_false(runs(v));
	wait(1);
	assert_true(runs(v));
	/* The next one, without a limit, isn't ended by the old limit. */
	p.timeout = host.clock + 10 * MS;
	assert_int_equal(sched(SCHEDOP_poll, &p), 0);
	settle();
	vcpu_kick(v);
	settle();
	p.timeout = 0;
	assert_int_equal(sched(SCHEDOP_poll, &p), 0);
	wait(SEC);
	assert_false(runs(v));
	vcpu_kick(v);
}

static void poll_misuse(void **state)
{
	static evtchn_port_t ports[129];
	struct sched_poll p = { .ports = ports, .nr_ports = 129 };

	(void)state;
	for (unsigned int i = 0; i < 129; i++)
		ports[i] = 1;
	assert_int_equal(sched(SCHEDOP_poll, &p), -EINVAL);
	p.nr_ports = ~0U;
	assert_int_equal(sched(SCHEDOP_poll, &p), -EINVAL);
	p.nr_ports = 128;
	ports[127] = 64;
	assert_int_equal(sched(SCHEDOP_poll, &p), -EINVAL);
	assert_true(vcpu_runnable(v));
	p.ports = (evtchn_port_t *)8;
	assert_int_equal(sched(SCHEDOP_poll, &p), -EFAULT);
	p.ports = (evtchn_port_t *)~0xffUL;
	assert_int_equal(sched(SCHEDOP_poll, &p), -EFAULT);
	assert_true(vcpu_runnable(v));
	assert_int_equal(polls, 0);
	/* No ports and no end: it stays killable. */
	p.nr_ports = 0;
	p.timeout = ~0UL;
	assert_int_equal(sched(SCHEDOP_poll, &p), 0);
	wait(SEC);
	assert_false(runs(v));
	vcpu_kick(v);
}

static void shutdown_and_rights(void **state)
{
	struct sched_shutdown s = { .reason = SHUTDOWN_reboot };
	struct sched_remote_shutdown r = { .domain_id = 2 };
	struct domain *other = sim_domain(2, 256, 0);

	(void)state;
	assert_int_equal(sched(SCHEDOP_remote_shutdown, &r), -EPERM);
	assert_int_equal(host.shutdowns, 0);
	d->is_hw = true;
	r.reason = SHUTDOWN_MAX + 1;
	assert_int_equal(sched(SCHEDOP_remote_shutdown, &r), -EINVAL);
	r.reason = SHUTDOWN_crash;
	assert_int_equal(sched(SCHEDOP_remote_shutdown, &r), 0);
	assert_int_equal(other->shutdown_code, SHUTDOWN_crash);
	r.domain_id = 3;
	assert_int_equal(sched(SCHEDOP_remote_shutdown, &r), -ESRCH);
	assert_int_equal(other->refs, 1);
	assert_int_equal(sched(SCHEDOP_shutdown, &s), 0);
	assert_int_equal(d->shutdown_code, SHUTDOWN_reboot);
	assert_int_equal(hc_sched_op_compat(v, SCHEDOP_shutdown, 0), 0);
	assert_int_equal(d->shutdown_code, SHUTDOWN_poweroff);
}

static void watchdogs(void **state)
{
	struct sched_watchdog w = { .id = 0, .timeout = 0 };

	(void)state;
	assert_int_equal(sched(SCHEDOP_watchdog, &w), -EINVAL);
	w.id = 1;
	assert_int_equal(sched(SCHEDOP_watchdog, &w), -EINVAL);
	w = (struct sched_watchdog){ .timeout = 3 };
	assert_int_equal(sched(SCHEDOP_watchdog, &w), 1);
	assert_int_equal(sched(SCHEDOP_watchdog, &w), 2);
	assert_int_equal(sched(SCHEDOP_watchdog, &w), -ENOSPC);
	w.id = 3;
	assert_int_equal(sched(SCHEDOP_watchdog, &w), -EINVAL);
	w = (struct sched_watchdog){ .id = 2 };
	assert_int_equal(sched(SCHEDOP_watchdog, &w), 0);
	/* Fed in time, then not. */
	w = (struct sched_watchdog){ .id = 1, .timeout = 3 };
	wait(2 * SEC);
	assert_int_equal(sched(SCHEDOP_watchdog, &w), 0);
	wait(2 * SEC);
	assert_int_equal(host.shutdowns, 0);
	wait(SEC);
	assert_int_equal(host.shutdowns, 1);
	assert_int_equal(d->shutdown_code, SHUTDOWN_watchdog);
}

/* ---- timers -------------------------------------------------------------- */

static void set_timer(void **state)
{
	(void)state;
	assert_int_equal(hc_set_timer_op(v, (int64_t)(host.clock + 5 * MS)),
			 0);
	wait(5 * MS);
	assert_int_equal(host.virqs, 1);
	assert_int_equal(host.last_virq, VIRQ_TIMER);
	assert_ptr_equal(host.last_virq_vcpu, v);
	hc_set_timer_op(v, 1);			/* past: at once */
	settle();
	assert_int_equal(host.virqs, 2);
	hc_set_timer_op(v, (int64_t)(host.clock + MS));
	hc_set_timer_op(v, 0);			/* never */
	wait(SEC);
	assert_int_equal(host.virqs, 2);
	hc_set_timer_op(v, -1);			/* nonsense: soon */
	wait(100 * MS);
	assert_int_equal(host.virqs, 3);
	hc_set_timer_op(v, INT64_MAX);
	wait(100 * MS);
	assert_int_equal(host.virqs, 4);
}

static void singleshot(void **state)
{
	struct vcpu_set_singleshot_timer t = {
		.timeout_abs_ns = host.clock - 1,
		.flags = VCPU_SSHOTTMR_future,
	};
	unsigned int id = sim_vcpu(d, SEC, 0)->v->id;

	(void)state;
	assert_int_equal(op(VCPUOP_set_singleshot_timer, 0, &t), -ETIME);
	settle();
	assert_int_equal(host.virqs, 0);
	t.flags = 0;
	assert_int_equal(op(VCPUOP_set_singleshot_timer, 0, &t), 0);
	settle();
	assert_int_equal(host.virqs, 1);
	assert_int_equal(op(VCPUOP_set_singleshot_timer, id, &t), -EINVAL);
	assert_int_equal(op(VCPUOP_stop_singleshot_timer, id, NULL), -EINVAL);
	t.timeout_abs_ns = host.clock + MS;
	assert_int_equal(op(VCPUOP_set_singleshot_timer, 0, &t), 0);
	assert_int_equal(op(VCPUOP_stop_singleshot_timer, 0, NULL), 0);
	wait(SEC);
	assert_int_equal(host.virqs, 1);
	assert_int_equal(op(VCPUOP_set_singleshot_timer, 0, NULL), -EFAULT);
}

static void periodic(void **state)
{
	struct vcpu_set_periodic_timer t = { .period_ns = MS - 1 };

	(void)state;
	assert_int_equal(op(VCPUOP_set_periodic_timer, 0, &t), -EINVAL);
	t.period_ns = ~0UL;
	assert_int_equal(op(VCPUOP_set_periodic_timer, 0, &t), -EINVAL);
	t.period_ns = 0;
	assert_int_equal(op(VCPUOP_set_periodic_timer, 0, &t), -EINVAL);
	t.period_ns = 10 * MS;
	assert_int_equal(op(VCPUOP_set_periodic_timer, 0, &t), 0);
	wait(95 * MS);
	assert_int_equal(host.virqs, 9);
	assert_int_equal(op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
	wait(95 * MS);
	assert_int_equal(host.virqs, 9);
}

static void timers_follow_the_vcpu(void **state)
{
	unsigned int to = !v->cpu;

	(void)state;
	hc_set_timer_op(v, (int64_t)(host.clock + 5 * MS));
	assert_int_equal(vcpu_set_affinity(v, cpumask_of(to)), 0);
	settle();
	assert_int_equal(v->sched.singleshot.cpu, to);
	wait(5 * MS);
	assert_int_equal(host.virqs, 1);
}

/* ---- up and down --------------------------------------------------------- */

static void is_up_of_any_id(void **state)
{
	(void)state;
	assert_int_equal(op(VCPUOP_is_up, 0, NULL), 1);
	host_make_vcpu(d, 1);
	assert_int_equal(sched_init_vcpu(d->vcpu[1], 0), 0);
	assert_int_equal(op(VCPUOP_is_up, 1, NULL), 0);
	for (unsigned int id = 2; id < 8192; id++)
		assert_int_equal(op(VCPUOP_is_up, id, NULL), -ENOENT);
	assert_int_equal(op(VCPUOP_is_up, ~0U, NULL), -ENOENT);
	assert_int_equal(op(77, 0, NULL), -ENOSYS);
}

static void bring_up_and_down(void **state)
{
	static struct vcpu_guest_context ctx;
	struct vcpu *w = host_make_vcpu(d, 1);

	(void)state;
	assert_int_equal(sched_init_vcpu(w, 1), 0);
	assert_int_equal(op(VCPUOP_up, 1, NULL), -EINVAL);
	assert_int_equal(op(VCPUOP_initialise, 1, NULL), -EFAULT);
	host.allocs_left = 0;
	assert_int_equal(op(VCPUOP_initialise, 1, &ctx), -ENOMEM);
	host.allocs_left = -1;
	assert_int_equal(op(VCPUOP_initialise, 1, &ctx), 0);
	assert_int_equal(op(VCPUOP_initialise, 1, &ctx), -EEXIST);
	settle();
	assert_false(runs(w));
	assert_int_equal(op(VCPUOP_up, 1, NULL), 0);
	settle();
	assert_true(runs(w));
	assert_int_equal(op(VCPUOP_up, 1, NULL), 0);
	assert_int_equal(op(VCPUOP_down, 1, NULL), 0);
	settle();
	assert_false(runs(w));
	assert_int_equal(w->runstate.state, RUNSTATE_offline);
	assert_int_equal(host.shutdowns, 0);
	assert_int_equal(op(VCPUOP_down, 0, NULL), 0);
	assert_int_equal(host.shutdowns, 1);
	assert_int_equal(d->shutdown_code, SHUTDOWN_poweroff);
}

/* Above the shared page's 32 there must be a vcpu_info first. */
static void high_ids_need_an_info(void **state)
{
	static struct vcpu_guest_context ctx;
	struct domain *e = host_make_domain(2, 40);
	struct vcpu *w = host_make_vcpu(e, 35);
	struct vcpu_register_vcpu_info reg;

	(void)state;
	assert_int_equal(sched_init_domain(e), 0);
	assert_int_equal(sched_init_vcpu(w, 0), 0);
	assert_int_equal(hc_vcpu_op(w, VCPUOP_initialise, 35, (gva_t)&ctx),
			 -EINVAL);
	reg = (struct vcpu_register_vcpu_info){
		.mfn = mfn_x(host_give_frame(e)), .offset = 64 };
	assert_int_equal(hc_vcpu_op(w, VCPUOP_register_vcpu_info, 35,
				    (gva_t)&reg), 0);
	assert_int_equal(w->info->evtchn_upcall_mask, 1);
	assert_int_equal(hc_vcpu_op(w, VCPUOP_initialise, 35, (gva_t)&ctx), 0);
	frame_put_writable(w->info_mfn);
	assert_true(frame_release(w->info_mfn, e));
}

/* ---- areas --------------------------------------------------------------- */

static void move_vcpu_info(void **state)
{
	mfn_t mfn = host_give_frame(d);
	struct domain *other = sim_domain(2, 256, 0);
	mfn_t foreign = host_give_frame(other);
	struct vcpu_register_vcpu_info reg = { .mfn = mfn_x(mfn) };
	struct vcpu *w = sim_vcpu(d, SEC, 0)->v;
	char *page = mfn_to_virt(mfn);

	(void)state;
	reg.offset = PAGE_SIZE - sizeof(struct vcpu_info) + 8;
	assert_int_equal(op(VCPUOP_register_vcpu_info, 0, &reg), -EINVAL);
	reg.offset = 4;
	assert_int_equal(op(VCPUOP_register_vcpu_info, 0, &reg), -EINVAL);
	reg.offset = ~0U;
	assert_int_equal(op(VCPUOP_register_vcpu_info, 0, &reg), -EINVAL);
	reg.offset = PAGE_SIZE - sizeof(struct vcpu_info);
	reg.mfn = mfn_x(foreign);
	assert_int_equal(op(VCPUOP_register_vcpu_info, 0, &reg), -EINVAL);
	reg.mfn = ~0UL;
	assert_int_equal(op(VCPUOP_register_vcpu_info, 0, &reg), -EINVAL);
	reg.mfn = mfn_x(mfn);
	/* Another one that is up: no. */
	assert_int_equal(op(VCPUOP_register_vcpu_info, w->id, &reg), -EINVAL);

	v->info->evtchn_pending_sel = 0x1234;
	assert_int_equal(op(VCPUOP_register_vcpu_info, 0, &reg), 0);
	assert_ptr_equal(v->info, page + reg.offset);
	assert_int_equal(v->info->evtchn_pending_sel, 0x1234);
	assert_int_equal(v->info->evtchn_upcall_pending, 1);
	assert_int_equal(op(VCPUOP_register_vcpu_info, 0, &reg), -EINVAL);

	frame_put_writable(mfn);
	assert_true(frame_release(mfn, d));
	assert_true(frame_release(foreign, other));
}

static void runstate_area(void **state)
{
	struct vcpu_runstate_info seen = { 0 };
	struct vcpu_register_runstate_memory_area area = { .addr.v = &seen };

	(void)state;
	wait(MS);
	assert_int_equal(op(VCPUOP_register_runstate_memory_area, 0, &area),
			 0);
	assert_int_equal(seen.state, RUNSTATE_running);
	seen.state = 9;
	d->vm_assist = BIT(VMASST_TYPE_runstate_update_flag);
	vcpu_runstate_publish(v);
	assert_int_equal(seen.state, RUNSTATE_running);
	assert_int_equal(seen.state_entry_time & XEN_RUNSTATE_UPDATE, 0);
	assert_int_equal(seen.state_entry_time, v->runstate.state_entry_time);

	/* The core's own addresses are refused, holes come to nothing. */
	area.addr.p = 0xffff830000000000;
	assert_int_equal(op(VCPUOP_register_runstate_memory_area, 0, &area),
			 -EFAULT);
	area.addr.p = 0xffff7ffffffffff0;
	assert_int_equal(op(VCPUOP_register_runstate_memory_area, 0, &area),
			 -EFAULT);
	area.addr.p = 16;
	assert_int_equal(op(VCPUOP_register_runstate_memory_area, 0, &area),
			 0);
	v->pv.kernel_mode = false;
	vcpu_runstate_publish(v);
	assert_true(v->sched.publish_due);
	v->pv.kernel_mode = true;
	v->runstate_area = (gva_t)&seen;
	seen.state = 9;
	vcpu_runstate_publish(v);
	assert_int_equal(seen.state, RUNSTATE_running);
	assert_false(v->sched.publish_due);
	v->runstate_area = 0;
}

static void runstate_read(void **state)
{
	struct vcpu_runstate_info seen;

	(void)state;
	wait(5 * MS);
	assert_int_equal(op(VCPUOP_get_runstate_info, 0, &seen), 0);
	assert_int_equal(seen.time[RUNSTATE_running], 5 * MS);
	assert_int_equal(op(VCPUOP_get_runstate_info, 0, NULL), -EFAULT);
}

static void nmi_wakes(void **state)
{
	(void)state;
	sched(SCHEDOP_block, NULL);
	settle();
	assert_false(runs(v));
	assert_int_equal(op(VCPUOP_send_nmi, 0, NULL), 0);
	settle();
	assert_true(runs(v));
	assert_true(v->pv.nmi_pending);
}

#define T(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(unknown_and_unreadable),
		T(poll_until_event),
		T(poll_returns_at_once),
		T(poll_times_out),
		T(poll_misuse),
		T(shutdown_and_rights),
		T(watchdogs),
		T(set_timer),
		T(singleshot),
		T(periodic),
		T(timers_follow_the_vcpu),
		T(is_up_of_any_id),
		T(bring_up_and_down),
		T(high_ids_need_an_info),
		T(move_vcpu_info),
		T(runstate_area),
		T(runstate_read),
		T(nmi_wakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
