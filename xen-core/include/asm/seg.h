/* Segments, descriptor tables, debug status: one instruction to a function. */
#ifndef ASM_SEG_H
#define ASM_SEG_H

#include <asm/fixup.h>
#include <hvx/types.h>

static inline void clts(void)
{
	__asm__ volatile("clts");
}

static inline void swapgs(void)
{
	__asm__ volatile("swapgs" ::: "memory");
}

static inline uint64_t read_dr6(void)
{
	uint64_t v;

	__asm__ volatile("mov %%dr6, %0" : "=r"(v));
	return v;
}

static inline void write_dr6(uint64_t v)
{
	__asm__ volatile("mov %0, %%dr6" ::"r"(v));
}

static inline void sti_hlt_cli(void)
{
	__asm__ volatile("sti; hlt; cli" ::: "memory");
}

#define READ_SEG(reg)                                                          \
	static inline uint16_t read_##reg(void)                                \
	{                                                                      \
		uint16_t sel;                                                  \
                                                                               \
		__asm__ volatile("mov %%" #reg ", %0" : "=rm"(sel));           \
		return sel;                                                    \
	}

READ_SEG(ds)
READ_SEG(es)
READ_SEG(fs)
READ_SEG(gs)

/* False if the selector doesn't load (the register is then null). */
#define LOAD_SEG(reg)                                                          \
	static inline bool load_##reg(uint16_t sel)                            \
	{                                                                      \
		uint32_t ok = 1, s = sel;                                      \
                                                                               \
		__asm__ volatile(OR_IF_IT_FAULTS("mov %1, %%" #reg,            \
						 "xor %0, %0\n"               \
						 "mov %0, %%" #reg)            \
				 : "+r"(ok)                                    \
				 : "r"(s));                                    \
		return ok;                                                     \
	}

LOAD_SEG(ds)
LOAD_SEG(es)
LOAD_SEG(fs)
LOAD_SEG(gs)

struct desc_ptr {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static inline void lgdt(const struct desc_ptr *p)
{
	__asm__ volatile("lgdt %0" ::"m"(*p) : "memory");
}

static inline void lidt(const struct desc_ptr *p)
{
	__asm__ volatile("lidt %0" ::"m"(*p) : "memory");
}

static inline void lldt(uint16_t sel)
{
	__asm__ volatile("lldt %0" ::"r"(sel) : "memory");
}

static inline void ltr(uint16_t sel)
{
	__asm__ volatile("ltr %0" ::"r"(sel) : "memory");
}

/* A far return loads CS. */
static inline void load_cs_ss(uint16_t cs, uint16_t ss)
{
	uint64_t tmp;

	__asm__ volatile("pushq %q1; leaq 1f(%%rip), %0; pushq %0; lretq\n"
			 "1: movl %k2, %%ss"
			 : "=&r"(tmp)
			 : "r"((uint64_t)cs), "r"((uint32_t)ss)
			 : "memory");
}

#endif
