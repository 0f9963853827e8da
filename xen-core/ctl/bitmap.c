/* Sets of processors as the control calls pass them: bytes, any length. */
#include "private.h"

#include <hvx/guest_access.h>

int bitmap_put(const struct xenctl_bitmap *to, cpumask_t mask)
{
	unsigned int bytes = (unsigned int)DIV_ROUND_UP((uint64_t)to->nr_bits,
							8);
	uint8_t b;

	/* What we can't know is not set; a tool that asks for more than there
	 * can ever be gets no more of an answer. */
	bytes = MIN(bytes, 1024U);
	for (unsigned int i = 0; i < bytes; i++) {
		b = i < sizeof(mask) ? (uint8_t)(mask >> i * 8) : 0;
		if (i == bytes - 1 && to->nr_bits % 8)
			b &= (uint8_t)((1U << to->nr_bits % 8) - 1);
		if (copy_to_guest_index(handle_gva(to->bitmap), i, &b))
			return -EFAULT;
	}
	return 0;
}

int bitmap_get(const struct xenctl_bitmap *from, cpumask_t *mask)
{
	unsigned int bits = MIN(from->nr_bits, (uint32_t)NR_CPUS);

	*mask = 0;
	if (copy_from_guest(mask, handle_gva(from->bitmap),
			    DIV_ROUND_UP(bits, 8U)))
		return -EFAULT;
	if (bits < NR_CPUS)
		*mask &= BIT(bits) - 1;
	return 0;
}
