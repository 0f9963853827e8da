/* A vCPU's FPU and debug registers in the processor (cpu/fpu.c). */
#ifndef HVX_FPU_H
#define HVX_FPU_H

#include <stdbool.h>

#include <hvx/types.h>

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
/* A legacy (FXSAVE) image of 512 bytes as v's state, and back. */
void fpu_set_legacy(struct vcpu *v, const void *fxsave);
void fpu_get_legacy(struct vcpu *v, void *fxsave);
/* v, running now, has chosen a legal XCR0. */
void fpu_set_xcr0(struct vcpu *v, uint64_t xcr0);
/* v, running now, has changed its CR4. */
void fpu_load_cr4(struct vcpu *v);
/* CR0.TS as the guest wants it, now. */
void fpu_set_ts(struct vcpu *v, bool ts);

/* Debug registers: off when v leaves, on (if it uses them) when it enters. */
void debug_regs_load(struct vcpu *v);
void debug_regs_unload(struct vcpu *v);
/* A checked value; into the processor too, if v runs here now. */
void debug_regs_set(struct vcpu *v, unsigned int reg, uint64_t value);

#endif
