/*
 * Single instructions that a test runs and that may fault: after
 * fault_clear(), fault_last() tells. A read that faulted gives 0.
 */
#ifndef PV_INSN_H
#define PV_INSN_H

#include <stdint.h>
#include <pv/trap.h>

#define MSR_FS_BASE		0xc0000100
#define MSR_GS_BASE		0xc0000101
#define MSR_KERNEL_GS_BASE	0xc0000102
#define MSR_EFER		0xc0000080

#define CR0_PE			(1ul << 0)
#define CR0_TS			(1ul << 3)
#define CR0_WP			(1ul << 16)
#define CR0_PG			(1ul << 31)
#define CR4_PAE			(1ul << 5)
#define CR4_OSXSAVE		(1ul << 18)

static inline uint64_t try_read(unsigned long va)
{
	uint64_t value = 0;

	asm volatile(FIX("movq (%1), %0") : "+r" (value) : "r" (va)
		     : "memory");
	return value;
}

static inline void try_write(unsigned long va, uint64_t value)
{
	asm volatile(FIX("movq %0, (%1)") : : "r" (value), "r" (va)
		     : "memory");
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo = 0, hi = 0;

	asm volatile(FIX("rdmsr") : "+a" (lo), "+d" (hi) : "c" (msr));
	return ((uint64_t)hi << 32) | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	asm volatile(FIX("wrmsr") : : "c" (msr), "a" ((uint32_t)value),
		     "d" ((uint32_t)(value >> 32)) : "memory");
}

#define READ_CR(n)						\
static inline unsigned long read_cr##n(void)			\
{								\
	unsigned long value = 0;				\
								\
	asm volatile(FIX("movq %%cr" #n ", %0") : "+r" (value)); \
	return value;						\
}								\
								\
static inline void write_cr##n(unsigned long value)		\
{								\
	asm volatile(FIX("movq %0, %%cr" #n) : : "r" (value)	\
		     : "memory");				\
}

READ_CR(0)
READ_CR(2)
READ_CR(3)
READ_CR(4)

static inline void cpuid(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
	asm volatile("cpuid" : "=a" (out[0]), "=b" (out[1]), "=c" (out[2]),
		     "=d" (out[3]) : "a" (leaf), "c" (sub));
}

/* The prefix that makes the hypervisor answer: ud2a; .ascii "xen" */
static inline void cpuid_forced(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
	asm volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e\n\tcpuid"
		     : "=a" (out[0]), "=b" (out[1]), "=c" (out[2]),
		       "=d" (out[3]) : "a" (leaf), "c" (sub));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t value = 0;

	asm volatile(FIX("inb %1, %0") : "+a" (value) : "d" (port));
	return value;
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t value = 0;

	asm volatile(FIX("inl %1, %0") : "+a" (value) : "d" (port));
	return value;
}

static inline void outb(uint16_t port, uint8_t value)
{
	asm volatile(FIX("outb %0, %1") : : "a" (value), "d" (port));
}

static inline void outl(uint16_t port, uint32_t value)
{
	asm volatile(FIX("outl %0, %1") : : "a" (value), "d" (port));
}

static inline unsigned long read_flags(void)
{
	unsigned long flags;

	asm volatile("pushfq; popq %0" : "=r" (flags) : : "memory");
	return flags;
}

static inline void write_flags(unsigned long flags)
{
	asm volatile("pushq %0; popfq" : : "r" (flags) : "memory", "cc");
}

#endif
