/* SPDX-License-Identifier: MIT */
/*
 * Ending domains without hvxd: those that another tool made, and what must be
 * ended while hvxd is away. Nothing restarts such a domain afterwards.
 */
#ifndef HVXL_DIRECT_H
#define HVXL_DIRECT_H

#include <stdbool.h>
#include <stdint.h>

/* Asks the guest ("poweroff", "reboot") and waits until it has taken notice.
 * 0, or 1: told why. */
int direct_shutdown(uint32_t domid, const char *how);
/* Waits until the domain has shut down or is gone. The reason (SHUTDOWN_*), or
 * -1: it is gone. */
int direct_wait(uint32_t domid);
/* Ends the domain, its devices and its nodes in the store. 0, or 1: told. */
int direct_destroy(uint32_t domid);

#endif /* HVXL_DIRECT_H */
