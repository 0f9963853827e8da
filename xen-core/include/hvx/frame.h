/*
 * Machine frames: who owns each, how often it is referenced, and as what.
 *
 * All that is one 64-bit word a frame, so every change is one compare and
 * swap, and the whole table costs 8 bytes a frame:
 *
 *   63..52 owner   slot of the owning domain, or one of OWNER_*
 *   51..49 type    enum frame_type
 *   48..47 state   is the type in force (enum frame_state)
 *   46     pinned  the owner asked to keep it a table of this type
 *   45     alloc   the owner's own reference: part of its reservation
 *   44..25 tcount  references that rely on the type; while state is PARTIAL
 *                  the number of entries that hold their reference, and how
 *                  it came to that (see alloc/frame.c)
 *   24..0  refs    references that don't
 *
 * Rules: a type changes only while tcount is 0.  A table type is in force
 * only after each entry was checked and holds its reference.  A frame goes
 * back to the free list when alloc, tcount and refs are all gone.  Counts
 * don't wrap: taking the last one is refused.
 *
 * A free frame's word has owner OWNER_FREE; the buddy allocator keeps its
 * links in the frame itself and its order in refs.
 */
#ifndef HVX_FRAME_H
#define HVX_FRAME_H

#include <hvx/types.h>

struct domain;

enum frame_type {
	FT_NONE,	/* no type wanted yet */
	FT_WRITABLE,	/* mapped writable by a guest */
	FT_L1,
	FT_L2,
	FT_L3,
	FT_L4,
	FT_DESC,	/* GDT or LDT page */
};

enum frame_state {
	FS_NONE,	/* no type in force; tcount is 0 */
	FS_VALID,
	FS_BUSY,	/* a CPU is validating or undoing it now */
	FS_PARTIAL,	/* that work stopped half way; tcount says where */
};

#define OWNER_FREE  0xfff
#define OWNER_CORE  0xffe	/* image, heap, tables: guests never get it */
#define OWNER_IO    0xffd	/* not RAM */
#define OWNER_NOBODY 0xffb	/* no frame has it */
#define OWNER_SHARE 0xffc	/* the core's pages any guest may read */

struct frame {
	uint64_t word;
};

/* mfn_valid(), mfn_to_frame(), frame_to_mfn(), frame_max_mfn. */
#include <asm/frames.h>

/* Memory in at most so many equal parts: which of them a domain's frames are
 * in is remembered, so that its death needn't look at all of memory. */
#define FRAME_REGIONS 512
static inline unsigned int frame_region_shift(void)
{
	unsigned int bits = 64 - (unsigned int)__builtin_clzl(frame_max_mfn | 1);

	return bits > 9 ? bits - 9 : 0;
}

#define FRAME_OWNER_SHIFT 52
#define FRAME_TYPE_SHIFT  49
#define FRAME_STATE_SHIFT 47

/* What the word says right now; what is found so may have changed already. */
static inline unsigned int frame_owner(const struct frame *fr)
{
	return (unsigned int)(READ_ONCE(fr->word) >> FRAME_OWNER_SHIFT);
}

static inline enum frame_type frame_type(const struct frame *fr)
{
	uint64_t w = READ_ONCE(fr->word);

	return (w >> FRAME_STATE_SHIFT & 3) == FS_NONE ?
		       FT_NONE :
		       (enum frame_type)(w >> FRAME_TYPE_SHIFT & 7);
}

bool frame_is_pinned(const struct frame *fr);
/* Owned by d right now (without a reference that may change). */
bool frame_owned_by(const struct frame *fr, const struct domain *d);

/* A plain reference: the frame stays d's and isn't freed.  False if it isn't
 * d's or the count is full. */
bool __must_check frame_get(mfn_t mfn, const struct domain *d);
void frame_put(mfn_t mfn);

/* A reference that holds the type.  WRITABLE and already validated tables are
 * one step; a first reference to a table validates it, which may be long.
 * 0; -EINVAL not d's, or its content is refused; -EBUSY it has another type,
 * or its count is full; -ERESTART stopped half way, to be called again. */
int __must_check frame_get_type(mfn_t mfn, const struct domain *d,
				enum frame_type type);
/* The opposite.  The last one undoes a table's validation: -ERESTART if that
 * stopped half way: the reference is then still held, call again. */
int __must_check frame_put_type(mfn_t mfn);
/* As frame_get_type, but only if the type is in force already. */
bool __must_check frame_get_valid(mfn_t mfn, const struct domain *d,
				  enum frame_type type);
/* Pinning: one more reference that the guest itself holds.  frame_unpin may
 * say -ERESTART: the pin is still there, call again. */
int __must_check frame_pin(mfn_t mfn, const struct domain *d,
			   enum frame_type type);
int __must_check frame_unpin(mfn_t mfn, const struct domain *d);

/* For types without children (WRITABLE, DESC, L1): bounded, can't stop. */
void frame_put_type_leaf(mfn_t mfn);
/* For d's destruction: drop the frame's pin, or finish what was left half
 * way.  0 or -ERESTART. */
int __must_check frame_settle(mfn_t mfn, const struct domain *d);

/* A frame of d that a guest shall be able to write, held for the core (shared
 * pages, FIFO words, vcpu_info): false if it isn't d's or is a table. */
static inline bool __must_check frame_get_writable(mfn_t mfn,
						   const struct domain *d)
{
	return frame_get_type(mfn, d, FT_WRITABLE) == 0;
}

static inline void frame_put_writable(mfn_t mfn)
{
	frame_put_type_leaf(mfn);
}

/* Give an allocated frame to d, whose lock is held: sets alloc and owner.  The
 * caller has counted it in tot_pages already. */
void frame_assign(mfn_t mfn, struct domain *d);
/* The owner lets go of its own reference (decrease_reservation, destroy).
 * False if it wasn't part of d's reservation. */
bool __must_check frame_release(mfn_t mfn, struct domain *d);

/* Take a frame that nobody uses, not even its owner by a mapping, out of d's
 * reservation without changing its count; it is the core's.  frame_assign()
 * gives it back. */
bool __must_check frame_steal(mfn_t mfn, struct domain *d);

/* Core pages that guests map (shared_info, grant frames): the frame belongs
 * to d for mapping's sake but isn't part of its reservation, and is WRITABLE
 * for as long as the core holds it; frame_unshare() lets go, and it is freed
 * with its last mapping. */
void frame_share_with(mfn_t mfn, struct domain *d);
void frame_unshare(mfn_t mfn);
/* Is it such a page?  For a frame that somebody holds or owns. */
bool frame_is_shared(mfn_t mfn);

/* What a word says at the moment, taken apart. */
struct frame_view {
	unsigned int owner, tcount, refs;
	enum frame_type type;
	enum frame_state state;
	bool pinned, shared, alloc;
};
void frame_view(mfn_t mfn, struct frame_view *fv);

/* For the audit: a module names each reference that it holds. */
typedef void (*frame_ref_fn)(void *ctx, mfn_t mfn, bool typed);

/* Every frame of d: recount all from the tables and compare; the number of
 * differences, the first of them logged.  d NULL: all domains.  Exact while all
 * other CPUs stand still; else what these do meanwhile may differ, too. */
unsigned long frame_audit(struct domain *d);

/*
 * Free frames (alloc/buddy.c).  2^order frames, machine-contiguous, naturally
 * aligned, content zero.  INVALID_MFN when there are none.
 */
#define MAX_ORDER 18	/* 1 GiB */
mfn_t buddy_alloc(unsigned int order);
/* The same below the 2^bits'th byte of the machine (32-bit DMA). */
mfn_t buddy_alloc_below(unsigned int order, unsigned int bits);
/* Scrubs; frees for reuse.  The words must be ownerless (no references). */
void buddy_free(mfn_t mfn, unsigned int order);
/* The first half of it: *dirty is set if they aren't zero yet, and must be
 * scrubbed before a guest gets them (buddy_scrub, or by filling them). */
mfn_t buddy_take(unsigned int order, unsigned int bits, bool *dirty);
void buddy_scrub(mfn_t mfn, unsigned int order);
unsigned long buddy_free_pages(void);
/* The same, below the 2^bits'th byte. */
unsigned long buddy_free_below(unsigned int bits);
/* Give [first, last) to the allocator at boot; scrubbed when first used. */
void buddy_add_range(mfn_t first, mfn_t last);
/* Lists, words and counters against each other: number of differences. */
unsigned long buddy_audit(void);
/* For tests: let the n-th allocation from now fail; 0: none. */
void alloc_fail_nth(unsigned long n);
bool alloc_shall_fail(void);

/* The core's own memory: zeroed pages and small objects. */
void *page_alloc(void);
void page_free(void *p);
void *heap_alloc(size_t size);	/* zeroed, 16-byte aligned; NULL if none */
void heap_free(void *p);
unsigned long heap_pages_used(void);

/* Machine-to-physical table; guests read it. */
void m2p_set(mfn_t mfn, unsigned long gfn);
#define M2P_INVALID (~0UL)
/* The first frame of the table's i-th 2 MiB. */
mfn_t m2p_extent(unsigned int i);

#endif
