/* Debug keys: one table of what each prints or does. */
#include <hvx/keys.h>

#include <hvx/boot.h>
#include <hvx/console.h>
#include <hvx/domain.h>
#include <hvx/frame.h>
#include <hvx/gnttab.h>
#include <hvx/ipi.h>
#include <hvx/irq.h>
#include <hvx/machine.h>
#include <hvx/panic.h>
#include <hvx/sched.h>
#include <hvx/time.h>
#include <hvx/types.h>

static void show_help(void);

static void show_domains(void)
{
	struct list *pos;
	struct vcpu *v;

	printk("free pages: %lu\n", buddy_free_pages());
	list_for_each(pos, &domain_list) {
		struct domain *d = list_entry(pos, struct domain, list);

		printk("d%u: refs %u pages %u of %u vcpus %u%s%s\n", d->id,
		       d->refs, d->tot_pages, d->max_pages, d->max_vcpus,
		       d->is_dying ? " dying" : "",
		       d->is_shut_down ? " shut down" : "");
		for_each_vcpu(d, v)
			printk("  v%u: cpu %u flags %x rip %lx rsp %lx\n",
			       v->id, v->cpu, v->pause_flags, v->regs.rip,
			       v->regs.rsp);
	}
}

static void show_registers(void)
{
	printk("CPU %u:\n", cpu_id());
	trace_print((unsigned long)__builtin_frame_address(0));
}

static void for_each_domain(void (*fn)(struct domain *))
{
	struct list *pos;

	list_for_each(pos, &domain_list)
		fn(list_entry(pos, struct domain, list));
}

static void show_events(void)
{
	for_each_domain(evtchn_dump);
}

static void show_grants(void)
{
	for_each_domain(gnttab_dump);
}

static void show_memory(void)
{
	printk("free pages: %lu, taken at boot: %lu\n", buddy_free_pages(),
	       boot_core_pages());
	e820_print(&e820);
}

/* A key may come while this CPU is in the middle of a guest's call. */
static void ask_for_audit(void)
{
	softirq_raise(SOFTIRQ_AUDIT);
}

/* The other CPUs are held: a table may change between the two looks that are
 * taken at a frame, and then what is right would be told as wrong. */
void keys_audit(void)
{
	struct list *pos;
	unsigned long n;

	smp_hold_others();
	n = frame_audit(NULL);
	list_for_each(pos, &domain_list) {
		struct domain *d = list_entry(pos, struct domain, list);

		n += evtchn_audit(d) + gnttab_audit(d);
	}
	smp_release_others();
	printk("audit: %lu difference%s\n", n, n == 1 ? "" : "s");
}

static void show_time(void)
{
	printk("time %lu ns, tsc %lu kHz, %s\n", time_now(), tsc_khz,
	       tsc_reliable ? "reliable" : "not reliable");
}

static const struct key {
	char c;
	void (*fn)(void);
	const char *help;
} keys[] = {
	{ 'h', show_help, "this list" },
	{ 'd', show_registers, "this CPU's call trace" },
	{ 'q', show_domains, "domains and their vCPUs" },
	{ 'r', sched_dump, "run queues" },
	{ 'e', show_events, "event channels" },
	{ 'g', show_grants, "grants" },
	{ 'i', irq_dump, "interrupts" },
	{ 'm', show_memory, "memory map and free memory" },
	{ 'M', ask_for_audit, "audit of frames, event channels and grants" },
	{ 's', show_time, "clocks" },
	{ 'R', machine_restart, "reboot at once" },
};

static void show_help(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(keys); i++)
		printk("key %c: %s\n", keys[i].c, keys[i].help);
}

void key_pressed(char c)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].c == c) {
			keys[i].fn();
			return;
		}
}
