/* This CPU's data, from the stack pointer: the stack lies in its area. */
#ifndef ASM_CURRENT_H
#define ASM_CURRENT_H

#include <hvx/layout.h>

struct pcpu;

static inline struct pcpu *this_pcpu(void)
{
	unsigned long sp;

	__asm__("mov %%rsp, %0" : "=r"(sp));
	return (struct pcpu *)(sp & ~(CPU_AREA_SIZE - 1UL));
}

#endif
