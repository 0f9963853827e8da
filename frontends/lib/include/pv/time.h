/* System time by the vCPU's time record, as nanoseconds since boot. */
#ifndef PV_TIME_H
#define PV_TIME_H

#include <stdint.h>

static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	asm volatile("rdtsc" : "=a" (lo), "=d" (hi) : : "memory");
	return ((uint64_t)hi << 32) | lo;
}

uint64_t time_now(void);

#endif
