/*
 * The general registers of a guest (or of the core, when a trap hit it), in
 * the order in which cpu/entry.S leaves them.
 */
#ifndef HVX_REGS_H
#define HVX_REGS_H

#include <stdint.h>

struct cpu_regs {
	/* The CPU aligns its frame to 16 bytes: this makes the size fit. */
	uint64_t unused;
	uint64_t r15, r14, r13, r12, rbp, rbx;
	uint64_t r11, r10, r9, r8;
	uint64_t rax, rcx, rdx, rsi, rdi;
	uint32_t error_code, entry_vector;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* entry_vector of a SYSCALL; other values are IDT vectors. */
#define ENTRY_SYSCALL 0x100

#endif
