/* A vCPU's FPU and debug registers in the processor (cpu/fpu.c). */
#ifndef HVX_FPU_H
#define HVX_FPU_H

#include <stdbool.h>

struct vcpu;

/* Boot, then each CPU: what XSAVE can do, XCR0. */
void fpu_init(void);
void fpu_init_cpu(void);
/* Area for v, with the reset state. 0 or -ENOMEM. */
int fpu_init_vcpu(struct vcpu *v);
void fpu_free_vcpu(struct vcpu *v);
/* Eager: nothing of one vCPU is ever left for the next. */
void fpu_save(struct vcpu *v);
void fpu_restore(struct vcpu *v);
/* CR0.TS as the guest wants it, now. */
void fpu_set_ts(struct vcpu *v, bool ts);

/* Debug registers: off when v leaves, on (if it uses them) when it enters. */
void debug_regs_load(struct vcpu *v);
void debug_regs_unload(struct vcpu *v);

#endif
