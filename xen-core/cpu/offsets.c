/*
 * Offsets and sizes for assembly: compiled to assembly, never linked; the
 * build turns each marker line into a #define of <asm/offsets.h>.
 */
#include <hvx/domain.h>
#include <hvx/pcpu.h>
#include <hvx/regs.h>

#define EMIT(name, value)                                                      \
	__asm__ volatile("\n.ascii \"->" #name " %0\"\n" ::"i"(value))
#define REG(r) EMIT(REGS_##r, offsetof(struct cpu_regs, r))

void offsets(void);

void offsets(void)
{
	REG(r15);
	REG(r14);
	REG(r13);
	REG(r12);
	REG(rbp);
	REG(rbx);
	REG(r11);
	REG(r10);
	REG(r9);
	REG(r8);
	REG(rax);
	REG(rcx);
	REG(rdx);
	REG(rsi);
	REG(rdi);
	REG(error_code);
	REG(entry_vector);
	REG(rip);
	REG(cs);
	REG(rflags);
	REG(rsp);
	REG(ss);
	EMIT(VCPU_pcpu, offsetof(struct vcpu, pcpu));
	EMIT(VCPU_info, offsetof(struct vcpu, info));
	EMIT(VCPU_kernel_mode, offsetof(struct vcpu, pv.kernel_mode));
	EMIT(PCPU_guest_rsp, offsetof(struct pcpu, guest_rsp));
	EMIT(PCPU_regs_end, offsetof(struct pcpu, regs_end));
	EMIT(PCPU_stack_top, offsetof(struct pcpu, stack_top));
	EMIT(PCPU_current, offsetof(struct pcpu, current));
	EMIT(PCPU_softirq_pending, offsetof(struct pcpu, softirq_pending));
}
