/* SPDX-License-Identifier: MIT */
/* The machine's processors, as sets of CPUs in configurations name them. */
#ifndef HVXL_MACHINE_H
#define HVXL_MACHINE_H

#include "cfg.h"

/* What the hypervisor says; all zero if it can't be asked. */
void machine_read(struct cfg_host *host);
void machine_free(struct cfg_host *host);

#endif /* HVXL_MACHINE_H */
