/*
 * The seam of hvx/machine.h for a host program; see machine.h beside this.
 *
 * Frames come from a static arena with a map of what is taken; free ones are
 * poisoned for the address sanitizer, so use after free is caught as in
 * malloc's memory.
 */
#include "machine.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hvx/console.h>
#include <hvx/sched.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOST_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define HOST_ASAN 1
#endif
#ifdef HOST_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)	  ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

#define __weak __attribute__((weak))

struct host host;
static struct pcpu host_pcpu[NR_CPUS];
cpumask_t cpu_online __weak;
unsigned long frame_max_mfn __weak = HOST_FIRST_MFN + HOST_FRAMES;

static uint8_t arena[HOST_FRAMES][PAGE_SIZE] __aligned(4096);
static bool taken[HOST_FRAMES];
static struct frame frames[HOST_FRAMES];
static unsigned long m2p[HOST_FRAMES];

/* ---- CPUs, time ---------------------------------------------------------- */

struct pcpu *host_this_pcpu(void)
{
	return &host_pcpu[host.cpu];
}

__weak struct pcpu *pcpu_of(unsigned int cpu)
{
	return &host_pcpu[cpu];
}

__weak unsigned int cpu_id(void)
{
	return host.cpu;
}

__weak uint64_t time_now(void)
{
	return host.clock;
}

__weak void time_set_deadline(uint64_t when)
{
	host.cpus[host.cpu].deadline = when;
}

__weak void cpu_kick(unsigned int cpu)
{
	host.cpus[cpu].kicks++;
}

__weak void machine_relax(void)
{
	if (!host.on_relax)
		panic("deadlock: a spin that nobody will end\n");
	host.on_relax();
}

__weak void tlb_flush_mask(cpumask_t cpus)
{
	host.flushes++;
	host.flushed |= cpus;
}

__weak void tlb_flush_va_mask(cpumask_t cpus, gva_t va)
{
	(void)va;
	tlb_flush_mask(cpus);
}

__weak void tlb_flush_local(void)
{
	tlb_flush_mask(cpumask_of(host.cpu));
}

__weak void tlb_flush_va_local(gva_t va)
{
	(void)va;
	tlb_flush_local();
}

__weak bool preempt_needed(void)
{
	if (host.preempt_after > 0 && --host.preempt_after == 0) {
		host.preempt_after = -1;
		return true;
	}
	return host.preempt;
}

__weak void softirq_raise(enum softirq nr)
{
	host_pcpu[host.cpu].softirq_pending |= BIT(nr);
}

__weak void softirq_raise_on(unsigned int cpu, enum softirq nr)
{
	host_pcpu[cpu].softirq_pending |= BIT(nr);
	if (cpu != host.cpu)
		cpu_kick(cpu);
}

void host_note_switch(struct vcpu *next)
{
	host_pcpu[host.cpu].current = next;
	host.cpus[host.cpu].switches++;
}

__weak void machine_switch(struct vcpu *prev, struct vcpu *next)
{
	host_note_switch(next);
	sched_switch_done(prev);
}

void host_set_cpu(unsigned int cpu)
{
	host.cpu = cpu;
}

struct vcpu *host_pcpu_current(unsigned int cpu)
{
	return host_pcpu[cpu].current;
}

void host_run_softirqs(unsigned int cpu)
{
	unsigned int was = host.cpu, guard = 0;
	uint32_t *pending = &host_pcpu[cpu].softirq_pending;

	host.cpu = cpu;
	while (*pending) {
		if (guard++ > 100000)
			panic("softirqs of CPU%u never end\n", cpu);
		if (*pending & BIT(SOFTIRQ_TIMER)) {
			*pending &= ~(uint32_t)BIT(SOFTIRQ_TIMER);
			timer_softirq();
		} else if (*pending & BIT(SOFTIRQ_SCHEDULE)) {
			*pending &= ~(uint32_t)BIT(SOFTIRQ_SCHEDULE);
			sched_softirq();
		} else {
			*pending = 0;
		}
	}
	host.cpu = was;
}

static bool any_pending(unsigned int *cpu)
{
	cpumask_for_each(*cpu, cpu_online)
		if (host_pcpu[*cpu].softirq_pending)
			return true;
	return false;
}

void host_advance(uint64_t when)
{
	unsigned int cpu, next;

	for (;;) {
		while (any_pending(&cpu))
			host_run_softirqs(cpu);

		uint64_t first = when + 1;

		next = NR_CPUS;
		cpumask_for_each(cpu, cpu_online) {
			uint64_t t = host.cpus[cpu].deadline;

			if (t && t < first) {
				first = t;
				next = cpu;
			}
		}
		if (next == NR_CPUS)
			break;
		host.clock = MAX(host.clock, first);
		host.cpus[next].deadline = 0;
		host_pcpu[next].softirq_pending |= BIT(SOFTIRQ_TIMER);
	}
	host.clock = MAX(host.clock, when);
}

/* ---- memory -------------------------------------------------------------- */

__weak void *mfn_to_virt(mfn_t mfn)
{
	if (!mfn_valid(mfn))
		panic("mfn %#lx has no memory\n", mfn_x(mfn));
	return arena[mfn_x(mfn) - HOST_FIRST_MFN];
}

__weak mfn_t virt_to_mfn(const void *p)
{
	size_t offset = (size_t)((const uint8_t *)p - arena[0]);

	if (offset >= sizeof(arena))
		panic("%p isn't in the arena\n", p);
	return _mfn(HOST_FIRST_MFN + offset / PAGE_SIZE);
}

__weak bool mfn_valid(mfn_t mfn)
{
	return mfn_x(mfn) - HOST_FIRST_MFN < HOST_FRAMES;
}

__weak struct frame *mfn_to_frame(mfn_t mfn)
{
	return &frames[mfn_x(mfn) - HOST_FIRST_MFN];
}

__weak mfn_t frame_to_mfn(const struct frame *fr)
{
	return _mfn(HOST_FIRST_MFN + (unsigned long)(fr - frames));
}

__weak unsigned long m2p_get(mfn_t mfn)
{
	return mfn_valid(mfn) ? m2p[mfn_x(mfn) - HOST_FIRST_MFN] : M2P_INVALID;
}

__weak void m2p_set(mfn_t mfn, unsigned long gfn)
{
	m2p[mfn_x(mfn) - HOST_FIRST_MFN] = gfn;
}

static bool may_allocate(void)
{
	if (host.allocs_left < 0)
		return true;
	if (host.allocs_left == 0)
		return false;
	host.allocs_left--;
	return true;
}

static bool run_is_free(unsigned long first, unsigned long n)
{
	for (unsigned long i = first; i < first + n; i++)
		if (taken[i])
			return false;
	return true;
}

/* Two threads are two CPUs, and those allocate at once. */
static pthread_mutex_t allocator = PTHREAD_MUTEX_INITIALIZER;

static mfn_t take_free(unsigned int order)
{
	unsigned long n = 1UL << order;

	if (!may_allocate())
		return INVALID_MFN;
	for (unsigned long i = 0; i + n <= HOST_FRAMES; i += n) {
		if (!run_is_free(i, n))
			continue;
		memset(&taken[i], 1, n);
		ASAN_UNPOISON_MEMORY_REGION(arena[i], n * PAGE_SIZE);
		memset(arena[i], 0, n * PAGE_SIZE);
		memset(&frames[i], 0, n * sizeof(frames[0]));
		host.pages_out += (long)n;
		return _mfn(HOST_FIRST_MFN + i);
	}
	return INVALID_MFN;
}

__weak mfn_t buddy_alloc(unsigned int order)
{
	mfn_t mfn;

	pthread_mutex_lock(&allocator);
	mfn = take_free(order);
	pthread_mutex_unlock(&allocator);
	return mfn;
}

__weak mfn_t buddy_alloc_below(unsigned int order, unsigned int bits)
{
	(void)bits;
	return buddy_alloc(order);
}

__weak mfn_t buddy_take(unsigned int order, unsigned int bits, bool *dirty)
{
	*dirty = false;
	return buddy_alloc_below(order, bits);
}

__weak void buddy_scrub(mfn_t mfn, unsigned int order)
{
	memset(mfn_to_virt(mfn), 0, PAGE_SIZE << order);
}

__weak void buddy_free(mfn_t mfn, unsigned int order)
{
	unsigned long i = mfn_x(mfn) - HOST_FIRST_MFN, n = 1UL << order;

	if (i + n > HOST_FRAMES || !taken[i])
		panic("free of mfn %#lx, which isn't taken\n", mfn_x(mfn));
	pthread_mutex_lock(&allocator);
	memset(arena[i], 0xa5, n * PAGE_SIZE);
	ASAN_POISON_MEMORY_REGION(arena[i], n * PAGE_SIZE);
	memset(&taken[i], 0, n);
	host.pages_out -= (long)n;
	pthread_mutex_unlock(&allocator);
}

__weak unsigned long buddy_free_pages(void)
{
	return HOST_FRAMES - (unsigned long)host.pages_out;
}

__weak void *page_alloc(void)
{
	mfn_t mfn = buddy_alloc(0);

	return mfn_valid(mfn) ? mfn_to_virt(mfn) : NULL;
}

__weak void page_free(void *p)
{
	if (p)
		buddy_free(virt_to_mfn(p), 0);
}

__weak void *heap_alloc(size_t size)
{
	if (!may_allocate())
		return NULL;
	__atomic_add_fetch(&host.heap_out, 1, __ATOMIC_RELAXED);
	return calloc(1, size ? size : 1);
}

__weak void heap_free(void *p)
{
	if (p)
		__atomic_sub_fetch(&host.heap_out, 1, __ATOMIC_RELAXED);
	free(p);
}

static bool guest_faults(gva_t p, unsigned long n)
{
	gva_t end = p + n;

	if (p < PAGE_SIZE || end < p || end > 0x800000000000UL)
		return true;
	return p < host.forbidden_to && end > host.forbidden_from;
}

__weak unsigned long machine_copy_from_guest(void *to, gva_t from,
					     unsigned long n)
{
	if (n && guest_faults(from, n))
		return n;
	memcpy(to, (const void *)from, n);
	return 0;
}

__weak unsigned long machine_copy_to_guest(gva_t to, const void *from,
					   unsigned long n)
{
	if (n && (guest_faults(to, n) ||
		  (to < host.read_only_to && to + n > host.read_only_from)))
		return n;
	memcpy((void *)to, from, n);
	return 0;
}

/* The C library of Debian 12 hasn't got it. */
size_t strlcpy(char *to, const char *from, size_t size);
__weak size_t strlcpy(char *to, const char *from, size_t size)
{
	size_t len = strlen(from);

	if (size) {
		size_t n = MIN(len, size - 1);

		memcpy(to, from, n);
		to[n] = 0;
	}
	return len;
}

/* ---- messages ------------------------------------------------------------ */

static void say(const char *fmt, va_list ap)
{
	if (host.quiet)
		return;
	if (fmt[0] == '\001')
		fmt += 2;
	vfprintf(stderr, fmt, ap);
}

__weak void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

__weak void gprintk(const struct domain *d, const char *fmt, ...)
{
	va_list ap;

	if (!host.quiet && d)
		fprintf(stderr, "d%u: ", d->id);
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

__weak void panic(const char *fmt, ...)
{
	va_list ap;

	host.quiet = false;
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	abort();
}

/* ---- a fresh machine ----------------------------------------------------- */

void host_reset(unsigned int cpus)
{
	memset(&host, 0, sizeof(host));
	host.allocs_left = -1;
	host.preempt_after = -1;
	memset(host_pcpu, 0, sizeof(host_pcpu));
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
		host_pcpu[cpu].id = cpu;
	cpu_online = cpus >= 64 ? CPUMASK_ALL : cpumask_of(cpus) - 1;
	memset(taken, 0, sizeof(taken));
	memset(frames, 0, sizeof(frames));
	memset(m2p, 0xff, sizeof(m2p));
	ASAN_POISON_MEMORY_REGION(arena, sizeof(arena));
	list_init(&domain_list);
}
