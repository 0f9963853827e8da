/*
 * Model-specific registers of guests.
 *
 * A short list is real (segment bases, TSC_AUX); another answers what is true
 * for a PV guest; another is read as zero and ignores writes, because stock
 * kernels look there without asking whether it exists.  All else is #GP.
 * Nothing that a guest writes reaches a register that isn't its vCPU's own.
 */
#include "private.h"

#include <asm/cpu.h>
#include <asm/msr.h>
#include <hvx/domain.h>
#include <hvx/pcpu.h>
#include <hvx/pv.h>
#include <hvx/time.h>

#define MSR_PLATFORM_ID	  0x00000017
#define MSR_BIOS_SIGN	  0x0000008b
#define MSR_PLATFORM_INFO 0x000000ce
#define MSR_MCG_CAP	  0x00000179
#define MSR_MCG_STATUS	  0x0000017a
#define MSR_MCG_CTL	  0x0000017b
#define MSR_MISC_ENABLE	  0x000001a0
#define MSR_DEBUGCTL	  0x000001d9
#define MSR_MC0_CTL	  0x00000400
#define MSR_K7_EVNTSEL0	  0xc0010000
#define MSR_K7_PERFCTR3	  0xc0010007
#define MSR_SYSCFG	  0xc0010010
#define MSR_HWCR	  0xc0010015
#define MSR_NB_CFG	  0xc001001f
#define MSR_INT_PENDING	  0xc0010055
#define MSR_DE_CFG	  0xc0011029

#define EFER_GUEST	  0xd01UL	/* SCE LME LMA NXE */
#define PAT_GUEST	  0x0000050100070406UL
#define APIC_BASE_GUEST	  0xfee00800UL
#define APIC_BASE_BSP	  0x100UL
#define HWCR_TSC_FREQ_SEL BIT(24)
#define DE_CFG_LFENCE	  BIT(1)	/* LFENCE waits for what is before */
#define MISC_ENABLE_GUEST 0x1801UL	/* fast strings; no BTS, no PEBS */
#define MC_BANKS	  2

static uint64_t microcode;
static bool is_amd;

void msr_init(void)
{
	uint32_t r[4];
	uint64_t val;

	cpuid_count(0, 0, r);
	is_amd = r[1] == 0x68747541 || r[1] == 0x6f677948;
	if (!is_amd)
		(void)wrmsr_safe(MSR_BIOS_SIGN, 0);
	cpuid_count(1, 0, r);
	if (rdmsr_safe(MSR_BIOS_SIGN, &val))
		microcode = val;
}

void msr_init_cpu(void)
{
	uint64_t val;

	if (is_amd && rdmsr_safe(MSR_DE_CFG, &val))
		(void)wrmsr_safe(MSR_DE_CFG, val | DE_CFG_LFENCE);
}

static int read_amd(uint32_t msr, uint64_t *val)
{
	*val = 0;
	if (!is_amd)
		return -EPERM;
	switch (msr) {
	case MSR_K7_EVNTSEL0 ... MSR_K7_PERFCTR3:
	case MSR_SYSCFG:
	case MSR_NB_CFG:
	case MSR_INT_PENDING:
		return 0;
	case MSR_HWCR:
		*val = HWCR_TSC_FREQ_SEL;
		return 0;
	case MSR_DE_CFG:
		*val = DE_CFG_LFENCE;
		return 0;
	default:
		return -EPERM;
	}
}

static int read_intel(uint32_t msr, uint64_t *val)
{
	*val = 0;
	if (is_amd)
		return -EPERM;
	switch (msr) {
	case MSR_PLATFORM_ID:
	case MSR_PLATFORM_INFO:
		return 0;
	case MSR_MISC_ENABLE:
		*val = MISC_ENABLE_GUEST;
		return 0;
	default:
		return -EPERM;
	}
}

static bool is_mc_bank(uint32_t msr)
{
	return msr - MSR_MC0_CTL < 4 * MC_BANKS;
}

static int read_other(const struct vcpu *v, uint32_t msr, uint64_t *val)
{
	switch (msr) {
	case MSR_TSC:
		*val = rdtsc();
		return 0;
	case MSR_APIC_BASE:
		*val = APIC_BASE_GUEST | (v->id ? 0 : APIC_BASE_BSP);
		return 0;
	case MSR_BIOS_SIGN:
		*val = microcode;
		return 0;
	case MSR_MCG_CAP:
		*val = MC_BANKS;
		return 0;
	case MSR_MCG_STATUS:
	case MSR_MCG_CTL:
	case MSR_DEBUGCTL:
		*val = 0;
		return 0;
	case MSR_PAT:
		*val = PAT_GUEST;
		return 0;
	case MSR_EFER:
		*val = EFER_GUEST;
		return 0;
	case MSR_TSC_AUX:
		*val = v->pv.tsc_aux;
		return 0;
	default:
		break;
	}
	if (is_mc_bank(msr)) {
		/* A control register with all on; nothing ever reported. */
		*val = (msr & 3) == 0 ? ~0UL : 0;
		return 0;
	}
	return msr >> 16 == 0xc001 ? read_amd(msr, val) : read_intel(msr, val);
}

/* The guest kernel runs: its GS base is in force, its user's in reserve. */
int msr_read(struct vcpu *v, uint32_t msr, uint64_t *val)
{
	switch (msr) {
	case MSR_KERNEL_GS_BASE:
	case MSR_GS_BASE:
	case MSR_FS_BASE:
		*val = rdmsr(msr);
		return 0;
	default:
		return read_other(v, msr, val);
	}
}

static int write_base(uint32_t msr, uint64_t val)
{
	if (!is_canonical(val))
		return -EPERM;
	wrmsr(msr, val);
	return 0;
}

static int write_tsc_aux(struct vcpu *v, uint64_t val)
{
	if (val >> 32)
		return -EPERM;
	v->pv.tsc_aux = val;
	msr_load_vcpu(v);
	return 0;
}

int msr_write(struct vcpu *v, uint32_t msr, uint64_t val)
{
	uint64_t old;

	switch (msr) {
	case MSR_FS_BASE:
	case MSR_GS_BASE:
	case MSR_KERNEL_GS_BASE:
		return write_base(msr, val);
	case MSR_TSC_AUX:
		return write_tsc_aux(v, val);
	case MSR_EFER:
	case MSR_PAT:
	case MSR_APIC_BASE:
	case MSR_MISC_ENABLE:
		/* Only what it holds. */
		return read_other(v, msr, &old) || old != val ? -EPERM : 0;
	case MSR_TSC:
		return 0;
	case MSR_BIOS_SIGN:
	case MSR_MCG_STATUS:
	case MSR_MCG_CTL:
	case MSR_DEBUGCTL:
		return 0;
	default:
		if (is_mc_bank(msr))
			return 0;
		return msr >> 16 == 0xc001 ? read_amd(msr, &old) : -EPERM;
	}
}

void msr_load_vcpu(const struct vcpu *v)
{
	struct pcpu *pc = v->pcpu;

	if (pc->tsc_aux == v->pv.tsc_aux || !cpu_has_tsc_aux)
		return;
	pc->tsc_aux = v->pv.tsc_aux;
	wrmsr(MSR_TSC_AUX, v->pv.tsc_aux);
}
