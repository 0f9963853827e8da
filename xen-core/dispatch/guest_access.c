/*
 * The only way to a guest's addresses; see hvx/guest_access.h.
 *
 * A guest's address is good if it is canonical and not in the core's slots.
 * Whether a page is there, and writable, only the processor knows: the copy
 * routines survive its fault.  What the core maps is never within reach, so a
 * guest can't make the core read or write its own memory.
 */
#include <hvx/guest_access.h>
#include <abi/xen.h>
#include <hvx/machine.h>

#define LOWER_HALF_END 0x0000800000000000UL

bool guest_range_ok(gva_t p, unsigned long n)
{
	if (n == 0)
		return true;
	if (p < LOWER_HALF_END)
		return n <= LOWER_HALF_END - p;
	/* Up to the last byte of all: -p is the room above p, not 0 here. */
	return p >= HYPERVISOR_VIRT_END && n <= -p;
}

bool guest_array_ok(gva_t p, unsigned long nr, unsigned long size)
{
	unsigned long n;

	return !__builtin_mul_overflow(nr, size, &n) && guest_range_ok(p, n);
}

int copy_from_guest(void *to, gva_t from, unsigned long n)
{
	if (unlikely(!guest_range_ok(from, n)) ||
	    unlikely(machine_copy_from_guest(to, from, n)))
		return -EFAULT;
	return 0;
}

int copy_to_guest(gva_t to, const void *from, unsigned long n)
{
	if (unlikely(!guest_range_ok(to, n)) ||
	    unlikely(machine_copy_to_guest(to, from, n)))
		return -EFAULT;
	return 0;
}
