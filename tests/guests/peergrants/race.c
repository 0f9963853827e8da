/* SPDX-License-Identifier: MIT */
/* Handles used wrongly or by two at once: GT-02, 06, 07, 11. */
#include "grants.h"

#define ROUNDS	100000	/* at most; and seconds */
#define SECONDS	3

/* GT-06, in the mapper */
static long p_bad_handles(void *arg)
{
	struct mapping m = *(struct mapping *)arg;
	unsigned long va = m.va;
	unsigned int bad = 0;

	m.flags = RW | GNTMAP_device_map;
	MARK(bad, map_grant(&m) != 0);
	MARK(bad, unmap_grant(m.handle + 1, va, 0) != GNTST_bad_handle);
	MARK(bad, unmap_grant(1u << 30, va, 0) != GNTST_bad_handle);
	MARK(bad, unmap_grant(m.handle, va + PAGE_SIZE, 0) != GNTST_general_error);
	MARK(bad, unmap_grant(m.handle, va, m.bus + PAGE_SIZE) !=
	       GNTST_bad_dev_addr);
	/* A zero leaves that part alone. */
	MARK(bad, unmap_grant(m.handle, 0, 0) != GNTST_okay);
	*(volatile uint64_t *)va = 1;
	MARK(bad, unmap_grant(m.handle, va, 0) != GNTST_okay);
	MARK(bad, unmap_grant(m.handle, va, 0) == GNTST_okay);
	MARK(bad, unmap_grant(m.handle, 0, m.bus) != GNTST_okay);
	MARK(bad, unmap_grant(m.handle, 0, m.bus) != GNTST_bad_handle);
	return bad;
}

static void check_handles(void)
{
	struct mapping m = {
		.dom = granter.id, .ref = REF, .va = map_va_of(0),
	};
	unsigned int ref = REF;

	grant_page(&granter, REF, 0, mapper.id, GTF_permit_access);
	check_none(peer_do(&mapper, p_bad_handles, &m),
	      "GT-06 each part is undone once, by its own handle");
	check(peer_do(&granter, p_entry, &ref) == GTF_permit_access,
	      "GT-06 and then it is idle");
}

/* GT-07: both of the builder's vCPUs undo the same mapping. */
static volatile uint32_t race_handle;
static volatile unsigned int race_round, race_done, race_won;
static volatile uint64_t race_bus;
static volatile bool race_over;

static unsigned int race_once(unsigned int who)
{
	unsigned long va = map_va_of(8);
	unsigned int won = 0;

	if ((race_round + who) % 3) {
		won += unmap_grant(race_handle, va, 0) == GNTST_okay;
		won += unmap_grant(race_handle, 0, race_bus) == GNTST_okay;
	} else {
		won += 2 * (unmap_grant(race_handle, va, race_bus) ==
			    GNTST_okay);
	}
	return won;
}

static void racer(void *arg)
{
	unsigned int seen = 0;

	(void)arg;
	for (;;) {
		while (race_round == seen && !race_over)
			cpu_relax();
		if (race_round == seen)
			return;
		seen++;
		race_won = race_once(1);
		__atomic_store_n(&race_done, seen, __ATOMIC_RELEASE);
	}
}

static void check_unmap_race(void)
{
	struct mapping m = {
		.dom = granter.id, .ref = REF, .va = map_va_of(8),
		.flags = RW | GNTMAP_device_map,
	};
	uint64_t end = time_now() + SECONDS * 1000000000ull;
	unsigned int i, mine, bad = 0, ref = REF;

	if (HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL) < 0) {
		skip("GT-07 there is no second vCPU");
		return;
	}
	grant_page(&granter, REF, 0, 0, GTF_permit_access);
	if (cpu_start(1, racer, NULL))
		error("no second vCPU");
	for (i = 0; i < ROUNDS && time_now() < end; i++) {
		if (map_grant(&m))
			error("mapping in round %u", i);
		race_handle = m.handle;
		race_bus = m.bus;
		__atomic_store_n(&race_round, i + 1, __ATOMIC_RELEASE);
		mine = race_once(0);
		while (race_done != i + 1)
			cpu_relax();
		/* Whoever asked for both at once may find one of them gone, and
		 * then has the other left to undo. */
		mine += race_won;
		unmap_grant(m.handle, m.va, 0);
		unmap_grant(m.handle, 0, m.bus);
		bad += mine < 1 || mine > 3;
	}
	race_over = true;
	cpu_wait(1);
	note("%u rounds", i);
	check(!bad && i, "GT-07 two unmap the same");
	check(peer_do(&granter, p_entry, &ref) == GTF_permit_access,
	      "GT-07 and then it is idle");
}

/* GT-02: the entry changes all the time, between two good states and a bad. */
static volatile bool *flip_stop;

static long p_flip(void *arg)
{
	struct grant_call *g = arg;
	unsigned long a = va_to_mfn(my_page(0)), b = va_to_mfn(my_page(3));
	unsigned int i;

	flip_stop = (volatile bool *)my_page(4);
	for (i = 0; !*flip_stop; i++) {
		grants[g->ref].frame = (uint32_t)(i & 1 ? a : b);
		grants[g->ref].domid = i & 2 ? g->to : 77;
		grants[g->ref].flags = i & 4 ? GTF_permit_access : 0;
	}
	return i;
}

static long p_page_mfn(void *arg)
{
	return (long)va_to_mfn(my_page(*(unsigned int *)arg));
}

static unsigned long page_mfn(unsigned int i)
{
	return (unsigned long)peer_do(&granter, p_page_mfn, &i);
}

static void check_flip(void)
{
	unsigned long a = page_mfn(0), b = page_mfn(3), stop = page_mfn(4);
	struct mapping m = {
		.dom = granter.id, .ref = REF, .va = map_va_of(8), .flags = RW,
	};
	struct grant_call g = { .ref = REF, .to = 0 };
	uint64_t end = time_now() + SECONDS * 1000000000ull;
	unsigned int i, got = 0, bad = 0;

	if (map_foreign(granter.id, map_va_of(9), stop, PTE_KERN))
		error("mapping the stop flag");
	*(volatile bool *)map_va_of(9) = false;
	peer_post(&granter, p_flip, &g, sizeof(g));
	for (i = 0; i < ROUNDS && time_now() < end; i++) {
		if (map_grant(&m))
			continue;
		got++;
		bad += m.bus / PAGE_SIZE != a && m.bus / PAGE_SIZE != b;
		*(volatile uint64_t *)m.va = i;
		bad += unmap_grant(m.handle, m.va, 0) != GNTST_okay;
	}
	*(volatile bool *)map_va_of(9) = true;
	check(peer_wait(&granter, &g, sizeof(g)) > 0 && got, "GT-02 it flipped");
	map_va(map_va_of(9), 0);
	note("%u of %u times it could be mapped", got, i);
	check(!bad, "GT-02 what is mapped was granted");
}

/* GT-11 */
static void check_batches(void)
{
	static struct gnttab_map_grant_ref op[8];
	unsigned int i, good = 0;
	long rc;

	grant_page(&granter, REF, 0, 0, GTF_permit_access);
	for (i = 0; i < 8; i++)
		op[i] = (struct gnttab_map_grant_ref){
			.dom = granter.id, .flags = GNTMAP_device_map,
			.ref = i == 3 ? REF + 1 : REF, .status = 77,
		};
	check(!HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, op, 0) &&
	      op[0].status == 77, "GT-11 nothing of nothing");
	rc = HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, op, 7);
	for (i = 0; i < 7; i++)
		good += op[i].status == (i == 3 ? GNTST_general_error : 0);
	check(!rc && good == 7 && op[7].status == 77,
	      "GT-11 each has its own status");
	for (i = 0; i < 7; i++)
		if (!op[i].status)
			unmap_grant(op[i].handle, 0, op[i].dev_bus_addr);
	check(HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, op, ~0u) < 0,
	      "GT-11 more than there can be");
	rc = HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, NULL, 65536);
	check(rc < 0, "GT-11 where there is no memory");
}

void check_races(void)
{
	check_handles();
	check_unmap_race();
	check_flip();
	check_batches();
}
