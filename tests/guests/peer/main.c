/* SPDX-License-Identifier: MIT */
/*
 * peer: a second domain's whole life, as its tools see it.
 *
 * What must hold: it is what the control calls say it is; pauses are counted;
 * its end is told by VIRQ_DOM_EXC, with the reason; whatever state it is
 * destroyed in, all that it had comes back, and what others hold of it comes
 * back when they let go; it can do nothing by the control calls itself. A
 * broken hypervisor leaks memory, keeps zombies or lets a guest rule.
 */
#include "parts.h"

#define CYCLES	(on_hvx() ? 100u : 10u)

static volatile unsigned int told;

static void on_dom_exc(unsigned int port)
{
	(void)port;
	told++;
}

static bool was_told(void *since)
{
	return told > *(unsigned int *)since;
}

static bool is_gone(void *p)
{
	struct xen_domctl_getdomaininfo info;

	return domain_info(((struct peer *)p)->id, &info) == -XEN_ESRCH;
}

static bool is_free_again(void *before)
{
	long missing = (long)(*(unsigned long *)before -
			      free_pages_of_machine());

	/* Debian's Xen keeps some pages of its heap for later. */
	return on_hvx() ? missing == 0 : missing <= 64;
}

void check_gone(struct peer *p, unsigned long free_before, const char *what)
{
	check(wait_until(is_gone, p, 2000), "%s: the id is free", what);
	if (!check(wait_until(is_free_again, &free_before, 2000),
		   "%s: all pages came back", what))
		note("%ld are missing",
		     (long)(free_before - free_pages_of_machine()));
}

/* ---- calls in the peer ---- */

static long p_add(void *arg)
{
	long *n = arg;

	n[2] = n[0] + n[1];
	return peer_self();
}

static long p_shutdown(void *arg)
{
	struct sched_shutdown s = { .reason = *(unsigned int *)arg };

	return HYPERVISOR_sched_op(SCHEDOP_shutdown, &s);
}

/* As the ABI has it for a guest: no control call is its to make. */
static long p_privileged(void *arg)
{
	struct xen_domctl op = { 0 };
	struct xen_sysctl sys = { 0 };
	unsigned int bad = 0;
	uint32_t cmd, version;

	(void)arg;
	for (cmd = 0; cmd < 90; cmd++) {
		for (version = 0; version < 2; version++) {
			op.cmd = sys.cmd = cmd;
			op.interface_version = XEN_DOMCTL_INTERFACE_VERSION -
					       version;
			sys.interface_version = XEN_SYSCTL_INTERFACE_VERSION -
						version;
			op.domain = cmd & 1 ? peer_self() : peer_builder();
			bad += HYPERVISOR_domctl(&op) >= 0;
			bad += HYPERVISOR_sysctl(&sys) >= 0;
		}
	}
	bad += HYPERVISOR_platform_op((struct xen_platform_op *)&op) >= 0;
	bad += HYPERVISOR_xsm_op(&op) >= 0;
	return bad;
}

static long p_memory_rights(void *arg)
{
	struct xen_memory_reservation r = { .domid = peer_builder() };
	struct xen_mem_acquire_resource a = {
		.domid = peer_builder(), .nr_frames = 1,
	};
	struct xen_foreign_memory_map m = { .domid = peer_builder() };
	struct xen_memory_domain d = { .domid = peer_builder() };
	unsigned int bad = 0;

	(void)arg;
	bad += HYPERVISOR_memory_op(XENMEM_claim_pages, &r) >= 0;
	bad += HYPERVISOR_memory_op(XENMEM_acquire_resource, &a) >= 0;
	bad += HYPERVISOR_memory_op(XENMEM_set_memory_map, &m) >= 0;
	bad += HYPERVISOR_memory_op(XENMEM_current_reservation, &d) >= 0;
	bad += HYPERVISOR_memory_op(XENMEM_maximum_reservation, &d) >= 0;
	return bad;
}

static volatile unsigned int nmis;

static void on_nmi(struct regs *regs)
{
	(void)regs;
	nmis++;
}

static long p_count_nmis(void *arg)
{
	(void)arg;
	return nmis;
}

static long p_take_nmis(void *arg)
{
	struct callback_register cb = {
		.type = CALLBACKTYPE_nmi, .address = trap_stubs[TRAP_NMI],
	};

	(void)arg;
	trap_hook(TRAP_NMI, on_nmi);
	return HYPERVISOR_callback_op(CALLBACKOP_register, &cb);
}

/* ---- a life ---- */

static void check_alive(struct peer *p)
{
	struct xen_domctl_getdomaininfo info;
	long n[3] = { 40, 2, 0 };

	check(peer_do(p, p_add, &n) == p->id && n[2] == 42,
	      "it runs our code on its own memory");
	check(!domain_info(p->id, &info) && info.tot_pages == PEER_PAGES &&
	      info.max_pages == PEER_PAGES && info.nr_online_vcpus == 1 &&
	      info.max_vcpu_id == 0 &&
	      !(info.flags & (XEN_DOMINF_paused | XEN_DOMINF_shutdown |
			      XEN_DOMINF_dying)) &&
	      info.cpu_time, "getdomaininfo tells what it is");
}

static bool has_answered(void *p)
{
	return peer_answered(p);
}

static void check_pause(struct peer *p)
{
	struct xen_domctl_getdomaininfo info;
	long n[3] = { 1, 2, 0 };

	check(domctl_plain(XEN_DOMCTL_unpausedomain, p->id) == -XEN_EINVAL,
	      "what isn't paused can't be unpaused");
	check(!domctl_plain(XEN_DOMCTL_pausedomain, p->id) &&
	      !domctl_plain(XEN_DOMCTL_pausedomain, p->id) &&
	      !domctl_plain(XEN_DOMCTL_unpausedomain, p->id) &&
	      !domain_info(p->id, &info) && (info.flags & XEN_DOMINF_paused),
	      "paused twice, it needs two unpauses");
	peer_post(p, p_add, n, sizeof(n));
	check(!wait_until(has_answered, p, 20), "while paused it does nothing");
	check(!domctl_plain(XEN_DOMCTL_unpausedomain, p->id) &&
	      peer_wait(p, n, sizeof(n)) == p->id && n[2] == 3,
	      "then it goes on");
	check(domctl_plain(XEN_DOMCTL_pausedomain, 0) == -XEN_EINVAL,
	      "nobody pauses himself");
}

static bool has_rested(void *arg)
{
	uint64_t *since = arg;

	return time_now() - *since > 30000000;
}

static uint64_t time_stopped(const struct xen_domctl *op)
{
	return op->u.hvx_run_states.time[RUNSTATE_blocked] +
	       op->u.hvx_run_states.time[RUNSTATE_offline];
}

/* While it is paused only its time blocked or offline (it may have been blocked
 * already) grows, by as much as goes by. */
static void check_run_states(struct peer *p)
{
	struct xen_domctl_getdomaininfo info;
	struct xen_domctl a = { 0 }, b = { 0 };
	uint64_t since;

	if (!on_hvx())
		return;
	check(!domctl_plain(XEN_DOMCTL_pausedomain, p->id) &&
	      !domctl(&a, XEN_DOMCTL_hvx_run_states, p->id) &&
	      !domain_info(p->id, &info) &&
	      a.u.hvx_run_states.time[RUNSTATE_running] == info.cpu_time &&
	      info.cpu_time, "run states: it ran as long as its cpu_time says");
	since = time_now();
	wait_until(has_rested, &since, 1000);
	check(!domctl(&b, XEN_DOMCTL_hvx_run_states, p->id) &&
	      b.u.hvx_run_states.time[RUNSTATE_running] == info.cpu_time &&
	      b.u.hvx_run_states.time[RUNSTATE_runnable] ==
		      a.u.hvx_run_states.time[RUNSTATE_runnable] &&
	      time_stopped(&b) - time_stopped(&a) >= 30000000,
	      "paused, it neither runs nor waits");
	check(!domctl_plain(XEN_DOMCTL_unpausedomain, p->id) &&
	      domctl(&a, XEN_DOMCTL_hvx_run_states, 77) == -XEN_ESRCH,
	      "nobody has none");
}

static void check_trigger(struct peer *p)
{
	struct xen_domctl op = { 0 };

	peer_call(p, p_take_nmis, NULL, 0);
	op.u.sendtrigger.trigger = XEN_DOMCTL_SENDTRIGGER_NMI;
	check(!domctl(&op, XEN_DOMCTL_sendtrigger, p->id) &&
	      peer_call(p, p_count_nmis, NULL, 0) == 1,
	      "sendtrigger: an NMI arrives");
	op.u.sendtrigger.vcpu = 1;
	check(domctl(&op, XEN_DOMCTL_sendtrigger, p->id) == -XEN_ESRCH,
	      "but not at a vCPU that isn't there");
	op.u.sendtrigger.vcpu = 0;
	op.u.sendtrigger.trigger = XEN_DOMCTL_SENDTRIGGER_POWER;
	check(domctl(&op, XEN_DOMCTL_sendtrigger, p->id) == -XEN_EINVAL,
	      "a PV domain has no power button");
}

static void check_end(struct peer *p, unsigned long before)
{
	struct xen_domctl_getdomaininfo info;
	unsigned int since = told, reason = SHUTDOWN_reboot;

	peer_post(p, p_shutdown, &reason, sizeof(reason));
	check(wait_until(was_told, &since, 5000), "shutdown is told");
	check(!domain_info(p->id, &info) &&
	      (info.flags & XEN_DOMINF_shutdown) &&
	      (info.flags >> XEN_DOMINF_shutdownshift &
	       XEN_DOMINF_shutdownmask) == SHUTDOWN_reboot,
	      "with its reason");
	since = told;
	check(!peer_destroy(p), "destroy");
	check(wait_until(was_told, &since, 5000), "its death is told");
	check_gone(p, before, "destroyed");
	check(domctl_plain(XEN_DOMCTL_destroydomain, p->id) == -XEN_ESRCH,
	      "it can't die twice");
}

static void check_life(void)
{
	unsigned long before;
	struct peer p;

	/* What the builder itself needs is there from now on. */
	peer_start(&p, NULL);
	peer_call(&p, p_count_nmis, NULL, 0);
	peer_destroy(&p);
	before = free_pages_of_machine();
	peer_start(&p, NULL);
	check_alive(&p);
	check_pause(&p);
	check_run_states(&p);
	check_trigger(&p);
	check(!peer_call(&p, p_privileged, NULL, 0),
	      "HC-13 no control call is a guest's");
	check(!peer_call(&p, p_memory_rights, NULL, 0),
	      "ME-08 no memory call on others is");
	check_end(&p, before);
}

/* ---- again and again ---- */

static void check_cycles(void)
{
	unsigned long before = free_pages_of_machine();
	uint64_t first = 0, last = 0, start;
	struct peer p;
	unsigned int i;

	for (i = 0; i < CYCLES; i++) {
		start = time_now();
		peer_start(&p, NULL);
		if (i % 4 == 0)
			peer_call(&p, p_count_nmis, NULL, 0);
		if (!check_quiet(!peer_destroy(&p), "destroy, round %u", i))
			break;
		last = time_now() - start;
		first = i == 1 ? last : first;
	}
	check_gone(&p, before, "one life after another");
	note("a life takes %lu us first, %lu us last",
	     (unsigned long)first / 1000, (unsigned long)last / 1000);
}

void guest_main(void)
{
	long port = event_bind_virq(VIRQ_DOM_EXC, 0);

	check(port > 0, "VIRQ_DOM_EXC is the control domain's");
	event_set_handler((unsigned int)port, on_dom_exc);
	event_enable();
	check_life();
	check_asked();
	check_dying();
	check_claims();
	check_cycles();
}
