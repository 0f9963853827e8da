/*
 * CPUID as guests see it: the processor's own leaves, masked once at boot to
 * what a PV guest may use, and the hypervisor's leaves.
 *
 * Off: what needs ring 0 or page-table modes that a PV guest hasn't got, what
 * would need MSRs that aren't a vCPU's own, and the topology of the machine.
 * FSGSBASE is off although it would work: kernels that use it read
 * KERNEL_GS_BASE at each context switch, which traps here; without it they
 * don't.
 */
#include "private.h"

#include <abi/cpuid.h>
#include <asm/cpu.h>
#include <hvx/cpu.h>
#include <hvx/domain.h>
#include <hvx/time.h>
#include <hvx/version.h>

enum { EAX, EBX, ECX, EDX };

#define NR_BASIC 0x0e		/* leaves 0..0xd */
#define NR_EXT	 0x22		/* 0x80000000..0x80000021 */
#define NR_XSAVE 8		/* components with a place in XCR0 */

uint64_t guest_xcr0_mask;
bool cpu_has_tsc_aux;

static uint32_t basic[NR_BASIC][4];
static uint32_t ext[NR_EXT][4];
static uint32_t leaf4[4][4];	/* caches */
static uint32_t leaf7[2][4];
static uint32_t leaf_d[NR_XSAVE][4];
static unsigned int max_basic, max_ext;

#define F(bit) (1U << (bit))

/* FPU DE TSC MSR PAE MCE CX8 APIC MCA CMOV PAT CLFLUSH ACPI MMX
 * FXSR SSE SSE2 SS */
#define LEAF1_EDX                                                              \
	(F(0) | F(2) | F(4) | F(5) | F(6) | F(7) | F(8) | F(9) | F(14) |       \
	 F(15) | F(16) | F(19) | F(22) | F(23) | F(24) | F(25) | F(26) | F(27))
/* SSE3 PCLMUL SSSE3 FMA CX16 SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE AVX F16C
 * RDRAND */
#define LEAF1_ECX                                                              \
	(F(0) | F(1) | F(9) | F(12) | F(13) | F(19) | F(20) | F(22) | F(23) |  \
	 F(25) | F(26) | F(28) | F(29) | F(30))
#define LEAF1_ECX_OSXSAVE    F(27)
#define LEAF1_ECX_HYPERVISOR F(31)
#define LEAF1_ECX_XSAVE_ALL  (F(12) | F(26) | F(28) | F(29))
#define LEAF1_ECX_AVX_ALL    (F(12) | F(28) | F(29))

/* BMI1 HLE AVX2 FDP-EXCPTN BMI2 ERMS RTM FPU-CS/DS RDSEED ADX CLFLUSHOPT CLWB
 * SHA */
#define LEAF7_EBX                                                              \
	(F(3) | F(4) | F(5) | F(6) | F(8) | F(9) | F(11) | F(13) | F(18) |     \
	 F(19) | F(23) | F(24) | F(29))
#define LEAF7_EBX_AVX2	 F(5)
/* F DQ IFMA PF ER CD BW VL */
#define LEAF7_EBX_AVX512                                                       \
	(F(16) | F(17) | F(21) | F(26) | F(27) | F(28) | F(30) | F(31))
/* PREFETCHWT1 GFNI VAES VPCLMULQDQ RDPID CLDEMOTE MOVDIRI MOVDIR64B */
#define LEAF7_ECX                                                              \
	(F(0) | F(8) | F(9) | F(10) | F(22) | F(25) | F(27) | F(28))
#define LEAF7_ECX_AVX	 (F(9) | F(10))
/* VBMI VBMI2 VNNI BITALG VPOPCNTDQ */
#define LEAF7_ECX_AVX512 (F(1) | F(6) | F(11) | F(12) | F(14))
/* FSRM MD_CLEAR SERIALIZE */
#define LEAF7_EDX	 (F(4) | F(10) | F(14))
/* 4VNNIW 4FMAPS VP2INTERSECT */
#define LEAF7_EDX_AVX512 (F(2) | F(3) | F(8))
/* FZLRM FSRS FSRCS */
#define LEAF71_EAX	 (F(10) | F(11) | F(12))
#define LEAF71_EAX_AVX	 F(4)
#define LEAF71_EAX_AVX512 F(5)

/* XSAVEOPT XSAVEC XGETBV1 */
#define LEAF_D1_EAX	 (F(0) | F(1) | F(2))

/* LAHF ABM SSE4A MISALIGNSSE PREFETCHW XOP FMA4 TBM */
#define EXT1_ECX                                                               \
	(F(0) | F(5) | F(6) | F(7) | F(8) | F(11) | F(16) | F(21))
#define EXT1_ECX_AVX	 (F(11) | F(16))
/* SYSCALL NX MMXEXT FFXSR RDTSCP LM 3DNOWEXT 3DNOW */
#define EXT1_EDX                                                               \
	(F(11) | F(20) | F(22) | F(25) | F(27) | F(29) | F(30) | F(31))
#define EXT1_EDX_RDTSCP	 F(27)
/* On AMD these repeat leaf 1. */
#define EXT1_EDX_COMMON	 0x0183f3ffU
#define EXT7_EDX	 F(8)		/* invariant TSC */
/* CLZERO RSTR_FP_ERR_PTRS WBNOINVD */
#define EXT8_EBX	 (F(0) | F(2) | F(9))
#define EXT21_EAX	 (F(2) | F(6))	/* LFENCE serialises; null selectors */

#define XCR0_AVX	 0x04UL
#define XCR0_AVX512	 0xe0UL
#define XCR0_KNOWN	 (0x07UL | XCR0_AVX512)

static void copy_leaf(uint32_t to[4], uint32_t leaf, uint32_t sub)
{
	cpuid_count(leaf, sub, to);
}

static void find_xcr0(void)
{
	uint32_t r[4];

	cpuid_count(1, 0, r);
	if (!(r[ECX] & F(26)) || max_basic < 0xd)
		return;
	cpuid_count(0xd, 0, r);
	guest_xcr0_mask = r[EAX] & XCR0_KNOWN;
	if ((guest_xcr0_mask & XCR0_AVX512) != XCR0_AVX512 ||
	    !(guest_xcr0_mask & XCR0_AVX))
		guest_xcr0_mask &= ~XCR0_AVX512;
}

static bool vendor_is_amd(void)
{
	return basic[0][EBX] == 0x68747541 || basic[0][EBX] == 0x6f677948;
}

static void init_leaf1(void)
{
	uint32_t ecx = LEAF1_ECX;

	copy_leaf(basic[1], 1, 0);
	if (!guest_xcr0_mask)
		ecx &= ~LEAF1_ECX_XSAVE_ALL;
	if (!(guest_xcr0_mask & XCR0_AVX))
		ecx &= ~LEAF1_ECX_AVX_ALL;
	basic[1][EBX] &= 0x0000ff00;	/* CLFLUSH line; no APIC id, no count */
	basic[1][ECX] = (basic[1][ECX] & ecx) | LEAF1_ECX_HYPERVISOR;
	basic[1][EDX] &= LEAF1_EDX;
}

static void init_leaf4(void)
{
	unsigned int i;

	if (vendor_is_amd() || max_basic < 4)
		return;
	for (i = 0; i < ARRAY_SIZE(leaf4); i++) {
		copy_leaf(leaf4[i], 4, i);
		leaf4[i][EAX] &= 0x3ff;	/* shared with nobody, one core */
	}
}

static void init_leaf7(void)
{
	uint32_t ebx = LEAF7_EBX, ecx = LEAF7_ECX, edx = LEAF7_EDX;
	uint32_t eax1 = LEAF71_EAX;

	if (max_basic < 7)
		return;
	copy_leaf(leaf7[0], 7, 0);
	if (leaf7[0][EAX] >= 1)
		copy_leaf(leaf7[1], 7, 1);
	if (guest_xcr0_mask & XCR0_AVX) {
		eax1 |= LEAF71_EAX_AVX;
	} else {
		ebx &= ~LEAF7_EBX_AVX2;
		ecx &= ~LEAF7_ECX_AVX;
	}
	if (guest_xcr0_mask & XCR0_AVX512) {
		ebx |= LEAF7_EBX_AVX512;
		ecx |= LEAF7_ECX_AVX512;
		edx |= LEAF7_EDX_AVX512;
		eax1 |= LEAF71_EAX_AVX512;
	}
	leaf7[0][EAX] = leaf7[0][EAX] != 0;
	leaf7[0][EBX] &= ebx;
	leaf7[0][ECX] &= ecx;
	leaf7[0][EDX] &= edx;
	leaf7[1][EAX] &= eax1;
	leaf7[1][EBX] = leaf7[1][ECX] = leaf7[1][EDX] = 0;
}

/* Where each component lies; sizes by the vCPU's XCR0 are reckoned later. */
static void init_leaf_d(void)
{
	unsigned int i;

	if (!guest_xcr0_mask)
		return;
	copy_leaf(leaf_d[1], 0xd, 1);
	leaf_d[1][EAX] &= LEAF_D1_EAX;
	leaf_d[1][EBX] = leaf_d[1][ECX] = leaf_d[1][EDX] = 0;
	for (i = 2; i < NR_XSAVE; i++)
		if (guest_xcr0_mask >> i & 1) {
			copy_leaf(leaf_d[i], 0xd, i);
			leaf_d[i][ECX] &= F(1);
			leaf_d[i][EDX] = 0;
		}
}

static void init_ext(void)
{
	unsigned int i;
	uint32_t r[4], ecx = EXT1_ECX, edx = EXT1_EDX;

	cpuid_count(0x80000000, 0, r);
	if (r[EAX] < 0x80000000)
		return;
	max_ext = MIN(r[EAX] & 0x7fffffff, NR_EXT - 1U);
	for (i = 0; i <= max_ext; i++)
		if (i <= 8 || i == 0x19 || i == 0x1a || i == 0x21)
			copy_leaf(ext[i], 0x80000000 | i, 0);
	ext[0][EAX] = 0x80000000 | max_ext;
	if (!(guest_xcr0_mask & XCR0_AVX))
		ecx &= ~EXT1_ECX_AVX;
	if (vendor_is_amd())
		edx |= EXT1_EDX_COMMON & LEAF1_EDX;
	ext[1][ECX] &= ecx;
	ext[1][EDX] &= edx;
	cpu_has_tsc_aux = ext[1][EDX] & EXT1_EDX_RDTSCP;
	ext[7][EAX] = ext[7][EBX] = ext[7][ECX] = 0;
	ext[7][EDX] &= EXT7_EDX;
	/* Address widths; 48 bits of virtual address, whatever there is. */
	ext[8][EAX] = (ext[8][EAX] & 0xff) | 48 << 8;
	ext[8][EBX] &= EXT8_EBX;
	ext[8][ECX] = ext[8][EDX] = 0;
	ext[0x21][EAX] &= EXT21_EAX;
	ext[0x21][EBX] = ext[0x21][ECX] = ext[0x21][EDX] = 0;
}

static void limit_addresses(void)
{
	uint32_t r[4] = { 36 };

	cpuid_count(0x80000000, 0, r);
	if (r[EAX] < 0x80000008)
		return;
	cpuid_count(0x80000008, 0, r);
	domain_iomem_limit(MIN(MAX(r[EAX] & 0xff, 36u), 52u));
}

void cpuid_init(void)
{
	copy_leaf(basic[0], 0, 0);
	max_basic = basic[0][EAX];
	find_xcr0();
	init_leaf1();
	if (!vendor_is_amd() && max_basic >= 2)
		copy_leaf(basic[2], 2, 0);
	init_leaf4();
	init_leaf7();
	init_leaf_d();
	init_ext();
	limit_addresses();
	max_basic = MIN(max_basic, NR_BASIC - 1U);
	basic[0][EAX] = max_basic;
	msr_init();
}

/* ---- leaf 0xd ------------------------------------------------------------ */

#define XSAVE_FIXED 576		/* x87, SSE and the header */

static uint32_t xsave_size(uint64_t xcr0)
{
	uint32_t size = XSAVE_FIXED, i;

	for (i = 2; i < NR_XSAVE; i++)
		if (xcr0 >> i & 1)
			size = MAX(size, leaf_d[i][EAX] + leaf_d[i][EBX]);
	return size;
}

static uint32_t xsavec_size(uint64_t xcr0)
{
	uint32_t size = XSAVE_FIXED, i;

	for (i = 2; i < NR_XSAVE; i++)
		if (xcr0 >> i & 1) {
			if (leaf_d[i][ECX] & F(1))
				size = ROUND_UP(size, 64U);
			size += leaf_d[i][EAX];
		}
	return size;
}

static void xsave_leaf(const struct vcpu *v, uint32_t sub, uint32_t out[4])
{
	if (sub < NR_XSAVE && guest_xcr0_mask)
		__builtin_memcpy(out, leaf_d[sub], 16);
	else
		__builtin_memset(out, 0, 16);
	if (!guest_xcr0_mask)
		return;
	if (sub == 0) {
		out[EAX] = (uint32_t)guest_xcr0_mask;
		out[EBX] = xsave_size(v->xcr0);
		out[ECX] = xsave_size(guest_xcr0_mask);
		out[EDX] = 0;
	} else if (sub == 1 && (out[EAX] & F(1))) {
		out[EBX] = xsavec_size(v->xcr0);
	}
}

/* ---- the hypervisor's leaves --------------------------------------------- */

/* ticks -> ns: (ticks << shift) * mul >> 32, shift negative: to the right. */
static void time_scale(uint32_t *mul, uint32_t *shift)
{
	uint64_t khz = tsc_khz;
	int s = 0;

	if (!khz) {
		*mul = *shift = 0;
		return;
	}
	for (; khz > 2000000; s--)
		khz >>= 1;
	for (; khz <= 1000000; s++)
		khz <<= 1;
	*mul = (uint32_t)((1000000UL << 32) / khz);
	*shift = (uint32_t)s;
}

static void time_leaf(uint32_t sub, uint32_t out[4])
{
	switch (sub) {
	case 0:
		out[EAX] = (tsc_reliable ? F(1) : 0) |
			   (cpu_has_tsc_aux ? F(2) : 0);
		out[ECX] = (uint32_t)tsc_khz;
		break;
	case 1:
		time_scale(&out[ECX], &out[EDX]);
		break;
	case 2:
		out[EAX] = (uint32_t)tsc_khz;
		break;
	}
}

static void hypervisor_leaf(uint32_t n, uint32_t sub, uint32_t out[4])
{
	out[EAX] = out[EBX] = out[ECX] = out[EDX] = 0;
	switch (n) {
	case 0:
		out[EAX] = XEN_CPUID_LEAF(XEN_CPUID_MAX_NUM_LEAVES);
		out[EBX] = XEN_CPUID_SIGNATURE_EBX;
		out[ECX] = XEN_CPUID_SIGNATURE_ECX;
		out[EDX] = XEN_CPUID_SIGNATURE_EDX;
		break;
	case 1:
		out[EAX] = HVX_ABI_MAJOR << 16 | HVX_ABI_MINOR;
		break;
	case 2:
		out[EAX] = 1;		/* hypercall pages */
		out[EBX] = XEN_CPUID_FIRST_LEAF;
		out[ECX] = XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD;
		break;
	case 3:
		time_leaf(sub, out);
		break;
	case 5:
		if (sub == 0)
			out[EBX] = ext[8][EAX] & 0xff;
		break;
	}
}

/* ---- the policy ---------------------------------------------------------- */

static const uint32_t *static_leaf(uint32_t leaf, uint32_t sub)
{
	static const uint32_t none[4];

	if (leaf >> 31) {
		leaf &= 0x7fffffff;
		return leaf <= max_ext ? ext[leaf] : none;
	}
	if (leaf > max_basic)
		return none;
	switch (leaf) {
	case 4:
		return sub < ARRAY_SIZE(leaf4) ? leaf4[sub] : none;
	case 7:
		return sub < ARRAY_SIZE(leaf7) ? leaf7[sub] : none;
	default:
		return basic[leaf];
	}
}

void cpuid_policy(struct vcpu *v, uint32_t leaf, uint32_t sub, uint32_t out[4])
{
	if (leaf >> 16 == XEN_CPUID_FIRST_LEAF >> 16) {
		hypervisor_leaf(leaf - XEN_CPUID_FIRST_LEAF, sub, out);
		return;
	}
	if (leaf == 0xd) {
		xsave_leaf(v, sub, out);
		return;
	}
	__builtin_memcpy(out, static_leaf(leaf, sub), 16);
	if (leaf == 1 && (v->pv.cr4 & CR4_OSXSAVE))
		out[ECX] |= LEAF1_ECX_OSXSAVE;
}
