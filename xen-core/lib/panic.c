/*
 * The end of the line: say why, show where, stop or reboot.  The first CPU to
 * get here speaks; others that follow stop silently.
 */
#include <hvx/panic.h>

#include <asm/cpu.h>
#include <hvx/acpi.h>
#include <hvx/console.h>
#include <hvx/ipi.h>
#include <hvx/layout.h>
#include <hvx/options.h>
#include <hvx/machine.h>
#include <hvx/pcpu.h>
#include <hvx/regs.h>
#include <hvx/symbols.h>
#include <hvx/traps.h>

#define TRACE_DEPTH 24
#define REBOOT_DELAY_POLLS 5000000

static bool in_core_stack(unsigned long sp)
{
	return sp >= CPU_AREA_VIRT &&
	       sp + 16 <= CPU_AREA_VIRT + ((unsigned long)NR_CPUS
					   << CPU_AREA_SHIFT) &&
	       !(sp & 7) &&
	       CPU_AREA_PAGES >> (sp >> PAGE_SHIFT & 15) & 1;
}

void trace_print(unsigned long rbp)
{
	printk("Call trace:\n");
	for (unsigned int i = 0; i < TRACE_DEPTH && in_core_stack(rbp); i++) {
		const unsigned long *frame = (const unsigned long *)rbp;
		unsigned long off;

		/* The last frame, or where an interrupt came. */
		if (!symbol_find(frame[1], &off))
			break;
		printk("   [<%016lx>] %pS\n", frame[1], (void *)frame[1]);
		if (frame[0] <= rbp)
			break;
		rbp = frame[0];
	}
}

void regs_print(const struct cpu_regs *r)
{
	printk("rip %016lx rflags %08lx cs %04lx ss %04lx vector %x error %x\n",
	       r->rip, r->rflags, r->cs & 0xffff, r->ss & 0xffff,
	       r->entry_vector, r->error_code);
	printk("rax %016lx rbx %016lx rcx %016lx\n", r->rax, r->rbx, r->rcx);
	printk("rdx %016lx rsi %016lx rdi %016lx\n", r->rdx, r->rsi, r->rdi);
	printk("rbp %016lx rsp %016lx r8  %016lx\n", r->rbp, r->rsp, r->r8);
	printk("r9  %016lx r10 %016lx r11 %016lx\n", r->r9, r->r10, r->r11);
	printk("r12 %016lx r13 %016lx r14 %016lx\n", r->r12, r->r13, r->r14);
	printk("r15 %016lx cr0 %08lx cr2 %016lx cr3 %08lx cr4 %08lx\n", r->r15,
	       read_cr0(), read_cr2(), read_cr3(), read_cr4());
	if (!(r->cs & 3))
		printk("in %pS\n", (void *)r->rip);
}

/* True for the one CPU that may speak. */
static bool first_to_die(void)
{
	static uint32_t dying;

	return !__atomic_exchange_n(&dying, 1, __ATOMIC_ACQ_REL);
}

void machine_halt(void)
{
	irq_disable();
	for (;;)
		cpu_halt();
}

void machine_restart(void)
{
	if (opt_noreboot) {
		printk("The machine is halted (noreboot).\n");
		machine_halt();
	}
	machine_reset();
}

static void __noreturn finish(void)
{
	if (!opt_noreboot) {
		printk("Rebooting in some seconds (noreboot prevents it).\n");
		for (unsigned int i = 0; i < REBOOT_DELAY_POLLS; i++)
			cpu_pause();
	}
	machine_restart();
}

static void begin(void)
{
	irq_disable();
	if (!first_to_die())
		machine_halt();
	smp_stop_others();
	console_force_unlock();
	printk("\n");
	printk("****************************************\n");
	printk("Panic on CPU %u:\n", this_pcpu()->id);
}

void panic(const char *fmt, ...)
{
	static char text[256];
	__builtin_va_list ap;

	begin();
	__builtin_va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	__builtin_va_end(ap);
	printk("%s", text);
	printk("****************************************\n");
	trace_print((unsigned long)__builtin_frame_address(0));
	finish();
}

void panic_trap(const struct cpu_regs *regs, const char *what)
{
	begin();
	printk("%s at %pS, address %lx\n", what, (void *)regs->rip, read_cr2());
	printk("****************************************\n");
	regs_print(regs);
	trace_print(regs->rbp);
	finish();
}

void boot_refuse(const char *fmt, ...)
{
	__builtin_va_list ap;
	static char text[256];

	__builtin_va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	__builtin_va_end(ap);
	(void)first_to_die();
	smp_stop_others();
	printk("cannot start: %s; halted.\n", text);
	machine_halt();
}
