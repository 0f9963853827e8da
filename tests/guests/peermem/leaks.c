/* SPDX-License-Identifier: MIT */
/*
 * What a guest finds of others: in memory that was theirs (ME-07), in the FPU
 * (PR-09), in its registers after a call (PR-11).
 */
#include "leaks.h"

#define SCRUB_PAGES	16384		/* 64 MiB */
#define SCRUB_VA	0xffffff2000000000ul
#define PATTERN		0x5ec4e75ec4e75ec4ul
#define BATCH		512

static unsigned int look_at(volatile uint64_t *page, bool fill)
{
	unsigned int i, found = 0;

	for (i = 0; i < PAGE_SIZE / 8; i++) {
		found += page[i] != 0;
		if (fill)
			page[i] = PATTERN;
	}
	return found;
}

struct scrub {
	bool fill;
	unsigned int pages, found;
};

/* All the memory it can have: is it zero? Then it is filled. */
static long p_scrub(void *arg)
{
	static xen_pfn_t list[BATCH];
	struct scrub *s = arg;
	struct xen_memory_reservation r = {
		.nr_extents = BATCH, .domid = DOMID_SELF,
	};
	long got, i;

	pt_build(SCRUB_VA);
	handle_set(r.extent_start, list);
	do {
		got = HYPERVISOR_memory_op(XENMEM_increase_reservation, &r);
		for (i = 0; i < got; i++) {
			if (map_va(SCRUB_VA, mfn_pte(list[i], PTE_KERN)))
				return -1;
			s->found += look_at((volatile uint64_t *)SCRUB_VA,
					    s->fill);
			s->pages++;
		}
	} while (got == BATCH);
	return 0;
}

static void scrub_round(struct peer_config *how, const char *what)
{
	static struct peer p;
	struct scrub s = { .fill = true };

	peer_start(&p, how);
	check(!peer_do(&p, p_scrub, &s) && s.pages == SCRUB_PAGES,
	      "ME-07 %s: 64 MiB", what);
	check(s.found == 0, "ME-07 all of it is zero (%u words aren't)",
	      s.found);
	peer_destroy(&p);
}

void check_scrub(void)
{
	struct peer_config big = { .max_pages = PEER_PAGES + SCRUB_PAGES };
	unsigned long before;

	scrub_round(&big, "a first guest");
	before = free_pages_of_machine();
	scrub_round(&big, "its heir");
	check(!on_hvx() || free_pages_of_machine() == before,
	      "ME-07 and all of it comes back");
}

/* ---- the FPU ---- */

struct fpu_image {
	uint16_t cw, sw;
	uint8_t tag, pad;
	uint16_t op;
	uint64_t ip, dp;
	uint32_t mxcsr, mask;
	uint64_t st[16], xmm[32];
	uint8_t rest[96];
} __attribute__((aligned(16)));

_Static_assert(sizeof(struct fpu_image) == 512, "the processor's format");

static inline void fpu_read(struct fpu_image *f)
{
	asm volatile("fxsave64 %0" : "=m" (*f));
}

static inline void fpu_write(const struct fpu_image *f)
{
	asm volatile("fxrstor64 %0" : : "m" (*f));
}

/* Secrets in every register; then others get the processor, many times. */
static long p_fpu_secret(void *arg)
{
	struct fpu_image *f = page_alloc(), *now = page_alloc();
	unsigned int i;

	fpu_read(f);
	f->cw = 0x27f;
	f->mxcsr = 0x1f81;
	f->tag = 0xff;
	f->ip = f->dp = 0x1234567;
	for (i = 0; i < 16; i++)
		f->st[i] = i & 1 ? 0x4000 : PATTERN;
	for (i = 0; i < 32; i++)
		f->xmm[i] = PATTERN + i;
	fpu_write(f);
	for (i = 0; i < *(unsigned int *)arg; i++)
		relax();
	fpu_read(now);
	return memcmp(now->xmm, f->xmm, sizeof(f->xmm)) != 0 ||
	       now->cw != f->cw || now->mxcsr != f->mxcsr;
}

/* The reset state, and nothing else; each time. */
static long p_fpu_clean(void *arg)
{
	struct fpu_image *f = page_alloc();
	unsigned int i, k, bad = 0;

	for (i = 0; i < *(unsigned int *)arg; i++) {
		fpu_read(f);
		bad += f->cw != 0x37f || f->mxcsr != 0x1f80 || f->tag ||
		       f->ip || f->dp;
		for (k = 0; k < 32; k++)
			bad += f->xmm[k] != 0;
		for (k = 0; k < 16; k++)
			bad += f->st[k] == PATTERN;
		relax();
	}
	return bad;
}

static void pin_to(struct peer *p, uint8_t cpus)
{
	struct xen_domctl op = { 0 };

	op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
	op.u.vcpuaffinity.cpumap_hard.nr_bits = 8;
	handle_set(op.u.vcpuaffinity.cpumap_hard.bitmap, &cpus);
	if (domctl(&op, XEN_DOMCTL_setvcpuaffinity, p->id))
		error("no affinity for the peer");
}

static void check_fpu(void)
{
	unsigned int rounds = 2000;
	long bad;

	/* On one processor, so that they take turns. */
	pin_to(&a, 1);
	pin_to(&b, 1);
	peer_post(&a, p_fpu_secret, &rounds, sizeof(rounds));
	bad = peer_do(&b, p_fpu_clean, &rounds);
	check(!bad, "PR-09 the FPU holds nothing of another guest (%ld)", bad);
	check(!peer_wait(&a, &rounds, sizeof(rounds)),
	      "PR-09 and keeps one's own");
}

/* ---- general registers ---- */

static inline bool is_secret(uint64_t x)
{
	return x >= HV_START && x < HV_END;
}

/* Registers after a call, those that it may destroy among them. */
static unsigned int leaks_of(unsigned long nr)
{
	register uint64_t r8 asm("r8") = 0, r9 asm("r9") = 0;
	register uint64_t r10 asm("r10") = 0, r11 asm("r11") = 0;
	uint64_t rax = nr, rcx = 0, rdx = 0, rdi = 0, rsi = 0;

	asm volatile("syscall"
		     : "+a" (rax), "+c" (rcx), "+d" (rdx), "+D" (rdi),
		       "+S" (rsi), "+r" (r8), "+r" (r9), "+r" (r10),
		       "+r" (r11) : : "memory");
	return is_secret(rax) + is_secret(rcx) + is_secret(rdx) +
	       is_secret(rdi) + is_secret(rsi) + is_secret(r8) +
	       is_secret(r9) + is_secret(r10) + is_secret(r11);
}

static long p_register_leaks(void *arg)
{
	unsigned int bad = 0;
	unsigned long nr;

	(void)arg;
	for (nr = 0; nr < 64; nr++)
		/* Not those that end the world with such arguments: the
		 * trap table's, set_callbacks, iret, vcpu_op's. */
		if (nr != 0 && nr != 3 && nr != 4 && nr != 23)
			bad += leaks_of(nr);
	return bad;
}

void check_registers(void)
{
	check_fpu();
	check(!peer_call(&a, p_register_leaks, NULL, 0),
	      "PR-11 no register holds an address of the hypervisor's");
}
