/*
 * I/O APICs: one redirection entry a line.  An entry's low word is kept in
 * memory, so that masking costs one write and no read.  All destinations are
 * physical; the vector is set while the line is masked.
 */
#include "irq_desc.h"

#include <asm/io.h>
#include <hvx/acpi.h>
#include <hvx/console.h>
#include <hvx/interp.h>
#include <hvx/irq.h>
#include <hvx/paging.h>

#define IOAPIC_INDEX 0x00
#define IOAPIC_DATA  0x10
#define REG_VERSION  0x01
#define REG_ENTRY(n) (0x10 + 2 * (n))

#define ENTRY_LOW_ACTIVE BIT(13)
#define ENTRY_LEVEL	 BIT(15)
#define ENTRY_MASKED	 BIT(16)

static struct ioapic {
	volatile uint8_t *regs;
	paddr_t addr;
	unsigned int gsi_base, nr;
} ioapics[ACPI_MAX_IOAPICS];
static unsigned int nr_ioapics;

unsigned int nr_gsis;

static uint32_t reg_read(const struct ioapic *io, unsigned int reg)
{
	mmio_write32(io->regs + IOAPIC_INDEX, reg);
	return mmio_read32(io->regs + IOAPIC_DATA);
}

static void reg_write(const struct ioapic *io, unsigned int reg, uint32_t v)
{
	mmio_write32(io->regs + IOAPIC_INDEX, reg);
	mmio_write32(io->regs + IOAPIC_DATA, v);
}

static const struct ioapic *ioapic_of(unsigned int gsi)
{
	unsigned int i;

	for (i = 0; i < nr_ioapics; i++)
		if (gsi - ioapics[i].gsi_base < ioapics[i].nr)
			return &ioapics[i];
	return NULL;
}

bool ioapic_gsi_exists(unsigned int gsi)
{
	return ioapic_of(gsi);
}

static uint32_t entry_low(const struct irq_desc *desc)
{
	return desc->vector | (desc->low ? ENTRY_LOW_ACTIVE : 0) |
	       (desc->level ? ENTRY_LEVEL : 0);
}

static void write_low(const struct irq_desc *desc, uint32_t extra)
{
	const struct ioapic *io = ioapic_of(desc->irq);

	reg_write(io, REG_ENTRY(desc->irq - io->gsi_base),
		  entry_low(desc) | extra);
}

static void ioapic_mask(struct irq_desc *desc)
{
	write_low(desc, ENTRY_MASKED);
}

static void ioapic_unmask(struct irq_desc *desc)
{
	write_low(desc, 0);
}

/* The destination may change while the line is on: the half that holds it
 * is one write. */
static void ioapic_program(struct irq_desc *desc)
{
	const struct ioapic *io = ioapic_of(desc->irq);

	if (!desc->unmasked)
		write_low(desc, ENTRY_MASKED);
	reg_write(io, REG_ENTRY(desc->irq - io->gsi_base) + 1,
		  desc->apic_id << 24);
}

const struct irq_chip ioapic_chip = {
	.name = "IO-APIC",
	.mask = ioapic_mask,
	.unmask = ioapic_unmask,
	.program = ioapic_program,
};

static void add(const struct acpi_ioapic *a)
{
	struct ioapic *io = &ioapics[nr_ioapics];
	unsigned int i;

	io->regs = ioremap(a->addr, 0x20, MAP_UC);
	if (!io->regs)
		panic("No room to map an I/O APIC\n");
	io->addr = a->addr;
	io->gsi_base = a->gsi_base;
	io->nr = (reg_read(io, REG_VERSION) >> 16 & 0xff) + 1;
	if (io->nr > 240 || io->gsi_base + io->nr > NR_PIRQS / 2) {
		printk(LOG_WARN "I/O APIC %u: lines from %u are out of reach\n",
		       a->id, io->gsi_base);
		return;
	}
	for (i = 0; i < io->nr; i++)
		reg_write(io, REG_ENTRY(i), ENTRY_MASKED);
	nr_gsis = MAX(nr_gsis, io->gsi_base + io->nr);
	nr_ioapics++;
	domain_iomem_deny(paddr_to_mfn(a->addr), 1);
	printk(LOG_INFO "I/O APIC %u: interrupts %u-%u\n", a->id, io->gsi_base,
	       io->gsi_base + io->nr - 1);
}

void ioapic_init(void)
{
	unsigned int i;

	for (i = 0; i < acpi.nr_ioapics; i++)
		add(&acpi.ioapics[i]);
}

int ioapic_guest_read(paddr_t base, unsigned int reg, uint32_t *value)
{
	unsigned int i;

	for (i = 0; i < nr_ioapics; i++) {
		if (ioapics[i].addr != base)
			continue;
		if (reg >= REG_ENTRY(ioapics[i].nr))
			return -EINVAL;
		*value = reg_read(&ioapics[i], reg);
		return 0;
	}
	return -EINVAL;
}
