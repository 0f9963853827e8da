/*
 * traps: what the guest kernel's own instructions raise, and what privileged
 * ones do.
 *
 * What must hold: an exception arrives at the registered handler with the
 * vector, error code, rip and cr2 that hardware would give a kernel; the
 * documented privileged instructions take their virtual effect; everything
 * else is #GP or #UD. A broken interpreter skips wrongly, acts on the real
 * register, or leaks its value; a broken bounce spoils the frame.
 */
#include <pv/cpu.h>
#include <pv/event.h>
#include <pv/hypercall.h>
#include <pv/insn.h>
#include <pv/mem.h>
#include <pv/report.h>
#include <pv/string.h>

#define UNMAPPED	0xffffff0000001000ul

static volatile unsigned int hits;
static struct regs seen;
static volatile bool seen_enabled;

static void hook(struct regs *regs)
{
	hits++;
	seen = *regs;
	seen_enabled = event_enabled();
}

static void check_fault(unsigned int vector, uint64_t error, const char *what)
{
	const struct fault *f = fault_last();

	check(fault_was(vector) && f->error == error,
	      "%s: vector %u error %lx", what, vector, error);
	if (!fault_was(vector) || f->error != error)
		note("%s came as %u faults, vector %u error %lx", what,
		     f->count, f->vector, f->error);
}

static void check_page_faults(void)
{
	void *page = page_alloc();

	fault_clear();
	try_read(UNMAPPED);
	check_fault(TRAP_PF, 0, "read of nothing");
	check(fault_last()->cr2 == UNMAPPED, "cr2 is the address");
	check(read_cr2() == UNMAPPED, "and MOV from CR2 gives it");
	fault_clear();
	try_write(UNMAPPED + 8, 1);
	check_fault(TRAP_PF, 2, "write to nothing");
	page_set_ro(page);
	fault_clear();
	try_write((unsigned long)page, 1);
	check_fault(TRAP_PF, 3, "write to a read-only page");
	map_va((unsigned long)page, va_pte(page, PTE_KERN | PTE_NX));
	memset(page, 0xc3, 16);
	fault_clear();
	trap_call((unsigned long)page, 0);
	check_fault(TRAP_PF, 0x11, "execution of a no-execute page");
	page_set_rw(page);
	fault_clear();
	trap_call((unsigned long)page, 0);
	check(!fault_last()->count, "execution where it is allowed");
	page_free(page);
}

static void check_exceptions(void)
{
	unsigned int zero = 0;

	fault_clear();
	asm volatile(FIX("ud2"));
	check_fault(TRAP_UD, 0, "ud2");
	fault_clear();
	asm volatile(FIX("divl %1") : "+a" (zero) : "r" (0) : "rdx");
	check_fault(TRAP_DE, 0, "division by zero");
	fault_clear();
	asm volatile(FIX("movw %w0, %%ds") : : "r" (0x1230));
	check_fault(TRAP_GP, 0x1230, "a selector past the GDT's guest part");
	fault_clear();
	asm volatile(FIX("lidt (%0)") : : "r" (&seen) : "memory");
	check(fault_was(TRAP_GP) || fault_was(TRAP_UD), "lidt is refused");
	fault_clear();
	asm volatile(FIX("ltr %w0") : : "r" (0x40));
	check(fault_was(TRAP_GP) || fault_was(TRAP_UD), "ltr is refused");
}

static void check_software(void)
{
	unsigned long after;

	hits = 0;
	trap_hook(TRAP_BP, hook);
	asm volatile("int3\n1: leaq 1b(%%rip), %0" : "=r" (after)
		     : : "memory");
	check(hits == 1 && seen.rip == after, "int3 arrives, rip after it");
	check(!(seen.cs & 3), "cs says kernel");
	trap_hook(TRAP_SOFT, hook);
	asm volatile("int $0x80\n1: leaq 1b(%%rip), %0" : "=r" (after)
		     : : "memory");
	check(hits == 2 && seen.rip == after, "int 0x80 arrives");
}

static void check_trap_table(void)
{
	static struct trap_info one[2];

	event_enable();
	memcpy(one, (const struct trap_info *)trap_table() + 20,
	       sizeof(one[0]));
	one[0].flags |= 4;
	hits = 0;
	check(!HYPERVISOR_set_trap_table(one), "trap table of one entry");
	asm volatile("int $0x80" : : : "memory");
	check(hits == 1 && !seen_enabled, "a trap gate that masks events");
	check(event_enabled(), "events unmasked again by iret");
	asm volatile("int $0x80" : : : "memory");
	event_disable();
	asm volatile("int $0x80" : : : "memory");
	check(!event_enabled() && !(seen.rflags & 0x200),
	      "masked events show as IF clear, and stay masked");
	HYPERVISOR_set_trap_table(trap_table());
	one[0].address = HV_START;
	check(HYPERVISOR_set_trap_table(one) < 0 || hits,
	      "a handler in the reserved range is harmless");
	HYPERVISOR_set_trap_table(trap_table());
}

static void step_hook(struct regs *regs)
{
	hits++;
	seen = *regs;
	if (hits >= 3)
		regs->rflags &= ~0x100ul;
}

static void check_debug(void)
{
	static volatile uint64_t watched __attribute__((aligned(8)));

	hits = 0;
	trap_hook(TRAP_DB, step_hook);
	asm volatile("pushfq; orq $0x100, (%%rsp); popfq\n\tnop; nop; nop; nop"
		     : : : "memory", "cc");
	check(hits == 3, "single steps");
	check(HYPERVISOR_get_debugreg(6) & (1 << 14), "DR6 says single step");
	HYPERVISOR_set_debugreg(6, 0);

	trap_hook(TRAP_DB, hook);
	hits = 0;
	check(!HYPERVISOR_set_debugreg(0, (unsigned long)&watched) &&
	      HYPERVISOR_get_debugreg(0) == (long)(unsigned long)&watched,
	      "DR0 set and read back");
	check(!HYPERVISOR_set_debugreg(7, 0x1 | (0x1 << 16) | (0x2 << 18)),
	      "DR7: watch writes of 8 bytes");
	watched = 1;
	check(hits == 1 && (HYPERVISOR_get_debugreg(6) & 1), "the watched write traps");
	HYPERVISOR_set_debugreg(7, 0);
	watched = 2;
	check(hits == 1, "and no more when off");
	check(HYPERVISOR_set_debugreg(0, HV_START) < 0, "DR0 in the reserved range");
	check(HYPERVISOR_set_debugreg(7, 1 << 13) < 0 ||
	      !(HYPERVISOR_get_debugreg(7) & (1 << 13)), "DR7.GD is not to be had");
	check(HYPERVISOR_set_debugreg(9, 0) < 0, "DR9");
}

/*
 * SDM 2, XSAVE: #NM if CR0.TS is set. QEMU's TCG (7.2 to 10.0) doesn't see TS in
 * XSAVE and XRSTOR, so a hypervisor that relies on it for a lazy FPU, as Xen does
 * on processors of AMD, mixes up what domains have in their registers.
 */
static void check_xsave_ts(void)
{
	static unsigned char area[4096] __attribute__((aligned(64)));

	fault_clear();
	asm volatile("mov %%cr4, %%rax; or %0, %%rax; " FIX("mov %%rax, %%cr4")
		     : : "i"(CR4_OSXSAVE) : "rax");
	if (fault_last()->count || !(read_cr4() & CR4_OSXSAVE)) {
		skip("XSAVE with TS: this processor has no XSAVE");
		return;
	}
	HYPERVISOR_fpu_taskswitch(1);
	fault_clear();
	asm volatile(FIX("xsave64 (%0)")
		     : : "r"(area), "a"(3), "d"(0) : "memory");
	if (fault_last()->count)
		check_fault(TRAP_NM, 0, "XSAVE with TS");
	else
		skip("XSAVE with TS: this emulator runs it");
	HYPERVISOR_fpu_taskswitch(0);
}

static void check_fpu(void)
{
	check(!HYPERVISOR_fpu_taskswitch(1), "fpu_taskswitch set");
	fault_clear();
	asm volatile(FIX("fninit"));
	check_fault(TRAP_NM, 0, "an FPU instruction with TS");
	fault_clear();
	asm volatile(FIX("fninit"));
	check(!fault_last()->count, "TS is clear after #NM");
	HYPERVISOR_fpu_taskswitch(1);
	HYPERVISOR_fpu_taskswitch(0);
	fault_clear();
	asm volatile(FIX("fninit"));
	check(!fault_last()->count, "fpu_taskswitch clear");
	HYPERVISOR_fpu_taskswitch(1);
	check(read_cr0() & CR0_TS, "TS shows in CR0");
	asm volatile(FIX("clts"));
	check(!(read_cr0() & CR0_TS) && !fault_last()->count, "clts");
	check_xsave_ts();
}

static void check_control(void)
{
	unsigned long cr0, cr4;

	fault_clear();
	cr0 = read_cr0();
	check((cr0 & (CR0_PE | CR0_PG)) == (CR0_PE | CR0_PG), "CR0 reads");
	check(read_cr3() == va_to_mfn(pt_root()) * PAGE_SIZE,
	      "CR3 reads as the table in force");
	cr4 = read_cr4();
	check(cr4 & CR4_PAE, "CR4 reads");
	write_cr4(cr4);
	write_cr3(read_cr3());
	check(!fault_last()->count, "what was read can be written back");
	fault_clear();
	write_cr0(cr0 & ~CR0_PG);
	check(fault_was(TRAP_GP) || (read_cr0() & CR0_PG), "CR0.PG stays");
	fault_clear();
	write_cr0(cr0 | CR0_TS);
	check(!fault_last()->count && (read_cr0() & CR0_TS), "CR0.TS by MOV");
	asm volatile(FIX("clts"));

}

static void check_msrs(void)
{
	uint64_t efer;

	fault_clear();
	efer = rdmsr(MSR_EFER);
	check(!fault_last()->count && (efer & 0x500) == 0x500,
	      "EFER: long mode");
	wrmsr(MSR_FS_BASE, 0x12345000);
	check(rdmsr(MSR_FS_BASE) == 0x12345000, "FS base");
	wrmsr(MSR_GS_BASE, (unsigned long)&seen);
	check(rdmsr(MSR_GS_BASE) == (unsigned long)&seen, "GS base");
	wrmsr(MSR_KERNEL_GS_BASE, 0x6789000);
	check(rdmsr(MSR_KERNEL_GS_BASE) == 0x6789000, "user's GS base");
	check(!fault_last()->count, "none of it faults");
	fault_clear();
	wrmsr(MSR_FS_BASE, 0x8000000000000000);
	check(rdmsr(MSR_FS_BASE) == 0x12345000, "a non-canonical base");
	fault_clear();
	rdmsr(0x12345);
	check_fault(TRAP_GP, 0, "an unknown MSR");
	fault_clear();
	wrmsr(0xc0000082, 0);
	check(fault_was(TRAP_GP) || !fault_last()->count,
	      "LSTAR is out of reach");
	check(!HYPERVISOR_xen_version(XENVER_get_features, &(uint64_t){ 0 }),
	      "and calls still work");
}

static void check_segments(void)
{
	static uint64_t cell = 0x5ca1ab1e;
	uint64_t value = 0;

	check(!HYPERVISOR_set_segment_base(SEGBASE_FS, (unsigned long)&cell),
	      "set_segment_base FS");
	asm volatile("movq %%fs:0, %0" : "=r" (value));
	check(value == cell, "FS base is in force");
	check(!HYPERVISOR_set_segment_base(SEGBASE_GS_KERNEL, (unsigned long)&cell),
	      "set_segment_base GS");
	asm volatile("movq %%gs:0, %0" : "=r" (value));
	check(value == cell, "GS base is in force");
	check(!HYPERVISOR_set_segment_base(SEGBASE_GS_USER, 0x1000) &&
	      rdmsr(MSR_KERNEL_GS_BASE) == 0x1000, "user's GS base is apart");
	check(HYPERVISOR_set_segment_base(SEGBASE_FS, 0x8000000000000000ul) < 0,
	      "a non-canonical base is refused");
	check(HYPERVISOR_set_segment_base(77, 0) < 0, "segment 77");
	HYPERVISOR_set_segment_base(SEGBASE_FS, 0);
	HYPERVISOR_set_segment_base(SEGBASE_GS_KERNEL, 0);
}

static void check_ports(void)
{
	struct physdev_set_iopl iopl = { .iopl = 0 };

	check(!HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), "IOPL 0");
	fault_clear();
	inb(0x80);
	check_fault(TRAP_GP, 0, "a port with IOPL 0");
	fault_clear();
	asm volatile(FIX("cli") : : : "memory");
	check(!fault_last()->count || fault_was(TRAP_GP),
	      "cli with IOPL 0 has no effect, or is #GP");
	iopl.iopl = 1;
	check(!HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), "IOPL 1");
	event_enable();
	fault_clear();
	asm volatile(FIX("cli") "\n\t" FIX("sti") : : : "memory");
	check(!fault_last()->count, "cli and sti with IOPL 1");
	check(event_enabled(), "leave the event mask alone");
	event_disable();
	fault_clear();
	outb(0x70, 0x0b);
	inb(0x71);
	check(!fault_last()->count, "the clock's ports with IOPL 1");
	fault_clear();
	outl(0xcf8, 0x80000000);
	check((inl(0xcfc) & 0xffff) == 0x8086 && !fault_last()->count,
	      "PCI configuration by ports");
	fault_clear();
	check(inb(0x20) == 0xff || fault_last()->count,
	      "the interrupt controller isn't the guest's");
	iopl.iopl = 4;
	check(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl) == -XEN_EINVAL, "IOPL 4");
}

void guest_main(void)
{
	check_page_faults();
	check_exceptions();
	check_software();
	check_trap_table();
	check_debug();
	check_fpu();
	check_control();
	check_msrs();
	check_segments();
	check_ports();
}
