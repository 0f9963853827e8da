/* The string instructions: one each. */
#ifndef ASM_STRING_H
#define ASM_STRING_H

#include <hvx/types.h>

static inline void rep_movsb(void *to, const void *from, size_t n)
{
	__asm__ volatile("rep movsb"
			 : "+D"(to), "+S"(from), "+c"(n)
			 :
			 : "memory");
}

static inline void rep_movsq(void *to, const void *from, size_t n)
{
	__asm__ volatile("rep movsq"
			 : "+D"(to), "+S"(from), "+c"(n)
			 :
			 : "memory");
}

static inline void rep_stosb(void *to, int c, size_t n)
{
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(c) : "memory");
}

static inline void rep_stosq(void *to, uint64_t word, size_t n)
{
	__asm__ volatile("rep stosq"
			 : "+D"(to), "+c"(n)
			 : "a"(word)
			 : "memory");
}

#endif
