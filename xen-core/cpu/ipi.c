/*
 * CPUs asking things of each other: look at your softirqs (kick), drop your
 * translations (flush), wait (hold), stop for good (stop).
 *
 * A flush request is put into the target's box and counted; the asker waits
 * until the target's count of served requests has passed its own.  Whoever
 * waits or spins serves its own box (machine_relax), so two CPUs that ask each
 * other at once, or one that asks while another spins on a lock it holds, go
 * on.  A box is held for a few instructions and nothing is waited for inside,
 * so it is taken without machine_relax().
 */
#include <hvx/ipi.h>

#include <asm/cpu.h>
#include <hvx/apic.h>
#include <hvx/irq.h>
#include <hvx/machine.h>
#include <hvx/pcpu.h>
#include <hvx/time.h>

cpumask_t cpu_online;
unsigned int preempt_force;

unsigned int cpu_id(void)
{
	return this_pcpu()->id;
}

static void send(unsigned int cpu, unsigned int vector)
{
	apic_send_ipi(pcpu_of(cpu)->apic_id, vector);
}

void cpu_kick(unsigned int cpu)
{
	if (cpu != cpu_id())
		send(cpu, VEC_KICK);
}

/* ---- flush ----------------------------------------------------------------- */

enum flush_what { FLUSH_NONE, FLUSH_VA, FLUSH_ALL };

static struct flush_box {
	struct lock lock;
	enum flush_what what;
	gva_t va;
	uint32_t asked;			/* requests put in */
	uint32_t served;		/* of them, done; atomic */
} __aligned(64) boxes[NR_CPUS];

static void box_lock(struct flush_box *b)
{
	while (!spin_trylock(&b->lock))
		cpu_pause();
}

void tlb_flush_local(void)
{
	write_cr3(read_cr3());
}

void tlb_flush_va_local(gva_t va)
{
	invlpg(va);
}

void ipi_serve_flush(void)
{
	struct flush_box *b = &boxes[cpu_id()];
	enum flush_what what;
	uint32_t asked;
	gva_t va;

	box_lock(b);
	what = b->what;
	va = b->va;
	asked = b->asked;
	b->what = FLUSH_NONE;
	spin_unlock(&b->lock);

	if (what == FLUSH_ALL)
		tlb_flush_local();
	else if (what == FLUSH_VA)
		tlb_flush_va_local(va);
	__atomic_store_n(&b->served, asked, __ATOMIC_RELEASE);
}

/* Puts a request in; its number.  True in *fresh: the box was empty. */
static uint32_t box_ask(struct flush_box *b, enum flush_what what, gva_t va,
			bool *fresh)
{
	uint32_t number;

	box_lock(b);
	*fresh = b->what == FLUSH_NONE;
	if (*fresh) {
		b->what = what;
		b->va = va;
	} else if (what != FLUSH_VA || b->what != FLUSH_VA || b->va != va) {
		b->what = FLUSH_ALL;
	}
	number = ++b->asked;
	spin_unlock(&b->lock);
	return number;
}

static void flush_others(cpumask_t cpus, enum flush_what what, gva_t va)
{
	uint32_t number[NR_CPUS];
	unsigned int cpu;
	bool fresh;

	cpumask_for_each(cpu, cpus) {
		number[cpu] = box_ask(&boxes[cpu], what, va, &fresh);
		if (fresh)
			send(cpu, VEC_FLUSH);
	}
	cpumask_for_each(cpu, cpus)
		while ((int32_t)(__atomic_load_n(&boxes[cpu].served,
						 __ATOMIC_ACQUIRE) -
				 number[cpu]) < 0)
			machine_relax();
}

void tlb_flush_mask(cpumask_t cpus)
{
	cpumask_t self = cpumask_of(cpu_id());

	cpus &= cpu_online;
	if (cpus & self)
		tlb_flush_local();
	if (cpus & ~self)
		flush_others(cpus & ~self, FLUSH_ALL, 0);
}

void tlb_flush_va_mask(cpumask_t cpus, gva_t va)
{
	cpumask_t self = cpumask_of(cpu_id());

	cpus &= cpu_online;
	if (cpus & self)
		tlb_flush_va_local(va);
	if (cpus & ~self)
		flush_others(cpus & ~self, FLUSH_VA, va);
}

void machine_relax(void)
{
	if (READ_ONCE(boxes[cpu_id()].what) != FLUSH_NONE)
		ipi_serve_flush();
	if (unlikely(READ_ONCE(time_sync_wanted)))
		time_sync_serve();
	cpu_pause();
}

/* ---- hold ------------------------------------------------------------------ */

static struct lock holder;	/* taken by who holds the others */
static bool holding;
static cpumask_t held;		/* CPUs that wait; atomic */

void smp_held(void)
{
	cpumask_t self = cpumask_of(cpu_id());

	if (!__atomic_load_n(&holding, __ATOMIC_ACQUIRE))
		return;
	__atomic_fetch_or(&held, self, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&holding, __ATOMIC_ACQUIRE))
		machine_relax();
	__atomic_fetch_and(&held, ~self, __ATOMIC_SEQ_CST);
}

void smp_hold_others(void)
{
	cpumask_t others = cpu_online & ~cpumask_of(cpu_id());
	unsigned int cpu;

	/* Whoever is second is one of the others to the first. */
	while (!spin_trylock(&holder)) {
		smp_held();
		machine_relax();
	}
	__atomic_store_n(&holding, true, __ATOMIC_SEQ_CST);
	cpumask_for_each(cpu, others)
		softirq_raise_on(cpu, SOFTIRQ_HOLD);
	while (others & ~__atomic_load_n(&held, __ATOMIC_ACQUIRE))
		machine_relax();
}

void smp_release_others(void)
{
	__atomic_store_n(&holding, false, __ATOMIC_SEQ_CST);
	/* One that hasn't seen it must not be taken for held by the next. */
	while (__atomic_load_n(&held, __ATOMIC_ACQUIRE))
		machine_relax();
	spin_unlock(&holder);
}

/* ---- stop ------------------------------------------------------------------ */

static bool stopping;

void smp_stop_others(void)
{
	unsigned int cpu;

	/* Before any NMI arrives; pairs with smp_stop_wanted(). */
	__atomic_store_n(&stopping, true, __ATOMIC_SEQ_CST);
	cpumask_for_each(cpu, cpu_online & ~cpumask_of(cpu_id()))
		apic_send_nmi(pcpu_of(cpu)->apic_id);
}

bool smp_stop_wanted(void)
{
	return __atomic_load_n(&stopping, __ATOMIC_ACQUIRE);
}

/* ---- preemption points ----------------------------------------------------- */

static bool forced(void)
{
	static uint32_t count;

	return preempt_force &&
	       __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED) %
		       preempt_force == 0;
}

bool preempt_needed(void)
{
	struct pcpu *pc = this_pcpu();

	if (READ_ONCE(pc->softirq_pending) || unlikely(forced()))
		return true;
	irq_window();
	return READ_ONCE(pc->softirq_pending);
}
