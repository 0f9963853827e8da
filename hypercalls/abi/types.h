/* SPDX-License-Identifier: MIT */
/*
 * Types that all ABI structures are made of.
 *
 * A guest handle is a guest's virtual address in the caller's address space.
 * Its type is that of a pointer, so that guests can use it as one; the core
 * never follows it, but turns it into a gva_t and hands it to guest_access.
 */
#ifndef ABI_TYPES_H
#define ABI_TYPES_H

#include <stddef.h>
#include <stdint.h>

#define XEN_GUEST_HANDLE(t)	__typeof__(t) *
#define XEN_GUEST_HANDLE_64(t)	__typeof__(t) *

typedef unsigned long xen_pfn_t;
typedef unsigned long xen_ulong_t;
typedef unsigned long xen_callback_t;
typedef uint16_t domid_t;

/* A domain's UUID, bytes in the order in which they are printed. */
typedef uint8_t xen_domain_handle_t[16];

#endif /* ABI_TYPES_H */
