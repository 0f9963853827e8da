/*
 * Work that an interrupt or a hypercall leaves for the moment before this CPU
 * returns to a guest or sleeps.  Each CPU has a word of bits; anyone may set
 * one, only its CPU clears it.  HOLD comes first: whoever asks for it waits.
 * SCHEDULE comes last: it may not return, and what the others decide (a timer
 * that wakes a vCPU) is for it to see.
 */
#include <hvx/softirq.h>

#include <hvx/ipi.h>
#include <hvx/keys.h>
#include <hvx/pcpu.h>
#include <hvx/sched.h>

void softirq_raise(enum softirq nr)
{
	__atomic_fetch_or(&this_pcpu()->softirq_pending, 1U << nr,
			  __ATOMIC_SEQ_CST);
}

void softirq_raise_on(unsigned int cpu, enum softirq nr)
{
	uint32_t bit = 1U << nr;
	uint32_t was;

	/* Before the kick: the CPU looks when it arrives. */
	was = __atomic_fetch_or(&pcpu_of(cpu)->softirq_pending, bit,
				__ATOMIC_SEQ_CST);
	if (!(was & bit) && cpu != cpu_id())
		cpu_kick(cpu);
}

/* Nobody else clears a bit: one that isn't there costs no locked instruction. */
static bool take(struct pcpu *pc, enum softirq nr)
{
	uint32_t bit = 1U << nr;

	if (!(READ_ONCE(pc->softirq_pending) & bit))
		return false;
	return __atomic_fetch_and(&pc->softirq_pending, ~bit,
				  __ATOMIC_SEQ_CST) & bit;
}

void softirq_run(void)
{
	struct pcpu *pc = this_pcpu();

	while (READ_ONCE(pc->softirq_pending)) {
		if (take(pc, SOFTIRQ_HOLD))
			smp_held();
		else if (take(pc, SOFTIRQ_TIMER))
			timer_softirq();
		else if (take(pc, SOFTIRQ_AUDIT))
			keys_audit();
		else if (take(pc, SOFTIRQ_SCHEDULE))
			sched_softirq();
	}
}
