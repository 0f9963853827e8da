/*
 * The buddy allocator: who gets which free frame.
 *
 * A free block of 2^order frames is naturally aligned.  Its first frame holds
 * the list node, its frame word the order; the other frames' words only say
 * that they are free.  So the allocator needs no memory of its own, and a
 * frame freed twice is noticed.
 *
 * Lists are kept by zone as well as by order.  The zone is the number of bits
 * in the frame number: all frames of an aligned block have the same (frame 0,
 * the one exception, is never given to us), and "below 2^n bytes" is "in zone
 * n - 12 or lower".  Searches go from the highest zone down, so memory that
 * 32-bit devices can reach goes last.
 *
 * Free memory is zero, apart from blocks that are marked dirty: what boot gave
 * us was never scrubbed, and scrubbing it on demand keeps boot short.  What
 * held a guest's data is scrubbed when it is freed.
 *
 * One lock guards lists, counters and the words of free frames.
 */
#include <hvx/frame.h>
#include <hvx/console.h>
#include <hvx/list.h>
#include <hvx/lock.h>
#include <hvx/machine.h>
#include <hvx/string.h>

#define NR_ZONES 41		/* 52 bits of address, less the page's 12 */

#define OWNER_SHIFT 52
#define FREE_WORD   ((uint64_t)OWNER_FREE << OWNER_SHIFT)
#define CORE_WORD   ((uint64_t)OWNER_CORE << OWNER_SHIFT)
/* In refs of a free block's first frame. */
#define FREE_HEAD   0x20
#define FREE_DIRTY  0x40
#define FREE_ORDER  0x1f
/* Pin, alloc and both counts: none may be left when a frame is freed. */
#define HELD_MASK   ((1ULL << 47) - 1)

static struct lock buddy_lock = LOCK_INIT;
static struct list free_blocks[NR_ZONES][MAX_ORDER + 1];
static uint32_t orders_free[NR_ZONES];	/* bit k: a block of order k is there */
static unsigned long free_pages;
static unsigned long fail_countdown;

static unsigned int zone_of(unsigned long mfn)
{
	return mfn ? 64 - (unsigned int)__builtin_clzl(mfn) : 0;
}

static struct list *node_of(unsigned long mfn)
{
	return mfn_to_virt(_mfn(mfn));
}

static uint64_t *word_of(unsigned long mfn)
{
	return &mfn_to_frame(_mfn(mfn))->word;
}

static bool is_free_head(unsigned long mfn, unsigned int order)
{
	uint64_t want = FREE_WORD | FREE_HEAD | order;

	return mfn_valid(_mfn(mfn)) &&
	       (READ_ONCE(*word_of(mfn)) & ~(uint64_t)FREE_DIRTY) == want;
}

static void block_insert(unsigned long mfn, unsigned int order, bool dirty)
{
	unsigned int zone = zone_of(mfn);
	struct list *head = &free_blocks[zone][order];

	if (!head->next)
		list_init(head);
	list_add_head(node_of(mfn), head);
	orders_free[zone] |= 1U << order;
	WRITE_ONCE(*word_of(mfn), FREE_WORD | FREE_HEAD | order |
					  (dirty ? FREE_DIRTY : 0));
}

/* Takes a block off its list; returns whether it was dirty. */
static bool block_remove(unsigned long mfn, unsigned int order)
{
	unsigned int zone = zone_of(mfn);
	struct list *node = node_of(mfn);
	bool dirty = *word_of(mfn) & FREE_DIRTY;

	list_del(node);
	node->next = node->prev = NULL;
	if (list_empty(&free_blocks[zone][order]))
		orders_free[zone] &= ~(1U << order);
	WRITE_ONCE(*word_of(mfn), FREE_WORD);
	return dirty;
}

/* Joins the block with its free buddies as far as that goes. */
static void block_give(unsigned long mfn, unsigned int order, bool dirty)
{
	free_pages += 1UL << order;
	while (order < MAX_ORDER) {
		unsigned long other = mfn ^ (1UL << order);

		if (!is_free_head(other, order))
			break;
		dirty |= block_remove(other, order);
		mfn &= ~(1UL << order);
		order++;
	}
	block_insert(mfn, order, dirty);
}

/* The best block for the order in that zone or a lower one. */
static bool block_find(unsigned int order, unsigned int zone,
		       unsigned long *mfn, unsigned int *found)
{
	do {
		uint32_t fit = orders_free[zone] >> order;

		if (!fit)
			continue;
		*found = order + (unsigned int)__builtin_ctz(fit);
		*mfn = mfn_x(virt_to_mfn(free_blocks[zone][*found].next));
		return true;
	} while (zone-- > 0);
	return false;
}

/* The upper half goes to the caller, the lower stays: see the zones above. */
static unsigned long block_take(unsigned long mfn, unsigned int have,
				unsigned int order, bool *dirty)
{
	*dirty = block_remove(mfn, have);
	while (have > order) {
		have--;
		block_insert(mfn, have, *dirty);
		mfn += 1UL << have;
	}
	free_pages -= 1UL << order;
	for (unsigned long i = 0; i < 1UL << order; i++)
		WRITE_ONCE(*word_of(mfn + i), CORE_WORD);
	return mfn;
}

bool alloc_shall_fail(void)
{
	unsigned long n = READ_ONCE(fail_countdown);

	return unlikely(n) && __atomic_sub_fetch(&fail_countdown, 1,
						 __ATOMIC_RELAXED) == 0;
}

void alloc_fail_nth(unsigned long n)
{
	WRITE_ONCE(fail_countdown, n);
}

mfn_t buddy_take(unsigned int order, unsigned int bits, bool *dirty)
{
	unsigned int zone, have;
	unsigned long mfn;
	bool found;

	if (order > MAX_ORDER || bits < PAGE_SHIFT || alloc_shall_fail())
		return INVALID_MFN;
	zone = MIN(bits - PAGE_SHIFT, NR_ZONES - 1U);
	spin_lock(&buddy_lock);
	found = block_find(order, zone, &mfn, &have);
	if (found)
		mfn = block_take(mfn, have, order, dirty);
	spin_unlock(&buddy_lock);
	return found ? _mfn(mfn) : INVALID_MFN;
}

void buddy_scrub(mfn_t mfn, unsigned int order)
{
	memset(mfn_to_virt(mfn), 0, PAGE_SIZE << order);
}

mfn_t buddy_alloc_below(unsigned int order, unsigned int bits)
{
	bool dirty = false;
	mfn_t mfn = buddy_take(order, bits, &dirty);

	if (dirty)
		buddy_scrub(mfn, order);
	return mfn;
}

mfn_t buddy_alloc(unsigned int order)
{
	return buddy_alloc_below(order, 64);
}

/* Every frame must be in use, by nobody: else our own books are wrong. */
static void check_unused(unsigned long mfn, unsigned int order)
{
	for (unsigned long i = 0; i < 1UL << order; i++) {
		uint64_t word = READ_ONCE(*word_of(mfn + i));

		if (word >> OWNER_SHIFT == OWNER_FREE || word & HELD_MASK)
			panic("freeing frame %#lx of word %#lx\n", mfn + i,
			      (unsigned long)word);
	}
}

static void mark_free(unsigned long mfn, unsigned int order)
{
	for (unsigned long i = 0; i < 1UL << order; i++)
		WRITE_ONCE(*word_of(mfn + i), FREE_WORD);
}

void buddy_free(mfn_t mfn, unsigned int order)
{
	BUG_ON(order > MAX_ORDER || mfn_x(mfn) & ((1UL << order) - 1));
	check_unused(mfn_x(mfn), order);
	buddy_scrub(mfn, order);
	spin_lock(&buddy_lock);
	mark_free(mfn_x(mfn), order);
	block_give(mfn_x(mfn), order, false);
	spin_unlock(&buddy_lock);
}

void buddy_add_range(mfn_t first, mfn_t last)
{
	unsigned long mfn = MAX(mfn_x(first), 1UL);

	spin_lock(&buddy_lock);
	while (mfn < mfn_x(last)) {
		unsigned int order = (unsigned int)__builtin_ctzl(mfn);

		order = MIN(order, (unsigned int)MAX_ORDER);
		while (order && mfn + (1UL << order) > mfn_x(last))
			order--;
		mark_free(mfn, order);
		block_give(mfn, order, true);
		mfn += 1UL << order;
	}
	spin_unlock(&buddy_lock);
}

unsigned long buddy_free_pages(void)
{
	return READ_ONCE(free_pages);
}

unsigned long buddy_free_below(unsigned int bits)
{
	unsigned int top = MIN(MAX(bits, 12U) - PAGE_SHIFT, NR_ZONES - 1U);
	unsigned long sum = 0;
	struct list *pos;

	spin_lock(&buddy_lock);
	for (unsigned int z = 0; z <= top; z++)
		for (unsigned int k = 0; k <= MAX_ORDER; k++)
			if (orders_free[z] >> k & 1)
				list_for_each(pos, &free_blocks[z][k])
					sum += 1UL << k;
	spin_unlock(&buddy_lock);
	return sum;
}

unsigned long buddy_audit(void)
{
	unsigned long sum = 0, bad = 0;
	struct list *pos;

	spin_lock(&buddy_lock);
	for (unsigned int z = 0; z < NR_ZONES; z++) {
		for (unsigned int k = 0; k <= MAX_ORDER; k++) {
			if (!(orders_free[z] >> k & 1))
				continue;
			list_for_each(pos, &free_blocks[z][k]) {
				unsigned long mfn = mfn_x(virt_to_mfn(pos));

				bad += !is_free_head(mfn, k);
				bad += zone_of(mfn) != z;
				bad += (mfn & ((1UL << k) - 1)) != 0;
				sum += 1UL << k;
			}
		}
	}
	bad += sum != free_pages;
	spin_unlock(&buddy_lock);
	return bad;
}
