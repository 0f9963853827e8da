/*
 * Single bits of words that guests and other CPUs change at the same time:
 * one locked instruction each, so that no guest can make the core retry.
 * All are full barriers.
 */
#ifndef ASM_BITOPS_H
#define ASM_BITOPS_H

#include <hvx/types.h>

/* The bit's value before. */
static inline bool bit64_test_and_set(uint64_t *word, unsigned int bit)
{
	bool old;

	__asm__ volatile("lock btsq %2, %0"
			 : "+m"(*word), "=@ccc"(old)
			 : "Jr"((uint64_t)bit)
			 : "memory");
	return old;
}

static inline bool bit64_test_and_clear(uint64_t *word, unsigned int bit)
{
	bool old;

	__asm__ volatile("lock btrq %2, %0"
			 : "+m"(*word), "=@ccc"(old)
			 : "Jr"((uint64_t)bit)
			 : "memory");
	return old;
}

static inline bool bit32_test_and_set(uint32_t *word, unsigned int bit)
{
	bool old;

	__asm__ volatile("lock btsl %2, %0"
			 : "+m"(*word), "=@ccc"(old)
			 : "Ir"(bit)
			 : "memory");
	return old;
}

static inline bool bit32_test_and_clear(uint32_t *word, unsigned int bit)
{
	bool old;

	__asm__ volatile("lock btrl %2, %0"
			 : "+m"(*word), "=@ccc"(old)
			 : "Ir"(bit)
			 : "memory");
	return old;
}

/*
 * i if it is below n, else 0, without a branch to be predicted: a guest-given
 * index after its comparison, before it picks an element.
 */
static inline unsigned long index_clamp(unsigned long i, unsigned long n)
{
	unsigned long mask;

	__asm__("cmp %2, %1; sbb %0, %0" : "=r"(mask) : "r"(i), "rm"(n) : "cc");
	return i & mask;
}

#endif
