/* Shared by the interpreter's files only. */
#ifndef INTERP_PRIVATE_H
#define INTERP_PRIVATE_H

#include <hvx/interp.h>
#include <hvx/types.h>

#define INSN_MAX 15

/* Registers by their number in an encoding. */
enum { R_RAX, R_RCX, R_RDX, R_RBX, R_RSP, R_RBP, R_RSI, R_RDI, R_NONE = 0xff };

enum insn_seg { SEG_DEFAULT, SEG_FS, SEG_GS };

/* One instruction of 64-bit mode. */
struct insn {
	uint8_t length;
	uint8_t map;		/* 0: one byte, 1: after 0x0f */
	uint8_t opcode;
	bool opsize, addr32, lock, rep, repne;
	bool wide;		/* REX.W */
	bool any_rex;
	uint8_t seg;		/* enum insn_seg */
	bool has_modrm, is_mem;
	uint8_t modrm;
	uint8_t reg, rm;	/* with REX.R, REX.B; rm if !is_mem */
	uint8_t base, index;	/* R_NONE: none; of a memory operand */
	uint8_t scale;
	bool rip_relative;
	int64_t disp;		/* or the address, of MOV's moffs forms */
	int64_t imm;		/* sign-extended */
};

/* The bytes end before the instruction does; not an instruction we know. */
#define INSN_SHORT (-1)
#define INSN_BAD   (-2)

/* Decode what stands at b; n bytes may be looked at.  0, or one of those. */
int insn_decode(const uint8_t *b, unsigned int n, struct insn *in);
/* Bytes of the operand where the opcode's low bit chooses 1 or more. */
unsigned int insn_width(const struct insn *in);
/* Offset of the memory operand in its segment. */
uint64_t insn_address(const struct insn *in, const struct cpu_regs *r);
uint64_t *insn_gpr(struct cpu_regs *r, unsigned int n);

/* Fetch and decode at regs->rip. */
int insn_fetch(const struct cpu_regs *regs, struct insn *in);

/* Control registers as the guest sees them.  0, -ERESTART (again), -errno. */
int cr_read(const struct vcpu *v, unsigned int cr, uint64_t *val);
int cr_write(struct vcpu *v, unsigned int cr, uint64_t val);
int xcr_write(struct vcpu *v, unsigned int xcr, uint64_t val);

/* 0, or -EPERM: the guest gets #GP. */
int msr_read(struct vcpu *v, uint32_t msr, uint64_t *val);
int msr_write(struct vcpu *v, uint32_t msr, uint64_t val);

/* Has the code that runs the right to try: IOPL, or the task's bitmap? */
bool ioport_may_try(struct vcpu *v, unsigned int port, unsigned int width);
bool ioport_iopl_ok(const struct vcpu *v);
uint32_t ioport_read(struct domain *d, unsigned int port, unsigned int width);
void ioport_write(struct domain *d, unsigned int port, unsigned int width,
		  uint32_t val);

#endif
