/* SPDX-License-Identifier: MIT */
/*
 * physdev_op: interrupts, I/O ports and PCI devices of domains that drive
 * hardware.
 */
#ifndef ABI_PHYSDEV_H
#define ABI_PHYSDEV_H

#include <abi/xen.h>

#define PHYSDEVOP_IRQ_UNMASK_NOTIFY	4	/* old name of eoi, no argument */
#define PHYSDEVOP_irq_status_query	5
#define PHYSDEVOP_set_iopl		6
#define PHYSDEVOP_set_iobitmap		7
#define PHYSDEVOP_apic_read		8
#define PHYSDEVOP_apic_write		9
#define PHYSDEVOP_alloc_irq_vector	10
#define PHYSDEVOP_free_irq_vector	11
#define PHYSDEVOP_eoi			12
#define PHYSDEVOP_map_pirq		13
#define PHYSDEVOP_unmap_pirq		14
#define PHYSDEVOP_manage_pci_add	15
#define PHYSDEVOP_manage_pci_remove	16
#define PHYSDEVOP_pirq_eoi_gmfn_v1	17
#define PHYSDEVOP_restore_msi		19
#define PHYSDEVOP_manage_pci_add_ext	20
#define PHYSDEVOP_setup_gsi		21
#define PHYSDEVOP_get_free_pirq		23
#define PHYSDEVOP_pci_mmcfg_reserved	24
#define PHYSDEVOP_pci_device_add	25
#define PHYSDEVOP_pci_device_remove	26
#define PHYSDEVOP_restore_msi_ext	27
#define PHYSDEVOP_pirq_eoi_gmfn_v2	28
#define PHYSDEVOP_dbgp_op		29
#define PHYSDEVOP_prepare_msix		30
#define PHYSDEVOP_release_msix		31

struct physdev_eoi {
	uint32_t irq;
};

/* A page in which a bit tells whether a pirq needs its eoi. */
struct physdev_pirq_eoi_gmfn {
	xen_pfn_t gmfn;
};

struct physdev_irq_status_query {
	uint32_t irq;
	uint32_t flags;		/* out: XENIRQSTAT_* */
};

#define _XENIRQSTAT_needs_eoi	0
#define XENIRQSTAT_needs_eoi	(1U << _XENIRQSTAT_needs_eoi)
#define _XENIRQSTAT_shared	1
#define XENIRQSTAT_shared	(1U << _XENIRQSTAT_shared)

struct physdev_set_iopl {
	uint32_t iopl;
};

struct physdev_set_iobitmap {
	XEN_GUEST_HANDLE(uint8_t) bitmap;
	uint32_t nr_ports;
};

struct physdev_apic {
	unsigned long apic_physbase;
	uint32_t reg;
	uint32_t value;
};

struct physdev_irq {
	uint32_t irq;
	uint32_t vector;
};

#define MAP_PIRQ_TYPE_MSI	0x0
#define MAP_PIRQ_TYPE_GSI	0x1
#define MAP_PIRQ_TYPE_UNKNOWN	0x2
#define MAP_PIRQ_TYPE_MSI_SEG	0x3
#define MAP_PIRQ_TYPE_MULTI_MSI	0x4

struct physdev_map_pirq {
	domid_t domid;
	int type;		/* MAP_PIRQ_TYPE_* */
	int index;		/* GSI, or -1 for MSI */
	int pirq;		/* in: wanted or -1; out */
	int bus;		/* MSI_SEG: segment in bits 16-31 */
	int devfn;
	int entry_nr;		/* MSI-X entry; MULTI_MSI: in/out count */
	uint64_t table_base;	/* MSI-X table, 0 for MSI */
};

struct physdev_unmap_pirq {
	domid_t domid;
	int pirq;
};

struct physdev_manage_pci {
	uint8_t bus;
	uint8_t devfn;
};

struct physdev_restore_msi {
	uint8_t bus;
	uint8_t devfn;
};

struct physdev_manage_pci_ext {
	uint8_t bus;
	uint8_t devfn;
	uint32_t is_extfn;
	uint32_t is_virtfn;
	struct {
		uint8_t bus;
		uint8_t devfn;
	} physfn;
};

/* Argument of the old hypercall physdev_op_compat. */
struct physdev_op {
	uint32_t cmd;
	union {
		struct physdev_irq_status_query irq_status_query;
		struct physdev_set_iopl set_iopl;
		struct physdev_set_iobitmap set_iobitmap;
		struct physdev_apic apic_op;
		struct physdev_irq irq_op;
	} u;
};

struct physdev_setup_gsi {
	int gsi;
	uint8_t triggering;	/* 0 edge, 1 level */
	uint8_t polarity;	/* 0 high, 1 low */
};

struct physdev_get_free_pirq {
	int type;
	uint32_t pirq;		/* out */
};

struct physdev_pci_mmcfg_reserved {
	uint64_t address;
	uint16_t segment;
	uint8_t start_bus;
	uint8_t end_bus;
	uint32_t flags;
};

#define XEN_PCI_MMCFG_RESERVED	0x1

struct physdev_pci_device_add {
	uint16_t seg;
	uint8_t bus;
	uint8_t devfn;
	uint32_t flags;		/* XEN_PCI_DEV_* */
	struct {
		uint8_t bus;
		uint8_t devfn;
	} physfn;
	uint32_t optarr[];	/* [0]: proximity domain if flagged */
};

#define XEN_PCI_DEV_EXTFN	0x1
#define XEN_PCI_DEV_VIRTFN	0x2
#define XEN_PCI_DEV_PXM		0x4

struct physdev_pci_device {
	uint16_t seg;
	uint8_t bus;
	uint8_t devfn;
};

struct physdev_dbgp_op {
	uint8_t op;		/* PHYSDEVOP_DBGP_RESET_* */
	uint8_t bus;		/* PHYSDEVOP_DBGP_BUS_* */
	union {
		struct physdev_pci_device pci;
	} u;
};

#define PHYSDEVOP_DBGP_RESET_PREPARE	1
#define PHYSDEVOP_DBGP_RESET_DONE	2
#define PHYSDEVOP_DBGP_BUS_UNKNOWN	0
#define PHYSDEVOP_DBGP_BUS_PCI		1

#endif /* ABI_PHYSDEV_H */
