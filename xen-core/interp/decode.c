/*
 * Bytes to an instruction: those of 64-bit mode that the interpreter runs,
 * and the stores by which kernels change page tables.  A pure function over a
 * buffer: it reads at most the n bytes it was given, never more than 15, and
 * what it doesn't know it refuses.  insn_fetch() at the end is the one place
 * where the bytes come from: the guest's memory, once.
 */
#include "private.h"

#include <hvx/guest_access.h>
#include <hvx/regs.h>

/* What follows the opcode. */
#define OP_OK	 0x01
#define OP_MODRM 0x02
#define OP_IMM8	 0x04
#define OP_IMMZ	 0x08	/* 2 or 4 bytes by operand size */
#define OP_MOFFS 0x10	/* an address, by address size */
#define OP_REG	 0x20	/* ModRM always names registers */

static unsigned int attributes_1(uint8_t op)
{
	switch (op) {
	case 0x08: case 0x09:		/* OR, AND, XOR r/m, r */
	case 0x20: case 0x21:
	case 0x30: case 0x31:
	case 0x86: case 0x87:		/* XCHG */
	case 0x88: case 0x89:		/* MOV r/m, r */
		return OP_OK | OP_MODRM;
	case 0x80: case 0x83:		/* OR, AND, XOR r/m, imm */
	case 0xc6:			/* MOV r/m, imm */
		return OP_OK | OP_MODRM | OP_IMM8;
	case 0x81: case 0xc7:
		return OP_OK | OP_MODRM | OP_IMMZ;
	case 0xa2: case 0xa3:		/* MOV moffs, rax */
		return OP_OK | OP_MOFFS;
	case 0xe4 ... 0xe7:		/* IN, OUT imm8 */
		return OP_OK | OP_IMM8;
	case 0x6c ... 0x6f:		/* INS, OUTS */
	case 0xec ... 0xef:		/* IN, OUT dx */
	case 0xf4:			/* HLT */
	case 0xfa: case 0xfb:		/* CLI, STI */
		return OP_OK;
	default:
		return 0;
	}
}

static unsigned int attributes_0f(uint8_t op)
{
	switch (op) {
	case 0x20 ... 0x23:		/* MOV CRn, DRn */
		return OP_OK | OP_MODRM | OP_REG;
	case 0x01:			/* LMSW, INVLPG, XSETBV, RDTSCP */
	case 0xab: case 0xb3: case 0xbb: /* BTS, BTR, BTC r/m, r */
	case 0xb0: case 0xb1:		/* CMPXCHG */
	case 0xc3:			/* MOVNTI */
		return OP_OK | OP_MODRM;
	case 0xba:			/* BTS, BTR, BTC r/m, imm8 */
		return OP_OK | OP_MODRM | OP_IMM8;
	case 0x06:			/* CLTS */
	case 0x08: case 0x09:		/* INVD, WBINVD */
	case 0x30 ... 0x33:		/* WRMSR, RDTSC, RDMSR, RDPMC */
	case 0xa2:			/* CPUID */
		return OP_OK;
	default:
		return 0;
	}
}

/* Reads forward, never past the end. */
struct reader {
	const uint8_t *b;
	unsigned int pos, end;
	bool past;
};

static uint8_t next(struct reader *r)
{
	if (r->pos >= r->end) {
		r->past = true;
		return 0;
	}
	return r->b[r->pos++];
}

static uint64_t next_le(struct reader *r, unsigned int bytes)
{
	uint64_t v = 0;
	unsigned int i;

	for (i = 0; i < bytes; i++)
		v |= (uint64_t)next(r) << 8 * i;
	return v;
}

static int64_t next_signed(struct reader *r, unsigned int bytes)
{
	unsigned int unused = 64 - 8 * bytes;

	return (int64_t)(next_le(r, bytes) << unused) >> unused;
}

/* Returns the first byte of the opcode; REX counts only right before it. */
static uint8_t prefixes(struct reader *r, struct insn *in, uint8_t *rex)
{
	uint8_t c;

	for (*rex = 0; ; ) {
		c = next(r);
		if (r->past)
			return 0;
		switch (c) {
		case 0x66:
			in->opsize = true;
			break;
		case 0x67:
			in->addr32 = true;
			break;
		case 0xf0:
			in->lock = true;
			break;
		case 0xf2:
			in->repne = true;
			in->rep = false;
			break;
		case 0xf3:
			in->rep = true;
			in->repne = false;
			break;
		case 0x64:
			in->seg = SEG_FS;
			break;
		case 0x65:
			in->seg = SEG_GS;
			break;
		case 0x26: case 0x2e: case 0x36: case 0x3e:
			break;		/* no meaning in 64-bit mode */
		case 0x40 ... 0x4f:
			*rex = c;
			continue;
		default:
			return c;
		}
		*rex = 0;
	}
}

static void memory_operand(struct reader *r, struct insn *in, uint8_t rex)
{
	unsigned int mod = in->modrm >> 6, rm = in->modrm & 7;
	uint8_t sib;

	in->is_mem = true;
	in->base = rm | (rex & 1) << 3;
	in->index = R_NONE;
	if (rm == 4) {
		sib = next(r);
		in->scale = sib >> 6;
		in->index = (sib >> 3 & 7) | (rex & 2) << 2;
		if (in->index == 4)
			in->index = R_NONE;
		in->base = (sib & 7) | (rex & 1) << 3;
		if (mod == 0 && (sib & 7) == 5) {
			in->base = R_NONE;
			in->disp = next_signed(r, 4);
		}
	} else if (mod == 0 && rm == 5) {
		in->base = R_NONE;
		in->rip_relative = true;
		in->disp = next_signed(r, 4);
	}
	if (mod == 1)
		in->disp = next_signed(r, 1);
	else if (mod == 2)
		in->disp = next_signed(r, 4);
}

int insn_decode(const uint8_t *b, unsigned int n, struct insn *in)
{
	struct reader r = { b, 0, MIN(n, (unsigned int)INSN_MAX), false };
	unsigned int what;
	uint8_t rex;

	*in = (struct insn){ .base = R_NONE, .index = R_NONE };
	in->opcode = prefixes(&r, in, &rex);
	if (in->opcode == 0x0f) {
		in->map = 1;
		in->opcode = next(&r);
	}
	if (r.past)
		goto out;
	what = in->map ? attributes_0f(in->opcode) : attributes_1(in->opcode);
	if (!what)
		return INSN_BAD;
	in->wide = rex & 8;
	in->any_rex = rex;
	if (what & OP_MODRM) {
		in->has_modrm = true;
		in->modrm = next(&r);
		in->reg = (in->modrm >> 3 & 7) | (rex & 4) << 1;
		in->rm = (in->modrm & 7) | (rex & 1) << 3;
		if (in->modrm >> 6 != 3 && !(what & OP_REG))
			memory_operand(&r, in, rex);
	}
	if (what & OP_MOFFS) {
		in->is_mem = true;
		in->disp = (int64_t)next_le(&r, in->addr32 ? 4 : 8);
	}
	if (what & OP_IMM8)
		in->imm = next_signed(&r, 1);
	else if (what & OP_IMMZ)
		in->imm = next_signed(&r, in->opsize && !in->wide ? 2 : 4);
out:
	if (r.past)
		return r.end < INSN_MAX ? INSN_SHORT : INSN_BAD;
	in->length = (uint8_t)r.pos;
	return 0;
}

unsigned int insn_width(const struct insn *in)
{
	if (!(in->opcode & 1))
		return 1;
	return in->wide ? 8 : in->opsize ? 2 : 4;
}

uint64_t *insn_gpr(struct cpu_regs *r, unsigned int n)
{
#define AT(reg) offsetof(struct cpu_regs, reg)
	static const uint8_t at[16] = {
		AT(rax), AT(rcx), AT(rdx), AT(rbx), AT(rsp), AT(rbp),
		AT(rsi), AT(rdi), AT(r8),  AT(r9),  AT(r10), AT(r11),
		AT(r12), AT(r13), AT(r14), AT(r15),
	};
#undef AT

	return (uint64_t *)(void *)((char *)r + at[n & 15]);
}

static uint64_t gpr(const struct cpu_regs *r, unsigned int n)
{
	struct cpu_regs *regs = (struct cpu_regs *)(uintptr_t)r;

	return *insn_gpr(regs, n);
}

uint64_t insn_address(const struct insn *in, const struct cpu_regs *r)
{
	uint64_t a = (uint64_t)in->disp;

	if (in->base != R_NONE)
		a += gpr(r, in->base);
	if (in->index != R_NONE)
		a += gpr(r, in->index) << in->scale;
	if (in->rip_relative)
		a += r->rip + in->length;
	return in->addr32 ? (uint32_t)a : a;
}

/* By no more pages than it lies in. */
int insn_fetch(const struct cpu_regs *regs, struct insn *in)
{
	uint8_t b[16];
	unsigned int room = PAGE_SIZE - (regs->rip & ~PAGE_MASK);
	int rc;

	if (likely(room >= sizeof(b))) {
		if (copy_from_guest(b, regs->rip, sizeof(b)))
			return INSN_BAD;
		return insn_decode(b, INSN_MAX, in);
	}
	if (copy_from_guest(b, regs->rip, room))
		return INSN_BAD;
	rc = insn_decode(b, room, in);
	if (rc != INSN_SHORT)
		return rc;
	if (copy_from_guest(b + room, regs->rip + room, INSN_MAX - room))
		return INSN_BAD;
	return insn_decode(b, INSN_MAX, in);
}
