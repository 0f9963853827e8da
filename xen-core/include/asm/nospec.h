/*
 * An index that a guest chose, made harmless even where the processor guesses
 * past the comparison that refuses it.
 */
#ifndef ASM_NOSPEC_H
#define ASM_NOSPEC_H

/* i if it is below n, else 0; no branch that could be predicted. */
static inline unsigned long index_clamp(unsigned long i, unsigned long n)
{
	unsigned long mask;

	__asm__("cmp %2, %1\n\tsbb %0, %0"
		: "=r"(mask)
		: "r"(i), "r"(n)
		: "cc");
	return i & mask;
}

#endif
