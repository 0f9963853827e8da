/*
 * PCI configuration space (cpu/pci.c), for MSI set-up and for what dom0 does
 * through the old ports.  dom0 enumerates; the core only looks where told.
 */
#ifndef HVX_PCI_H
#define HVX_PCI_H

#include <hvx/types.h>

#define PCI_COMMAND	    0x04
#define PCI_COMMAND_MEMORY  0x02
#define PCI_STATUS	    0x06
#define PCI_STATUS_CAPS	    0x10
#define PCI_HEADER_TYPE	    0x0e
#define PCI_BAR(n)	    (0x10 + 4 * (n))
#define PCI_CAP_POINTER	    0x34
#define PCI_CAP_ID_MSI	    0x05
#define PCI_CAP_ID_MSIX	    0x11

/*
 * bdf: bus << 8 | device << 3 | function.  width 1, 2 or 4, aligned; all ones
 * where nothing answers.  The plain forms are segment 0.
 */
uint32_t pci_conf_read(unsigned int bdf, unsigned int reg, unsigned int width);
void pci_conf_write(unsigned int bdf, unsigned int reg, unsigned int width,
		    uint32_t value);
uint32_t pci_seg_read(unsigned int segment, unsigned int bdf, unsigned int reg,
		      unsigned int width);
void pci_seg_write(unsigned int segment, unsigned int bdf, unsigned int reg,
		   unsigned int width, uint32_t value);
/* Where that capability stands; 0: the function has none. */
unsigned int pci_find_cap(unsigned int segment, unsigned int bdf,
			  unsigned int id);
/* Address in memory that a BAR holds; 0: none, or it is a port. */
paddr_t pci_bar_address(unsigned int segment, unsigned int bdf,
			unsigned int bar);

#endif
