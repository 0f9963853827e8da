/*
 * The instruction decoder, against the assembler: each instruction below is
 * assembled into this program, and must come out with its length, operand and
 * address.  Every cut of it is too short, whatever lies beyond isn't looked
 * at.  Then what stores do to an entry, against the processor itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "xen-core/interp/private.h"
#include <hvx/guest_access.h>

/* Registers while the instructions "run": n * 0x1000, so addresses tell. */
#define REG(n)	 ((n) * 0x1000UL)
#define NO_MEM	 1UL
#define MOFFS	 0x1122334455667788UL

/* X(name, text, map, opcode, address) */
#define INSNS(X)                                                               \
	X(cli, "cli", 0, 0xfa, NO_MEM)                                         \
	X(sti, "sti", 0, 0xfb, NO_MEM)                                         \
	X(hlt, "hlt", 0, 0xf4, NO_MEM)                                         \
	X(clts, "clts", 1, 0x06, NO_MEM)                                       \
	X(wbinvd, "wbinvd", 1, 0x09, NO_MEM)                                   \
	X(rdmsr, "rdmsr", 1, 0x32, NO_MEM)                                     \
	X(wrmsr, "wrmsr", 1, 0x30, NO_MEM)                                     \
	X(rdtsc, "rdtsc", 1, 0x31, NO_MEM)                                     \
	X(cpuid, "cpuid", 1, 0xa2, NO_MEM)                                     \
	X(rdtscp, "rdtscp", 1, 0x01, NO_MEM)                                   \
	X(xsetbv, "xsetbv", 1, 0x01, NO_MEM)                                   \
	X(invlpg, "invlpg 8(%rbx)", 1, 0x01, REG(3) + 8)                       \
	X(lmsw_r, "lmsw %ax", 1, 0x01, NO_MEM)                                 \
	X(mov_cr0, "mov %cr0, %r9", 1, 0x20, NO_MEM)                           \
	X(mov_to_cr3, "mov %rax, %cr3", 1, 0x22, NO_MEM)                       \
	X(mov_cr8, "mov %cr8, %rax", 1, 0x20, NO_MEM)                          \
	X(mov_dr7, "mov %dr7, %rcx", 1, 0x21, NO_MEM)                          \
	X(in_dx, "inb %dx, %al", 0, 0xec, NO_MEM)                              \
	X(inw_dx, "inw %dx, %ax", 0, 0xed, NO_MEM)                             \
	X(inl_imm, "inl $0x42, %eax", 0, 0xe5, NO_MEM)                         \
	X(outb_imm, "outb %al, $0x80", 0, 0xe6, NO_MEM)                        \
	X(outl_dx, "outl %eax, %dx", 0, 0xef, NO_MEM)                          \
	X(insw, "rep insw", 0, 0x6d, NO_MEM)                                   \
	X(outsl, "rep outsl", 0, 0x6f, NO_MEM)                                 \
	X(mov_ind, "mov %rax, (%rdi)", 0, 0x89, REG(7))                        \
	X(mov_r13, "mov %r15, (%r13)", 0, 0x89, REG(13))                       \
	X(mov_r12, "mov %r15, (%r12)", 0, 0x89, REG(12))                       \
	X(mov_rsp, "mov %rcx, 0x40(%rsp)", 0, 0x89, REG(4) + 0x40)             \
	X(mov_d8, "mov %rcx, -8(%rbp)", 0, 0x89, REG(5) - 8)                   \
	X(mov_d32, "mov %rcx, -0x12345(%rdx)", 0, 0x89, REG(2) - 0x12345)      \
	X(mov_sib, "mov %rdx, (%rax,%rcx,8)", 0, 0x89, REG(1) * 8)             \
	X(mov_sib2, "mov %rdx, 4(%r8,%r12,4)", 0, 0x89,                        \
	  REG(8) + REG(12) * 4 + 4)                                            \
	X(mov_nobase, "mov %rdx, 0x1000(,%r9,2)", 0, 0x89, REG(9) * 2 + 0x1000)\
	X(mov_abs, "mov %rdx, 0x1000", 0, 0x89, 0x1000)                        \
	X(mov_a32, "mov %rdx, (%edi)", 0, 0x89, REG(7))                        \
	X(mov_imm, "movq $-2, 0x10(%rsi)", 0, 0xc7, REG(6) + 0x10)             \
	X(mov_imm16, "movw $-2, 0x10(%rsi)", 0, 0xc7, REG(6) + 0x10)           \
	X(mov_imm8, "movb $-2, (%rsi)", 0, 0xc6, REG(6))                       \
	X(mov_moffs, "movabs %rax, 0x1122334455667788", 0, 0xa3, MOFFS)        \
	X(mov_b, "mov %al, (%rdi)", 0, 0x88, REG(7))                           \
	X(movnti, "movnti %rcx, (%rdi)", 1, 0xc3, REG(7))                      \
	X(xchg, "xchg %rax, (%rdi)", 0, 0x87, REG(7))                          \
	X(cmpxchg, "lock cmpxchg %rdx, (%rdi)", 1, 0xb1, REG(7))               \
	X(cmpxchg_b, "lock cmpxchgb %dl, (%rdi)", 1, 0xb0, REG(7))             \
	X(andb, "lock andb $0xfd, (%rdi)", 0, 0x80, REG(7))                    \
	X(andq8, "lock andq $-3, (%rdi)", 0, 0x83, REG(7))                     \
	X(andq32, "lock andq $-0x1000, (%rdi)", 0, 0x81, REG(7))               \
	X(andw, "andw $0x1234, (%rdi)", 0, 0x81, REG(7))                       \
	X(or_r, "lock orq %r10, (%rdi)", 0, 0x09, REG(7))                      \
	X(btr, "lock btrq $5, (%rdi)", 1, 0xba, REG(7))                        \
	X(btsl, "lock btsl $1, (%rdi)", 1, 0xba, REG(7))

#define ASSEMBLE(name, text, map, opcode, address)                             \
	__asm__(".pushsection .rodata\n"                                       \
		"enc_" #name ":\n" text "\n"                                   \
		"enc_" #name "_end:\n"                                         \
		".popsection");                                                \
	extern const uint8_t enc_##name[], enc_##name##_end[];
INSNS(ASSEMBLE)

static const struct {
	const char *name;
	const uint8_t *start, *end;
	uint8_t map, opcode;
	uint64_t address;
} insns[] = {
#define ROW(name, text, map, opcode, address)                                  \
	{ #name, enc_##name, enc_##name##_end, map, opcode, address },
	INSNS(ROW)
};

static struct cpu_regs regs;

static void set_regs(void)
{
	unsigned int i;

	memset(&regs, 0, sizeof(regs));
	for (i = 0; i < 16; i++)
		*insn_gpr(&regs, i) = REG(i);
}

/* At the very end of an allocation: a byte too far is found. */
static int decode_exactly(const uint8_t *b, size_t n, struct insn *in)
{
	uint8_t *copy = malloc(n ? n : 1);
	int rc;

	memcpy(copy, b, n);
	rc = insn_decode(copy, (unsigned int)n, in);
	free(copy);
	return rc;
}

static void decodes_what_the_assembler_made(__maybe_unused void **state)
{
	unsigned int i;

	set_regs();
	for (i = 0; i < ARRAY_SIZE(insns); i++) {
		size_t len = (size_t)(insns[i].end - insns[i].start), cut;
		struct insn in;

		if (decode_exactly(insns[i].start, len, &in))
			fail_msg("%s isn't known", insns[i].name);
		if (in.length != len || in.map != insns[i].map ||
		    in.opcode != insns[i].opcode)
			fail_msg("%s: length %u of %zu, opcode %x",
				 insns[i].name, in.length, len, in.opcode);
		assert_int_equal(in.is_mem, insns[i].address != NO_MEM);
		if (in.is_mem && insn_address(&in, &regs) != insns[i].address)
			fail_msg("%s: address %lx", insns[i].name,
				 insn_address(&in, &regs));
		for (cut = 0; cut < len; cut++)
			assert_int_equal(decode_exactly(insns[i].start, cut,
							&in),
					 INSN_SHORT);
	}
}

static void prefixes_and_limits(__maybe_unused void **state)
{
	static const uint8_t rex_first[] = { 0x48, 0x66, 0x89, 0x07 };
	static const uint8_t segment[] = { 0x65, 0x48, 0x89, 0x07 };
	static const uint8_t rip[] = { 0x48, 0x89, 0x05, 0x10, 0, 0, 0 };
	static const uint8_t unknown[] = { 0x90 };
	uint8_t flood[32];
	struct insn in;

	/* A REX before another prefix is none. */
	assert_int_equal(insn_decode(rex_first, sizeof(rex_first), &in), 0);
	assert_int_equal(insn_width(&in), 2);
	assert_int_equal(insn_decode(segment, sizeof(segment), &in), 0);
	assert_int_equal(in.seg, SEG_GS);
	assert_int_equal(insn_decode(rip, sizeof(rip), &in), 0);
	set_regs();
	regs.rip = 0x400000;
	assert_int_equal(insn_address(&in, &regs), 0x400000 + 7 + 0x10);
	assert_int_equal(insn_decode(unknown, sizeof(unknown), &in), INSN_BAD);

	/* 15 bytes are an instruction, 16 never. */
	memset(flood, 0x66, sizeof(flood));
	flood[14] = 0xfa;
	assert_int_equal(insn_decode(flood, sizeof(flood), &in), 0);
	assert_int_equal(in.length, 15);
	flood[14] = 0x66;
	flood[15] = 0xfa;
	assert_int_equal(insn_decode(flood, sizeof(flood), &in), INSN_BAD);
	assert_int_equal(insn_decode(flood, 14, &in), INSN_SHORT);
}

/* ---- stores ---------------------------------------------------------------- */

static bool store_at(const uint8_t *code, gva_t va, struct pte_store *st)
{
	static uint8_t text[32];

	memcpy(text, code, 16);
	regs.rip = (gva_t)text;
	return interp_decode_pte_store(NULL, &regs, va, st);
}

static void whole_stores_are_taken(__maybe_unused void **state)
{
	struct pte_store st;

	set_regs();
	assert_true(store_at(enc_mov_ind, REG(7), &st));
	assert_int_equal(st.kind, PTE_STORE_MOV);
	assert_int_equal(st.value, REG(0));
	assert_int_equal(st.length, 3);
	assert_true(store_at(enc_mov_imm, REG(6) + 0x10, &st));
	assert_int_equal(st.value, (uint64_t)-2);
	assert_true(store_at(enc_mov_moffs, MOFFS, &st));
	assert_true(store_at(enc_movnti, REG(7), &st));
	assert_int_equal(st.value, REG(1));
	assert_true(store_at(enc_xchg, REG(7), &st));
	assert_int_equal(st.kind, PTE_STORE_XCHG);
	assert_int_equal(st.reg, 0);
	assert_true(store_at(enc_cmpxchg, REG(7), &st));
	assert_int_equal(st.kind, PTE_STORE_CMPXCHG);
	assert_int_equal(st.value, REG(2));
	assert_int_equal(st.reg, 2);
}

static void other_stores_are_not(__maybe_unused void **state)
{
	static const uint8_t wide_stos[] = { 0x48, 0xab };
	static const uint8_t sse[] = { 0x0f, 0x29, 0x07 };
	static const uint8_t cmpxchg16b[] = { 0xf0, 0x48, 0x0f, 0xc7, 0x0f };
	static const uint8_t by_gs[] = { 0x65, 0x48, 0x89, 0x07 };
	static const uint8_t lock_mov[] = { 0xf0, 0x48, 0x89, 0x07 };
	static const uint8_t add[] = { 0xf0, 0x48, 0x83, 0x07, 0x01 };
	uint8_t code[16];
	struct pte_store st;

	set_regs();
	assert_false(store_at(enc_mov_b, REG(7), &st));
	assert_false(store_at(enc_mov_imm16, REG(6) + 0x10, &st));
	assert_false(store_at(enc_mov_imm8, REG(6), &st));
	assert_false(store_at(enc_cmpxchg_b, REG(7), &st));
	assert_false(store_at(enc_cli, REG(7), &st));
	/* Another place than the fault's. */
	assert_false(store_at(enc_mov_ind, REG(7) + 8, &st));
#define REFUSED(bytes)                                                         \
	memset(code, 0, sizeof(code));                                         \
	memcpy(code, bytes, sizeof(bytes));                                    \
	assert_false(store_at(code, REG(7), &st))
	REFUSED(wide_stos);
	REFUSED(sse);
	REFUSED(cmpxchg16b);
	REFUSED(by_gs);
	REFUSED(lock_mov);
	REFUSED(add);
}

#define ARITH 0x8d5UL
#define AF    0x10UL

static uint64_t real_cmp(uint64_t a, uint64_t b)
{
	uint64_t f;

	__asm__("cmp %2, %1; pushfq; pop %0" : "=r"(f) : "r"(a), "r"(b) : "cc");
	return f & ARITH;
}

static void compare_flags_are_the_processors(__maybe_unused void **state)
{
	static const uint64_t v[] = { 0, 1, 0xf, 0x10, 0x7f, 0x80, 0xff,
				      1UL << 63, (1UL << 63) - 1, ~0UL,
				      0x8000000000000025, 0x67 };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(v); i++)
		for (j = 0; j < ARRAY_SIZE(v); j++) {
			uint64_t f = interp_cmp_flags(0x246, v[i], v[j]);

			assert_int_equal(f & ARITH, real_cmp(v[i], v[j]));
			assert_int_equal(f & ~ARITH, 0x246 & ~ARITH);
		}
}

/* The memory operand by register: the red zone moves under PUSH. */
#define RMWS(X)                                                                \
	X(andb, "lock andb $0xfd, (%%rdi)")                                    \
	X(andq8, "lock andq $-3, (%%rdi)")                                     \
	X(andq32, "lock andq $-0x1000, (%%rdi)")                               \
	X(andw, "andw $0x1234, (%%rdi)")                                       \
	X(btr, "lock btrq $5, (%%rdi)")                                        \
	X(btsl, "lock btsl $1, (%%rdi)")
#define REAL_RMW(name, insn)                                                   \
	static uint64_t real_##name(uint64_t *pte, uint64_t flags)             \
	{                                                                      \
		__asm__ volatile("sub $128, %%rsp; push %0; popfq; " insn      \
				 "; pushfq; pop %0; add $128, %%rsp"           \
				 : "+r"(flags)                                 \
				 : "D"(pte)                                    \
				 : "cc", "memory");                            \
		return flags;                                                  \
	}
RMWS(REAL_RMW)

static const struct {
	const char *name;
	const uint8_t *code;
	uint64_t (*real)(uint64_t *pte, uint64_t flags);
} rmws[] = {
#define RMW_ROW(name, insn) { #name, enc_##name, real_##name },
	RMWS(RMW_ROW)
};

static void one_bit_changes_are_the_processors(__maybe_unused void **state)
{
	static const uint64_t ptes[] = { 0, 2, 0x67, 0x8000000012345067,
					 0xffff, ~0UL, 0x20, 0x80 };
	unsigned int i, j;

	set_regs();
	for (i = 0; i < ARRAY_SIZE(rmws); i++) {
		struct pte_store st;

		if (!store_at(rmws[i].code, REG(7), &st))
			fail_msg("%s isn't taken", rmws[i].name);
		assert_int_equal(st.kind, PTE_STORE_RMW);
		for (j = 0; j < ARRAY_SIZE(ptes); j++) {
			uint64_t pte = ptes[j], flags = 0x202, f = 0x202;
			uint64_t mask = ARITH & ~AF;	/* undefined */

			/* After BTx all but CF is undefined. */
			if (rmws[i].code[1] == 0x48 ?
				    rmws[i].code[2] == 0x0f :
				    rmws[i].code[1] == 0x0f)
				mask = 1;
			f = rmws[i].real(&pte, f);
			if (interp_rmw(&st, ptes[j], &flags) != pte)
				fail_msg("%s of %lx", rmws[i].name, ptes[j]);
			if ((flags ^ f) & mask)
				fail_msg("%s of %lx: flags %lx, not %lx",
					 rmws[i].name, ptes[j], flags, f);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_what_the_assembler_made),
		cmocka_unit_test(prefixes_and_limits),
		cmocka_unit_test(whole_stores_are_taken),
		cmocka_unit_test(other_stores_are_not),
		cmocka_unit_test(compare_flags_are_the_processors),
		cmocka_unit_test(one_bit_changes_are_the_processors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
