/*
 * System time: the hypervisor keeps (tsc, ns, rate) in each vCPU's time record
 * under a version that is odd while it changes.
 */
#include <pv/cpu.h>
#include <pv/mem.h>
#include <pv/time.h>

static uint64_t scale(uint64_t delta, uint32_t mul, int shift)
{
	delta = shift < 0 ? delta >> -shift : delta << shift;
	return (uint64_t)(((unsigned __int128)delta * mul) >> 32);
}

uint64_t time_now(void)
{
	const volatile struct vcpu_time_info *t = &cpu_vcpu_info()->time;
	uint32_t version;
	uint64_t ns;

	do {
		version = t->version;
		asm volatile("" : : : "memory");
		ns = t->system_time + scale(rdtsc() - t->tsc_timestamp,
					    t->tsc_to_system_mul,
					    t->tsc_shift);
		asm volatile("" : : : "memory");
	} while ((version & 1) || version != t->version);
	return ns;
}
