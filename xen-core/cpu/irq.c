/*
 * Interrupts: the dispatcher's vectors from 32 up.
 */
#include <hvx/irq.h>

#include <hvx/apic.h>
#include <hvx/console.h>
#include <hvx/ipi.h>
#include <hvx/pcpu.h>
#include <hvx/time.h>
#include <hvx/traps.h>

static void unexpected(unsigned int vector)
{
	static uint64_t seen[4];
	uint64_t bit = BIT(vector % 64);

	if (__atomic_fetch_or(&seen[vector / 64], bit, __ATOMIC_RELAXED) & bit)
		return;
	printk(LOG_WARN "CPU%u: unexpected interrupt, vector %#x\n", cpu_id(),
	       vector);
}

void irq_handle_vector(unsigned int vector)
{
	apic_eoi();
	unexpected(vector);
}

void irq_dispatch(unsigned int vector, __maybe_unused struct cpu_regs *regs)
{
	this_pcpu()->irq_count++;
	switch (vector) {
	case VEC_TIMER:
		apic_eoi();
		time_interrupt();
		break;
	case VEC_KICK:
		apic_eoi();
		break;
	case VEC_FLUSH:
		apic_eoi();
		ipi_serve_flush();
		break;
	case VEC_CALL:
		apic_eoi();
		ipi_serve_call();
		break;
	case VEC_APIC_ERROR:
		printk(LOG_WARN "CPU%u: APIC error %#x\n", cpu_id(),
		       apic_error_status());
		apic_eoi();
		break;
	case VEC_SPURIOUS:
		break;
	default:
		irq_handle_vector(vector);
		break;
	}
}
