/* Sets of processors.  64 is the most this core starts; the rest stay off. */
#ifndef HVX_CPUMASK_H
#define HVX_CPUMASK_H

#include <hvx/types.h>

#define NR_CPUS 64

typedef uint64_t cpumask_t;

#define CPUMASK_ALL  (~(cpumask_t)0)
#define CPUMASK_NONE ((cpumask_t)0)

static inline cpumask_t cpumask_of(unsigned int cpu)
{
	return (cpumask_t)1 << cpu;
}

static inline bool cpumask_test(cpumask_t m, unsigned int cpu)
{
	return cpu < NR_CPUS && (m >> cpu & 1);
}

static inline unsigned int cpumask_count(cpumask_t m)
{
	return (unsigned int)__builtin_popcountll(m);
}

/* The lowest member; m must not be empty. */
static inline unsigned int cpumask_first(cpumask_t m)
{
	return (unsigned int)__builtin_ctzll(m);
}

#define cpumask_for_each(cpu, mask)                                            \
	for (cpumask_t m_ = (mask);                                            \
	     m_ && ((cpu) = cpumask_first(m_), true); m_ &= m_ - 1)

#endif
