/* Model-specific registers: the two instructions, and the numbers we use. */
#ifndef ASM_MSR_H
#define ASM_MSR_H

#include <asm/fixup.h>
#include <hvx/types.h>

#define MSR_TSC			0x00000010
#define MSR_APIC_BASE		0x0000001b
#define MSR_PAT			0x00000277
#define MSR_TSC_DEADLINE	0x000006e0
#define MSR_X2APIC		0x00000800	/* + register offset / 16 */
#define MSR_EFER		0xc0000080
#define MSR_STAR		0xc0000081
#define MSR_LSTAR		0xc0000082
#define MSR_CSTAR		0xc0000083
#define MSR_SFMASK		0xc0000084
#define MSR_FS_BASE		0xc0000100
#define MSR_GS_BASE		0xc0000101
#define MSR_KERNEL_GS_BASE	0xc0000102
#define MSR_TSC_AUX		0xc0000103

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr) : "memory");
	return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32))
			 : "memory");
}

/* The same where the register may not be there: false, and val 0. */
static inline bool rdmsr_safe(uint32_t msr, uint64_t *val)
{
	uint32_t lo = 0, hi = 0, ok = 1;

	__asm__ volatile(OR_IF_IT_FAULTS("rdmsr", "xor %%eax, %%eax\n"
					 "xor %%edx, %%edx\n"
					 "xor %0, %0")
			 : "+r"(ok), "=a"(lo), "=d"(hi)
			 : "c"(msr)
			 : "memory");
	*val = (uint64_t)hi << 32 | lo;
	return ok;
}

static inline bool wrmsr_safe(uint32_t msr, uint64_t v)
{
	uint32_t ok = 1;

	__asm__ volatile(OR_IF_IT_FAULTS("wrmsr", "xor %0, %0")
			 : "+r"(ok)
			 : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32))
			 : "memory");
	return ok;
}

#endif
