/*
 * The machine that host tests and fuzzers run the core's logic on.
 *
 * machine.c implements the seam (hvx/machine.h) and the allocators: an arena
 * of frames, a clock that stands until the test turns it, CPUs as numbers,
 * guest memory as plain host memory.  Nothing runs by itself: kicks, flushes,
 * softirqs and deadlines are only recorded here, and host_run_softirqs() or
 * host_advance() acts on them when the test says so.
 *
 * fakes.c stands in for modules that a test doesn't link.  All its symbols
 * and machine.c's are weak, so a real module, or a test's own version, wins
 * when it is linked.
 *
 * A test's shape:
 *
 *	host_reset(2);				two CPUs, all memory fresh
 *	d = host_make_domain(1, 4);		with its shared page
 *	v = host_make_vcpu(d, 0);
 *	evtchn_init_domain(d); ...		what it is about
 *	rc = hc_event_channel_op(v, EVTCHNOP_send, (gva_t)&send);
 *	host_free_domain(d);
 *	assert_int_equal(host.pages_out, 0);	nothing leaked
 */
#ifndef HOST_MACHINE_H
#define HOST_MACHINE_H

#include <hvx/domain.h>
#include <hvx/frame.h>
#include <hvx/machine.h>
#include <hvx/pcpu.h>

#define HOST_FRAMES	4096	/* in the arena */
#define HOST_FIRST_MFN	0x100

struct host_cpu {
	uint64_t deadline;	/* asked of the timer; 0: none */
	unsigned int kicks;	/* cpu_kick calls that named this CPU */
	unsigned int switches;	/* machine_switch calls on it */
};

struct host {
	uint64_t clock;		/* time_now() */
	unsigned int cpu;	/* cpu_id() */
	bool preempt;		/* preempt_needed() says so */
	long preempt_after;	/* ... after so many calls; -1: never */
	bool quiet;		/* printk says nothing */

	/* Allocations still to succeed; -1: all.  Counts pages and heap. */
	long allocs_left;
	long pages_out, heap_out;	/* not given back */

	/* Guest addresses [from, to) that fault, beside NULL's page and what
	 * isn't canonical or is the core's. */
	gva_t forbidden_from, forbidden_to;
	/* Guest addresses [from, to) that can be read but not written. */
	gva_t read_only_from, read_only_to;

	unsigned int flushes;		/* of any kind */
	cpumask_t flushed;		/* CPUs of the flushes so far */
	unsigned int upcalls;		/* vcpu_kick of fakes.c */
	unsigned int virqs;		/* virq_send_* of fakes.c */
	unsigned int last_virq;
	struct vcpu *last_virq_vcpu;	/* NULL: domain-wide or global */
	unsigned int shutdowns;		/* domain_shutdown, domain_crash */
	bool continued;			/* hypercall_continue of fakes.c */
	unsigned long cont_args[6];

	/* Called while the core spins; NULL: a spin is a deadlock, abort. */
	void (*on_relax)(void);

	struct host_cpu cpus[NR_CPUS];
};

extern struct host host;

/* Start anew with that many CPUs online and nothing allocated. */
void host_reset(unsigned int cpus);
void host_set_cpu(unsigned int cpu);
/* What a test's own machine_switch() must tell. */
void host_note_switch(struct vcpu *next);
/* Who runs there, by the last machine_switch. */
struct vcpu *host_pcpu_current(unsigned int cpu);

/* Do what is pending on a CPU as its exit path would, until nothing is. */
void host_run_softirqs(unsigned int cpu);
/* Turn the clock to `when`; on the way each CPU's deadline fires in order and
 * its softirqs run, and so do those that kicks ask for. */
void host_advance(uint64_t when);

/* A live domain: slot = id, a shared page, room for max_vcpus; no module of
 * it is initialised.  On domain_list, so that domain_get_by_id finds it. */
struct domain *host_make_domain(domid_t id, unsigned int max_vcpus);
struct vcpu *host_make_vcpu(struct domain *d, unsigned int id);
/* The objects themselves; modules' shares must be gone before. */
void host_free_domain(struct domain *d);

/* A frame of the arena given to d, as RAM of its reservation. */
mfn_t host_give_frame(struct domain *d);

/* What m2p_set() wrote. */
unsigned long m2p_get(mfn_t mfn);

#endif
