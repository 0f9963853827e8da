/*
 * Pirqs on a made-up interrupt controller: lines and messages arrive as
 * vectors exactly while they are open.  What must hold: a bound pirq sends its
 * port; a level-triggered line is silent from its arrival to the guest's EOI;
 * unbind and unmap close the line; vectors and pirqs come back; nothing of a
 * dead domain is left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "machine.h"
#include "../../xen-core/cpu/irq_desc.h"

#include <hvx/acpi.h>
#include <hvx/apic.h>
#include <hvx/console.h>
#include <hvx/interp.h>
#include <hvx/ipi.h>
#include <hvx/irq.h>
#include <hvx/time.h>
#include <hvx/traps.h>

#define LINES 24

/* What the hardware holds, for each interrupt. */
static struct source {
	bool open, level;
	unsigned int vector, dest;
} hw[NR_IRQS];

static unsigned int eois, sent, last_port;
static struct domain *d;
static struct vcpu *v;

struct acpi_facts acpi;
unsigned int nr_gsis;

/* ---- fakes ------------------------------------------------------------------- */

static void fake_mask(struct irq_desc *desc)
{
	hw[desc->irq].open = false;
}

static void fake_unmask(struct irq_desc *desc)
{
	assert_true(desc->vector >= VEC_DYNAMIC_FIRST);
	hw[desc->irq].open = true;
	hw[desc->irq].level = desc->level;
}

static void fake_program(struct irq_desc *desc)
{
	hw[desc->irq].vector = desc->vector;
	hw[desc->irq].dest = desc->apic_id;
}

#define CHIP { "fake", fake_mask, fake_unmask, fake_program }
const struct irq_chip ioapic_chip = CHIP;
const struct irq_chip msi_chip = CHIP, msix_chip = CHIP;

void ioapic_init(void)
{
	nr_gsis = LINES;
}

bool ioapic_gsi_exists(unsigned int gsi)
{
	return gsi < LINES;
}

int msi_attach(struct irq_desc *desc, const struct msi_request *rq)
{
	if (rq->bdf == 0xffff)
		return -ENODEV;
	desc->msi = (struct msi){ .bdf = rq->bdf, .segment = rq->segment,
				  .is_x = rq->table_base,
				  .entry = rq->entry };
	desc->chip = &msi_chip;
	return 0;
}

void msi_detach(struct irq_desc *desc)
{
	desc->chip = NULL;
}

void apic_eoi(void)
{
	eois++;
}

uint32_t apic_error_status(void)
{
	return 0;
}

void time_interrupt(void)
{
}

void ipi_serve_flush(void)
{
}

void domain_ioport_deny(unsigned int first, unsigned int last)
{
	(void)first, (void)last;
}

void domain_iomem_deny(mfn_t first, unsigned long nr)
{
	(void)first, (void)nr;
}

void evtchn_send_pirq(struct domain *to, unsigned int port)
{
	assert_ptr_equal(to, d);
	sent++;
	last_port = port;
}

/* ---- the test's hands ----------------------------------------------------------- */

/* The device asks: true if the processor heard it. */
static bool fire(unsigned int irq)
{
	unsigned int before = eois;

	if (!hw[irq].open)
		return false;
	irq_dispatch(hw[irq].vector, NULL);
	assert_int_equal(eois, before + 1);
	return true;
}

static int setup(void **state)
{
	(void)state;
	host_reset(4);
	host.quiet = true;
	for (unsigned int i = 0; i < 4; i++)
		pcpu_of(i)->apic_id = 10 + i;
	memset(hw, 0, sizeof(hw));
	sent = eois = last_port = 0;
	acpi.nr_overrides = 1;
	acpi.overrides[0] = (struct acpi_override){ 9, 9, true, false };
	irq_init();
	d = host_make_domain(0, 4);
	d->is_hw = true;
	d->pirq_eoi_mfn = INVALID_MFN;
	d->auto_unmask = false;
	v = host_make_vcpu(d, 0);
	v->cpu = 2;
	return pirq_init_domain(d);
}

static int teardown(void **state)
{
	(void)state;
	pirq_destroy_domain(d);
	for (unsigned int i = 0; i < NR_IRQS; i++)
		assert_false(hw[i].open);
	host_free_domain(d);
	assert_int_equal(host.heap_out, 0);
	assert_int_equal(host.pages_out, 0);
	return 0;
}

static void map_and_bind(unsigned int gsi, unsigned int port)
{
	assert_int_equal(pirq_map_gsi(d, gsi, gsi), gsi);
	assert_int_equal(pirq_bind(v, gsi, false, port), 0);
}

static void test_edge(void **state)
{
	(void)state;
	assert_int_equal(pirq_bind(v, 4, false, 7), -EINVAL);
	assert_int_equal(pirq_map_gsi(d, 4, 4), 4);
	assert_false(fire(4));
	assert_int_equal(pirq_bind(v, 4, false, 7), 0);
	assert_int_equal(hw[4].dest, 12);
	assert_int_equal(pirq_status(d, 4), 0);
	assert_true(fire(4));
	assert_true(fire(4));
	assert_int_equal(sent, 2);
	assert_int_equal(last_port, 7);
	pirq_unbind(d, 4);
	assert_false(fire(4));
}

static void test_level_waits_for_eoi(void **state)
{
	(void)state;
	map_and_bind(16, 5);
	assert_int_equal(pirq_status(d, 16), XENIRQSTAT_needs_eoi);
	assert_true(fire(16));
	assert_false(fire(16));
	pirq_guest_eoi(d, 16);
	assert_true(fire(16));
	assert_int_equal(sent, 2);
	/* Unbound while it waits: an EOI doesn't open it. */
	pirq_unbind(d, 16);
	pirq_guest_eoi(d, 16);
	assert_false(fire(16));
	/* Bound again it is open. */
	assert_int_equal(pirq_bind(v, 16, false, 6), 0);
	assert_true(fire(16));
}

/* An EOI nobody asked for opens nothing. */
static void test_stray_eoi(void **state)
{
	(void)state;
	assert_int_equal(pirq_map_gsi(d, 17, 17), 17);
	pirq_guest_eoi(d, 17);
	pirq_guest_eoi(d, 18);
	pirq_guest_eoi(d, NR_PIRQS);
	assert_false(fire(17));
}

static void test_override_and_setup(void **state)
{
	(void)state;
	map_and_bind(9, 3);
	assert_int_equal(pirq_status(d, 9), XENIRQSTAT_needs_eoi);
	assert_int_equal(irq_setup_gsi(10, true, true), 0);
	map_and_bind(10, 4);
	assert_int_equal(pirq_status(d, 10), XENIRQSTAT_needs_eoi);
	assert_int_equal(irq_setup_gsi(LINES, true, true), -EINVAL);
}

static void test_eoi_map(void **state)
{
	mfn_t mfn = host_give_frame(d);
	uint8_t *map = mfn_to_virt(mfn);

	(void)state;
	map_and_bind(16, 5);
	assert_int_equal(pirq_set_eoi_map(d, _mfn(1), false), -EINVAL);
	assert_int_equal(pirq_set_eoi_map(d, mfn, false), 0);
	assert_int_equal(map[2], 1);
	assert_int_equal(pirq_set_eoi_map(d, mfn, false), -EBUSY);
	map_and_bind(17, 6);
	map_and_bind(4, 8);
	assert_int_equal(map[2], 3);
	assert_int_equal(map[0], 0);
	pirq_destroy_domain(d);
	assert_true(mfn_eq(d->pirq_eoi_mfn, INVALID_MFN));
	assert_true(frame_release(mfn, d));
	assert_int_equal(pirq_init_domain(d), 0);
}

static void test_affinity(void **state)
{
	(void)state;
	map_and_bind(4, 7);
	pirq_set_affinity(d, 4, 3);
	assert_int_equal(hw[4].dest, 13);
	/* A CPU that isn't up: somewhere that is. */
	pirq_set_affinity(d, 4, 60);
	assert_int_equal(hw[4].dest, 10);
	assert_true(fire(4));
}

static void test_messages(void **state)
{
	struct msi_request rq = { .bdf = 0x0018, .table_base = 0x1000 };
	int a, b, i;

	(void)state;
	a = pirq_map_msi(d, &rq, -1);
	assert_true(a >= LINES);
	assert_int_equal(pirq_map_msi(d, &rq, -1), -EEXIST);
	rq.entry = 1;
	b = pirq_map_msi(d, &rq, -1);
	assert_true(b >= LINES && b != a);
	assert_int_equal(pirq_bind(v, b, false, 9), 0);
	assert_true(fire(d->pirqs[b].irq));
	assert_true(fire(d->pirqs[b].irq));
	assert_int_equal(last_port, 9);
	i = d->pirqs[b].irq;
	assert_int_equal(pirq_unmap(d, b), 0);
	assert_false(fire(i));
	assert_int_equal(pirq_unmap(d, b), -EINVAL);
	rq.bdf = 0xffff;
	assert_int_equal(pirq_map_msi(d, &rq, -1), -ENODEV);
}

/* All vectors taken, given back, and taken again. */
static void test_vectors_run_out(void **state)
{
	struct msi_request rq = { .table_base = 0x1000 };
	int pirq[256], n, round;

	(void)state;
	for (round = 0; round < 3; round++) {
		for (n = 0; n < 256; n++) {
			rq.entry = n;
			pirq[n] = pirq_map_msi(d, &rq, -1);
			if (pirq[n] < 0)
				break;
		}
		assert_int_equal(pirq[n], -ENOSPC);
		assert_int_equal(n, VEC_DYNAMIC_LAST - VEC_DYNAMIC_FIRST + 1);
		while (n--)
			assert_int_equal(pirq_unmap(d, pirq[n]), 0);
	}
}

static unsigned int core_calls;

static void core_handler(void)
{
	core_calls++;
}

static void test_core_line_is_not_given_out(void **state)
{
	(void)state;
	/* Ahead of setup: the core's line outlives domains. */
	assert_int_equal(irq_request_core(3, core_handler), 0);
	assert_int_equal(irq_request_core(3, core_handler), -EBUSY);
	/* Mapped for show, never bound; its trigger stays. */
	assert_int_equal(pirq_map_gsi(d, 3, 3), 3);
	assert_int_equal(pirq_bind(v, 3, false, 5), -EBUSY);
	assert_int_equal(irq_setup_gsi(3, true, true), 0);
	pirq_set_affinity(d, 3, 1);
	pirq_guest_eoi(d, 3);
	assert_true(fire(3));
	assert_int_equal(core_calls, 1);
	assert_int_equal(sent, 0);
	assert_int_equal(hw[3].dest, 10);
	assert_false(hw[3].level);
	assert_int_equal(pirq_unmap(d, 3), 0);
	assert_true(fire(3));
	hw[3].open = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_edge),
		T(test_level_waits_for_eoi),
		T(test_stray_eoi),
		T(test_override_and_setup),
		T(test_eoi_map),
		T(test_affinity),
		T(test_messages),
		T(test_vectors_run_out),
		T(test_core_line_is_not_given_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
