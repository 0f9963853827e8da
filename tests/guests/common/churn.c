/* SPDX-License-Identifier: MIT */
/* Random work on a few frames, their tables and mappings (churn.h). */
#include "churn.h"
#include "tables.h"

#define FRAMES	16
#define SLOTS	6

static uint64_t *frame[FRAMES];
static unsigned long mfn[FRAMES], foreign;
static uint64_t *leaf[SLOTS], *table[4][SLOTS];

unsigned int pick(struct random *r, unsigned int n)
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

unsigned int churn(struct random *r, unsigned int rounds)
{
	unsigned int i, n = 0;

	for (i = 0; i < rounds; i++)
		n += one(r) == 0;
	mmuext_mfn(MMUEXT_NEW_USER_BASEPTR, 0);
	return n;
}

void churn_prepare(unsigned long foreign_frame)
{
	unsigned int i, level;

	foreign = foreign_frame;
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
unsigned int churn_release(void)
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
	return stuck;
}
