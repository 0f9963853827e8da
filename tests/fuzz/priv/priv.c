/*
 * Privileged instructions: any bytes, at any distance from the end of the
 * page, with any registers, in either mode.  Refused: nothing has changed.
 * Done: rip stands after the instruction, or on it with a fault injected or
 * more to do.  Only the guest's one page is ever touched.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../host/machine.h"
#include "../../../xen-core/interp/private.h"
#include <hvx/cpu.h>
#include <hvx/fpu.h>
#include <hvx/layout.h>
#include <hvx/traps.h>

#define PAGE_VA 0x7f0000000000UL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

uint64_t guest_xcr0_mask = 7, core_cr4 = 0x140000;
static uint8_t page[PAGE_SIZE];
static unsigned int injected;

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* ---- the guest's memory: one page ------------------------------------------- */

static uint8_t *at(gva_t va, unsigned long n)
{
	if (va < PAGE_VA || va >= PAGE_VA + PAGE_SIZE ||
	    n > PAGE_VA + PAGE_SIZE - va)
		return NULL;
	return page + (va - PAGE_VA);
}

unsigned long machine_copy_from_guest(void *to, gva_t from, unsigned long n)
{
	uint8_t *p = at(from, n);

	if (!p)
		return n;
	memcpy(to, p, n);
	return 0;
}

unsigned long machine_copy_to_guest(gva_t to, const void *from, unsigned long n)
{
	uint8_t *p = at(to, n);

	if (!p)
		return n;
	memcpy(p, from, n);
	return 0;
}

/* ---- the rest of the core ------------------------------------------------------ */

int msr_read(struct vcpu *v, uint32_t msr, uint64_t *val)
{
	must(v->pv.kernel_mode);
	*val = 0x1234567890abcdef;
	return msr & 1 ? -EPERM : 0;
}

int msr_write(struct vcpu *v, uint32_t msr, uint64_t val)
{
	(void)val;
	must(v->pv.kernel_mode);
	return msr & 1 ? -EPERM : 0;
}

void cpuid_policy(struct vcpu *v, uint32_t leaf, uint32_t sub, uint32_t out[4])
{
	(void)v;
	out[0] = out[1] = leaf;
	out[2] = out[3] = sub;
}

bool ioport_iopl_ok(const struct vcpu *v)
{
	return v->pv.iopl >= (v->pv.kernel_mode ? 1 : 3);
}

bool ioport_may_try(struct vcpu *v, unsigned int port, unsigned int width)
{
	return port + width <= 65536 && ioport_iopl_ok(v);
}

uint32_t ioport_read(struct domain *d, unsigned int port, unsigned int width)
{
	(void)d;
	must(port + width <= 65536 && width <= 4);
	return ~0U;
}

void ioport_write(struct domain *d, unsigned int port, unsigned int width,
		  uint32_t val)
{
	(void)d, (void)val;
	must(port + width <= 65536 && width <= 4);
}

void fpu_set_ts(struct vcpu *v, bool ts)
{
	must(v->pv.kernel_mode);
	v->pv.ts = ts;
}

void fpu_set_xcr0(struct vcpu *v, uint64_t xcr0)
{
	must(v->pv.kernel_mode && (xcr0 & 1) && !(xcr0 & ~guest_xcr0_mask));
	v->xcr0 = xcr0;
}

void fpu_load_cr4(struct vcpu *v)
{
	must((vcpu_hw_cr4(v) & ~(CR4_TSD | CR4_DE)) == core_cr4);
}

void debug_regs_set(struct vcpu *v, unsigned int reg, uint64_t value)
{
	must(v->pv.kernel_mode);
	must(reg < 4 || reg == 6 || reg == 7);
	must(reg >= 4 || guest_addr_ok(value));
	must(reg != 7 || !(value & 0x2000));
	v->pv.dr[reg] = value;
}

bool guest_addr_ok(uint64_t a)
{
	return is_canonical(a) &&
	       (a < HYPERVISOR_VIRT_START || a >= HYPERVISOR_VIRT_END);
}

void pv_inject_trap(struct vcpu *v, unsigned int vector, uint32_t error_code)
{
	(void)v, (void)vector, (void)error_code;
	injected++;
}

void pv_inject_gp(struct vcpu *v, uint32_t error_code)
{
	pv_inject_trap(v, TRAP_GP, error_code);
}

void pv_inject_page_fault(struct vcpu *v, gva_t va, uint32_t error_code)
{
	(void)va;
	pv_inject_trap(v, TRAP_PF, error_code);
}

int ptval_finish_old_slow(__maybe_unused struct vcpu *v)
{
	return 0;
}

int pv_new_base(struct vcpu *v, mfn_t mfn, bool user)
{
	must(v->pv.kernel_mode && !user);
	return mfn_x(mfn) & 1 ? -EINVAL : mfn_x(mfn) & 2 ? -ERESTART : 0;
}

/* ---- one run -------------------------------------------------------------------- */

static struct domain *d;
static struct vcpu *v;

static void fresh(void)
{
	if (!d) {
		host_reset(1);
		host.quiet = true;
		d = host_make_domain(1, 1);
		v = host_make_vcpu(d, 0);
		v->pv.old_table = INVALID_MFN;
	}
	memset(v->pv.dr, 0, sizeof(v->pv.dr));
	v->pv.ts = false;
	v->pv.cr0 = CR0_GUEST_FIXED;
	v->pv.cr4 = pv_guest_cr4(CR4_OSXSAVE);
	v->xcr0 = 1;
	injected = 0;
}

/* Registers: some point into the page, some are the input's, some odd. */
static void fill_regs(struct cpu_regs *r, uint8_t seed, uint64_t word)
{
	static const uint64_t odd[] = { 0, ~0UL, HYPERVISOR_VIRT_START,
					0x800000000000, 3, 1UL << 63 };

	memset(r, 0, sizeof(*r));
	for (unsigned int i = 0; i < 16; i++, seed = (uint8_t)(seed * 29 + 7)) {
		uint64_t *g = insn_gpr(r, i);

		if (seed & 1)
			*g = PAGE_VA + (seed << 4) + (word & 7);
		else if (seed & 2)
			*g = word;
		else
			*g = odd[seed % ARRAY_SIZE(odd)];
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cpu_regs before;
	uint64_t word;
	size_t n, from;
	bool done;

	if (size < 12 || size > 12 + 32)
		return 0;
	fresh();
	memcpy(&word, data + 2, sizeof(word));
	fill_regs(&v->regs, data[0], word);
	v->pv.kernel_mode = data[1] & 1;
	v->pv.iopl = data[1] >> 1 & 3;
	n = size - 12;
	from = data[1] & 8 ? PAGE_SIZE - n : 0x800;
	memset(page, data[10], sizeof(page));
	memcpy(page + from, data + 12, n);
	v->regs.rip = PAGE_VA + from;
	v->regs.cs = data[11] & 1 ? SEL_GUEST_CS64 : data[11];
	v->regs.rflags = FLAG_IF | 2 | (data[11] & 2 ? FLAG_DF : 0) |
			 (data[11] & 4 ? FLAG_TF : 0);
	before = v->regs;

	done = data[11] & 8 ? interp_forced(v, &v->regs) :
			      interp_privileged(v, &v->regs);
	if (!done) {
		must(!memcmp(&before, &v->regs, sizeof(before)));
		must(!injected);
		return 0;
	}
	must(v->regs.rip - before.rip <= INSN_MAX);
	must(v->regs.cs == before.cs && v->regs.ss == before.ss);
	must(!((v->regs.rflags ^ before.rflags) & ~(uint64_t)FLAG_RF));
	must(injected <= 1);
	return 0;
}
