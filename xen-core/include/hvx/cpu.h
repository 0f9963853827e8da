/* Bringing processors up (cpu/desc.c, cpu/smp.c). */
#ifndef HVX_CPU_H
#define HVX_CPU_H

#include <hvx/types.h>

struct pcpu;

#define CR0_PE 0x00000001UL
#define CR0_MP 0x00000002UL
#define CR0_ET 0x00000010UL
#define CR0_NE 0x00000020UL
#define CR0_WP 0x00010000UL
#define CR0_PG 0x80000000UL

#define CR4_TSD	       0x00000004UL
#define CR4_DE	       0x00000008UL
#define CR4_PAE	       0x00000020UL
#define CR4_MCE	       0x00000040UL
#define CR4_PGE	       0x00000080UL
#define CR4_OSFXSR     0x00000200UL
#define CR4_OSXMMEXCPT 0x00000400UL
#define CR4_UMIP       0x00000800UL
#define CR4_OSXSAVE    0x00040000UL
#define CR4_SMEP       0x00100000UL

#define EFER_SCE 0x001UL
#define EFER_LME 0x100UL
#define EFER_LMA 0x400UL
#define EFER_NXE 0x800UL

/* The CR4 that all CPUs run with, before what a guest wants is added. */
extern uint64_t core_cr4;

/* GDT, TSS, IDT of this CPU, and the selectors that go with them. */
void cpu_init_desc(struct pcpu *pc);
/* Control registers and the MSRs of SYSCALL and PAT, of this CPU. */
void cpu_init_regs(struct pcpu *pc);
/* Fill the fields of a CPU's struct: id, stack, tables. */
void pcpu_init(struct pcpu *pc, unsigned int cpu, uint32_t apic_id);

/* The boot CPU's own; then start the others, one after the other. */
void smp_init_boot_cpu(void);
void smp_boot_cpus(void);

#endif
