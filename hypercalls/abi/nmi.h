/* SPDX-License-Identifier: MIT */
/* nmi_op: dom0's handler for NMIs. */
#ifndef ABI_NMI_H
#define ABI_NMI_H

#include <abi/xen.h>

#define XENNMI_register_callback	0
#define XENNMI_unregister_callback	1

struct xennmi_callback {
	unsigned long handler_address;
	unsigned long pad;
};

/* arch_shared_info.nmi_reason */
#define _XEN_NMIREASON_io_error		0
#define XEN_NMIREASON_io_error		(1UL << _XEN_NMIREASON_io_error)
#define _XEN_NMIREASON_pci_serr		1
#define XEN_NMIREASON_pci_serr		(1UL << _XEN_NMIREASON_pci_serr)
#define _XEN_NMIREASON_unknown		2
#define XEN_NMIREASON_unknown		(1UL << _XEN_NMIREASON_unknown)

#endif /* ABI_NMI_H */
