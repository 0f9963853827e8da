/*
 * Console output: the hypervisor's for the control domain, the shared ring
 * otherwise. The ring is polled: a guest that prints waits for its reader.
 */
#include <pv/console.h>
#include <pv/cpu.h>
#include <pv/event.h>
#include <pv/hypercall.h>
#include <pv/mem.h>
#include <abi/io/console.h>

static struct xencons_interface *ring;

void console_init(void)
{
	if (start_info->flags & SIF_INITDOMAIN)
		return;
	ring = (void *)pfn_to_va(mfn_to_pfn(start_info->console.domU.mfn));
}

static void ring_write(const char *s, size_t len)
{
	XENCONS_RING_IDX prod = ring->out_prod;

	while (len) {
		while (prod - *(volatile XENCONS_RING_IDX *)&ring->out_cons >=
		       sizeof(ring->out))
			HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
		ring->out[MASK_XENCONS_IDX(prod, ring->out)] = *s++;
		len--;
		prod++;
		/* The text before the index: the reader trusts the index. */
		asm volatile("" : : : "memory");
		*(volatile XENCONS_RING_IDX *)&ring->out_prod = prod;
	}
	event_send(start_info->console.domU.evtchn);
}

void console_write(const char *s, size_t len)
{
	if (ring)
		ring_write(s, len);
	else
		HYPERVISOR_console_io(CONSOLEIO_write, (int)len, s);
}

size_t console_read(char *buf, size_t size)
{
	XENCONS_RING_IDX cons, prod;
	size_t n = 0;

	if (!ring)
		return 0;
	cons = ring->in_cons;
	prod = *(volatile XENCONS_RING_IDX *)&ring->in_prod;
	/* The index before the bytes that it announces. */
	asm volatile("" : : : "memory");
	while (n < size && cons != prod)
		buf[n++] = ring->in[MASK_XENCONS_IDX(cons++, ring->in)];
	asm volatile("" : : : "memory");
	*(volatile XENCONS_RING_IDX *)&ring->in_cons = cons;
	if (n)
		event_send(start_info->console.domU.evtchn);
	return n;
}
