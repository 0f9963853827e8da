/*
 * PCI configuration space: by ports 0xcf8 and 0xcfc for the first 256 bytes
 * of segment 0, through the MCFG window for all else.  One lock, a leaf: the
 * two ports are one access.
 */
#include <hvx/pci.h>

#include <asm/io.h>
#include <hvx/acpi.h>
#include <hvx/interp.h>
#include <hvx/lock.h>
#include <hvx/paging.h>

#define CONF_ADDRESS 0xcf8
#define CONF_DATA    0xcfc
#define CONF_ENABLE  0x80000000U
#define PORT_SPACE   256
#define FULL_SPACE   4096

static struct lock pci_lock = LOCK_INIT;

static void select_reg(unsigned int bdf, unsigned int reg)
{
	outl(CONF_ADDRESS, CONF_ENABLE | bdf << 8 | (reg & 0xfc));
}

static uint32_t port_read(unsigned int bdf, unsigned int reg,
			  unsigned int width)
{
	uint16_t data = CONF_DATA + (reg & 3);
	uint32_t v;

	spin_lock(&pci_lock);
	select_reg(bdf, reg);
	v = width == 1 ? inb(data) : width == 2 ? inw(data) : inl(data);
	spin_unlock(&pci_lock);
	return v;
}

static void port_write(unsigned int bdf, unsigned int reg, unsigned int width,
		       uint32_t value)
{
	uint16_t data = CONF_DATA + (reg & 3);

	spin_lock(&pci_lock);
	select_reg(bdf, reg);
	if (width == 1)
		outb(data, value);
	else if (width == 2)
		outw(data, value);
	else
		outl(data, value);
	spin_unlock(&pci_lock);
}

/* The register in its segment's window, mapped for one use; or NULL. */
static void *window_map(unsigned int segment, unsigned int bdf,
			unsigned int reg)
{
	unsigned int i;

	for (i = 0; i < acpi.nr_mcfg; i++) {
		const struct acpi_mcfg *m = &acpi.mcfg[i];

		if (m->segment == segment && bdf >> 8 >= m->first_bus &&
		    bdf >> 8 <= m->last_bus && reg < FULL_SPACE)
			return ioremap(m->base + ((paddr_t)bdf << 12) + reg, 4,
				       MAP_UC);
	}
	return NULL;
}

static uint32_t window_read(unsigned int segment, unsigned int bdf,
			    unsigned int reg, unsigned int width)
{
	void *p = window_map(segment, bdf, reg);
	uint32_t v;

	if (!p)
		return ~0U;
	v = width == 1	 ? mmio_read8(p)
	    : width == 2 ? mmio_read16(p)
			 : mmio_read32(p);
	iounmap(p);
	return v;
}

static void window_write(unsigned int segment, unsigned int bdf,
			 unsigned int reg, unsigned int width, uint32_t value)
{
	void *p = window_map(segment, bdf, reg);

	if (!p)
		return;
	if (width == 1)
		mmio_write8(p, value);
	else if (width == 2)
		mmio_write16(p, value);
	else
		mmio_write32(p, value);
	iounmap(p);
}

uint32_t pci_seg_read(unsigned int segment, unsigned int bdf, unsigned int reg,
		      unsigned int width)
{
	if (!segment && reg < PORT_SPACE)
		return port_read(bdf, reg, width);
	return window_read(segment, bdf, reg, width);
}

void pci_seg_write(unsigned int segment, unsigned int bdf, unsigned int reg,
		   unsigned int width, uint32_t value)
{
	if (!segment && reg < PORT_SPACE)
		port_write(bdf, reg, width, value);
	else
		window_write(segment, bdf, reg, width, value);
}

uint32_t pci_conf_read(unsigned int bdf, unsigned int reg, unsigned int width)
{
	return pci_seg_read(0, bdf, reg, width);
}

void pci_conf_write(unsigned int bdf, unsigned int reg, unsigned int width,
		    uint32_t value)
{
	pci_seg_write(0, bdf, reg, width, value);
}

/* At most 48 capabilities fit; a list that goes in circles ends there. */
unsigned int pci_find_cap(unsigned int segment, unsigned int bdf,
			  unsigned int id)
{
	unsigned int pos, left = 48;

	if (pci_seg_read(segment, bdf, 0, 2) == 0xffff ||
	    !(pci_seg_read(segment, bdf, PCI_STATUS, 2) & PCI_STATUS_CAPS))
		return 0;
	pos = pci_seg_read(segment, bdf, PCI_CAP_POINTER, 1) & 0xfc;
	while (pos >= 0x40 && left--) {
		uint32_t cap = pci_seg_read(segment, bdf, pos, 2);

		if ((cap & 0xff) == id)
			return pos;
		pos = cap >> 8 & 0xfc;
	}
	return 0;
}

paddr_t pci_bar_address(unsigned int segment, unsigned int bdf,
			unsigned int bar)
{
	uint32_t low = pci_seg_read(segment, bdf, PCI_BAR(bar), 4);
	paddr_t addr = low & ~0xfU;

	if (low & 1)
		return 0;
	if ((low & 6) == 4 && bar < 5)
		addr |= (paddr_t)pci_seg_read(segment, bdf, PCI_BAR(bar + 1), 4)
			<< 32;
	return addr;
}
