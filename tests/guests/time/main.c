/*
 * time: clocks and timers of a vCPU.
 *
 * What must hold: system time by the time record never goes back; a timer set
 * for a moment brings VIRQ_TIMER after it and not before; block sleeps until
 * an event; poll ends at its time limit; a moment in the past fires at once;
 * runstate times add up. A broken hypervisor loses a wake-up (the guest hangs)
 * or fires early.
 */
#include <pv/cpu.h>
#include <pv/event.h>
#include <pv/hypercall.h>
#include <pv/insn.h>
#include <pv/mem.h>
#include <pv/report.h>
#include <pv/string.h>
#include <pv/time.h>

#define MS	1000000ull
/* So long that even a busy machine stops a timer before it fires. */
#define LONG	(200 * MS)

static volatile unsigned int fired;
static volatile uint64_t fired_at;

static void timer(unsigned int port)
{
	(void)port;
	fired++;
	fired_at = time_now();
}

static void check_clock(void)
{
	uint64_t last = time_now(), start = last;
	unsigned int i, back = 0;

	for (i = 0; i < 10000; i++) {
		uint64_t now = time_now();

		if (now < last)
			back++;
		last = now;
	}
	check(!back, "time never goes back");
	check(last > start, "and goes on");
	check(shared_info->wc_sec > 1500000000u, "the wall clock is set");
	check(!(shared_info->wc_version & 1), "and at rest");
}

/* Sleep by block until the timer has fired @n times. */
static void wait_for(unsigned int n)
{
	event_disable();
	while (fired < n) {
		HYPERVISOR_sched_op(SCHEDOP_block, NULL);
		event_disable();
	}
	event_enable();
}

static void check_timer_op(void)
{
	uint64_t start = time_now();

	fired = 0;
	check(!HYPERVISOR_set_timer_op(start + 5 * MS), "set_timer_op");
	wait_for(1);
	check(fired == 1 && fired_at >= start + 5 * MS, "not early");
	check(fired_at < start + 1000 * MS, "nor a second late");
	HYPERVISOR_set_timer_op(time_now() - 1);
	wait_for(2);
	check(fired == 2, "a moment in the past fires");
	start = time_now();
	HYPERVISOR_set_timer_op((int64_t)(start + LONG));
	HYPERVISOR_set_timer_op(0);
	while (time_now() < start + LONG + 20 * MS)
		cpu_relax();
	check(fired == 2, "0 stops the timer");
}

static void check_singleshot(void)
{
	struct vcpu_set_singleshot_timer t = { 0 };
	uint64_t start = time_now();

	fired = 0;
	t.timeout_abs_ns = start + 3 * MS;
	check(!HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, 0, &t),
	      "set_singleshot_timer");
	while (!fired)
		cpu_relax();
	check(fired_at >= start + 3 * MS, "fires while the guest runs");
	start = time_now();
	t.timeout_abs_ns = start + LONG;
	HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, 0, &t);
	check(!HYPERVISOR_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL),
	      "stop_singleshot_timer");
	while (time_now() < start + LONG + 20 * MS)
		cpu_relax();
	check(fired == 1, "a stopped timer stays silent");
	t.timeout_abs_ns = start;
	t.flags = VCPU_SSHOTTMR_future;
	check(HYPERVISOR_vcpu_op(VCPUOP_set_singleshot_timer, 0, &t) == -XEN_ETIME ||
	      fired == 2, "a past moment with the future flag");
}

static void check_periodic(void)
{
	struct vcpu_set_periodic_timer t = { .period_ns = 2 * MS };

	fired = 0;
	if (HYPERVISOR_vcpu_op(VCPUOP_set_periodic_timer, 0, &t)) {
		skip("no periodic timer");
		return;
	}
	/* The tick is for a running vCPU: a blocked one may sleep through it. */
	while (fired < 4)
		cpu_relax();
	check(!HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL),
	      "a periodic timer fires until stopped");
	t.period_ns = 1000;
	check(HYPERVISOR_vcpu_op(VCPUOP_set_periodic_timer, 0, &t) == -XEN_EINVAL,
	      "a period of a microsecond is refused");
}

static void check_poll(void)
{
	struct sched_poll poll = { 0 };
	evtchn_port_t port = (evtchn_port_t)event_bind_ipi(0);
	uint64_t start = time_now();

	event_mask(port);
	handle_set(poll.ports, &port);
	poll.nr_ports = 1;
	poll.timeout = start + 4 * MS;
	check(!HYPERVISOR_sched_op(SCHEDOP_poll, &poll) &&
	      time_now() >= start + 4 * MS, "poll waits for its time");
	event_send(port);
	poll.timeout = 0;
	check(!HYPERVISOR_sched_op(SCHEDOP_poll, &poll), "poll of a pending port");
	poll.nr_ports = 129;
	check(HYPERVISOR_sched_op(SCHEDOP_poll, &poll) == -XEN_EINVAL, "129 ports");
	poll.nr_ports = 1;
	port = 100000;
	check(HYPERVISOR_sched_op(SCHEDOP_poll, &poll) == -XEN_EINVAL,
	      "a port that can't be");
	handle_set(poll.ports, HV_START);
	check(HYPERVISOR_sched_op(SCHEDOP_poll, &poll) == -XEN_EFAULT,
	      "ports in the reserved range");
}

static void check_hlt(void)
{
	fired = 0;
	event_disable();
	HYPERVISOR_set_timer_op(time_now() + 2 * MS);
	fault_clear();
	asm volatile(FIX("hlt") : : : "memory");
	event_enable();
	while (!fired && time_now() && !fault_last()->count)
		cpu_relax();
	check(fired == 1 || fault_was(TRAP_GP), "hlt blocks, or is refused");
	while (!fired)
		cpu_relax();
}

static void check_runstate(void)
{
	static struct vcpu_runstate_info area;
	struct vcpu_register_runstate_memory_area reg;
	uint64_t before;

	handle_set(reg.addr.h, &area);
	check(!HYPERVISOR_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &reg),
	      "register_runstate_memory_area");
	before = area.time[RUNSTATE_blocked];
	fired = 0;
	HYPERVISOR_set_timer_op(time_now() + 5 * MS);
	wait_for(1);
	check(area.state == RUNSTATE_running, "the area says running");
	check(area.time[RUNSTATE_blocked] >= before + 3 * MS,
	      "and counts the time asleep");
}

void guest_main(void)
{
	long port = event_bind_virq(VIRQ_TIMER, 0);

	if (!check(port > 0, "bind VIRQ_TIMER"))
		return;
	event_set_handler((unsigned int)port, timer);
	event_enable();
	/* A vCPU may start with a periodic tick. */
	HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
	check_clock();
	check_timer_op();
	check_singleshot();
	check_periodic();
	check_poll();
	check_hlt();
	check_runstate();
}
