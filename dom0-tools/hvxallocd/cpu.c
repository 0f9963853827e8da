/* SPDX-License-Identifier: MIT */
#include "cpu.h"

#define WEIGHT_MAX	65535
#define WEIGHT_USUAL	256
/* Percent of the machine that guarantees leave to others. */
#define LEAST_LEFT	5
/* Percent: who waits less isn't kept from running. */
#define WAIT_LEAST	2
/* Percent: so much extra weight makes no difference any more. */
#define EXTRA_MOST	3100

static unsigned int guaranteed(const struct cpu_guest *g)
{
	unsigned int most = g->vcpus * 100;

	return g->guarantee < most ? g->guarantee : most;
}

/* What it has for certain. */
static unsigned int due(const struct cpu_rules *r, const struct cpu_guest *g)
{
	return g->dom0 && r->dom0 ? r->dom0 * r->cpus : guaranteed(g);
}

/* What is to be known of all before any has its share. */
struct sums {
	double certain;		/* guaranteed, dom0's included: percent */
	double weights;		/* of those that have no guarantee */
};

static struct sums add_up(const struct cpu_rules *r, const struct cpu_guest *g,
			  unsigned int n)
{
	struct sums s = { 0, 0 };
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (due(r, &g[i]))
			s.certain += due(r, &g[i]);
		else
			s.weights += g[i].weight;
	}
	return s;
}

/* The weight that stands for so much of a processor, rounded up: others lose
 * less by that than one with a small guarantee would by the other. */
static unsigned int weight_for(double percent, double each)
{
	double weight = percent * each;
	unsigned int whole = weight < WEIGHT_MAX ? (unsigned int)weight
						 : WEIGHT_MAX;

	if (whole < WEIGHT_MAX && whole < weight)
		whole++;
	return whole ? whole : 1;
}

static unsigned int cap_for(const struct cpu_guest *g)
{
	unsigned int most = g->vcpus * 100, cap;

	if (!g->guarantee || g->burst < 0)
		return g->cap;
	cap = guaranteed(g) + g->burst;
	return cap < most ? cap : most;
}

/* A weight for each percent that is certain. */
static double each_percent(const struct cpu_rules *r, const struct sums *s,
			   bool *fits)
{
	double all = 100.0 * r->cpus, least = all * LEAST_LEFT / 100;

	*fits = s->certain + least <= all;
	if (s->weights <= 0)
		return WEIGHT_USUAL / 100.0;
	return s->weights / (*fits ? all - s->certain : least);
}

static void deal(const struct cpu_rules *r, const struct cpu_guest *g,
		 unsigned int n, double each, struct cpu_share *out)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		out[i].cap = cap_for(&g[i]);
		out[i].weight = g[i].weight;
		if (due(r, &g[i]))
			out[i].weight = weight_for(due(r, &g[i]), each *
						   (100 + g[i].extra) / 100);
	}
}

bool cpu_shares(const struct cpu_rules *r, const struct cpu_guest *g,
		unsigned int n, struct cpu_share *out)
{
	struct cpu_rules without = *r;
	struct sums s = add_up(r, g, n);
	unsigned int i;
	bool fits;

	deal(r, g, n, each_percent(r, &s, &fits), out);
	/* dom0's part is the least that it has: where its own weight is worth
	 * more, it is one of those with a weight. */
	for (i = 0; i < n; i++)
		if (g[i].dom0 && out[i].weight < g[i].weight)
			without.dom0 = 0;
	if (without.dom0 == r->dom0)
		return fits;
	s = add_up(&without, g, n);
	deal(&without, g, n, each_percent(&without, &s, &fits), out);
	return fits;
}

/* Up by as much as is lacking, which is never too much: with twice the weight a
 * guest has less than twice the time. Down more slowly, and only from well above
 * what is due: between the two it rests. */
unsigned int cpu_extra(const struct cpu_rules *r, const struct cpu_guest *g)
{
	unsigned int part = due(r, g), now = 100 + g->extra, to = now;

	if (!part)
		return 0;
	if (g->waited < WAIT_LEAST)
		return g->extra;
	if (g->used < part - part / 32)
		to = g->used ? now * part / g->used : 2 * now;
	else if (g->used > part + part / 8)
		to = now - now / 8;
	to = to > 2 * now ? 2 * now : to;
	to = to > 100 + EXTRA_MOST ? 100 + EXTRA_MOST : to;
	return to > 100 ? to - 100 : 0;
}

void cpu_pins(unsigned int cpus, unsigned int *load, unsigned int n,
	      unsigned int each, unsigned int *out)
{
	unsigned int i, c, best;

	for (i = 0; i < n; i++) {
		best = 0;
		for (c = 1; c < cpus; c++)
			if (load[c] < load[best])
				best = c;
		/* One that uses nothing takes its place, too. */
		load[best] += each ? each : 1;
		out[i] = best;
	}
}
