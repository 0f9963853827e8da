/*
 * What memory_op.c and frame.c need beside machine.c and fakes.c: a map of the
 * machine, grant tables of four frames.
 */
#include "machine.h"

#include <hvx/boot.h>
#include <hvx/gnttab.h>

struct e820_map e820 = { 2, { { 0, 0x9f000, 1 }, { 0x100000, 0x700000, 1 } } };

void domain_slot_hold(unsigned int slot)
{
	(void)slot;
}

void domain_slot_release(unsigned int slot)
{
	(void)slot;
}

mfn_t m2p_extent(unsigned int i)
{
	return _mfn(HOST_FIRST_MFN + i);
}

unsigned int gnttab_max_frames(struct domain *d)
{
	(void)d;
	return 4;
}

int gnttab_get_frame(struct domain *d, unsigned int idx, mfn_t *mfn)
{
	if (idx >= 4)
		return -EINVAL;
	*mfn = d->shared_mfn;
	return 0;
}
