/*
 * Control and debug registers as a guest sees them.
 *
 * Of CR0 a guest has TS alone; of CR4 TSD, DE and OSXSAVE.  What else it
 * reads there is what is true for it, and doesn't change.  CR3 holds a
 * machine frame, as the ABI has it.
 */
#include "private.h"

#include <hvx/console.h>
#include <hvx/cpu.h>
#include <hvx/domain.h>
#include <hvx/fpu.h>
#include <hvx/pv.h>

#define CR0_TS	    0x00000008UL

/* What it may choose; what is true for every guest. */
#define CR4_GUEST	(CR4_TSD | CR4_DE | CR4_OSXSAVE)
#define CR4_GUEST_FIXED (CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT)

int cr_read(const struct vcpu *v, unsigned int cr, uint64_t *val)
{
	switch (cr) {
	case 0:
		*val = v->pv.cr0 | (v->pv.ts ? CR0_TS : 0);
		return 0;
	case 2:
		*val = v->pv.cr2_shadow;
		return 0;
	case 3:
		*val = xen_pfn_to_cr3(mfn_x(v->pv.kernel_base));
		return 0;
	case 4:
		*val = v->pv.cr4;
		return 0;
	default:
		return -EPERM;
	}
}

static int write_cr3_pv(struct vcpu *v, uint64_t val)
{
	int rc = ptval_finish_old(v);

	if (rc)
		return rc;
	return pv_new_base(v, _mfn(xen_cr3_to_pfn(val)), false);
}

static int write_cr4_pv(struct vcpu *v, uint64_t val)
{
	uint64_t old = v->pv.cr4;

	v->pv.cr4 = pv_guest_cr4(val);
	if (v->pv.cr4 != old)
		fpu_load_cr4(v);
	return 0;
}

int cr_write(struct vcpu *v, unsigned int cr, uint64_t val)
{
	switch (cr) {
	case 0:
		if ((val ^ v->pv.cr0) & ~CR0_TS)
			return -EPERM;
		fpu_set_ts(v, val & CR0_TS);
		return 0;
	case 2:
		v->pv.cr2_shadow = val;
		v->info->arch.cr2 = val;
		return 0;
	case 3:
		return write_cr3_pv(v, val);
	case 4:
		return write_cr4_pv(v, val);
	default:
		return -EPERM;
	}
}

uint64_t pv_guest_cr4(uint64_t wanted)
{
	uint64_t may = CR4_GUEST;

	if (!guest_xcr0_mask)
		may &= ~CR4_OSXSAVE;
	return (wanted & may) | CR4_GUEST_FIXED;
}

uint64_t vcpu_hw_cr4(const struct vcpu *v)
{
	return core_cr4 | (v->pv.cr4 & (CR4_TSD | CR4_DE));
}

/* ---- XCR0 ---------------------------------------------------------------- */

#define XCR0_X87    0x01UL
#define XCR0_SSE    0x02UL
#define XCR0_AVX    0x04UL
#define XCR0_AVX512 0xe0UL

static bool xcr0_ok(uint64_t x)
{
	if (!(x & XCR0_X87) || (x & ~guest_xcr0_mask))
		return false;
	if ((x & XCR0_AVX) && !(x & XCR0_SSE))
		return false;
	if ((x & XCR0_AVX512) &&
	    ((x & XCR0_AVX512) != XCR0_AVX512 || !(x & XCR0_AVX)))
		return false;
	return true;
}

int xcr_write(struct vcpu *v, unsigned int xcr, uint64_t val)
{
	if (xcr != 0 || !(v->pv.cr4 & CR4_OSXSAVE) || !xcr0_ok(val))
		return -EPERM;
	fpu_set_xcr0(v, val);
	return 0;
}

/* ---- debug registers ----------------------------------------------------- */

#define DR6_FIXED     0xffff0ff0UL
#define DR6_CLEAR     0x00001000UL
#define DR7_FIXED     0x00000400UL
#define DR7_CLEAR     0x0000d800UL	/* reserved, and not GD */
#define DR7_GD	      0x00002000UL
#define DR7_RW_WRITE  1
#define DR7_RW_IO     2

bool vcpu_has_debugreg(const struct vcpu *v, unsigned int reg)
{
	if (reg == 4 || reg == 5)
		return !(v->pv.cr4 & CR4_DE);
	return reg < 8;
}

static unsigned int true_number(unsigned int reg)
{
	return reg == 4 || reg == 5 ? reg + 2 : reg;
}

/* No port breakpoints, no execute breakpoint of more than one byte. */
static bool dr7_ok(uint64_t dr7)
{
	unsigned int i;

	if (dr7 >> 32 || (dr7 & DR7_GD))
		return false;
	for (i = 0; i < 4; i++) {
		unsigned int rw = dr7 >> (16 + 4 * i) & 3;
		unsigned int len = dr7 >> (18 + 4 * i) & 3;

		if (!(dr7 >> (2 * i) & 3))
			continue;
		if (rw == DR7_RW_IO || (rw == 0 && len != 0))
			return false;
	}
	return true;
}

int vcpu_set_debugreg(struct vcpu *v, unsigned int reg, uint64_t value)
{
	if (!vcpu_has_debugreg(v, reg))
		return -ENODEV;
	reg = true_number(reg);
	switch (reg) {
	case 6:
		if (value >> 32)
			return -EPERM;
		value = (value & ~DR6_CLEAR) | DR6_FIXED;
		break;
	case 7:
		if (!dr7_ok(value))
			return -EPERM;
		value = (value & ~DR7_CLEAR) | DR7_FIXED;
		break;
	default:
		/* Never an address of the core's. */
		if (!guest_addr_ok(value))
			return -EPERM;
		break;
	}
	debug_regs_set(v, reg, value);
	return 0;
}

uint64_t vcpu_get_debugreg(struct vcpu *v, unsigned int reg)
{
	return vcpu_has_debugreg(v, reg) ? v->pv.dr[true_number(reg)] : 0;
}
