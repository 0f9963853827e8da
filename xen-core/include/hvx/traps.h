/*
 * Entry and exit: what cpu/entry.S calls and is called for.
 */
#ifndef HVX_TRAPS_H
#define HVX_TRAPS_H

#include <hvx/regs.h>
#include <hvx/softirq.h>
#include <hvx/types.h>

struct vcpu;

/* Exception vectors. */
#define TRAP_DE	 0
#define TRAP_DB	 1
#define TRAP_NMI 2
#define TRAP_BP	 3
#define TRAP_OF	 4
#define TRAP_BR	 5
#define TRAP_UD	 6
#define TRAP_NM	 7
#define TRAP_DF	 8
#define TRAP_TS	 10
#define TRAP_NP	 11
#define TRAP_SS	 12
#define TRAP_GP	 13
#define TRAP_PF	 14
#define TRAP_MF	 16
#define TRAP_AC	 17
#define TRAP_MC	 18
#define TRAP_XM	 19

/* Bits of a page fault's error code. */
#define PF_PRESENT 0x01
#define PF_WRITE   0x02
#define PF_USER	   0x04
#define PF_RSVD	   0x08
#define PF_INSN	   0x10

#define FLAG_CF	  0x00000001
#define FLAG_TF	  0x00000100
#define FLAG_IF	  0x00000200
#define FLAG_DF	  0x00000400
#define FLAG_IOPL 0x00003000
#define FLAG_NT	  0x00004000
#define FLAG_RF	  0x00010000
#define FLAG_VM	  0x00020000
#define FLAG_AC	  0x00040000
/* CF PF AF ZF SF TF DF OF RF AC ID: what a guest's rflags may hold. */
#define FLAGS_GUEST 0x00250dd5

/* In entry.S. */
extern const uint64_t trap_stubs[256];
void entry_syscall(void);
void entry_syscall32(void);
void __noreturn enter_guest(struct vcpu *v, unsigned long stack_top);
void __noreturn enter_idle(struct vcpu *v, unsigned long stack_top);
extern const char exit_iretq[];

/* Called by entry.S. */
void trap_from_guest(struct vcpu *v);
void trap_from_core(struct cpu_regs *regs);
void trap_on_ist(struct cpu_regs *regs);
void exit_run_softirqs(struct vcpu *v);
void __noreturn idle_loop(void);
void pv_user_syscall(struct vcpu *v);
void pv_user_syscall32(struct vcpu *v);
long hypercall_bad_number(struct vcpu *v, unsigned long nr);

/* Every vector from 32 up: cpu/irq.c. */
void irq_dispatch(unsigned int vector, struct cpu_regs *regs);

/* Messages about a trap of the core's own: lib/panic.c. */
void __noreturn panic_trap(const struct cpu_regs *regs, const char *what);
void regs_print(const struct cpu_regs *regs);


#endif
