/*
 * MSI and MSI-X: interrupts that a device sends as a write to the APICs.  The
 * core writes address, data and mask bits; dom0's kernel finds the device and
 * turns the capability on and off.
 *
 * The vector is fixed from the start, so a message that is in force changes
 * only in its address, which is one write.
 */
#include "irq_desc.h"

#include <asm/io.h>
#include <hvx/apic.h>
#include <hvx/console.h>
#include <hvx/irq.h>
#include <hvx/paging.h>
#include <hvx/pci.h>

/* MSI capability. */
#define MSI_CONTROL    2
#define MSI_ADDR_LOW   4
#define MSI_ADDR_HIGH  8
#define MSI_DATA(m)    ((m)->is_64bit ? 12 : 8)
#define MSI_MASK(m)    ((m)->is_64bit ? 16 : 12)
#define MSI_CTL_64BIT  BIT(7)
#define MSI_CTL_MASK   BIT(8)
#define MSI_CTL_COUNT  0x70

/* MSI-X capability and table. */
#define MSIX_CONTROL   2
#define MSIX_TABLE     4
#define MSIX_CTL_SIZE  0x7ff
#define MSIX_SLOT_SIZE 16
#define SLOT_ADDR_LOW  0
#define SLOT_ADDR_HIGH 4
#define SLOT_DATA      8
#define SLOT_CONTROL   12
#define SLOT_MASKED    1

static uint32_t conf_read(const struct msi *m, unsigned int off,
			  unsigned int width)
{
	return pci_seg_read(m->segment, m->bdf, m->cap + off, width);
}

static void conf_write(const struct msi *m, unsigned int off,
		       unsigned int width, uint32_t v)
{
	pci_seg_write(m->segment, m->bdf, m->cap + off, width, v);
}

static uint32_t message_address(const struct irq_desc *desc)
{
	return MSI_ADDRESS | desc->apic_id << 12;
}

/* ---- MSI -------------------------------------------------------------------- */

/* Only the first message is given out; without mask bits nothing can be done,
 * and an unwanted one is dropped on arrival. */
static void msi_mask(struct irq_desc *desc)
{
	if (desc->msi.has_mask)
		conf_write(&desc->msi, MSI_MASK(&desc->msi), 4, ~0U);
}

static void msi_unmask(struct irq_desc *desc)
{
	if (desc->msi.has_mask)
		conf_write(&desc->msi, MSI_MASK(&desc->msi), 4, ~1U);
}

static void msi_program(struct irq_desc *desc)
{
	const struct msi *m = &desc->msi;

	conf_write(m, MSI_ADDR_LOW, 4, message_address(desc));
	if (m->is_64bit)
		conf_write(m, MSI_ADDR_HIGH, 4, 0);
	conf_write(m, MSI_DATA(m), 2, desc->vector);
}

const struct irq_chip msi_chip = {
	.name = "MSI",
	.mask = msi_mask,
	.unmask = msi_unmask,
	.program = msi_program,
};

static int msi_attach_plain(struct msi *m)
{
	uint32_t control;

	m->cap = pci_find_cap(m->segment, m->bdf, PCI_CAP_ID_MSI);
	if (!m->cap)
		return -ENODEV;
	control = conf_read(m, MSI_CONTROL, 2);
	m->is_64bit = control & MSI_CTL_64BIT;
	m->has_mask = control & MSI_CTL_MASK;
	/* One message. */
	conf_write(m, MSI_CONTROL, 2, control & ~MSI_CTL_COUNT);
	return 0;
}

/* ---- MSI-X ------------------------------------------------------------------ */

static void msix_mask(struct irq_desc *desc)
{
	mmio_write32(desc->msi.slot + SLOT_CONTROL, SLOT_MASKED);
}

static void msix_unmask(struct irq_desc *desc)
{
	mmio_write32(desc->msi.slot + SLOT_CONTROL, 0);
}

static void msix_program(struct irq_desc *desc)
{
	volatile uint8_t *slot = desc->msi.slot;

	/* A device may latch an entry while it is open. */
	if (desc->unmasked)
		msix_mask(desc);
	mmio_write32(slot + SLOT_ADDR_LOW, message_address(desc));
	mmio_write32(slot + SLOT_ADDR_HIGH, 0);
	mmio_write32(slot + SLOT_DATA, desc->vector);
	if (desc->unmasked)
		msix_unmask(desc);
}

const struct irq_chip msix_chip = {
	.name = "MSI-X",
	.mask = msix_mask,
	.unmask = msix_unmask,
	.program = msix_program,
};

static int msix_attach(struct msi *m, const struct msi_request *rq)
{
	uint32_t table;
	paddr_t base;

	m->cap = pci_find_cap(m->segment, m->bdf, PCI_CAP_ID_MSIX);
	if (!m->cap)
		return -ENODEV;
	if (m->entry > (conf_read(m, MSIX_CONTROL, 2) & MSIX_CTL_SIZE))
		return -EINVAL;
	if (!(pci_seg_read(m->segment, m->bdf, PCI_COMMAND, 2) &
	      PCI_COMMAND_MEMORY))
		return -ENXIO;
	table = conf_read(m, MSIX_TABLE, 4);
	if ((table & 7) > 5)
		return -EINVAL;
	/* A virtual function's BARs read as zero: dom0 knows them. */
	base = pci_bar_address(m->segment, m->bdf, table & 7);
	if (!base)
		base = rq->table_base & ~0xfUL;
	m->mapping = ioremap(base + (table & ~7U) + m->entry * MSIX_SLOT_SIZE,
			     MSIX_SLOT_SIZE, MAP_UC);
	m->slot = m->mapping;
	return m->slot ? 0 : -ENOMEM;
}

/* ---- both ------------------------------------------------------------------- */

int msi_attach(struct irq_desc *desc, const struct msi_request *rq)
{
	int rc;

	desc->msi = (struct msi){
		.segment = rq->segment,
		.bdf = rq->bdf,
		.is_x = rq->table_base,
		.entry = rq->table_base ? rq->entry : 0,
	};
	if (desc->msi.is_x)
		rc = msix_attach(&desc->msi, rq);
	else
		rc = msi_attach_plain(&desc->msi);
	if (!rc)
		desc->chip = desc->msi.is_x ? &msix_chip : &msi_chip;
	return rc;
}

/* The caller has masked it. */
void msi_detach(struct irq_desc *desc)
{
	if (desc->msi.mapping)
		iounmap(desc->msi.mapping);
	desc->msi.mapping = NULL;
	desc->chip = NULL;
}
