/* SPDX-License-Identifier: MIT */
/*
 * The way to the hypervisor through Linux's privcmd, by Debian's libxencall
 * and libxenforeignmemory. Their headers bring Xen's own, so this file alone
 * includes them, and none of ours that would define the same.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xencall.h>
#include <xenforeignmemory.h>
#include <xentoollog.h>
#include <xen/memory.h>
#include "linux.h"

/* A library doesn't print: errno says all that there is to say. */
static void drop_message(struct xentoollog_logger *l, xentoollog_level level,
			 int errnoval, const char *context, const char *format,
			 va_list args)
{
	(void)l;
	(void)level;
	(void)errnoval;
	(void)context;
	(void)format;
	(void)args;
}

static struct xentoollog_logger silent = { .vmessage = drop_message };

int hvctl_linux_open(struct hvctl *h, unsigned int pages)
{
	h->call = xencall_open(&silent, 0);
	if (!h->call)
		return -1;
	h->arena = xencall_alloc_buffer_pages(h->call, pages);
	if (!h->arena) {
		xencall_close(h->call);
		return -1;
	}
	h->size = pages * 4096;
	return 0;
}

void hvctl_linux_close(struct hvctl *h)
{
	if (h->foreign)
		xenforeignmemory_close(h->foreign);
	xencall_free_buffer_pages(h->call, h->arena, h->size / 4096);
	xencall_close(h->call);
}

long hvctl_linux_call(struct hvctl *h, unsigned int op, unsigned int n,
		      const uint64_t *a)
{
	h->calls++;
	switch (n) {
	case 1:
		return xencall1(h->call, op, a[0]);
	case 2:
		return xencall2L(h->call, op, a[0], a[1]);
	case 3:
		return xencall3(h->call, op, a[0], a[1], a[2]);
	default:
		return xencall4(h->call, op, a[0], a[1], a[2], a[3]);
	}
}

/* Opened by the first who maps: most programs only ask. */
static xenforeignmemory_handle *foreign(struct hvctl *h)
{
	if (!h->foreign)
		h->foreign = xenforeignmemory_open(&silent, 0);
	return h->foreign;
}

void *hvctl_map(struct hvctl *h, uint32_t domid, size_t n,
		const unsigned long *mfns)
{
	if (!foreign(h))
		return NULL;
	/* Without an array for errors one bad frame fails the whole. */
	return xenforeignmemory_map(h->foreign, domid, PROT_READ | PROT_WRITE,
				    n, mfns, NULL);
}

void hvctl_unmap(struct hvctl *h, void *p, size_t n)
{
	if (p)
		xenforeignmemory_unmap(h->foreign, p, n);
}

void *hvctl_map_grants(struct hvctl *h, uint32_t domid, void **token)
{
	void *p = NULL;

	if (!foreign(h))
		return NULL;
	*token = xenforeignmemory_map_resource(
		h->foreign, domid, XENMEM_resource_grant_table,
		XENMEM_resource_grant_table_id_shared, 0, 1, &p,
		PROT_READ | PROT_WRITE, 0);
	return *token ? p : NULL;
}

void hvctl_unmap_grants(struct hvctl *h, void *token)
{
	if (token)
		xenforeignmemory_unmap_resource(h->foreign, token);
}
