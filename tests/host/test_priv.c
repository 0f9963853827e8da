/*
 * Privileged instructions: each is put in a page that the guest "executes",
 * and must do to the registers what it says, go on after itself, or leave
 * everything as it was.  Page ends, prefixes, user mode, single steps; string
 * I/O in bounded pieces; control and debug registers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/mman.h>

#include "machine.h"
#include "xen-core/interp/private.h"
#include <hvx/cpu.h>
#include <hvx/fpu.h>
#include <hvx/layout.h>
#include <hvx/traps.h>

#define MSR_GOOD 0x123

static struct vcpu *v;
static struct domain *d;
static struct cpu_regs *r;
static uint8_t *page;		/* the page after it is never there */

/* ---- the rest of the core ------------------------------------------------- */

uint64_t guest_xcr0_mask = 0xe7, core_cr4 = 0x100000;
static uint64_t msr_value, new_base;
static int base_rc;
static unsigned int injected, fault_error, port_uses, dr_sets;
static gva_t fault_va;
static uint32_t last_out;
static unsigned int allowed_port = ~0U;

int msr_read(struct vcpu *w, uint32_t msr, uint64_t *val)
{
	(void)w;
	*val = msr_value;
	return msr == MSR_GOOD ? 0 : -EPERM;
}

int msr_write(struct vcpu *w, uint32_t msr, uint64_t val)
{
	(void)w;
	if (msr != MSR_GOOD)
		return -EPERM;
	msr_value = val;
	return 0;
}

void cpuid_policy(struct vcpu *w, uint32_t leaf, uint32_t sub, uint32_t out[4])
{
	(void)w;
	out[0] = leaf + 1;
	out[1] = sub + 2;
	out[2] = 3;
	out[3] = 4;
}

bool ioport_iopl_ok(const struct vcpu *w)
{
	return w->pv.iopl >= (w->pv.kernel_mode ? 1 : 3);
}

bool ioport_may_try(struct vcpu *w, unsigned int port, unsigned int width)
{
	(void)width;
	return ioport_iopl_ok(w) || port == allowed_port;
}

uint32_t ioport_read(struct domain *dom, unsigned int port, unsigned int width)
{
	(void)dom, (void)width;
	port_uses++;
	return 0xa0b0c0d0 + port;
}

void ioport_write(struct domain *dom, unsigned int port, unsigned int width,
		  uint32_t val)
{
	(void)dom, (void)port, (void)width;
	port_uses++;
	last_out = val;
}

void fpu_set_ts(struct vcpu *w, bool ts)
{
	w->pv.ts = ts;
}

void fpu_set_xcr0(struct vcpu *w, uint64_t xcr0)
{
	w->xcr0 = xcr0;
}

void fpu_load_cr4(__maybe_unused struct vcpu *w)
{
}

void debug_regs_set(struct vcpu *w, unsigned int reg, uint64_t value)
{
	dr_sets++;
	w->pv.dr[reg] = value;
}

bool guest_addr_ok(uint64_t a)
{
	return is_canonical(a) &&
	       (a < HYPERVISOR_VIRT_START || a >= HYPERVISOR_VIRT_END);
}

void pv_inject_trap(struct vcpu *w, unsigned int vector, uint32_t error_code)
{
	(void)w;
	injected = 100 + vector;
	fault_error = error_code;
}

void pv_inject_gp(struct vcpu *w, uint32_t error_code)
{
	pv_inject_trap(w, TRAP_GP, error_code);
}

void pv_inject_page_fault(struct vcpu *w, gva_t va, uint32_t error_code)
{
	pv_inject_trap(w, TRAP_PF, error_code);
	fault_va = va;
}

int ptval_finish_old_slow(__maybe_unused struct vcpu *w)
{
	return 0;
}

int pv_new_base(struct vcpu *w, mfn_t mfn, bool user)
{
	(void)w;
	assert_false(user);
	if (!base_rc)
		new_base = mfn_x(mfn);
	return base_rc;
}

/* ---- help ------------------------------------------------------------------- */

static int set_up(__maybe_unused void **state)
{
	host_reset(1);
	host.quiet = true;
	d = host_make_domain(1, 1);
	v = host_make_vcpu(d, 0);
	r = &v->regs;
	v->pv.kernel_mode = true;
	v->pv.iopl = 1;
	v->pv.old_table = INVALID_MFN;
	v->pv.cr0 = CR0_GUEST_FIXED;
	v->pv.cr4 = pv_guest_cr4(CR4_OSXSAVE);
	v->xcr0 = 1;
	injected = port_uses = dr_sets = 0;
	base_rc = 0;
	page = mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	host.forbidden_from = (gva_t)page + PAGE_SIZE;
	host.forbidden_to = (gva_t)page + 2 * PAGE_SIZE;
	return 0;
}

static int tear_down(__maybe_unused void **state)
{
	munmap(page, 2 * PAGE_SIZE);
	host_free_domain(d);
	return 0;
}

static void place(const void *code, size_t n, size_t at)
{
	memset(page, 0x90, PAGE_SIZE);
	memcpy(page + at, code, n);
	r->rip = (gva_t)page + at;
	r->cs = SEL_GUEST_CS64;
	r->rflags = FLAG_IF | FLAG_RF | 2;
}

/* Runs it in mid-page: true if it was done and rip stands after it. */
static bool runs(const char *code, size_t n)
{
	gva_t after;

	place(code, n, 0x100);
	after = r->rip + n;
	if (!interp_privileged(v, r)) {
		assert_int_equal(r->rip, after - n);
		return false;
	}
	assert_int_equal(r->rip, after);
	assert_false(r->rflags & FLAG_RF);
	return true;
}

#define RUNS(code) runs(code, sizeof(code) - 1)

/* ---- tests -------------------------------------------------------------------- */

static void msrs(__maybe_unused void **state)
{
	msr_value = 0x1122334455667788;
	r->rcx = 0xffffffff00000000 | MSR_GOOD;
	r->rax = r->rdx = ~0UL;
	assert_true(RUNS("\x0f\x32"));
	assert_int_equal(r->rax, 0x55667788);
	assert_int_equal(r->rdx, 0x11223344);
	r->rax = 0xdead00000001;
	r->rdx = 0xdead00000002;
	assert_true(RUNS("\x0f\x30"));
	assert_int_equal(msr_value, 0x200000001);
	r->rcx = 7;
	assert_false(RUNS("\x0f\x32"));
	assert_false(RUNS("\x0f\x30"));
	assert_int_equal(r->rax, 0xdead00000001);
}

static void user_mode_has_ports_only(__maybe_unused void **state)
{
	v->pv.kernel_mode = false;
	r->rcx = MSR_GOOD;
	assert_false(RUNS("\x0f\x32"));
	assert_false(RUNS("\x0f\x30"));
	assert_false(RUNS("\x0f\x20\xc0"));
	assert_false(RUNS("\x0f\x22\xd8"));
	assert_false(RUNS("\x0f\x23\xc0"));
	assert_false(RUNS("\x0f\x06"));
	assert_false(RUNS("\x0f\x09"));
	assert_false(RUNS("\xf4"));
	assert_false(RUNS("\xfa"));
	assert_false(RUNS("\x0f\x01\xd1"));
	assert_false(RUNS("\x0f\x01\x38"));
	r->rdx = 0x80;
	assert_false(RUNS("\xec"));
	allowed_port = 0x80;
	assert_true(RUNS("\xec"));
	allowed_port = ~0U;
	v->pv.iopl = 3;
	assert_true(RUNS("\xfa"));
	assert_true(RUNS("\xe6\x80"));
	assert_false(RUNS("\xf4"));
}

static void what_is_not_ours_is_refused(__maybe_unused void **state)
{
	r->rcx = MSR_GOOD;
	assert_false(RUNS("\xf0\x0f\x32"));	/* LOCK */
	assert_false(RUNS("\x0f\x33"));		/* RDPMC */
	assert_false(RUNS("\x0f\x01\xf8"));	/* SWAPGS */
	assert_false(RUNS("\x0f\x01\x10"));	/* LGDT */
	assert_false(RUNS("\x0f\x00\xd8"));	/* LTR */
	assert_false(RUNS("\x9d"));		/* POPF */
	assert_false(RUNS("\xcf"));		/* IRET */
	assert_false(RUNS("\x44\x0f\x20\xc0"));	/* MOV from CR8 */
	place("\x0f\x32", 2, 0x100);
	r->cs = SEL_GUEST_CS32;
	assert_false(interp_privileged(v, r));
	/* Its own code segment, 64-bit or not. */
	v->pv.gdt_ents = 8;
	v->pv.gdt_mfn[0] = host_give_frame(d);
	((uint64_t *)mfn_to_virt(v->pv.gdt_mfn[0]))[2] = 0x00affb000000ffff;
	((uint64_t *)mfn_to_virt(v->pv.gdt_mfn[0]))[3] = 0x00cffb000000ffff;
	r->cs = 0x1b;
	assert_false(interp_privileged(v, r));
	r->cs = 0x43;
	assert_false(interp_privileged(v, r));
	r->cs = 0x17;
	assert_false(interp_privileged(v, r));
	r->cs = 0x13;
	assert_true(interp_privileged(v, r));
}

static void the_end_of_a_page(__maybe_unused void **state)
{
	place("\xfa", 1, PAGE_SIZE - 1);
	assert_true(interp_privileged(v, r));
	place("\x0f\x20\xc0", 3, PAGE_SIZE - 3);
	assert_true(interp_privileged(v, r));
	place("\x0f\x20", 2, PAGE_SIZE - 2);
	assert_false(interp_privileged(v, r));
	place("\x0f\x0bxen\x0f\xa2", 7, PAGE_SIZE - 7);
	assert_true(interp_forced(v, r));
	place("\x0f\x0bxen\x0f", 6, PAGE_SIZE - 6);
	assert_false(interp_forced(v, r));
	host.forbidden_from = host.forbidden_to = 0;
	place("\x0f\x20", 2, PAGE_SIZE - 2);
	page[PAGE_SIZE] = 0xc0;
	assert_true(interp_privileged(v, r));
}

static void forced_cpuid(__maybe_unused void **state)
{
	place("\x0f\x0bxen\x0f\xa2", 7, 0x20);
	r->rax = 0xffffffff00000005;
	r->rcx = 6;
	assert_true(interp_forced(v, r));
	assert_int_equal(r->rip, (gva_t)page + 0x27);
	assert_int_equal(r->rax, 6);
	assert_int_equal(r->rbx, 8);
	place("\x0f\x0bxem\x0f\xa2", 7, 0x20);
	assert_false(interp_forced(v, r));
	place("\x0f\x0bxen\x0f\xa3", 7, 0x20);
	assert_false(interp_forced(v, r));
}

static void a_single_step_is_told(__maybe_unused void **state)
{
	place("\x0f\x20\xc0", 3, 0);
	r->rflags |= FLAG_TF;
	assert_true(interp_privileged(v, r));
	assert_int_equal(injected, 100 + TRAP_DB);
	assert_int_equal(v->pv.dr[6] & 0x4000, 0x4000);
	assert_int_equal(r->rip, (gva_t)page + 3);
}

static void control_registers(__maybe_unused void **state)
{
	assert_true(RUNS("\x0f\x20\xc0"));
	assert_int_equal(r->rax, CR0_GUEST_FIXED);
	r->rax |= 8;
	assert_true(RUNS("\x0f\x22\xc0"));
	assert_true(v->pv.ts);
	assert_true(RUNS("\x0f\x20\xc1"));
	assert_int_equal(r->rcx, CR0_GUEST_FIXED | 8);
	assert_true(RUNS("\x0f\x06"));
	assert_false(v->pv.ts);
	r->rax = CR0_GUEST_FIXED & ~0x10000UL;	/* WP */
	assert_false(RUNS("\x0f\x22\xc0"));
	r->rax = CR0_GUEST_FIXED | 0x40000000;	/* CD */
	assert_false(RUNS("\x0f\x22\xc0"));
	r->rax = 0xffff;			/* LMSW: TS, no other */
	assert_false(RUNS("\x0f\x01\xf0"));
	r->rax = 0xb;
	assert_true(RUNS("\x0f\x01\xf0"));
	assert_true(v->pv.ts);

	r->rax = 0x5000 | 0x18;
	assert_true(RUNS("\x0f\x22\xd8"));
	assert_int_equal(new_base, 5);
	base_rc = -EINVAL;
	assert_false(RUNS("\x0f\x22\xd8"));
	base_rc = -ERESTART;
	place("\x0f\x22\xd8", 3, 0x100);
	assert_true(interp_privileged(v, r));
	assert_int_equal(r->rip, (gva_t)page + 0x100);

	r->rax = ~0UL;
	assert_true(RUNS("\x0f\x22\xe0"));
	assert_int_equal(vcpu_hw_cr4(v), core_cr4 | CR4_TSD | CR4_DE);
	r->rax = 0;
	assert_true(RUNS("\x0f\x22\xe0"));
	assert_int_equal(vcpu_hw_cr4(v), core_cr4);
	assert_true(RUNS("\x0f\x20\xe0"));
	assert_true(r->rax & CR4_PAE);
}

static void xcr0(__maybe_unused void **state)
{
	static const struct {
		uint64_t val;
		bool ok;
	} tries[] = {
		{ 1, true }, { 3, true }, { 7, true }, { 0xe7, true },
		{ 0, false }, { 2, false }, { 5, false }, { 0x27, false },
		{ 0xe3, false }, { 0x11, false }, { 1UL << 63 | 3, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tries); i++) {
		v->xcr0 = 1;
		r->rcx = 0;
		r->rax = tries[i].val;
		r->rdx = tries[i].val >> 32;
		assert_int_equal(RUNS("\x0f\x01\xd1"), tries[i].ok);
		assert_int_equal(v->xcr0, tries[i].ok ? tries[i].val : 1);
	}
	r->rcx = 1;
	r->rax = 3;
	assert_false(RUNS("\x0f\x01\xd1"));
	r->rcx = 0;
	v->pv.cr4 &= ~CR4_OSXSAVE;
	assert_false(RUNS("\x0f\x01\xd1"));
}

static void ports(__maybe_unused void **state)
{
	r->rdx = 0xffff00000042;
	r->rax = ~0UL;
	assert_true(RUNS("\xec"));
	assert_int_equal(r->rax, 0xffffffffffffff12);
	r->rax = ~0UL;
	assert_true(RUNS("\x66\xed"));
	assert_int_equal(r->rax, 0xffffffffffffc112);
	r->rax = ~0UL;
	assert_true(RUNS("\xed"));
	assert_int_equal(r->rax, 0xa0b0c112);
	r->rax = 0x12345678;
	assert_true(RUNS("\xe7\x10"));
	assert_int_equal(last_out, 0x12345678);
	v->pv.iopl = 0;
	port_uses = 0;
	assert_false(RUNS("\xec"));
	assert_false(RUNS("\x6c"));
	assert_int_equal(port_uses, 0);
}

static void string_io(__maybe_unused void **state)
{
	uint16_t *to = (uint16_t *)(page + 0x800);

	r->rdx = 0;
	r->rcx = 3;
	r->rdi = (gva_t)to;
	assert_true(RUNS("\xf3\x66\x6d"));
	assert_int_equal(r->rcx, 0);
	assert_int_equal(r->rdi, (gva_t)to + 6);
	assert_int_equal(to[2], 0xc0d0);
	assert_int_equal(to[3], 0x9090);
	r->rcx = 0;
	assert_true(RUNS("\xf3\x6c"));

	/* A long one in pieces: the guest comes back for the rest. */
	r->rcx = 1UL << 63;
	r->rsi = (gva_t)page;
	place("\xf3\x6e", 2, 0x100);
	assert_true(interp_privileged(v, r));
	assert_int_equal(r->rip, (gva_t)page + 0x100);
	assert_int_equal(r->rcx, (1UL << 63) - 64);
	assert_int_equal(r->rsi, (gva_t)page + 64);

	/* Backwards. */
	r->rdi = (gva_t)page + 0x900;
	place("\x6d", 1, 0x100);
	r->rflags |= FLAG_DF;
	assert_true(interp_privileged(v, r));
	assert_int_equal(r->rdi, (gva_t)page + 0x8fc);
}

static void string_io_faults(__maybe_unused void **state)
{
	/* The second element has no place: the port isn't read for it. */
	port_uses = 0;
	r->rcx = 5;
	r->rdi = (gva_t)page + PAGE_SIZE - 6;
	place("\xf3\x6d", 2, 0x100);
	assert_true(interp_privileged(v, r));
	assert_int_equal(injected, 100 + TRAP_PF);
	assert_int_equal(fault_va, (gva_t)page + PAGE_SIZE - 2);
	assert_int_equal(fault_error, PF_WRITE);
	assert_int_equal(port_uses, 1);
	assert_int_equal(r->rcx, 4);
	assert_int_equal(r->rip, (gva_t)page + 0x100);
	/* The core's addresses, and none at all. */
	injected = 0;
	r->rdi = HYPERVISOR_VIRT_START;
	place("\x6c", 1, 0x100);
	assert_true(interp_privileged(v, r));
	assert_int_equal(injected, 100 + TRAP_PF);
	r->rsi = 0x800000000000;
	place("\x6e", 1, 0x100);
	assert_true(interp_privileged(v, r));
	assert_int_equal(injected, 100 + TRAP_GP);
	assert_int_equal(port_uses, 1);
	/* By another segment: not run at all. */
	r->rsi = (gva_t)page;
	assert_false(RUNS("\x65\x6e"));
}

static void debug_registers(__maybe_unused void **state)
{
	r->rax = 0x1000;
	assert_true(RUNS("\x0f\x23\xc0"));
	assert_true(RUNS("\x0f\x21\xc1"));
	assert_int_equal(r->rcx, 0x1000);
	r->rax = HYPERVISOR_VIRT_START + 8;
	assert_false(RUNS("\x0f\x23\xc0"));
	r->rax = 0x800000000000;
	assert_false(RUNS("\x0f\x23\xd8"));
	assert_int_equal(dr_sets, 1);

	assert_int_equal(vcpu_set_debugreg(v, 7, 0x000d0001), 0);
	assert_int_equal(v->pv.dr[7], 0x000d0401);
	assert_int_equal(vcpu_set_debugreg(v, 7, 0x2000), -EPERM);	/* GD */
	assert_int_equal(vcpu_set_debugreg(v, 7, 1UL << 32), -EPERM);
	assert_int_equal(vcpu_set_debugreg(v, 7, 0x20001), -EPERM);	/* I/O */
	assert_int_equal(vcpu_set_debugreg(v, 7, 0x40001), -EPERM);
	assert_int_equal(vcpu_set_debugreg(v, 7, 0x20000), 0);	/* not on */
	assert_int_equal(vcpu_set_debugreg(v, 6, 1UL << 32), -EPERM);
	assert_int_equal(vcpu_set_debugreg(v, 6, 0), 0);
	assert_int_equal(v->pv.dr[6], 0xffff0ff0);
	assert_int_equal(vcpu_set_debugreg(v, 8, 0), -ENODEV);
	/* 5 is 7, unless DE is on. */
	assert_int_equal(vcpu_set_debugreg(v, 5, 0), 0);
	assert_int_equal(v->pv.dr[7], 0x400);
	v->pv.cr4 |= CR4_DE;
	assert_int_equal(vcpu_set_debugreg(v, 5, 0), -ENODEV);
	place("\x0f\x23\xe8", 3, 0);
	assert_true(interp_privileged(v, r));
	assert_int_equal(injected, 100 + TRAP_UD);
}

static void hlt_blocks(__maybe_unused void **state)
{
	v->info->evtchn_upcall_mask = 1;
	assert_true(RUNS("\xf4"));
	assert_int_equal(v->info->evtchn_upcall_mask, 0);
	/* CLI has no effect on events. */
	assert_true(RUNS("\xfa"));
	assert_int_equal(v->info->evtchn_upcall_mask, 0);
	v->pv.iopl = 0;
	assert_false(RUNS("\xfa"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(msrs),
		TEST(user_mode_has_ports_only),
		TEST(what_is_not_ours_is_refused),
		TEST(the_end_of_a_page),
		TEST(forced_cpuid),
		TEST(a_single_step_is_told),
		TEST(control_registers),
		TEST(xcr0),
		TEST(ports),
		TEST(string_io),
		TEST(string_io_faults),
		TEST(debug_registers),
		TEST(hlt_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
