/* SPDX-License-Identifier: MIT */
/*
 * The guests' stubs, by the page: a page of our own records what arrives in
 * the registers, so each stub shows that it passes its number and its
 * arguments where the ABI wants them and gives back rax.
 */
#define HYPERCALL_BY_PAGE
#include <stubs.h>
#include <stdio.h>

static int passed, failed;

struct seen {
	unsigned long rax, rdi, rsi, rdx, r10, r8;
};

struct seen seen;

/* 64 entries of 32 bytes; each says its own number in ecx, which may go. */
__asm__(".pushsection .text\n"
	".balign 4096\n"
	".globl hypercall_page\n"
	"hypercall_page:\n"
	".set i, 0\n"
	".rept 64\n"
	".balign 32\n"
	"mov $i, %ecx\n"
	"jmp record\n"
	".set i, i + 1\n"
	".endr\n"
	"record:\n"
	"lea seen(%rip), %r11\n"
	"mov %rcx, 0(%r11)\n"
	"mov %rdi, 8(%r11)\n"
	"mov %rsi, 16(%r11)\n"
	"mov %rdx, 24(%r11)\n"
	"mov %r10, 32(%r11)\n"
	"mov %r8, 40(%r11)\n"
	"cmp %rax, %rcx\n"
	"mov $-1000, %rax\n"
	"jne 1f\n"
	"sub %rcx, %rax\n"
	"1: ret\n"
	".popsection\n");

static void check(const char *name, long ret, unsigned long nr, int args)
{
	const unsigned long *arg = &seen.rdi;
	int i, good = ret == -1000 - (long)nr && seen.rax == nr;

	for (i = 0; i < 5; i++)
		good &= arg[i] == (i < args ? 0x11UL * (unsigned int)(i + 1) : 0);
	if (good) {
		passed++;
		return;
	}
	failed++;
	printf("FAIL %s: %ld from %lu(%lx, %lx, %lx, %lx, %lx)\n", name, ret,
	       seen.rax, arg[0], arg[1], arg[2], arg[3], arg[4]);
}

#define HC_PTR(T)		T *
#define HC0(nr, name, ...)	check(#name, HYPERVISOR_##name(), nr, 0);
#define HC1(nr, name, flags, t1, ...) \
	check(#name, HYPERVISOR_##name((t1)0x11UL), nr, 1);
#define HC2(nr, name, flags, t1, a1, t2, ...) \
	check(#name, HYPERVISOR_##name((t1)0x11UL, (t2)0x22UL), nr, 2);
#define HC3(nr, name, flags, t1, a1, t2, a2, t3, ...) \
	check(#name, HYPERVISOR_##name((t1)0x11UL, (t2)0x22UL, (t3)0x33UL), \
	      nr, 3);
#define HC4(nr, name, flags, t1, a1, t2, a2, t3, a3, t4, ...) \
	check(#name, HYPERVISOR_##name((t1)0x11UL, (t2)0x22UL, (t3)0x33UL, \
				       (t4)0x44UL), nr, 4);
#define HC5(nr, name, flags, t1, a1, t2, a2, t3, a3, t4, a4, t5, ...) \
	check(#name, HYPERVISOR_##name((t1)0x11UL, (t2)0x22UL, (t3)0x33UL, \
				       (t4)0x44UL, (t5)0x55UL), nr, 5);

int main(void)
{
#include <hypercalls.def>
	printf("stubs: %d passed, %d failed\n", passed, failed);
	return failed != 0;
}
