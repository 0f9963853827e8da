/*
 * The interpreter: privileged instructions on virtual resources.
 */
#ifndef HVX_INTERP_H
#define HVX_INTERP_H

#include <hvx/pci.h>
#include <hvx/regs.h>
#include <hvx/types.h>

struct domain;
struct vcpu;

/*
 * Guest kernel hit #GP at regs->rip: fetch, decode and run the instruction.
 * True: done, registers changed, rip advanced (or a fault was injected).
 * False: not ours; the caller hands the #GP to the guest.
 */
bool interp_privileged(struct vcpu *v, struct cpu_regs *regs);
/* #UD: is it the forced emulation prefix (ud2a; "xen") with CPUID? */
bool interp_forced(struct vcpu *v, struct cpu_regs *regs);
/*
 * A guest kernel's write fault at va that may be a direct PTE store
 * (pv/ptwr.c decides): decodes the store and gives the value written.
 * True if it is a whole, aligned 8-byte MOV, XCHG or CMPXCHG form, or one that
 * changes bits of the entry by one read-modify-write (interp_rmw).
 */
enum pte_store_kind {
	PTE_STORE_MOV,
	PTE_STORE_XCHG,
	PTE_STORE_CMPXCHG,
	PTE_STORE_RMW,
};
enum pte_rmw {
	PTE_RMW_AND,
	PTE_RMW_OR,
	PTE_RMW_XOR,
	PTE_RMW_BTS,
	PTE_RMW_BTR,
	PTE_RMW_BTC,
};
struct pte_store {
	enum pte_store_kind kind;
	uint64_t value;		/* to be stored, or RMW's operand */
	unsigned int length;	/* of the instruction */
	unsigned int reg;	/* XCHG, and CMPXCHG's source: 0..15 */
	uint8_t op, width;	/* RMW: enum pte_rmw, bytes from the entry's
				 * lowest on */
};
bool interp_decode_pte_store(struct vcpu *v, struct cpu_regs *regs, gva_t va,
			     struct pte_store *st);
/* rflags after a CMPXCHG that compared equal or not (all arithmetic flags). */
uint64_t interp_cmp_flags(uint64_t rflags, uint64_t a, uint64_t b);
/* The entry after an RMW found `old` there; *rflags as after it. */
uint64_t interp_rmw(const struct pte_store *st, uint64_t old, uint64_t *rflags);

/* CPUID as this vCPU may see it. */
void cpuid_policy(struct vcpu *v, uint32_t leaf, uint32_t subleaf,
		  uint32_t out[4]);
void cpuid_init(void);
/* The XCR0 bits that guests may set. */
extern uint64_t guest_xcr0_mask;

/* Is there such a one?  4 and 5 are others' names, unless CR4.DE. */
bool vcpu_has_debugreg(const struct vcpu *v, unsigned int reg);
/* Debug registers: hypercall and MOV DR share it.  0 or -errno. */
int vcpu_set_debugreg(struct vcpu *v, unsigned int reg, uint64_t value);
uint64_t vcpu_get_debugreg(struct vcpu *v, unsigned int reg);
/* CR4 as the hardware needs it for v, from what the guest chose. */
uint64_t vcpu_hw_cr4(const struct vcpu *v);
/* What a guest's CR4 becomes when it asks for that. */
uint64_t pv_guest_cr4(uint64_t wanted);

#define CR0_GUEST_FIXED 0x80050033UL	/* PG AM WP NE ET MP PE */

/* Boot, once (cpuid_init calls it); each CPU (fpu_init_cpu does). */
void msr_init(void);
void msr_init_cpu(void);
extern bool cpu_has_tsc_aux;
/* Each vCPU's own MSR values, loaded when it enters a CPU. */
void msr_load_vcpu(const struct vcpu *v);

/* I/O port rights of a domain: dom0 has all but the core's own. */
bool domain_ioport_allowed(const struct domain *d, unsigned int port,
			   unsigned int width);
void domain_ioport_deny(unsigned int first, unsigned int last);
/* Frames that aren't RAM: may d map them? */
bool domain_iomem_allowed(const struct domain *d, mfn_t mfn);
/* The processor's physical address width, 36 to 52. */
void domain_iomem_limit(unsigned int address_bits);
void domain_iomem_deny(mfn_t first, unsigned long nr);

#endif
