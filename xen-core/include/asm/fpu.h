/* FPU state and debug registers: one instruction to a function. */
#ifndef ASM_FPU_H
#define ASM_FPU_H

#include <asm/fixup.h>
#include <hvx/types.h>

static inline void xsetbv(uint32_t reg, uint64_t v)
{
	__asm__ volatile("xsetbv" ::"c"(reg), "a"((uint32_t)v),
			 "d"((uint32_t)(v >> 32)));
}

static inline void xsave64(void *area, uint64_t mask)
{
	__asm__ volatile("xsave64 (%0)" ::"r"(area), "a"((uint32_t)mask),
			 "d"((uint32_t)(mask >> 32))
			 : "memory");
}

static inline void xsaveopt64(void *area, uint64_t mask)
{
	__asm__ volatile("xsaveopt64 (%0)" ::"r"(area), "a"((uint32_t)mask),
			 "d"((uint32_t)(mask >> 32))
			 : "memory");
}

static inline void fxsave64(void *area)
{
	__asm__ volatile("fxsave64 (%0)" ::"r"(area) : "memory");
}

/* False if the area holds what the processor refuses. */
static inline bool xrstor64(const void *area, uint64_t mask)
{
	uint32_t ok = 1;

	__asm__ volatile(OR_IF_IT_FAULTS("xrstor64 (%1)", "xor %0, %0")
			 : "+r"(ok)
			 : "r"(area), "a"((uint32_t)mask),
			   "d"((uint32_t)(mask >> 32))
			 : "memory");
	return ok;
}

static inline bool fxrstor64(const void *area)
{
	uint32_t ok = 1;

	__asm__ volatile(OR_IF_IT_FAULTS("fxrstor64 (%1)", "xor %0, %0")
			 : "+r"(ok)
			 : "r"(area)
			 : "memory");
	return ok;
}

/* Put constants in the x87's last-instruction pointers. */
static inline void x87_clear_pointers(const uint32_t *zero)
{
	__asm__ volatile("fnclex; ffree %%st(7); fildl %0" ::"m"(*zero));
}

#define DR_ACCESS(n)                                                           \
	static inline uint64_t read_dr##n(void)                                \
	{                                                                      \
		uint64_t v;                                                    \
                                                                               \
		__asm__ volatile("mov %%dr" #n ", %0" : "=r"(v));              \
		return v;                                                      \
	}                                                                      \
	static inline void write_dr##n(uint64_t v)                             \
	{                                                                      \
		__asm__ volatile("mov %0, %%dr" #n ::"r"(v));                  \
	}

DR_ACCESS(0)
DR_ACCESS(1)
DR_ACCESS(2)
DR_ACCESS(3)
DR_ACCESS(7)

#endif
