/*
 * events: ports of this domain, two-level and FIFO.
 *
 * What must hold: a sent event sets the port's pending bit once, raises an
 * upcall if port and vCPU are unmasked and none otherwise; unmasking delivers
 * what is pending; every misuse is refused with the ABI's error and changes
 * nothing. A broken hypervisor loses events, indexes its port table by an
 * unchecked port, or delivers to a masked vCPU.
 */
#include <pv/cpu.h>
#include <pv/event.h>
#include <pv/hypercall.h>
#include <pv/mem.h>
#include <pv/report.h>
#include <pv/string.h>

static volatile unsigned int count;
static volatile unsigned int last_port;

static void handler(unsigned int port)
{
	count++;
	last_port = port;
}

static void check_ipi(void)
{
	unsigned int port;
	long rc = event_bind_ipi(0);

	if (!check(rc > 0, "bind_ipi gives a port"))
		return;
	port = (unsigned int)rc;
	event_set_handler(port, handler);
	event_enable();
	check(!event_send(port) && count == 1 && last_port == port,
	      "an event to self arrives at once");
	event_mask(port);
	event_send(port);
	check(count == 1 && event_pending(port), "a masked port stays pending");
	event_unmask(port);
	check(count == 2 && !event_pending(port), "unmask delivers it");
	event_disable();
	event_send(port);
	event_send(port);
	check(count == 2, "no upcall while the vCPU masks");
	event_enable();
	check(count == 3, "one upcall for two sends when it unmasks");
	check(event_bind_ipi(77) == -XEN_ENOENT, "bind_ipi to vCPU 77");
	check(!event_close(port), "close");
	check(event_send(port) == -XEN_EINVAL, "a closed port can't be sent");
	check(event_close(port) == -XEN_EINVAL, "nor closed again");
	event_set_handler(port, NULL);
}

static void check_pair(void)
{
	struct evtchn_status st = { .dom = DOMID_SELF };
	long far = event_alloc_unbound(DOMID_SELF), near;

	check(far > 0, "alloc_unbound for self");
	st.port = (evtchn_port_t)far;
	check(!HYPERVISOR_event_channel_op(EVTCHNOP_status, &st) &&
	      st.status == EVTCHNSTAT_unbound, "status says unbound");
	near = event_bind_interdomain(DOMID_SELF, (unsigned int)far);
	check(near > 0 && near != far, "bind_interdomain with self");
	check(!HYPERVISOR_event_channel_op(EVTCHNOP_status, &st) &&
	      st.status == EVTCHNSTAT_interdomain &&
	      st.u.interdomain.port == (evtchn_port_t)near,
	      "status says whose");
	check(event_bind_interdomain(DOMID_SELF, (unsigned int)far) ==
	      -XEN_EINVAL, "a bound port can't be bound again");
	count = 0;
	event_unmask((unsigned int)near);
	event_set_handler((unsigned int)far, handler);
	event_send((unsigned int)near);
	check(count >= 1 && last_port == (unsigned int)far,
	      "sending one end reaches the other");
	check(!event_close((unsigned int)near), "close one end");
	check(!HYPERVISOR_event_channel_op(EVTCHNOP_status, &st) &&
	      st.status == EVTCHNSTAT_unbound, "the other is unbound");
	check(!event_close((unsigned int)far), "close the other");
}

static void check_virqs(void)
{
	long port = event_bind_virq(VIRQ_DEBUG, 0);

	check(port > 0, "bind_virq VIRQ_DEBUG");
	check(event_bind_virq(VIRQ_DEBUG, 0) == -XEN_EEXIST, "only once");
	check(event_bind_virq(NR_VIRQS, 0) == -XEN_EINVAL, "VIRQ 24");
	check(event_bind_virq(VIRQ_TIMER, 77) == -XEN_ENOENT, "vCPU 77");
	check(!event_close((unsigned int)port), "close");
	port = event_bind_virq(VIRQ_DEBUG, 0);
	check(port > 0, "and bind again");
	event_close((unsigned int)port);
}

static void check_range(void)
{
	static const unsigned int bad[] = {
		0, 4000, 4095, 4096, 131071, 131072, 1u << 31, ~0u,
	};
	struct evtchn_bind_vcpu bind = { 0 };
	struct evtchn_status st = { .dom = DOMID_SELF };
	struct evtchn_unmask un;
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		st.port = bind.port = un.port = bad[i];
		check_quiet(event_send(bad[i]) < 0, "send %u", bad[i]);
		check_quiet(event_close(bad[i]) < 0, "close %u", bad[i]);
		check_quiet(HYPERVISOR_event_channel_op(EVTCHNOP_bind_vcpu, &bind) < 0,
			    "bind_vcpu %u", bad[i]);
		check_quiet(event_bind_interdomain(DOMID_SELF, bad[i]) < 0,
			    "bind_interdomain %u", bad[i]);
		check_quiet(HYPERVISOR_event_channel_op(EVTCHNOP_status, &st) <= 0,
			    "status %u", bad[i]);
		if (bad[i] >= 4096)
			check_quiet(HYPERVISOR_event_channel_op(EVTCHNOP_unmask, &un) ==
				    -XEN_EINVAL, "unmask %u", bad[i]);
	}
	check(true, "ports out of range are refused");
	check(event_bind_interdomain(0x7abc, 1) == -XEN_ESRCH,
	      "bind_interdomain with nobody");
}

static struct evtchn_fifo_control_block *control;
static event_word_t *words;

/* One queue's head, taken as the guest's side of the FIFO ABI says. */
static unsigned int fifo_take(unsigned int priority)
{
	uint32_t port = control->head[priority];

	__atomic_fetch_and(&words[port], ~(1u << EVTCHN_FIFO_LINKED |
					   EVTCHN_FIFO_LINK_MASK),
			   __ATOMIC_SEQ_CST);
	control->head[priority] = 0;
	__atomic_fetch_and(&words[port], ~(1u << EVTCHN_FIFO_PENDING),
			   __ATOMIC_SEQ_CST);
	return port;
}

static void fifo_upcall(void)
{
	uint32_t ready;

	cpu_vcpu_info()->evtchn_upcall_pending = 0;
	ready = __atomic_exchange_n(&control->ready, 0, __ATOMIC_SEQ_CST);
	for (; ready; ready &= ready - 1)
		handler(fifo_take((unsigned int)__builtin_ctz(ready)));
}

static void check_fifo(void)
{
	struct evtchn_init_control init = { .vcpu = 0 };
	struct evtchn_expand_array expand;
	struct evtchn_set_priority prio;
	unsigned int port = (unsigned int)event_bind_ipi(0);
	long rc;

	control = page_alloc();
	words = page_alloc();
	event_disable();
	expand.array_gfn = va_to_mfn(words);
	check(HYPERVISOR_event_channel_op(EVTCHNOP_expand_array, &expand) < 0,
	      "no array before init_control");
	init.control_gfn = va_to_mfn(control);
	init.offset = 4090;
	check(HYPERVISOR_event_channel_op(EVTCHNOP_init_control, &init) == -XEN_EINVAL,
	      "control block across the page's end");
	init.offset = 4;
	check(HYPERVISOR_event_channel_op(EVTCHNOP_init_control, &init) == -XEN_EINVAL,
	      "control block not on 8 bytes");
	init.offset = 0;
	init.vcpu = 77;
	check(HYPERVISOR_event_channel_op(EVTCHNOP_init_control, &init) == -XEN_ENOENT,
	      "control block for vCPU 77");
	init.vcpu = 0;
	rc = HYPERVISOR_event_channel_op(EVTCHNOP_init_control, &init);
	if (!check(!rc && init.link_bits == EVTCHN_FIFO_LINK_BITS,
		   "init_control"))
		return;
	check(HYPERVISOR_event_channel_op(EVTCHNOP_init_control, &init) == -XEN_EINVAL,
	      "but once");
	check(!HYPERVISOR_event_channel_op(EVTCHNOP_expand_array, &expand),
	      "expand_array");
	event_upcall_fn = fifo_upcall;

	prio.port = port;
	prio.priority = 3;
	check(!HYPERVISOR_event_channel_op(EVTCHNOP_set_priority, &prio),
	      "set_priority");
	prio.priority = 16;
	check(HYPERVISOR_event_channel_op(EVTCHNOP_set_priority, &prio) == -XEN_EINVAL,
	      "set_priority 16");
	count = 0;
	__atomic_fetch_and(&words[port], ~(1u << EVTCHN_FIFO_MASKED),
			   __ATOMIC_SEQ_CST);
	event_send(port);
	check((control->ready & (1u << 3)) && control->head[3] == port,
	      "queued at its priority");
	check(words[port] & (1u << EVTCHN_FIFO_LINKED), "and linked");
	event_enable();
	check(count == 1 && last_port == port, "one upcall for it");
	event_send(port);
	check(count == 2, "the next arrives at once");
	words[port] |= 1u << EVTCHN_FIFO_MASKED;
	event_send(port);
	check(count == 2 && (words[port] & (1u << EVTCHN_FIFO_PENDING)),
	      "a masked port stays pending");
	event_unmask(port);
	check(count == 3, "unmask delivers it");
	words[port] = ~(1u << EVTCHN_FIFO_MASKED);
	event_send(port);
	check(HYPERVISOR_sched_op(SCHEDOP_yield, NULL) == 0,
	      "a word full of rubbish is survived");
	event_disable();
}

void guest_main(void)
{
	check_ipi();
	check_pair();
	check_virqs();
	check_range();
	check_fifo();
}
