/* An instruction that may fault, and what is done instead if it does. */
#ifndef ASM_FIXUP_H
#define ASM_FIXUP_H

/* Text for __asm__: either way it goes on behind insn.  traps.c looks the
 * faulting address up in __ex_table. */
#define OR_IF_IT_FAULTS(insn, instead)                                         \
	"1: " insn "\n2:\n"                                                    \
	".section .fixup, \"ax\"\n"                                            \
	"3: " instead "\n"                                                     \
	"jmp 2b\n"                                                             \
	".previous\n"                                                          \
	".section __ex_table, \"a\"\n"                                         \
	".quad 1b, 3b\n"                                                       \
	".previous"

#endif
