/*
 * FPU and debug registers of vCPUs.  The FPU is switched eagerly: when a vCPU
 * leaves a processor its state is saved, when the next enters its own is
 * loaded, so that nothing of one is ever there for another to find.
 *
 * The core itself uses no FPU instructions.
 */
#include <hvx/fpu.h>

#include <asm/cpu.h>
#include <asm/fpu.h>
#include <asm/seg.h>
#include <hvx/console.h>
#include <hvx/domain.h>
#include <hvx/interp.h>
#include <hvx/pcpu.h>
#include <hvx/string.h>

/* x87, SSE, AVX, and the three of AVX-512. */
#define XCR0_OFFERED	 0xe7UL
#define CPUID1_ECX_XSAVE (1u << 26)
#define CPUIDD1_XSAVEOPT 1u
#define CR0_TS		 0x8UL
#define CR4_OSFXSR	 0x600UL	/* and OSXMMEXCPT */
#define CR4_OSXSAVE	 0x40000UL
#define DR7_IDLE	 0x400UL
#define DR7_ENABLES	 0xffUL

#define FX_FCW	 0
#define FX_MXCSR 24
#define XS_BV	 512

static bool has_xsave, has_xsaveopt;
static uint64_t host_xcr0;
static uint32_t area_size = 512;

void fpu_init(void)
{
	uint32_t r[4];

	cpuid_count(1, 0, r);
	if (!(r[2] & CPUID1_ECX_XSAVE))
		return;
	has_xsave = true;
	cpuid_count(0xd, 0, r);
	host_xcr0 = ((uint64_t)r[3] << 32 | r[0]) & XCR0_OFFERED;
	cpuid_count(0xd, 1, r);
	has_xsaveopt = r[0] & CPUIDD1_XSAVEOPT;
}

void fpu_init_cpu(void)
{
	uint32_t r[4];

	write_cr4(read_cr4() | CR4_OSFXSR | (has_xsave ? CR4_OSXSAVE : 0));
	this_pcpu()->cr4 = read_cr4();
	clts();
	msr_init_cpu();
	if (!has_xsave)
		return;
	xsetbv(0, host_xcr0);
	cpuid_count(0xd, 0, r);
	area_size = r[1];
	if (area_size > PAGE_SIZE)
		panic("FPU state of %u bytes is more than a page\n", area_size);
}

static void area_reset(void *area)
{
	uint16_t fcw = 0x37f;
	uint32_t mxcsr = 0x1f80;

	memset(area, 0, area_size);
	memcpy((char *)area + FX_FCW, &fcw, sizeof(fcw));
	memcpy((char *)area + FX_MXCSR, &mxcsr, sizeof(mxcsr));
}

int fpu_init_vcpu(struct vcpu *v)
{
	v->xsave = page_alloc();
	if (!v->xsave)
		return -ENOMEM;
	v->xcr0 = has_xsave ? 1 : 0;
	area_reset(v->xsave);
	return 0;
}

void fpu_free_vcpu(struct vcpu *v)
{
	if (v->xsave)
		page_free(v->xsave);
	v->xsave = NULL;
}

/* A legacy image that a guest's context brings. */
void fpu_set_legacy(struct vcpu *v, const void *fxsave)
{
	uint32_t mxcsr;
	uint64_t bv = 3;

	area_reset(v->xsave);
	memcpy(v->xsave, fxsave, 416);
	memcpy(&mxcsr, (const char *)fxsave + FX_MXCSR, sizeof(mxcsr));
	mxcsr &= 0xffbf;
	memcpy((char *)v->xsave + FX_MXCSR, &mxcsr, sizeof(mxcsr));
	if (has_xsave)
		memcpy((char *)v->xsave + XS_BV, &bv, sizeof(bv));
}

void fpu_get_legacy(struct vcpu *v, void *fxsave)
{
	memset(fxsave, 0, 512);
	memcpy(fxsave, v->xsave, 416);
}

static void use_xcr0(uint64_t xcr0)
{
	if (xcr0 != host_xcr0)
		xsetbv(0, xcr0);
}

void fpu_save(struct vcpu *v)
{
	if (v->pv.ts)
		clts();
	if (!has_xsave) {
		fxsave64(v->xsave);
		return;
	}
	if (v->xcr0 != host_xcr0)
		xsetbv(0, host_xcr0);
	if (has_xsaveopt)
		xsaveopt64(v->xsave, host_xcr0);
	else
		xsave64(v->xsave, host_xcr0);
}

void fpu_restore(struct vcpu *v)
{
	static const uint32_t zero;
	bool ok;

	/* Some processors keep the last x87 pointers across a restore. */
	x87_clear_pointers(&zero);
	ok = has_xsave ? xrstor64(v->xsave, host_xcr0) : fxrstor64(v->xsave);
	if (unlikely(!ok)) {
		area_reset(v->xsave);
		if (has_xsave)
			(void)xrstor64(v->xsave, host_xcr0);
		else
			(void)fxrstor64(v->xsave);
	}
	if (has_xsave)
		use_xcr0(v->xcr0);
	if (v->pv.ts)
		write_cr0(read_cr0() | CR0_TS);
}

/* The guest's XSETBV, checked by the interpreter: in force at once. */
void fpu_set_xcr0(struct vcpu *v, uint64_t xcr0)
{
	v->xcr0 = xcr0;
	xsetbv(0, xcr0);
}

void fpu_set_ts(struct vcpu *v, bool ts)
{
	v->pv.ts = ts;
	if (ts)
		write_cr0(read_cr0() | CR0_TS);
	else
		clts();
}

void fpu_load_cr4(struct vcpu *v)
{
	uint64_t cr4 = vcpu_hw_cr4(v);

	if (v->pcpu->cr4 == cr4)
		return;
	v->pcpu->cr4 = cr4;
	write_cr4(cr4);
}

void debug_regs_load(struct vcpu *v)
{
	if (likely(!(v->pv.dr[7] & DR7_ENABLES)))
		return;
	write_dr0(v->pv.dr[0]);
	write_dr1(v->pv.dr[1]);
	write_dr2(v->pv.dr[2]);
	write_dr3(v->pv.dr[3]);
	write_dr7(v->pv.dr[7] | DR7_IDLE);
}

void debug_regs_unload(struct vcpu *v)
{
	if (unlikely(v->pv.dr[7] & DR7_ENABLES))
		write_dr7(DR7_IDLE);
}

void debug_regs_set(struct vcpu *v, unsigned int reg, uint64_t value)
{
	bool here = this_pcpu()->current == v;

	if (here)
		debug_regs_unload(v);
	v->pv.dr[reg & 7] = value;
	if (here)
		debug_regs_load(v);
}
