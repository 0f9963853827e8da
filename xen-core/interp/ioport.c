/*
 * I/O ports, device memory rights, and the PCI configuration ports.
 *
 * Two questions are asked of each access.  May this code try?  (The guest's
 * own affair: its IOPL, or its task's bitmap.)  And is the port the domain's?
 * If not, a read gives all ones and a write goes nowhere, as on a bus where
 * nobody answers: kernels poke at old devices without expecting a fault.
 *
 * Some ports are nobody's and answered here: channel 2 of the timer, by which
 * kernels measure their TSC, and the address register of PCI configuration,
 * which each domain has its own of.
 */
#include "private.h"

#include <asm/io.h>
#include <hvx/console.h>
#include <hvx/domain.h>
#include <hvx/guest_access.h>
#include <hvx/machine.h>
#include <hvx/pci.h>
#include <hvx/pv.h>

#define NR_PORTS 65536U

#define PORT_PIT_CH2 0x42
#define PORT_PIT_CMD 0x43
#define PORT_61	     0x61
#define PORT_CF8     0xcf8
#define PORT_CFC     0xcfc
#define CF8_ENABLE   0x80000000U

/* ---- rights -------------------------------------------------------------- */

struct port_range {
	uint16_t first, last;
};

/* The core's: interrupt controllers, timer, PCI address, ELCR. */
static const struct port_range core_ports[] = {
	{ 0x20, 0x21 },	  { 0xa0, 0xa1 },   { 0x40, 0x43 },
	{ 0x61, 0x61 },	  { 0x4d0, 0x4d1 }, { PORT_CF8, PORT_CF8 + 3 },
};

#define MAX_DENIED 32
static struct port_range denied_ports[MAX_DENIED];
static unsigned int nr_denied_ports;
static struct {
	unsigned long first, last;
} denied_mem[MAX_DENIED];
static unsigned int nr_denied_mem;

static bool overlaps(const struct port_range *r, unsigned int n,
		     unsigned int first, unsigned int last)
{
	for (; n--; r++)
		if (first <= r->last && last >= r->first)
			return true;
	return false;
}

bool domain_ioport_allowed(const struct domain *d, unsigned int port,
			   unsigned int width)
{
	unsigned int last = port + width - 1;

	if (!d->is_hw || port >= NR_PORTS || last >= NR_PORTS)
		return false;
	return !overlaps(core_ports, ARRAY_SIZE(core_ports), port, last) &&
	       !overlaps(denied_ports, nr_denied_ports, port, last);
}

/* At boot only; a range too many is a bug of ours, not a guest's doing. */
void domain_ioport_deny(unsigned int first, unsigned int last)
{
	BUG_ON(nr_denied_ports == MAX_DENIED || last >= NR_PORTS);
	denied_ports[nr_denied_ports].first = (uint16_t)first;
	denied_ports[nr_denied_ports++].last = (uint16_t)last;
}

/* Past the processor's physical addresses there is nothing; set at boot. */
static unsigned long iomem_end = 1UL << (52 - PAGE_SHIFT);

void domain_iomem_limit(unsigned int address_bits)
{
	iomem_end = 1UL << (address_bits - PAGE_SHIFT);
}

bool domain_iomem_allowed(const struct domain *d, mfn_t mfn)
{
	unsigned int i;

	if (!d->is_hw || mfn_x(mfn) >= iomem_end)
		return false;
	for (i = 0; i < nr_denied_mem; i++)
		if (mfn_x(mfn) >= denied_mem[i].first &&
		    mfn_x(mfn) <= denied_mem[i].last)
			return false;
	return true;
}

void domain_iomem_deny(mfn_t first, unsigned long nr)
{
	BUG_ON(nr_denied_mem == MAX_DENIED || nr == 0);
	denied_mem[nr_denied_mem].first = mfn_x(first);
	denied_mem[nr_denied_mem++].last = mfn_x(first) + nr - 1;
}

bool ioport_iopl_ok(const struct vcpu *v)
{
	unsigned int level = 3;

	if (v->pv.kernel_mode)
		level = v->d->vm_assist & BIT(VMASST_TYPE_architectural_iopl) ?
				0 : 1;
	return v->pv.iopl >= level;
}

/* The bitmap is the kernel's: while user mode runs it isn't mapped. */
static bool read_bitmap(struct vcpu *v, unsigned int port, uint8_t *map,
			unsigned int bytes)
{
	bool user = !v->pv.kernel_mode;
	int rc;

	if (user)
		pv_toggle_mode(v);
	rc = copy_from_guest(map, v->pv.iobmp + port / 8, bytes);
	if (user)
		pv_toggle_mode(v);
	return !rc;
}

bool ioport_may_try(struct vcpu *v, unsigned int port, unsigned int width)
{
	uint8_t map[2] = { 0xff, 0xff };
	unsigned int bytes = (port & 7) + width > 8 ? 2 : 1;

	if (port + width > NR_PORTS)
		return false;
	if (ioport_iopl_ok(v))
		return true;
	if (!v->pv.iobmp || port + width > v->pv.iobmp_limit ||
	    !read_bitmap(v, port, map, bytes))
		return false;
	return !(((map[0] | map[1] << 8) >> (port & 7)) & ((1 << width) - 1));
}

/* ---- the hardware -------------------------------------------------------- */

static uint32_t port_in(unsigned int port, unsigned int width)
{
	return width == 1 ? inb((uint16_t)port) :
	       width == 2 ? inw((uint16_t)port) : inl((uint16_t)port);
}

static void port_out(unsigned int port, unsigned int width, uint32_t val)
{
	if (width == 1)
		outb((uint16_t)port, (uint8_t)val);
	else if (width == 2)
		outw((uint16_t)port, (uint16_t)val);
	else
		outl((uint16_t)port, val);
}

static uint32_t all_ones(unsigned int width)
{
	return width == 4 ? ~0U : (1U << 8 * width) - 1;
}

/* Data of PCI configuration, by the domain's own address register. */
static uint32_t conf_in(uint32_t cf8, unsigned int port, unsigned int width)
{
	return pci_conf_read(cf8 >> 8 & 0xffff, (cf8 & 0xfc) | (port & 3),
			     width);
}

static void conf_out(uint32_t cf8, unsigned int port, unsigned int width,
		     uint32_t val)
{
	pci_conf_write(cf8 >> 8 & 0xffff, (cf8 & 0xfc) | (port & 3), width,
		       val);
}

/* ---- channel 2 of the timer ---------------------------------------------- */

#define PIT_HZ	      1193182UL
#define GATE	      0x01
#define SPEAKER	      0x02
#define REFRESH	      0x10	/* toggles at each refresh of memory */
#define OUT2	      0x20
#define REFRESH_NS    15085
#define PIT_CMD_CH2   0x80
#define PIT_CMD_LATCH 0x30	/* none of these: latch */

static uint64_t pit_ticks(const struct pv_pit *p)
{
	uint64_t ns = time_now() - p->start;

	return ns / 1000 * PIT_HZ / 1000000;
}

static uint16_t pit_count(const struct pv_pit *p)
{
	uint64_t reload = p->reload ? p->reload : 0x10000;
	uint64_t t = pit_ticks(p);

	/* Mode 0 goes on below zero; the periodic ones start again. */
	if ((p->control >> 1 & 7) == 0)
		return (uint16_t)(reload - t);
	return (uint16_t)(reload - t % reload);
}

static uint8_t pit_read(struct pv_pit *p)
{
	uint16_t count;
	bool high;

	if (p->latched) {
		count = p->latch;
		high = p->latched == 1;
		p->latched--;
		return (uint8_t)(high ? count >> 8 : count);
	}
	count = pit_count(p);
	switch (p->control >> 4 & 3) {
	case 1:
		return (uint8_t)count;
	case 2:
		return (uint8_t)(count >> 8);
	}
	high = p->msb_next_read;
	p->msb_next_read = !high;
	return (uint8_t)(high ? count >> 8 : count);
}

static void pit_write(struct pv_pit *p, uint8_t val)
{
	unsigned int access = p->control >> 4 & 3;

	if (access == 3 && !p->msb_next_write) {
		p->low = val;
		p->msb_next_write = true;
		return;
	}
	p->msb_next_write = false;
	p->reload = access == 1 ? val :
		    access == 2 ? (uint32_t)val << 8 :
				  (uint32_t)val << 8 | p->low;
	p->start = time_now();
}

static void pit_command(struct pv_pit *p, uint8_t val)
{
	if ((val & 0xc0) != PIT_CMD_CH2)
		return;
	if (!(val & PIT_CMD_LATCH)) {
		if (!p->latched) {
			p->latch = pit_count(p);
			p->latched = 2;
		}
		return;
	}
	p->control = val & 0x3f;
	p->msb_next_read = p->msb_next_write = false;
	p->latched = 0;
	p->start = time_now();
}

static uint8_t port61_read(const struct pv_pit *p)
{
	uint64_t reload = p->reload ? p->reload : 0x10000;

	return p->port61 | (pit_ticks(p) >= reload ? OUT2 : 0) |
	       (time_now() / REFRESH_NS & 1 ? REFRESH : 0);
}

static bool is_pit(unsigned int port, unsigned int width)
{
	return width == 1 && (port == PORT_PIT_CH2 || port == PORT_PIT_CMD ||
			      port == PORT_61);
}

static uint32_t pit_in(struct pv_pit *p, unsigned int port)
{
	switch (port) {
	case PORT_PIT_CH2:
		return pit_read(p);
	case PORT_61:
		return port61_read(p);
	default:
		return 0xff;
	}
}

static void pit_out(struct pv_pit *p, unsigned int port, uint8_t val)
{
	switch (port) {
	case PORT_PIT_CH2:
		pit_write(p, val);
		break;
	case PORT_PIT_CMD:
		pit_command(p, val);
		break;
	case PORT_61:
		if ((val & GATE) && !(p->port61 & GATE))
			p->start = time_now();
		p->port61 = val & (GATE | SPEAKER);
		break;
	}
}

/* ---- an access ----------------------------------------------------------- */

static bool is_conf_data(const struct domain *d, unsigned int port,
			 unsigned int width)
{
	return port >= PORT_CFC && port + width <= PORT_CFC + 4 &&
	       (d->pv.cf8 & CF8_ENABLE);
}

uint32_t ioport_read(struct domain *d, unsigned int port, unsigned int width)
{
	if (is_pit(port, width))
		return pit_in(&d->pv.pit, port);
	if (port == PORT_CF8 && width == 4)
		return d->is_hw ? d->pv.cf8 : ~0U;
	if (!domain_ioport_allowed(d, port, width))
		return all_ones(width);
	if (is_conf_data(d, port, width))
		return conf_in(d->pv.cf8, port, width);
	return port_in(port, width);
}

void ioport_write(struct domain *d, unsigned int port, unsigned int width,
		  uint32_t val)
{
	if (is_pit(port, width)) {
		pit_out(&d->pv.pit, port, (uint8_t)val);
		return;
	}
	if (port == PORT_CF8 && width == 4) {
		d->pv.cf8 = val;
		return;
	}
	/* The reset register shares the address with CF8's second byte. */
	if (d->is_hw && port == 0xcf9 && width == 1) {
		port_out(port, width, val);
		return;
	}
	if (!domain_ioport_allowed(d, port, width))
		return;
	if (is_conf_data(d, port, width))
		conf_out(d->pv.cf8, port, width, val);
	else
		port_out(port, width, val);
}
