/*
 * Interrupts: from a vector to the interrupt behind it, and on to the domain
 * that holds it as a pirq, or to the core's own handler.
 *
 * Vectors are the same on all CPUs; moving an interrupt changes only where it
 * goes.  Edge-triggered ones (MSI too) are done with at once: event sent, EOI.
 * A level-triggered line is masked, the EOI given, and it stays masked until
 * the guest says that its device has been served.
 *
 * A pirq goes unmapped -> mapped (has an interrupt and a vector) -> bound (has
 * a port; the line is open) and back.  One lock, the irq lock, guards the
 * descriptors, the vectors and every domain's pirq table.  It is taken inside
 * the event channel lock and in interrupts; only set-pending is called under
 * it.
 */
#include <hvx/irq.h>

#include "irq_desc.h"

#include <hvx/acpi.h>
#include <hvx/apic.h>
#include <hvx/console.h>
#include <hvx/domain.h>
#include <hvx/interp.h>
#include <hvx/ipi.h>
#include <hvx/pcpu.h>
#include <hvx/string.h>
#include <hvx/time.h>
#include <hvx/traps.h>

static struct lock irq_lock = LOCK_INIT;
static struct irq_desc descs[NR_IRQS];
static int16_t vector_irq[256];		/* 0: none, else irq + 1 */

#define NR_ISA 16
#define MAX_DEST 254			/* what an entry or a message can say */

/* ---- vectors ---------------------------------------------------------------- */

static int vector_alloc(struct irq_desc *desc)
{
	unsigned int v;

	if (desc->vector)
		return 0;
	for (v = VEC_DYNAMIC_FIRST; v <= VEC_DYNAMIC_LAST; v++) {
		if (vector_irq[v])
			continue;
		vector_irq[v] = desc->irq + 1;
		desc->vector = v;
		return 0;
	}
	return -ENOSPC;
}

static void vector_free(struct irq_desc *desc)
{
	vector_irq[desc->vector] = 0;
	desc->vector = 0;
}

static void aim(struct irq_desc *desc, unsigned int cpu)
{
	uint32_t id;

	if (!cpumask_test(cpu_online, cpu))
		cpu = 0;
	id = pcpu_of(cpu)->apic_id;
	if (id > MAX_DEST)
		id = pcpu_of(0)->apic_id;
	desc->apic_id = id;
	desc->chip->program(desc);
}

static void line_open(struct irq_desc *desc)
{
	desc->unmasked = true;
	desc->chip->unmask(desc);
}

static void line_close(struct irq_desc *desc)
{
	desc->unmasked = false;
	desc->chip->mask(desc);
}

/* ---- arrival ----------------------------------------------------------------- */

static void unexpected(unsigned int vector)
{
	static uint64_t seen[4];
	uint64_t bit = BIT(vector % 64);

	if (__atomic_fetch_or(&seen[vector / 64], bit, __ATOMIC_RELAXED) & bit)
		return;
	printk(LOG_WARN "CPU%u: unexpected interrupt, vector %#x\n", cpu_id(),
	       vector);
}

static void deliver(struct irq_desc *desc)
{
	struct pirq *p = &desc->d->pirqs[desc->pirq];

	if (desc->level) {
		line_close(desc);
		p->masked_for_eoi = true;
	}
	apic_eoi();
	if (p->port)
		evtchn_send_pirq(desc->d, p->port);
}

void irq_handle_vector(unsigned int vector)
{
	void (*core_fn)(void) = NULL;
	struct irq_desc *desc;

	spin_lock(&irq_lock);
	if (!vector_irq[vector]) {
		spin_unlock(&irq_lock);
		apic_eoi();
		unexpected(vector);
		return;
	}
	desc = &descs[vector_irq[vector] - 1];
	desc->count++;
	if (desc->d) {
		deliver(desc);
	} else {
		core_fn = desc->core_fn;
		apic_eoi();
	}
	spin_unlock(&irq_lock);
	if (core_fn)
		core_fn();
}

void irq_dispatch(unsigned int vector, __maybe_unused struct cpu_regs *regs)
{
	this_pcpu()->irq_count++;
	switch (vector) {
	case VEC_TIMER:
		apic_eoi();
		time_interrupt();
		break;
	case VEC_KICK:
		apic_eoi();
		break;
	case VEC_FLUSH:
		apic_eoi();
		ipi_serve_flush();
		break;
	case VEC_APIC_ERROR:
		printk(LOG_WARN "CPU%u: APIC error %#x\n", cpu_id(),
		       apic_error_status());
		apic_eoi();
		break;
	case VEC_SPURIOUS:
		break;
	default:
		irq_handle_vector(vector);
		break;
	}
}

/* ---- lines ------------------------------------------------------------------- */

unsigned int irq_isa_to_gsi(unsigned int isa)
{
	unsigned int i;

	for (i = 0; i < acpi.nr_overrides; i++)
		if (acpi.overrides[i].irq == isa)
			return acpi.overrides[i].gsi;
	return isa;
}

/* ISA lines are edge, active high; all others are PCI's: level, active low. */
static void lines_init(void)
{
	unsigned int gsi, i;

	for (gsi = 0; gsi < nr_gsis; gsi++) {
		struct irq_desc *desc = &descs[gsi];

		if (!ioapic_gsi_exists(gsi))
			continue;
		desc->chip = &ioapic_chip;
		desc->level = desc->low = gsi >= NR_ISA;
	}
	for (i = 0; i < acpi.nr_overrides; i++) {
		const struct acpi_override *o = &acpi.overrides[i];

		if (o->gsi < nr_gsis) {
			descs[o->gsi].level = o->level;
			descs[o->gsi].low = o->low;
		}
	}
}

/* What would let dom0 send interrupts past us. */
static void deny_hardware(void)
{
	domain_iomem_deny(paddr_to_mfn(acpi.lapic_addr), 1);
	domain_ioport_deny(0x20, 0x21);		/* PIC */
	domain_ioport_deny(0xa0, 0xa1);
	domain_ioport_deny(0x40, 0x43);		/* PIT */
}

void irq_init(void)
{
	unsigned int i;

	for (i = 0; i < NR_IRQS; i++)
		descs[i].irq = i;
	ioapic_init();
	lines_init();
	deny_hardware();
}

int irq_request_core(unsigned int gsi, void (*fn)(void))
{
	struct irq_desc *desc;
	int rc = -EINVAL;

	if (gsi >= nr_gsis)
		return rc;
	spin_lock(&irq_lock);
	desc = &descs[gsi];
	if (!desc->chip)
		goto out;
	rc = desc->d || desc->core_fn ? -EBUSY : vector_alloc(desc);
	if (rc)
		goto out;
	desc->core_fn = fn;
	aim(desc, 0);
	line_open(desc);
out:
	spin_unlock(&irq_lock);
	return rc;
}

int irq_setup_gsi(unsigned int gsi, bool level, bool low)
{
	struct irq_desc *desc;
	int rc = -EINVAL;

	if (gsi >= nr_gsis)
		return rc;
	spin_lock(&irq_lock);
	desc = &descs[gsi];
	if (!desc->chip)
		goto out;
	rc = 0;
	if (desc->core_fn)
		goto out;		/* as the core has set it */
	desc->level = level;
	desc->low = low;
	if (desc->vector && desc->unmasked)
		desc->chip->unmask(desc);
out:
	spin_unlock(&irq_lock);
	return rc;
}

int irq_restore_msi(unsigned int segment, unsigned int bdf)
{
	unsigned int i, found = 0;

	spin_lock(&irq_lock);
	for (i = nr_gsis; i < NR_IRQS; i++) {
		struct irq_desc *desc = &descs[i];

		if (!desc->chip || desc->msi.bdf != bdf ||
		    desc->msi.segment != segment)
			continue;
		desc->chip->program(desc);
		if (desc->unmasked)
			desc->chip->unmask(desc);
		else
			desc->chip->mask(desc);
		found++;
	}
	spin_unlock(&irq_lock);
	return found ? 0 : -ESRCH;
}

/* ---- pirqs: mapping ----------------------------------------------------------- */

int pirq_init_domain(struct domain *d)
{
	unsigned int i;

	d->pirqs = heap_alloc(NR_PIRQS * sizeof(*d->pirqs));
	if (!d->pirqs)
		return -ENOMEM;
	for (i = 0; i < NR_PIRQS; i++)
		d->pirqs[i].irq = -1;
	return 0;
}

/* The descriptor behind d's pirq, or NULL: none, or the core's own line. */
static struct irq_desc *pirq_desc(struct domain *d, unsigned int pirq)
{
	struct irq_desc *desc;

	if (!d->pirqs || pirq >= NR_PIRQS || d->pirqs[pirq].irq < 0)
		return NULL;
	desc = &descs[d->pirqs[pirq].irq];
	return desc->d == d ? desc : NULL;
}

/* A free pirq: lines take their own number, messages count from the top. */
static int pirq_pick(struct domain *d, int want)
{
	int i;

	if (want >= NR_PIRQS)
		return -EINVAL;
	if (want >= 0)
		return d->pirqs[want].irq < 0 ? want : -EEXIST;
	for (i = NR_PIRQS - 1; i >= (int)nr_gsis; i--)
		if (d->pirqs[i].irq < 0 && !d->pirqs[i].port)
			return i;
	return -ENOSPC;
}

int pirq_get_free(struct domain *d, bool gsi)
{
	int i, pirq = -ENOSPC;

	if (!d->pirqs)
		return -EPERM;
	spin_lock(&irq_lock);
	if (!gsi)
		pirq = pirq_pick(d, -1);
	for (i = NR_ISA; gsi && pirq < 0 && i < (int)nr_gsis; i++)
		if (d->pirqs[i].irq < 0)
			pirq = i;
	spin_unlock(&irq_lock);
	return pirq;
}

static void pirq_attach(struct domain *d, int pirq, struct irq_desc *desc)
{
	d->pirqs[pirq].irq = desc->irq;
	d->pirqs[pirq].masked_for_eoi = false;
	desc->d = d;
	desc->pirq = pirq;
}

static int map_gsi_locked(struct domain *d, unsigned int gsi, int want)
{
	struct irq_desc *desc = &descs[gsi];
	int pirq, rc;

	if (!desc->chip)
		return -EINVAL;
	if (desc->d)
		return desc->d == d ? desc->pirq : -EBUSY;
	pirq = pirq_pick(d, want < 0 ? (int)gsi : want);
	if (pirq < 0)
		return pirq;
	/* dom0 maps all lines there are; the core's it can't bind. */
	if (desc->core_fn) {
		d->pirqs[pirq].irq = gsi;
		return pirq;
	}
	rc = vector_alloc(desc);
	if (rc)
		return rc;
	pirq_attach(d, pirq, desc);
	return pirq;
}

int pirq_map_gsi(struct domain *d, unsigned int gsi, int want)
{
	int ret;

	if (!d->pirqs || gsi >= nr_gsis)
		return -EINVAL;
	spin_lock(&irq_lock);
	ret = map_gsi_locked(d, gsi, want);
	spin_unlock(&irq_lock);
	return ret;
}

static struct irq_desc *msi_irq_find_free(void)
{
	unsigned int i;

	for (i = nr_gsis; i < NR_IRQS; i++)
		if (!descs[i].chip)
			return &descs[i];
	return NULL;
}

/* Asked for twice: the same one again is a stale mapping of a driver that
 * went away without a word. */
static bool msi_in_use(const struct msi_request *rq)
{
	unsigned int i;

	for (i = nr_gsis; i < NR_IRQS; i++) {
		const struct irq_desc *desc = &descs[i];

		if (desc->chip && desc->msi.segment == rq->segment &&
		    desc->msi.bdf == rq->bdf &&
		    (desc->msi.is_x != !!rq->table_base ||
		     desc->msi.entry == rq->entry))
			return true;
	}
	return false;
}

static int map_msi_locked(struct domain *d, const struct msi_request *rq,
			  int want)
{
	struct irq_desc *desc = msi_irq_find_free();
	int pirq, rc;

	if (!desc)
		return -ENOSPC;
	if (msi_in_use(rq))
		return -EEXIST;
	pirq = pirq_pick(d, want);
	if (pirq < 0)
		return pirq;
	rc = msi_attach(desc, rq);
	if (rc)
		return rc;
	rc = vector_alloc(desc);
	if (rc) {
		msi_detach(desc);
		return rc;
	}
	desc->level = false;
	line_close(desc);
	aim(desc, 0);
	pirq_attach(d, pirq, desc);
	return pirq;
}

int pirq_map_msi(struct domain *d, const struct msi_request *rq, int want)
{
	int ret;

	if (!d->pirqs)
		return -EPERM;
	spin_lock(&irq_lock);
	ret = map_msi_locked(d, rq, want);
	spin_unlock(&irq_lock);
	return ret;
}

static void unmap_locked(struct domain *d, unsigned int pirq)
{
	struct irq_desc *desc = pirq_desc(d, pirq);

	line_close(desc);
	vector_free(desc);
	if (desc->chip != &ioapic_chip)
		msi_detach(desc);
	desc->d = NULL;
	d->pirqs[pirq].irq = -1;
	d->pirqs[pirq].masked_for_eoi = false;
}

/* A port that is still bound stays, and hears nothing any more. */
int pirq_unmap(struct domain *d, unsigned int pirq)
{
	int rc = -EINVAL;

	spin_lock(&irq_lock);
	if (pirq_desc(d, pirq)) {
		unmap_locked(d, pirq);
		rc = 0;
	} else if (d->pirqs && pirq < NR_PIRQS && d->pirqs[pirq].irq >= 0) {
		d->pirqs[pirq].irq = -1;
		rc = 0;
	}
	spin_unlock(&irq_lock);
	return rc;
}

void pirq_destroy_domain(struct domain *d)
{
	mfn_t map = d->pirq_eoi_mfn;
	unsigned int i;

	spin_lock(&irq_lock);
	for (i = 0; i < NR_PIRQS; i++)
		if (pirq_desc(d, i))
			unmap_locked(d, i);
	d->pirq_eoi_mfn = INVALID_MFN;
	spin_unlock(&irq_lock);
	heap_free(d->pirqs);
	d->pirqs = NULL;
	if (!mfn_eq(map, INVALID_MFN))
		frame_put_writable(map);
}

/* ---- pirqs: binding ------------------------------------------------------------ */

/* Bits of the guest's page: does this pirq want an EOI hypercall? */
static void eoi_map_note(struct domain *d, unsigned int pirq, bool needs)
{
	uint8_t *map, bit = 1U << pirq % 8;

	if (mfn_eq(d->pirq_eoi_mfn, INVALID_MFN))
		return;
	map = (uint8_t *)mfn_to_virt(d->pirq_eoi_mfn) + pirq / 8;
	if (needs)
		__atomic_fetch_or(map, bit, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(map, (uint8_t)~bit, __ATOMIC_RELAXED);
}

int pirq_set_eoi_map(struct domain *d, mfn_t mfn, bool auto_unmask)
{
	unsigned int i;

	if (!d->pirqs)
		return -ENOSYS;
	if (!frame_get_writable(mfn, d))
		return -EINVAL;
	spin_lock(&irq_lock);
	if (!mfn_eq(d->pirq_eoi_mfn, INVALID_MFN)) {
		spin_unlock(&irq_lock);
		frame_put_writable(mfn);
		return -EBUSY;
	}
	d->pirq_eoi_mfn = mfn;
	d->auto_unmask = auto_unmask;
	for (i = 0; i < NR_PIRQS; i++) {
		struct irq_desc *desc = pirq_desc(d, i);

		eoi_map_note(d, i, desc && desc->level);
	}
	spin_unlock(&irq_lock);
	return 0;
}

int pirq_bind(struct vcpu *v, unsigned int pirq,
	      __maybe_unused bool will_share, unsigned int port)
{
	struct domain *d = v->d;
	struct irq_desc *desc;
	int rc;

	spin_lock(&irq_lock);
	desc = pirq_desc(d, pirq);
	rc = d->pirqs[pirq].irq < 0 ? -EINVAL : -EBUSY;
	if (desc) {
		d->pirqs[pirq].port = port;
		d->pirqs[pirq].masked_for_eoi = false;
		eoi_map_note(d, pirq, desc->level);
		aim(desc, v->cpu);
		line_open(desc);
		rc = 0;
	}
	spin_unlock(&irq_lock);
	return rc;
}

void pirq_unbind(struct domain *d, unsigned int pirq)
{
	struct irq_desc *desc;

	spin_lock(&irq_lock);
	desc = pirq_desc(d, pirq);
	if (desc)
		line_close(desc);
	if (d->pirqs) {
		d->pirqs[pirq].port = 0;
		d->pirqs[pirq].masked_for_eoi = false;
	}
	spin_unlock(&irq_lock);
}

void pirq_set_affinity(struct domain *d, unsigned int pirq, unsigned int cpu)
{
	struct irq_desc *desc;

	spin_lock(&irq_lock);
	desc = pirq_desc(d, pirq);
	if (desc)
		aim(desc, cpu);
	spin_unlock(&irq_lock);
}

void pirq_guest_eoi(struct domain *d, unsigned int pirq)
{
	struct irq_desc *desc;

	spin_lock(&irq_lock);
	desc = pirq_desc(d, pirq);
	if (desc && d->pirqs[pirq].masked_for_eoi) {
		d->pirqs[pirq].masked_for_eoi = false;
		line_open(desc);
	}
	spin_unlock(&irq_lock);
}

int pirq_status(struct domain *d, unsigned int pirq)
{
	struct irq_desc *desc;
	int ret;

	if (!d->pirqs || pirq >= NR_PIRQS)
		return -EINVAL;
	spin_lock(&irq_lock);
	desc = pirq_desc(d, pirq);
	ret = desc && desc->level ? XENIRQSTAT_needs_eoi : 0;
	spin_unlock(&irq_lock);
	return ret;
}

void irq_dump(void)
{
	unsigned int i;

	for (i = 0; i < NR_IRQS; i++) {
		const struct irq_desc *desc = &descs[i];

		if (!desc->vector)
			continue;
		printk("irq %u: %s vector %#x %s %s APIC %u count %lu", i,
		       desc->chip->name, desc->vector,
		       desc->level ? "level" : "edge",
		       desc->unmasked ? "open" : "masked", desc->apic_id,
		       desc->count);
		if (desc->d)
			printk(" d%u pirq %u port %u%s\n", desc->d->id,
			       desc->pirq, desc->d->pirqs[desc->pirq].port,
			       desc->d->pirqs[desc->pirq].masked_for_eoi ?
				       " waits for EOI" : "");
		else
			printk(" core\n");
	}
}
