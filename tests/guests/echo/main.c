/*
 * echo: a guest that talks on its console ring, for tests of console daemons.
 *
 * It gives back each byte it gets, capitals for small letters, and does what
 * these say: `#` prints 2000 numbered lines; `~` prints for ever; `!` powers
 * off; `%` has indices that make no sense, then fair ones again. With `flood` in
 * its command line it prints for ever from the start.
 *
 * It trusts what the daemon writes: it is a test of daemons.
 */
#include <pv/console.h>
#include <pv/event.h>
#include <pv/hypercall.h>
#include <pv/mem.h>
#include <pv/report.h>
#include <pv/string.h>
#include <abi/io/console.h>
#include <abi/sched.h>

#define LINES	2000

static struct xencons_interface *ring;

/* One byte of input; sleeps until there is one. */
static char next_byte(void)
{
	evtchn_port_t port = start_info->console.domU.evtchn;
	volatile XENCONS_RING_IDX *prod = &ring->in_prod;
	struct sched_poll poll = { .nr_ports = 1 };
	char c;

	handle_set(poll.ports, &port);
	while (*prod == ring->in_cons) {
		event_take(port);
		if (*prod == ring->in_cons)
			HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
	}
	/* The index before the byte, the byte before giving back its room. */
	asm volatile("" : : : "memory");
	c = ring->in[MASK_XENCONS_IDX(ring->in_cons, ring->in)];
	asm volatile("" : : : "memory");
	ring->in_cons++;
	event_send(port);
	return c;
}

static void print_lines(void)
{
	unsigned int i;

	for (i = 0; i < LINES; i++)
		printf("line %05u of %u\n", i, LINES);
}

static void print_for_ever(void)
{
	for (;;)
		printf("a flood that never ends, and is nobody's news\n");
}

static void make_no_sense(void)
{
	XENCONS_RING_IDX prod = ring->out_prod;
	unsigned int i;

	for (i = 0; i < 100; i++) {
		ring->out_prod = prod + 2049 + i * 77777;
		ring->in_cons = i * 99999;
		event_send(start_info->console.domU.evtchn);
		HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
	}
	ring->out_prod = ring->out_cons;
	ring->in_cons = ring->in_prod;
	event_send(start_info->console.domU.evtchn);
	printf("sane again\n");
}

static void power_off(void)
{
	struct sched_shutdown how = { .reason = SHUTDOWN_poweroff };

	printf("bye\n");
	HYPERVISOR_sched_op(SCHEDOP_shutdown, &how);
}

static void obey(char c)
{
	switch (c) {
	case '#':
		print_lines();
		break;
	case '~':
		print_for_ever();
		break;
	case '%':
		make_no_sense();
		break;
	case '!':
		power_off();
		break;
	default:
		printf("%c", c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
	}
}

static bool told_to_flood(void)
{
	const char *p = (const char *)start_info->cmd_line;

	while (*p && strncmp(p, "flood", 5))
		p++;
	return *p;
}

void guest_main(void)
{
	ring = (void *)pfn_to_va(mfn_to_pfn(start_info->console.domU.mfn));
	printf("echo: ready\n");
	if (told_to_flood())
		print_for_ever();
	for (;;)
		obey(next_byte());
}
