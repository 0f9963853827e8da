/*
 * Two-level event channels.
 *
 * The upcall clears the vCPU's pending flag before it takes the selector word
 * (the hypervisor sets them in the other order), then each word's unmasked
 * bits. Ports are cleared before their handler runs, so an event that comes
 * meanwhile is seen in the next round.
 */
#include <pv/cpu.h>
#include <pv/event.h>
#include <pv/hypercall.h>
#include <pv/mem.h>

#define NR_PORTS	4096
#define WORD_BITS	64

static event_fn_t handlers[NR_PORTS];
static unsigned int upcalls;

void (*event_upcall_fn)(void) = event_upcall;

static void set_bit(unsigned long *map, unsigned int bit)
{
	asm volatile("lock btsq %1, %0" : "+m" (map[bit / WORD_BITS])
		     : "r" ((unsigned long)bit % WORD_BITS) : "memory");
}

static void clear_bit(unsigned long *map, unsigned int bit)
{
	asm volatile("lock btrq %1, %0" : "+m" (map[bit / WORD_BITS])
		     : "r" ((unsigned long)bit % WORD_BITS) : "memory");
}

static bool test_bit(const unsigned long *map, unsigned int bit)
{
	const volatile unsigned long *word = &map[bit / WORD_BITS];

	return *word >> (bit % WORD_BITS) & 1;
}

static void serve(unsigned int port)
{
	clear_bit(shared_info->evtchn_pending, port);
	if (handlers[port])
		handlers[port](port);
}

void event_upcall(void)
{
	struct vcpu_info *vi = cpu_vcpu_info();
	unsigned long words, bits;
	unsigned int w;

	upcalls++;
	vi->evtchn_upcall_pending = 0;
	words = __atomic_exchange_n(&vi->evtchn_pending_sel, 0,
				    __ATOMIC_SEQ_CST);
	for (; words; words &= words - 1) {
		w = (unsigned int)__builtin_ctzl(words);
		bits = shared_info->evtchn_pending[w] &
		       ~shared_info->evtchn_mask[w];
		for (; bits; bits &= bits - 1)
			serve(w * WORD_BITS + (unsigned int)__builtin_ctzl(bits));
	}
}

void event_take(unsigned int port)
{
	clear_bit(shared_info->evtchn_pending, port);
}

unsigned int event_upcalls(void)
{
	return *(volatile unsigned int *)&upcalls;
}

void event_disable(void)
{
	*(volatile uint8_t *)&cpu_vcpu_info()->evtchn_upcall_mask = 1;
	asm volatile("" : : : "memory");
}

void event_enable(void)
{
	volatile struct vcpu_info *vi = cpu_vcpu_info();

	asm volatile("" : : : "memory");
	vi->evtchn_upcall_mask = 0;
	/* Unmask first, then look: what came while masked sent no upcall. */
	asm volatile("mfence" : : : "memory");
	if (vi->evtchn_upcall_pending)
		HYPERVISOR_xen_version(XENVER_version, NULL);
}

bool event_enabled(void)
{
	return !*(volatile uint8_t *)&cpu_vcpu_info()->evtchn_upcall_mask;
}

void event_mask(unsigned int port)
{
	set_bit(shared_info->evtchn_mask, port);
}

void event_unmask(unsigned int port)
{
	struct evtchn_unmask arg = { .port = port };

	HYPERVISOR_event_channel_op(EVTCHNOP_unmask, &arg);
}

bool event_pending(unsigned int port)
{
	return test_bit(shared_info->evtchn_pending, port);
}

void event_set_handler(unsigned int port, event_fn_t fn)
{
	handlers[port] = fn;
	if (fn)
		event_unmask(port);
	else
		event_mask(port);
}

long event_bind_virq(unsigned int virq, unsigned int vcpu)
{
	struct evtchn_bind_virq arg = { .virq = virq, .vcpu = vcpu };
	long rc = HYPERVISOR_event_channel_op(EVTCHNOP_bind_virq, &arg);

	return rc ? rc : (long)arg.port;
}

long event_bind_ipi(unsigned int vcpu)
{
	struct evtchn_bind_ipi arg = { .vcpu = vcpu };
	long rc = HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &arg);

	return rc ? rc : (long)arg.port;
}

long event_alloc_unbound(unsigned int remote)
{
	struct evtchn_alloc_unbound arg = {
		.dom = DOMID_SELF, .remote_dom = (domid_t)remote,
	};
	long rc = HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &arg);

	return rc ? rc : (long)arg.port;
}

long event_bind_interdomain(unsigned int dom, unsigned int port)
{
	struct evtchn_bind_interdomain arg = {
		.remote_dom = (domid_t)dom, .remote_port = port,
	};
	long rc = HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &arg);

	return rc ? rc : (long)arg.local_port;
}

long event_send(unsigned int port)
{
	struct evtchn_send arg = { .port = port };

	return HYPERVISOR_event_channel_op(EVTCHNOP_send, &arg);
}

long event_close(unsigned int port)
{
	struct evtchn_close arg = { .port = port };

	return HYPERVISOR_event_channel_op(EVTCHNOP_close, &arg);
}
