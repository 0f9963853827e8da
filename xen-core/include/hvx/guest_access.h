/*
 * The only way to a guest's addresses.  Every call checks the whole range
 * against the reserved part of the address space and against wrap-around, and
 * survives pages that aren't there.  Read once into private storage, check
 * that, use that.  Valid for the vCPU that runs now.
 */
#ifndef HVX_GUEST_ACCESS_H
#define HVX_GUEST_ACCESS_H

#include <hvx/types.h>

/* May [p, p+n) be touched on a guest's behalf?  n of 0 is always fine. */
bool guest_range_ok(gva_t p, unsigned long n);
/* The same for an array: false too if nr * size overflows. */
bool guest_array_ok(gva_t p, unsigned long nr, unsigned long size);

/* 0 or -EFAULT.  Whole copies: a partial one is a failure. */
int __must_check copy_from_guest(void *to, gva_t from, unsigned long n);
int __must_check copy_to_guest(gva_t to, const void *from, unsigned long n);

/* Element i of an array at p. */
#define copy_from_guest_index(to, p, i)                                        \
	copy_from_guest(to, (p) + (unsigned long)(i) * sizeof(*(to)),          \
			sizeof(*(to)))
#define copy_to_guest_index(p, i, from)                                        \
	copy_to_guest((p) + (unsigned long)(i) * sizeof(*(from)), from,        \
		      sizeof(*(from)))
/* A XEN_GUEST_HANDLE member as an unchecked address. */
#define handle_gva(h) ((gva_t)(h))

#endif
