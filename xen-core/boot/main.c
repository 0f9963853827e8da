/*
 * The boot story: from the loader's jump to a running dom0, step by step.
 */
#include <hvx/boot.h>

#include <asm/cpu.h>
#include <hvx/acpi.h>
#include <hvx/apic.h>
#include <hvx/console.h>
#include <hvx/cpu.h>
#include <hvx/dom0.h>
#include <hvx/domain.h>
#include <hvx/fpu.h>
#include <hvx/frame.h>
#include <hvx/interp.h>
#include <hvx/irq.h>
#include <hvx/layout.h>
#include <hvx/options.h>
#include <hvx/paging.h>
#include <hvx/panic.h>
#include <hvx/pcpu.h>
#include <hvx/sched.h>
#include <hvx/string.h>
#include <hvx/time.h>
#include <hvx/traps.h>
#include <hvx/version.h>
#include <hvx/vga.h>

#define MIB(n)	  ((unsigned long)(n) << 20)
#define PAGES(b)  ((unsigned long)((b) >> PAGE_SHIFT))
#define MIN_RAM	  MIB(60)
#define MIN_DOM0  MIB(32)
#define SCREEN	  0xb8000
#define SCREEN_SIZE 4000

static void read_options(void)
{
	const char *why, *bad = options_parse(boot_info.cmdline, &why);

	console_init_options();
	if (bad)
		boot_refuse("option %s: %s", bad, why);
}

static void show_loader_information(void)
{
	printk(LOG_INFO "started by %s%s\n", boot_info.loader,
	       boot_info.is_efi ? " (EFI)" : "");
	printk(LOG_INFO "image at %lx-%lx, options: %s\n", boot_info.load_base,
	       image_to_paddr(image_end),
	       boot_info.cmdline);
	for (unsigned int i = 0; i < boot_info.nr_modules; i++)
		printk(LOG_INFO "module %u at %lx-%lx: %s\n", i,
		       boot_info.module[i].start, boot_info.module[i].end,
		       boot_info.module[i].cmdline);
}

static void read_loader_information(paddr_t info)
{
	mb2_parse((const void *)(DIRECTMAP_VIRT + info));
	if (boot_info.has_text_screen)
		vga_init((void *)(DIRECTMAP_VIRT + SCREEN));
	read_options();
	show_loader_information();
}

static void read_memory_map(void)
{
	uint64_t ram = 0;

	e820_sanitize(&e820);
	printk(LOG_INFO "memory map:\n");
	e820_print(&e820);
	for (unsigned int i = 0; i < e820.nr; i++)
		if (e820.e[i].type == E820_RAM)
			ram += e820.e[i].size;
	printk(LOG_INFO "RAM: %lu MiB\n", ram >> 20);
	if (ram < MIN_RAM)
		boot_refuse("%lu MiB of RAM is too little (64 MiB at least)",
			    ram >> 20);
	boot_memory_init();
}

/* Own tables, allocator and messages' memory. */
static void take_memory(void)
{
	vga_init(NULL);
	paging_init();
	if (boot_info.has_text_screen)
		vga_init(ioremap(SCREEN, SCREEN_SIZE, MAP_WC));
	console_init_ring();
	printk(LOG_INFO "the core keeps %lu KiB, %lu MiB are free\n",
	       boot_core_pages() * 4, buddy_free_pages() >> 8);
}

static void find_hardware(void)
{
	acpi_init(boot_info.has_rsdp ? boot_info.rsdp : NULL,
		  sizeof(boot_info.rsdp), boot_info.efi_system_table);
	apic_init();
	apic_init_cpu();
	this_pcpu()->apic_id = apic_id();
	time_init();
	irq_init();
	cpuid_init();
	fpu_init();
	fpu_init_cpu();
}

/* The boot CPU can run vCPUs, then the others. */
static void start_processors(void)
{
	struct pcpu *pc = this_pcpu();

	sched_init();
	timer_init_cpu(0);
	time_init_cpu();
	pc->idle = vcpu_create_idle(0);
	if (!pc->idle)
		boot_refuse("too little memory");
	pc->idle->pcpu = pc;
	pc->current = pc->idle;
	sched_init_cpu(0);
	cpu_online = cpumask_of(0);
	smp_boot_cpus();
}

/* A size of dom0_mem in pages; a negative one leaves that much to others. */
static unsigned long dom0_pages(uint64_t size, bool negative,
				unsigned long avail)
{
	unsigned long n = PAGES(size);

	if (!negative)
		return n;
	return n < avail ? avail - n : 0;
}

/* By default all, less a sixteenth, 128 MiB at most, for the core's needs. */
static void choose_dom0_memory(struct dom0_params *p)
{
	const struct dom0_mem *o = &opt_dom0_mem;
	unsigned long avail = buddy_free_pages();
	unsigned long spare = MIN(avail / 16, PAGES(MIB(128)));
	unsigned long n = avail - spare;

	if (o->size)
		n = dom0_pages(o->size, o->size_negative, avail);
	p->max_pages = ~0UL;
	if (o->max) {
		p->max_pages = dom0_pages(o->max, o->max_negative, avail);
		n = MIN(n, p->max_pages);
	}
	if (o->min)
		n = MAX(n, dom0_pages(o->min, o->min_negative, avail));
	if (n > avail - MIN(avail, PAGES(MIB(4))))
		n = avail - MIN(avail, PAGES(MIB(4)));
	if (n < PAGES(MIN_DOM0))
		boot_refuse("dom0 would have only %lu MiB of memory", n >> 8);
	p->nr_pages = n;
	p->max_pages = MAX(p->max_pages, n);
}

static unsigned int choose_dom0_vcpus(void)
{
	unsigned int n = cpumask_count(cpu_online);

	if (opt_dom0_vcpus_max)
		n = MIN(n, opt_dom0_vcpus_max);
	n = MAX(n, opt_dom0_vcpus_min);
	return MIN(n, (unsigned int)MAX_VCPUS);
}

static const void *module_data(unsigned int nr, unsigned long *size)
{
	const struct boot_module *m = &boot_info.module[nr];

	*size = m->end - m->start;
	return (const void *)(DIRECTMAP_VIRT + m->start);
}

static void pin_dom0(struct domain *d)
{
	struct vcpu *v;

	for_each_vcpu(d, v)
		(void)vcpu_set_affinity(
			v, cpumask_of(v->id % cpumask_count(cpu_online)));
}

static struct domain *build_dom0(void)
{
	struct dom0_params p = {
		.cmdline = boot_info.module[0].cmdline,
		.rsdp = boot_info.is_efi ? acpi.rsdp : 0,
		.max_vcpus = choose_dom0_vcpus(),
	};
	struct domain *d;

	if (!boot_info.nr_modules)
		boot_refuse("no dom0 kernel (a module2 line in GRUB's entry)");
	p.kernel = module_data(0, &p.kernel_size);
	if (boot_info.nr_modules > 1)
		p.initrd = module_data(1, &p.initrd_size);
	choose_dom0_memory(&p);
	d = dom0_build(&p);
	for (unsigned int i = 0; i < boot_info.nr_modules; i++)
		boot_module_free(i);
	if (opt_dom0_vcpus_pin)
		pin_dom0(d);
	return d;
}

/* The other vCPUs wait for dom0 to bring them up. */
static void start_vcpu(struct vcpu *v)
{
	__atomic_fetch_and(&v->pause_flags, ~(uint32_t)VPF_DOWN,
			   __ATOMIC_SEQ_CST);
	vcpu_wake(v);
}

void boot_main(paddr_t info, paddr_t load_base)
{
	struct pcpu *pc = this_pcpu();
	struct domain *d;

	boot_info.load_base = load_base;
	console_init_early();
	printk("hvx %s (Xen ABI %u.%u)\n", HVX_VERSION, HVX_ABI_MAJOR,
	       HVX_ABI_MINOR);
	smp_init_boot_cpu();
	read_loader_information(info);
	read_memory_map();
	take_memory();
	cpu_init_regs(pc);
	find_hardware();
	start_processors();
	console_init_input();
	d = build_dom0();
	console_give_up_vga();
	printk("dom0 starts; three times Ctrl-A switches input to hvx\n");
	domain_unpause(d);
	start_vcpu(d->vcpu[0]);
	enter_idle(pc->idle, pc->stack_top);
}
