/*
 * ptstress: two vCPUs do what they like to a few frames.
 *
 * Each picks at random: pin, unpin, link, map, write an entry by a call or by a
 * store, clear, load as the user's table; with entries that are good, bad, or
 * almost good. No result matters while it lasts. What must hold: the hypervisor
 * survives, and once every pin, link and mapping is gone each frame is an
 * ordinary page again and the hypervisor's audit finds no difference. A broken
 * one loses a reference in a race that no written test thought of.
 *
 * The seed is printed, and given by seed=N on the guest's command line.
 */
#include <pv/cpu.h>
#include "../common/churn.h"
#include "../common/tables.h"

/* Alone; and with two, where every flush is an interrupt to the other. */
#define ROUNDS_ONE	40000
#define ROUNDS_TWO	1500

static unsigned int allowed[2];

static void second(void *arg)
{
	allowed[1] = churn(arg, ROUNDS_TWO);
}

static uint64_t seed_given(void)
{
	const char *s = (const char *)start_info->cmd_line;
	uint64_t n = 0;

	for (; *s; s++) {
		if (strncmp(s, "seed=", 5))
			continue;
		for (s += 5; *s >= '0' && *s <= '9'; s++)
			n = n * 10 + (uint64_t)(*s - '0');
		return n;
	}
	return 1;
}

static void all_released(const char *who)
{
	check(!churn_release(), "%s: every frame is an ordinary page again",
	      who);
}

void guest_main(void)
{
	uint64_t seed = seed_given();
	struct random mine = { seed * 2 + 1 }, its = { ~seed * 2 + 1 };

	mem_extend(512);
	note("seed=%lu", seed);
	churn_prepare(foreign_mfn(1, 2));
	allowed[0] = churn(&mine, ROUNDS_ONE);
	note("%u of %u calls were allowed", allowed[0], ROUNDS_ONE);
	check(allowed[0] > ROUNDS_ONE / 10, "a fair part is allowed");
	all_released("one vCPU");
	if (HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL) < 0) {
		skip("there is no second vCPU");
		return;
	}
	if (cpu_start(1, second, &its))
		error("the second vCPU doesn't start");
	allowed[0] = churn(&mine, ROUNDS_TWO);
	cpu_wait(1);
	note("%u and %u of %u calls were allowed", allowed[0], allowed[1],
	     ROUNDS_TWO);
	all_released("two vCPUs");
}
