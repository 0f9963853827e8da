/*
 * Processors: their areas, and starting all but the first.
 *
 * CPUs start one after the other, in the order of the firmware's list; each
 * says so in cpu_online when it can run vCPUs.  One that doesn't answer is
 * left out.  Numbers are dense: CPU n is the n-th that came up.
 */
#include <hvx/cpu.h>

#include <asm/cpu.h>
#include <hvx/acpi.h>
#include <hvx/apic.h>
#include <hvx/boot.h>
#include <hvx/console.h>
#include <hvx/domain.h>
#include <hvx/fpu.h>
#include <hvx/frame.h>
#include <hvx/layout.h>
#include <hvx/machine.h>
#include <hvx/options.h>
#include <hvx/paging.h>
#include <hvx/pv.h>
#include <hvx/panic.h>
#include <hvx/pcpu.h>
#include <hvx/sched.h>
#include <hvx/string.h>
#include <hvx/time.h>
#include <hvx/traps.h>

_Static_assert(sizeof(struct pcpu) == 2 * PAGE_SIZE,
	       "CPU_AREA_PAGES has two pages for struct pcpu");
_Static_assert(offsetof(struct pcpu, gdt) == PAGE_SIZE,
	       "the GDT is a page of its own");

#define START_TIMEOUT 1000000000UL	/* ns */

/* boot/ap.S, and the words in it to be filled in. */
extern const char ap_start[], ap_64[], ap_gdt[], ap_gdtr[], ap_far[], ap_cr3[],
	ap_stack[], ap_entry[], ap_end[];
extern uint64_t early_l4[];
extern char boot_cpu_area[];

struct pcpu *pcpu_of(unsigned int cpu)
{
	return (struct pcpu *)(CPU_AREA_VIRT +
			       ((unsigned long)cpu << CPU_AREA_SHIFT));
}

void smp_init_boot_cpu(void)
{
	struct pcpu *pc = pcpu_of(0);

	pcpu_init(pc, 0, 0);
	pc->gdt_mfn = paddr_to_mfn(image_to_paddr(boot_cpu_area) + PAGE_SIZE);
	cpu_init_desc(pc);
}

/* Memory for a CPU's area, mapped at its place; NULL: there is none. */
static struct pcpu *area_create(unsigned int cpu)
{
	struct pcpu *pc = pcpu_of(cpu);

	for (unsigned int i = 0; i < CPU_AREA_SIZE / PAGE_SIZE; i++) {
		void *page;

		if (!(CPU_AREA_PAGES >> i & 1))
			continue;
		page = page_alloc();
		if (!page)
			return NULL;
		paging_map_page((unsigned long)pc + i * PAGE_SIZE,
				mfn_to_paddr(virt_to_mfn(page)), MAP_RW);
		if (i == 1)
			pc->gdt_mfn = virt_to_mfn(page);
	}
	return pc;
}

/* ---- on the CPU that starts ---------------------------------------------- */

static void __noreturn ap_main(void)
{
	struct pcpu *pc = this_pcpu();

	cpu_init_desc(pc);
	cpu_init_regs(pc);
	write_cr3(idle_cr3);
	pc->cr3 = idle_cr3;
	apic_init_cpu();
	fpu_init_cpu();
	pc->current = pc->idle;
	pc->idle->pcpu = pc;
	time_init_cpu();
	timer_init_cpu(pc->id);
	sched_init_cpu(pc->id);
	__atomic_or_fetch(&cpu_online, cpumask_of(pc->id), __ATOMIC_SEQ_CST);
	enter_idle(pc->idle, pc->stack_top);
}

/* ---- on the boot CPU ----------------------------------------------------- */

static void poke(char *page, const char *where, const void *value, size_t n)
{
	memcpy(page + ((unsigned long)where - (unsigned long)ap_start), value,
	       n);
}

static uint32_t paddr_in(const char *what)
{
	return (uint32_t)(boot_trampoline + (unsigned long)what -
			  (unsigned long)ap_start);
}

static void trampoline_write(const struct pcpu *pc)
{
	char *page = mfn_to_virt(paddr_to_mfn(boot_trampoline));
	paddr_t cr3 = mfn_to_paddr(virt_to_mfn(early_l4));
	uint32_t gdt = paddr_in(ap_gdt), code = paddr_in(ap_64);
	void (*entry)(void) = ap_main;
	uint64_t stack = pc->stack_top;

	memcpy(page, ap_start, (unsigned long)ap_end - (unsigned long)ap_start);
	poke(page, ap_gdtr + 2, &gdt, sizeof(gdt));
	poke(page, ap_far, &code, sizeof(code));
	poke(page, ap_cr3, &cr3, sizeof(cr3));
	poke(page, ap_stack, &stack, sizeof(stack));
	poke(page, ap_entry, &entry, sizeof(entry));
}

static bool wait_online(unsigned int cpu)
{
	uint64_t end = time_now() + START_TIMEOUT;

	while (!cpumask_test(READ_ONCE(cpu_online), cpu)) {
		if (time_now() > end)
			return false;
		machine_relax();
	}
	return true;
}

static bool start_cpu(unsigned int cpu, uint32_t apic_id)
{
	struct pcpu *pc = area_create(cpu);

	if (!pc) {
		printk(LOG_ERR "CPU%u: no memory to start it\n", cpu);
		return false;
	}
	pcpu_init(pc, cpu, apic_id);
	pc->idle = vcpu_create_idle(cpu);
	if (!pc->idle) {
		printk(LOG_ERR "CPU%u: no memory to start it\n", cpu);
		return false;
	}
	trampoline_write(pc);
	apic_start_cpu(apic_id, boot_trampoline);
	if (wait_online(cpu))
		return true;
	printk(LOG_ERR "CPU%u (APIC %x) doesn't start\n", cpu, apic_id);
	return false;
}

static unsigned int cpu_limit(void)
{
	if (opt_nosmp)
		return 1;
	return opt_maxcpus ? opt_maxcpus : NR_CPUS;
}

void smp_boot_cpus(void)
{
	unsigned int n = 1, left_out = 0;

	/* Slot 0 maps low memory one to one, for the trampoline. */
	paging_fill_core_slots(early_l4, _mfn(0));
	for (unsigned int i = 0; i < acpi.nr_cpus; i++) {
		const struct acpi_cpu *c = &acpi.cpus[i];

		if (!c->enabled || c->apic_id == pcpu_of(0)->apic_id)
			continue;
		if (n == cpu_limit() || !boot_trampoline)
			left_out++;
		else if (start_cpu(n, c->apic_id))
			n++;
		else
			break;
	}
	if (left_out)
		printk(LOG_INFO "%u processors are not used\n", left_out);
	printk(LOG_INFO "%u processor%s up\n", n, n == 1 ? "" : "s");
}
