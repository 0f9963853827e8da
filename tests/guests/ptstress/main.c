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
#include "../common/tables.h"

#define FRAMES	16
#define SLOTS	6
/* Alone; and with two, where every flush is an interrupt to the other. */
#define ROUNDS_ONE	40000
#define ROUNDS_TWO	1500

static uint64_t *frame[FRAMES];
static unsigned long mfn[FRAMES], foreign;
static uint64_t *leaf[SLOTS], *table[4][SLOTS];
static unsigned int allowed[2];

struct random {
	uint64_t state;
};

static unsigned int pick(struct random *r, unsigned int n)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return (unsigned int)(r->state >> 32) % n;
}

/* Mostly an entry that could be good for some level, else something odd. */
static uint64_t random_entry(struct random *r)
{
	uint64_t e = mfn_pte(mfn[pick(r, FRAMES)], PTE_P | PTE_US | PTE_A);

	switch (pick(r, 16)) {
	case 0:
		return mfn_pte(foreign, PTE_TABLE);
	case 1:
		return e | PTE_PS;
	case 2:
		return e | 1ull << (52 + pick(r, 11));
	case 3:
		return e & ~PTE_P;
	case 4:
	case 5:
	case 6:
		return 0;
	case 7:
	case 8:
	case 9:
	case 10:
		return e;
	default:
		return e | PTE_RW | PTE_D;
	}
}

static long copy_page(unsigned int to, unsigned int from)
{
	struct mmuext_op op = { .cmd = MMUEXT_COPY_PAGE };

	op.arg1.mfn = mfn[to];
	op.arg2.src_mfn = mfn[from];
	return HYPERVISOR_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

static long write_entry(struct random *r, unsigned int f)
{
	uint64_t at = mfn[f] * PAGE_SIZE + pick(r, 8) * 8;

	if (pick(r, 4) == 0)
		at |= MMU_PT_UPDATE_PRESERVE_AD;
	return pt_write_maddr(at, random_entry(r));
}

static long store(unsigned long va, uint64_t value)
{
	fault_clear();
	try_write(va, value);
	return fault_last()->count ? -1 : 0;
}

static long one(struct random *r)
{
	unsigned int f = pick(r, FRAMES), s = pick(r, SLOTS);
	unsigned int level = 1 + pick(r, 4);

	switch (pick(r, 12)) {
	case 0:
		return pin_table(frame[f], level);
	case 1:
	case 2:
		return unpin_table(frame[f]);
	case 3:
		return pt_write(leaf[s], random_entry(r));
	case 4:
		return map_va(area_va(100 + s), random_entry(r));
	case 5:
	case 6:
		return pt_write(table[1 + pick(r, 3)][s], random_entry(r));
	case 7:
	case 8:
		return write_entry(r, f);
	case 9:
		return store((unsigned long)&frame[f][pick(r, 8)],
			     random_entry(r));
	case 10:
		if (pick(r, 2))
			return page_set_ro(frame[f]);
		return page_set_rw(frame[f]);
	default:
		if (pick(r, 4) == 0)
			return copy_page(f, pick(r, FRAMES));
		if (pick(r, 3) == 0)
			return mmuext_mfn(MMUEXT_CLEAR_PAGE, mfn[f]);
		return mmuext_mfn(MMUEXT_NEW_USER_BASEPTR,
				  pick(r, 2) ? mfn[f] : 0);
	}
}

static void churn(struct random *r, unsigned int rounds)
{
	unsigned int i, n = 0;

	for (i = 0; i < rounds; i++)
		n += one(r) == 0;
	mmuext_mfn(MMUEXT_NEW_USER_BASEPTR, 0);
	allowed[this_cpu()->id] = n;
}

static void second(void *arg)
{
	churn(arg, ROUNDS_TWO);
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

static void prepare(void)
{
	unsigned int i, level;

	foreign = foreign_mfn(1, 2);
	for (i = 0; i < FRAMES; i++) {
		frame[i] = page_alloc();
		mfn[i] = va_to_mfn(frame[i]);
	}
	for (i = 0; i < SLOTS; i++) {
		leaf[i] = area_slot(0, 100 + i);
		for (level = 1; level <= 3; level++)
			table[level][i] = area_slot(level, 40 + i);
	}
}

/* Take all away. What was a table may need its pin gone in any order. */
static void all_released(const char *who)
{
	unsigned int i, level, round, stuck = 0;

	for (i = 0; i < SLOTS; i++) {
		map_va(area_va(100 + i), 0);
		for (level = 1; level <= 3; level++)
			pt_write(table[level][i], 0);
	}
	for (round = 0; round < 2; round++)
		for (i = 0; i < FRAMES; i++)
			unpin_table(frame[i]);
	for (i = 0; i < FRAMES; i++)
		stuck += page_set_rw(frame[i]) != 0;
	check(!stuck, "%s: every frame is an ordinary page again", who);
}

void guest_main(void)
{
	uint64_t seed = seed_given();
	struct random mine = { seed * 2 + 1 }, its = { ~seed * 2 + 1 };

	mem_extend(512);
	note("seed=%lu", seed);
	prepare();
	churn(&mine, ROUNDS_ONE);
	note("%u of %u calls were allowed", allowed[0], ROUNDS_ONE);
	check(allowed[0] > ROUNDS_ONE / 10, "a fair part is allowed");
	all_released("one vCPU");
	if (HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL) < 0) {
		skip("there is no second vCPU");
		return;
	}
	if (cpu_start(1, second, &its))
		error("the second vCPU doesn't start");
	churn(&mine, ROUNDS_TWO);
	cpu_wait(1);
	note("%u and %u of %u calls were allowed", allowed[0], allowed[1],
	     ROUNDS_TWO);
	all_released("two vCPUs");
}
