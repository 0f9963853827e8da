/* SPDX-License-Identifier: MIT */
/*
 * peermany: 200 domains at once.
 *
 * What must hold: each of them runs, answers, and is told apart; none costs the
 * hypervisor more than its share; while all of them want to run, each does, and
 * the control domain gets its turn; when they are gone nothing is left. A broken
 * hypervisor has a table that is too small, a list that is walked too often, or
 * starves somebody.
 */
#include "../common/peer.h"

#define MANY		(on_hvx() ? 200u : 50u)
#define MANY_MOST	200
/* Of the hypervisor's memory, beside what the domain is given. */
#define COST_KIB	46

static struct peer peer[MANY_MOST];

static long p_id(void *arg)
{
	(void)arg;
	return peer_self();
}

/* Busy until told to stop; how far it came. */
struct spin {
	uint64_t ms;
};

static long p_spin(void *arg)
{
	uint64_t end = time_now() + ((struct spin *)arg)->ms * 1000000;
	long n = 0;

	while (time_now() < end)
		n++;
	return n;
}

static void check_cost(unsigned long before)
{
	unsigned long used = before - free_pages_of_machine();
	unsigned long cost = (used - MANY * PEER_PAGES) * 4 * 1024 / MANY;

	note("%lu bytes of the hypervisor's a domain", cost);
	check(!on_hvx() || cost <= COST_KIB * 1024,
	      "a domain costs at most %u KiB", COST_KIB);
}

static void start_all(void)
{
	uint64_t start, first = 0, last = 0;
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		start = time_now();
		peer_start(&peer[i], NULL);
		last = time_now() - start;
		first = i == 1 ? last : first;
	}
	note("started in %lu us first, %lu us last",
	     (unsigned long)first / 1000, (unsigned long)last / 1000);
}

static void check_answers(void)
{
	unsigned int i, good = 0;

	for (i = 0; i < MANY; i++)
		good += peer_call(&peer[i], p_id, NULL, 0) == peer[i].id;
	check(good == MANY, "all answer (%u)", good);
}

static void check_list(void)
{
	static struct xen_domctl_getdomaininfo info[MANY_MOST + 8];
	struct xen_sysctl op = {
		.cmd = XEN_SYSCTL_getdomaininfolist,
		.interface_version = XEN_SYSCTL_INTERFACE_VERSION,
	};
	unsigned int i, sorted = 0, n;

	op.u.getdomaininfolist.max_domains = MANY_MOST + 8;
	handle_set(op.u.getdomaininfolist.buffer, info);
	if (HYPERVISOR_sysctl(&op))
		op.u.getdomaininfolist.num_domains = 0;
	n = op.u.getdomaininfolist.num_domains;
	for (i = 1; i < n; i++)
		sorted += info[i].domain > info[i - 1].domain;
	check(n == MANY + 1 && sorted == MANY, "all are listed, by id");
}

/* How much later than asked for it comes back. */
static uint64_t nap(unsigned int ms)
{
	uint64_t end = time_now() + ms * 1000000ull;
	struct sched_poll poll = { .timeout = end };

	while (time_now() < end)
		HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
	return time_now() - end;
}

/* All want the processors at once, and the builder a moment now and then. */
static void check_crowd(void)
{
	unsigned int i, done = 0, ran = 0, naps = 0;
	struct spin s = { .ms = 3000 };
	uint64_t longest = 0, sum = 0;

	for (i = 0; i < MANY; i++)
		peer_post(&peer[i], p_spin, &s, sizeof(s));
	while (done < MANY) {
		uint64_t late = nap(10);

		longest = late > longest ? late : longest;
		sum += late;
		naps++;
		for (i = 0, done = 0; i < MANY; i++)
			done += peer_answered(&peer[i]);
	}
	for (i = 0; i < MANY; i++)
		ran += peer_wait(&peer[i], &s, sizeof(s)) >= 0;
	note("%u naps of the builder ended %lu us too late, at most %lu us",
	     naps, (unsigned long)sum / naps / 1000,
	     (unsigned long)longest / 1000);
	check(ran == MANY, "in a crowd, each had its turn");
}

static void stop_all(void)
{
	uint64_t start, first = 0, last = 0;
	unsigned int i, bad = 0;

	for (i = 0; i < MANY; i++) {
		start = time_now();
		bad += peer_destroy(&peer[i]) != 0;
		last = time_now() - start;
		first = i == 1 ? last : first;
	}
	check(!bad, "all destroyed");
	note("destroyed in %lu us first, %lu us last",
	     (unsigned long)first / 1000, (unsigned long)last / 1000);
}

void guest_main(void)
{
	unsigned long before;

	start_all();
	stop_all();
	before = free_pages_of_machine();
	start_all();
	check_cost(before);
	check_answers();
	check_list();
	check_crowd();
	stop_all();
	check(free_pages_of_machine() == before || !on_hvx(),
	      "all memory came back");
}
