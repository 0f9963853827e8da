/* SPDX-License-Identifier: MIT */
/*
 * Who gets how much processor time: from classes to the scheduler's own weights
 * and caps, and plans for pinning. Functions of what was observed, as policy.h.
 *
 * A guest of class "guaranteed" has a part of a processor for certain, and
 * perhaps a limit on what it may take beyond (its burst). All others share what
 * is left by the weights that the operator gave them, which aren't touched. dom0
 * has a part for certain, too. Weights only count where processors are short, so
 * a guarantee costs nothing while it isn't used.
 *
 * A weight is a part of the machine, and a guest may be bound to processors that
 * have more than their part of work. So what came of it is looked at: one that
 * waited for a processor and had less than its guarantee gets more weight, step
 * by step, until it has it.
 *
 * Percents are of one processor.
 */
#ifndef HVXALLOCD_CPU_H
#define HVXALLOCD_CPU_H

#include <stdbool.h>
#include <stdint.h>

struct cpu_guest {
	unsigned int vcpus;
	unsigned int guarantee;	/* percent; 0: none */
	int burst;		/* percent beyond it; -1: no limit */
	unsigned int weight, cap;	/* as they are now */
	bool dom0;
	/* Lately it ran, and could have run and had to wait, percent. */
	unsigned int used, waited;
	unsigned int extra;	/* percent of weight that it has for that */
};

struct cpu_rules {
	unsigned int cpus;	/* processors */
	unsigned int dom0;	/* percent of the machine; 0: let it be */
};

struct cpu_share {
	unsigned int weight, cap;	/* as they are to be */
};

/* out: n shares. False: more is guaranteed than there is; then all guarantees
 * are less by the same part. */
bool cpu_shares(const struct cpu_rules *r, const struct cpu_guest *g,
		unsigned int n, struct cpu_share *out);

/* What its extra is to be after what was seen. It comes to rest. */
unsigned int cpu_extra(const struct cpu_rules *r, const struct cpu_guest *g);

/* A processor for each of n vCPUs, the least used first, each used by as few of
 * them as can be. load: what is in use of each of cpus, changed as if they ran
 * there, each with `each` of the same unit. */
void cpu_pins(unsigned int cpus, unsigned int *load, unsigned int n,
	      unsigned int each, unsigned int *out);

#endif /* HVXALLOCD_CPU_H */
