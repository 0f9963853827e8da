/*
 * The only way to a guest's addresses.  Every call checks the whole range
 * against the reserved part of the address space and against wrap-around, and
 * survives pages that aren't there.  Read once into private storage, check
 * that, use that.  Valid for the vCPU that runs now.
 */
#ifndef HVX_GUEST_ACCESS_H
#define HVX_GUEST_ACCESS_H

#include <abi/xen.h>
#include <hvx/machine.h>
#include <hvx/types.h>

#define GUEST_LOWER_END 0x0000800000000000UL

/* May [p, p+n) be touched on a guest's behalf?  n of 0 is always fine. */
static inline bool guest_range_ok(gva_t p, unsigned long n)
{
	if (p < GUEST_LOWER_END)
		return n <= GUEST_LOWER_END - p;
	/* Up to the last byte of all: -p is the room above p, not 0 here. */
	return n == 0 || (p >= HYPERVISOR_VIRT_END && n <= -p);
}

/* The same for an array: false too if nr * size overflows. */
static inline bool guest_array_ok(gva_t p, unsigned long nr,
				  unsigned long size)
{
	unsigned long n;

	return !__builtin_mul_overflow(nr, size, &n) && guest_range_ok(p, n);
}

/* 0 or -EFAULT.  Whole copies: a partial one is a failure. */
static inline int __must_check copy_from_guest(void *to, gva_t from,
					       unsigned long n)
{
	if (unlikely(!guest_range_ok(from, n)) ||
	    unlikely(machine_copy_from_guest(to, from, n)))
		return -EFAULT;
	return 0;
}

static inline int __must_check copy_to_guest(gva_t to, const void *from,
					     unsigned long n)
{
	if (unlikely(!guest_range_ok(to, n)) ||
	    unlikely(machine_copy_to_guest(to, from, n)))
		return -EFAULT;
	return 0;
}

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
