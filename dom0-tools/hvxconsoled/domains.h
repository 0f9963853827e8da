/* SPDX-License-Identifier: MIT */
/*
 * Which guests there are, as store and hypervisor tell: makes their consoles,
 * connects them when toolstacks have written console/port and console/ring-ref,
 * writes console/tty, and ends them when the hypervisor says that a domain is
 * dying, since a page that we still map would keep it.
 */
#ifndef HVXCONSOLED_DOMAINS_H
#define HVXCONSOLED_DOMAINS_H

#include <libhvxs/hvxs.h>
#include "console.h"

struct domains;

/* changed: consoles have come or gone. NULL, and errno. */
struct domains *domains_open(struct consoles *all, struct xs_handle *xs,
			     void (*changed)(void *arg), void *arg);
void domains_close(struct domains *d);
/* Whether the hypervisor has it, and it isn't dying. arg: a struct domains. */
bool domains_there(void *arg, uint32_t domid);
/* Opens all logs again, under the names that guests have now. */
void domains_reopen_logs(struct domains *d);

#endif /* HVXCONSOLED_DOMAINS_H */
