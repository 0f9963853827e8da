/*
 * The core's own memory: pages, and small objects cut from pages.
 *
 * An object up to the largest class lies in a page that holds objects of one
 * class only; the page starts with a header, so an object's address leads to
 * it.  Anything bigger is a block of whole pages: page-aligned, which no small
 * object is; its order stands in refs of its first frame.
 *
 * Pages with room stand on their class's list; a page that becomes empty goes
 * back to the buddy allocator.  One lock; it is taken outside the buddy's.
 */
#include <hvx/frame.h>
#include <hvx/console.h>
#include <hvx/list.h>
#include <hvx/lock.h>
#include <hvx/machine.h>
#include <hvx/string.h>

#define SLAB_MAGIC  0x62616c73
#define SLAB_HEADER 64

struct slab {
	struct list room;	/* on its class's list while not full */
	uint32_t magic;
	uint16_t class, used;
	uint64_t taken[2];	/* bit i: object i is in use */
};

/* Multiples of 16; as many as fill a page beside the header. */
static const uint16_t class_size[] = { 32,  64,	 128,  256,
				       496, 1008, 1344, 2016 };
static struct list class_room[ARRAY_SIZE(class_size)];
static struct lock heap_lock = LOCK_INIT;
static unsigned long heap_pages;

static unsigned int class_capacity(unsigned int class)
{
	return (PAGE_SIZE - SLAB_HEADER) / class_size[class];
}

void *page_alloc(void)
{
	mfn_t mfn = buddy_alloc(0);

	return mfn_eq(mfn, INVALID_MFN) ? NULL : mfn_to_virt(mfn);
}

void page_free(void *p)
{
	if (p)
		buddy_free(virt_to_mfn(p), 0);
}

static unsigned int order_of_size(size_t size)
{
	unsigned int order = 0;

	while (order <= MAX_ORDER && PAGE_SIZE << order < size)
		order++;
	return order;
}

static void *big_alloc(size_t size)
{
	unsigned int order = order_of_size(size);
	mfn_t mfn = buddy_alloc(order);

	if (mfn_eq(mfn, INVALID_MFN))
		return NULL;
	mfn_to_frame(mfn)->word |= order + 1;
	__atomic_add_fetch(&heap_pages, 1UL << order, __ATOMIC_RELAXED);
	return mfn_to_virt(mfn);
}

static void big_free(void *p)
{
	mfn_t mfn = virt_to_mfn(p);
	struct frame *fr = mfn_to_frame(mfn);
	unsigned int order = (fr->word & 0x1f) - 1;

	BUG_ON(frame_owner(fr) != OWNER_CORE || order > MAX_ORDER);
	fr->word &= ~(uint64_t)0x1f;
	__atomic_sub_fetch(&heap_pages, 1UL << order, __ATOMIC_RELAXED);
	buddy_free(mfn, order);
}

static unsigned int class_of_size(size_t size)
{
	unsigned int class = 0;

	while (class < ARRAY_SIZE(class_size) && class_size[class] < size)
		class++;
	return class;
}

static struct slab *slab_create(unsigned int class)
{
	struct slab *s = page_alloc();

	if (!s)
		return NULL;
	s->magic = SLAB_MAGIC;
	s->class = (uint16_t)class;
	list_add_head(&s->room, &class_room[class]);
	heap_pages++;
	return s;
}

static void *slab_take(struct slab *s)
{
	unsigned int word = s->taken[0] == ~0ULL;
	unsigned int bit = (unsigned int)__builtin_ctzll(~s->taken[word]);

	s->taken[word] |= BIT(bit);
	s->used++;
	if (s->used == class_capacity(s->class))
		list_del(&s->room);
	return (char *)s + SLAB_HEADER +
	       (word * 64 + bit) * class_size[s->class];
}

static void *small_alloc(unsigned int class)
{
	struct slab *s;
	void *p = NULL;

	spin_lock(&heap_lock);
	if (!class_room[class].next)
		list_init(&class_room[class]);
	if (!list_empty(&class_room[class]))
		s = list_first(&class_room[class], struct slab, room);
	else
		s = slab_create(class);
	if (s)
		p = slab_take(s);
	spin_unlock(&heap_lock);
	if (p)
		memset(p, 0, class_size[class]);
	return p;
}

/* Drops object i; true if the page is empty now and off its list. */
static bool slab_drop(struct slab *s, unsigned int i)
{
	uint64_t bit = BIT(i % 64);

	BUG_ON(!(s->taken[i / 64] & bit));
	s->taken[i / 64] &= ~bit;
	if (s->used == class_capacity(s->class))
		list_add_head(&s->room, &class_room[s->class]);
	if (--s->used)
		return false;
	list_del(&s->room);
	s->magic = 0;
	heap_pages--;
	return true;
}

static void small_free(void *p)
{
	unsigned long offset = (unsigned long)p & ~PAGE_MASK;
	struct slab *s = (void *)((char *)p - offset);
	unsigned int i;
	bool empty;

	spin_lock(&heap_lock);
	BUG_ON(s->magic != SLAB_MAGIC || offset < SLAB_HEADER ||
	       s->class >= ARRAY_SIZE(class_size));
	i = (unsigned int)(offset - SLAB_HEADER) / class_size[s->class];
	BUG_ON((offset - SLAB_HEADER) % class_size[s->class] ||
	       i >= class_capacity(s->class));
	empty = slab_drop(s, i);
	spin_unlock(&heap_lock);
	if (empty)
		page_free(s);
}

void *heap_alloc(size_t size)
{
	unsigned int class = class_of_size(size);

	if (class == ARRAY_SIZE(class_size))
		return big_alloc(size);
	return alloc_shall_fail() ? NULL : small_alloc(class);
}

void heap_free(void *p)
{
	if (!p)
		return;
	if ((unsigned long)p & ~PAGE_MASK)
		small_free(p);
	else
		big_free(p);
}

unsigned long heap_pages_used(void)
{
	return READ_ONCE(heap_pages);
}
