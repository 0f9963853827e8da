/*
 * Stores to page-table entries: which they are, and what they do to an entry.
 *
 * Whole 8-byte stores are taken (MOV, MOVNTI, XCHG, CMPXCHG), and the
 * read-modify-write forms by which kernels change one bit of an entry (AND, OR,
 * XOR, BTS, BTR, BTC, of any width): their result is a whole entry too, put
 * in place by one compare and swap.  A plain narrow store is not: it would
 * leave an entry that nobody asked for as a whole.
 */
#include "private.h"

#include <hvx/regs.h>
#include <hvx/traps.h>

#define FLAG_PF 0x004
#define FLAG_AF 0x010
#define FLAG_ZF 0x040
#define FLAG_SF 0x080
#define FLAG_OF 0x800

static uint64_t width_mask(unsigned int bytes)
{
	return bytes == 8 ? ~0UL : BIT(8 * bytes) - 1;
}

static void set_store(struct pte_store *st, enum pte_store_kind kind,
		      uint64_t value)
{
	st->kind = kind;
	st->value = value;
}

static bool logic_op(const struct insn *in, struct cpu_regs *regs,
		     enum pte_rmw op, bool immediate, struct pte_store *st)
{
	st->op = op;
	st->width = (uint8_t)(in->opcode == 0x83 ? (in->wide ? 8 :
						    in->opsize ? 2 : 4) :
						   insn_width(in));
	/* AH..BH: nobody changes an entry with those. */
	if (!immediate && st->width == 1 && !in->any_rex && in->reg >= 4)
		return false;
	set_store(st, PTE_STORE_RMW,
		  immediate ? (uint64_t)in->imm : *insn_gpr(regs, in->reg));
	st->value &= width_mask(st->width);
	return true;
}

static bool bit_op(const struct insn *in, struct pte_store *st)
{
	static const enum pte_rmw op[4] = { 0, PTE_RMW_BTS, PTE_RMW_BTR,
					    PTE_RMW_BTC };
	unsigned int which = in->modrm >> 3 & 7;

	if (which < 5)
		return false;
	st->op = op[which - 4];
	st->width = in->wide ? 8 : in->opsize ? 2 : 4;
	set_store(st, PTE_STORE_RMW,
		  BIT((unsigned int)in->imm % (8U * st->width)));
	return true;
}

/* AND, OR, XOR of group 1; the others aren't for bits. */
static bool group1(const struct insn *in, struct cpu_regs *regs,
		   struct pte_store *st)
{
	switch (in->modrm >> 3 & 7) {
	case 1:
		return logic_op(in, regs, PTE_RMW_OR, true, st);
	case 4:
		return logic_op(in, regs, PTE_RMW_AND, true, st);
	case 6:
		return logic_op(in, regs, PTE_RMW_XOR, true, st);
	default:
		return false;
	}
}

static bool store_1(const struct insn *in, struct cpu_regs *regs,
		    struct pte_store *st)
{
	switch (in->opcode) {
	case 0x89:
		set_store(st, PTE_STORE_MOV, *insn_gpr(regs, in->reg));
		return in->wide && !in->lock;
	case 0xa3:
		set_store(st, PTE_STORE_MOV, regs->rax);
		return in->wide && !in->lock;
	case 0xc7:
		set_store(st, PTE_STORE_MOV, (uint64_t)in->imm);
		return in->wide && !in->lock && !(in->modrm & 0x38);
	case 0x87:
		set_store(st, PTE_STORE_XCHG, *insn_gpr(regs, in->reg));
		return in->wide;
	case 0x08:
	case 0x09:
		return logic_op(in, regs, PTE_RMW_OR, false, st);
	case 0x20:
	case 0x21:
		return logic_op(in, regs, PTE_RMW_AND, false, st);
	case 0x30:
	case 0x31:
		return logic_op(in, regs, PTE_RMW_XOR, false, st);
	case 0x80:
	case 0x81:
	case 0x83:
		return group1(in, regs, st);
	default:
		return false;
	}
}

static bool store_0f(const struct insn *in, struct cpu_regs *regs,
		     struct pte_store *st)
{
	switch (in->opcode) {
	case 0xb1:
		set_store(st, PTE_STORE_CMPXCHG, *insn_gpr(regs, in->reg));
		return in->wide;
	case 0xc3:
		set_store(st, PTE_STORE_MOV, *insn_gpr(regs, in->reg));
		return in->wide && !in->lock && !in->opsize;
	case 0xba:
		return bit_op(in, st);
	default:
		return false;
	}
}

/*
 * The operand must lie where the fault was: the bytes may have changed since,
 * and another instruction is not what the fault is about.
 */
bool interp_decode_pte_store(__maybe_unused struct vcpu *v,
			     struct cpu_regs *regs, gva_t va,
			     struct pte_store *st)
{
	struct insn in;

	if (insn_fetch(regs, &in) || !in.is_mem || in.seg != SEG_DEFAULT ||
	    in.rep || in.repne || insn_address(&in, regs) != va)
		return false;
	st->length = in.length;
	st->reg = in.reg;
	return in.map ? store_0f(&in, regs, st) : store_1(&in, regs, st);
}

static uint64_t result_flags(uint64_t v, unsigned int bytes)
{
	uint64_t f = 0;

	v &= width_mask(bytes);
	if (!v)
		f |= FLAG_ZF;
	if (v >> (8 * bytes - 1))
		f |= FLAG_SF;
	v ^= v >> 4;
	if (!(0x6996 >> (v & 15) & 1))
		f |= FLAG_PF;
	return f;
}

#define FLAGS_ARITH                                                            \
	(uint64_t)(FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

uint64_t interp_cmp_flags(uint64_t rflags, uint64_t a, uint64_t b)
{
	uint64_t r = a - b;

	rflags &= ~FLAGS_ARITH;
	rflags |= result_flags(r, 8);
	if (a < b)
		rflags |= FLAG_CF;
	if ((a ^ b ^ r) & 0x10)
		rflags |= FLAG_AF;
	if (((a ^ b) & (a ^ r)) >> 63)
		rflags |= FLAG_OF;
	return rflags;
}

uint64_t interp_rmw(const struct pte_store *st, uint64_t old, uint64_t *rflags)
{
	uint64_t low = width_mask(st->width), r = old;

	switch ((enum pte_rmw)st->op) {
	case PTE_RMW_AND:
		r = old & (st->value | ~low);
		break;
	case PTE_RMW_OR:
		r = old | st->value;
		break;
	case PTE_RMW_XOR:
		r = old ^ st->value;
		break;
	case PTE_RMW_BTS:
		r = old | st->value;
		goto bit;
	case PTE_RMW_BTR:
		r = old & ~st->value;
		goto bit;
	case PTE_RMW_BTC:
		r = old ^ st->value;
		goto bit;
	}
	*rflags = (*rflags & ~FLAGS_ARITH) | result_flags(r, st->width);
	return r;
bit:
	*rflags &= ~(uint64_t)FLAG_CF;
	if (old & st->value)
		*rflags |= FLAG_CF;
	return r;
}
