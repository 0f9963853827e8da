/* SPDX-License-Identifier: MIT */
/*
 * What is asked of the hypervisor: pages and event channels of guests, and
 * which domains there are. linux.c and list.c do it in dom0; tests have one of
 * their own.
 */
#ifndef HVXCONSOLED_HYPER_H
#define HVXCONSOLED_HYPER_H

#include <stdbool.h>
#include <stdint.h>

struct hyper;

/* NULL, and *what couldn't be opened, with errno. */
struct hyper *hyper_open(const char **what);
void hyper_close(struct hyper *h);

/* Readable when ports are pending. */
int hyper_fd(struct hyper *h);
/* The next that is, masked from now on; -1: none. */
int hyper_pending(struct hyper *h);
void hyper_unmask(struct hyper *h, int port);
void hyper_notify(struct hyper *h, int port);
/* Our end of the domain's port; -1 and errno. */
int hyper_bind(struct hyper *h, uint32_t domid, uint32_t remote);
void hyper_unbind(struct hyper *h, int port);

/* The console's page: by the grant that toolstacks leave for it, or by its
 * frame. NULL and errno. *granted is for unmapping. */
void *hyper_map_console(struct hyper *h, uint32_t domid, unsigned long mfn,
			bool *granted);
void hyper_unmap_console(struct hyper *h, void *page, bool granted);

struct hyper_domain {
	uint32_t domid;
	uint8_t uuid[16];
	bool dying;
	bool known;			/* the caller's; false */
};

/* All from an id on, which isn't dom0's, in the order of their ids: the count and
 * a malloc'd array; -1 and errno. */
int hyper_domains(struct hyper *h, uint32_t first, struct hyper_domain **list);

#endif /* HVXCONSOLED_HYPER_H */
