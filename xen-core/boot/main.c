/*
 * The boot story: from the loader's jump to a running dom0, step by step.
 */
#include <hvx/boot.h>

#include <asm/cpu.h>
#include <hvx/console.h>
#include <hvx/layout.h>
#include <hvx/options.h>
#include <hvx/panic.h>
#include <hvx/pcpu.h>
#include <hvx/vga.h>

#define HVX_NAME "hvx"

static void read_options(void)
{
	const char *why, *bad = options_parse(boot_info.cmdline, &why);

	console_init_options();
	if (bad)
		boot_refuse("option %s: %s", bad, why);
}

static void show_banner(void)
{
	printk(LOG_INFO "started by %s%s\n", boot_info.loader,
	       boot_info.is_efi ? " (EFI)" : "");
	printk(LOG_INFO "image at %lx-%lx, options: %s\n", boot_info.load_base,
	       boot_info.load_base + (unsigned long)(image_end - image_start),
	       boot_info.cmdline);
	for (unsigned int i = 0; i < boot_info.nr_modules; i++)
		printk(LOG_INFO "module %u at %lx-%lx: %s\n", i,
		       boot_info.module[i].start, boot_info.module[i].end,
		       boot_info.module[i].cmdline);
}

void boot_main(paddr_t info, paddr_t load_base)
{
	console_init_early();
	printk("%s\n", HVX_NAME);
	boot_info.load_base = load_base;
	mb2_parse((const void *)(DIRECTMAP_VIRT + info));
	if (boot_info.has_text_screen)
		vga_init((void *)(DIRECTMAP_VIRT + 0xb8000));
	read_options();
	show_banner();
	e820_sanitize(&e820);
	e820_print(&e820);
	panic("nothing more yet\n");
}
