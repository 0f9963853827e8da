/* Ways to restart a PC, the civil ones first. */
#include <hvx/machine.h>

#include <asm/cpu.h>
#include <asm/io.h>
#include <asm/seg.h>
#include <hvx/acpi.h>
#include <hvx/console.h>
#include <hvx/options.h>
#include <hvx/paging.h>
#include <hvx/traps.h>

static void wait_a_little(void)
{
	for (unsigned int i = 0; i < 200000; i++)
		cpu_pause();
}

static void reset_by_acpi(void)
{
	if (!acpi.reset.addr || acpi.reset.space != ACPI_SPACE_IO)
		return;
	outb((uint16_t)acpi.reset.addr, acpi.reset_value);
	wait_a_little();
}

static void reset_by_chipset(void)
{
	outb(0xcf9, 0x02);
	wait_a_little();
	outb(0xcf9, 0x06);
	wait_a_little();
}

static void reset_by_keyboard_controller(void)
{
	for (unsigned int i = 0; i < 10; i++) {
		for (unsigned int j = 0; j < 10000 && (inb(0x64) & 2); j++)
			cpu_pause();
		outb(0x64, 0xfe);
		wait_a_little();
	}
}

static void __noreturn reset_by_triple_fault(void)
{
	const struct desc_ptr none = { 0, 0 };

	lidt(&none);
	cpu_trap();
	for (;;)
		cpu_halt();
}

void machine_halt(void)
{
	irq_disable();
	for (;;)
		cpu_halt();
}

void machine_restart(void)
{
	irq_disable();
	if (opt_noreboot) {
		printk("The machine is halted (noreboot).\n");
		machine_halt();
	}
	reset_by_acpi();
	reset_by_chipset();
	reset_by_keyboard_controller();
	reset_by_triple_fault();
}
